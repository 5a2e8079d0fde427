// Vectors of TENON_ISA_LANES floats from the compiler's vector extensions, in namespace TENON_ISA.
// The baseline of machines that are not x86; also lets a test run the wide kernels anywhere.

namespace tenon::inline v0::cpu::TENON_ISA {

inline constexpr std::size_t vl = TENON_ISA_LANES;
inline constexpr int panel_vectors = vl >= 16 ? 4 : 2;
inline constexpr int max_rows = 6;
using vf = float __attribute__((vector_size(4 * TENON_ISA_LANES)));
using vi = std::int32_t __attribute__((vector_size(4 * TENON_ISA_LANES)));
using vm = vi;

inline vf load_n(const float* p, std::size_t n) {
  vf v = {};
  std::memcpy(&v, p, (n < vl ? n : vl) * sizeof(float));
  return v;
}

inline void store_n(float* p, vf v, std::size_t n) {
  std::memcpy(p, &v, (n < vl ? n : vl) * sizeof(float));
}

inline vf load(const float* p) {
  vf v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

inline void store(float* p, vf v) {
  std::memcpy(p, &v, sizeof(v));
}

inline vf zero() {
  return vf{};
}

inline vf set1(float x) {
  return vf{} + x;
}

inline vi as_int(vf v) {
  return (vi)v;
}

inline vf as_float(vi v) {
  return (vf)v;
}

inline vi set1_int(int x) {
  return vi{} + x;
}

inline vf fma(vf a, vf b, vf c) {
  return a * b + c;
}

inline vf fnma(vf a, vf b, vf c) {
  return c - a * b;
}

inline vm lt(vf a, vf b) {
  return a < b;
}

inline vm le(vf a, vf b) {
  return a <= b;
}

inline vm eq(vf a, vf b) {
  return a == b;
}

inline vm is_nan(vf a) {
  return a != a;
}

inline vm mask_from(vi a) {
  return a != 0;
}

inline bool any(vm m) {
  std::int32_t bits = 0;
  for (std::size_t i = 0; i < vl; ++i) bits |= m[i];
  return bits != 0;
}

/// `a` where the mask is set, else `b`.
inline vf select(vm m, vf a, vf b) {
  return as_float((m & as_int(a)) | (~m & as_int(b)));
}

/// The smaller value; `b` where either is NaN.
inline vf vmin(vf a, vf b) {
  return select(lt(a, b), a, b);
}

/// The larger value; `b` where either is NaN.
inline vf vmax(vf a, vf b) {
  return select(lt(b, a), a, b);
}

inline vf vsqrt(vf a) {
  for (std::size_t i = 0; i < vl; ++i) a[i] = __builtin_sqrtf(a[i]);
  return a;
}

/// Nearest integer, ties to even; values of 2^23 and more are integers already.
inline vf vround(vf a) {
  const vi sign = as_int(a) & set1_int(INT32_MIN);
  const vf magnitude = as_float(as_int(a) ^ sign);
  const vf big = set1(8388608.0F);
  const vf rounded = as_float(as_int((magnitude + big) - big) | sign);
  return select(lt(magnitude, big), rounded, a);
}

inline vf vfloor(vf a) {
  const vf r = vround(a);
  const vf down = select(lt(a, r), r - 1.0F, r);
  return as_float(as_int(down) | (as_int(a) & set1_int(INT32_MIN)));
}

inline vf vceil(vf a) {
  const vf r = vround(a);
  const vf up = select(lt(r, a), r + 1.0F, r);
  return as_float(as_int(up) | (as_int(a) & set1_int(INT32_MIN)));
}

/// Nearest integer; INT32_MIN where it does not fit, as x86 has it.
inline vi to_int(vf a) {
  const vf r = vround(a);
  vi v = {};
  for (std::size_t i = 0; i < vl; ++i) {
    const bool fits = r[i] >= -2147483648.0F && r[i] < 2147483648.0F;
    v[i] = fits ? static_cast<std::int32_t>(r[i]) : INT32_MIN;
  }
  return v;
}

inline vf to_float(vi a) {
  return __builtin_convertvector(a, vf);
}

/// v * 2^n for |n| <= 300, correctly rounded also where the result is subnormal or overflows.
inline vf scale2(vf v, vi n) {
  const vi half = n >> 1;
  return v * as_float((half + 127) << 23) * as_float((n - half + 127) << 23);
}

/// 2 * vl signed bytes widened to 16 bits.
inline vi load_i8_pairs(const std::int8_t* p) {
  std::int16_t wide[2 * vl];
  for (std::size_t i = 0; i < 2 * vl; ++i) wide[i] = p[i];
  vi v;
  std::memcpy(&v, wide, sizeof(v));
  return v;
}

/// Sums of products of adjacent 16-bit pairs.
inline vi madd_i16(vi a, vi b) {
  const vi low = ((a << 16) >> 16) * ((b << 16) >> 16);
  return low + (a >> 16) * (b >> 16);
}

/// acc + sums of four unsigned by signed byte products.
inline vi dot4_u8s8(vi acc, vi a, vi b) {
  for (int i = 0; i < 32; i += 8) acc = acc + ((a >> i) & 255) * ((b << (24 - i)) >> 24);
  return acc;
}

inline vi load_int(const void* p) {
  vi v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

inline void store_int(std::int32_t* p, vi v) {
  std::memcpy(p, &v, sizeof(v));
}

/// Transposes vl rows of vl floats.
inline void transpose_block(const float* x, std::size_t ldx, float* y, std::size_t ldy) {
  for (std::size_t i = 0; i < vl; ++i) {
    for (std::size_t j = 0; j < vl; ++j) y[j * ldy + i] = x[i * ldx + j];
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
