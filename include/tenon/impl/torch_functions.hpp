#pragma once

#include "tenon/formats/torch/importer.hpp"

#include <algorithm>

namespace tenon::inline v0::pt2 {

namespace function_detail {

/// The input in the dtype of the result.
inline value_id input(call& c) {
  return c.operand(c.first(), c.declared());
}

inline void plain(call& c) {
  c.output(c.add(c.row().op, {input(c)}));
}

/// isnan, isinf: the result is boolean.
inline void question(call& c) {
  c.output(c.add(c.row().op, {c.tensor_at(c.first())}));
}

/// floor, ceil, round, trunc: integers stay.
inline void rounded(call& c) {
  const value_id x = input(c);
  if (c.integer("decimals", 0) != 0)
    return c.fail_with(code::unsupported, "rounds to decimals: expected integers");
  if (!is_float(c.type_of(x))) return c.output(x);
  if (c.row().op != "Trunc") return c.output(c.add(c.row().op, {x}));
  c.output(c.add("Mul", {c.add("Sign", {x}), c.add("Floor", {c.add("Abs", {x})})}));
}

inline void inverse_root(call& c) {
  c.output(c.add("Reciprocal", {c.add("Sqrt", {input(c)})}));
}

inline void square(call& c) {
  const value_id x = input(c);
  c.output(c.add("Mul", {x, x}));
}

/// log2, log10: the logarithm times a factor.
inline void scaled_log(call& c) {
  const double factor = c.row().op == "2" ? 1.4426950408889634 : 0.43429448190325183;
  c.output(c.add("Mul", {c.add("Log", {input(c)}), c.number(factor, c.declared())}));
}

inline void log1p(call& c) {
  c.output(c.add("Log", {c.add("Add", {input(c), c.number(1, c.declared())})}));
}

inline void expm1(call& c) {
  c.output(c.add("Sub", {c.add("Exp", {input(c)}), c.number(1, c.declared())}));
}

inline void exp2(call& c) {
  c.output(c.add("Pow", {c.number(2, c.declared()), input(c)}));
}

inline void gelu(call& c) {
  const std::string_view form = c.text("approximate", "none");
  c.output(c.add("Gelu", {input(c)}, {{"approximate", std::string(form)}}));
}

inline void silu(call& c) {
  const value_id x = input(c);
  c.output(c.add("Mul", {x, c.add("Sigmoid", {x})}));
}

inline void hardsigmoid(call& c) {
  c.output(c.add("HardSigmoid", {input(c)}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}}));
}

inline void leaky_relu(call& c) {
  c.output(c.add("LeakyRelu", {input(c)},
                 {{"alpha", static_cast<float>(c.real("negative_slope", 0.01))}}));
}

inline void elu(call& c) {
  if (c.real("scale", 1.0) != 1 || c.real("input_scale", 1.0) != 1)
    return c.fail_with(code::unsupported, "scales: expected scale and input_scale of 1");
  c.output(c.add(c.row().op, {input(c)}, {{"alpha", static_cast<float>(c.real("alpha", 1.0))}}));
}

/// log(1 + exp(beta x)) / beta; beyond the threshold torch returns x, which is that number rounded.
inline void softplus(call& c) {
  const dtype type = c.declared();
  const double beta = c.real("beta", 1.0);
  c.ignore({"threshold"});
  const value_id x = input(c);
  if (beta == 1) return c.output(c.add("Softplus", {x}));
  const value_id factor = c.number(beta, type);
  c.output(c.add("Div", {c.add("Softplus", {c.add("Mul", {x, factor})}), factor}));
}

inline void log_sigmoid(call& c) {
  c.output(c.add("Neg", {c.add("Softplus", {c.add("Neg", {input(c)})})}));
}

inline void threshold(call& c) {
  const dtype type = c.declared();
  const value_id x = input(c);
  const value_id above = c.add("Greater", {x, c.operand("threshold", type)});
  c.output(c.add("Where", {above, x, c.operand("value", type)}));
}

