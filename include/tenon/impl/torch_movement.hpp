#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/formats/torch/importer.hpp"

#include <algorithm>
#include <limits>

namespace tenon::inline v0::pt2 {

namespace movement_detail {

using ids = std::vector<std::int64_t>;
inline constexpr std::int64_t farthest = std::numeric_limits<std::int64_t>::max();

inline void same(call& c) {
  c.output(c.tensor_at(c.first()));
}

inline void dropout(call& c) {
  c.ignore({"p"});
  if (c.flag("train"))
    c.fail_with(code::unsupported, "drops at random: expected a model in eval mode");
  same(c);
}

/// aten.to, _to_copy, type_as: the dtype that the program declares.
inline void convert(call& c) {
  c.ignore({"dtype", "other"});
  c.output(c.cast(c.tensor_at(c.first()), c.declared()));
}

inline value_id reshape(call& c, value_id x, value_id shape, bool all_mean_sizes = false) {
  return c.add("Reshape", {x, shape}, {{"allowzero", std::int64_t{all_mean_sizes}}});
}

inline void view(call& c) {
  if (c.has("dtype")) return c.fail_with(code::unsupported, "views bytes as another element type");
  const std::string_view name = c.has("shape") ? "shape" : "size";
  const bool is_symbolic = c.is_symbolic(name);
  const ids known = is_symbolic ? ids{} : c.integers(name);
  const bool has_zero = std::find(known.begin(), known.end(), 0) != known.end();
  c.output(reshape(c, c.tensor_at(c.first()), c.sizes(name), is_symbolic || has_zero));
}

/// Reshapes with axes [from, to) replaced by `sizes`.
inline value_id replace_axes(
    call& c, value_id x, std::int64_t from, std::int64_t to, value_id sizes) {
  const std::int64_t rank = c.rank(x);
  if (from == 0 && to == rank) return reshape(c, x, sizes);
  const value_id parts[] = {c.shape_of(x, 0, from), sizes, c.shape_of(x, to, rank)};
  const auto first = static_cast<std::size_t>(from == 0);
  const std::size_t count = (to == rank ? 2U : 3U) - first;
  const value_id shape = c.add_many("Concat", std::span(parts).subspan(first, count),
                                    {{"axis", std::int64_t{0}}}, 1)[0];
  return reshape(c, x, shape);
}

inline void flatten(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t rank = c.rank(x);
  const std::int64_t from = c.axis("start_dim", rank), to = c.axis("end_dim", rank, -1);
  if (from == 1 && to == rank - 1)
    c.output(c.add("Flatten", {x}, {{"axis", std::int64_t{1}}}));
  else if (from == to && rank > 0)
    c.output(x);
  else
    c.output(replace_axes(c, x, from, std::min(to + 1, rank), c.ints({-1})));
}

inline void unflatten(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x));
  c.output(replace_axes(c, x, axis, axis + 1, c.sizes("sizes")));
}

inline value_id permuted(call& c, value_id x, ids order) {
  return c.add("Transpose", {x}, {{"perm", std::move(order)}});
}

