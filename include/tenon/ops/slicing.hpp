#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/slice_rule.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace tenon::inline v0::ops {

/// y = inputs joined along an axis
struct concat {
  static constexpr op_info info{"concat", ports{many("x")}, ports{"y"}};
  std::int64_t axis = 0;
  static constexpr auto attributes = attributes_of(attribute{"axis", &concat::axis, true});
  static constexpr onnx_import onnx{"Concat", 4};
  friend bool operator==(const concat&, const concat&) = default;

  status infer(infer_context& ctx) const {
    if (ctx.size() == 0) return fail(code::graph, "concat has no inputs, expected at least one");
    dims shape;
    bool known = true;
    for (std::size_t i = 0; i < ctx.size(); ++i) {
      if (!ctx.has(i)) return fail(code::graph, "input ", i, " is absent");
      TENON_TRY(require_same_type(ctx, 0, i, cat("input ", i)));
      known = known && ctx[i].is_ranked;
    }
    if (!known) {
      output_unranked(ctx, 0, ctx[0].type);
      return {};
    }
    TENON_TRY(const std::size_t at, ctx.axis(axis, ctx[0].rank()));
    shape = ctx[0].shape;
    for (std::size_t i = 1; i < ctx.size(); ++i) {
      const dims& more = ctx[i].shape;
      if (more.size() != shape.size())
        return fail(code::shape, "input ", i, " has shape ", bracketed(more), ", expected rank ",
                    shape.size());
      for (std::size_t a = 0; a < shape.size(); ++a) {
        if (a == at) {
          shape[a] += more[a];
          continue;
        }
        TENON_TRY(ctx.require_equal(more[a], shape[a], cat("axis ", a, " of input ", i)));
        if (more[a].is_constant()) shape[a] = more[a];
      }
    }
    fact out = fact::of(ctx[0].type, std::move(shape));
    if (out.rank() == 1 && is_trackable(out)) out.elements = joined_content(ctx);
    ctx.output(0, std::move(out));
    return {};
  }

  static std::optional<std::vector<dim>> joined_content(const infer_context& ctx) {
    std::vector<dim> all;
    for (std::size_t i = 0; i < ctx.size(); ++i) {
      const auto part = ctx.elements(i);
      if (!part) return std::nullopt;
      all.insert(all.end(), part->begin(), part->end());
    }
    return all;
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto rank = static_cast<std::int64_t>(y.rank());
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    const std::int64_t outer = size_between(y.dims(), 0, at);
    const std::int64_t row = size_between(y.dims(), at, y.rank());
    std::int64_t start = 0;
    for (std::size_t i = 0; i < ctx.size(); ++i) {
      const element_mover move(y, ctx[i]);
      const std::int64_t run = size_between(ctx[i].dims(), at, y.rank());
      for (std::int64_t o = 0; o < outer; ++o) move(o * row + start, o * run, run);
      start += run;
    }
    return {};
  }
};

