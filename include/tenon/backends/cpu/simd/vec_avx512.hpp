#pragma once

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

/// Sixteen-lane vectors over AVX-512 F, BW, DQ and VL; included inside a target region only.
namespace tenon::inline v0::cpu::avx512 {

using vf = __m512;
using vi = int __attribute__((vector_size(64)));
using vm = __mmask16;
inline constexpr std::size_t vl = 16;
inline constexpr int panel_vectors = 4;
inline constexpr int max_rows = 6;

inline vf load(const float* p) {
  return _mm512_loadu_ps(p);
}

inline void store(float* p, vf v) {
  _mm512_storeu_ps(p, v);
}

inline vf set1(float x) {
  return _mm512_set1_ps(x);
}

inline vf zero() {
  return _mm512_setzero_ps();
}

inline vi as_int(vf v) {
  return (vi)v;
}

inline vf as_float(vi v) {
  return (vf)v;
}

inline vi set1_int(int x) {
  return (vi)_mm512_set1_epi32(x);
}

inline __mmask16 lane_mask(std::size_t n) {
  return n >= 16 ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1U << n) - 1);
}

inline vf load_n(const float* p, std::size_t n) {
  return _mm512_maskz_loadu_ps(lane_mask(n), p);
}

inline void store_n(float* p, vf v, std::size_t n) {
  _mm512_mask_storeu_ps(p, lane_mask(n), v);
}

inline vf fma(vf a, vf b, vf c) {
  return _mm512_fmadd_ps(a, b, c);
}

inline vf fnma(vf a, vf b, vf c) {
  return _mm512_fnmadd_ps(a, b, c);
}

/// The smaller value; `b` where either is NaN.
inline vf vmin(vf a, vf b) {
  return _mm512_min_ps(a, b);
}

/// The larger value; `b` where either is NaN.
inline vf vmax(vf a, vf b) {
  return _mm512_max_ps(a, b);
}

inline vf vsqrt(vf a) {
  return _mm512_sqrt_ps(a);
}

inline vf vfloor(vf a) {
  return _mm512_roundscale_ps(a, 9);
}

inline vf vceil(vf a) {
  return _mm512_roundscale_ps(a, 10);
}

inline vf vround(vf a) {
  return _mm512_roundscale_ps(a, 8);
}

inline vi to_int(vf a) {
  return (vi)_mm512_cvtps_epi32(a);
}

inline vf to_float(vi a) {
  return _mm512_cvtepi32_ps((__m512i)a);
}

inline vm lt(vf a, vf b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

inline vm le(vf a, vf b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}

inline vm eq(vf a, vf b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

inline vm is_nan(vf a) {
  return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}

inline vm mask_from(vi a) {
  return _mm512_test_epi32_mask((__m512i)a, (__m512i)a);
}

inline bool any(vm m) {
  return m != 0;
}

/// `a` where the mask is set, else `b`.
inline vf select(vm m, vf a, vf b) {
  return _mm512_mask_blend_ps(m, b, a);
}

/// v * 2^n, correctly rounded also where the result is subnormal or overflows.
inline vf scale2(vf v, vi n) {
  return _mm512_scalef_ps(v, to_float(n));
}

/// Thirty-two signed bytes widened to 16 bits.
inline vi load_i8_pairs(const std::int8_t* p) {
  return (vi)_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

/// Sums of products of adjacent 16-bit pairs.
inline vi madd_i16(vi a, vi b) {
  return (vi)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}

/// acc + sums of four unsigned by signed byte products; needs AVX-512 VNNI, which only callers know.
inline vi dot4_u8s8(vi acc, vi a, vi b) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
  return acc;
}

inline vi load_int(const void* p) {
  return (vi)_mm512_loadu_si512(p);
}

inline void store_int(std::int32_t* p, vi v) {
  _mm512_storeu_si512(p, (__m512i)v);
}

/// Transposes sixteen rows of sixteen floats.
inline void transpose_block(const float* x, std::size_t ldx, float* y, std::size_t ldy) {
  __m512 r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = load(x + i * ldx);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    r[4 * i] = _mm512_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm512_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    r[4 * i + 2] = _mm512_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm512_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    store(y + i * ldy, _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88));
    store(y + (i + 8) * ldy, _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd));
    store(y + (i + 4) * ldy, _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88));
    store(y + (i + 12) * ldy, _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd));
  }
}

}  // namespace tenon::inline v0::cpu::avx512
