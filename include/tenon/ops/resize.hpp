#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/resize_rule.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::inline v0::ops {

/// y = x interpolated to `sizes` or by `scales` along axes (ONNX Resize-19)
struct resize {
  static constexpr op_info info{"resize", ports{"x", maybe("roi"), maybe("scales"), maybe("sizes")},
                                ports{"y"}};
  bool antialias = false;
  std::vector<std::int64_t> axes = {};  ///< empty: all
  resize_coordinates coordinate_transformation_mode = resize_coordinates::half_pixel;
  float cubic_coeff_a = -0.75F;
  bool exclude_outside = false;
  float extrapolation_value = 0.0F;
  resize_aspect keep_aspect_ratio_policy = resize_aspect::stretch;
  resize_mode mode = resize_mode::nearest;
  resize_rounding nearest_mode = resize_rounding::round_prefer_floor;
  static constexpr auto attributes = attributes_of(
      attribute{"antialias", &resize::antialias},
      attribute{"axes", &resize::axes},
      attribute{"coordinate_transformation_mode", &resize::coordinate_transformation_mode},
      attribute{"cubic_coeff_a", &resize::cubic_coeff_a},
      attribute{"exclude_outside", &resize::exclude_outside},
      attribute{"extrapolation_value", &resize::extrapolation_value},
      attribute{"keep_aspect_ratio_policy", &resize::keep_aspect_ratio_policy},
      attribute{"mode", &resize::mode},
      attribute{"nearest_mode", &resize::nearest_mode});
  static constexpr onnx_import onnx{"Resize", 11};
  friend bool operator==(const resize&, const resize&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

  /// How each axis is resampled; `scales` or `sizes` has elements.
  result<std::vector<resize_axis>> plan(const extents& in,
                                        const extents& out,
                                        const tensor* roi,
                                        const tensor* scales,
                                        const tensor* sizes) const;

 private:
  void move_nearest(const tensor& x, const tensor& y, std::span<const resize_axis> axes) const;
};

namespace resize_detail {

/// Whether an optional list input is there and not empty, as old models pass empty ones.
inline bool is_given(infer_context& ctx, std::size_t i) {
  if (!ctx.has(i)) return false;
  const auto length = known_length(ctx, i);
  return !length || *length != 0;
}

/// Output size of an axis by a scale: floor(size * scale) in f32.
inline dim scaled(infer_context& ctx, dim size, float scale) {
  if (size.is_constant())
    return static_cast<std::int64_t>(std::floor(static_cast<float>(size.constant()) * scale));
  constexpr std::int64_t parts = 1024;
  const double whole = static_cast<double>(scale) * parts;
  if (whole == std::floor(whole) && whole < 0x1p40)
    return ctx.facts().simplify(floordiv(size * dim(static_cast<std::int64_t>(whole)), parts));
  return ctx.unbacked("resize", dim(interval::highest));
}

/// Sets the sizes of the axes `at` by one common scale; what it rounds to is unknown until all sizes are numbers.
inline void keep_aspect(infer_context& ctx,
                        resize_aspect policy,
                        std::span<const std::size_t> at,
                        std::span<const dim> sizes,
                        dims& shape) {
  std::vector<std::int64_t> from, to;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (!sizes[i].is_constant() || !shape[at[i]].is_constant()) continue;
    from.push_back(shape[at[i]].constant());
    to.push_back(sizes[i].constant());
  }
  if (from.size() == at.size()) {
    const double scale = common_scale(policy, from, to);
    for (std::size_t i = 0; i < at.size(); ++i) shape[at[i]] = rounded_size(scale, from[i]);
    return;
  }
  for (std::size_t i = 0; i < at.size(); ++i)
    shape[at[i]] = ctx.unbacked(
        "resize", policy == resize_aspect::not_larger ? sizes[i] : dim(interval::highest));
}

}  // namespace resize_detail

