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

TENON_INLINE const kernel_table& avx2_table() {
  return avx2::table_with<2>;
}

}  // namespace tenon::inline v0::cpu
#endif