inline ids in_order(std::int64_t rank) {
  ids out(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int64_t>(i);
  return out;
}

inline value_id swapped(call& c, value_id x, std::int64_t a, std::int64_t b) {
  ids order = in_order(c.rank(x));
  if (a < c.rank(x) && b < c.rank(x))
    std::swap(order[static_cast<std::size_t>(a)], order[static_cast<std::size_t>(b)]);
  return permuted(c, x, std::move(order));
}

inline void permute(call& c) {
  const value_id x = c.tensor_at("self");
  ids order = c.integers("dims");
  for (std::int64_t& a : order) a += a < 0 ? c.rank(x) : 0;
  c.output(permuted(c, x, std::move(order)));
}

inline void transpose(call& c) {
  const value_id x = c.tensor_at("self");
  const bool has_axes = c.has("axis0");
  const std::int64_t a = c.axis(has_axes ? "axis0" : "dim0", c.rank(x));
  const std::int64_t b = c.axis(has_axes ? "axis1" : "dim1", c.rank(x));
  c.output(c.rank(x) == 0 ? x : swapped(c, x, a, b));
}

/// The last two axes; `t` and `numpy_T` have no more.
inline void transpose_last(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t rank = c.rank(x);
  if (c.row().form == "all" && rank > 2) {
    ids order = in_order(rank);
    std::reverse(order.begin(), order.end());
    return c.output(permuted(c, x, std::move(order)));
  }
  c.output(rank < 2 ? x : swapped(c, x, rank - 2, rank - 1));
}

inline void movedim(call& c) {
  const value_id x = c.tensor_at("self");
  ids from = c.integers("source"), to = c.integers("destination"), order,
      rest = in_order(c.rank(x));
  for (ids* list : {&from, &to})
    for (std::int64_t& a : *list) a += a < 0 ? c.rank(x) : 0;
  std::erase_if(rest, [&](std::int64_t a) { return std::count(from.begin(), from.end(), a) != 0; });
  std::size_t next = 0;
  for (std::int64_t i = 0; i < c.rank(x); ++i) {
    const auto at = std::find(to.begin(), to.end(), i);
    const auto which = static_cast<std::size_t>(at - to.begin());
    if (at != to.end() && which < from.size())
      order.push_back(from[which]);
    else if (next < rest.size())
      order.push_back(rest[next++]);
  }
  c.output(permuted(c, x, std::move(order)));
}

inline void unsqueeze(call& c) {
  const value_id x = c.tensor_at("self");
  c.output(c.add("Unsqueeze", {x, c.ints({c.axis("dim", c.rank(x) + 1)})}));
}

/// Axes of another size than 1 stay; torch makes no axis special whose size is a symbol.
inline void squeeze(call& c) {
  const value_id x = c.tensor_at("self");
  ids axes = c.has("dim") ? c.integers("dim") : in_order(c.rank(x));
  for (std::int64_t& a : axes) a += a < 0 ? c.rank(x) : 0;
  std::erase_if(axes, [&](std::int64_t a) {
    return a < 0 || a >= c.rank(x) || c.fact(x).shape[static_cast<std::size_t>(a)] != dim(1);
  });
  c.output(axes.empty() ? x : c.add("Squeeze", {x, c.ints(axes)}));
}

inline void expand(call& c) {
  c.output(c.add("Expand", {c.tensor_at("self"), c.sizes("size", 1)}));
}

inline void expand_as(call& c) {
  const value_id other = c.tensor_at("other");
  c.output(c.add("Expand", {c.tensor_at("self"), c.shape_of(other, 0, c.rank(other))}));
}

inline void view_as(call& c) {
  const value_id other = c.tensor_at("other");
  c.output(reshape(c, c.tensor_at("self"), c.shape_of(other, 0, c.rank(other)), true));
}

inline void concatenate(call& c) {
  std::vector<value_id> parts = c.tensors("tensors");
  if (parts.empty()) return c.fail_with(code::graph, "joins no tensors");
  const bool is_stack = c.row().form == "stack";
  const std::int64_t axis = c.axis("dim", c.rank(parts[0]) + (is_stack ? 1 : 0));
  const value_id at = is_stack ? c.ints({axis}) : value_id();
  for (value_id& part : parts) {
    part = c.cast(part, c.declared());
    if (is_stack) part = c.add("Unsqueeze", {part, at});
  }
  c.output(c.add_many("Concat", parts, {{"axis", axis}}, 1)[0]);
}

inline value_id slice(call& c, value_id x, std::int64_t axis, std::int64_t from, std::int64_t to) {
  return c.add("Slice", {x, c.ints({from}), c.ints({to}), c.ints({axis})});
}

inline void outputs(call& c, const std::vector<value_id>& made) {
  for (std::size_t i = 0; i < made.size(); ++i) c.output(i, made[i]);
}

/// split, split_with_sizes, chunk: pieces of one axis.
inline void split(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x));
  const std::size_t count = c.output_count();
  if (c.has("split_sizes") || c.is_symbolic("split_size")) {
    const value_id sizes = c.sizes(c.has("split_sizes") ? "split_sizes" : "split_size");
    const value_id given[] = {x, sizes};
    return outputs(c, c.add_many("Split", given, {{"axis", axis}}, count));
  }
  const dims& shape = c.fact(x).shape;
  const auto at = static_cast<std::size_t>(axis);
  const auto size = at < shape.size() ? shape[at].as_constant() : std::nullopt;
  std::int64_t piece = 0;
  if (c.has("chunks")) {
    const std::int64_t chunks = c.integer("chunks");
    if (!size || chunks < 1)
      return c.fail_with(code::unsupported, "splits an axis whose size is a symbol into chunks");
    piece = (*size + chunks - 1) / chunks;
  } else {
    const std::string_view name = c.has("split_size") ? "split_size" : "split_size_or_sections";
    const ids given = c.integers(name);
    if (given.size() != 1) {
      const value_id inputs[] = {x, c.ints(given)};
      return outputs(c, c.add_many("Split", inputs, {{"axis", axis}}, count));
    }
    piece = given[0];
  }
  if (piece < 0 || (count > 0 && piece > farthest / static_cast<std::int64_t>(count)))
    return c.fail_with(code::attribute, cat("pieces have size ", piece));
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t from = static_cast<std::int64_t>(i) * piece;
    c.output(i, slice(c, x, axis, from, i + 1 == count ? farthest : from + piece));
  }
}

