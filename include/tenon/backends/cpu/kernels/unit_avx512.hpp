#pragma once

#include "tenon/backends/cpu/kernels/table.hpp"

#if defined(__x86_64__)
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <immintrin.h>

// Everything between the pragmas may use AVX-512; system headers come before.
#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC diagnostic push
// GCC 12 takes the undefined operands of its own intrinsics for mistakes.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
#ifdef __OPTIMIZE_SIZE__
#pragma GCC optimize("O2")
#endif
#endif

#include "tenon/backends/cpu/simd/vec_avx512.hpp"

#define TENON_ISA avx512
#define TENON_ISA_LEVEL avx512
#define TENON_ISA_DOT4
#include "tenon/backends/cpu/kernels/all-inl.hpp"
#undef TENON_ISA
#undef TENON_ISA_DOT4
#undef TENON_ISA_LEVEL

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC diagnostic pop
#pragma GCC pop_options
#endif

namespace tenon::inline v0::cpu {

template <kernel_family Family> const Family& avx512_kernels(bool vnni) {
  return vnni ? avx512::kernels<Family, 4> : avx512::kernels<Family, 2>;
}

#ifdef TENON_COMPILED
template const matrix_kernels& avx512_kernels(bool);
template const convolution_kernels& avx512_kernels(bool);
template const pointwise_kernels& avx512_kernels(bool);
template const row_kernels& avx512_kernels(bool);
template const spatial_kernels& avx512_kernels(bool);
template const quantized_kernels& avx512_kernels(bool);
#endif

}  // namespace tenon::inline v0::cpu
#endif
