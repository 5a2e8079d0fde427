#pragma once

#include "tenon/impl/ops_table.hpp"
#include "tenon/ops/control_flow.hpp"
#include "tenon/ops/detection.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/ops/optional.hpp"
#include "tenon/ops/recurrent.hpp"
#include "tenon/ops/sequence.hpp"
#include "tenon/ops/sequence_map.hpp"
#include "tenon/ops/sequence_pieces.hpp"
#include "tenon/ops/trees.hpp"

namespace tenon::inline v0::ops {

TENON_INLINE std::span<const ir::op_type* const> sequential_table() {
  return table_of<control_flow_ops, detection_ops, optional_ops, recurrent_ops, sequence_ops,
                  sequence_pieces_ops, type_list<sequence_map>, trees_ops>();
}

}  // namespace tenon::inline v0::ops
