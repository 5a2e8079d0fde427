#pragma once

#include "tenon/infer/interpreter.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/pooling.hpp"
#include "tenon/ops/quantization.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/passes/rewrite_layout.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace tenon::inline v0::passes {

namespace layout_detail {

/// Input axis of each channels-last axis: N, spatial..., C.
inline std::vector<std::int64_t> to_last(std::size_t rank) {
  std::vector<std::int64_t> perm{0};
  for (std::size_t i = 2; i < rank; ++i) perm.push_back(static_cast<std::int64_t>(i));
  perm.push_back(1);
  return perm;
}

/// Input axis of each channels-first axis.
inline std::vector<std::int64_t> to_first(std::size_t rank) {
  std::vector<std::int64_t> perm{0, static_cast<std::int64_t>(rank) - 1};
  for (std::size_t i = 1; i + 1 < rank; ++i) perm.push_back(static_cast<std::int64_t>(i));
  return perm;
}

/// Where a channels-first axis is in channels-last order.
inline std::int64_t moved_axis(std::int64_t axis, std::size_t rank) {
  if (axis < 0) axis += static_cast<std::int64_t>(rank);
  return axis == 0 ? 0 : axis == 1 ? static_cast<std::int64_t>(rank) - 1 : axis - 1;
}

class rewriter {
 public:
  explicit rewriter(ir::graph& g) : g_(&g), patch_(g) {}

  result<std::size_t> run();

 private:
  using maybe_value = result<std::optional<value_id>>;

  result<value_id> last(value_id v);
  result<value_id> constant_last(value_id v, std::size_t rank);

  bool is_moved(value_id v) const { return v && moved_.count(v.index) != 0; }

  std::optional<ops::window2d> window(const std::vector<std::int64_t>& kernel,
                                      const std::vector<std::int64_t>& strides,
                                      const std::vector<std::int64_t>& dilations,
                                      const std::vector<std::int64_t>& pads,
                                      bool is_explicit,
                                      std::size_t spatial) const;
  maybe_value move(node_id n);
  maybe_value move_conv(node_id n, const ops::conv& op);
  maybe_value move_pool(node_id n, const ops::window2d& w, ops::pool_kind kind);
  maybe_value move_mean(node_id n, std::vector<std::int64_t> axes, bool is_max);
  maybe_value move_elementwise(node_id n);
  maybe_value move_concat(node_id n, const ops::concat& op);
  bool has_one_scale(node_id n) const;
  result<bool> move_transpose(node_id n, const ops::transpose& op);
  result<value_id> with_height(value_id v, bool add);
  status restore();