inline status resize::infer(infer_context& ctx) const {
  const fact& x = ctx[0];
  const bool by_sizes = resize_detail::is_given(ctx, 3),
             by_scales = resize_detail::is_given(ctx, 2);
  if (by_sizes == by_scales)
    return fail(code::shape,
                by_sizes ? "scales and sizes are both given" : "neither scales nor sizes is given",
                ", expected one of them");
  if (by_sizes) TENON_TRY(ctx.require_type(3, {dtype::i64}, "sizes"));
  if (by_scales) TENON_TRY(ctx.require_type(2, {dtype::f32}, "scales"));
  if (mode != resize_mode::nearest && !is_numeric(x.type))
    return fail(code::shape, "x is ", name_of(x.type),
                ", expected a numeric type for interpolation");
  if (!x.is_ranked) {
    output_unranked(ctx, 0, x.type);
    return {};
  }
  TENON_TRY(const auto at, resize_axes(axes, x.rank()));
  const std::size_t input = by_sizes ? 3 : 2;
  if (const auto length = known_length(ctx, input);
      length && *length != static_cast<std::int64_t>(at.size()))
    return fail(code::shape, info.inputs.items[input].name, " has ", *length,
                " elements, expected ", at.size());
  dims shape = x.shape;
  const auto sizes = ctx.content(3);
  const bool has_scales = by_scales && ctx[2].is_constant();
  if ((by_sizes && sizes && sizes->size() != at.size()) ||
      (has_scales && ctx[2].constant.size() != std::ssize(at)))
    return fail(code::shape, info.inputs.items[input].name, " is ", ctx[input].str(), ", expected ",
                at.size(), " elements");
  if (by_sizes && sizes && keep_aspect_ratio_policy != resize_aspect::stretch) {
    resize_detail::keep_aspect(ctx, keep_aspect_ratio_policy, at, *sizes, shape);
  } else {
    for (std::size_t i = 0; i < at.size(); ++i) {
      dim& size = shape[at[i]];
      if (by_sizes && sizes)
        size = (*sizes)[i];
      else if (has_scales)
        size = resize_detail::scaled(ctx, size, ctx[2].constant.data<float>()[i]);
      else
        size = ctx.unbacked("resize", dim(interval::highest));
      if (has_scales && !(ctx[2].constant.data<float>()[i] > 0))
        return fail(code::shape, "scales contains ", ctx[2].constant.data<float>()[i],
                    ", expected more than 0");
    }
  }
  for (const dim d : shape)
    if (d.is_constant() && d.constant() < 0)
      return fail(code::shape, "an output size is ", d, ", expected at least 0");
  ctx.output(0, x.type, std::move(shape));
  return {};
}

inline result<std::vector<resize_axis>> resize::plan(const extents& in,
                                                     const extents& out,
                                                     const tensor* roi,
                                                     const tensor* scales,
                                                     const tensor* sizes) const {
  TENON_TRY(const auto at, resize_axes(axes, in.size()));
  std::vector<resize_axis> list(in.size());
  for (std::size_t a = 0; a < in.size(); ++a) {
    list[a].in = in[a];
    list[a].out = out[a];
    if (in[a] == 0 && out[a] != 0)
      return fail(code::shape, "axis ", a, " is empty and cannot grow to ", out[a]);
  }
  std::vector<std::int64_t> from, to;
  if (sizes && sizes->size() != 0) {
    to.resize(static_cast<std::size_t>(sizes->size()));
    load_elements<std::int64_t>(*sizes, to);
  }
  for (const std::size_t a : at) from.push_back(in[a]);
  for (std::size_t i = 0; i < at.size(); ++i) {
    resize_axis& axis = list[at[i]];
    axis.is_resized = true;
    if (to.empty())
      axis.scale = static_cast<double>(scales->data<float>()[i]);
    else if (keep_aspect_ratio_policy != resize_aspect::stretch)
      axis.scale = common_scale(keep_aspect_ratio_policy, from, to);
    else
      axis.scale = axis.in == 0 ? 1 : static_cast<double>(to[i]) / static_cast<double>(axis.in);
  }
  if (coordinate_transformation_mode != resize_coordinates::tf_crop_and_resize) return list;
  if (!roi || roi->size() != static_cast<std::int64_t>(2 * at.size()))
    return fail(code::shape, "roi is absent or of another size, expected ", 2 * at.size(),
                " elements");
  const elements_as<double> region(*roi);
  for (std::size_t i = 0; i < at.size(); ++i) {
    list[at[i]].roi_start = region[i];
    list[at[i]].roi_end = region[i + at.size()];
  }
  return list;
}

