#pragma once

#include "tenon/impl/ops_table.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/ops/pooling.hpp"
#include "tenon/ops/resize.hpp"
#include "tenon/ops/sampling.hpp"

namespace tenon::inline v0::ops {

TENON_INLINE std::span<const ir::op_type* const> spatial_table() {
  return table_of<convolution_ops, pooling_ops, resize_ops, sampling_ops>();
}

}  // namespace tenon::inline v0::ops
