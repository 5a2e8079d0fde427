#pragma once

#include "tenon/formats/torch/importer.hpp"

#include <cmath>

namespace tenon::inline v0::pt2 {

namespace arithmetic_detail {

inline bool is_boolean(dtype t) {
  return t == dtype::boolean;
}

/// self + alpha * other and its relatives, in the dtype of the result.
inline void sum(call& c) {
  const dtype type = c.declared();
  const bool is_reversed = c.row().form == "reversed";
  value_id a = c.operand("self", type), b = c.operand("other", type);
  if (is_boolean(type)) return c.output(c.add("Or", {a, b}));
  if (is_reversed) std::swap(a, b);
  const double alpha = c.real("alpha", 1.0);
  if (alpha != 1) b = c.add("Mul", {b, c.number(alpha, type)});
  c.output(c.add(c.row().form == "Add" ? "Add" : "Sub", {a, b}));
}

inline void product(call& c) {
  const dtype type = c.declared();
  const value_id a = c.operand("self", type), b = c.operand("other", type);
  c.output(c.add(is_boolean(type) ? "And" : "Mul", {a, b}));
}

/// The quotient rounded towards minus infinity.
inline value_id floored(call& c, value_id a, value_id b, dtype type) {
  if (is_float(type)) return c.add("Floor", {c.add("Div", {a, b})});
  return c.add("Div", {c.add("Sub", {a, c.add("Mod", {a, b})}), b});
}

/// Rounded towards zero.
inline value_id truncated(call& c, value_id x) {
  if (!is_float(c.type_of(x))) return x;
  return c.add("Mul", {c.add("Sign", {x}), c.add("Floor", {c.add("Abs", {x})})});
}

inline void quotient(call& c) {
  const dtype type = c.declared();
  const value_id a = c.operand("self", type), b = c.operand("other", type);
  const std::string_view mode =
      c.row().form == "floor" ? std::string_view("floor") : c.text("rounding_mode");
  if (mode == "floor") return c.output(floored(c, a, b, type));
  const value_id whole = c.add("Div", {a, b});
  c.output(mode == "trunc" ? truncated(c, whole) : whole);
}

inline void remainder(call& c) {
  const dtype type = c.declared();
  const value_id a = c.operand("self", type), b = c.operand("other", type);
  const bool has_sign_of_a = c.row().form == "fmod";
  if (has_sign_of_a || !is_float(type))
    return c.output(c.add("Mod", {a, b}, {{"fmod", std::int64_t{has_sign_of_a}}}));
  c.output(c.add("Sub", {a, c.add("Mul", {floored(c, a, b, type), b})}));
}

inline void power(call& c) {
  const dtype type = c.declared();
  c.output(c.add("Pow", {c.operand("self", type), c.operand("exponent", type)}));
}

/// Two tensors in the common dtype; the result is declared.
inline void two(call& c) {
  const dtype type = c.common_type({"self", "other"});
  c.output(c.add(c.row().form, {c.operand("self", type), c.operand("other", type)}));
}

inline void not_equal(call& c) {
  const dtype type = c.common_type({"self", "other"});
  c.output(c.add("Not", {c.add("Equal", {c.operand("self", type), c.operand("other", type)})}));
}

/// and, or, xor of booleans; bitwise ones of integers.
inline void logical(call& c) {
  const bool is_bitwise = c.row().form.starts_with("Bitwise");
  const dtype type = is_bitwise ? c.declared() : dtype::boolean;
  const value_id a = c.operand("self", type), b = c.operand("other", type);
  const bool is_plain = is_bitwise && is_boolean(type);
  c.output(c.add(is_plain ? c.row().form.substr(7) : c.row().form, {a, b}));
}

inline void negation(call& c) {
  const bool is_bitwise = c.row().form == "BitwiseNot";
  const dtype type = is_bitwise ? c.declared() : dtype::boolean;
  const value_id x = c.operand("self", type);
  c.output(c.add(is_boolean(type) ? "Not" : "BitwiseNot", {x}));
}

inline void where(call& c) {
  const dtype type = c.common_type({"self", "other"});
  c.output(c.add("Where", {c.operand("condition", dtype::boolean), c.operand("self", type),
                           c.operand("other", type)}));
}

inline void masked_fill(call& c) {
  const dtype type = c.declared();
  c.output(c.add("Where", {c.operand("mask", dtype::boolean), c.operand("value", type),
                           c.operand("self", type)}));
}

/// Clip for numbers, Max and Min for tensors.
inline void clamp(call& c) {
  const dtype type = c.declared();
  value_id x = c.operand("self", type);
  if (c.is_tensor("min") || c.is_tensor("max")) {
    if (c.has("min")) x = c.add("Max", {x, c.operand("min", type)});
    if (c.has("max")) x = c.add("Min", {x, c.operand("max", type)});
    return c.output(x);
  }
  const value_id low = c.has("min") ? c.operand("min", type) : value_id();
  const value_id high = c.has("max") ? c.operand("max", type) : value_id();
  c.output(c.add("Clip", {x, low, high}));
}

inline void hardtanh(call& c) {
  const dtype type = c.declared();
  const bool is_relu6 = c.row().form == "relu6";
  const double low = is_relu6 ? 0 : c.real("min_val", -1.0);
  const double high = is_relu6 ? 6 : c.real("max_val", 1.0);
  c.output(c.add("Clip", {c.operand("self", type), c.number(low, type), c.number(high, type)}));
}

/// self + value * a * b and self + value * a / b
inline void add_product(call& c) {
  const dtype type = c.declared();
  const value_id a = c.operand("tensor1", type), b = c.operand("tensor2", type);
  value_id both = c.add(c.row().form, {a, b});
  const double factor = c.real("value", 1.0);
  if (factor != 1) both = c.add("Mul", {both, c.number(factor, type)});
  c.output(c.add("Add", {c.operand("self", type), both}));
}

inline constexpr auto rows = sorted({
    {"aten.add", sum, "Add"},
    {"aten.sub", sum, "Sub"},
    {"aten.subtract", sum, "Sub"},
    {"aten.rsub", sum, "reversed"},
    {"aten.mul", product},
    {"aten.multiply", product},
    {"aten.div", quotient},
    {"aten.divide", quotient},
    {"aten.true_divide", quotient},
    {"aten.floor_divide", quotient, "floor"},
    {"aten.remainder", remainder},
    {"aten.fmod", remainder, "fmod"},
    {"aten.pow", power},
    {"aten.maximum", two, "Max"},
    {"aten.minimum", two, "Min"},
    {"aten.max.other", two, "Max"},
    {"aten.min.other", two, "Min"},
    {"aten.eq", two, "Equal"},
    {"aten.ne", not_equal},
    {"aten.lt", two, "Less"},
    {"aten.le", two, "LessOrEqual"},
    {"aten.gt", two, "Greater"},
    {"aten.ge", two, "GreaterOrEqual"},
    {"aten.logical_and", logical, "And"},
    {"aten.logical_or", logical, "Or"},
    {"aten.logical_xor", logical, "Xor"},
    {"aten.logical_not", negation, "Not"},
    {"aten.bitwise_and", logical, "BitwiseAnd"},
    {"aten.bitwise_or", logical, "BitwiseOr"},
    {"aten.bitwise_xor", logical, "BitwiseXor"},
    {"aten.__and__", logical, "BitwiseAnd"},
    {"aten.__or__", logical, "BitwiseOr"},
    {"aten.__xor__", logical, "BitwiseXor"},
    {"aten.bitwise_not", negation, "BitwiseNot"},
    {"aten.where", where},
    {"aten.masked_fill", masked_fill},
    {"aten.clamp", clamp},
    {"aten.clip", clamp},
    {"aten.clamp_min", clamp},
    {"aten.clamp_max", clamp},
    {"aten.hardtanh", hardtanh},
    {"aten.relu6", hardtanh, "relu6"},
    {"aten.addcmul", add_product, "Mul"},
    {"aten.addcdiv", add_product, "Div"},
});

}  // namespace arithmetic_detail

TENON_INLINE std::span<const operator_row> arithmetic_rows() {
  return arithmetic_detail::rows;
}

}  // namespace tenon::inline v0::pt2