/// x cut along an axis into pieces of the sizes in `split`, or into equal ones
struct split {
  static constexpr op_info info{"split", ports{"x", maybe("split")}, ports{many("y")}};
  std::int64_t axis = 0;
  std::optional<std::int64_t> num_outputs = {};  ///< none: as many as the node has
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &split::axis}, attribute{"num_outputs", &split::num_outputs});
  static constexpr onnx_import onnx{"Split", 13};
  friend bool operator==(const split&, const split&) = default;

  result<std::vector<dim>> sizes(infer_context& ctx, dim total) const {
    const std::size_t count = ctx.output_count();
    std::vector<dim> out;
    if (ctx.has(1)) {
      TENON_TRY(ctx.require_type(1, {dtype::i64}, "split"));
      auto known = ctx.content(1);
      if (!known) {
        for (std::size_t i = 0; i < count; ++i) out.push_back(ctx.unbacked("split", total));
        return out;
      }
      if (known->size() != count)
        return fail(code::shape, "split has ", known->size(), " sizes, expected ", count,
                    " outputs");
      dim sum = 0;
      for (const dim d : *known) {
        if (d.is_constant() && d.constant() < 0)
          return fail(code::shape, "split contains ", d, ", expected at least 0");
        sum += d;
      }
      TENON_TRY(ctx.require_equal(sum, total, "sum of split"));
      return *known;
    }
    if (num_outputs && *num_outputs != static_cast<std::int64_t>(count))
      return fail(code::attribute, "num_outputs is ", *num_outputs, ", expected ", count,
                  " as the node has outputs");
    const auto n = static_cast<std::int64_t>(count);
    const dim each = ceildiv(total, n);
    const dim last = total - each * dim(n - 1);
    if (last.is_constant() && last.constant() < 0)
      return fail(code::shape, "axis of size ", total, " cannot be cut into ", n, " pieces of ",
                  each);
    out.assign(count, each);
    if (!out.empty()) out.back() = ctx.facts().simplify(last);
    return out;
  }

  status infer(infer_context& ctx) const {
    const fact& x = ctx[0];
    if (!x.is_ranked) {
      for (std::size_t i = 0; i < ctx.output_count(); ++i) output_unranked(ctx, i, x.type);
      return {};
    }
    TENON_TRY(const std::size_t at, ctx.axis(axis, x.rank()));
    TENON_TRY(const auto pieces, sizes(ctx, x.shape[at]));
    const auto in = to_extents(x.shape);
    std::int64_t start = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      dims shape = x.shape;
      shape[at] = pieces[i];
      std::optional<strided_view> v;
      if (in && all_constant(shape) && !(start < 0)) {
        v = strided_view{*to_extents(shape), strides_of(*in), start * strides_of(*in)[at]};
        start += pieces[i].constant();
      } else {
        start = -1;
      }
      output_view(ctx, std::move(shape), v, i);
    }
    return {};
  }

  status reference(eval_context& ctx) const {
    const auto rank = static_cast<std::int64_t>(ctx[0].rank());
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    std::int64_t start = 0;
    for (std::size_t i = 0; i < ctx.output_count(); ++i) {
      TENON_TRY(tensor y, ctx.output(i));
      const std::int64_t outer = size_between(y.dims(), 0, at);
      const std::int64_t run = size_between(y.dims(), at, y.rank());
      const std::int64_t row = size_between(ctx[0].dims(), at, y.rank());
      const element_mover move(y, ctx[0]);
      for (std::int64_t o = 0; o < outer; ++o) move(o * run, o * row + start, run);
      start += run;
    }
    return {};
  }
};

/// y = x[starts:ends:steps] along axes; numpy rules
struct slice {
  static constexpr op_info info{
      "slice", ports{"x", "starts", "ends", maybe("axes"), maybe("steps")}, ports{"y"}};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Slice", 10};
  friend bool operator==(const slice&, const slice&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status slice::infer(infer_context& ctx) const {
  const fact& x = ctx[0];
  for (std::size_t i = 1; i < 5; ++i) {
    TENON_TRY(require_index_type(ctx, i, info.inputs.items[i].name));
    TENON_TRY(require_rank(ctx, i, 1, info.inputs.items[i].name));
  }
  if (!x.is_ranked) {
    output_unranked(ctx, 0, x.type);
    return {};
  }
  const auto count = known_length(ctx, 1);
  const auto starts = ctx.content(1), ends = ctx.content(2);
  auto axes = ctx.numbers(3), steps = ctx.numbers(4);
  if (!ctx.has(3) && count) {
    axes.emplace();
    for (std::int64_t i = 0; i < *count; ++i) axes->push_back(i);
  }
  dims shape = x.shape;
  if (!axes) {
    for (dim& d : shape) d = ctx.unbacked("slice", d);
    ctx.output(0, x.type, std::move(shape));
    return {};
  }
  TENON_TRY(const auto at, distinct_axes(ctx, *axes, x.rank()));
  for (const std::size_t i : {1U, 2U, 4U})
    if (ctx.has(i) && ctx[i].is_ranked)
      TENON_TRY(ctx.require_equal(ctx[i].shape[0], static_cast<std::int64_t>(at.size()),
                                  cat("size of ", info.inputs.items[i].name)));
  if (!ctx.has(4)) steps.emplace(at.size(), 1);
  if ((starts && starts->size() != at.size()) || (ends && ends->size() != at.size()) ||
      (steps && steps->size() != at.size()))
    return fail(code::shape, "starts, ends, axes and steps have different lengths, expected ",
                at.size(), " each");
  const auto in = to_extents(x.shape);
  std::optional<strided_view> v;
  if (in) v = view_of(*in);
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::size_t axis = at[i];
    if (steps && (*steps)[i] == 0)
      return fail(code::shape, "steps contains 0, expected another number");
    std::optional<slice_span<dim>> span;
    if (starts && ends && steps)
      span = slice_axis(ctx, x.shape[axis], (*starts)[i], (*ends)[i], (*steps)[i]);
    shape[axis] = span ? span->length : ctx.unbacked("slice", x.shape[axis]);
    if (!v || !span || !span->start.is_constant() || !span->length.is_constant()) {
      v.reset();
      continue;
    }
    v->offset += span->start.constant() * v->strides[axis];
    v->dims[axis] = span->length.constant();
    v->strides[axis] *= span->length.constant() > 1 ? (*steps)[i] : 1;
  }
  output_view(ctx, std::move(shape), v);
  return {};
}

inline status slice::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const auto starts = ctx.integers(1), ends = ctx.integers(2);
  strided_view v = view_of(ctx[0].dims());
  const auto axes = ctx.has(3) ? ctx.integers(3) : std::vector<std::int64_t>();
  const auto steps = ctx.has(4) ? ctx.integers(4) : std::vector<std::int64_t>();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::int64_t a = axes.empty() ? static_cast<std::int64_t>(i) : axes[i];
    const auto axis = static_cast<std::size_t>(a < 0 ? a + static_cast<std::int64_t>(y.rank()) : a);
    const std::int64_t step = steps.empty() ? 1 : steps[i];
    const auto span = slice_axis(ctx[0].dim(axis), starts[i], ends[i], step);
    v.offset += span.start * v.strides[axis];
    v.dims[axis] = span.length;
    v.strides[axis] *= span.length > 1 ? step : 1;
  }
  if (!y.empty()) read_view(v, ctx[0], y);
  return {};
}

