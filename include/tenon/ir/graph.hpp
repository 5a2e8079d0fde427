#pragma once

#include "tenon/ir/basic_graph.hpp"
#include "tenon/ir/fact.hpp"
#include "tenon/ir/op.hpp"

#include <string>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

class facts_table;

}  // namespace tenon::inline v0

namespace tenon::inline v0::ir {

/// The symbols of a graph and what is known about them; a graph and its subgraphs share one.
class symbol_context {
 public:
  symbol_context();
  symbol_context(const symbol_context& other);
  symbol_context& operator=(symbol_context other) noexcept;
  ~symbol_context();

  symbol_scope& scope() const;
  facts_table& facts() const;

  /// The same symbols and facts for a graph that a node may run or not.
  symbol_context for_body() const {
    symbol_context out = *this;
    out.is_body_ = true;
    return out;
  }

  bool is_body() const { return is_body_; }

 private:
  struct state;
  state* state_;
  bool is_body_ = false;
};

/// Opset, producer and free-form properties of the file a graph came from.
struct graph_metadata {
  std::string file;  ///< path as given, empty for memory
  std::string producer;
  std::string doc;
  std::int64_t opset = 0;  ///< of the default domain; 0 when built in C++
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<std::string> diagnostics;  ///< what the reader found odd but accepted
};

/// The graph of a model: ops over facts.
class graph : public basic_graph<fact, any_op> {
 public:
  graph();
  graph(const graph& other);
  graph(graph&& other) noexcept;
  graph& operator=(const graph& other);
  graph& operator=(graph&& other) noexcept;
  ~graph();

  symbol_context symbols;
  graph_metadata metadata;

  /// Adds a constant; it has no producer.
  value_id add_constant(std::string value_name, tensor content);

  bool is_constant(value_id v) const { return v && fact(v).is_constant(); }
};

/// `conv 'layer1/conv'` or, with an origin, `rms_norm 'norm' (onnx: Pow_41, Mul_47)`.
std::string describe(const graph& g, node_id n);

}  // namespace tenon::inline v0::ir

#ifndef TENON_COMPILED
#include "tenon/impl/ir_graph.hpp"
#endif
