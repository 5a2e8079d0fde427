#pragma once

#include "tenon/ir/append.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/symbol/table.hpp"

#include <string>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

TENON_INLINE value_id builder::input(std::string name,
                                     dtype type,
                                     std::initializer_list<declared_dim> shape) {
  dims sizes;
  for (const declared_dim& d : shape) {
    if (d.symbol.empty() && d.size < 0 && state_)
      state_ = fail(code::shape, "input ", quoted(name), ": axis ", sizes.size(), " has size ",
                    d.size, ", expected 0 or more, or a name for a size that varies");
    sizes.push_back(d.symbol.empty() ? dim(d.size) : size_named(d.symbol));
  }
  return graph_.add_input(std::move(name), ir::fact::of(type, std::move(sizes)));
}

TENON_INLINE value_id builder::constant(std::string name, tensor content) {
  return graph_.add_constant(std::move(name), std::move(content));
}

TENON_INLINE value_id builder::add(ir::any_op op,
                                   std::initializer_list<value_id> inputs,
                                   std::string name) {
  return add(std::move(op), std::span(inputs.begin(), inputs.size()), 1, std::move(name))[0];
}

TENON_INLINE std::vector<value_id> builder::add(ir::any_op op,
                                                std::span<const value_id> inputs,
                                                std::size_t outputs,
                                                std::string name) {
  std::vector<value_id> none(outputs);
  if (!state_) return none;
  if (name.empty()) name = cat(op.name(), "_", graph_.node_capacity());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < outputs; ++i) names.push_back(i == 0 ? name : cat(name, ".", i));
  auto made = ir::append(graph_, std::move(op), inputs, names, name, {{name}});
  if (!made) {
    state_ = std::move(made).failure();
    return none;
  }
  const auto& ids = graph_[*made].outputs;
  return {ids.begin(), ids.end()};
}

TENON_INLINE void builder::output(std::string name, value_id v) {
  if (!state_) return;
  if (v.index < graph_.value_capacity())
    graph_.add_output(v, std::move(name));
  else
    state_ = fail(code::graph, "output ", quoted(name), " is no value of this graph");
}

TENON_INLINE result<ir::graph> builder::finish() {
  if (!state_) return state_.failure();
  return std::move(graph_);
}

TENON_INLINE dim builder::size_named(std::string_view name) {
  const dim d = graph_.symbols.scope().symbol(name);
  if (auto known = graph_.symbols.facts().restrict(d, 0, interval::highest, "a size"); !known)
    state_ = std::move(known).failure();
  return d;
}

}  // namespace tenon::inline v0