/// What pad puts outside of x.
enum class pad_mode : unsigned char { constant, reflect, edge, wrap };

constexpr std::array<std::string_view, 4> enum_names(pad_mode) {
  return {"constant", "reflect", "edge", "wrap"};
}

/// y = x with `pads` elements before and after each axis (begins, then ends); negative pads crop
struct pad {
  static constexpr op_info info{"pad", ports{"x", "pads", maybe("constant_value"), maybe("axes")},
                                ports{"y"}};
  pad_mode mode = pad_mode::constant;
  static constexpr auto attributes = attributes_of(attribute{"mode", &pad::mode});
  static constexpr onnx_import onnx{"Pad", 11};
  friend bool operator==(const pad&, const pad&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

  /// Fails when elements of an axis have nothing to repeat.
  status check_axis(std::int64_t size,
                    std::int64_t before,
                    std::int64_t after,
                    std::int64_t out) const;

  /// For each output index of an axis the input index, or -1 for the constant; the axis was checked.
  void sources(std::int64_t size,
               std::int64_t before,
               std::int64_t after,
               std::span<std::int64_t> map) const;

 private:
  /// Elements of an axis that are left after cropping, below 0 when the crops overlap.
  static std::int64_t kept_of(std::int64_t size, std::int64_t before, std::int64_t after) {
    return size + std::min<std::int64_t>(before, 0) + std::min<std::int64_t>(after, 0);
  }
};

inline status pad::infer(infer_context& ctx) const {
  const fact& x = ctx[0];
  TENON_TRY(ctx.require_type(1, {dtype::i64}, "pads"));
  TENON_TRY(require_index_type(ctx, 3, "axes"));
  TENON_TRY(require_same_type(ctx, 0, 2, "constant_value"));
  TENON_TRY(require_rank(ctx, 1, 1, "pads"));
  TENON_TRY(require_rank(ctx, 3, 1, "axes"));
  if (!x.is_ranked) {
    output_unranked(ctx, 0, x.type);
    return {};
  }
  const auto pads = ctx.content(1);
  auto axes = ctx.numbers(3);
  if (!ctx.has(3)) {
    axes.emplace();
    for (std::size_t i = 0; i < x.rank(); ++i) axes->push_back(static_cast<std::int64_t>(i));
  }
  if (!axes) {
    ctx.output(0, x.type, unknown_sizes(ctx, "pad", x.rank()));
    return {};
  }
  TENON_TRY(const auto at, distinct_axes(ctx, *axes, x.rank()));
  const auto count = static_cast<std::int64_t>(2 * at.size());
  if (const auto length = known_length(ctx, 1); length && *length != count)
    return fail(code::shape, "pads has ", *length, " elements, expected ", count);
  if (pads && std::ssize(*pads) != count)
    return fail(code::shape, "pads has ", pads->size(), " elements, expected ", count);
  dims shape = x.shape;
  if (!pads) {
    for (const std::size_t axis : at) shape[axis] = ctx.unbacked("pad", dim(interval::highest));
    ctx.output(0, x.type, std::move(shape));
    return {};
  }
  for (std::size_t i = 0; i < at.size(); ++i) {
    dim& d = shape[at[i]];
    const dim before = (*pads)[i], after = (*pads)[i + at.size()];
    d = d + before + after;
    if ((d.is_constant() && d.constant() < 0) || d.is_overflow() || before == dim(INT64_MIN) ||
        after == dim(INT64_MIN))
      return fail(code::shape, "axis ", at[i], " of size ", x.shape[at[i]], " with pads ", before,
                  " and ", after, " has size ", d, ", expected at least 0");
  }
  ctx.output(0, x.type, std::move(shape));
  return {};
}

inline status pad::check_axis(std::int64_t size,
                              std::int64_t before,
                              std::int64_t after,
                              std::int64_t out) const {
  if (kept_of(size, before, after) > 0 || out == 0 || mode == pad_mode::constant) return {};
  return fail(code::shape, "an empty axis cannot be padded with mode ",
              enum_names(mode)[static_cast<std::size_t>(mode)]);
}

inline void pad::sources(std::int64_t size,
                         std::int64_t before,
                         std::int64_t after,
                         std::span<std::int64_t> map) const {
  const std::int64_t first = before < 0 ? -before : 0;
  const std::int64_t kept = kept_of(size, before, after);
  const std::int64_t lead = before < 0 ? 0 : before;
  std::fill(map.begin(), map.end(), -1);
  for (std::int64_t o = 0; o < std::ssize(map); ++o) {
    std::int64_t i = o - lead;
    if (i < 0 || i >= kept) {
      if (mode == pad_mode::constant) continue;
      if (mode == pad_mode::edge) i = i < 0 ? 0 : kept - 1;
      if (mode == pad_mode::wrap) i = floor_mod(i, kept);
      if (mode == pad_mode::reflect && kept == 1) i = 0;
      if (mode == pad_mode::reflect && kept > 1) {
        i = floor_mod(i, 2 * (kept - 1));
        if (i >= kept) i = 2 * (kept - 1) - i;
      }
    }
    map[static_cast<std::size_t>(o)] = first + i;
  }
}

inline status pad::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor& x = ctx[0];
  const auto pads = ctx.integers(1);
  std::vector<std::int64_t> before(x.rank(), 0), after(x.rank(), 0);
  const std::size_t count = pads.size() / 2;
  const auto axes = ctx.has(3) ? ctx.integers(3) : std::vector<std::int64_t>();
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t a = ctx.has(3) ? axes[i] : static_cast<std::int64_t>(i);
    const auto axis = static_cast<std::size_t>(a < 0 ? a + static_cast<std::int64_t>(x.rank()) : a);
    before[axis] = pads[i];
    after[axis] = pads[i + count];
  }
  if (ctx.has(2) && ctx[2].size() != 1)
    return fail(code::shape, "constant_value is ", ctx[2].str(), ", expected one element");
  for (std::size_t a = 0; a < x.rank(); ++a)
    TENON_TRY(check_axis(x.dim(a), before[a], after[a], y.dim(a)));
  if (y.empty()) return {};
  std::vector<std::vector<std::int64_t>> maps;
  for (std::size_t a = 0; a < x.rank(); ++a) {
    maps.emplace_back(static_cast<std::size_t>(y.dim(a)));
    sources(x.dim(a), before[a], after[a], maps.back());
  }
  const extents own = strides_of(x.dims());
  const element_mover move(y, x);
  std::optional<element_mover> fill;
  if (ctx.has(2))
    fill.emplace(y, ctx[2]);
  else if (y.type() != dtype::string)
    std::memset(y.bytes(), 0, y.size_bytes());
  std::vector<std::int64_t> index(y.rank(), 0);
  for (std::int64_t o = 0; o < y.size(); ++o) {
    std::int64_t from = 0;
    bool inside = true;
    for (std::size_t a = 0; a < index.size(); ++a) {
      const std::int64_t i = maps[a][static_cast<std::size_t>(index[a])];
      inside = inside && i >= 0;
      from += i * own[a];
    }
    if (inside)
      move(o, from);
    else if (fill)
      (*fill)(o, 0);
    for (std::size_t a = index.size(); a-- > 0;) {
      if (++index[a] < y.dim(a)) break;
      index[a] = 0;
    }
  }
  return {};
}

using slicing_ops = type_list<concat, pad, slice, split>;

}  // namespace tenon::inline v0::ops
