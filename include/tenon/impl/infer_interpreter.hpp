#pragma once

#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/append.hpp"
#include "tenon/ir/eval_context.hpp"

#include <span>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

TENON_INLINE result<std::vector<datum>> interpreter::evaluate(const ir::any_op& op,
                                                              std::span<const datum* const> inputs,
                                                              std::size_t output_count) {
  ir::eval_context ctx(op, inputs, output_count, *this);
  TENON_TRY(op.reference(ctx));
  return std::move(ctx.outputs());
}

TENON_INLINE result<tensor> interpreter::allocate(std::size_t, dtype type, const extents& dims) {
  return options_.memory.make(type, dims);
}

TENON_INLINE status interpreter::check_limits() {
  return options_.limits.check();
}

TENON_INLINE result<std::vector<datum>> interpreter::run(const ir::graph& g,
                                                         std::span<const datum> inputs) {
  if (inputs.size() != g.inputs().size())
    return fail(code::input, "graph ", quoted(g.name), " has ", g.inputs().size(),
                " inputs, found ", inputs.size());
  if (depth_ > ir::max_subgraph_depth) return fail(code::graph, "subgraphs are nested too deeply");
  ++depth_;

  struct leave {
    int& depth;

    ~leave() { --depth; }
  } on_exit{depth_};

  std::vector<datum> values(g.value_capacity());
  std::vector<std::size_t> readers(g.value_capacity());
  const auto load = [&](value_id v) {
    if (!values[v.index] && g.is_constant(v)) values[v.index] = g.fact(v).constant;
    readers[v.index] = g.use_count(v);
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) values[g.inputs()[i].index] = inputs[i];
  for (const value_id v : g.inputs()) load(v);
  std::vector<const datum*> pointers;
  for (const node_id n : g.order()) {
    TENON_TRY(check_limits());
    const auto& node = g[n];
    pointers.clear();
    for (const value_id v : node.inputs) {
      if (v && !values[v.index]) load(v);
      pointers.push_back(v && values[v.index] ? &values[v.index] : nullptr);
    }
    auto outputs = evaluate(node.op, pointers, node.outputs.size());
    if (!outputs) return std::move(outputs).failure().in(ir::describe(g, n));
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const value_id v = node.outputs[i];
      if (!v) continue;
      readers[v.index] = g.use_count(v);
      if (readers[v.index] != 0) values[v.index] = std::move((*outputs)[i]);
    }
    for (const value_id v : node.inputs)
      if (v && readers[v.index] != 0 && --readers[v.index] == 0) values[v.index] = {};
  }
  std::vector<datum> out;
  for (const value_id v : g.outputs()) {
    load(v);
    out.push_back(values[v.index]);
  }
  return out;
}

TENON_INLINE result<std::vector<datum>> interpret(const ir::graph& g,
                                                  std::span<const datum> inputs,
                                                  const interpret_options& options) {
  return interpreter(options).run(g, inputs);
}

TENON_INLINE result<std::vector<datum>> evaluate_node(const ir::graph& g,
                                                      node_id n,
                                                      const interpret_options& options) {
  std::vector<datum> data;
  for (const value_id v : g[n].inputs) data.push_back(v ? datum(g.fact(v).constant) : datum());
  std::vector<const datum*> pointers;
  for (std::size_t i = 0; i < data.size(); ++i)
    pointers.push_back(g[n].inputs[i] ? &data[i] : nullptr);
  auto out = interpreter(options).evaluate(g[n].op, pointers, g[n].outputs.size());
  if (!out) return std::move(out).failure().in(ir::describe(g, n));
  return out;
}

}  // namespace tenon::inline v0
