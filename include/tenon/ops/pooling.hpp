#pragma once

#include "tenon/ops/type_list.hpp"
#include "tenon/ops/window.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

namespace tenon::inline v0::ops {

/// Shape of a pooling of x [n, c, ...]; nothing when the rank is unknown.
inline result<std::optional<dims>> pooling_shape(infer_context& ctx,
                                                 const window_spec& spec,
                                                 std::span<const std::int64_t> kernel) {
  const fact& x = ctx[0];
  for (const std::int64_t k : kernel)
    if (k < 1 || k > INT32_MAX)
      return fail(code::attribute, "kernel_shape contains ", k, ", expected 1 to 2^31 - 1");
  if (!x.is_ranked) return std::optional<dims>();
  if (x.rank() < 2 || kernel.size() != x.rank() - 2)
    return fail(code::attribute, "kernel_shape has ", kernel.size(), " values, expected rank ",
                x.rank(), " of x minus 2");
  TENON_TRY(spec.check(kernel.size()));
  dims out{x.shape[0], x.shape[1]};
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    TENON_TRY(const dim size, spec.size(ctx, x.shape[i + 2], kernel[i], i));
    out.push_back(size);
  }
  return std::optional(out);
}

inline fact fact_of_shape(const std::optional<dims>& shape, dtype type) {
  return shape ? fact::of(type, *shape) : fact::unranked(type);
}

/// Calls `f(flat, position, taps)` for every output position of a pooling.
template <class F> status for_each_window(eval_context& ctx, const window_geometry& g, F&& f) {
  const std::int64_t count = element_count(g.out);
  std::vector<std::int64_t> position(g.out.size(), 0);
  std::vector<window_tap> taps;
  for (std::int64_t o = 0; o < count; ++o, advance(position, g.out)) {
    TENON_TRY(ctx.check_limits());
    g.taps(position, taps);
    f(o, position, taps);
  }
  return {};
}

/// y = the largest element of each window; indices: where it is in x, flat over all axes
struct max_pool {
  static constexpr op_info info{"max_pool", ports{"x"}, ports{"y", "indices"}};
  auto_pad_mode auto_pad = auto_pad_mode::notset;
  bool ceil_mode = false;
  std::vector<std::int64_t> dilations = {};
  std::vector<std::int64_t> kernel_shape = {};
  std::vector<std::int64_t> pads = {};
  std::int64_t storage_order = 0;  ///< 1: indices count spatial axes column-major
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes =
      attributes_of(attribute{"auto_pad", &max_pool::auto_pad},
                    attribute{"ceil_mode", &max_pool::ceil_mode},
                    attribute{"dilations", &max_pool::dilations},
                    attribute{"kernel_shape", &max_pool::kernel_shape, true},
                    attribute{"pads", &max_pool::pads},
                    attribute{"storage_order", &max_pool::storage_order},
                    attribute{"strides", &max_pool::strides});
  static constexpr onnx_import onnx{"MaxPool", 1};
  friend bool operator==(const max_pool&, const max_pool&) = default;

  window_spec window() const { return {auto_pad, dilations, pads, strides, ceil_mode}; }

  status infer(infer_context& ctx) const {
    if (!is_numeric(ctx[0].type))
      return fail(code::shape, "x is ", name_of(ctx[0].type), ", expected a numeric type");
    TENON_TRY(auto shape, pooling_shape(ctx, window(), kernel_shape));
    ctx.output(0, fact_of_shape(shape, ctx[0].type));
    ctx.output(1, fact_of_shape(shape, dtype::i64));
    return {};
  }

  status reference(eval_context& ctx) const;
};

