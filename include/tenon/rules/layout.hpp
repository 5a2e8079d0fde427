#pragma once

#include "tenon/ops/activation.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/softmax.hpp"
#include "tenon/rules/movement.hpp"

#include <algorithm>
#include <optional>

// Transposes move towards the outputs, past ops that work on each element or along one axis, until they
// meet their inverse or an op that takes them in.

namespace tenon::inline v0::rules {

namespace layout_detail {

/// A transpose, its only reader and what both work on.
struct motion {
  const site* at;
  value_id x;  ///< the input of the transpose
  node_id reader;
  std::vector<std::size_t> order;

  const ir::graph& graph() const { return at->graph(); }

  const ir::any_op& op() const { return graph()[reader].op; }

  value_id input(std::size_t i) const {
    const auto& in = graph()[reader].inputs;
    return i < in.size() ? in[i] : value_id();
  }

  value_id result() const { return graph()[reader].outputs[0]; }

  bool has_one_output() const {
    const auto& out = graph()[reader].outputs;
    for (std::size_t o = 1; o < out.size(); ++o)
      if (out[o] && graph().use_count(out[o]) != 0) return false;
    return true;
  }

  /// The axis before the transpose.
  std::optional<std::size_t> axis(std::int64_t a) const {
    const auto rank = static_cast<std::int64_t>(order.size());
    if (a < -rank || a >= rank) return std::nullopt;
    return order[static_cast<std::size_t>(a < 0 ? a + rank : a)];
  }

  /// Ends the motion: `op` on `inputs`, then the transpose.
  rewritten finish(ir::patch&& p, ir::any_op moved, std::span<const value_id> inputs) const {
    return finish(std::move(p), std::move(moved), inputs, movement_detail::as_perm(order));
  }

