#pragma once

#include "tenon/ops/axis_walk.hpp"
#include "tenon/ops/data.hpp"
#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/wrapping.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace tenon::inline v0::ops {

/// What a reduction computes from the elements that it merges.
enum class reduction : unsigned char {
  l1,
  l2,
  log_sum,
  log_sum_exp,
  max,
  mean,
  min,
  prod,
  sum,
  sum_square,
};

/// Which of `rank` axes are reduced; no axes means all of them, or none with `noop`.
inline result<std::vector<bool>> reduced_axes(infer_context& ctx,
                                              const std::vector<std::int64_t>& axes,
                                              std::size_t rank,
                                              bool noop) {
  std::vector<bool> out(rank, axes.empty() && !noop);
  for (const std::int64_t a : axes) {
    TENON_TRY(const std::size_t at, ctx.axis(a, rank, "axes"));
    if (out[at])
      return fail(code::attribute, "axes names axis ", a, " twice, expected distinct axes");
    out[at] = true;
  }
  return out;
}

/// The output of a reduction along axes that only the run knows: as many, perhaps none, as `axes` has elements.
inline void infer_unknown_axes(infer_context& ctx, bool keepdims) {
  const fact& x = ctx[0];
  if (!x.is_ranked) {
    ctx.output(0, fact::unranked(x.type));
    return;
  }
  if (!keepdims) {
    const auto count = known_length(ctx, 1);
    const auto rank = static_cast<std::int64_t>(x.rank());
    output_of_rank(ctx, x.type, "reduced", count ? std::optional(rank - *count) : count);
    return;
  }
  dims shape = x.shape;
  for (dim& d : shape)
    if (d != dim(1)) d = ctx.unbacked("reduced", max(d, 1));
  ctx.output(0, x.type, std::move(shape));
}

/// The shape rule of the reductions whose axes are input 1.
inline status infer_reduction(infer_context& ctx, type_set types, bool keepdims, bool noop) {
  TENON_TRY(require_in(ctx, 0, types, "x"));
  std::vector<std::int64_t> axes;
  if (ctx.has(1)) {
    TENON_TRY(require_in(ctx, 1, index_types, "axes"));
    TENON_TRY(require_rank(ctx, 1, 1, "axes"));
    const bool is_empty = ctx[1].is_ranked && ctx[1].shape[0] == dim(0);
    const auto known = ctx.numbers(1);
    if (!known && !is_empty) {
      infer_unknown_axes(ctx, keepdims);
      return {};
    }
    if (known) axes = *known;
  }
  if (!ctx[0].is_ranked) {
    ctx.output(0, fact::unranked(ctx[0].type));
    return {};
  }
  TENON_TRY(const std::vector<bool> reduced, reduced_axes(ctx, axes, ctx[0].rank(), noop));
  dims shape;
  for (std::size_t i = 0; i < reduced.size(); ++i)
    if (!reduced[i] || keepdims) shape.push_back(reduced[i] ? dim(1) : ctx[0].shape[i]);
  ctx.output(0, ctx[0].type, std::move(shape));
  return {};
}

/// Known content of a vector that is reduced to one number along axes that are known.
inline void propagate_reduction(infer_context& ctx, dim (*f)(dim, dim)) {
  const auto x = ctx.elements(0);
  if (!x || x->empty() || ctx.is_left_to_run() || ctx.outputs().empty() ||
      !ctx.outputs()[0].is_ranked)
    return;
  const fact& out = ctx.outputs()[0];
  if (out.rank() == 1 && out.shape[0] != dim(1)) return;
  dim total = x->front();
  for (std::size_t i = 1; i < x->size(); ++i) total = f(total, (*x)[i]);
  set_elements(ctx, {total});
}