inline status max_pool::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  std::int64_t* places = nullptr;
  if (ctx.output_count() > 1) {
    TENON_TRY(tensor indices, ctx.output(1, dtype::i64, y.dims()));
    places = indices.data<std::int64_t>();
  }
  const auto g = window_geometry::of(window(), tail(ctx[0].dims(), 2), tail(y.dims(), 2),
                                     extents(kernel_shape.begin(), kernel_shape.end()));
  const std::int64_t lanes = y.dim(0) * y.dim(1), in = element_count(g.in),
                     out = element_count(g.out);
  const extents own = strides_of(g.in);
  const auto place = [&](std::int64_t flat) {
    if (storage_order == 0) return flat;
    std::int64_t at = 0, step = 1;
    for (std::size_t a = 0; a < g.in.size(); ++a) {
      at += flat / own[a] % g.in[a] * step;
      step *= g.in[a];
    }
    return at;
  };
  status done;
  with_compute_type(y.type(), [&]<class T>(T) {
    const elements_as<T> x(ctx[0]);
    elements_into<T> values(y);
    const T least = std::is_floating_point_v<T>     ? -std::numeric_limits<T>::infinity()
                    : is_unsigned_integer(y.type()) ? T{0}
                                                    : std::numeric_limits<T>::lowest();
    done = for_each_window(ctx, g, [&](std::int64_t o, const auto&, const auto& taps) {
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        const T* plane = x.data() + lane * in;
        T best = least;
        std::int64_t at = -1;
        for (const window_tap t : taps) {
          const T v = plane[t.input];
          const bool is_nan = v != v;
          if (at >= 0 && !is_nan && !(v > best)) continue;
          best = v;
          at = t.input;
          if (is_nan) break;
        }
        values[static_cast<std::size_t>(lane * out + o)] = best;
        if (places) places[lane * out + o] = at < 0 ? -1 : lane * in + place(at);
      }
    });
    values.commit();
  });
  return done;
}

/// y = the mean of each window; padding counts as zeros only with count_include_pad
struct average_pool {
  static constexpr op_info info{"average_pool", ports{"x"}, ports{"y"}};
  auto_pad_mode auto_pad = auto_pad_mode::notset;
  bool ceil_mode = false;
  bool count_include_pad = false;
  std::vector<std::int64_t> dilations = {};
  std::vector<std::int64_t> kernel_shape = {};
  std::vector<std::int64_t> pads = {};
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes =
      attributes_of(attribute{"auto_pad", &average_pool::auto_pad},
                    attribute{"ceil_mode", &average_pool::ceil_mode},
                    attribute{"count_include_pad", &average_pool::count_include_pad},
                    attribute{"dilations", &average_pool::dilations},
                    attribute{"kernel_shape", &average_pool::kernel_shape, true},
                    attribute{"pads", &average_pool::pads},
                    attribute{"strides", &average_pool::strides});
  static constexpr onnx_import onnx{"AveragePool", 1};
  friend bool operator==(const average_pool&, const average_pool&) = default;

  window_spec window() const { return {auto_pad, dilations, pads, strides, ceil_mode}; }

  status infer(infer_context& ctx) const {
    TENON_TRY(require_float(ctx, 0, "x"));
    TENON_TRY(auto shape, pooling_shape(ctx, window(), kernel_shape));
    ctx.output(0, fact_of_shape(shape, ctx[0].type));
    return {};
  }

  /// Taps of a window that fall into x or its padding.
  double padded_count(const window_geometry& g, std::span<const std::int64_t> position) const {
    double all = 1;
    for (std::size_t a = 0; a < g.in.size(); ++a) {
      const std::int64_t end = g.in[a] + window().after(g.in[a], g.out[a], g.kernel[a], a);
      std::int64_t count = 0;
      for (std::int64_t k = 0; k < g.kernel[a]; ++k)
        count += position[a] * g.stride[a] - g.before[a] + k * g.dilation[a] < end;
      all *= static_cast<double>(count);
    }
    return all;
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto g = window_geometry::of(window(), tail(ctx[0].dims(), 2), tail(y.dims(), 2),
                                       extents(kernel_shape.begin(), kernel_shape.end()));
    const std::int64_t lanes = y.dim(0) * y.dim(1), in = element_count(g.in),
                       out = element_count(g.out);
    const elements_as<double> x(ctx[0]);
    elements_into<double> values(y);
    TENON_TRY(for_each_window(ctx, g, [&](std::int64_t o, const auto& position, const auto& taps) {
      const double count =
          count_include_pad ? padded_count(g, position) : static_cast<double>(taps.size());
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        double sum = 0;
        for (const window_tap t : taps) sum += x[static_cast<std::size_t>(lane * in + t.input)];
        values[static_cast<std::size_t>(lane * out + o)] = count == 0 ? 0 : sum / count;
      }
    }));
    values.commit();
    return {};
  }
};

