#pragma once

#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/passes/fuse_epilogues.hpp"

#include <optional>

namespace tenon::inline v0::passes {

namespace epilogue_detail {

struct activation_of {
  ops::activation_kind kind;
  float a = 0, b = 0;
};

inline std::optional<float> scalar(const ir::graph& g, value_id v) {
  if (!v || !g.is_constant(v)) return std::nullopt;
  const tensor& t = g.fact(v).constant;
  if (t.type() != dtype::f32 || t.size() != 1) return std::nullopt;
  return *t.data<float>();
}

inline std::optional<activation_of> activation(const ir::graph& g, node_id n) {
  using kind = ops::activation_kind;
  const auto& node = g[n];
  if (node.op.is<ops::relu>()) return activation_of{kind::relu};
  if (node.op.is<ops::hard_swish>()) return activation_of{kind::hard_swish};
  if (node.op.is<ops::sigmoid>()) return activation_of{kind::sigmoid};
  if (node.op.is<ops::tanh>()) return activation_of{kind::tanh};
  if (const auto* op = node.op.as<ops::leaky_relu>())
    return activation_of{kind::leaky_relu, op->alpha};
  if (const auto* op = node.op.as<ops::hard_sigmoid>())
    return activation_of{kind::hard_sigmoid, op->alpha, op->beta};
  if (const auto* op = node.op.as<ops::swish>(); op && op->alpha == 1.0F)
    return activation_of{kind::silu};
  if (const auto* op = node.op.as<ops::gelu>())
    return activation_of{op->approximate == ops::gelu_form::tanh ? kind::gelu_tanh
                                                                 : kind::gelu_erf};
  if (node.op.is<ops::clip>()) {
    activation_of out{kind::clip, -INFINITY, INFINITY};
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      if (!node.inputs[i]) continue;
      const auto bound = scalar(g, node.inputs[i]);
      if (!bound) return std::nullopt;
      (i == 1 ? out.a : out.b) = *bound;
    }
    return out;
  }
  return std::nullopt;
}

inline bool same_shape(const ir::graph& g, value_id a, value_id b) {
  const ir::fact &x = g.fact(a), &y = g.fact(b);
  if (x.type != y.type || !x.is_ranked || !y.is_ranked || x.rank() != y.rank()) return false;
  for (std::size_t i = 0; i < x.rank(); ++i)
    if (!(x.shape[i] == y.shape[i]) &&
        g.symbols.facts().is_equal(x.shape[i], y.shape[i]) != truth::yes)
      return false;
  return true;
}

/// A constant with one element a column, of any rank whose other axes are 1.
inline bool is_column_bias(const ir::graph& g, value_id v, dim columns) {
  if (!v || !g.is_constant(v) || !columns.is_constant()) return false;
  const tensor& t = g.fact(v).constant;
  return t.type() == dtype::f32 && t.rank() >= 1 && t.size() == columns.constant() &&
         t.dim(t.rank() - 1) == columns.constant();
}

/// One convolution or matmul with what was taken into it so far.
struct growth {
  ir::any_op op;
  std::vector<value_id> inputs;
  value_id y;  // the value that the fused node will make
  std::size_t taken = 0;
  bool has_activation = false;
  tensor bias;  // replaces input 2 when set

