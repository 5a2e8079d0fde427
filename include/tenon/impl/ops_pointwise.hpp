#pragma once

#include "tenon/impl/ops_table.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/bitwise.hpp"
#include "tenon/ops/cast.hpp"
#include "tenon/ops/comparison.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/list.hpp"

namespace tenon::inline v0::ops {

TENON_INLINE std::span<const ir::op_type* const> pointwise_table() {
  return table_of<activation_ops, arithmetic_ops, bitwise_ops, cast_ops, comparison_ops,
                  elementwise_ops, fused_ops>();
}

}  // namespace tenon::inline v0::ops