  ir::graph* g_;
  ir::patch patch_;
  std::unordered_map<std::uint32_t, value_id>
      moved_;  // channels-first value -> channels-last value made by a node
  std::unordered_map<std::uint32_t, value_id> turned_;  // the same for values of other nodes
  std::vector<bool> is_node_moved_;
  std::size_t count_ = 0;
};

inline result<value_id> rewriter::last(value_id v) {
  if (is_moved(v)) return moved_.at(v.index);
  if (const auto it = turned_.find(v.index); it != turned_.end()) return it->second;
  const std::size_t rank = g_->fact(v).rank();
  if (g_->is_constant(v)) return constant_last(v, rank);
  TENON_TRY(const value_id out, patch_.add(ops::transpose{to_last(rank)}, {v}));
  turned_[v.index] = out;
  return out;
}

inline result<value_id> rewriter::constant_last(value_id v, std::size_t rank) {
  tensor content = g_->fact(v).constant;
  if (content.size() == 1) return v;
  extents dims(rank - content.rank(), 1);
  for (const std::int64_t d : content.dims()) dims.push_back(d);
  const datum in = content.reshaped(dims);
  const datum* pointer = &in;
  TENON_TRY(auto out,
            interpreter().evaluate(ops::transpose{to_last(rank)}, std::span(&pointer, 1), 1));
  return patch_.constant(out[0].as_tensor(), (*g_)[v].name);
}

inline std::optional<ops::window2d> rewriter::window(const std::vector<std::int64_t>& kernel,
                                                     const std::vector<std::int64_t>& strides,
                                                     const std::vector<std::int64_t>& dilations,
                                                     const std::vector<std::int64_t>& pads,
                                                     bool is_explicit,
                                                     std::size_t spatial) const {
  if (!is_explicit || spatial < 1 || spatial > 2) return std::nullopt;
  const auto at = [&](const std::vector<std::int64_t>& list, std::size_t i,
                      std::int64_t otherwise) { return list.empty() ? otherwise : list[i]; };
  ops::window2d w;
  const std::size_t skip = 2 - spatial;
  for (std::size_t i = 0; i < spatial; ++i) {
    w.kernel[i + skip] = at(kernel, i, 1);
    w.strides[i + skip] = at(strides, i, 1);
    w.dilations[i + skip] = at(dilations, i, 1);
    w.pads[i + skip] = at(pads, i, 0);
    w.pads[i + skip + 2] = at(pads, i + spatial, 0);
  }
  for (const std::int64_t p : w.pads)
    if (p < 0) return std::nullopt;
  return w;
}

/// [N, W, C] to [N, 1, W, C] and back.
inline result<value_id> rewriter::with_height(value_id v, bool add) {
  const value_id axes = patch_.constant(tensor::of<std::int64_t>({1}, {1}));
  return add ? patch_.add(ops::unsqueeze{}, {v, axes}) : patch_.add(ops::squeeze{}, {v, axes});
}

inline rewriter::maybe_value rewriter::move_conv(node_id n, const ops::conv& op) {
  const auto& node = (*g_)[n];
  const value_id x = node.inputs[0], w = node.inputs[1];
  const ir::fact &fx = g_->fact(x), &fw = g_->fact(w);
  if (fx.type != dtype::f32 || !fx.is_ranked || !fw.is_constant() || fw.rank() < 3 || fw.rank() > 4)
    return std::optional<value_id>();
  const std::size_t spatial = fw.rank() - 2;
  std::vector<std::int64_t> kernel(fw.constant.dims().begin() + 2, fw.constant.dims().end());
  const auto win = window(kernel, op.strides, op.dilations, op.pads,
                          op.auto_pad == ops::auto_pad_mode::notset, spatial);
  if (!win) return std::optional<value_id>();
  TENON_TRY(value_id in, last(x));
  value_id weights = w;
  if (spatial == 1) {
    TENON_TRY(in, with_height(in, true));
    extents dims = fw.constant.dims();
    dims.insert(dims.begin() + 2, 1);
    weights = patch_.constant(fw.constant.reshaped(dims), (*g_)[w].name);
  }
  ops::fused_conv fused;
  fused.strides = win->strides;
  fused.dilations = win->dilations;
  fused.pads = win->pads;
  fused.group = op.group;
  const value_id inputs[] = {in, weights, node.inputs.size() > 2 ? node.inputs[2] : value_id()};
  TENON_TRY(auto made,
            patch_.add(std::move(fused), std::span(inputs, inputs[2] ? 3 : 2), 1, node.name));
  if (spatial == 2) return std::optional(made[0]);
  TENON_TRY(const value_id out, with_height(made[0], false));
  return std::optional(out);
}

inline rewriter::maybe_value rewriter::move_pool(node_id n,
                                                 const ops::window2d& w,
                                                 ops::pool_kind kind) {
  const auto& node = (*g_)[n];
  const value_id x = node.inputs[0];
  if (g_->fact(x).type != dtype::f32 || g_->fact(x).rank() != 4 || !is_moved(x))
    return std::optional<value_id>();
  if (node.outputs.size() > 1 && node.outputs[1] && g_->use_count(node.outputs[1]) != 0)
    return std::optional<value_id>();
  TENON_TRY(const value_id in, last(x));
  TENON_TRY(
      const value_id out,
      patch_.add(ops::nhwc_pool{kind, w.kernel, w.strides, w.dilations, w.pads}, {in}, node.name));
  return std::optional(out);
}

/// A mean or maximum over spatial axes that stay, with size 1.
inline rewriter::maybe_value rewriter::move_mean(node_id n,
                                                 std::vector<std::int64_t> axes,
                                                 bool is_max) {
  const auto& node = (*g_)[n];
  const value_id x = node.inputs[0];
  if (!is_moved(x)) return std::optional<value_id>();
  const std::size_t rank = g_->fact(x).rank();
  for (std::int64_t& a : axes) a = moved_axis(a, rank);
  TENON_TRY(const value_id in, last(x));
  const auto count = static_cast<std::int64_t>(axes.size());
  const value_id where =
      patch_.constant(tensor::of<std::int64_t>({count}, std::span<const std::int64_t>(axes)));
  const ir::any_op op = is_max ? ir::any_op(ops::reduce_max{}) : ir::any_op(ops::reduce_mean{});
  TENON_TRY(const value_id out, patch_.add(op, {in, where}, node.name));
  return std::optional(out);
}

inline rewriter::maybe_value rewriter::move_elementwise(node_id n) {
  const auto& node = (*g_)[n];
  const ir::fact& y = g_->fact(node.outputs[0]);
  if (node.outputs.size() != 1 || !y.is_ranked || (y.rank() != 4 && y.rank() != 3))
    return std::optional<value_id>();
  bool any = false;
  for (const value_id v : node.inputs) any = any || is_moved(v);
  if (!any) return std::optional<value_id>();
  std::vector<value_id> inputs;
  for (const value_id v : node.inputs) {
    if (!v) {
      inputs.push_back(v);
      continue;
    }
    const ir::fact& f = g_->fact(v);
    const bool fits = f.is_ranked && (f.rank() == y.rank() ||
                                      (f.is_constant() && f.rank() <= y.rank()) || f.rank() == 0);
    if (!fits) return std::optional<value_id>();
    if (f.rank() == 0) {
      inputs.push_back(v);
      continue;
    }
    TENON_TRY(const value_id in, f.is_constant() ? constant_last(v, y.rank()) : last(v));
    inputs.push_back(in);
  }
  TENON_TRY(auto out, patch_.add(node.op, inputs, 1, node.name));
  return std::optional(out[0]);
}

inline rewriter::maybe_value rewriter::move_concat(node_id n, const ops::concat& op) {
  const auto& node = (*g_)[n];
  const std::size_t rank = g_->fact(node.outputs[0]).rank();
  std::vector<value_id> inputs;
  for (const value_id v : node.inputs) {
    if (!is_moved(v)) return std::optional<value_id>();
    inputs.push_back(moved_.at(v.index));
  }
  TENON_TRY(auto out, patch_.add(ops::concat{moved_axis(op.axis, rank)}, inputs, 1, node.name));
  return std::optional(out[0]);
}

/// A transpose of a moved value reads the channels-last value directly.
inline result<bool> rewriter::move_transpose(node_id n, const ops::transpose& op) {
  const auto& node = (*g_)[n];
  if (!is_moved(node.inputs[0])) return false;
  const std::size_t rank = g_->fact(node.inputs[0]).rank();
  std::vector<std::int64_t> perm;
  bool is_identity = true;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t axis =
        op.perm.empty() ? static_cast<std::int64_t>(rank - 1 - i) : op.perm[i];
    perm.push_back(moved_axis(axis, rank));
    is_identity = is_identity && perm.back() == static_cast<std::int64_t>(i);
  }
  value_id out = moved_.at(node.inputs[0].index);
  if (!is_identity) {
    TENON_TRY(out, patch_.add(ops::transpose{perm}, {out}, node.name));
  }
  patch_.replace(node.outputs[0], out);
  return true;
}

