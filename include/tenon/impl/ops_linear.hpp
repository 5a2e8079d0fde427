#pragma once

#include "tenon/impl/ops_table.hpp"
#include "tenon/ops/cumulative.hpp"
#include "tenon/ops/einsum.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/quantization.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/softmax.hpp"

namespace tenon::inline v0::ops {

TENON_INLINE std::span<const ir::op_type* const> linear_table() {
  return table_of<cumulative_ops, einsum_ops, matmul_ops, normalization_ops, quantization_ops,
                  reduction_ops, softmax_ops>();
}

}  // namespace tenon::inline v0::ops
