#pragma once

#include "tenon/backends/cpu/kernels/table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#ifndef __clang__
#pragma GCC push_options
#ifdef __OPTIMIZE_SIZE__
#pragma GCC optimize("O2")
#endif
#endif

#define TENON_ISA sse2
#define TENON_ISA_LEVEL sse2
#if defined(__x86_64__)
#include "tenon/backends/cpu/simd/vec_sse2.hpp"
#else
#define TENON_ISA_LANES 4
#include "tenon/backends/cpu/simd/vec_generic-inl.hpp"
#undef TENON_ISA_LANES
#endif
//
#include "tenon/backends/cpu/kernels/all-inl.hpp"
#undef TENON_ISA
#undef TENON_ISA_LEVEL

#ifndef __clang__
#pragma GCC pop_options
#endif

namespace tenon::inline v0::cpu {

template <kernel_family Family> const Family& sse2_kernels() {
  return sse2::kernels<Family, 2>;
}

#ifdef TENON_COMPILED
template const matrix_kernels& sse2_kernels();
template const convolution_kernels& sse2_kernels();
template const pointwise_kernels& sse2_kernels();
template const row_kernels& sse2_kernels();
template const spatial_kernels& sse2_kernels();
template const quantized_kernels& sse2_kernels();
#endif

}  // namespace tenon::inline v0::cpu
