#pragma once

#include "tenon/ops/pointwise.hpp"

#include <cmath>
#include <vector>

namespace tenon::inline v0::ops {

/// Mean and population variance of some numbers; NaN when there are none.
struct moments {
  double mean = 0;
  double variance = 0;

  moments(const double* x, std::int64_t count, std::int64_t stride = 1) {
    for (std::int64_t i = 0; i < count; ++i) mean += x[i * stride];
    mean /= static_cast<double>(count);
    for (std::int64_t i = 0; i < count; ++i)
      variance += (x[i * stride] - mean) * (x[i * stride] - mean);
    variance /= static_cast<double>(count);
  }
};

/// The product of extents [first, last).
inline std::int64_t extent_between(const extents& dims, std::size_t first, std::size_t last) {
  std::int64_t out = 1;
  for (std::size_t i = first; i < last; ++i) out *= dims[i];
  return out;
}

/// A tensor's elements as doubles, broadcast to extents.
inline std::vector<double> broadcast_reals(const tensor& x, const extents& to) {
  std::vector<double> out(static_cast<std::size_t>(element_count(to)));
  fold_broadcast<double>(x, to, out.data(), [](double, double v) { return v; });
  return out;
}

/// Fails unless the shape of input `i` is one axis of `size`.
inline status require_vector(infer_context& ctx, std::size_t i, dim size, std::string_view what) {
  TENON_TRY(require_in(ctx, i, floats, what));
  TENON_TRY(require_rank(ctx, i, 1, what));
  return ctx[i].is_ranked ? ctx.require_equal(ctx[i].shape[0], size, what) : status();
}

/// Fails unless the shape of input `i` broadcasts to that of input 0 without enlarging it.
inline status require_fits(infer_context& ctx, std::size_t i, std::string_view what) {
  TENON_TRY(require_in(ctx, i, floats, what));
  if (!ctx[i].is_ranked || !ctx[0].is_ranked) return {};
  if (ctx[i].rank() > ctx[0].rank())
    return fail(code::shape, what, " has shape ", bracketed(ctx[i].shape),
                ", expected one that broadcasts to ", bracketed(ctx[0].shape));
  TENON_TRY(const dims both, ctx.broadcast(ctx[0].shape, ctx[i].shape, what));
  return ctx.require_same(both, ctx[0].shape, what);
}

/// The shape rule of per-channel scale and bias for x[N, C, ...].
inline status infer_per_channel(infer_context& ctx, std::size_t min_rank) {
  TENON_TRY(infer_like_input(ctx, floats));
  if (!ctx[0].is_ranked) return {};
  if (ctx[0].rank() < min_rank)
    return fail(code::shape, "x has shape ", bracketed(ctx[0].shape), ", expected rank ", min_rank,
                " or more");
  const dim channels = ctx[0].rank() > 1 ? ctx[0].shape[1] : dim(1);
  TENON_TRY(require_vector(ctx, 1, channels, "scale"));
  return require_vector(ctx, 2, channels, "bias");
}

/// Normalises each of `rows` runs of equal length to mean 0 and variance 1, then applies scale and
/// bias of the channel of each element: x is [N, channels, ...].
inline status normalize_channels(eval_context& ctx, std::int64_t rows, float epsilon) {
  TENON_TRY(tensor y, ctx.output(0));
  if (y.size() == 0) return {};
  const elements_as<double> x(ctx[0]), scale(ctx[1]), bias(ctx[2]);
  elements_into<double> out(y);
  const std::int64_t length = y.size() / rows;
  const std::int64_t channels = y.dim(1), inner = extent_between(y.dims(), 2, y.rank());
  for (std::int64_t r = 0; r < rows; ++r) {
    const moments m(x.data() + r * length, length);
    const double inverse = 1 / std::sqrt(m.variance + static_cast<double>(epsilon));
    for (std::int64_t i = r * length; i < (r + 1) * length; ++i) {
      const auto c = static_cast<std::size_t>(i / inner % channels);
      const auto at = static_cast<std::size_t>(i);
      out[at] = (x[at] - m.mean) * inverse * scale[c] + bias[c];
    }
  }
  out.commit();
  return {};
}

}  // namespace tenon::inline v0::ops
