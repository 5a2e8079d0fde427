#pragma once

#include "tenon/ops/convolution_rule.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::inline v0::ops {

/// Fails unless the optional bias input has one element per output channel.
inline status require_bias(infer_context& ctx, std::size_t i, dim channels) {
  if (!ctx.has(i) || !ctx[i].is_ranked) return {};
  return ctx.require_same(ctx[i].shape, dims{channels}, "bias");
}

/// Adds a bias per channel to values [n, m, ...].
inline void add_bias(const tensor& bias, const extents& dims, std::span<double> values) {
  const elements_as<double> b(bias);
  const std::int64_t inner = size_between(dims, 2, dims.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] += b[static_cast<std::size_t>(static_cast<std::int64_t>(i) / inner % dims[1])];
}

/// y = convolution of x [n, c, ...] by w [m, c / group, ...] plus b [m], any number of spatial axes
struct conv {
  static constexpr op_info info{"conv", ports{"x", "w", maybe("b")}, ports{"y"}};
  auto_pad_mode auto_pad = auto_pad_mode::notset;
  std::vector<std::int64_t> dilations = {};
  std::int64_t group = 1;
  std::vector<std::int64_t> kernel_shape = {};
  std::vector<std::int64_t> pads = {};  ///< begins, then ends
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes = attributes_of(attribute{"auto_pad", &conv::auto_pad},
                                                   attribute{"dilations", &conv::dilations},
                                                   attribute{"group", &conv::group},
                                                   attribute{"kernel_shape", &conv::kernel_shape},
                                                   attribute{"pads", &conv::pads},
                                                   attribute{"strides", &conv::strides});
  static constexpr onnx_import onnx{"Conv", 1};
  friend bool operator==(const conv&, const conv&) = default;

  window_spec window() const { return {auto_pad, dilations, pads, strides}; }

  status infer(infer_context& ctx) const {
    TENON_TRY(require_float(ctx, 0, "x"));
    TENON_TRY(require_same_type(ctx, 0, 1, "w"));
    TENON_TRY(require_same_type(ctx, 0, 2, "b"));
    TENON_TRY(auto shape, convolution_shape(ctx, ctx[0], ctx[1], window(), group, kernel_shape));
    if (!shape) {
      output_unranked(ctx, 0, ctx[0].type);
      return {};
    }
    TENON_TRY(require_bias(ctx, 2, (*shape)[1]));
    ctx.output(0, ctx[0].type, std::move(*shape));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const elements_as<double> x(ctx[0]), w(ctx[1]);
    elements_into<double> out(y);
    const std::span<double> values(out.data(), out.size());
    TENON_TRY(convolve(ctx, ctx[0].dims(), {x.data(), x.size()}, ctx[1].dims(),
                       {w.data(), w.size()}, group, window(), y.dims(), values));
    if (ctx.has(2)) add_bias(ctx[2], y.dims(), values);
    out.commit();
    return {};
  }
};

/// Numbers minus a zero point: one for all, or one per index of `axis`.
inline result<std::vector<double>> centered_along(const tensor& x,
                                                  const tensor* zero,
                                                  std::size_t axis) {
  std::vector<double> out(static_cast<std::size_t>(x.size()));
  load_elements<double>(x, out);
  if (!zero) return out;
  const elements_as<double> z(*zero);
  const std::int64_t inner = size_between(x.dims(), axis + 1, x.rank());
  if (z.size() != 1 && static_cast<std::int64_t>(z.size()) != x.dim(axis))
    return fail(code::shape, "zero point has ", z.size(), " elements, expected 1 or ", x.dim(axis));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t at = static_cast<std::int64_t>(i) / inner % x.dim(axis);
    out[i] -= z[z.size() == 1 ? 0 : static_cast<std::size_t>(at)];
  }
  return out;
}

inline status require_byte(const infer_context& ctx, std::size_t i, std::string_view what) {
  if (!ctx.has(i)) return {};
  return ctx.require_type(i, {dtype::u8, dtype::i8}, what);
}

