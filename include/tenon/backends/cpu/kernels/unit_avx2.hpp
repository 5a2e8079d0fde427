#pragma once

#include "tenon/backends/cpu/kernels/table.hpp"

#if defined(__x86_64__)
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <immintrin.h>

// Everything between the pragmas may use AVX2; system headers come before.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#ifdef __OPTIMIZE_SIZE__
#pragma GCC optimize("O2")
#endif
#endif

#include "tenon/backends/cpu/simd/vec_avx2.hpp"

#define TENON_ISA avx2
#define TENON_ISA_LEVEL avx2
#include "tenon/backends/cpu/kernels/all-inl.hpp"
#undef TENON_ISA
#undef TENON_ISA_LEVEL

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace tenon::inline v0::cpu {

template <kernel_family Family> const Family& avx2_kernels() {
  return avx2::kernels<Family, 2>;
}

#ifdef TENON_COMPILED
template const matrix_kernels& avx2_kernels();
template const convolution_kernels& avx2_kernels();
template const pointwise_kernels& avx2_kernels();
template const row_kernels& avx2_kernels();
template const spatial_kernels& avx2_kernels();
template const quantized_kernels& avx2_kernels();
#endif

}  // namespace tenon::inline v0::cpu
#endif
