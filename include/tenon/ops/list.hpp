#pragma once

#include "tenon/ir/op.hpp"

#include <span>
#include <string_view>

namespace tenon::inline v0::ops {

/// Every op of this library, by name within its family.
std::span<const ir::op_type* const> all_ops();

/// The op with a name such as `"conv"`, or null.
const ir::op_type* op_named(std::string_view name);

/// The ops of one group of families; each group is a translation unit of the compiled library.
std::span<const ir::op_type* const> pointwise_table();
std::span<const ir::op_type* const> linear_table();
std::span<const ir::op_type* const> movement_table();
std::span<const ir::op_type* const> spatial_table();
std::span<const ir::op_type* const> sequential_table();

}  // namespace tenon::inline v0::ops

#ifndef TENON_COMPILED
#include "tenon/impl/ops_linear.hpp"
#include "tenon/impl/ops_list.hpp"
#include "tenon/impl/ops_movement.hpp"
#include "tenon/impl/ops_pointwise.hpp"
#include "tenon/impl/ops_sequential.hpp"
#include "tenon/impl/ops_spatial.hpp"
#endif
