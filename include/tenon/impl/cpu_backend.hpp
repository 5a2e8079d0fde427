#pragma once

#include "tenon/backends/cpu/backend.hpp"
#include "tenon/backends/cpu/convolution.hpp"
#include "tenon/backends/cpu/linear.hpp"
#include "tenon/backends/cpu/movement.hpp"
#include "tenon/backends/cpu/normalization.hpp"
#include "tenon/backends/cpu/pointwise.hpp"
#include "tenon/backends/cpu/quantized.hpp"
#include "tenon/backends/cpu/rows.hpp"

namespace tenon::inline v0::cpu {

TENON_INLINE std::span<const kernel::catalog> catalogs() {
  static constexpr kernel::catalog families[] = {
      kernel::catalog(convolution::kernels), kernel::catalog(linear::kernels),
      kernel::catalog(rows::kernels),        kernel::catalog(normalization::kernels),
      kernel::catalog(pointwise::kernels),   kernel::catalog(movement::kernels),
      kernel::catalog(quantized::kernels)};
  return families;
}

}  // namespace tenon::inline v0::cpu
