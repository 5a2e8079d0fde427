#pragma once

#include "tenon/ir/append.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tenon::inline v0::ir {

TENON_INLINE status check_arity(const op_type& type,
                                std::span<const fact* const> inputs,
                                std::size_t outputs) {
  const auto many_last = [](std::span<const port> p) {
    return !p.empty() && p.back().count == port::arity::many;
  };
  if (inputs.size() > type.inputs.size() && !many_last(type.inputs))
    return fail(code::graph, "has ", inputs.size(), " inputs, expected at most ",
                type.inputs.size());
  if (outputs > type.outputs.size() && !many_last(type.outputs))
    return fail(code::graph, "has ", outputs, " outputs, expected at most ", type.outputs.size());
  for (std::size_t i = 0; i < type.inputs.size(); ++i)
    if (type.inputs[i].count == port::arity::one && (i >= inputs.size() || !inputs[i]))
      return fail(code::graph, "input ", quoted(type.inputs[i].name), " is missing");
  for (std::size_t i = 0; i < inputs.size() && !type.has(any_kind); ++i)
    if (inputs[i] && !inputs[i]->is_tensor())
      return fail(code::shape, "input ", i, " is ", inputs[i]->str(), ", expected a tensor");
  return {};
}

TENON_INLINE result<std::vector<fact>> infer_graph(const graph& g,
                                                   std::span<const fact> inputs,
                                                   const symbol_context& symbols,
                                                   int depth) {
  if (depth > max_subgraph_depth)
    return fail(code::graph, "subgraphs are nested deeper than ", max_subgraph_depth, " levels");
  if (inputs.size() != g.inputs().size())
    return fail(code::graph, "body has ", g.inputs().size(), " inputs, expected ", inputs.size());
  std::vector<fact> known(g.value_capacity());
  std::vector<bool> is_known(g.value_capacity(), false);
  const auto give = [&](value_id v, fact f) {
    known[v.index] = std::move(f);
    is_known[v.index] = true;
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) give(g.inputs()[i], inputs[i]);
  std::vector<const fact*> pointers;
  for (const node_id n : g.order()) {
    const auto& node = g[n];
    pointers.clear();
    for (const value_id v : node.inputs)
      pointers.push_back(!v ? nullptr : is_known[v.index] ? &known[v.index] : &g.fact(v));
    auto facts = infer_op(node.op, pointers, node.outputs.size(), symbols, describe(g, n), depth);
    if (!facts) return std::move(facts).failure().in(describe(g, n));
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i]) give(node.outputs[i], std::move((*facts)[i]));
  }
  std::vector<fact> out;
  for (const value_id v : g.outputs())
    out.push_back(is_known[v.index] ? known[v.index] : g.fact(v));
  return out;
}

TENON_INLINE result<std::vector<fact>> infer_op(const any_op& op,
                                                std::span<const fact* const> inputs,
                                                std::size_t output_count,
                                                const symbol_context& symbols,
                                                std::string_view where,
                                                int depth) {
  TENON_TRY(check_arity(op.type(), inputs, output_count));
  infer_context ctx(inputs, output_count, symbols);
  ctx.infer_subgraph = [](const graph& body, std::span<const fact> facts,
                          const symbol_context& outer, int level) {
    return infer_graph(body, facts, outer.for_body(), level + 1);
  };
  ctx.depth = depth;
  ctx.node = where;
  TENON_TRY(op.infer(ctx));
  return std::move(ctx.outputs());
}

TENON_INLINE bool is_left_to_run(const any_op& op,
                                 std::span<const fact* const> inputs,
                                 std::size_t output_count,
                                 const symbol_context& symbols) {
  const auto is_open = [](const fact* f) {
    if (f == nullptr || !f->is_tensor() || f->is_constant()) return false;
    return is_integer(f->type) ? !(f->has_elements() && numbers_of(*f->elements))
                               : f->is_ranked && f->rank() == 1 && !f->shape[0].is_constant();
  };
  if (op.has(holds_graphs) || std::none_of(inputs.begin(), inputs.end(), is_open)) return false;
  const symbol_context silent = symbols.for_body();  // what it claims of sizes was noted before
  infer_context ctx(inputs, output_count, silent);
  return op.infer(ctx) && ctx.is_left_to_run();
}

TENON_INLINE result<node_id> append(graph& g,
                                    any_op op,
                                    std::span<const value_id> inputs,
                                    std::span<const std::string> outputs,
                                    std::string name,
                                    origin from) {
  const std::string where =
      cat(op.name(), " ", quoted(!name.empty() || outputs.empty() ? name : outputs[0]));
  std::vector<const fact*> pointers;
  for (const value_id v : inputs) {
    if (v && (v.index >= g.value_capacity() || !g[v].is_alive))
      return fail(code::graph, where, ": input ", pointers.size(), " is value ", v.index,
                  ", expected a value of this graph");
    pointers.push_back(v ? &g.fact(v) : nullptr);
  }
  auto facts = infer_op(op, pointers, outputs.size(), g.symbols, where);
  if (!facts) return std::move(facts).failure().in(where);
  std::vector<value_id> out;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    out.push_back(g.add_value(outputs[i], std::move((*facts)[i])));
  return g.add_node(std::move(name), std::move(op), inputs, out, std::move(from));
}

TENON_INLINE status infer_all(graph& g) {
  std::vector<const fact*> pointers;
  for (const node_id n : g.order()) {
    auto& node = g.row(n);
    pointers.clear();
    for (const value_id v : node.inputs) pointers.push_back(v ? &g.fact(v) : nullptr);
    const std::string where = describe(g, n);
    auto facts = infer_op(node.op, pointers, node.outputs.size(), g.symbols, where);
    if (!facts) return std::move(facts).failure().in(where);
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i]) g.row(node.outputs[i]).fact = std::move((*facts)[i]);
  }
  return {};
}

}  // namespace tenon::inline v0::ir