  bool has(std::size_t i) const { return i < inputs.size() && inputs[i]; }
};

inline void set_activation(growth& g, const activation_of& act) {
  if (const auto* conv = g.op.as<ops::fused_conv>()) {
    ops::fused_conv next = *conv;
    next.activation = act.kind;
    next.a = act.a;
    next.b = act.b;
    g.op = next;
  } else {
    ops::fused_matmul next = *g.op.as<ops::fused_matmul>();
    next.activation = act.kind;
    next.p = act.a;
    next.q = act.b;
    g.op = next;
  }
  g.has_activation = true;
}

inline bool take_add(const ir::graph& graph, growth& g, value_id other) {
  const dims& shape = graph.fact(g.y).shape;
  if (!g.has(2) && !g.has(3) && is_column_bias(graph, other, shape[shape.size() - 1])) {
    const tensor& t = graph.fact(other).constant;
    g.bias = t.reshaped(extents{t.size()});
    g.inputs.resize(3);
    g.inputs[2] = other;
    return true;
  }
  if (g.has(3) || !same_shape(graph, other, g.y) || graph.is_constant(other)) return false;
  g.inputs.resize(4);
  g.inputs[3] = other;
  return true;
}

/// Takes the only reader of `g.y` in; false when there is none or it does not fit.
inline bool take_next(const ir::graph& graph, growth& g) {
  if (g.has_activation || graph.use_count(g.y) != 1 || graph[g.y].uses.empty()) return false;
  const node_id reader = graph[g.y].uses[0].node;
  const auto& node = graph[reader];
  if (const auto act = activation(graph, reader); act && node.inputs[0] == g.y) {
    set_activation(g, *act);
    g.y = node.outputs[0];
    return true;
  }
  if (node.inputs.size() != 2) return false;
  const value_id other = node.inputs[0] == g.y ? node.inputs[1] : node.inputs[0];
  bool taken = false;
  if (node.op.is<ops::add>() && other != g.y && same_shape(graph, node.outputs[0], g.y))
    taken = take_add(graph, g, other);
  const auto* matmul = g.op.as<ops::fused_matmul>();
  const auto factor = scalar(graph, other);
  const bool divides = node.op.is<ops::div>() && node.inputs[1] == other;
  if (matmul && factor && !g.has(2) && !g.has(3) && (node.op.is<ops::mul>() || divides) &&
      same_shape(graph, node.outputs[0], g.y)) {
    ops::fused_matmul next = *matmul;
    next.alpha = divides ? next.alpha / *factor : next.alpha * *factor;
    g.op = next;
    taken = true;
  }
  if (taken) g.y = node.outputs[0];
  return taken;
}

/// The starting point at a node, when it is a product that kernels with an epilogue can do.
inline std::optional<growth> start(const ir::graph& graph, node_id n) {
  const auto& node = graph[n];
  growth out;
  out.inputs.assign(node.inputs.begin(), node.inputs.end());
  if (node.outputs.empty()) return std::nullopt;
  out.y = node.outputs[0];
  if (node.op.is<ops::fused_conv>() || node.op.is<ops::fused_matmul>()) {
    const auto* conv = node.op.as<ops::fused_conv>();
    const auto kind = conv ? conv->activation : node.op.as<ops::fused_matmul>()->activation;
    if (kind != ops::activation_kind::none) return std::nullopt;
    out.op = node.op;
    return out;
  }
  const auto known = [&](value_id v) {
    return v && graph.fact(v).is_ranked && graph.fact(v).type == dtype::f32;
  };
  if (node.inputs.size() < 2 || !known(node.inputs[0]) || !known(node.inputs[1]))
    return std::nullopt;
  const std::size_t left = graph.fact(node.inputs[0]).rank(),
                    right = graph.fact(node.inputs[1]).rank();
  if (node.op.is<ops::matmul>() && left >= 2 && right >= 2 && right <= left) {
    out.op = ops::fused_matmul{};
    return out;
  }
  const auto* gemm = node.op.as<ops::gemm>();
  if (!gemm || gemm->transA || gemm->alpha != 1.0F) return std::nullopt;
  const dim columns = graph.fact(out.y).shape[1];
  const bool has_c = node.inputs.size() > 2 && node.inputs[2];
  if (has_c && (gemm->beta != 1.0F || !is_column_bias(graph, node.inputs[2], columns)))
    return std::nullopt;
  ops::fused_matmul op;
  op.transpose_b = gemm->transB;
  out.op = op;
  if (has_c) out.bias = graph.fact(node.inputs[2]).constant.reshaped(extents{columns.constant()});
  return out;
}

inline result<std::size_t> grow(ir::graph& graph, node_id n) {
  auto g = start(graph, n);
  if (!g) return std::size_t{0};
  while (take_next(graph, *g)) ++g->taken;
  if (g->taken == 0) return std::size_t{0};
  ir::patch patch(graph);
  if (g->bias) g->inputs[2] = patch.constant(g->bias, graph[g->inputs[2]].name);
  TENON_TRY(auto made, patch.add(g->op, g->inputs, 1, graph[n].name));
  patch.replace(g->y, made[0]);
  TENON_TRY(patch.apply(graph));
  return g->taken;
}

/// A layer norm over the last axis of f32 rows of known length, with a number per column in scale and bias, and
/// nothing but the normalized rows read: what fused norms can do.
inline bool is_plain_norm(const ir::graph& graph, node_id n) {
  const auto& node = graph[n];
  const auto* norm = node.op.as<ops::layer_normalization>();
  if (!norm || node.inputs.size() < 2) return false;
  const ir::fact& x = graph.fact(node.inputs[0]);
  if (x.type != dtype::f32 || !x.is_ranked || x.rank() == 0) return false;
  if (norm->axis != -1 && norm->axis != static_cast<std::int64_t>(x.rank()) - 1) return false;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (!node.inputs[i]) continue;
    const ir::fact& f = graph.fact(node.inputs[i]);
    if (f.type != dtype::f32 || !f.is_ranked || f.rank() != 1 || !(f.shape[0] == x.shape.back()))
      return false;
  }
  for (std::size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] && graph.use_count(node.outputs[i]) != 0) return false;
  return true;
}