/// y = the p-norm of each window
struct lp_pool {
  static constexpr op_info info{"lp_pool", ports{"x"}, ports{"y"}};
  auto_pad_mode auto_pad = auto_pad_mode::notset;
  bool ceil_mode = false;
  std::vector<std::int64_t> dilations = {};
  std::vector<std::int64_t> kernel_shape = {};
  std::int64_t p = 2;
  std::vector<std::int64_t> pads = {};
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes =
      attributes_of(attribute{"auto_pad", &lp_pool::auto_pad},
                    attribute{"ceil_mode", &lp_pool::ceil_mode},
                    attribute{"dilations", &lp_pool::dilations},
                    attribute{"kernel_shape", &lp_pool::kernel_shape, true},
                    attribute{"p", &lp_pool::p},
                    attribute{"pads", &lp_pool::pads},
                    attribute{"strides", &lp_pool::strides});
  static constexpr onnx_import onnx{"LpPool", 2};
  friend bool operator==(const lp_pool&, const lp_pool&) = default;

  window_spec window() const { return {auto_pad, dilations, pads, strides, ceil_mode}; }

  status infer(infer_context& ctx) const {
    TENON_TRY(require_float(ctx, 0, "x"));
    if (p < 1) return fail(code::attribute, "p is ", p, ", expected at least 1");
    TENON_TRY(auto shape, pooling_shape(ctx, window(), kernel_shape));
    ctx.output(0, fact_of_shape(shape, ctx[0].type));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto g = window_geometry::of(window(), tail(ctx[0].dims(), 2), tail(y.dims(), 2),
                                       extents(kernel_shape.begin(), kernel_shape.end()));
    const std::int64_t lanes = y.dim(0) * y.dim(1), in = element_count(g.in),
                       out = element_count(g.out);
    const elements_as<double> x(ctx[0]);
    elements_into<double> values(y);
    const auto power = static_cast<double>(p);
    TENON_TRY(for_each_window(ctx, g, [&](std::int64_t o, const auto&, const auto& taps) {
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        double sum = 0;
        for (const window_tap t : taps)
          sum += std::pow(std::fabs(x[static_cast<std::size_t>(lane * in + t.input)]), power);
        values[static_cast<std::size_t>(lane * out + o)] = std::pow(sum, 1 / power);
      }
    }));
    values.commit();
    return {};
  }
};

/// Output [n, c, 1, ...] of the global poolings.
inline status infer_global_pool(infer_context& ctx) {
  TENON_TRY(require_float(ctx, 0, "x"));
  const fact& x = ctx[0];
  if (!x.is_ranked) {
    output_unranked(ctx, 0, x.type);
    return {};
  }
  if (x.rank() < 2)
    return fail(code::shape, "x has shape ", bracketed(x.shape), ", expected rank 2 or more");
  dims shape(x.rank(), dim(1));
  shape[0] = x.shape[0];
  shape[1] = x.shape[1];
  ctx.output(0, x.type, std::move(shape));
  return {};
}

/// y per plane: finish(fold of step over its elements), in double.
template <class Step, class Finish>
status global_pool(eval_context& ctx, double start, Step step, Finish finish) {
  TENON_TRY(tensor y, ctx.output(0));
  const elements_as<double> x(ctx[0]);
  elements_into<double> out(y);
  const std::size_t plane = out.size() == 0 ? 0 : x.size() / out.size();
  for (std::size_t lane = 0; lane < out.size(); ++lane) {
    double state = start;
    for (std::size_t i = 0; i < plane; ++i) state = step(state, x[lane * plane + i]);
    out[lane] = finish(state, static_cast<double>(plane));
  }
  out.commit();
  return {};
}

/// y [n, c, 1, ...] = mean over all spatial axes
struct global_average_pool {
  static constexpr op_info info{"global_average_pool", ports{"x"}, ports{"y"}};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"GlobalAveragePool", 1};
  friend bool operator==(const global_average_pool&, const global_average_pool&) = default;

  status infer(infer_context& ctx) const { return infer_global_pool(ctx); }

  status reference(eval_context& ctx) const {
    return global_pool(
        ctx, 0.0, [](double s, double v) { return s + v; },
        [](double s, double n) { return s / n; });
  }
};

/// y [n, c, 1, ...] = maximum over all spatial axes
struct global_max_pool {
  static constexpr op_info info{"global_max_pool", ports{"x"}, ports{"y"}};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"GlobalMaxPool", 1};
  friend bool operator==(const global_max_pool&, const global_max_pool&) = default;

  status infer(infer_context& ctx) const { return infer_global_pool(ctx); }

  status reference(eval_context& ctx) const {
    return global_pool(
        ctx, -std::numeric_limits<double>::infinity(),
        [](double s, double v) { return s != s || s > v ? s : v; },
        [](double s, double) { return s; });
  }
};

