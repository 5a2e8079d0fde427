#pragma once

#include "tenon/ops/normalization.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/rules/canonical.hpp"

#include <algorithm>
#include <optional>

namespace tenon::inline v0::rules {

namespace normalization_detail {

/// The first of the reduced axes in k when they are all axes from there to the last; else nothing.
inline std::optional<std::size_t> first_axis(const match& m) {
  const auto axes = integers_of(m.fact(k));
  if (!axes || axes->empty() || !m.fact(x).is_ranked) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(m.fact(x).rank());
  std::vector<bool> reduced(m.fact(x).rank(), false);
  for (const std::int64_t a : *axes) {
    if (a < -rank || a >= rank) return std::nullopt;
    reduced[static_cast<std::size_t>(a < 0 ? a + rank : a)] = true;
  }
  const auto first = std::find(reduced.begin(), reduced.end(), true);
  if (std::find(first, reduced.end(), false) != reduced.end()) return std::nullopt;
  return static_cast<std::size_t>(first - reduced.begin());
}

inline std::int64_t negative_axis(const match& m) {
  return static_cast<std::int64_t>(first_axis(m).value_or(0)) -
         static_cast<std::int64_t>(m.fact(x).rank());
}

/// Whether a value has the shape of the normalised axes.
inline bool has_trailing_shape(const match& m, const ir::fact& f) {
  const auto first = first_axis(m);
  const dims& shape = m.fact(x).shape;
  if (!first || !f.is_ranked || f.rank() != shape.size() - *first) return false;
  for (std::size_t i = 0; i < f.rank(); ++i)
    if (m.graph().symbols.facts().is_equal(f.shape[i], shape[*first + i]) != truth::yes)
      return false;
  return true;
}

inline bool fits_axes(const match& m) {
  const dtype type = m.fact(x).type;
  return (type == dtype::f32 || type == dtype::f16 || type == dtype::bf16) &&
         first_axis(m).has_value();
}

inline bool fits_scale(const match& m) {
  return has_trailing_shape(m, m.fact(y));
}

inline bool fits_bias(const match& m) {
  return has_trailing_shape(m, m.fact(z));
}

inline constexpr auto axes_fit =
    when("x is f32, f16 or bf16 and the axes are the last ones", fits_axes, x, k);
inline constexpr auto scale_fits = when("the scale has the shape of the axes", fits_scale, x, k, y);
inline constexpr auto bias_fits = when("the bias has the shape of the axes", fits_bias, x, k, z);

inline constexpr auto deviation = x - op<ops::reduce_mean>(x, k);
inline constexpr auto spread = sqrt(op<ops::reduce_mean>(deviation * deviation, k) + c);
inline constexpr auto root_mean_square = sqrt(op<ops::reduce_mean>(x * x, k) + c);

inline constexpr auto layer = emit<ops::layer_normalization>(x, y, z)
                                  .with<&ops::layer_normalization::epsilon>(c)
                                  .computed<&ops::layer_normalization::axis, &negative_axis>();
inline constexpr auto layer_without_bias =
    emit<ops::layer_normalization>(x, y)
        .with<&ops::layer_normalization::epsilon>(c)
        .computed<&ops::layer_normalization::axis, &negative_axis>();
inline constexpr auto root_mean = emit<ops::rms_normalization>(x, y)
                                      .with<&ops::rms_normalization::epsilon>(c)
                                      .computed<&ops::rms_normalization::axis, &negative_axis>();

}  // namespace normalization_detail

/// ((x - mean(x)) / sqrt(mean((x - mean(x))²) + c)) * y + z -> layer_normalization(x, y, z)
inline constexpr auto layer_norm_div =
    rule("layer-norm-from-div",
         (normalization_detail::deviation / normalization_detail::spread) * y + z,
         normalization_detail::layer,
         normalization_detail::axes_fit,
         normalization_detail::scale_fits,
         normalization_detail::bias_fits);

/// the same with a product by the reciprocal
inline constexpr auto layer_norm_mul =
    rule("layer-norm-from-reciprocal",
         (normalization_detail::deviation * reciprocal(normalization_detail::spread)) * y + z,
         normalization_detail::layer,
         normalization_detail::axes_fit,
         normalization_detail::scale_fits,
         normalization_detail::bias_fits);

/// the same with the scale inside: (x - mean(x)) * (y / sqrt(...)) + z
inline constexpr auto layer_norm_inner =
    rule("layer-norm-from-scaled-reciprocal",
         normalization_detail::deviation*(reciprocal(normalization_detail::spread) * y) + z,
         normalization_detail::layer,
         normalization_detail::axes_fit,
         normalization_detail::scale_fits,
         normalization_detail::bias_fits);

/// x * (y / sqrt(...)) + (z - mean(x) * (y / sqrt(...))) -> layer_normalization(x, y, z)
inline constexpr auto layer_norm_affine =
    rule("layer-norm-from-affine",
         x*(reciprocal(normalization_detail::spread) * y) +
             (z - op<ops::reduce_mean>(x, k) * (reciprocal(normalization_detail::spread) * y)),
         normalization_detail::layer,
         normalization_detail::axes_fit,
         normalization_detail::scale_fits,
         normalization_detail::bias_fits);

namespace normalization_detail {

inline float captured_epsilon(const match& m) {
  return m.op<ops::rms_normalization>(p).epsilon;
}

inline bool has_captured_axis(const match& m) {
  const std::int64_t axis = m.op<ops::rms_normalization>(p).axis;
  const auto first = first_axis(m);
  const auto rank = static_cast<std::int64_t>(m.fact(x).rank());
  return first && static_cast<std::int64_t>(*first) == (axis < 0 ? axis + rank : axis);
}

}  // namespace normalization_detail

/// rms_normalization(x - mean(x), y) -> layer_normalization(x, y)
inline constexpr auto layer_norm_rms = rule(
    "layer-norm-from-rms-norm",
    op<ops::rms_normalization>(normalization_detail::deviation, y).any_attribute().as(p),
    emit<ops::layer_normalization>(x, y)
        .computed<&ops::layer_normalization::epsilon, &normalization_detail::captured_epsilon>()
        .computed<&ops::layer_normalization::axis, &normalization_detail::negative_axis>(),
    normalization_detail::axes_fit,
    normalization_detail::scale_fits,
    when("both work on the same axes", normalization_detail::has_captured_axis, x, k));

/// layer_normalization(x, y) + z -> layer_normalization(x, y, z)
inline constexpr auto layer_norm_bias =
    rule_for<ops::add>("layer-norm-add-bias", [](const match_of<ops::add>& s) -> rewritten {
      const auto* norm = s.maker<ops::layer_normalization>(s.input(0));
      if (!norm || !s.is_single_use(s.input(0)) || s.operand(s.input(0), 2))
        return s.no("the first operand is not a layer_normalization without bias");
      const value_id x = s.operand(s.input(0), 0), scale = s.operand(s.input(0), 1);
      if (!can_replace(s.graph(), s.fact(scale), s.fact(s.input(1))))
        return s.no("the bias has another shape", 2);
      return s.replace(*norm, {x, scale, s.input(1)});
    });

/// (x / sqrt(mean(x²) + c)) * y -> rms_normalization(x, y)
inline constexpr auto rms_norm_div = rule("rms-norm-from-div",
                                          (x / normalization_detail::root_mean_square) * y,
                                          normalization_detail::root_mean,
                                          normalization_detail::axes_fit,
                                          normalization_detail::scale_fits);

/// (x * reciprocal(sqrt(mean(x²) + c))) * y -> rms_normalization(x, y)
inline constexpr auto rms_norm_mul =
    rule("rms-norm-from-reciprocal",
         (x * reciprocal(normalization_detail::root_mean_square)) * y,
         normalization_detail::root_mean,
         normalization_detail::axes_fit,
         normalization_detail::scale_fits);

inline constexpr auto normalization = rule_set(layer_norm_div,
                                               layer_norm_mul,
                                               layer_norm_inner,
                                               layer_norm_affine,
                                               layer_norm_rms,
                                               layer_norm_bias,
                                               rms_norm_div,
                                               rms_norm_mul);

}  // namespace tenon::inline v0::rules
