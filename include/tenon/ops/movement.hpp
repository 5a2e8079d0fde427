#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/reshape_rule.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <optional>

namespace tenon::inline v0::ops {

/// y = x, of any kind of value
struct identity {
  static constexpr op_info info{"identity", ports{"x"}, ports{"y"}, pure | view | any_kind};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Identity", 1};
  friend bool operator==(const identity&, const identity&) = default;

  status infer(infer_context& ctx) const {
    ctx.output(0, ctx[0]);
    return {};
  }

  status reference(eval_context& ctx) const {
    ctx.output(0, ctx.given(0));
    return {};
  }
};

/// y = x with another shape; 0 copies a size (unless allowzero), -1 takes the rest
struct reshape {
  static constexpr op_info info{"reshape", ports{"x", "shape"}, ports{"y"}, pure | view};
  bool allowzero = false;  ///< 0 means size 0
  static constexpr auto attributes = attributes_of(attribute{"allowzero", &reshape::allowzero});
  static constexpr onnx_import onnx{"Reshape", 5};
  friend bool operator==(const reshape&, const reshape&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_index_type(ctx, 1, "shape"));
    const auto wanted = ctx.content(1);
    if (!wanted) {
      if (const auto rank = known_length(ctx, 1);
          rank && ctx[0].is_ranked && *rank <= max_unknown_sizes) {
        dims out;
        const dim total = product(ctx[0].shape);
        const bool is_filled = ctx.facts().is_positive(total) == truth::yes;
        for (std::int64_t i = 0; i < *rank; ++i)
          out.push_back(ctx.unbacked("reshape", is_filled ? total : dim(interval::highest)));
        if (*rank == 0) TENON_TRY(ctx.require_equal(total, 1, "element count"));
        output_reshaped(ctx, std::move(out));
      } else {
        output_unranked(ctx, 0, ctx[0].type);
      }
      return {};
    }
    TENON_TRY(auto shape, reshape_rule(ctx, ctx[0], *wanted, allowzero));
    if (shape)
      output_reshaped(ctx, std::move(*shape));
    else
      output_unranked(ctx, 0, ctx[0].type);
    return {};
  }

  status reference(eval_context& ctx) const { return copy_reference(ctx); }
};

/// y[i_perm...] = x[i...]
struct transpose {
  static constexpr op_info info{"transpose", ports{"x"}, ports{"y"}};
  std::vector<std::int64_t> perm = {};  ///< input axis of each output axis; empty: reversed
  static constexpr auto attributes = attributes_of(attribute{"perm", &transpose::perm});
  static constexpr onnx_import onnx{"Transpose", 1};
  friend bool operator==(const transpose&, const transpose&) = default;

  result<std::vector<std::size_t>> order(std::size_t rank) const {
    std::vector<std::size_t> out;
    if (perm.empty())
      for (std::size_t i = rank; i-- > 0;) out.push_back(i);
    std::vector<bool> seen(rank, false);
    for (const std::int64_t p : perm) {
      const std::int64_t at = p < 0 ? p + static_cast<std::int64_t>(rank) : p;
      if (at < 0 || at >= static_cast<std::int64_t>(rank) || seen[static_cast<std::size_t>(at)] ||
          perm.size() != rank)
        return fail(code::attribute, "perm is ", bracketed(perm), ", expected a permutation of ",
                    rank, " axes");
      seen[static_cast<std::size_t>(at)] = true;
      out.push_back(static_cast<std::size_t>(at));
    }
    return out;
  }

  static strided_view view_of_order(const extents& in, std::span<const std::size_t> order) {
    const extents own = strides_of(in);
    strided_view out;
    for (const std::size_t axis : order) {
      out.dims.push_back(in[axis]);
      out.strides.push_back(own[axis]);
    }
    return out;
  }

  status infer(infer_context& ctx) const {
    if (!ctx[0].is_ranked) {
      output_unranked(ctx, 0, ctx[0].type);
      return {};
    }
    TENON_TRY(const auto axes, order(ctx[0].rank()));
    dims shape;
    for (const std::size_t axis : axes) shape.push_back(ctx[0].shape[axis]);
    const auto in = to_extents(ctx[0].shape);
    output_view(ctx, std::move(shape), in ? std::optional(view_of_order(*in, axes)) : std::nullopt);
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    TENON_TRY(const auto axes, order(ctx[0].rank()));
    read_view(view_of_order(ctx[0].dims(), axes), ctx[0], y);
    return {};
  }
};