inline void resize::move_nearest(const tensor& x,
                                 const tensor& y,
                                 std::span<const resize_axis> list) const {
  std::vector<std::vector<std::int64_t>> maps(list.size());
  for (std::size_t a = 0; a < list.size(); ++a)
    for (std::int64_t o = 0; o < list[a].out; ++o) {
      const double at = list[a].original(o, coordinate_transformation_mode);
      maps[a].push_back(!list[a].is_resized ? o
                        : list[a].is_outside(at, coordinate_transformation_mode)
                            ? -1
                            : list[a].nearest(at, nearest_mode));
    }
  tensor fill(x.type(), {1});
  if (x.type() != dtype::string) {
    const float value = extrapolation_value;
    store_elements<float>(std::span<const float>(&value, 1), fill);
  }
  const element_mover move(y, x), put(y, fill);
  const extents strides = strides_of(x.dims());
  std::vector<std::int64_t> index(list.size(), 0);
  for (std::int64_t o = 0; o < y.size(); ++o) {
    std::int64_t from = 0;
    bool inside = true;
    for (std::size_t a = 0; a < index.size(); ++a) {
      const std::int64_t i = maps[a][static_cast<std::size_t>(index[a])];
      inside = inside && i >= 0;
      from += i * strides[a];
    }
    inside ? move(o, from) : put(o, 0);
    for (std::size_t a = index.size(); a-- > 0;) {
      if (++index[a] < y.dim(a)) break;
      index[a] = 0;
    }
  }
}

inline status resize::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const auto given = [&](std::size_t i) { return ctx.has(i) ? &ctx[i] : nullptr; };
  TENON_TRY(const auto list, plan(ctx[0].dims(), y.dims(), given(1), given(2), given(3)));
  if (y.empty()) return {};
  if (mode == resize_mode::nearest) {
    move_nearest(ctx[0], y, list);
    return {};
  }
  const elements_as<double> x(ctx[0]);
  std::vector<double> values(x.data(), x.data() + x.size());
  extents shape = ctx[0].dims();
  std::vector<bool> outside(static_cast<std::size_t>(y.size()), false);
  std::vector<std::size_t> order;
  for (std::size_t a = 0; a < list.size(); ++a)
    if (list[a].is_resized) order.push_back(a);
  // Shrinking axes first: no intermediate result outgrows both x and y.
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return static_cast<double>(list[a].out) * static_cast<double>(list[b].in) <
           static_cast<double>(list[b].out) * static_cast<double>(list[a].in);
  });
  std::vector<resize_tap> taps;
  for (const std::size_t a : order) {
    TENON_TRY(ctx.check_limits());
    const std::int64_t outer = size_between(shape, 0, a),
                       inner = size_between(shape, a + 1, shape.size());
    std::vector<double> next(static_cast<std::size_t>(outer * list[a].out * inner), 0.0);
    const std::int64_t run = size_between(y.dims(), a + 1, y.rank());
    for (std::int64_t o = 0; o < list[a].out; ++o) {
      const double at = list[a].original(o, coordinate_transformation_mode);
      if (list[a].is_outside(at, coordinate_transformation_mode))
        for (std::int64_t i = 0; i < y.size(); ++i)
          if (i / run % list[a].out == o) outside[static_cast<std::size_t>(i)] = true;
      list[a].taps(at, mode, antialias, exclude_outside, static_cast<double>(cubic_coeff_a), taps);
      for (const resize_tap t : taps)
        for (std::int64_t lane = 0; lane < outer; ++lane)
          for (std::int64_t i = 0; i < inner; ++i)
            next[static_cast<std::size_t>((lane * list[a].out + o) * inner + i)] +=
                t.weight *
                values[static_cast<std::size_t>((lane * list[a].in + t.index) * inner + i)];
    }
    values.swap(next);
    shape[a] = list[a].out;
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    if (outside[i]) values[i] = static_cast<double>(extrapolation_value);
  store_elements<double>(std::span<const double>(values), y);
  return {};
}

using resize_ops = type_list<resize>;

}  // namespace tenon::inline v0::ops
