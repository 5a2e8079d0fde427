#pragma once

#include "tenon/impl/ops_table.hpp"
#include "tenon/ops/attention.hpp"
#include "tenon/ops/cumulative.hpp"
#include "tenon/ops/einsum.hpp"
#include "tenon/ops/geometry.hpp"
#include "tenon/ops/linear_attention.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/ops/loss.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/quantization.hpp"
#include "tenon/ops/random.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/signal.hpp"
#include "tenon/ops/softmax.hpp"

namespace tenon::inline v0::ops {

TENON_INLINE std::span<const ir::op_type* const> linear_table() {
  return table_of<attention_ops, cumulative_ops, einsum_ops, geometry_ops, linear_attention_ops,
                  loss_ops, matmul_ops, normalization_ops, quantization_ops, random_ops,
                  reduction_ops, signal_ops, softmax_ops>();
}

}  // namespace tenon::inline v0::ops
