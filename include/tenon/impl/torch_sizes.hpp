#pragma once

#include "tenon/formats/torch/importer.hpp"

namespace tenon::inline v0::pt2 {

// An integer of the program is a value of type i64[1], so that its expression is known where a size needs it.
namespace size_detail {

inline void nothing(call& c) {
  c.ignore();
}

inline void size(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x));
  c.output(c.shape_of(x, axis, axis + 1));
}

inline void element_count(call& c) {
  c.output(c.add("Reshape", {c.add("Size", {c.tensor_at("self")}), c.ints({1})}));
}

inline void arithmetic(call& c) {
  const std::string_view op = c.row().form;
  const value_id a = c.size_at("a"), b = c.size_at("b");
  if (op != "floor") return c.output(c.add(op, {a, b}));
  if (c.is_at_least(a, 0) && c.is_at_least(b, 1)) return c.output(c.add("Div", {a, b}));
  c.output(c.add("Div", {c.add("Sub", {a, c.add("Mod", {a, b})}), b}));
}

inline void negate(call& c) {
  c.output(c.add("Neg", {c.size_at(c.first())}));
}

inline value_id scalar(call& c, value_id v) {
  return c.rank(v) == 0 ? v : c.add("Squeeze", {v, c.ints({0})});
}

inline void range(call& c) {
  c.ignore({"dtype"});
  const dtype type = c.declared();
  const value_id from = c.has("start") ? c.operand("start", type) : c.number(0, type);
  const value_id step = c.has("step") ? c.operand("step", type) : c.number(1, type);
  c.output(c.add("Range", {scalar(c, from), scalar(c, c.operand("end", type)), scalar(c, step)}));
}

/// A tensor of one number: zeros, ones and full with sizes, new_ forms with a tensor for the dtype, _like for the shape.
inline void filled(call& c) {
  c.ignore({"dtype"});
  const dtype type = c.declared();
  const std::string_view form = c.row().form;
  const value_id value =
      form == "given" ? c.operand("fill_value", type) : c.number(form == "1" ? 1 : 0, type);
  if (c.has("size")) {
    c.ignore({"self"});
    return c.output(c.add("Expand", {value, c.sizes("size")}));
  }
  const value_id like = c.tensor_at("self");
  c.output(c.add("Expand", {value, c.shape_of(like, 0, c.rank(like))}));
}

inline void number(call& c) {
  c.ignore({"dtype"});
  c.output(c.operand("s", c.declared()));
}

inline constexpr auto rows = sorted({
    {"aten.sym_size", size},
    {"aten.sym_numel", element_count},
    {"_operator.add", arithmetic, "Add"},
    {"_operator.sub", arithmetic, "Sub"},
    {"_operator.mul", arithmetic, "Mul"},
    {"_operator.mod", arithmetic, "Mod"},
    {"_operator.floordiv", arithmetic, "floor"},
    {"torch.sym_max", arithmetic, "Max"},
    {"torch.sym_min", arithmetic, "Min"},
    {"_operator.neg", negate},
    {"_operator.eq", nothing},
    {"_operator.ne", nothing},
    {"_operator.lt", nothing},
    {"_operator.le", nothing},
    {"_operator.gt", nothing},
    {"_operator.ge", nothing},
    {"_operator.and_", nothing},
    {"_operator.or_", nothing},
    {"_operator.not_", nothing},
    {"aten._assert_tensor_metadata", nothing},
    {"aten._assert_scalar", nothing},
    {"aten._assert_async", nothing},
    {"aten.sym_constrain_range", nothing},
    {"aten.sym_constrain_range_for_size", nothing},
    {"aten.arange", range},
    {"aten.zeros", filled, "0"},
    {"aten.ones", filled, "1"},
    {"aten.full", filled, "given"},
    {"aten.empty", filled, "0"},
    {"aten.new_zeros", filled, "0"},
    {"aten.new_ones", filled, "1"},
    {"aten.new_full", filled, "given"},
    {"aten.new_empty", filled, "0"},
    {"aten.zeros_like", filled, "0"},
    {"aten.ones_like", filled, "1"},
    {"aten.full_like", filled, "given"},
    {"aten.empty_like", filled, "0"},
    {"aten.scalar_tensor", number},
});

}  // namespace size_detail

TENON_INLINE std::span<const operator_row> size_rows() {
  return size_detail::rows;
}

}  // namespace tenon::inline v0::pt2