inline void unbind(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x));
  for (std::size_t i = 0; i < c.output_count(); ++i)
    c.output(i,
             c.add("Gather", {x, c.number(static_cast<double>(i), dtype::i64)}, {{"axis", axis}}));
}

inline void slice_axis(call& c) {
  const value_id x = c.tensor_at("self");
  const value_id axis = c.ints({c.axis("dim", c.rank(x))});
  if (c.has("length")) {
    const value_id from = c.size_at("start");
    return c.output(c.add("Slice", {x, from, c.add("Add", {from, c.size_at("length")}), axis}));
  }
  const value_id from = c.size_at("start", 0), to = c.size_at("end", farthest);
  c.output(c.add("Slice", {x, from, to, axis, c.size_at("step", 1)}));
}

inline void select(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x));
  c.output(c.add("Gather", {x, c.operand("index", dtype::i64)}, {{"axis", axis}}));
}

inline void flip(call& c) {
  const value_id x = c.tensor_at("self");
  const ids axes = c.integers("dims");
  const ids last(axes.size(), -1), first(axes.size(), std::numeric_limits<std::int64_t>::min());
  c.output(c.add("Slice", {x, c.ints(last), c.ints(first), c.ints(axes), c.ints(last)}));
}

inline void repeat(call& c) {
  value_id x = c.tensor_at("self");
  const value_id counts = c.sizes(c.has("dims") ? "dims" : "repeats");
  const auto size =
      c.fact(counts).shape.empty() ? std::nullopt : c.fact(counts).shape[0].as_constant();
  const std::int64_t more = size.value_or(0) - c.rank(x);
  if (more > 0) x = c.add("Unsqueeze", {x, c.ints(in_order(more))});
  if (more < 0) return c.fail_with(code::attribute, "repeats fewer axes than there are");
  c.output(c.add("Tile", {x, counts}));
}

/// Padding of the last axes, innermost first: constant, reflect or edge.
inline void pad(call& c) {
  const value_id x = c.tensor_at("self");
  const bool is_general = c.row().form.empty();
  std::string_view mode = is_general ? c.text("mode", "constant") : c.row().form;
  if (mode == "replicate") mode = "edge";
  if (mode == "circular") mode = "wrap";
  const ids given = c.integers(c.has("padding") ? "padding" : "pad");
  const auto rank = static_cast<std::size_t>(c.rank(x));
  if (given.size() % 2 != 0 || given.size() / 2 > rank)
    return c.fail_with(code::attribute, cat("pads are ", bracketed(given), " for rank ", rank));
  ids pads(2 * rank, 0);
  for (std::size_t i = 0; i < given.size() / 2; ++i) {
    pads[rank - 1 - i] = given[2 * i];
    pads[2 * rank - 1 - i] = given[2 * i + 1];
  }
  const value_id value =
      mode == "constant" ? c.number(c.real("value", 0.0), c.type_of(x)) : value_id();
  if (mode != "constant") c.ignore({"value"});
  c.output(c.add("Pad", {x, c.ints(pads), value}, {{"mode", std::string(mode)}}));
}

inline void pixel_shuffle(call& c) {
  c.output(c.add("DepthToSpace", {c.tensor_at("self")},
                 {{"blocksize", c.integer("upscale_factor")}, {"mode", std::string("CRD")}}));
}

