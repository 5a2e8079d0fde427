#pragma once

#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"
#include "tenon/ops/wrapping.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

namespace tenon::inline v0::ops {

/// y = max(x, 0)
struct relu : plain_op {
  static constexpr op_info info{"relu", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Relu", 6};

  status infer(infer_context& ctx) const { return infer_like_input(ctx, numbers); }

  status reference(eval_context& ctx) const {
    return map_number(
        ctx, {[](double x) { return x < 0 ? 0 : x; }, [](std::int64_t x) { return x < 0 ? 0 : x; },
              [](std::uint64_t x) { return x; }});
  }
};

/// How `gelu` computes the normal distribution.
enum class gelu_form : unsigned char { none, tanh };

constexpr auto enum_names(gelu_form) {
  return std::array<std::string_view, 2>{"none", "tanh"};
}

/// y = x * P(N <= x) of a standard normal N, by erf or by its tanh approximation
struct gelu {
  static constexpr op_info info{"gelu", ports{"x"}, ports{"y"}, pure | elementwise};
  gelu_form approximate = gelu_form::none;
  static constexpr auto attributes = attributes_of(attribute{"approximate", &gelu::approximate});
  static constexpr onnx_import onnx{"Gelu", 20};
  friend bool operator==(const gelu&, const gelu&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const {
    if (approximate == gelu_form::none)
      return map_real(ctx, [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); });
    return map_real(ctx, [](double x) {
      const double inner = std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
      return 0.5 * x * (1 + std::tanh(inner));
    });
  }
};

/// y = max(x, 0) + min(alpha * (e^(x / alpha) - 1), 0)
struct celu {
  static constexpr op_info info{"celu", ports{"x"}, ports{"y"}, pure | elementwise};
  float alpha = 1;
  static constexpr auto attributes = attributes_of(attribute{"alpha", &celu::alpha});
  static constexpr onnx_import onnx{"Celu", 12};
  friend bool operator==(const celu&, const celu&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const {
    return map_real(ctx, [this](double x) {
      return std::max(x, 0.0) + std::min(alpha * std::expm1(x / alpha), 0.0);
    });
  }
};

/// y = x < 0 ? alpha * (e^x - 1) : x
struct elu {
  static constexpr op_info info{"elu", ports{"x"}, ports{"y"}, pure | elementwise};
  float alpha = 1;
  static constexpr auto attributes = attributes_of(attribute{"alpha", &elu::alpha});
  static constexpr onnx_import onnx{"Elu", 6};
  friend bool operator==(const elu&, const elu&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const {
    return map_real(ctx, [this](double x) { return x < 0 ? alpha * std::expm1(x) : x; });
  }
};

/// y = alpha * x + beta, clamped to [0, 1]
struct hard_sigmoid {
  static constexpr op_info info{"hard_sigmoid", ports{"x"}, ports{"y"}, pure | elementwise};
  float alpha = 0.2F;
  float beta = 0.5F;
  static constexpr auto attributes = attributes_of(attribute{"alpha", &hard_sigmoid::alpha},
                                                   attribute{"beta", &hard_sigmoid::beta});
  static constexpr onnx_import onnx{"HardSigmoid", 6};
  friend bool operator==(const hard_sigmoid&, const hard_sigmoid&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const {
    return map_real(
        ctx, [this](double x) { return x != x ? x : std::clamp(alpha * x + beta, 0.0, 1.0); });
  }
};

/// y = x * (x / 6 + 1/2, clamped to [0, 1])
struct hard_swish : real_function<hard_swish> {
  static constexpr op_info info{"hard_swish", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"HardSwish", 14};