/// y [n, c, 1, ...] = p-norm over all spatial axes
struct global_lp_pool {
  static constexpr op_info info{"global_lp_pool", ports{"x"}, ports{"y"}};
  std::int64_t p = 2;
  static constexpr auto attributes = attributes_of(attribute{"p", &global_lp_pool::p});
  static constexpr onnx_import onnx{"GlobalLpPool", 2};
  friend bool operator==(const global_lp_pool&, const global_lp_pool&) = default;

  status infer(infer_context& ctx) const {
    if (p < 1) return fail(code::attribute, "p is ", p, ", expected at least 1");
    return infer_global_pool(ctx);
  }

  status reference(eval_context& ctx) const {
    const auto power = static_cast<double>(p);
    return global_pool(
        ctx, 0.0, [power](double s, double v) { return s + std::pow(std::fabs(v), power); },
        [power](double s, double) { return std::pow(s, 1 / power); });
  }
};

/// y = zeros with each x at its index, undoing max_pool
struct max_unpool {
  static constexpr op_info info{"max_unpool", ports{"x", "indices", maybe("output_shape")},
                                ports{"y"}};
  std::vector<std::int64_t> kernel_shape = {};
  std::vector<std::int64_t> pads = {};
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes =
      attributes_of(attribute{"kernel_shape", &max_unpool::kernel_shape, true},
                    attribute{"pads", &max_unpool::pads},
                    attribute{"strides", &max_unpool::strides});
  static constexpr onnx_import onnx{"MaxUnpool", 9};
  friend bool operator==(const max_unpool&, const max_unpool&) = default;

  /// Shape without an output_shape input.
  dims default_shape(const dims& x) const {
    const window_spec spec{auto_pad_mode::notset, {}, pads, strides};
    dims out{x[0], x[1]};
    for (std::size_t i = 0; i < kernel_shape.size(); ++i)
      out.push_back((x[i + 2] - dim(1)) * dim(spec.stride(i)) + dim(kernel_shape[i]) -
                    dim(spec.begin(i) + spec.end(i)));
    return out;
  }

  status infer(infer_context& ctx) const {
    TENON_TRY(require_float(ctx, 0, "x"));
    TENON_TRY(ctx.require_type(1, {dtype::i64}, "indices"));
    const fact& x = ctx[0];
    const auto wanted = ctx.content(2);
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      return {};
    }
    const window_spec spec{auto_pad_mode::notset, {}, pads, strides};
    if (x.rank() < 2 || kernel_shape.size() != x.rank() - 2)
      return fail(code::attribute, "kernel_shape has ", kernel_shape.size(),
                  " values, expected rank ", x.rank(), " of x minus 2");
    TENON_TRY(spec.check(kernel_shape.size()));
    if (ctx[1].is_ranked) TENON_TRY(ctx.require_same(ctx[1].shape, x.shape, "indices"));
    if (ctx.has(2) && !wanted) {
      ctx.output(0, x.type, unknown_sizes(ctx, "unpool", x.rank()));
      return {};
    }
    if (wanted && wanted->size() != x.rank())
      return fail(code::shape, "output_shape has ", wanted->size(), " elements, expected ",
                  x.rank());
    ctx.output(0, x.type, wanted ? dims(std::span<const dim>(*wanted)) : default_shape(x.shape));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    if (!y.empty()) std::memset(y.bytes(), 0, y.size_bytes());
    const auto small = to_extents(default_shape(to_dims(ctx[0].dims())));
    if (!small) return fail(code::resource, "the output outgrows 64 bits");
    const extents from = strides_of(*small), to = strides_of(y.dims());
    const std::int64_t count = element_count(*small);
    const element_mover move(y, ctx[0]);
    for (std::int64_t i = 0; i < ctx[0].size(); ++i) {
      const std::int64_t at = ctx[1].data<std::int64_t>()[i];
      std::int64_t place = 0;
      bool inside = at >= 0 && at < count;
      for (std::size_t a = 0; inside && a < from.size(); ++a) {
        const std::int64_t index = at / from[a] % (*small)[a];
        inside = index < y.dim(a);
        place += index * to[a];
      }
      if (!inside) return fail(code::index, "indices contains ", at, ", expected 0 to ", count - 1);
      move(place, i);
    }
    return {};
  }
};

using pooling_ops = type_list<average_pool,
                              global_average_pool,
                              global_lp_pool,
                              global_max_pool,
                              lp_pool,
                              max_pool,
                              max_unpool>;

}  // namespace tenon::inline v0::ops