/// y (i32) = convolution of x - x_zero_point by w - w_zero_point, all 8-bit integers
struct conv_integer {
  static constexpr op_info info{
      "conv_integer", ports{"x", "w", maybe("x_zero_point"), maybe("w_zero_point")}, ports{"y"}};
  auto_pad_mode auto_pad = auto_pad_mode::notset;
  std::vector<std::int64_t> dilations = {};
  std::int64_t group = 1;
  std::vector<std::int64_t> kernel_shape = {};
  std::vector<std::int64_t> pads = {};
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes =
      attributes_of(attribute{"auto_pad", &conv_integer::auto_pad},
                    attribute{"dilations", &conv_integer::dilations},
                    attribute{"group", &conv_integer::group},
                    attribute{"kernel_shape", &conv_integer::kernel_shape},
                    attribute{"pads", &conv_integer::pads},
                    attribute{"strides", &conv_integer::strides});
  static constexpr onnx_import onnx{"ConvInteger", 10};
  friend bool operator==(const conv_integer&, const conv_integer&) = default;

  window_spec window() const { return {auto_pad, dilations, pads, strides}; }

  status infer(infer_context& ctx) const {
    for (std::size_t i = 0; i < 4; ++i) TENON_TRY(require_byte(ctx, i, info.inputs.items[i].name));
    TENON_TRY(auto shape, convolution_shape(ctx, ctx[0], ctx[1], window(), group, kernel_shape));
    ctx.output(0, shape ? fact::of(dtype::i32, std::move(*shape)) : fact::unranked(dtype::i32));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    TENON_TRY(const auto x, centered_along(ctx[0], ctx.has(2) ? &ctx[2] : nullptr, 1));
    TENON_TRY(const auto w, centered_along(ctx[1], ctx.has(3) ? &ctx[3] : nullptr, 0));
    elements_into<double> out(y);
    TENON_TRY(convolve(ctx, ctx[0].dims(), x, ctx[1].dims(), w, group, window(), y.dims(),
                       {out.data(), out.size()}));
    out.commit();
    return {};
  }
};

/// conv of quantised x by quantised w, requantised to y_scale and y_zero_point; b is i32 at x_scale * w_scale
struct qlinear_conv {
  static constexpr op_info info{"qlinear_conv",
                                ports{"x", "x_scale", "x_zero_point", "w", "w_scale",
                                      "w_zero_point", "y_scale", "y_zero_point", maybe("b")},
                                ports{"y"}};
  auto_pad_mode auto_pad = auto_pad_mode::notset;
  std::vector<std::int64_t> dilations = {};
  std::int64_t group = 1;
  std::vector<std::int64_t> kernel_shape = {};
  std::vector<std::int64_t> pads = {};
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes =
      attributes_of(attribute{"auto_pad", &qlinear_conv::auto_pad},
                    attribute{"dilations", &qlinear_conv::dilations},
                    attribute{"group", &qlinear_conv::group},
                    attribute{"kernel_shape", &qlinear_conv::kernel_shape},
                    attribute{"pads", &qlinear_conv::pads},
                    attribute{"strides", &qlinear_conv::strides});
  static constexpr onnx_import onnx{"QLinearConv", 10};
  friend bool operator==(const qlinear_conv&, const qlinear_conv&) = default;

  window_spec window() const { return {auto_pad, dilations, pads, strides}; }

