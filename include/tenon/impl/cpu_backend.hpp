#pragma once

#include "tenon/backends/cpu/backend.hpp"
#include "tenon/backends/cpu/conv_transpose.hpp"
#include "tenon/backends/cpu/convolution.hpp"
#include "tenon/backends/cpu/forest.hpp"
#include "tenon/backends/cpu/linear.hpp"
#include "tenon/backends/cpu/movement.hpp"
#include "tenon/backends/cpu/normalization.hpp"
#include "tenon/backends/cpu/pointwise.hpp"
#include "tenon/backends/cpu/quantized.hpp"
#include "tenon/backends/cpu/recurrent.hpp"
#include "tenon/backends/cpu/resampling.hpp"
#include "tenon/backends/cpu/rows.hpp"

namespace tenon::inline v0::cpu {

TENON_INLINE std::span<const kernel::catalog> catalogs() {
  static constexpr kernel::catalog families[] = {
      kernel::catalog(convolution::kernels), kernel::catalog(linear::kernels),
      kernel::catalog(rows::kernels),        kernel::catalog(normalization::kernels),
      kernel::catalog(pointwise::kernels),   kernel::catalog(movement::kernels),
      kernel::catalog(quantized::kernels),   kernel::catalog(forest::kernels),
      kernel::catalog(resampling::kernels),  kernel::catalog(conv_transpose::kernels),
      kernel::catalog(recurrent::kernels)};
  return families;
}

}  // namespace tenon::inline v0::cpu
