#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/forest.hpp"

namespace tenon::inline v0::ops {

/// The floats of an attribute that may be given as a list or as a tensor.
inline std::vector<double> floats_of(std::span<const float> list, const tensor& as_tensor) {
  if (!as_tensor) return {list.begin(), list.end()};
  std::vector<double> out(static_cast<std::size_t>(as_tensor.size()));
  load_elements<double>(as_tensor, out);
  return out;
}

/// Rows and columns of x: [n, c] or [c] as one row.
inline std::pair<std::int64_t, std::int64_t> rows_of(const tensor& x) {
  if (x.rank() == 0) return {1, 1};
  return {x.rank() == 1 ? 1 : x.dim(0), size_between(x.dims(), x.rank() == 1 ? 0 : 1, x.rank())};
}

/// Scores of every row of x: base plus the forest's weights, `f(row, scores, hit)` each.
template <class F>
status score_rows(eval_context& ctx,
                  const forest& trees,
                  tree_aggregate how,
                  std::span<const double> base,
                  F&& f) {
  const elements_as<double> x(ctx[0]);
  const auto [rows, columns] = rows_of(ctx[0]);
  for (const auto& n : trees.nodes)
    if (n.mode != tree_mode::leaf && n.feature >= columns)
      return fail(code::index, "a tree tests feature ", n.feature, ", expected less than ",
                  columns);
  std::vector<double> scores(trees.targets);
  std::vector<bool> hit;
  for (std::int64_t r = 0; r < rows; ++r) {
    TENON_TRY(ctx.check_limits());
    trees.scores(x.data() + r * columns, how, scores, hit);
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (!base.empty()) scores[i] += base[base.size() == 1 ? 0 : i];
    f(r, std::span<double>(scores), hit);
  }
  return {};
}

inline status check_base(std::span<const double> base, std::int64_t targets) {
  if (base.empty() || base.size() == 1 || static_cast<std::int64_t>(base.size()) == targets)
    return {};
  return fail(code::attribute, "base_values has ", base.size(), " values, expected ", targets);
}

/// Rows of an input fact [n, c] or [c].
inline dim row_count(const fact& x) {
  return x.rank() >= 2 ? x.shape[0] : dim(1);
}

inline status require_features(const infer_context& ctx) {
  if (is_numeric(ctx[0].type)) return {};
  return fail(code::shape, "x is ", name_of(ctx[0].type), ", expected a numeric type");
}

}  // namespace tenon::inline v0::ops
