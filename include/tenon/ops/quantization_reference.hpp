#pragma once

#include "tenon/ops/axis_walk.hpp"
#include "tenon/ops/convert_tensor.hpp"
#include "tenon/ops/pointwise.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tenon::inline v0::ops {

inline constexpr type_set quantized_types =
    type_set{dtype::i8, dtype::u8, dtype::i16, dtype::u16, dtype::f4e2m1} | byte_floats |
    narrow_integers;

/// Smallest and largest value of an integer type.
struct integer_range {
  double low = 0;
  double high = 0;

  explicit integer_range(dtype type) {
    const auto bits = static_cast<int>(bits_of(type));
    const bool is_signed = is_signed_integer(type);
    low = is_signed ? -std::ldexp(1.0, bits - 1) : 0.0;
    high = std::ldexp(1.0, is_signed ? bits - 1 : bits) - 1;
  }

  /// The integer nearest to `v` (halves to even) plus `zero`, clamped; NaN counts as 0.
  double quantized(double v, double zero) const {
    const double rounded = std::isnan(v) ? 0.0 : std::nearbyint(v);
    return std::clamp(rounded + zero, low, high);
  }
};

/// Fails unless input 1 (the scale) fits x: a scalar, one value per index of `axis`, or one per block.
inline status require_granularity(infer_context& ctx, std::int64_t axis, std::int64_t block_size) {
  if (block_size < 0)
    return fail(code::attribute, "block_size is ", block_size, ", expected 0 or more");
  const auto is_single = [&](std::size_t i) {
    const dims& shape = ctx[i].shape;
    return shape.empty() || (shape.size() == 1 && shape[0] == dim(1));
  };
  if (ctx.has(2) && ctx[1].is_ranked && ctx[2].is_ranked && !(is_single(1) && is_single(2))) {
    // A scalar and a list agree when the list has one element.
    if (ctx[1].rank() + ctx[2].rank() == 1)
      TENON_TRY(ctx.require_equal(ctx[ctx[1].rank() == 1 ? 1 : 2].shape[0], 1,
                                  "size of the scale or zero point"));
    else
      TENON_TRY(ctx.require_same(ctx[2].shape, ctx[1].shape, "zero point"));
  }
  if (!ctx[0].is_ranked || !ctx[1].is_ranked) return {};
  const dims& x = ctx[0].shape;
  const dims& scale = ctx[1].shape;
  if (is_single(1)) return {};
  TENON_TRY(const std::size_t at, ctx.axis(axis, x.size()));
  if (block_size == 0) {
    TENON_TRY(require_rank(ctx, 1, 1, "scale"));
    if (!scale[0].is_constant() && ctx.facts().is_equal(scale[0], x[at]) == truth::unknown) {
      ctx.leave_to_run();  // one value or many
      return {};
    }
    return ctx.require_equal(scale[0], x[at], "size of scale");
  }
  dims blocks = x;
  blocks[at] = ceildiv(x[at], dim(block_size));
  return ctx.require_same(scale, blocks, "scale of blocks");
}

/// Which element of the scale belongs to an element of x.
class granularity {
 public:
  granularity(const tensor& x, const tensor& scale, std::int64_t axis, std::int64_t block_size)
      : kind_(scale.size() == 1 && scale.rank() < 2 ? kind::whole
              : block_size == 0                     ? kind::per_axis
                                                    : kind::blocked),
        split_(x.dims(), kind_ == kind::whole ? 0 : axis),
        block_(block_size),
        blocks_(block_size == 0 ? 0 : ceil_div(split_.length, block_size)) {}

  std::size_t operator()(std::size_t element) const {
    if (kind_ == kind::whole) return 0;
    const auto e = static_cast<std::int64_t>(element);
    const std::int64_t index = e / split_.stride % split_.length;
    if (kind_ == kind::per_axis) return static_cast<std::size_t>(index);
    const std::int64_t outer = e / split_.stride / split_.length;
    return static_cast<std::size_t>((outer * blocks_ + index / block_) * split_.stride +
                                    e % split_.stride);
  }

 private:
  enum class kind : unsigned char { whole, per_axis, blocked };

  kind kind_;
  axis_split split_;
  std::int64_t block_;
  std::int64_t blocks_;
};

/// `v` rounded to the numbers of a float type; unchanged for f64 and integers.
inline double rounded_to(dtype type, double v) {
  if (type == dtype::f32) return static_cast<float>(v);
  if (type == dtype::f16) return static_cast<float>(f16(v));
  if (type == dtype::bf16) return static_cast<float>(bf16(v));
  return v;
}

/// The type in which x is divided by its scale.
inline dtype division_type(dtype x, dtype scale, dtype precision) {
  if (precision != dtype::undefined) return precision;
  if (x == scale) return x;
  return is_float(x) ? dtype::f32 : dtype::f64;
}

/// Stores numbers into a quantized tensor: integers round to even and clamp, floats cast.
inline void store_quantized(std::span<double> quotients,
                            const tensor& y,
                            function_ref<double(std::size_t)> zero,
                            bool saturate) {
  if (is_integer(y.type())) {
    const integer_range range(y.type());
    for (std::size_t i = 0; i < quotients.size(); ++i)
      quotients[i] = range.quantized(quotients[i], zero(i));
    store_elements<double>(std::span<const double>(quotients), y);
    return;
  }
  for (std::size_t i = 0; i < quotients.size(); ++i) quotients[i] += zero(i);
  store_reals(quotients, y, saturate, float_rounding::up);
}

}  // namespace tenon::inline v0::ops