/// The terms of nested sums, each read once; empty when there are not `count`.
inline std::vector<value_id> terms(const ir::graph& graph, value_id sum, std::size_t count) {
  std::vector<value_id> out{sum};
  for (std::size_t i = 0; i < out.size() && out.size() < count;) {
    const node_id from = graph[out[i]].producer;
    if (!from || !graph[from].op.is<ops::add>() || graph.use_count(out[i]) != 1) {
      ++i;
      continue;
    }
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(i) + 1, graph[from].inputs[1]);
    out[i] = graph[from].inputs[0];
  }
  return out.size() == count ? out : std::vector<value_id>();
}

/// Whether a value is rows of an f32 table, read once.
inline bool is_lookup(const ir::graph& graph, value_id v) {
  const node_id n = graph[v].producer;
  const auto* gather = n ? graph[n].op.as<ops::gather>() : nullptr;
  if (!gather || graph.use_count(v) != 1) return false;
  const ir::fact &table = graph.fact(graph[n].inputs[0]), &ids = graph.fact(graph[n].inputs[1]);
  const bool is_index = ids.type == dtype::i64 || ids.type == dtype::i32;
  return table.type == dtype::f32 && table.is_ranked && table.rank() == 2 && is_index &&
         ids.is_ranked && (gather->axis == 0 || gather->axis == -2);
}

/// layer_norm of a sum of three lookups, as the first layer of BERT has it.
inline result<std::size_t> join_embedding(ir::graph& graph, node_id n) {
  if (!is_plain_norm(graph, n)) return std::size_t{0};
  const auto& node = graph[n];
  const auto lookups = terms(graph, node.inputs[0], 3);
  std::vector<value_id> inputs;
  for (const value_id v : lookups) {
    if (!is_lookup(graph, v)) return std::size_t{0};
    const auto& from = graph[graph[v].producer].inputs;
    inputs.insert(inputs.end(), from.begin(), from.end());
  }
  if (inputs.empty()) return std::size_t{0};
  const dim width = graph.fact(node.inputs[0]).shape.back();
  for (std::size_t i = 0; i < inputs.size(); i += 2)
    if (!(graph.fact(inputs[i]).shape[1] == width)) return std::size_t{0};
  inputs.insert(inputs.end(), node.inputs.begin() + 1, node.inputs.end());
  const float epsilon = node.op.as<ops::layer_normalization>()->epsilon;
  ir::patch patch(graph);
  TENON_TRY(auto made, patch.add(ops::embed_layer_norm{epsilon}, inputs, 1, node.name));
  patch.replace(node.outputs[0], made[0]);
  TENON_TRY(patch.apply(graph));
  return std::size_t{1};
}

/// layer_norm(x + r): the sum is an output only when somebody else reads it.
inline result<std::size_t> join_norm(ir::graph& graph, node_id n) {
  if (!is_plain_norm(graph, n)) return std::size_t{0};
  const auto& node = graph[n];
  const value_id x = node.inputs[0];
  const node_id before = graph[x].producer;
  if (!before || !graph[before].op.is<ops::add>()) return std::size_t{0};
  const value_id a = graph[before].inputs[0], b = graph[before].inputs[1];
  if (!same_shape(graph, a, x) || !same_shape(graph, b, x)) return std::size_t{0};
  ir::patch patch(graph);
  std::vector<value_id> inputs{a, b, node.inputs[1]};
  if (node.inputs.size() > 2 && node.inputs[2]) inputs.push_back(node.inputs[2]);
  const bool is_read = graph.use_count(x) > 1;
  const float epsilon = node.op.as<ops::layer_normalization>()->epsilon;
  TENON_TRY(auto made, patch.add(ops::add_layer_norm{epsilon}, inputs, is_read ? 2 : 1, node.name));
  patch.replace(node.outputs[0], made[0]);
  if (is_read) patch.replace(x, made[1]);
  TENON_TRY(patch.apply(graph));
  return std::size_t{1};
}

}  // namespace epilogue_detail

TENON_INLINE result<std::size_t> fuse_epilogues::run(ir::graph& graph, pass_context&) const {
  std::size_t count = 0;
  for (const auto step :
       {epilogue_detail::grow, epilogue_detail::join_embedding, epilogue_detail::join_norm})
    for (const node_id n : graph.order()) {
      if (!graph.is_alive(n)) continue;
      TENON_TRY(const std::size_t taken, step(graph, n));
      count += taken;
    }
  return count;
}

}  // namespace tenon::inline v0::passes