  status infer(infer_context& ctx) const {
    for (const std::size_t i : {0U, 2U, 3U, 5U, 7U})
      TENON_TRY(require_byte(ctx, i, info.inputs.items[i].name));
    for (const std::size_t i : {1U, 4U, 6U})
      TENON_TRY(require_float(ctx, i, info.inputs.items[i].name));
    if (ctx.has(8)) TENON_TRY(ctx.require_type(8, {dtype::i32}, "b"));
    TENON_TRY(auto shape, convolution_shape(ctx, ctx[0], ctx[3], window(), group, kernel_shape));
    if (!shape) {
      output_unranked(ctx, 0, ctx[7].type);
      return {};
    }
    TENON_TRY(require_bias(ctx, 8, (*shape)[1]));
    ctx.output(0, ctx[7].type, std::move(*shape));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    TENON_TRY(const auto x, centered_along(ctx[0], &ctx[2], 1));
    TENON_TRY(const auto w, centered_along(ctx[3], &ctx[5], 0));
    const elements_as<double> x_scale(ctx[1]), w_scale(ctx[4]), y_scale(ctx[6]), y_zero(ctx[7]);
    const auto filters = static_cast<std::size_t>(y.dim(1));
    if (x_scale.size() != 1 || y_scale.size() != 1 || y_zero.size() != 1 ||
        (w_scale.size() != 1 && w_scale.size() != filters))
      return fail(code::shape, "scales have ", x_scale.size(), ", ", w_scale.size(), " and ",
                  y_scale.size(), " elements, expected 1, 1 or ", filters, ", and 1");
    elements_into<double> out(y);
    const std::span<double> values(out.data(), out.size());
    TENON_TRY(convolve(ctx, ctx[0].dims(), x, ctx[3].dims(), w, group, window(), y.dims(), values));
    if (ctx.has(8)) add_bias(ctx[8], y.dims(), values);
    const std::size_t inner = static_cast<std::size_t>(size_between(y.dims(), 2, y.rank()));
    const double lo = y.type() == dtype::i8 ? -128 : 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double scale =
          x_scale[0] * w_scale[w_scale.size() == 1 ? 0 : i / inner % filters] / y_scale[0];
      values[i] = std::clamp(std::nearbyint(values[i] * scale) + y_zero[0], lo, lo + 255);
    }
    out.commit();
    return {};
  }
};

/// y = the gradient of conv with respect to its input: x [n, c, ...] by w [c, m / group, ...] plus b [m]
struct conv_transpose {
  static constexpr op_info info{"conv_transpose", ports{"x", "w", maybe("b")}, ports{"y"}};
  auto_pad_mode auto_pad = auto_pad_mode::notset;
  std::vector<std::int64_t> dilations = {};
  std::int64_t group = 1;
  std::vector<std::int64_t> kernel_shape = {};
  std::vector<std::int64_t> output_padding =
      {};                                       ///< extra elements at the end of each spatial axis
  std::vector<std::int64_t> output_shape = {};  ///< spatial sizes; pads follow from them
  std::vector<std::int64_t> pads = {};
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes =
      attributes_of(attribute{"auto_pad", &conv_transpose::auto_pad},
                    attribute{"dilations", &conv_transpose::dilations},
                    attribute{"group", &conv_transpose::group},
                    attribute{"kernel_shape", &conv_transpose::kernel_shape},
                    attribute{"output_padding", &conv_transpose::output_padding},
                    attribute{"output_shape", &conv_transpose::output_shape},
                    attribute{"pads", &conv_transpose::pads},
                    attribute{"strides", &conv_transpose::strides});
  static constexpr onnx_import onnx{"ConvTranspose", 1};
  friend bool operator==(const conv_transpose&, const conv_transpose&) = default;

  window_spec window() const { return {auto_pad, dilations, pads, strides}; }

  std::int64_t extra(std::size_t i) const { return output_padding.empty() ? 0 : output_padding[i]; }

  /// Size of spatial axis `i` without any padding removed.
  dim full(dim in, dim kernel, std::size_t i) const {
    return dim(window().stride(i)) * (in - dim(1)) + dim(extra(i)) + window().reach(kernel, i);
  }