  static double of(double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }
};

/// y = x < 0 ? alpha * x : x
struct leaky_relu {
  static constexpr op_info info{"leaky_relu", ports{"x"}, ports{"y"}, pure | elementwise};
  float alpha = 0.01F;
  static constexpr auto attributes = attributes_of(attribute{"alpha", &leaky_relu::alpha});
  static constexpr onnx_import onnx{"LeakyRelu", 6};
  friend bool operator==(const leaky_relu&, const leaky_relu&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const {
    return map_real(ctx, [this](double x) { return x < 0 ? alpha * x : x; });
  }
};

/// y = x * tanh(ln(1 + e^x))
struct mish : real_function<mish> {
  static constexpr op_info info{"mish", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Mish", 18};

  static double of(double x) {
    return x * std::tanh(std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))));
  }
};

/// y = gamma * (x > 0 ? x : alpha * (e^x - 1))
struct selu {
  static constexpr op_info info{"selu", ports{"x"}, ports{"y"}, pure | elementwise};
  float alpha = 1.67326319217681884765625F;
  float gamma = 1.05070102214813232421875F;
  static constexpr auto attributes =
      attributes_of(attribute{"alpha", &selu::alpha}, attribute{"gamma", &selu::gamma});
  static constexpr onnx_import onnx{"Selu", 6};
  friend bool operator==(const selu&, const selu&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const {
    return map_real(ctx, [this](double x) { return gamma * (x > 0 ? x : alpha * std::expm1(x)); });
  }
};

/// y = ln(1 + e^x)
struct softplus : real_function<softplus> {
  static constexpr op_info info{"softplus", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Softplus", 1};

  static double of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
};

/// y = x / (1 + |x|)
struct softsign : real_function<softsign> {
  static constexpr op_info info{"softsign", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Softsign", 1};

  static double of(double x) { return x / (1 + std::fabs(x)); }
};

/// y = x / (1 + e^(-alpha * x))
struct swish {
  static constexpr op_info info{"swish", ports{"x"}, ports{"y"}, pure | elementwise};
  float alpha = 1;
  static constexpr auto attributes = attributes_of(attribute{"alpha", &swish::alpha});
  static constexpr onnx_import onnx{"Swish", 24};
  friend bool operator==(const swish&, const swish&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const {
    return map_real(ctx, [this](double x) { return x / (1 + std::exp(-alpha * x)); });
  }
};

/// y = x > alpha ? x : 0
struct thresholded_relu {
  static constexpr op_info info{"thresholded_relu", ports{"x"}, ports{"y"}, pure | elementwise};
  float alpha = 1;
  static constexpr auto attributes = attributes_of(attribute{"alpha", &thresholded_relu::alpha});
  static constexpr onnx_import onnx{"ThresholdedRelu", 10};
  friend bool operator==(const thresholded_relu&, const thresholded_relu&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const {
    return map_real(ctx, [this](double x) { return x > alpha ? x : 0.0; });
  }
};

/// y = x < -lambd ? x + bias : x > lambd ? x - bias : 0
struct shrink {
  static constexpr op_info info{"shrink", ports{"x"}, ports{"y"}, pure | elementwise};
  float bias = 0;
  float lambd = 0.5F;  ///< half the width of the interval that becomes 0
  static constexpr auto attributes =
      attributes_of(attribute{"bias", &shrink::bias}, attribute{"lambd", &shrink::lambd});
  static constexpr onnx_import onnx{"Shrink", 9};
  friend bool operator==(const shrink&, const shrink&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, numbers); }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const elements_as<double> x(ctx[0]);
    elements_into<double> out(y);
    for (std::size_t i = 0; i < x.size(); ++i)
      out[i] = x[i] < -lambd ? x[i] + bias : x[i] > lambd ? x[i] - bias : 0.0;
    out.commit();
    return {};
  }
};

/// y = x < 0 ? slope * x : x, with slope broadcast to the shape of x
struct prelu : plain_op {
  static constexpr op_info info{"prelu", ports{"x", "slope"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"PRelu", 7};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_same_types(ctx, numbers));
    if (!ctx[0].is_ranked || !ctx[1].is_ranked) {
      ctx.output(0, ctx[0]);
      return {};
    }
    const dims broadcast = ctx.outputs()[0].shape;
    TENON_TRY(ctx.require_same(broadcast, ctx[0].shape, "slope, broadcast to x,"));
    ctx.output(0, ctx[0].type, ctx[0].shape);
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_arithmetic(
        ctx, {[](double x, double s) { return x < 0 ? s * x : x; },
              [](std::int64_t x, std::int64_t s) { return x < 0 ? wrapping_mul(s, x) : x; },
              [](std::uint64_t x, std::uint64_t) { return x; }});
  }
};

/// y = min(max(x, low), high); without a bound that side is open
struct clip : plain_op {
  static constexpr op_info info{"clip", ports{"x", maybe("low"), maybe("high")}, ports{"y"},
                                pure | elementwise};
  static constexpr onnx_import onnx{"Clip", 11};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, numbers));
    for (const std::size_t i : {1U, 2U}) {
      if (!ctx.has(i)) continue;
      const std::string_view what = i == 1 ? "low" : "high";
      TENON_TRY(require_type_of(ctx, i, 0, what));
      TENON_TRY(require_scalar(ctx, i, what));
    }
    propagate_bounds(ctx);
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const dtype type = y.type();
    if (is_float(type))
      bound<double>(ctx, y);
    else if (is_unsigned_integer(type))
      bound<std::uint64_t>(ctx, y);
    else
      bound<std::int64_t>(ctx, y);
    return {};
  }