inline void triangle(call& c) {
  c.output(c.add(
      "Trilu",
      {c.tensor_at("self"), c.number(static_cast<double>(c.integer("diagonal", 0)), dtype::i64)},
      {{"upper", std::int64_t{c.row().form == "upper"}}}));
}

/// Each axis of `dims` turned round by `shifts`; without axes all elements.
inline void roll(call& c) {
  const value_id x = c.tensor_at("self");
  const ids shifts = c.integers("shifts"), given = c.integers("dims", {});
  value_id out = given.empty() ? reshape(c, x, c.ints({-1})) : x;
  const ids axes = given.empty() ? ids{0} : given;
  for (std::size_t i = 0; i < axes.size() && i < shifts.size(); ++i) {
    const std::int64_t axis = axes[i] < 0 ? axes[i] + c.rank(x) : axes[i];
    const dims& shape = c.fact(out).shape;
    const auto at = static_cast<std::size_t>(axis);
    const auto size = at < shape.size() ? shape[at].as_constant() : std::nullopt;
    if (!size && shifts[i] == 0) continue;
    if (!size) return c.fail_with(code::unsupported, "turns an axis whose size is a symbol");
    const std::int64_t first =
        *size == 0 ? 0 : floor_mod(*size - floor_mod(shifts[i], *size), *size);
    if (first == 0) continue;
    const value_id parts[] = {slice(c, out, axis, first, farthest), slice(c, out, axis, 0, first)};
    out = c.add_many("Concat", parts, {{"axis", axis}}, 1)[0];
  }
  c.output(given.empty() ? reshape(c, out, c.shape_of(x, 0, c.rank(x)), true) : out);
}

/// self with src in place of a slice: what is before it, src, what is behind.
inline void slice_scatter(call& c) {
  const value_id x = c.tensor_at("self"), src = c.tensor_at("src");
  const std::int64_t axis = c.axis("dim", c.rank(x));
  if (c.integer("step", 1) != 1)
    return c.fail_with(code::unsupported, "replaces a slice with a step: expected 1");
  const value_id at = c.ints({axis}), zero = c.ints({0}), end = c.ints({farthest});
  const value_id from = c.size_at("start", 0), to = c.size_at("end", farthest);
  const value_id parts[] = {c.add("Slice", {x, zero, from, at}), c.cast(src, c.type_of(x)),
                            c.add("Slice", {x, to, end, at})};
  c.output(c.add_many("Concat", parts, {{"axis", axis}}, 1)[0]);
}

inline void select_scatter(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axis = c.axis("dim", c.rank(x)), index = c.integer("index");
  const value_id src =
      c.add("Unsqueeze", {c.cast(c.tensor_at("src"), c.type_of(x)), c.ints({axis})});
  const std::int64_t behind = index == -1 || index == farthest ? farthest : index + 1;
  const value_id parts[] = {slice(c, x, axis, 0, index), src, slice(c, x, axis, behind, farthest)};
  c.output(c.add_many("Concat", parts, {{"axis", axis}}, 1)[0]);
}

/// Another tensor or a number in the shape and dtype of self.
inline void replace(call& c) {
  const value_id x = c.tensor_at("self");
  const value_id by = c.operand(c.row().form, c.type_of(x));
  c.output(c.add("Expand", {by, c.shape_of(x, 0, c.rank(x))}));
}

/// A reshape when neither the input nor the result skips or repeats elements.
inline void as_strided(call& c) {
  const value_id x = c.tensor_at("self");
  const ids strides = c.integers("stride");
  const value_id sizes = c.sizes("size");
  const auto known = c.fact(sizes).elements.value_or(std::vector<dim>());
  dim dense = 1;
  bool is_dense = known.size() == strides.size() && c.integer("storage_offset", 0) == 0;
  for (std::size_t i = known.size(); is_dense && i-- > 0;) {
    is_dense = known[i] == dim(1) || dense == dim(strides[i]);
    dense *= known[i];
  }
  if (!is_dense || !c.is_contiguous("self"))
    return c.fail_with(code::unsupported, "skips or repeats elements: expected a plain reshape");
  c.output(reshape(c, x, sizes, true));
}

