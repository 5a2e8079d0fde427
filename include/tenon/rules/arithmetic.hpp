#pragma once

#include "tenon/rules/canonical.hpp"

namespace tenon::inline v0::rules {

namespace arithmetic_detail {

inline bool is_integer_x(const match& m) {
  return is_integer(m.fact(x).type);
}

inline constexpr auto integer_x = when("x is an integer", is_integer_x, x);

inline bool is_true(const match& m) {
  return splat_of(m.content(k)) == 1.0;
}

inline bool is_false(const match& m) {
  return splat_of(m.content(k)) == 0.0;
}

}  // namespace arithmetic_detail

using canonical_detail::signed_x;
using canonical_detail::variable_x;

/// x + 0 -> x; exact for every float but x = -0
inline constexpr auto add_zero = rule("add-zero", x + 0.0, x);

/// x - 0 -> x
inline constexpr auto sub_zero = rule("sub-zero", x - 0.0, x);

/// x * 1 -> x
inline constexpr auto mul_one = rule("mul-one", x * 1.0, x);

/// x / 1 -> x
inline constexpr auto div_one = rule("div-one", x / 1.0, x);

/// x * 0 -> 0 for integers; a float could be infinite or NaN
inline constexpr auto mul_zero = rule("mul-zero",
                                      x* k,
                                      k,
                                      arithmetic_detail::integer_x,
                                      variable_x,
                                      when("the constant is 0", arithmetic_detail::is_false, k));

/// (x + k) + k1 -> x + (k + k1) for integers
inline constexpr auto add_chain_integer =
    rule("add-chain-integer", (x + k) + k1, x + (k + k1), arithmetic_detail::integer_x, variable_x);

/// (x * k) * k1 -> x * (k * k1) for integers
inline constexpr auto mul_chain_integer =
    rule("mul-chain-integer", (x * k) * k1, x*(k* k1), arithmetic_detail::integer_x, variable_x);

/// (x + k) + k1 -> x + (k + k1)
inline constexpr auto add_chain =
    rule("add-chain", (x + k) + k1, x + (k + k1), variable_x).reassociates();

/// (x * k) * k1 -> x * (k * k1)
inline constexpr auto mul_chain =
    rule("mul-chain", (x * k) * k1, x*(k* k1), variable_x).reassociates();

/// -(-x) -> x
inline constexpr auto neg_neg = rule("neg-neg", neg(neg(x)), x);

/// x + -y -> x - y
inline constexpr auto add_neg = rule("add-neg-to-sub", x + neg(y), x - y);

/// x - -y -> x + y
inline constexpr auto sub_neg = rule("sub-neg-to-add", x - neg(y), x + y);

/// -x * k -> x * -k
inline constexpr auto neg_mul = rule("neg-mul-constant", neg(x) * k, x* neg(k), variable_x);

/// x * (1 / y) -> x / y would lose nothing, but 1 / (1 / x) -> x is inexact
inline constexpr auto reciprocal_twice =
    rule("reciprocal-twice", reciprocal(reciprocal(x)), x).reassociates();

/// |(|x|)| -> |x|
inline constexpr auto abs_abs = rule("abs-abs", abs(abs(x)), abs(x));

/// |-x| -> |x|
inline constexpr auto abs_neg = rule("abs-neg", abs(neg(x)), abs(x));

/// not not x -> x
inline constexpr auto not_not = rule("not-not", op<ops::logical_not>(op<ops::logical_not>(x)), x);

/// x and true -> x
inline constexpr auto and_true = rule("and-true",
                                      op<ops::logical_and>(x, k),
                                      x,
                                      when("the constant is true", arithmetic_detail::is_true, k));

/// x or false -> x
inline constexpr auto or_false =
    rule("or-false",
         op<ops::logical_or>(x, k),
         x,
         when("the constant is false", arithmetic_detail::is_false, k));

/// where(true, x, y) -> x
inline constexpr auto where_true =
    rule("where-true",
         op<ops::where>(k, x, y),
         x,
         when("the condition is true", arithmetic_detail::is_true, k));

/// where(false, x, y) -> y
inline constexpr auto where_false =
    rule("where-false",
         op<ops::where>(k, x, y),
         y,
         when("the condition is false", arithmetic_detail::is_false, k));

inline constexpr auto arithmetic = rule_set(add_zero,
                                            sub_zero,
                                            mul_one,
                                            div_one,
                                            mul_zero,
                                            add_chain_integer,
                                            mul_chain_integer,
                                            add_chain,
                                            mul_chain,
                                            neg_neg,
                                            add_neg,
                                            sub_neg,
                                            neg_mul,
                                            reciprocal_twice,
                                            abs_abs,
                                            abs_neg,
                                            not_not,
                                            and_true,
                                            or_false,
                                            where_true,
                                            where_false);

}  // namespace tenon::inline v0::rules
