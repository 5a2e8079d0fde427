#pragma once

#include "tenon/backends/cpu/kernels/table.hpp"
#include "tenon/backends/cpu/simd/isa.hpp"

#ifndef TENON_COMPILED
#include "tenon/backends/cpu/kernels/unit_avx2.hpp"
#include "tenon/backends/cpu/kernels/unit_avx512.hpp"
#include "tenon/backends/cpu/kernels/unit_sse2.hpp"
#endif

namespace tenon::inline v0::cpu {

/// The kernels of `level`, lowered to what this processor supports.
template <kernel_family Family> const Family& kernels_of([[maybe_unused]] isa level) {
#if defined(__x86_64__)
  const isa supported = detect_isa();
  if (supported < level) level = supported;
  if (level == isa::avx512) return avx512_kernels<Family>(detect_vnni());
  if (level == isa::avx2) return avx2_kernels<Family>();
#endif
  return sse2_kernels<Family>();
}

/// All families of `level`, to compare instruction sets.
inline kernel_table table(isa level) {
  return {kernels_of<matrix_kernels>(level),    kernels_of<convolution_kernels>(level),
          kernels_of<pointwise_kernels>(level), kernels_of<row_kernels>(level),
          kernels_of<spatial_kernels>(level),   kernels_of<quantized_kernels>(level)};
}

/// The kernels to use here.
template <kernel_family Family> const Family& select() {
  static const Family& selected = kernels_of<Family>(best_isa());
  return selected;
}

}  // namespace tenon::inline v0::cpu
