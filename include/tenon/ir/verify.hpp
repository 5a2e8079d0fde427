#pragma once

#include "tenon/ir/append.hpp"
#include "tenon/ir/verify_spec.hpp"

#include <algorithm>
#include <variant>
#include <vector>

namespace tenon::inline v0::ir {

namespace verify_detail {

template <class... T> error broken(const T&... parts) {
  return fail(code::graph, parts...);
}

inline bool is_valid(const graph& g, value_id v) {
  return v.index < g.value_capacity() && g[v].is_alive;
}

inline status check_inputs(const graph& g, node_id n) {
  const auto& node = g[n];
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const value_id v = node.inputs[i];
    if (!v) continue;
    if (!is_valid(g, v))
      return broken("input ", i, " is value ", v.index, ", which does not exist");
    const auto& uses = g[v].uses;
    const use wanted{n, static_cast<std::uint32_t>(i)};
    const auto count = std::count(uses.begin(), uses.end(), wanted);
    if (count != 1)
      return broken("input ", i, " is listed ", count, " times as a use of ", quoted(g[v].name),
                    ", expected once");
    if (!g[v].producer && !g.is_input(v) && !g[v].fact.is_constant())
      return broken("input ", i, " ", quoted(g[v].name), " is neither made, given nor constant");
  }
  return {};
}

inline status check_outputs(const graph& g, node_id n) {
  const auto& node = g[n];
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    const value_id v = node.outputs[o];
    if (!v) continue;
    if (!is_valid(g, v))
      return broken("output ", o, " is value ", v.index, ", which does not exist");
    if (g[v].producer != n || g[v].port != o)
      return broken("output ", o, " ", quoted(g[v].name), " names another producer");
    if (g.is_input(v)) return broken("output ", o, " ", quoted(g[v].name), " is a graph input");
  }
  return {};
}

inline status check_values(const graph& g) {
  std::vector<std::uint32_t> as_output(g.value_capacity(), 0);
  for (const value_id v : g.outputs()) {
    if (!is_valid(g, v))
      return broken("a graph output is value ", v.index, ", which does not exist");
    ++as_output[v.index];
    if (!g[v].producer && !g.is_input(v) && !g[v].fact.is_constant())
      return broken("graph output ", quoted(g[v].name), " is neither made, given nor constant");
  }
  for (std::size_t i = 0; i < g.inputs().size(); ++i)
    if (const value_id v = g.inputs()[i]; !is_valid(g, v) || g[v].producer)
      return broken("graph input ", i, " does not exist or is made by a node");
  for (std::size_t i = 0; i < g.value_capacity(); ++i) {
    const auto& row = g[value_id(i)];
    if (!row.is_alive) continue;
    if (row.output_uses != as_output[i])
      return broken("value ", quoted(row.name), " counts ", row.output_uses,
                    " output uses, expected ", as_output[i]);
    for (const use u : row.uses)
      if (!g.is_alive(u.node) || u.port >= g[u.node].inputs.size() ||
          g[u.node].inputs[u.port] != value_id(i))
        return broken("value ", quoted(row.name), " lists a use that does not read it");
    if (row.producer && !g.is_alive(row.producer))
      return broken("value ", quoted(row.name), " is made by an erased node");
    if (row.producer && (row.port >= g[row.producer].outputs.size() ||
                         g[row.producer].outputs[row.port] != value_id(i)))
      return broken("value ", quoted(row.name), " is no output of the node that it names");
  }
  return {};
}

inline status check_fact(const graph& g, const fact& recorded, const fact& inferred) {
  const auto differ = [&] {
    return broken("recorded fact is ", recorded.str(), ", inferred ", inferred.str());
  };
  if (recorded.what != inferred.what || recorded.type != inferred.type) return differ();
  if (!recorded.is_ranked || !inferred.is_ranked || !recorded.is_tensor()) return {};
  if (recorded.rank() != inferred.rank()) return differ();
  for (std::size_t i = 0; i < recorded.rank(); ++i)
    if (g.symbols.facts().is_equal(recorded.shape[i], inferred.shape[i]) == truth::no)
      return differ();
  return {};
}

inline status check_facts(const graph& g, node_id n) {
  std::vector<const fact*> pointers;
  for (const value_id v : g[n].inputs) pointers.push_back(v ? &g.fact(v) : nullptr);
  TENON_TRY(const auto facts,
            infer_op(g[n].op, pointers, g[n].outputs.size(), g.symbols, describe(g, n)));
  for (std::size_t o = 0; o < facts.size(); ++o)
    if (g[n].outputs[o]) TENON_TRY(check_fact(g, g.fact(g[n].outputs[o]), facts[o]));
  return {};
}

}  // namespace verify_detail

status verify(const graph& g, const verify_spec& spec = {});

namespace verify_detail {

inline status check_edges(const graph& g, node_id n) {
  if (!g[n].op) return broken("has no op");
  TENON_TRY(check_inputs(g, n));
  return check_outputs(g, n);
}

inline status check_node(const graph& g, node_id n, const verify_spec& spec) {
  if (spec.standard_ops_only && g[n].op.type().onnx.empty())
    return broken("has no ONNX form, expected standard ops only");
  if (spec.facts) TENON_TRY(check_facts(g, n));
  if (!spec.bodies) return {};
  verify_spec inner = spec;
  inner.facts = false;
  for (const auto& [name, body] : g[n].op.bodies()) {
    auto sound = verify(*body, inner);
    if (!sound) return std::move(sound).failure().in(name);
  }
  return {};
}

inline status check_reachable(const graph& g) {
  std::vector<bool> is_live(g.node_capacity(), false);
  std::vector<value_id> open(g.outputs().begin(), g.outputs().end());
  while (!open.empty()) {
    const value_id v = open.back();
    open.pop_back();
    if (!v || !g[v].producer || is_live[g[v].producer.index]) continue;
    is_live[g[v].producer.index] = true;
    for (const value_id i : g[g[v].producer].inputs) open.push_back(i);
  }
  for (std::size_t i = 0; i < is_live.size(); ++i)
    if (g.is_alive(node_id(i)) && !is_live[i])
      return broken(describe(g, node_id(i)), ": no output depends on it");
  return {};
}

}  // namespace verify_detail

/// Checks ids, use lists, single assignment, acyclicity, outputs, and what `spec` demands.
inline status verify(const graph& g, const verify_spec& spec) {
  TENON_TRY(verify_detail::check_values(g));
  for (std::size_t i = 0; i < g.node_capacity(); ++i) {
    if (!g.is_alive(node_id(i))) continue;
    auto sound = verify_detail::check_edges(g, node_id(i));
    if (!sound) return std::move(sound).failure().in(describe(g, node_id(i)));
  }
  const std::vector<node_id> order = g.order();
  if (order.size() != g.node_count())
    return fail(code::graph, g.node_count() - order.size(), " nodes lie on a cycle");
  for (const node_id n : order) {
    auto sound = verify_detail::check_node(g, n, spec);
    if (!sound) return std::move(sound).failure().in(describe(g, n));
  }
  if (spec.no_dead_nodes) TENON_TRY(verify_detail::check_reachable(g));
  return {};
}

}  // namespace tenon::inline v0::ir