/// Quantization with one scale for all elements.
inline bool rewriter::has_one_scale(node_id n) const {
  const auto& node = (*g_)[n];
  const auto* to = node.op.as<ops::quantize_linear>();
  const auto* from = node.op.as<ops::dequantize_linear>();
  if ((!to && !from) || (to ? to->block_size : from->block_size) != 0) return false;
  for (std::size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] &&
        (!g_->is_constant(node.inputs[i]) || g_->fact(node.inputs[i]).constant.size() != 1))
      return false;
  return true;
}

inline rewriter::maybe_value rewriter::move(node_id n) {
  const auto& node = (*g_)[n];
  if (const auto* op = node.op.as<ops::conv>()) return move_conv(n, *op);
  if (const auto* op = node.op.as<ops::concat>()) return move_concat(n, *op);
  if (const auto* op = node.op.as<ops::max_pool>()) {
    const auto w = window(op->kernel_shape, op->strides, op->dilations, op->pads,
                          op->auto_pad == ops::auto_pad_mode::notset && !op->ceil_mode,
                          op->kernel_shape.size());
    return w ? move_pool(n, *w, ops::pool_kind::max) : std::optional<value_id>();
  }
  if (const auto* op = node.op.as<ops::average_pool>()) {
    const auto w = window(op->kernel_shape, op->strides, op->dilations, op->pads,
                          op->auto_pad == ops::auto_pad_mode::notset && !op->ceil_mode,
                          op->kernel_shape.size());
    return w ? move_pool(n, *w,
                         op->count_include_pad ? ops::pool_kind::average_with_padding
                                               : ops::pool_kind::average)
             : std::optional<value_id>();
  }
  const bool is_4d = !node.inputs.empty() && node.inputs[0] && g_->fact(node.inputs[0]).is_ranked &&
                     g_->fact(node.inputs[0]).rank() == 4;
  if (node.op.is<ops::global_average_pool>() && is_4d) return move_mean(n, {2, 3}, false);
  if (node.op.is<ops::global_max_pool>() && is_4d) return move_mean(n, {2, 3}, true);
  if (const auto* op = node.op.as<ops::reduce_mean>();
      op && is_4d && op->keepdims && node.inputs.size() > 1) {
    const auto axes = g_->fact(node.inputs[1]).constant;
    if (!axes || axes.size() == 0) return std::optional<value_id>();
    return move_mean(n, {axes.data<std::int64_t>(), axes.data<std::int64_t>() + axes.size()},
                     false);
  }
  if (node.op.has(ir::elementwise) || has_one_scale(n)) return move_elementwise(n);
  return std::optional<value_id>();
}

