#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <emmintrin.h>

/// Four-lane vectors over SSE2, which every x86-64 processor has.
namespace tenon::inline v0::cpu::sse2 {

using vf = __m128;
using vi = int __attribute__((vector_size(16)));
using vm = __m128;
inline constexpr std::size_t vl = 4;
inline constexpr int panel_vectors = 2;
inline constexpr int max_rows = 6;

inline vf load(const float* p) {
  return _mm_loadu_ps(p);
}

inline void store(float* p, vf v) {
  _mm_storeu_ps(p, v);
}

inline vf set1(float x) {
  return _mm_set1_ps(x);
}

inline vf zero() {
  return _mm_setzero_ps();
}

inline vi as_int(vf v) {
  return (vi)v;
}

inline vf as_float(vi v) {
  return (vf)v;
}

inline vi set1_int(int x) {
  return (vi)_mm_set1_epi32(x);
}

inline vf load_n(const float* p, std::size_t n) {
  if (n >= vl) return load(p);
  alignas(16) float lanes[vl] = {};
  std::memcpy(lanes, p, n * sizeof(float));
  return _mm_load_ps(lanes);
}

inline void store_n(float* p, vf v, std::size_t n) {
  if (n >= vl) return store(p, v);
  alignas(16) float lanes[vl];
  _mm_store_ps(lanes, v);
  std::memcpy(p, lanes, n * sizeof(float));
}

inline vf fma(vf a, vf b, vf c) {
  return a * b + c;
}

inline vf fnma(vf a, vf b, vf c) {
  return c - a * b;
}

/// The smaller value; `b` where either is NaN.
inline vf vmin(vf a, vf b) {
  return _mm_min_ps(a, b);
}

/// The larger value; `b` where either is NaN.
inline vf vmax(vf a, vf b) {
  return _mm_max_ps(a, b);
}

inline vf vsqrt(vf a) {
  return _mm_sqrt_ps(a);
}

inline vi to_int(vf a) {
  return (vi)_mm_cvtps_epi32(a);
}

inline vf to_float(vi a) {
  return _mm_cvtepi32_ps((__m128i)a);
}

inline vm lt(vf a, vf b) {
  return _mm_cmplt_ps(a, b);
}

inline vm le(vf a, vf b) {
  return _mm_cmple_ps(a, b);
}

inline vm eq(vf a, vf b) {
  return _mm_cmpeq_ps(a, b);
}

inline vm is_nan(vf a) {
  return _mm_cmpunord_ps(a, a);
}

inline vm mask_from(vi a) {
  return (vm)(a != 0);
}

inline bool any(vm m) {
  return _mm_movemask_ps(m) != 0;
}

/// `a` where the mask is set, else `b`.
inline vf select(vm m, vf a, vf b) {
  return _mm_or_ps(_mm_and_ps(m, a), _mm_andnot_ps(m, b));
}

/// Nearest integer, ties to even; values of 2^23 and more are integers already.
inline vf vround(vf a) {
  const vi sign = as_int(a) & set1_int(INT32_MIN);
  const vf magnitude = as_float(as_int(a) ^ sign);
  const vf big = set1(8388608.0F);
  const vf rounded = as_float(as_int(_mm_sub_ps(_mm_add_ps(magnitude, big), big)) | sign);
  return select(lt(magnitude, big), rounded, a);
}

inline vf vfloor(vf a) {
  const vf r = vround(a);
  const vf down = r - _mm_and_ps(_mm_cmpgt_ps(r, a), set1(1.0F));
  return as_float(as_int(down) | (as_int(a) & set1_int(INT32_MIN)));
}

inline vf vceil(vf a) {
  const vf r = vround(a);
  const vf up = r + _mm_and_ps(_mm_cmplt_ps(r, a), set1(1.0F));
  return as_float(as_int(up) | (as_int(a) & set1_int(INT32_MIN)));
}

/// v * 2^n for |n| <= 300, correctly rounded also where the result is subnormal or overflows.
inline vf scale2(vf v, vi n) {
  const vi half = n >> 1;
  return v * as_float((half + 127) << 23) * as_float((n - half + 127) << 23);
}

/// Eight signed bytes widened to 16 bits.
inline vi load_i8_pairs(const std::int8_t* p) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return (vi)_mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
}

/// Sums of products of adjacent 16-bit pairs.
inline vi madd_i16(vi a, vi b) {
  return (vi)_mm_madd_epi16((__m128i)a, (__m128i)b);
}

inline vi load_int(const void* p) {
  return (vi)_mm_loadu_si128(static_cast<const __m128i*>(p));
}

inline void store_int(std::int32_t* p, vi v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), (__m128i)v);
}

/// Transposes four rows of four floats.
inline void transpose_block(const float* x, std::size_t ldx, float* y, std::size_t ldy) {
  __m128 a = load(x), b = load(x + ldx), c = load(x + 2 * ldx), d = load(x + 3 * ldx);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  store(y, a);
  store(y + ldy, b);
  store(y + 2 * ldy, c);
  store(y + 3 * ldy, d);
}

}  // namespace tenon::inline v0::cpu::sse2
