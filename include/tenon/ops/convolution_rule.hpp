#pragma once

#include "tenon/ops/window.hpp"

#include <optional>

namespace tenon::inline v0::ops {

/// Shape of a convolution of x [n, c, ...] with w [m, c / group, ...]; nothing when a rank is unknown.
inline result<std::optional<dims>> convolution_shape(infer_context& ctx,
                                                     const fact& x,
                                                     const fact& w,
                                                     const window_spec& spec,
                                                     std::int64_t group,
                                                     std::span<const std::int64_t> kernel_shape) {
  if (group < 1) return fail(code::attribute, "group is ", group, ", expected at least 1");
  if (!x.is_ranked || !w.is_ranked) return std::optional<dims>();
  if (x.rank() < 2 || w.rank() != x.rank())
    return fail(code::shape, "x has shape ", bracketed(x.shape), " and w ", bracketed(w.shape),
                ", expected equal ranks of at least 2");
  const std::size_t rank = x.rank() - 2;
  TENON_TRY(spec.check(rank));
  if (!kernel_shape.empty() && kernel_shape.size() != rank)
    return fail(code::attribute, "kernel_shape has ", kernel_shape.size(), " values, expected ",
                rank);
  TENON_TRY(ctx.require_equal(x.shape[1], w.shape[1] * dim(group), "channels of x"));
  if (w.shape[0].is_constant() && w.shape[0].constant() % group != 0)
    return fail(code::shape, "w has ", w.shape[0],
                " output channels, expected a multiple of group ", group);
  dims out{x.shape[0], w.shape[0]};
  for (std::size_t i = 0; i < rank; ++i) {
    if (!kernel_shape.empty())
      TENON_TRY(ctx.require_equal(w.shape[i + 2], kernel_shape[i], "kernel_shape"));
    const dim kernel = kernel_shape.empty() ? w.shape[i + 2] : dim(kernel_shape[i]);
    TENON_TRY(const dim size, spec.size(ctx, x.shape[i + 2], kernel, i));
    out.push_back(size);
  }
  return std::optional(out);
}

/// y [n, m, ...] = x [n, c, ...] * w [m, c / group, ...] over taps, accumulated in double.
inline status convolve(eval_context& ctx,
                       const extents& x_dims,
                       std::span<const double> x,
                       const extents& w_dims,
                       std::span<const double> w,
                       std::int64_t group,
                       const window_spec& spec,
                       const extents& y_dims,
                       std::span<double> y) {
  const auto g = window_geometry::of(spec, tail(x_dims, 2), tail(y_dims, 2), tail(w_dims, 2));
  const std::int64_t channels = w_dims[1], filters = y_dims[1] / group;
  const std::int64_t in = element_count(g.in), out = element_count(g.out),
                     kernel = element_count(g.kernel);
  std::vector<std::int64_t> position(g.out.size(), 0);
  std::vector<window_tap> taps;
  for (std::int64_t o = 0; o < out; ++o, advance(position, g.out)) {
    TENON_TRY(ctx.check_limits());
    g.taps(position, taps);
    for (std::int64_t n = 0; n < y_dims[0]; ++n)
      for (std::int64_t m = 0; m < y_dims[1]; ++m) {
        const std::int64_t first = m / filters * channels;
        double sum = 0;
        for (std::int64_t c = 0; c < channels; ++c) {
          const double* from = x.data() + (n * x_dims[1] + first + c) * in;
          const double* by = w.data() + (m * channels + c) * kernel;
          for (const window_tap t : taps) sum += from[t.input] * by[t.kernel];
        }
        y[static_cast<std::size_t>((n * y_dims[1] + m) * out + o)] = sum;
      }
  }
  return {};
}

}  // namespace tenon::inline v0::ops