inline constexpr auto rows = sorted({
    {"aten.clone", same},
    {.target = "aten.contiguous", .build = same, .is_view = true},
    {.target = "aten.detach", .build = same, .is_view = true},
    {.target = "aten.alias", .build = same, .is_view = true},
    {.target = "aten.lift_fresh", .build = same, .is_view = true},
    {"aten.lift_fresh_copy", same},
    {.target = "aten.positive", .build = same, .is_view = true},
    {.target = "aten.dropout", .build = dropout, .is_view = true},
    {.target = "aten.alpha_dropout", .build = dropout, .is_view = true},
    {.target = "aten.feature_dropout", .build = dropout, .is_view = true},
    {.target = "aten.native_dropout", .build = dropout, .is_view = true},
    {.target = "aten.to", .build = convert, .is_view = true},
    {"aten._to_copy", convert},
    {.target = "aten.type_as", .build = convert, .is_view = true},
    {"prims.convert_element_type", convert},
    {.target = "aten.view", .build = view, .is_view = true},
    {.target = "aten.reshape", .build = view, .is_view = true},
    {.target = "aten._unsafe_view", .build = view, .is_view = true},
    {"aten.view_copy", view},
    {"aten._reshape_copy", view},
    {.target = "aten.view_as", .build = view_as, .is_view = true},
    {.target = "aten.reshape_as", .build = view_as, .is_view = true},
    {.target = "aten.flatten", .build = flatten, .is_view = true},
    {.target = "aten.unflatten", .build = unflatten, .is_view = true},
    {.target = "aten.permute", .build = permute, .is_view = true},
    {"aten.permute_copy", permute},
    {.target = "aten.transpose", .build = transpose, .is_view = true},
    {.target = "aten.swapaxes", .build = transpose, .is_view = true},
    {.target = "aten.swapdims", .build = transpose, .is_view = true},
    {.target = "aten.t", .build = transpose_last, .is_view = true},
    {.target = "aten.mT", .build = transpose_last, .is_view = true},
    {.target = "aten.numpy_T", .build = transpose_last, .form = "all", .is_view = true},
    {.target = "aten.movedim", .build = movedim, .is_view = true},
    {.target = "aten.unsqueeze", .build = unsqueeze, .is_view = true},
    {.target = "aten.squeeze", .build = squeeze, .is_view = true},
    {.target = "aten.expand", .build = expand, .is_view = true},
    {"aten.expand_copy", expand},
    {.target = "aten.broadcast_to", .build = expand, .is_view = true},
    {.target = "aten.expand_as", .build = expand_as, .is_view = true},
    {"aten.cat", concatenate},
    {"aten.concat", concatenate},
    {"aten.stack", concatenate, "stack"},
    {.target = "aten.split", .build = split, .is_view = true},
    {.target = "aten.split_with_sizes", .build = split, .is_view = true},
    {.target = "aten.unsafe_split", .build = split, .is_view = true},
    {.target = "aten.chunk", .build = split, .is_view = true},
    {.target = "aten.unsafe_chunk", .build = split, .is_view = true},
    {.target = "aten.unbind", .build = unbind, .is_view = true},
    {.target = "aten.slice", .build = slice_axis, .is_view = true},
    {.target = "aten.narrow", .build = slice_axis, .is_view = true},
    {.target = "aten.select", .build = select, .is_view = true},
    {"aten.flip", flip},
    {"aten.repeat", repeat},
    {"aten.tile", repeat},
    {"aten.pad", pad},
    {"aten.constant_pad_nd", pad, "constant"},
    {"aten.reflection_pad1d", pad, "reflect"},
    {"aten.reflection_pad2d", pad, "reflect"},
    {"aten.reflection_pad3d", pad, "reflect"},
    {"aten.replication_pad1d", pad, "edge"},
    {"aten.replication_pad2d", pad, "edge"},
    {"aten.replication_pad3d", pad, "edge"},
    {"aten.pixel_shuffle", pixel_shuffle},
    {"aten.roll", roll},
    {"aten.slice_scatter", slice_scatter},
    {"aten.select_scatter", select_scatter},
    {"aten.copy", replace, "src"},
    {"aten.fill", replace, "value"},
    {.target = "aten.as_strided", .build = as_strided, .is_view = true},
    {"aten.triu", triangle, "upper"},
    {"aten.tril", triangle, "lower"},
});

}  // namespace movement_detail

TENON_INLINE std::span<const operator_row> movement_rows() {
  return movement_detail::rows;
}

}  // namespace tenon::inline v0::pt2
