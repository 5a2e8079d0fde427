#pragma once

#include "tenon/ir/graph.hpp"

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

  /// A graph input; its symbols are sizes, 0 or more.
  value_id input(std::string name, dtype type, std::initializer_list<declared_dim> shape);

  value_id constant(std::string name, tensor content);

  /// A node with one output.
  value_id add(ir::any_op op, std::initializer_list<value_id> inputs, std::string name = {});

  /// A node with several outputs; on an error all of them are invalid ids.
  std::vector<value_id> add(ir::any_op op,
                            std::span<const value_id> inputs,
                            std::size_t outputs,
                            std::string name = {});

  void output(std::string name, value_id v);

  /// The fact of a value, for sizes that depend on it; an empty one for an invalid id.
  const ir::fact& fact(value_id v) const {
    return v.index < graph_.value_capacity() ? graph_.fact(v) : nothing_;
  }

  ir::graph& graph() { return graph_; }

  /// The graph, or the first error met.
  result<ir::graph> finish();

 private:
  dim size_named(std::string_view name);

  ir::graph graph_;
  ir::fact nothing_;
  status state_;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/ir_builder.hpp"
#endif