  /// Elements cut from the start of spatial axis `i` of concrete sizes.
  std::int64_t cut(std::int64_t in, std::int64_t out, std::int64_t kernel, std::size_t i) const {
    if (output_shape.empty() && !window().is_same()) return window().begin(i);
    const std::int64_t total = std::max<std::int64_t>(full(in, kernel, i).constant() - out, 0);
    return auto_pad == auto_pad_mode::same_upper ? total / 2 : total - total / 2;
  }

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status conv_transpose::infer(infer_context& ctx) const {
  TENON_TRY(require_float(ctx, 0, "x"));
  TENON_TRY(require_same_type(ctx, 0, 1, "w"));
  TENON_TRY(require_same_type(ctx, 0, 2, "b"));
  const fact &x = ctx[0], &w = ctx[1];
  if (group < 1) return fail(code::attribute, "group is ", group, ", expected at least 1");
  if (!x.is_ranked || !w.is_ranked) {
    output_unranked(ctx, 0, x.type);
    return {};
  }
  if (x.rank() < 2 || w.rank() != x.rank())
    return fail(code::shape, "x has shape ", bracketed(x.shape), " and w ", bracketed(w.shape),
                ", expected equal ranks of at least 2");
  const std::size_t rank = x.rank() - 2;
  const window_spec spec = window();
  TENON_TRY(spec.check(rank));
  if ((!kernel_shape.empty() && kernel_shape.size() != rank) ||
      (!output_padding.empty() && output_padding.size() != rank) ||
      (!output_shape.empty() && output_shape.size() < rank))
    return fail(code::attribute,
                "kernel_shape, output_padding or output_shape have another length than ", rank,
                " spatial axes");
  for (const std::int64_t v : output_padding)
    if (v < 0 || v > INT32_MAX)
      return fail(code::attribute, "output_padding contains ", v, ", expected at least 0");
  TENON_TRY(ctx.require_equal(x.shape[1], w.shape[0], "channels of x"));
  if (w.shape[0].is_constant() && w.shape[0].constant() % group != 0)
    return fail(code::shape, "x has ", w.shape[0], " channels, expected a multiple of group ",
                group);
  dims shape{x.shape[0], w.shape[1] * dim(group)};
  for (std::size_t i = 0; i < rank; ++i) {
    const dim kernel = w.shape[i + 2];
    if (!kernel_shape.empty())
      TENON_TRY(ctx.require_equal(kernel, kernel_shape[i], "kernel_shape"));
    dim size = full(x.shape[i + 2], kernel, i) - dim(spec.begin(i) + spec.end(i));
    if (spec.is_same()) size = x.shape[i + 2] * dim(spec.stride(i));
    if (!output_shape.empty()) size = output_shape[output_shape.size() - rank + i];
    if (size.is_overflow() || (size.is_constant() && size.constant() < 0))
      return fail(code::shape, "spatial axis ", i, " has output size ", size,
                  ", expected at least 0");
    shape.push_back(size);
  }
  TENON_TRY(require_bias(ctx, 2, shape[1]));
  ctx.output(0, x.type, std::move(shape));
  return {};
}

inline status conv_transpose::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor &x = ctx[0], &w = ctx[1];
  const elements_as<double> from(x), by(w);
  elements_into<double> out(y);
  const extents in = tail(x.dims(), 2), size = tail(y.dims(), 2), kernel = tail(w.dims(), 2);
  // The taps of output position p in a conv from y to x scatter x[p] over y.
  window_geometry g{size, in, kernel, {}, {}, {}};
  for (std::size_t i = 0; i < in.size(); ++i) {
    g.stride.push_back(window().stride(i));
    g.dilation.push_back(window().dilation(i));
    g.before.push_back(cut(in[i], size[i], kernel[i], i));
  }
  const std::int64_t filters = w.dim(1), channels = x.dim(1), each = channels / group;
  const std::int64_t inner = element_count(in), outer = element_count(size),
                     area = element_count(kernel);
  const std::span<double> values(out.data(), out.size());
  std::fill(values.begin(), values.end(), 0.0);
  std::vector<std::int64_t> position(in.size(), 0);
  std::vector<window_tap> taps;
  for (std::int64_t p = 0; p < inner; ++p, advance(position, in)) {
    TENON_TRY(ctx.check_limits());
    g.taps(position, taps);
    for (std::int64_t n = 0; n < x.dim(0); ++n)
      for (std::int64_t c = 0; c < channels; ++c) {
        const double v = from[static_cast<std::size_t>((n * channels + c) * inner + p)];
        for (std::int64_t m = 0; m < filters; ++m) {
          double* to = values.data() + (n * y.dim(1) + c / each * filters + m) * outer;
          const double* k = by.data() + (c * filters + m) * area;
          for (const window_tap t : taps) to[t.input] += v * k[t.kernel];
        }
      }
  }
  if (ctx.has(2)) add_bias(ctx[2], y.dims(), values);
  out.commit();
  return {};
}

using convolution_ops = type_list<conv, conv_integer, conv_transpose, qlinear_conv>;

}  // namespace tenon::inline v0::ops