/// Gives readers outside of the moved regions their channels-first values back.
inline status rewriter::restore() {
  for (const auto& [index, made] : moved_) {
    const value_id old(index);
    bool is_read = (*g_)[old].output_uses != 0;
    for (const ir::use u : (*g_)[old].uses) is_read = is_read || !is_node_moved_[u.node.index];
    if (!is_read) continue;
    patch_.stand_for((*g_)[old].producer);
    TENON_TRY(const value_id back,
              patch_.add(ops::transpose{to_first(g_->fact(old).rank())}, {made}));
    patch_.replace(old, back);
  }
  return {};
}

inline result<std::size_t> rewriter::run() {
  is_node_moved_.assign(g_->node_capacity(), false);
  for (const node_id n : g_->order()) {
    const auto& node = (*g_)[n];
    patch_.stand_for(n);
    if (const auto* op = node.op.as<ops::transpose>()) {
      TENON_TRY(is_node_moved_[n.index], move_transpose(n, *op));
      continue;
    }
    auto made = move(n);
    if (!made) return std::move(made).failure().in(ir::describe(*g_, n));
    if (!*made) continue;
    moved_[node.outputs[0].index] = **made;
    is_node_moved_[n.index] = true;
    ++count_;
  }
  if (count_ == 0) return std::size_t{0};
  TENON_TRY(restore());
  TENON_TRY(patch_.apply(*g_));
  return count_;
}

}  // namespace layout_detail

TENON_INLINE result<std::size_t> rewrite_layout::run(ir::graph& graph, pass_context&) const {
  return layout_detail::rewriter(graph).run();
}

}  // namespace tenon::inline v0::passes
