#pragma once

#include "tenon/ops/axis_walk.hpp"
#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"

#include <cmath>

namespace tenon::inline v0::ops {

/// The shape rule of ops that work on the lines along an axis of a float tensor.
inline status infer_along_axis(infer_context& ctx, std::int64_t axis) {
  TENON_TRY(infer_like_input(ctx, floats));
  if (ctx[0].is_ranked && ctx[0].rank() > 0) TENON_TRY(ctx.axis(axis, ctx[0].rank()));
  return {};
}

/// Calls `f(x, stride, length)` on a double copy of each line along an axis, to be changed in place.
inline status map_lines(eval_context& ctx,
                        std::int64_t axis,
                        function_ref<void(double*, std::int64_t, std::int64_t)> f) {
  TENON_TRY(tensor y, ctx.output(0));
  std::vector<double> x(static_cast<std::size_t>(y.size()));
  load_elements<double>(ctx[0], x);
  const axis_split split(y.dims(), axis);
  for (std::int64_t line = 0; line < split.lines() && split.length > 0; ++line)
    f(x.data() + split.start(line), split.stride, split.length);
  store_elements<double>(x, y);
  return {};
}

/// Turns a line into its softmax; a line of only minus infinity becomes NaN.
inline void softmax_line(double* x, std::int64_t stride, std::int64_t length) {
  double top = -INFINITY, total = 0;
  for (std::int64_t i = 0; i < length; ++i) top = std::fmax(top, x[i * stride]);
  for (std::int64_t i = 0; i < length; ++i) {
    double& v = x[i * stride];
    v = std::exp(v - top);
    total += v;
  }
  for (std::int64_t i = 0; i < length; ++i) x[i * stride] /= total;
}

/// Turns a line into the logarithm of its softmax.
inline void log_softmax_line(double* x, std::int64_t stride, std::int64_t length) {
  double top = -INFINITY, total = 0;
  for (std::int64_t i = 0; i < length; ++i) top = std::fmax(top, x[i * stride]);
  for (std::int64_t i = 0; i < length; ++i) total += std::exp(x[i * stride] - top);
  const double shift = top + std::log(total);
  for (std::int64_t i = 0; i < length; ++i) x[i * stride] -= shift;
}

/// y = e^x / sum(e^x) along an axis
struct softmax {
  static constexpr op_info info{"softmax", ports{"x"}, ports{"y"}};
  std::int64_t axis = -1;
  static constexpr auto attributes = attributes_of(attribute{"axis", &softmax::axis});
  static constexpr onnx_import onnx{"Softmax", 13};
  friend bool operator==(const softmax&, const softmax&) = default;

  status infer(infer_context& ctx) const { return infer_along_axis(ctx, axis); }

  status reference(eval_context& ctx) const { return map_lines(ctx, axis, &softmax_line); }
};

/// y = x - log(sum(e^x)) along an axis
struct log_softmax {
  static constexpr op_info info{"log_softmax", ports{"x"}, ports{"y"}};
  std::int64_t axis = -1;
  static constexpr auto attributes = attributes_of(attribute{"axis", &log_softmax::axis});
  static constexpr onnx_import onnx{"LogSoftmax", 13};
  friend bool operator==(const log_softmax&, const log_softmax&) = default;

  status infer(infer_context& ctx) const { return infer_along_axis(ctx, axis); }

  status reference(eval_context& ctx) const { return map_lines(ctx, axis, &log_softmax_line); }
};

/// y = 1 at the first largest element along an axis, 0 elsewhere
struct hardmax {
  static constexpr op_info info{"hardmax", ports{"x"}, ports{"y"}};
  std::int64_t axis = -1;
  static constexpr auto attributes = attributes_of(attribute{"axis", &hardmax::axis});
  static constexpr onnx_import onnx{"Hardmax", 13};
  friend bool operator==(const hardmax&, const hardmax&) = default;

  status infer(infer_context& ctx) const { return infer_along_axis(ctx, axis); }

  status reference(eval_context& ctx) const {
    return map_lines(ctx, axis, [](double* x, std::int64_t stride, std::int64_t length) {
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < length; ++i)
        if (x[i * stride] > x[best * stride]) best = i;
      for (std::int64_t i = 0; i < length; ++i) x[i * stride] = i == best ? 1 : 0;
    });
  }
};

using softmax_ops = type_list<hardmax, log_softmax, softmax>;

}  // namespace tenon::inline v0::ops
