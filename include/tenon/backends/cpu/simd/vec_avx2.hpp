#pragma once

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

/// Eight-lane vectors over AVX2 and FMA; included inside a target region only.
namespace tenon::inline v0::cpu::avx2 {

using vf = __m256;
using vi = int __attribute__((vector_size(32)));
using vm = __m256;
inline constexpr std::size_t vl = 8;
inline constexpr int panel_vectors = 2;
inline constexpr int max_rows = 6;

inline vf load(const float* p) {
  return _mm256_loadu_ps(p);
}

inline void store(float* p, vf v) {
  _mm256_storeu_ps(p, v);
}

inline vf set1(float x) {
  return _mm256_set1_ps(x);
}

inline vf zero() {
  return _mm256_setzero_ps();
}

inline vi as_int(vf v) {
  return (vi)v;
}

inline vf as_float(vi v) {
  return (vf)v;
}

inline vi set1_int(int x) {
  return (vi)_mm256_set1_epi32(x);
}

inline __m256i lane_mask(std::size_t n) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes);
}

inline vf load_n(const float* p, std::size_t n) {
  return _mm256_maskload_ps(p, lane_mask(n));
}

/// In halves: masked stores are slow on some processors.
inline void store_n(float* p, vf v, std::size_t n) {
  if (n >= vl) return store(p, v);
  __m128 part = _mm256_castps256_ps128(v);
  if (n & 4) {
    _mm_storeu_ps(p, part);
    p += 4;
    part = _mm256_extractf128_ps(v, 1);
  }
  if (n & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(p), part);
    p += 2;
    part = _mm_movehl_ps(part, part);
  }
  if (n & 1) _mm_store_ss(p, part);
}

inline vf fma(vf a, vf b, vf c) {
  return _mm256_fmadd_ps(a, b, c);
}

inline vf fnma(vf a, vf b, vf c) {
  return _mm256_fnmadd_ps(a, b, c);
}

/// The smaller value; `b` where either is NaN.
inline vf vmin(vf a, vf b) {
  return _mm256_min_ps(a, b);
}

/// The larger value; `b` where either is NaN.
inline vf vmax(vf a, vf b) {
  return _mm256_max_ps(a, b);
}

inline vf vsqrt(vf a) {
  return _mm256_sqrt_ps(a);
}

inline vf vfloor(vf a) {
  return _mm256_floor_ps(a);
}

inline vf vceil(vf a) {
  return _mm256_ceil_ps(a);
}

inline vf vround(vf a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

inline vi to_int(vf a) {
  return (vi)_mm256_cvtps_epi32(a);
}

inline vf to_float(vi a) {
  return _mm256_cvtepi32_ps((__m256i)a);
}

inline vm lt(vf a, vf b) {
  return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}

inline vm le(vf a, vf b) {
  return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
}

inline vm eq(vf a, vf b) {
  return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}

inline vm is_nan(vf a) {
  return _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
}

inline vm mask_from(vi a) {
  return (vm)(a != 0);
}

inline bool any(vm m) {
  return _mm256_movemask_ps(m) != 0;
}

/// `a` where the mask is set, else `b`.
inline vf select(vm m, vf a, vf b) {
  return _mm256_blendv_ps(b, a, m);
}

/// v * 2^n for |n| <= 300, correctly rounded also where the result is subnormal or overflows.
inline vf scale2(vf v, vi n) {
  const vi half = n >> 1;
  return v * as_float((half + 127) << 23) * as_float((n - half + 127) << 23);
}

/// Sixteen signed bytes widened to 16 bits.
inline vi load_i8_pairs(const std::int8_t* p) {
  return (vi)_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

/// Sums of products of adjacent 16-bit pairs.
inline vi madd_i16(vi a, vi b) {
  return (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

inline vi load_int(const void* p) {
  return (vi)_mm256_loadu_si256(static_cast<const __m256i*>(p));
}

inline void store_int(std::int32_t* p, vi v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), (__m256i)v);
}

/// Transposes eight rows of eight floats.
inline void transpose_block(const float* x, std::size_t ldx, float* y, std::size_t ldy) {
  __m256 r[8], t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = load(x + i * ldx);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    r[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    r[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    store(y + i * ldy, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    store(y + (i + 4) * ldy, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

}  // namespace tenon::inline v0::cpu::avx2
