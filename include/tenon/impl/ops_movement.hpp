#pragma once

#include "tenon/impl/ops_table.hpp"
#include "tenon/ops/depth_space.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/generator.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/scattering.hpp"
#include "tenon/ops/selection.hpp"
#include "tenon/ops/slicing.hpp"

namespace tenon::inline v0::ops {

TENON_INLINE std::span<const ir::op_type* const> movement_table() {
  return table_of<depth_space_ops, gathering_ops, generator_ops, movement_ops, scattering_ops,
                  selection_ops, slicing_ops>();
}

}  // namespace tenon::inline v0::ops
