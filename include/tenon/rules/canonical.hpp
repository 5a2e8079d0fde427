#pragma once

#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/bitwise.hpp"
#include "tenon/ops/cast.hpp"
#include "tenon/ops/comparison.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/rewrite/rule.hpp"

#include <cmath>

// The canonical form, which other rules rely on:
//   * the constant operand of a commutative op is the second;
//   * no sub of a constant (add of its negative), no div by a power of two (mul by its reciprocal);
//   * pow(x, 2) is mul(x, x), pow(x, 1) is x, pow(x, -1) and 1 / x are reciprocal(x); other powers stay;
//   * sum and minimum, maximum of one value are that value; sum of two is add;
//   * max(x, 0) and clip(x, 0) are relu(x);
//   * flatten, squeeze and unsqueeze are reshape with a constant target (see rules/movement.hpp);
//   * nothing that returns its input as it is: identity, dropout at inference, casts to the own type, ...

namespace tenon::inline v0::rules {

using namespace rewrite;

namespace canonical_detail {

inline bool is_power_of_two(double v) {
  int exponent = 0;
  return std::isfinite(v) && std::abs(std::frexp(v, &exponent)) == 0.5 && exponent > -100 &&
         exponent < 100;
}

inline bool is_exact_divisor(const match& m) {
  const tensor& t = m.content(k);
  if (!is_float(t.type()) || is_packed(t.type()) || size_of(t.type()) < 2 || t.size() > 4096)
    return false;
  std::vector<double> values(static_cast<std::size_t>(t.size()));
  load_elements<double>(t, values);
  const double limit = t.type() == dtype::f16 ? 0x1p10 : 0x1p60;
  for (const double d : values)
    if (!is_power_of_two(d) || std::abs(d) > limit || std::abs(d) < 1 / limit) return false;
  return true;
}

inline bool is_float_x(const match& m) {
  return is_float(m.fact(x).type);
}

inline bool is_signed_x(const match& m) {
  return is_float(m.fact(x).type) || is_signed_integer(m.fact(x).type);
}

inline bool is_variable_x(const match& m) {
  return !m.graph().is_constant(m[x]);
}

inline constexpr auto float_x = when("x is a float", is_float_x, x);
inline constexpr auto signed_x = when("x is signed", is_signed_x, x);
inline constexpr auto variable_x = when("x is not a constant", is_variable_x, x);

inline rewritten swap_constant(const site& s) {
  if (!s.is_constant(s.input(0)) || s.is_constant(s.input(1)) || s.inputs().size() != 2)
    return s.no("the first operand is not the constant one");
  return s.replace(s.graph()[s.node()].op, {s.input(1), s.input(0)});
}

}  // namespace canonical_detail

/// op(k, x) -> op(x, k) for commutative op
inline constexpr auto constant_second =
    rule_for_any<ops::add,
                 ops::mul,
                 ops::minimum,
                 ops::maximum,
                 ops::equal,
                 ops::logical_and,
                 ops::logical_or,
                 ops::logical_xor,
                 ops::bitwise_and,
                 ops::bitwise_or,
                 ops::bitwise_xor>("constant-second", canonical_detail::swap_constant);

/// x - k -> x + -k
inline constexpr auto sub_constant = rule("sub-constant-to-add",
                                          x - k,
                                          x + neg(k),
                                          canonical_detail::signed_x,
                                          canonical_detail::variable_x);

/// x / k -> x * (1 / k) for powers of two
inline constexpr auto div_exact =
    rule("div-power-of-two-to-mul",
         x / k,
         x* reciprocal(k),
         when("the divisor is a power of two", canonical_detail::is_exact_divisor, k),
         canonical_detail::variable_x);

/// x / k -> x * (1 / k), one rounding more
inline constexpr auto div_constant = rule("div-constant-to-mul",
                                          x / k,
                                          x* reciprocal(k),
                                          canonical_detail::float_x,
                                          canonical_detail::variable_x)
                                         .reassociates();

/// 1 / x -> reciprocal(x)
inline constexpr auto one_over =
    rule("one-over-to-reciprocal", 1.0 / x, reciprocal(x), canonical_detail::float_x);

/// pow(x, 2) -> x * x
inline constexpr auto pow_two =
    rule("pow-two-to-mul", pow(x, 2.0), x* x, canonical_detail::float_x);

/// pow(x, 1) -> x
inline constexpr auto pow_one = rule("pow-one", pow(x, 1.0), x);

/// pow(x, -1) -> reciprocal(x)
inline constexpr auto pow_minus_one =
    rule("pow-minus-one-to-reciprocal", pow(x, -1.0), reciprocal(x), canonical_detail::float_x);

/// pow(x, 0.5) -> sqrt(x), which differs for -0 and -inf
inline constexpr auto pow_half =
    rule("pow-half-to-sqrt", pow(x, 0.5), sqrt(x), canonical_detail::float_x).reassociates();

/// sum(x) -> x, sum(x, y) -> x + y; min(x) -> x; max(x) -> x
inline constexpr auto short_variadic = rule_for_any<ops::sum, ops::minimum, ops::maximum>(
    "short-variadic", [](const site& s) -> rewritten {
      if (s.inputs().size() == 1) return s.replace_equal(s.input(0));
      if (s.inputs().size() != 2 || !s.graph()[s.node()].op.is<ops::sum>())
        return s.no("there are too many operands");
      return s.replace(ops::add{}, {s.input(0), s.input(1)});
    });

/// max(x, 0) -> relu(x)
inline constexpr auto max_zero =
    rule("max-zero-to-relu", op<ops::maximum>(x, 0.0), relu(x), canonical_detail::signed_x);

/// clip(x, 0) -> relu(x)
inline constexpr auto clip_zero =
    rule("clip-zero-to-relu", op<ops::clip>(x, 0.0), relu(x), canonical_detail::signed_x);

/// clip(x) -> x
inline constexpr auto clip_nothing =
    rule_for<ops::clip>("clip-nothing", [](const match_of<ops::clip>& s) -> rewritten {
      if (s.input(1) || s.input(2)) return s.no("there is a bound");
      return s.replace_equal(s.input(0));
    });

inline constexpr auto canonical = rule_set(constant_second,
                                           sub_constant,
                                           div_exact,
                                           div_constant,
                                           one_over,
                                           pow_two,
                                           pow_one,
                                           pow_minus_one,
                                           pow_half,
                                           short_variadic,
                                           max_zero,
                                           clip_zero,
                                           clip_nothing);

}  // namespace tenon::inline v0::rules
