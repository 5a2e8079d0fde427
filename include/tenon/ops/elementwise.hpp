#pragma once

#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"
#include "tenon/ops/wrapping.hpp"

#include <cmath>
#include <optional>

namespace tenon::inline v0::ops {

/// y = 1 / x
struct reciprocal : real_function<reciprocal> {
  static constexpr op_info info{"reciprocal", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Reciprocal", 6};

  static double of(double x) { return 1 / x; }
};

/// y = sqrt(x)
struct sqrt : real_function<sqrt> {
  static constexpr op_info info{"sqrt", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Sqrt", 6};

  static double of(double x) { return std::sqrt(x); }
};

/// y = e^x
struct exp : real_function<exp> {
  static constexpr op_info info{"exp", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Exp", 6};

  static double of(double x) { return std::exp(x); }
};

/// y = the natural logarithm of x
struct log : real_function<log> {
  static constexpr op_info info{"log", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Log", 6};

  static double of(double x) { return std::log(x); }
};

/// y = the error function of x
struct erf : real_function<erf> {
  static constexpr op_info info{"erf", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Erf", 9};

  static double of(double x) { return std::erf(x); }
};

/// y = x rounded towards plus infinity
struct ceil : real_function<ceil> {
  static constexpr op_info info{"ceil", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Ceil", 6};

  static double of(double x) { return std::ceil(x); }
};

/// y = x rounded towards minus infinity
struct floor : real_function<floor> {
  static constexpr op_info info{"floor", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Floor", 6};

  static double of(double x) { return std::floor(x); }
};

/// y = x rounded to the nearest integer, halves to even
struct round : real_function<round> {
  static constexpr op_info info{"round", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Round", 11};

  static double of(double x) { return std::nearbyint(x); }
};

/// y = sin(x)
struct sin : real_function<sin> {
  static constexpr op_info info{"sin", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Sin", 7};

  static double of(double x) { return std::sin(x); }
};

/// y = cos(x)
struct cos : real_function<cos> {
  static constexpr op_info info{"cos", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Cos", 7};

  static double of(double x) { return std::cos(x); }
};

/// y = tan(x)
struct tan : real_function<tan> {
  static constexpr op_info info{"tan", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Tan", 7};

  static double of(double x) { return std::tan(x); }
};

/// y = arcsin(x)
struct asin : real_function<asin> {
  static constexpr op_info info{"asin", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Asin", 7};

  static double of(double x) { return std::asin(x); }
};

/// y = arccos(x)
struct acos : real_function<acos> {
  static constexpr op_info info{"acos", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Acos", 7};

  static double of(double x) { return std::acos(x); }
};

/// y = arctan(x)
struct atan : real_function<atan> {
  static constexpr op_info info{"atan", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Atan", 7};

  static double of(double x) { return std::atan(x); }
};

/// y = sinh(x)
struct sinh : real_function<sinh> {
  static constexpr op_info info{"sinh", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Sinh", 9};

  static double of(double x) { return std::sinh(x); }
};

/// y = cosh(x)
struct cosh : real_function<cosh> {
  static constexpr op_info info{"cosh", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Cosh", 9};

  static double of(double x) { return std::cosh(x); }
};

/// y = tanh(x)
struct tanh : real_function<tanh> {
  static constexpr op_info info{"tanh", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Tanh", 6};

  static double of(double x) { return std::tanh(x); }
};

/// y = arsinh(x)
struct asinh : real_function<asinh> {
  static constexpr op_info info{"asinh", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Asinh", 9};

  static double of(double x) { return std::asinh(x); }
};

/// y = arcosh(x)
struct acosh : real_function<acosh> {
  static constexpr op_info info{"acosh", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Acosh", 9};

  static double of(double x) { return std::acosh(x); }
};

/// y = artanh(x)
struct atanh : real_function<atanh> {
  static constexpr op_info info{"atanh", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Atanh", 9};

  static double of(double x) { return std::atanh(x); }
};

/// y = 1 / (1 + e^-x)
struct sigmoid : real_function<sigmoid> {
  static constexpr op_info info{"sigmoid", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Sigmoid", 6};

  static double of(double x) { return 1 / (1 + std::exp(-x)); }
};

/// y = |x|; the lowest integer stays itself
struct abs : plain_op {
  static constexpr op_info info{"abs", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Abs", 6};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, numbers));
    propagate(ctx, [](dim d) {
      return d.is_constant() ? std::optional(d.constant() < 0 ? -d : d) : std::nullopt;
    });
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_number(ctx, {[](double x) { return std::fabs(x); },
                            [](std::int64_t x) { return x < 0 ? negated(x) : x; },
                            [](std::uint64_t x) { return x; }});
  }
};

/// y = -x; the lowest integer stays itself
struct neg : plain_op {
  static constexpr op_info info{"neg", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Neg", 6};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, floats | signed_integers));
    propagate(ctx, [](dim d) { return std::optional(-d); });
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_number(ctx, {[](double x) { return -x; }, [](std::int64_t x) { return negated(x); },
                            [](std::uint64_t x) { return 0 - x; }});
  }
};

/// y = 1 for x > 0, -1 for x < 0, else x
struct sign : plain_op {
  static constexpr op_info info{"sign", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Sign", 9};

  status infer(infer_context& ctx) const { return infer_like_input(ctx, numbers); }

  status reference(eval_context& ctx) const {
    return map_number(ctx, {[](double x) { return x > 0   ? 1
                                                  : x < 0 ? -1
                                                          : x; },
                            [](std::int64_t x) { return std::int64_t{x > 0} - (x < 0); },
                            [](std::uint64_t x) { return std::uint64_t{x > 0}; }});
  }
};

using elementwise_ops = type_list<abs,
                                  acos,
                                  acosh,
                                  asin,
                                  asinh,
                                  atan,
                                  atanh,
                                  ceil,
                                  cos,
                                  cosh,
                                  erf,
                                  exp,
                                  floor,
                                  log,
                                  neg,
                                  reciprocal,
                                  round,
                                  sigmoid,
                                  sign,
                                  sin,
                                  sinh,
                                  sqrt,
                                  tan,
                                  tanh>;

}  // namespace tenon::inline v0::ops