/// y = x without the size-1 axes given, or without all of them
struct squeeze {
  static constexpr op_info info{"squeeze", ports{"x", maybe("axes")}, ports{"y"}, pure | view};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Squeeze", 13};
  friend bool operator==(const squeeze&, const squeeze&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_index_type(ctx, 1, "axes"));
    const fact& x = ctx[0];
    const auto axes = ctx.numbers(1);
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      return {};
    }
    const auto rank = static_cast<std::int64_t>(x.rank());
    if (ctx.has(1) && !axes) {
      const auto count = known_length(ctx, 1);
      output_of_rank(ctx, x.type, "squeeze", count ? std::optional(rank - *count) : count);
      return {};
    }
    std::vector<bool> dropped(x.rank(), false);
    if (axes) {
      TENON_TRY(const auto at, distinct_axes(ctx, *axes, x.rank()));
      for (const std::size_t axis : at) {
        TENON_TRY(ctx.require_equal(x.shape[axis], 1, cat("squeezed axis ", axis)));
        dropped[axis] = true;
      }
    } else {
      for (std::size_t i = 0; i < x.rank(); ++i) {
        const truth is_one = ctx.facts().is_equal(x.shape[i], 1);
        dropped[i] = is_one == truth::yes;
        if (is_one != truth::unknown) continue;
        output_unranked(ctx, 0, x.type);
        return {};
      }
    }
    dims shape;
    for (std::size_t i = 0; i < x.rank(); ++i)
      if (!dropped[i]) shape.push_back(x.shape[i]);
    output_reshaped(ctx, std::move(shape));
    return {};
  }

  status reference(eval_context& ctx) const { return copy_reference(ctx); }
};

/// y = x with size-1 axes inserted where `axes` says, in terms of the output
struct unsqueeze {
  static constexpr op_info info{"unsqueeze", ports{"x", "axes"}, ports{"y"}, pure | view};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Unsqueeze", 13};
  friend bool operator==(const unsqueeze&, const unsqueeze&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_index_type(ctx, 1, "axes"));
    const fact& x = ctx[0];
    const auto axes = ctx.numbers(1);
    if (!x.is_ranked || !axes) {
      const auto count = known_length(ctx, 1);
      const auto own = static_cast<std::int64_t>(x.rank());
      output_of_rank(ctx, x.type, "unsqueeze",
                     x.is_ranked && count && *count <= max_unknown_sizes
                         ? std::optional(own + *count)
                         : std::nullopt);
      return {};
    }
    const std::size_t rank = x.rank() + axes->size();
    TENON_TRY(const auto at, distinct_axes(ctx, *axes, rank));
    std::vector<bool> inserted(rank, false);
    for (const std::size_t axis : at) inserted[axis] = true;
    dims shape;
    std::size_t from = 0;
    for (std::size_t i = 0; i < rank; ++i) shape.push_back(inserted[i] ? dim(1) : x.shape[from++]);
    output_reshaped(ctx, std::move(shape));
    return {};
  }

  status reference(eval_context& ctx) const { return copy_reference(ctx); }
};

/// y = x as a matrix: axes before `axis` times axes from it on
struct flatten {
  static constexpr op_info info{"flatten", ports{"x"}, ports{"y"}, pure | view};
  std::int64_t axis = 1;  ///< -rank to rank
  static constexpr auto attributes = attributes_of(attribute{"axis", &flatten::axis});
  static constexpr onnx_import onnx{"Flatten", 1};
  friend bool operator==(const flatten&, const flatten&) = default;

  status infer(infer_context& ctx) const {
    const fact& x = ctx[0];
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      return {};
    }
    const auto rank = static_cast<std::int64_t>(x.rank());
    if (axis < -rank || axis > rank)
      return fail(code::attribute, "axis is ", axis, ", expected ", -rank, " to ", rank);
    const std::int64_t at = axis < 0 ? axis + rank : axis;
    dim rows = 1, columns = 1;
    for (std::int64_t i = 0; i < rank; ++i)
      (i < at ? rows : columns) *= x.shape[static_cast<std::size_t>(i)];
    output_reshaped(ctx, dims{rows, columns});
    return {};
  }

  status reference(eval_context& ctx) const { return copy_reference(ctx); }
};

/// y = x broadcast together with `shape`
struct expand {
  static constexpr op_info info{"expand", ports{"x", "shape"}, ports{"y"}};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Expand", 8};
  friend bool operator==(const expand&, const expand&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_index_type(ctx, 1, "shape"));
    const auto wanted = ctx.content(1);
    const auto length = known_length(ctx, 1);
    const bool has_rank = wanted || (length && *length <= max_unknown_sizes);
    if (!ctx[0].is_ranked || !has_rank) {
      output_unranked(ctx, 0, ctx[0].type);
      return {};
    }
    if (!wanted) {
      ctx.output(0, ctx[0].type, expanded_sizes(ctx, static_cast<std::size_t>(*length)));
      return {};
    }
    for (const dim d : *wanted)
      if (d.is_constant() && d.constant() < 0)
        return fail(code::shape, "shape contains ", d, ", expected sizes of at least 0");
    TENON_TRY(dims shape,
              ctx.broadcast(ctx[0].shape, dims(std::span<const dim>(*wanted)), "shape"));
    const auto in = to_extents(ctx[0].shape);
    const auto out = to_extents(shape);
    std::optional<strided_view> v;
    if (in && out) v = strided_view{*out, broadcast_strides(*in, *out), 0};
    output_view(ctx, std::move(shape), v);
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    read_view({y.dims(), broadcast_strides(ctx[0].dims(), y.dims()), 0}, ctx[0], y);
    return {};
  }

 private:
  /// The shape when `shape` has `length` elements that only the run knows.
  static dims expanded_sizes(infer_context& ctx, std::size_t length) {
    const dims& x = ctx[0].shape;
    const std::size_t rank = std::max(x.size(), length);
    dims out;
    for (std::size_t i = 0; i < rank; ++i) {
      const dim own = i + x.size() >= rank ? x[i + x.size() - rank] : dim(1);
      const bool stays = i + length < rank || (own.is_constant() && own.constant() != 1);
      out.push_back(stays ? own : ctx.unbacked("expand", dim(interval::highest)));
    }
    return out;
  }
};

