#pragma once

#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"
#include "tenon/ops/wrapping.hpp"

#include <cmath>
#include <optional>

namespace tenon::inline v0::ops {

/// y = a + b; integers wrap
struct add : plain_op {
  static constexpr op_info info{"add", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Add", 7};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_same_types(ctx, numbers));
    propagate(ctx, [](dim a, dim b) { return std::optional(a + b); });
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_arithmetic(ctx, {[](double a, double b) { return a + b; }, &wrapping_add,
                                [](std::uint64_t a, std::uint64_t b) { return a + b; }});
  }
};

/// y = a - b; integers wrap
struct sub : plain_op {
  static constexpr op_info info{"sub", ports{"a", "b"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Sub", 7};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_same_types(ctx, numbers));
    propagate(ctx, [](dim a, dim b) { return std::optional(a - b); });
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_arithmetic(ctx, {[](double a, double b) { return a - b; }, &wrapping_sub,
                                [](std::uint64_t a, std::uint64_t b) { return a - b; }});
  }
};

/// y = a * b; integers wrap
struct mul : plain_op {
  static constexpr op_info info{"mul", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Mul", 7};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_same_types(ctx, numbers));
    propagate(ctx, [](dim a, dim b) { return std::optional(a * b); });
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_arithmetic(ctx, {[](double a, double b) { return a * b; }, &wrapping_mul,
                                [](std::uint64_t a, std::uint64_t b) { return a * b; }});
  }
};

/// y = a / b; integers round towards zero, an integer divided by 0 is an error
struct div : plain_op {
  static constexpr op_info info{"div", ports{"a", "b"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Div", 7};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_same_types(ctx, numbers));
    propagate(ctx, [&](dim a, dim b) { return quotient(ctx, a, b); });
    return {};
  }

  status reference(eval_context& ctx) const {
    if (!is_float(ctx[0].type())) TENON_TRY(require_no_zero(ctx[1], "b"));
    return map_arithmetic(ctx, {[](double a, double b) { return a / b; }, &wrapping_div,
                                [](std::uint64_t a, std::uint64_t b) { return a / b; }});
  }

 private:
  static std::optional<dim> quotient(infer_context& ctx, dim a, dim b) {
    if (a.is_constant() && b.is_constant())
      return b.constant() == 0 ? std::nullopt
                               : std::optional<dim>(wrapping_div(a.constant(), b.constant()));
    const bool rounds_down = ctx.facts().is_less_equal(dim(0), a) == truth::yes &&
                             ctx.facts().is_positive(b) == truth::yes;
    if (rounds_down) return floordiv(a, b);
    if (!b.is_constant() || b.constant() <= 0) return std::nullopt;
    return max(floordiv(a, b), dim(0)) + min(ceildiv(a, b), dim(0));
  }
};

/// y = a - floor(a / b) * b, or a - trunc(a / b) * b with `fmod`; an integer modulo 0 is an error
struct modulo {
  static constexpr op_info info{"modulo", ports{"a", "b"}, ports{"y"}, pure | elementwise};
  std::int64_t fmod = 0;  ///< 1: the result has the sign of a, as C's fmod
  static constexpr auto attributes = attributes_of(attribute{"fmod", &modulo::fmod});
  static constexpr onnx_import onnx{"Mod", 10};
  friend bool operator==(const modulo&, const modulo&) = default;

  status infer(infer_context& ctx) const {
    if (fmod != 0 && fmod != 1) return fail(code::attribute, "fmod is ", fmod, ", expected 0 or 1");
    TENON_TRY(infer_same_types(ctx, numbers));
    propagate(ctx, [&](dim a, dim b) { return remainder(ctx, a, b); });
    return {};
  }

  status reference(eval_context& ctx) const {
    if (!is_float(ctx[0].type())) TENON_TRY(require_no_zero(ctx[1], "b"));
    const auto natural = [](std::uint64_t a, std::uint64_t b) { return a % b; };
    if (fmod != 0)
      return map_arithmetic(
          ctx, {[](double a, double b) { return std::fmod(a, b); }, &remainder_of, natural});
    return map_arithmetic(ctx, {&floored, &floored_whole, natural});
  }

 private:
  static double floored(double a, double b) {
    const double r = std::fmod(a, b);
    if (r == 0) return std::copysign(0.0, b);
    return (r < 0) != (b < 0) ? r + b : r;
  }

