#pragma once

#include "tenon/formats/torch/importer.hpp"

namespace tenon::inline v0::pt2 {

namespace reduction_detail {

/// The axes of `dim`; none or an empty list means all, which is an absent input.
inline value_id axes_of(call& c) {
  const std::vector<std::int64_t> axes = c.integers("dim", {});
  return axes.empty() ? value_id() : c.ints(axes);
}

inline value_id reduced(call& c, std::string_view op, value_id x, value_id axes, bool keep) {
  return c.add(op, {x, axes}, {{"keepdims", std::int64_t{keep}}});
}

/// sum, mean, prod, amax, amin, logsumexp in the dtype of the result.
inline void plain(call& c) {
  c.ignore({"dtype"});
  const value_id x = c.operand(c.first(), c.declared());
  c.output(reduced(c, c.row().form, x, axes_of(c), c.flag("keepdim")));
}

/// any is the maximum of booleans, all the minimum.
inline void logical(call& c) {
  const value_id x = c.cast(c.operand("self", dtype::boolean), dtype::i32);
  const value_id out = reduced(c, c.row().form, x, axes_of(c), c.flag("keepdim"));
  c.output(c.cast(out, dtype::boolean));
}

/// argmax, argmin; without an axis over all elements.
inline void arg(call& c) {
  value_id x = c.tensor_at("self");
  const bool has_axis = c.has("dim");
  const bool keeps = c.flag("keepdim");
  if (!has_axis) x = c.add("Reshape", {x, c.ints({-1})});
  const std::int64_t axis = has_axis ? c.axis("dim", c.rank(x)) : 0;
  c.output(c.add(c.row().form, {x}, {{"axis", axis}, {"keepdims", std::int64_t{keeps}}}));
}

/// max.dim, min.dim: values and their places; without `dim` the value alone.
inline void extreme(call& c) {
  const value_id x = c.tensor_at("self");
  const bool is_max = c.row().form == "Max";
  const bool keep = c.flag("keepdim");
  if (!c.has("dim")) return c.output(reduced(c, is_max ? "ReduceMax" : "ReduceMin", x, {}, keep));
  const std::int64_t axis = c.axis("dim", c.rank(x));
  c.output(reduced(c, is_max ? "ReduceMax" : "ReduceMin", x, c.ints({axis}), keep));
  if (c.output_count() > 1)
    c.output(1, c.add(is_max ? "ArgMax" : "ArgMin", {x},
                      {{"axis", axis}, {"keepdims", std::int64_t{keep}}}));
}

/// var, std, var_mean: the mean of squares about the mean, times n / (n - correction).
inline void variance(call& c) {
  const dtype type = c.declared();
  const value_id x = c.operand("self", type), axes = axes_of(c);
  const bool keep = c.flag("keepdim");
  const double correction =
      c.has("correction") ? c.real("correction") : static_cast<double>(c.flag("unbiased", true));
  const value_id mean = reduced(c, "ReduceMean", x, axes, true);
  const value_id off = c.add("Sub", {x, mean});
  value_id out = reduced(c, "ReduceMean", c.add("Mul", {off, off}), axes, keep);
  if (correction != 0) {
    const value_id all = c.cast(c.add("Size", {x}), type);
    const value_id rest = c.cast(c.add("Size", {mean}), type);
    const value_id n = c.add("Div", {all, rest});
    const value_id less = c.add("Sub", {n, c.number(correction, type)});
    out = c.add("Mul", {out, c.add("Div", {n, less})});
  }
  c.output(c.row().form == "std" ? c.add("Sqrt", {out}) : out);
  if (c.row().form == "var_mean")
    c.output(1, keep ? mean : reduced(c, "ReduceMean", x, axes, false));
}

inline void norm(call& c) {
  c.ignore({"dtype"});
  const double order = c.real(c.has("p") ? "p" : "ord", 2.0);
  if (order != 1 && order != 2)
    return c.fail_with(code::unsupported, cat("order is ", order, ": expected 1 or 2"));
  const value_id x = c.operand("self", c.declared());
  c.output(reduced(c, order == 1 ? "ReduceL1" : "ReduceL2", x, axes_of(c), c.flag("keepdim")));
}

inline void cumulative(call& c) {
  c.ignore({"dtype"});
  const value_id x = c.operand("self", c.declared());
  const std::int64_t axis = c.axis("dim", c.rank(x));
  c.output(c.add("CumSum", {x, c.number(static_cast<double>(axis), dtype::i64)}));
}

inline void top(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x), -1);
  const bool is_largest = c.flag("largest", true), is_sorted = c.flag("sorted", true);
  const value_id given[] = {x, c.size_at("k")};
  const auto made = c.add_many(
      "TopK", given,
      {{"axis", axis}, {"largest", std::int64_t{is_largest}}, {"sorted", std::int64_t{is_sorted}}},
      2);
  c.output(0, made[0]);
  c.output(1, made[1]);
}

/// sort, argsort: all elements of an axis by size.
inline void sort(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x), -1);
  c.ignore({"stable"});
  const std::int64_t is_descending = c.flag("descending");
  const value_id given[] = {x, c.shape_of(x, axis, axis + 1)};
  const auto made = c.add_many("TopK", given, {{"axis", axis}, {"largest", is_descending}}, 2);
  if (c.row().form == "places") return c.output(made[1]);
  c.output(0, made[0]);
  c.output(1, made[1]);
}

inline constexpr auto rows = sorted({
    {"aten.sum", plain, "ReduceSum"},
    {"aten.mean", plain, "ReduceMean"},
    {"aten.prod", plain, "ReduceProd"},
    {"aten.amax", plain, "ReduceMax"},
    {"aten.amin", plain, "ReduceMin"},
    {"aten.logsumexp", plain, "ReduceLogSumExp"},
    {"aten.any", logical, "ReduceMax"},
    {"aten.all", logical, "ReduceMin"},
    {"aten.argmax", arg, "ArgMax"},
    {"aten.argmin", arg, "ArgMin"},
    {"aten.max", extreme, "Max"},
    {"aten.min", extreme, "Min"},
    {"aten.var", variance, "var"},
    {"aten.std", variance, "std"},
    {"aten.var_mean", variance, "var_mean"},
    {"aten.linalg_vector_norm", norm},
    {"aten.norm", norm},
    {"aten.cumsum", cumulative},
    {"aten.topk", top},
    {"aten.sort", sort},
    {"aten.argsort", sort, "places"},
});

}  // namespace reduction_detail

TENON_INLINE std::span<const operator_row> reduction_rows() {
  return reduction_detail::rows;
}

}  // namespace tenon::inline v0::pt2
