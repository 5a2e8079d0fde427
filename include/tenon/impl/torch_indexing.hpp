#pragma once

#include "tenon/formats/torch/importer.hpp"
#include "tenon/impl/torch_movement.hpp"

#include <algorithm>

namespace tenon::inline v0::pt2 {

namespace indexing_detail {

using movement_detail::ids;
using movement_detail::in_order;
using movement_detail::permuted;

/// index_select and gather
inline void gather(call& c) {
  const value_id x = c.tensor_at("self");
  c.ignore({"sparse_grad"});
  const std::int64_t axis = c.axis("dim", c.rank(x));
  c.output(c.add(c.row().form, {x, c.tensor_at("index")}, {{"axis", axis}}));
}

inline void embedding(call& c) {
  c.output(c.add("Gather", {c.tensor_at("weight"), c.tensor_at("indices")}));
}

/// Several integer tensors that index axes from `axis` on: these axes go first for GatherND.
inline void index_many(call& c, value_id x, std::vector<value_id> found, std::int64_t axis) {
  const auto count = static_cast<std::int64_t>(found.size());
  value_id all = c.cast(found[0], dtype::i64);
  for (std::size_t i = 1; i < found.size(); ++i)
    all = c.add("Add", {all, c.cast(found[i], dtype::i64)});
  const std::int64_t rank = c.rank(all);
  const value_id shape = c.shape_of(all, 0, rank);
  for (value_id& v : found)
    v = c.add("Unsqueeze", {c.add("Expand", {c.cast(v, dtype::i64), shape}), c.ints({-1})});
  ids front = in_order(c.rank(x)), back = in_order(rank + c.rank(x) - count);
  if (axis + count > c.rank(x)) return c.fail_with(code::attribute, "has more indices than axes");
  std::rotate(front.begin(), front.begin() + axis, front.begin() + axis + count);
  std::rotate(back.begin(), back.begin() + rank, back.begin() + rank + axis);
  const value_id joined = c.add_many("Concat", found, {{"axis", std::int64_t{-1}}}, 1)[0];
  const value_id out = c.add("GatherND", {axis == 0 ? x : permuted(c, x, front), joined});
  c.output(axis == 0 ? out : permuted(c, out, back));
}

/// x[i], x[:, i] and x[:, i, j] with integer tensors
inline void index(call& c) {
  const value_id x = c.tensor_at("self");
  const std::vector<value_id> given = c.tensors("indices");
  std::vector<value_id> found;
  std::size_t axis = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i]) continue;
    if (!is_integer(c.type_of(given[i])))
      return c.fail_with(code::unsupported, "is indexed by a mask: expected integers");
    if (found.empty()) axis = i;
    if (i != axis + found.size())
      return c.fail_with(code::unsupported, "is indexed along axes that are not neighbours");
    found.push_back(given[i]);
  }
  const auto first = static_cast<std::int64_t>(axis);
  if (found.empty()) return c.output(x);
  if (found.size() == 1) return c.output(c.add("Gather", {x, found[0]}, {{"axis", first}}));
  index_many(c, x, std::move(found), first);
}

inline void scatter(call& c) {
  const value_id x = c.tensor_at("self"), index = c.tensor_at("index");
  const std::int64_t axis = c.axis("dim", c.rank(x));
  const std::string reduction(c.row().form);
  value_id src = c.operand(c.has("value") ? "value" : "src", c.type_of(x));
  if (c.rank(src) == 0 && c.rank(index) != 0)
    src = c.add("Expand", {src, c.shape_of(index, 0, c.rank(index))});
  c.output(c.add("ScatterElements", {x, index, src}, {{"axis", axis}, {"reduction", reduction}}));
}

inline constexpr auto rows = sorted({
    {"aten.index_select", gather, "Gather"},
    {"aten.gather", gather, "GatherElements"},
    {"aten.embedding", embedding},
    {.target = "aten.index", .build = index, .is_view = true},
    {"aten.scatter", scatter, "none"},
    {"aten.scatter_add", scatter, "add"},
});

}  // namespace indexing_detail

TENON_INLINE std::span<const operator_row> indexing_rows() {
  return indexing_detail::rows;
}

}  // namespace tenon::inline v0::pt2