  static std::int64_t floored_whole(std::int64_t a, std::int64_t b) {
    const std::int64_t r = remainder_of(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }

  std::optional<dim> remainder(infer_context& ctx, dim a, dim b) const {
    if (a.is_constant() && b.is_constant()) {
      if (b.constant() == 0) return std::nullopt;
      return dim(fmod != 0 ? remainder_of(a.constant(), b.constant())
                           : floored_whole(a.constant(), b.constant()));
    }
    if (ctx.facts().is_positive(b) != truth::yes) return std::nullopt;
    if (fmod != 0 && ctx.facts().is_less_equal(dim(0), a) != truth::yes) return std::nullopt;
    return mod(a, b);
  }
};

/// y = a^b in the type of a; integers wrap, 0 to a negative integer power is an error
struct pow : plain_op {
  static constexpr op_info info{"pow", ports{"a", "b"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Pow", 7};

  status infer(infer_context& ctx) const {
    TENON_TRY(require_in(ctx, 0, numbers, "a"));
    TENON_TRY(require_in(ctx, 1, numbers, "b"));
    return infer_broadcast(ctx, ctx[0].type);
  }

  status reference(eval_context& ctx) const;

 private:
  static std::int64_t whole(std::int64_t a, std::int64_t b) {
    if (b >= 0)
      return static_cast<std::int64_t>(
          wrapping_pow(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
    return a == 1 || a == -1 ? (b % 2 == 0 ? 1 : a) : 0;
  }
};

inline status pow::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  if (is_float(ctx[0].type()) || is_float(ctx[1].type())) {
    fold_inputs<double>(ctx, y, [](double a, double b) { return std::pow(a, b); });
    return {};
  }
  if (is_unsigned_integer(ctx[1].type())) {
    fold_inputs<std::uint64_t>(ctx, y, &wrapping_pow);
    return {};
  }
  const elements_as<std::int64_t> exponents(ctx[1]);
  for (std::size_t i = 0; i < exponents.size(); ++i)
    if (exponents[i] < 0) TENON_TRY(require_no_zero(ctx[0], "a, raised to a negative power,"));
  fold_inputs<std::int64_t>(ctx, y, &whole);
  return {};
}

/// y = the smallest of the inputs; NaN wins
struct minimum : plain_op {
  static constexpr op_info info{"minimum", ports{many("x")}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Min", 8};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_same_types(ctx, numbers));
    propagate(ctx, [](dim a, dim b) { return std::optional(min(a, b)); });
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_arithmetic(ctx, {[](double a, double b) { return std::isnan(a) || a < b ? a : b; },
                                [](std::int64_t a, std::int64_t b) { return a < b ? a : b; },
                                [](std::uint64_t a, std::uint64_t b) { return a < b ? a : b; }});
  }
};

/// y = the largest of the inputs; NaN wins
struct maximum : plain_op {
  static constexpr op_info info{"maximum", ports{many("x")}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Max", 8};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_same_types(ctx, numbers));
    propagate(ctx, [](dim a, dim b) { return std::optional(max(a, b)); });
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_arithmetic(ctx, {[](double a, double b) { return std::isnan(a) || a > b ? a : b; },
                                [](std::int64_t a, std::int64_t b) { return a > b ? a : b; },
                                [](std::uint64_t a, std::uint64_t b) { return a > b ? a : b; }});
  }
};

/// y = the sum of the inputs
struct sum : plain_op {
  static constexpr op_info info{"sum", ports{many("x")}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Sum", 8};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, floats); }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    fold_inputs<double>(ctx, y, [](double a, double b) { return a + b; });
    return {};
  }
};

/// y = the mean of the inputs
struct mean : plain_op {
  static constexpr op_info info{"mean", ports{many("x")}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Mean", 8};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, floats); }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    std::vector<double> total(static_cast<std::size_t>(y.size()), 0.0);
    for (std::size_t i = 0; i < ctx.size(); ++i)
      fold_broadcast<double>(ctx[i], y.dims(), total.data(),
                             [](double a, double b) { return a + b; });
    for (double& v : total) v /= static_cast<double>(ctx.size());
    store_elements<double>(total, y);
    return {};
  }
};

using arithmetic_ops = type_list<add, div, maximum, mean, minimum, modulo, mul, pow, sub, sum>;

}  // namespace tenon::inline v0::ops