 private:
  static void propagate_bounds(infer_context& ctx) {
    const auto low = ctx.elements(1), high = ctx.elements(2);
    if ((ctx.has(1) && (!low || low->size() != 1)) || (ctx.has(2) && (!high || high->size() != 1)))
      return;
    propagate(ctx, [&](dim x) {
      if (low) x = max(x, low->front());
      return std::optional(high ? min(x, high->front()) : x);
    });
  }

  template <class T> static void bound(eval_context& ctx, const tensor& y) {
    const elements_as<T> x(ctx[0]);
    elements_into<T> out(y);
    std::copy(x.data(), x.data() + x.size(), out.data());
    for (const std::size_t i : {1U, 2U}) {
      if (!ctx.has(i)) continue;
      const elements_as<T> limit(ctx[i]);
      for (std::size_t k = 0; k < x.size(); ++k)
        if (i == 1 ? out[k] < limit[0] : out[k] > limit[0]) out[k] = limit[0];
    }
    out.commit();
  }
};

/// y = a / (1 + e^(-alpha * a)) * b, for a and b of the same shape
struct swiglu {
  static constexpr op_info info{"swiglu", ports{"a", "b"}, ports{"y"}, pure | elementwise};
  float alpha = 1;
  static constexpr auto attributes = attributes_of(attribute{"alpha", &swiglu::alpha});
  static constexpr onnx_import onnx{"SwiGLU", 28};
  friend bool operator==(const swiglu&, const swiglu&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, floats));
    TENON_TRY(require_type_of(ctx, 1, 0, "b"));
    if (ctx[0].is_ranked && ctx[1].is_ranked)
      TENON_TRY(ctx.require_same(ctx[1].shape, ctx[0].shape, "b"));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const elements_as<double> a(ctx[0]), b(ctx[1]);
    elements_into<double> out(y);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = a[i] / (1 + std::exp(-alpha * a[i])) * b[i];
    out.commit();
    return {};
  }
};

using activation_ops = type_list<celu,
                                 clip,
                                 elu,
                                 gelu,
                                 hard_sigmoid,
                                 hard_swish,
                                 leaky_relu,
                                 mish,
                                 prelu,
                                 relu,
                                 selu,
                                 shrink,
                                 softplus,
                                 softsign,
                                 swiglu,
                                 swish,
                                 thresholded_relu>;

}  // namespace tenon::inline v0::ops
