#pragma once

#include "tenon/ops/data.hpp"

#include <algorithm>
#include <optional>

namespace tenon::inline v0::ops {

/// Where a slice of one axis begins and how many elements it has.
template <class Size> struct slice_span {
  Size start;
  Size length;
};

/// numpy slice of an axis of `size`, step != 0; any 64-bit values.
inline slice_span<std::int64_t> slice_axis(std::int64_t size,
                                           std::int64_t start,
                                           std::int64_t end,
                                           std::int64_t step) {
  constexpr std::int64_t huge = std::int64_t{1} << 62;
  const auto place = [&](std::int64_t v, std::int64_t lo, std::int64_t hi) {
    const std::int64_t bounded = std::clamp(v, -huge, huge);
    return std::clamp(bounded < 0 ? bounded + size : bounded, lo, std::max(lo, hi));
  };
  const std::int64_t stride = std::clamp(step, -huge, huge);
  if (stride > 0) {
    const std::int64_t s = place(start, 0, size), e = place(end, 0, size);
    return {s, e > s ? (e - s - 1) / stride + 1 : 0};
  }
  if (size == 0) return {0, 0};
  const std::int64_t s = place(start, 0, size - 1);
  const std::int64_t e = place(end, -1, size - 1);
  return {s, s > e ? (s - e - 1) / -stride + 1 : 0};
}

namespace slice_detail {

/// A bound counted from the start of the axis, as `slice_axis` of numbers places it: within
/// [lo, top], and top where that is below lo; nothing when its sign is unknown.
inline std::optional<dim> place(
    const infer_context& ctx, dim v, dim size, std::int64_t lo, dim top) {
  const interval range = ctx.facts().bounds(v);
  if (range.lo >= 0) {
    if (v.is_constant() && v.constant() >= 0x7FFFFFFF) return top;
    return ctx.facts().simplify(min(v, top));
  }
  if (range.hi >= 0) return std::nullopt;
  const bool is_lowest = v.is_constant() && v.constant() <= -0x7FFFFFFF;
  return ctx.facts().simplify(min(is_lowest ? dim(lo) : max(v + size, lo), top));
}

}  // namespace slice_detail

/// The same on expressions; nothing when signs are not known.
inline std::optional<slice_span<dim>> slice_axis(
    const infer_context& ctx, dim size, dim start, dim end, std::int64_t step) {
  if (size.is_constant() && start.is_constant() && end.is_constant()) {
    const auto s = slice_axis(size.constant(), start.constant(), end.constant(), step);
    return slice_span<dim>{s.start, s.length};
  }
  const bool forward = step > 0;
  // Backwards over no elements both bounds are -1.
  const dim top = forward ? size : size - 1;
  const auto s = slice_detail::place(ctx, start, size, 0, top);
  const auto e = slice_detail::place(ctx, end, size, forward ? 0 : -1, top);
  if (!s || !e) return std::nullopt;
  const dim distance = forward ? *e - *s : *s - *e;
  const std::int64_t stride = forward ? step : step == INT64_MIN ? INT64_MAX : -step;
  return slice_span<dim>{*s, ctx.facts().simplify(max(ceildiv(distance, stride), 0))};
}

}  // namespace tenon::inline v0::ops
