#pragma once

#include "tenon/ir/eval_context.hpp"
#include "tenon/ops/type_list.hpp"

#include <array>
#include <span>

namespace tenon::inline v0::ops {

template <class List> struct op_table;

/// The erased types of a list of ops.
template <class... Ops> struct op_table<type_list<Ops...>> {
  static constexpr std::array<const ir::op_type*, sizeof...(Ops)> rows{&ir::type_of<Ops>()...};
};

template <class... Lists> std::span<const ir::op_type* const> table_of() {
  return op_table<join_lists<Lists...>>::rows;
}

}  // namespace tenon::inline v0::ops