/// y repeats x `repeats[i]` times along axis i
struct tile {
  static constexpr op_info info{"tile", ports{"x", "repeats"}, ports{"y"}};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Tile", 6};
  friend bool operator==(const tile&, const tile&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(ctx.require_type(1, {dtype::i64}, "repeats"));
    const fact& x = ctx[0];
    const auto repeats = ctx.content(1);
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      return {};
    }
    if (!repeats) {
      ctx.output(0, x.type, unknown_sizes(ctx, "tile", x.rank()));
      return {};
    }
    if (repeats->size() != x.rank())
      return fail(code::shape, "repeats has ", repeats->size(), " elements, expected rank ",
                  x.rank());
    dims shape;
    for (std::size_t i = 0; i < x.rank(); ++i) {
      const dim r = (*repeats)[i];
      if (r.is_constant() && r.constant() < 0)
        return fail(code::shape, "repeats contains ", r, ", expected at least 0");
      shape.push_back(x.shape[i] * r);
    }
    ctx.output(0, x.type, std::move(shape));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const extents& in = ctx[0].dims();
    if (in.empty()) {
      copy_all(ctx[0], y);
      return {};
    }
    const extents own = strides_of(in);
    strided_view v;
    extents split;
    for (std::size_t i = 0; i < in.size(); ++i) {
      v.dims.push_back(in[i] == 0 ? 0 : y.dim(i) / in[i]);
      v.dims.push_back(in[i]);
      v.strides.push_back(0);
      v.strides.push_back(own[i]);
    }
    read_view(v, ctx[0], y);
    return {};
  }
};

/// y = the sizes of axes start to end of x
struct shape_of {
  static constexpr op_info info{"shape", ports{"x"}, ports{"y"}};
  std::int64_t start = 0;                ///< first axis, clamped
  std::optional<std::int64_t> end = {};  ///< one past the last axis, clamped; none: all
  static constexpr auto attributes =
      attributes_of(attribute{"start", &shape_of::start}, attribute{"end", &shape_of::end});
  static constexpr onnx_import onnx{"Shape", 1};
  friend bool operator==(const shape_of&, const shape_of&) = default;

  status infer(infer_context& ctx) const {
    const fact& x = ctx[0];
    if (!x.is_ranked) {
      output_unranked(ctx, 0, dtype::i64);
      return {};
    }
    const auto rank = static_cast<std::int64_t>(x.rank());
    const auto place = [&](std::int64_t a) {
      return std::clamp<std::int64_t>(a < 0 ? a + rank : a, 0, rank);
    };
    const std::int64_t first = place(start), last = place(end.value_or(rank));
    fact out = fact::of(dtype::i64, dims{dim(std::max<std::int64_t>(last - first, 0))});
    out.elements.emplace();
    for (std::int64_t i = first; i < last; ++i)
      out.elements->push_back(x.shape[static_cast<std::size_t>(i)]);
    ctx.output(0, std::move(out));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto rank = static_cast<std::int64_t>(ctx[0].rank());
    const std::int64_t first = std::clamp<std::int64_t>(start < 0 ? start + rank : start, 0, rank);
    for (std::int64_t i = 0; i < y.size(); ++i)
      y.data<std::int64_t>()[i] = ctx[0].dim(static_cast<std::size_t>(first + i));
    return {};
  }
};

/// y = the number of elements of x
struct size_op {
  static constexpr op_info info{"size", ports{"x"}, ports{"y"}};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Size", 1};
  friend bool operator==(const size_op&, const size_op&) = default;

  status infer(infer_context& ctx) const {
    fact out = fact::of(dtype::i64, {});
    if (ctx[0].is_ranked) out.elements = std::vector<dim>{product(ctx[0].shape)};
    ctx.output(0, std::move(out));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    *y.data<std::int64_t>() = ctx[0].size();
    return {};
  }
};

using movement_ops = type_list<expand,
                               flatten,
                               identity,
                               reshape,
                               shape_of,
                               size_op,
                               squeeze,
                               tile,
                               transpose,
                               unsqueeze>;

}  // namespace tenon::inline v0::ops