/// The weight has one element, or one for each channel (axis 1).
inline void prelu(call& c) {
  const value_id x = c.tensor_at("self");
  value_id slope = c.tensor_at("weight");
  const std::int64_t rank = c.rank(x);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(std::max<std::int64_t>(rank - 1, 1)), 1);
  shape[0] = -1;
  if (rank > 2) slope = c.add("Reshape", {slope, c.ints(shape)});
  c.output(c.add("PRelu", {x, slope}));
}

inline void gated(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x), -1);
  const value_id given[] = {x};
  const auto halves =
      c.add_many("Split", given, {{"axis", axis}, {"num_outputs", std::int64_t{2}}}, 2);
  c.output(c.add("Mul", {halves[0], c.add("Sigmoid", {halves[1]})}));
}

/// softmax, log_softmax along one axis, in the dtype of the result.
inline void softmax(call& c) {
  c.ignore({"dtype", "half_to_float"});
  const value_id x = input(c);
  c.output(c.add(c.row().op, {x}, {{"axis", c.axis("dim", c.rank(x))}}));
}

}  // namespace function_detail

TENON_INLINE std::span<const operator_row> function_rows() {
  namespace f = function_detail;
  static constexpr operator_row rows[] = {
      {"aten.relu", f::plain, "Relu"},
      {"aten.sigmoid", f::plain, "Sigmoid"},
      {"aten.tanh", f::plain, "Tanh"},
      {"aten.exp", f::plain, "Exp"},
      {"aten.log", f::plain, "Log"},
      {"aten.sqrt", f::plain, "Sqrt"},
      {"aten.reciprocal", f::plain, "Reciprocal"},
      {"aten.erf", f::plain, "Erf"},
      {"aten.abs", f::plain, "Abs"},
      {"aten.neg", f::plain, "Neg"},
      {"aten.sign", f::plain, "Sign"},
      {"aten.sgn", f::plain, "Sign"},
      {"aten.sin", f::plain, "Sin"},
      {"aten.cos", f::plain, "Cos"},
      {"aten.tan", f::plain, "Tan"},
      {"aten.asin", f::plain, "Asin"},
      {"aten.acos", f::plain, "Acos"},
      {"aten.atan", f::plain, "Atan"},
      {"aten.sinh", f::plain, "Sinh"},
      {"aten.cosh", f::plain, "Cosh"},
      {"aten.asinh", f::plain, "Asinh"},
      {"aten.acosh", f::plain, "Acosh"},
      {"aten.atanh", f::plain, "Atanh"},
      {"aten.hardswish", f::plain, "HardSwish"},
      {"aten.mish", f::plain, "Mish"},
      {"aten.selu", f::plain, "Selu"},
      {"aten.isnan", f::question, "IsNaN"},
      {"aten.isinf", f::question, "IsInf"},
      {"aten.floor", f::rounded, "Floor"},
      {"aten.ceil", f::rounded, "Ceil"},
      {"aten.round", f::rounded, "Round"},
      {"aten.trunc", f::rounded, "Trunc"},
      {"aten.rsqrt", f::inverse_root},
      {"aten.square", f::square},
      {"aten.log2", f::scaled_log, "2"},
      {"aten.log10", f::scaled_log, "10"},
      {"aten.log1p", f::log1p},
      {"aten.expm1", f::expm1},
      {"aten.exp2", f::exp2},
      {"aten.gelu", f::gelu},
      {"aten.silu", f::silu},
      {"aten.hardsigmoid", f::hardsigmoid},
      {"aten.leaky_relu", f::leaky_relu},
      {"aten.elu", f::elu, "Elu"},
      {"aten.celu", f::elu, "Celu"},
      {"aten.softplus", f::softplus},
      {"aten.log_sigmoid", f::log_sigmoid},
      {"aten.threshold", f::threshold},
      {"aten.prelu", f::prelu},
      {"aten._prelu_kernel", f::prelu},
      {"aten.glu", f::gated},
      {"aten.softmax", f::softmax, "Softmax"},
      {"aten._softmax", f::softmax, "Softmax"},
      {"aten._safe_softmax", f::softmax, "Softmax"},
      {"aten.log_softmax", f::softmax, "LogSoftmax"},
      {"aten._log_softmax", f::softmax, "LogSoftmax"},
  };
  return rows;
}

}  // namespace tenon::inline v0::pt2
