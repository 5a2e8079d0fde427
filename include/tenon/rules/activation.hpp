#pragma once

#include "tenon/rules/canonical.hpp"

#include <algorithm>

namespace tenon::inline v0::rules {

namespace activation_detail {

inline constexpr double half_sqrt2 = 0.70710678118654752440;
inline constexpr double sqrt2 = 1.41421356237309504880;
inline constexpr double sqrt_2_over_pi = 0.79788456080286535588;

/// The factor that both forms of gelu share: 0.5 * x * f, in any order.
template <class F> constexpr auto half_times_first(const F& f) {
  return (x * 0.5) * f;
}

template <class F> constexpr auto half_times_factor(const F& f) {
  return x * (f * 0.5);
}

template <class F> constexpr auto half_times_last(const F& f) {
  return (x * f) * 0.5;
}

inline constexpr auto erf_of_quotient = erf(x / sqrt2) + 1.0;
inline constexpr auto erf_of_product = erf(x * half_sqrt2) + 1.0;
inline constexpr auto tanh_of_pow = tanh((x + pow(x, 3.0) * 0.044715) * sqrt_2_over_pi) + 1.0;
inline constexpr auto tanh_of_mul = tanh((x + ((x * x) * x) * 0.044715) * sqrt_2_over_pi) + 1.0;
inline constexpr auto tanh_of_scaled =
    tanh((x * ((x * x) * 0.044715 + 1.0)) * sqrt_2_over_pi) + 1.0;
inline constexpr auto tanh_of_factored =
    tanh((x * sqrt_2_over_pi) * ((x * x) * 0.044715 + 1.0)) + 1.0;

inline constexpr auto exact = emit<ops::gelu>(x);
inline constexpr auto approximate =
    emit<ops::gelu>(x).with<&ops::gelu::approximate, ops::gelu_form::tanh>();

inline constexpr auto float_x = canonical_detail::float_x;

inline bool clips_zero_to_one(const match& m) {
  return is_float(m.fact(x).type) && m.fact(x).type != dtype::f64;
}

inline constexpr auto single_x = when("x is a float of at most 32 bits", clips_zero_to_one, x);

}  // namespace activation_detail

/// (x * 0.5) * (1 + erf(x / sqrt 2)) -> gelu(x)
inline constexpr auto gelu_1 =
    rule("gelu-erf-half-first-div",
         activation_detail::half_times_first(activation_detail::erf_of_quotient),
         activation_detail::exact,
         activation_detail::float_x);
/// x * ((1 + erf(x / sqrt 2)) * 0.5) -> gelu(x)
inline constexpr auto gelu_2 =
    rule("gelu-erf-half-inner-div",
         activation_detail::half_times_factor(activation_detail::erf_of_quotient),
         activation_detail::exact,
         activation_detail::float_x);
/// (x * (1 + erf(x / sqrt 2))) * 0.5 -> gelu(x)
inline constexpr auto gelu_3 =
    rule("gelu-erf-half-last-div",
         activation_detail::half_times_last(activation_detail::erf_of_quotient),
         activation_detail::exact,
         activation_detail::float_x);
/// (x * 0.5) * (1 + erf(x * sqrt 0.5)) -> gelu(x)
inline constexpr auto gelu_4 =
    rule("gelu-erf-half-first-mul",
         activation_detail::half_times_first(activation_detail::erf_of_product),
         activation_detail::exact,
         activation_detail::float_x);
/// x * ((1 + erf(x * sqrt 0.5)) * 0.5) -> gelu(x)
inline constexpr auto gelu_5 =
    rule("gelu-erf-half-inner-mul",
         activation_detail::half_times_factor(activation_detail::erf_of_product),
         activation_detail::exact,
         activation_detail::float_x);
/// (x * (1 + erf(x * sqrt 0.5))) * 0.5 -> gelu(x)
inline constexpr auto gelu_6 =
    rule("gelu-erf-half-last-mul",
         activation_detail::half_times_last(activation_detail::erf_of_product),
         activation_detail::exact,
         activation_detail::float_x);

/// (x * 0.5) * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x³))) -> gelu(x, tanh)
inline constexpr auto gelu_tanh_1 =
    rule("gelu-tanh-half-first-pow",
         activation_detail::half_times_first(activation_detail::tanh_of_pow),
         activation_detail::approximate,
         activation_detail::float_x);
/// the same with x * x * x
inline constexpr auto gelu_tanh_2 =
    rule("gelu-tanh-half-first-mul",
         activation_detail::half_times_first(activation_detail::tanh_of_mul),
         activation_detail::approximate,
         activation_detail::float_x);
/// the same with x * (1 + 0.044715 * x²)
inline constexpr auto gelu_tanh_3 =
    rule("gelu-tanh-half-first-scaled",
         activation_detail::half_times_first(activation_detail::tanh_of_scaled),
         activation_detail::approximate,
         activation_detail::float_x);
/// the same with (sqrt(2 / pi) * x) * (1 + 0.044715 * x²)
inline constexpr auto gelu_tanh_4 =
    rule("gelu-tanh-half-first-factored",
         activation_detail::half_times_first(activation_detail::tanh_of_factored),
         activation_detail::approximate,
         activation_detail::float_x);
/// x * (0.5 * (1 + tanh(...))) -> gelu(x, tanh)
inline constexpr auto gelu_tanh_5 =
    rule("gelu-tanh-half-inner-pow",
         activation_detail::half_times_factor(activation_detail::tanh_of_pow),
         activation_detail::approximate,
         activation_detail::float_x);
/// the same with x * x * x
inline constexpr auto gelu_tanh_6 =
    rule("gelu-tanh-half-inner-mul",
         activation_detail::half_times_factor(activation_detail::tanh_of_mul),
         activation_detail::approximate,
         activation_detail::float_x);
/// (x * (1 + tanh(...))) * 0.5 -> gelu(x, tanh)
inline constexpr auto gelu_tanh_7 =
    rule("gelu-tanh-half-last-pow",
         activation_detail::half_times_last(activation_detail::tanh_of_pow),
         activation_detail::approximate,
         activation_detail::float_x);

/// x * sigmoid(x) -> swish(x)
inline constexpr auto swish_from_primitives =
    rule("swish-from-primitives", x* sigmoid(x), emit<ops::swish>(x), activation_detail::float_x);

/// x * sigmoid(x * c) -> swish(x, alpha = c)
inline constexpr auto swish_with_alpha = rule("swish-with-alpha",
                                              x* sigmoid(x* c),
                                              emit<ops::swish>(x).with<&ops::swish::alpha>(c),
                                              activation_detail::single_x);

/// x * tanh(softplus(x)) -> mish(x)
inline constexpr auto mish_from_primitives = rule(
    "mish-from-primitives", x* tanh(softplus(x)), emit<ops::mish>(x), activation_detail::float_x);

namespace activation_detail {

inline bool is_third_of_half(const match& m) {
  const auto& h = m.op<ops::hard_sigmoid>(p);
  return is_number(h.alpha, 1.0 / 6, dtype::f32) && h.beta == 0.5F && is_float(m.fact(x).type);
}

}  // namespace activation_detail

/// x * hard_sigmoid(x, 1 / 6, 1 / 2) -> hard_swish(x)
inline constexpr auto hard_swish_1 =
    rule("hard-swish-from-hard-sigmoid",
         x* op<ops::hard_sigmoid>(x).any_attribute().as(p),
         emit<ops::hard_swish>(x),
         when("hard_sigmoid has alpha 1/6 and beta 1/2", activation_detail::is_third_of_half, x));
/// (x * clip(x + 3, 0, 6)) / 6 -> hard_swish(x)
inline constexpr auto hard_swish_2 = rule("hard-swish-from-clip-div",
                                          (x * op<ops::clip>(x + 3.0, 0.0, 6.0)) / 6.0,
                                          emit<ops::hard_swish>(x),
                                          activation_detail::float_x);
/// (x * clip(x + 3, 0, 6)) * (1 / 6) -> hard_swish(x)
inline constexpr auto hard_swish_3 = rule("hard-swish-from-clip-mul",
                                          (x * op<ops::clip>(x + 3.0, 0.0, 6.0)) * (1.0 / 6),
                                          emit<ops::hard_swish>(x),
                                          activation_detail::float_x);
/// x * (clip(x + 3, 0, 6) / 6) -> hard_swish(x)
inline constexpr auto hard_swish_4 = rule("hard-swish-from-clip-inner-div",
                                          x*(op<ops::clip>(x + 3.0, 0.0, 6.0) / 6.0),
                                          emit<ops::hard_swish>(x),
                                          activation_detail::float_x);
/// x * (clip(x + 3, 0, 6) * (1 / 6)) -> hard_swish(x)
inline constexpr auto hard_swish_5 = rule("hard-swish-from-clip-inner-mul",
                                          x*(op<ops::clip>(x + 3.0, 0.0, 6.0) * (1.0 / 6)),
                                          emit<ops::hard_swish>(x),
                                          activation_detail::float_x);

/// relu(relu(x)) -> relu(x)
inline constexpr auto relu_relu = rule("relu-relu", relu(relu(x)), relu(x));

namespace activation_detail {

inline bool is_nonnegative_low(const match& m) {
  return m.number(c) >= 0;
}

inline bool is_interval_above_zero(const match& m) {
  return m.number(c) >= 0 && m.number(c) <= m.number(c1);
}

inline bool is_ordered(const match& m) {
  return m.number(c) <= m.number(c1) && m.number(c2) <= m.number(c3) &&
         std::max(m.number(c), m.number(c2)) <= std::min(m.number(c1), m.number(c3));
}

}  // namespace activation_detail

/// relu(clip(x, c, c1)) -> clip(x, c, c1) for 0 <= c <= c1
inline constexpr auto relu_clip = rule("relu-of-clip",
                                       relu(op<ops::clip>(x, c, c1)),
                                       op<ops::clip>(x, c, c1),
                                       when("the bounds are in order and not negative",
                                            activation_detail::is_interval_above_zero,
                                            c,
                                            c1));

/// clip(relu(x), c, c1) -> clip(x, c, c1) for c >= 0
inline constexpr auto clip_relu =
    rule("clip-of-relu",
         op<ops::clip>(relu(x), c, c1),
         op<ops::clip>(x, c, c1),
         when("the low bound is not negative", activation_detail::is_nonnegative_low, c));

/// clip(clip(x, c, c1), c2, c3) -> clip(x, max(c, c2), min(c1, c3)) where the intervals meet
inline constexpr auto clip_clip =
    rule("clip-of-clip",
         op<ops::clip>(op<ops::clip>(x, c, c1), c2, c3),
         op<ops::clip>(x, op<ops::maximum>(c, c2), op<ops::minimum>(c1, c3)),
         when("the intervals meet", activation_detail::is_ordered, c, c1, c2, c3));

inline constexpr auto activation = rule_set(gelu_1,
                                            gelu_2,
                                            gelu_3,
                                            gelu_4,
                                            gelu_5,
                                            gelu_6,
                                            gelu_tanh_1,
                                            gelu_tanh_2,
                                            gelu_tanh_3,
                                            gelu_tanh_4,
                                            gelu_tanh_5,
                                            gelu_tanh_6,
                                            gelu_tanh_7,
                                            swish_from_primitives,
                                            swish_with_alpha,
                                            mish_from_primitives,
                                            hard_swish_1,
                                            hard_swish_2,
                                            hard_swish_3,
                                            hard_swish_4,
                                            hard_swish_5,
                                            relu_relu,
                                            relu_clip,
                                            clip_relu,
                                            clip_clip);

}  // namespace tenon::inline v0::rules
