#pragma once

#include "tenon/ops/list.hpp"

#include <vector>

namespace tenon::inline v0::ops {

TENON_INLINE std::span<const ir::op_type* const> all_ops() {
  static const std::vector<const ir::op_type*> all = [] {
    std::vector<const ir::op_type*> rows;
    for (const auto table :
         {pointwise_table(), linear_table(), movement_table(), spatial_table(), sequential_table()})
      rows.insert(rows.end(), table.begin(), table.end());
    return rows;
  }();
  return all;
}

TENON_INLINE const ir::op_type* op_named(std::string_view name) {
  for (const ir::op_type* type : all_ops())
    if (type->name == name) return type;
  return nullptr;
}

}  // namespace tenon::inline v0::ops
