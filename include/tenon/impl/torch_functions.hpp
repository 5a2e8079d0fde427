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
  c.output(c.add(c.row().form, {input(c)}));
}

/// isnan, isinf: the result is boolean.
inline void question(call& c) {
  c.output(c.add(c.row().form, {c.tensor_at(c.first())}));
}

/// floor, ceil, round, trunc: integers stay.
inline void rounded(call& c) {
  const value_id x = input(c);
  if (c.integer("decimals", 0) != 0)
    return c.fail_with(code::unsupported, "rounds to decimals: expected integers");
  if (!is_float(c.type_of(x))) return c.output(x);
  if (c.row().form != "trunc") return c.output(c.add(c.row().form, {x}));
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
  const double factor = c.row().form == "2" ? 1.4426950408889634 : 0.43429448190325183;
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

/// scale * elu: with an input scale of 1 / alpha it is Celu.
inline void elu(call& c) {
  const double alpha = c.real("alpha", 1.0), scale = c.real("scale", 1.0);
  const double input_scale = c.real("input_scale", 1.0);
  const bool is_celu = c.row().form == "Celu" || (input_scale != 1 && input_scale == 1 / alpha);
  if (input_scale != 1 && !is_celu)
    return c.fail_with(code::unsupported, cat("input_scale is ", input_scale, ": expected 1"));
  const value_id out =
      c.add(is_celu ? "Celu" : "Elu", {input(c)}, {{"alpha", static_cast<float>(alpha)}});
  c.output(scale == 1 ? out : c.add("Mul", {out, c.number(scale, c.declared())}));
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

inline void shrink(call& c) {
  const auto lambda = static_cast<float>(c.real("lambd", 0.5));
  const float bias = c.row().form == "soft" ? lambda : 0.0F;
  c.output(c.add("Shrink", {input(c)}, {{"lambd", lambda}, {"bias", bias}}));
}

/// softmax, log_softmax along one axis, in the dtype of the result.
inline void softmax(call& c) {
  c.ignore({"dtype", "half_to_float"});
  const value_id x = input(c);
  c.output(c.add(c.row().form, {x}, {{"axis", c.axis("dim", c.rank(x))}}));
}

inline constexpr auto rows = sorted({
    {"aten.relu", plain, "Relu"},
    {"aten.sigmoid", plain, "Sigmoid"},
    {"aten.tanh", plain, "Tanh"},
    {"aten.exp", plain, "Exp"},
    {"aten.log", plain, "Log"},
    {"aten.sqrt", plain, "Sqrt"},
    {"aten.reciprocal", plain, "Reciprocal"},
    {"aten.erf", plain, "Erf"},
    {"aten.abs", plain, "Abs"},
    {"aten.neg", plain, "Neg"},
    {"aten.sign", plain, "Sign"},
    {"aten.sgn", plain, "Sign"},
    {"aten.sin", plain, "Sin"},
    {"aten.cos", plain, "Cos"},
    {"aten.tan", plain, "Tan"},
    {"aten.asin", plain, "Asin"},
    {"aten.acos", plain, "Acos"},
    {"aten.atan", plain, "Atan"},
    {"aten.sinh", plain, "Sinh"},
    {"aten.cosh", plain, "Cosh"},
    {"aten.asinh", plain, "Asinh"},
    {"aten.acosh", plain, "Acosh"},
    {"aten.atanh", plain, "Atanh"},
    {"aten.hardswish", plain, "HardSwish"},
    {"aten.mish", plain, "Mish"},
    {"aten.selu", plain, "Selu"},
    {"aten.isnan", question, "IsNaN"},
    {"aten.isinf", question, "IsInf"},
    {"aten.floor", rounded, "Floor"},
    {"aten.ceil", rounded, "Ceil"},
    {"aten.round", rounded, "Round"},
    {"aten.trunc", rounded, "trunc"},
    {"aten.rsqrt", inverse_root},
    {"aten.square", square},
    {"aten.log2", scaled_log, "2"},
    {"aten.log10", scaled_log, "10"},
    {"aten.log1p", log1p},
    {"aten.expm1", expm1},
    {"aten.exp2", exp2},
    {"aten.gelu", gelu},
    {"aten.silu", silu},
    {"aten.hardsigmoid", hardsigmoid},
    {"aten.leaky_relu", leaky_relu},
    {"aten.elu", elu, "Elu"},
    {"aten.celu", elu, "Celu"},
    {"aten.softplus", softplus},
    {"aten.log_sigmoid", log_sigmoid},
    {"aten.threshold", threshold},
    {"aten.prelu", prelu},
    {"aten._prelu_kernel", prelu},
    {"aten.hardshrink", shrink, "hard"},
    {"aten.softshrink", shrink, "soft"},
    {"aten.glu", gated},
    {"aten.softmax", softmax, "Softmax"},
    {"aten._softmax", softmax, "Softmax"},
    {"aten._safe_softmax", softmax, "Softmax"},
    {"aten.log_softmax", softmax, "LogSoftmax"},
    {"aten._log_softmax", softmax, "LogSoftmax"},
});

}  // namespace function_detail

TENON_INLINE std::span<const operator_row> function_rows() {
  return function_detail::rows;
}

}  // namespace tenon::inline v0::pt2
