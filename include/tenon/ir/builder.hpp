#pragma once

#include "tenon/ir/append.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

/// A size in a declared shape: a number or the name of a symbol.
struct declared_dim {
  std::int64_t size = -1;
  std::string symbol;

  declared_dim(std::int64_t n) : size(n) {}

  declared_dim(int n) : size(n) {}

  declared_dim(const char* name) : symbol(name) {}
};

/// Builds a graph in C++. The first error sticks and is returned by `finish`.
///
///     builder b("mlp");
///     auto x = b.input("x", dtype::f32, {"batch", 784});
///     auto y = b.add(ops::relu{}, {b.add(ops::matmul{}, {x, b.constant("w", w)})});
///     b.output("y", y);
///     ir::graph g = b.finish().value();
class builder {
 public:
  explicit builder(std::string name = {}) { graph_.name = std::move(name); }

  value_id input(std::string name, dtype type, std::initializer_list<declared_dim> shape) {
    dims sizes;
    for (const declared_dim& d : shape)
      sizes.push_back(d.symbol.empty() ? dim(d.size) : size_named(d.symbol));
    return graph_.add_input(std::move(name), ir::fact::of(type, std::move(sizes)));
  }

  value_id constant(std::string name, tensor content) {
    return graph_.add_constant(std::move(name), std::move(content));
  }

  /// A node with one output.
  value_id add(ir::any_op op, std::initializer_list<value_id> inputs, std::string name = {}) {
    return add(std::move(op), std::span(inputs.begin(), inputs.size()), 1, std::move(name))[0];
  }

  /// A node with several outputs; on an error all of them are invalid ids.
  std::vector<value_id> add(ir::any_op op,
                            std::span<const value_id> inputs,
                            std::size_t outputs,
                            std::string name = {}) {
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

  void output(std::string name, value_id v) {
    if (state_ && v) graph_.add_output(v, std::move(name));
  }

  /// The fact of a value, for sizes that depend on it.
  const ir::fact& fact(value_id v) const { return graph_.fact(v); }

  ir::graph& graph() { return graph_; }

  /// The graph, or the first error met.
  result<ir::graph> finish() {
    if (!state_) return state_.failure();
    return std::move(graph_);
  }

 private:
  dim size_named(std::string_view name) {
    const dim d = graph_.symbols.scope().symbol(name);
    if (auto known = graph_.symbols.facts().restrict(d, 0, interval::highest, "a size"); !known)
      state_ = std::move(known).failure();
    return d;
  }

  ir::graph graph_;
  status state_;
};

}  // namespace tenon::inline v0