namespace reduction_detail {

/// Strides that send each element of x to the output element that it is merged into.
inline extents merge_strides(const extents& dims, const std::vector<bool>& reduced) {
  extents out(dims.size(), 0);
  std::int64_t stride = 1;
  for (std::size_t i = dims.size(); i-- > 0;) {
    if (reduced[i]) continue;
    out[i] = stride;
    stride *= dims[i];
  }
  return out;
}

template <class T, class F>
void visit(const elements_as<T>& x, const extents& dims, const extents& strides, F f) {
  const T* in = x.data();
  walk<1>(dims, {strides}, [&](const auto& at, std::int64_t count, const auto& stride) {
    for (std::int64_t i = 0; i < count; ++i)
      f(static_cast<std::size_t>(at[0] + i * stride[0]), *in++);
  });
}

template <class T> T product(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a * b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

template <class T> T total(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

template <class T> T merge(reduction what, T acc, T v) {
  switch (what) {
    case reduction::l1:
      if constexpr (std::is_same_v<T, std::int64_t>) return total(acc, v < 0 ? negated(v) : v);
      return total(acc, v < T{0} ? static_cast<T>(T{0} - v) : v);
    case reduction::max:
      return v > acc || v != v ? v : acc;
    case reduction::min:
      return v < acc || v != v ? v : acc;
    case reduction::prod:
      return product(acc, v);
    case reduction::l2:
    case reduction::sum_square:
      return total(acc, product(v, v));
    default:
      return total(acc, v);
  }
}

/// The result of merging nothing: the identity of the operation within the element type.
template <class T> T start_of(reduction what, dtype type) {
  if (what == reduction::prod) return T{1};
  if (what != reduction::max && what != reduction::min) return T{0};
  const bool lowest = what == reduction::max;
  if constexpr (std::is_floating_point_v<T>)
    return lowest ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  const int bits = static_cast<int>(bits_of(type));
  if (type == dtype::boolean) return static_cast<T>(!lowest);
  if (is_unsigned_integer(type))
    return static_cast<T>(lowest ? 0 : ~std::uint64_t{0} >> (64 - bits));
  const std::int64_t high = std::numeric_limits<std::int64_t>::max() >> (64 - bits);
  return static_cast<T>(lowest ? -high - 1 : high);
}

template <class T> void finish(reduction what, std::span<T> out, std::int64_t count) {
  for (T& v : out) {
    if constexpr (std::is_floating_point_v<T>) {
      if (what == reduction::mean) v /= static_cast<T>(count);
      if (what == reduction::l2) v = std::sqrt(v);
      if (what == reduction::log_sum) v = std::log(v);
    } else if (what == reduction::mean) {
      if constexpr (std::is_signed_v<T>)
        v = count == 0 ? 0 : wrapping_div(v, count);
      else
        v = count == 0 ? 0 : v / static_cast<T>(count);
    }
  }
}

template <class T>
void reduce(const tensor& from, const tensor& y, const extents& strides, reduction what) {
  const elements_as<T> x(from);
  std::vector<T> out(static_cast<std::size_t>(y.size()), start_of<T>(what, from.type()));
  visit(x, from.dims(), strides, [&](std::size_t at, T v) { out[at] = merge(what, out[at], v); });
  finish<T>(what, out, y.size() == 0 ? 0 : from.size() / y.size());
  store_elements<T>(out, y);
}

inline void reduce_log_sum_exp(const tensor& from, const tensor& y, const extents& strides) {
  const elements_as<double> x(from);
  const std::size_t n = static_cast<std::size_t>(y.size());
  std::vector<double> top(n, -INFINITY), out(n, 0.0);
  visit(x, from.dims(), strides,
        [&](std::size_t at, double v) { top[at] = merge(reduction::max, top[at], v); });
  visit(x, from.dims(), strides, [&](std::size_t at, double v) {
    out[at] += std::isinf(top[at]) ? (v == top[at] ? 1.0 : 0.0) : std::exp(v - top[at]);
  });
  for (std::size_t i = 0; i < n; ++i) out[i] = std::log(out[i]) + top[i];
  store_elements<double>(out, y);
}

}  // namespace reduction_detail

/// Reduces input 0 over the axes in input 1.
inline status reduce_tensor(eval_context& ctx, reduction what, bool noop) {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor& x = ctx[0];
  const auto axes = ctx.has(1) ? ctx.integers(1) : std::vector<std::int64_t>{};
  std::vector<bool> reduced(x.rank(), axes.empty() && !noop);
  for (const std::int64_t a : axes)
    reduced[static_cast<std::size_t>(a < 0 ? a + static_cast<std::int64_t>(x.rank()) : a)] = true;
  const extents strides = reduction_detail::merge_strides(x.dims(), reduced);
  const dtype type = x.type();
  if (what == reduction::log_sum_exp)
    reduction_detail::reduce_log_sum_exp(x, y, strides);
  else if (is_float(type) || what == reduction::l2 || what == reduction::log_sum)
    reduction_detail::reduce<double>(x, y, strides, what);
  else if (is_unsigned_integer(type))
    reduction_detail::reduce<std::uint64_t>(x, y, strides, what);
  else
    reduction_detail::reduce<std::int64_t>(x, y, strides, what);
  return {};
}

/// Fails when an axis, which may count from the end, has no elements to choose from.
inline status require_elements_along(std::span<const std::int64_t> shape, std::int64_t axis) {
  const auto at = static_cast<std::size_t>(axis < 0 ? axis + std::ssize(shape) : axis);
  if (shape[at] != 0) return {};
  return fail(code::shape, "x has shape ", bracketed(shape), ", expected elements along axis ", at);
}

/// The shape rule of `arg_max` and `arg_min`.
inline status infer_arg(infer_context& ctx, std::int64_t axis, bool keepdims) {
  TENON_TRY(require_in(ctx, 0, numbers, "x"));
  if (!ctx[0].is_ranked) {
    ctx.output(0, fact::unranked(dtype::i64));
    return {};
  }
  TENON_TRY(const std::size_t at, ctx.axis(axis, ctx[0].rank()));
  dims shape = ctx[0].shape;
  if (shape[at] == dim(0))
    return fail(code::shape, "x has shape ", bracketed(shape), ", expected elements along axis ",
                at);
  if (keepdims)
    shape[at] = dim(1);
  else
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(at));
  ctx.output(0, dtype::i64, std::move(shape));
  return {};
}

/// Finds the index of the largest or smallest element along an axis.
inline status arg_of_extreme(eval_context& ctx, std::int64_t axis, bool largest, bool last) {
  TENON_TRY(tensor y, ctx.output(0));
  const extents& shape = ctx[0].dims();
  TENON_TRY(require_elements_along({shape.data(), shape.size()}, axis));
  const axis_split split(shape, axis);
  auto* out = y.data<std::int64_t>();
  const auto run = [&]<class T>(T) {
    const elements_as<T> x(ctx[0]);
    for (std::int64_t line = 0; line < split.lines(); ++line) {
      const T* at = x.data() + split.start(line);
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < split.length; ++i) {
        const T v = at[i * split.stride], old = at[best * split.stride];
        if (old != old && !(last && v != v)) continue;
        const bool wins = v != v || (largest ? v > old : v < old) || (last && v == old);
        if (wins) best = i;
      }
      out[line] = best;
    }
  };
  if (is_float(ctx[0].type()))
    run(double{});
  else if (is_unsigned_integer(ctx[0].type()))
    run(std::uint64_t{});
  else
    run(std::int64_t{});
  return {};
}

}  // namespace tenon::inline v0::ops