  rewritten finish(ir::patch&& p,
                   ir::any_op moved,
                   std::span<const value_id> inputs,
                   std::vector<std::int64_t> perm) const {
    TENON_TRY(value_id by, at->add(p, std::move(moved), inputs));
    if (!perm.empty()) {
      TENON_TRY(by, at->add(p, ops::transpose{std::move(perm)}, {by}));
    }
    return at->replace(std::move(p), result(), by);
  }
};

inline std::optional<motion> motion_at(const match_of<ops::transpose>& s) {
  const value_id moved = s.output();
  if (!s.is_single_use(moved) || s.is_constant(s.input(0)) || !s.fact(moved).is_ranked)
    return std::nullopt;
  motion m{&s, s.input(0), s.graph()[moved].uses[0].node,
           movement_detail::order_of(s.op(), s.fact(moved).rank())};
  if (m.order.empty() || !m.has_one_output() || !m.graph()[m.reader].op.has(ir::pure))
    return std::nullopt;
  return m;
}

/// A constant as an operand before the transpose: broadcast axes added, then the inverse order.
inline result<value_id> untransposed(const motion& m, ir::patch& p, value_id v) {
  const tensor& t = m.graph().fact(v).constant;
  if (t.size() == 1 && t.rank() <= m.order.size()) return v;
  extents full(m.order.size() - t.rank(), 1);
  for (const std::int64_t d : t.dims()) full.push_back(d);
  ops::transpose back;
  back.perm.resize(m.order.size());
  for (std::size_t i = 0; i < m.order.size(); ++i)
    back.perm[m.order[i]] = static_cast<std::int64_t>(i);
  return m.at->add(p, back, {p.constant(t.reshaped(full))});
}

/// The input of a transpose in the same order, when `v` is one that only this reader uses.
inline value_id same_transpose(const motion& m, value_id v) {
  const auto* other = m.at->maker<ops::transpose>(v);
  if (!other || !m.graph().fact(v).is_ranked || m.graph().fact(v).rank() != m.order.size())
    return {};
  if (movement_detail::order_of(*other, m.order.size()) != m.order) return {};
  for (const ir::use u : m.graph()[v].uses)
    if (u.node != m.reader) return {};
  return m.graph()[v].output_uses == 0 ? m.at->operand(v, 0) : value_id();
}

/// The operands of the reader before the transpose, when all of them can be had.
inline result<std::optional<std::vector<value_id>>> operands(const motion& m, ir::patch& p) {
  std::vector<value_id> out;
  for (const value_id v : m.graph()[m.reader].inputs) {
    if (!v) {
      out.push_back(v);
    } else if (m.graph().is_constant(v)) {
      if (m.graph().fact(v).rank() > m.order.size()) return std::optional<std::vector<value_id>>();
      TENON_TRY(const value_id moved, untransposed(m, p, v));
      out.push_back(moved);
    } else if (const value_id x = same_transpose(m, v)) {
      out.push_back(x);
    } else {
      return std::optional<std::vector<value_id>>();
    }
  }
  return std::optional(std::move(out));
}

inline std::optional<std::vector<std::int64_t>> moved_axes(const motion& m,
                                                           std::span<const std::int64_t> axes) {
  std::vector<std::int64_t> out;
  for (const std::int64_t a : axes) {
    const auto axis = m.axis(a);
    if (!axis) return std::nullopt;
    out.push_back(static_cast<std::int64_t>(*axis));
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// The order of the axes that a reduction without kept axes leaves.
inline std::vector<std::int64_t> reduced_order(const motion& m,
                                               std::span<const std::int64_t> axes) {
  std::vector<std::int64_t> rank_before(m.order.size(), -1);
  std::int64_t next = 0;
  const auto is_reduced = [&](std::size_t axis) {
    return std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(axis)) != axes.end();
  };
  for (std::size_t i = 0; i < m.order.size(); ++i)
    if (!is_reduced(i)) rank_before[i] = next++;
  std::vector<std::int64_t> out;
  for (const std::size_t axis : m.order)
    if (!is_reduced(axis)) out.push_back(rank_before[axis]);
  return out;
}

template <class Op> rewritten past_reduction(const site& s, const motion& m) {
  const Op* reduction = m.op().template as<Op>();
  const auto axes = m.at->integers(m.input(1));
  if (!axes || axes->empty()) return s.no("the reduced axes are not known");
  const auto before = moved_axes(m, *axes);
  if (!before) return s.no("an axis is out of range");
  ir::patch p(s.graph());
  const value_id inputs[] = {m.x, p.constant(integers(*before))};
  auto perm = reduction->keepdims ? movement_detail::as_perm(m.order) : reduced_order(m, *before);
  return m.finish(std::move(p), *reduction, inputs, std::move(perm));
}

template <class Op> rewritten past_axis(const site& s, const motion& m) {
  Op moved = *m.op().template as<Op>();
  const auto axis = m.axis(moved.axis);
  if (!axis) return s.no("the axis is out of range");
  moved.axis = static_cast<std::int64_t>(*axis);
  ir::patch p(s.graph());
  TENON_TRY(const auto in, operands(m, p));
  if (!in) return s.no("another operand is not transposed alike", 2);
  return m.finish(std::move(p), moved, *in);
}

inline rewritten past_pad(const site& s, const motion& m) {
  const auto pads = m.at->integers(m.input(1));
  const std::size_t rank = m.order.size();
  if (!pads || m.input(3) || pads->size() != 2 * rank) return s.no("the pads are not known");
  std::vector<std::int64_t> before(2 * rank);
  for (std::size_t i = 0; i < rank; ++i) {
    before[m.order[i]] = (*pads)[i];
    before[rank + m.order[i]] = (*pads)[rank + i];
  }
  ir::patch p(s.graph());
  std::vector<value_id> inputs{m.x, p.constant(integers(before))};
  if (m.input(2)) inputs.push_back(m.input(2));
  return m.finish(std::move(p), m.op(), inputs);
}

inline rewritten past_clip(const site& s, const motion& m) {
  ir::patch p(s.graph());
  const auto& in = m.graph()[m.reader].inputs;
  std::vector<value_id> inputs(in.begin(), in.end());
  inputs[0] = m.x;
  return m.finish(std::move(p), m.op(), inputs);
}

inline rewritten past_elementwise(const site& s, const motion& m) {
  ir::patch p(s.graph());
  TENON_TRY(const auto in, operands(m, p));
  if (!in) return s.no("another operand is not transposed alike", 2);
  return m.finish(std::move(p), m.op(), *in);
}

inline rewritten sink(const match_of<ops::transpose>& s) {
  const auto found = motion_at(s);
  if (!found) return s.no("the transpose has several readers, or none that moves");
  const motion& m = *found;
  if (m.op().is<ops::clip>())
    return m.input(0) == s.output() ? past_clip(s, m) : rewritten(s.no("it is a bound of clip"));
  if (m.op().is<ops::cast_like>() || m.op().is<ops::prelu>())
    return s.no("the reader is not moved past");
  const auto& attributes = m.op().type().attribute_names;
  const bool has_axis = std::find(attributes.begin(), attributes.end(), "axis") != attributes.end();
  if (m.op().has(ir::elementwise) && !has_axis) return past_elementwise(s, m);
  if (m.op().is<ops::concat>()) return past_axis<ops::concat>(s, m);
  if (m.op().is<ops::softmax>()) return past_axis<ops::softmax>(s, m);
  if (m.op().is<ops::log_softmax>()) return past_axis<ops::log_softmax>(s, m);
  if (m.op().is<ops::reduce_mean>()) return past_reduction<ops::reduce_mean>(s, m);
  if (m.op().is<ops::reduce_sum>()) return past_reduction<ops::reduce_sum>(s, m);
  if (m.op().is<ops::reduce_max>()) return past_reduction<ops::reduce_max>(s, m);
  if (m.op().is<ops::reduce_min>()) return past_reduction<ops::reduce_min>(s, m);
  if (m.op().is<ops::pad>() && m.input(0) == s.output()) return past_pad(s, m);
  return s.no("the reader is not moved past");
}

}  // namespace layout_detail

/// f(transpose(x)) -> transpose(f(x)) for elementwise f, concat, softmax, reductions and pad
inline constexpr auto sink_transpose = rule_for<ops::transpose>(
    "sink-transpose",
    [](const match_of<ops::transpose>& s) -> rewritten { return layout_detail::sink(s); });

inline constexpr auto layout = rule_set(sink_transpose);

}  // namespace tenon::inline v0::rules
