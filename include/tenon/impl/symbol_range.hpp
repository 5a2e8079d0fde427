#pragma once

#include "tenon/symbol/range.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace tenon::inline v0 {

namespace symbol_detail {

inline status check_group(std::string_view field,
                          std::span<const extents> group,
                          std::span<const input_shape> inputs) {
  if (group.size() != inputs.size())
    return fail(code::range, "range: '", field, "' has a wrong number of groups: expected ",
                inputs.size(), ", one per network input, vs ", group.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (group[i].size() != inputs[i].shape.size())
      return fail(code::range, "range: input ", quoted(inputs[i].name), ": '", field,
                  "' has a wrong rank: expected ", inputs[i].shape.size(), " vs ", group[i].size(),
                  " in ", bracketed(group[i]));
    for (std::size_t k = 0; k < group[i].size(); ++k)
      if (group[i][k] < 0)
        return fail(code::range, "range: input ", quoted(inputs[i].name), " dim ", k, ": '", field,
                    "' is negative: expected at least 0 vs ", group[i][k]);
  }
  return {};
}

inline std::string dim_name(std::string_view input, std::size_t axis) {
  return cat("input ", quoted(input), " dim ", axis);
}

/// min <= opt <= max in every position, and the constants of the network inside.
inline status check_order(const input_shape& input,
                          const extents& lo,
                          const extents& hi,
                          const extents& opt) {
  for (std::size_t k = 0; k < lo.size(); ++k) {
    if (lo[k] > opt[k] || opt[k] > hi[k])
      return fail(code::range, "range: ", dim_name(input.name, k),
                  ": expected min <= opt <= max vs min ", lo[k], ", opt ", opt[k], ", max ", hi[k]);
    const auto fixed = input.shape[k].as_constant();
    if (fixed && (lo[k] != *fixed || hi[k] != *fixed))
      return fail(code::range, "range: ", dim_name(input.name, k),
                  ": the network fixes this dim: expected min and max ", *fixed, " vs min ", lo[k],
                  ", max ", hi[k]);
  }
  return {};
}

/// How far shapes are from a point: the sum of |log(extent / opt)|, 0 counted as 1.
inline double distance(std::span<const extents> shapes, std::span<const extents> point) {
  double out = 0;
  for (std::size_t i = 0; i < point.size(); ++i)
    for (std::size_t k = 0; k < point[i].size(); ++k) {
      const double a = static_cast<double>(std::max<std::int64_t>(shapes[i][k], 1));
      const double b = static_cast<double>(std::max<std::int64_t>(point[i][k], 1));
      out += std::abs(std::log(a) - std::log(b));
    }
  return out;
}

/// Whether counts and ranks agree, so that distances make sense.
inline bool is_comparable(std::span<const extents> shapes, const box& b) {
  if (shapes.size() != b.min.size()) return false;
  for (std::size_t i = 0; i < shapes.size(); ++i)
    if (shapes[i].size() != b.min[i].size()) return false;
  return true;
}

}  // namespace symbol_detail

TENON_INLINE result<box> box::make(const shape_range& range, std::span<const input_shape> inputs) {
  using namespace symbol_detail;
  TENON_TRY(check_group("min", range.min, inputs));
  TENON_TRY(check_group("max", range.max, inputs));
  box out{{}, range.min, range.max, range.opts};
  for (std::size_t i = 0; i < out.opts.size(); ++i)
    TENON_TRY(check_group(cat("opts[", i, "]"), out.opts[i], inputs));
  if (out.opts.empty()) out.opts.push_back(out.max);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    out.names.push_back(inputs[i].name);
    for (std::size_t k = 0; k < out.min[i].size(); ++k)
      if (out.min[i][k] > out.max[i][k])
        return fail(code::range, "range: ", dim_name(inputs[i].name, k),
                    ": expected min <= max vs min ", out.min[i][k], ", max ", out.max[i][k]);
    for (const auto& opt : out.opts)
      TENON_TRY(check_order(inputs[i], out.min[i], out.max[i], opt[i]));
  }
  return out;
}

TENON_INLINE status box::contains(std::span<const extents> shapes) const {
  if (shapes.size() != min.size())
    return fail(code::input, "inputs: wrong number of shapes: expected ", min.size(), " vs ",
                shapes.size());
  for (std::size_t i = 0; i < min.size(); ++i) {
    if (shapes[i].size() != min[i].size())
      return fail(code::input, "input ", quoted(names[i]), ": wrong rank: expected ", min[i].size(),
                  " vs ", shapes[i].size(), " in ", bracketed(shapes[i]));
    for (std::size_t k = 0; k < min[i].size(); ++k)
      if (shapes[i][k] < min[i][k] || shapes[i][k] > max[i][k])
        return fail(code::input, symbol_detail::dim_name(names[i], k), ": out of range: expected ",
                    interval{min[i][k], max[i][k]}, " vs ", shapes[i][k]);
  }
  return {};
}

TENON_INLINE status box::apply(std::span<const input_shape> inputs, facts_table& facts) const {
  TENON_CHECK(inputs.size() == min.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (std::size_t k = 0; k < min[i].size(); ++k)
      TENON_TRY(facts.restrict(inputs[i].shape[k], min[i][k], max[i][k],
                               cat("range of ", symbol_detail::dim_name(names[i], k))));
  return {};
}

TENON_INLINE result<box_choice> choose_box(std::span<const box> boxes,
                                           std::span<const extents> shapes) {
  using namespace symbol_detail;
  std::optional<box_choice> best;
  std::optional<box_choice> nearest;
  constexpr double rounding = 1e-9;  // equal distances stay equal
  double best_distance = 0;
  double nearest_distance = 0;
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    if (!is_comparable(shapes, boxes[b])) continue;
    const bool is_inside = boxes[b].contains(shapes).has_value();
    for (std::size_t i = 0; i < boxes[b].opts.size(); ++i) {
      const double d = distance(shapes, boxes[b].opts[i]);
      if (is_inside && (!best || d < best_distance - rounding)) {
        best = {b, i};
        best_distance = d;
      }
      if (!nearest || d < nearest_distance - rounding) {
        nearest = {b, i};
        nearest_distance = d;
      }
    }
  }
  if (best) return *best;
  if (boxes.empty()) return fail(code::option, "ranges: expected at least one range vs none");
  auto outside = boxes[nearest ? nearest->box : 0].contains(shapes);
  return std::move(outside).failure();
}

}  // namespace tenon::inline v0
