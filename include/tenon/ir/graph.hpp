#pragma once

#include "tenon/ir/basic_graph.hpp"
#include "tenon/ir/fact.hpp"
#include "tenon/ir/op.hpp"
#include "tenon/symbol/table.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tenon::inline v0::ir {

/// The symbols of a graph and what is known about them; a graph and its subgraphs share one.
class symbol_context {
 public:
  symbol_context() : state_(new state) {}

  symbol_context(const symbol_context& other) : state_(other.state_), is_body_(other.is_body_) {
    ++state_->count;
  }

  symbol_context& operator=(symbol_context other) noexcept {
    std::swap(state_, other.state_);
    std::swap(is_body_, other.is_body_);
    return *this;
  }

  ~symbol_context() {
    if (--state_->count == 0) delete state_;
  }

  symbol_scope& scope() const { return *state_->scope; }

  const scope_ref& scope_handle() const { return state_->scope; }

  facts_table& facts() const { return state_->facts; }

  /// The same symbols and facts for a graph that a node may run or not.
  symbol_context for_body() const {
    symbol_context out = *this;
    out.is_body_ = true;
    return out;
  }

  bool is_body() const { return is_body_; }

 private:
  struct state {
    std::atomic<std::uint32_t> count = 1;
    scope_ref scope = scope_ref::make();
    facts_table facts{scope};
  };

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
  symbol_context symbols;
  graph_metadata metadata;

  /// Adds a constant; it has no producer.
  value_id add_constant(std::string value_name, tensor content) {
    return add_value(std::move(value_name), fact::of_constant(std::move(content)));
  }

  bool is_constant(value_id v) const { return v && fact(v).is_constant(); }
};

struct subgraph::block {
  std::atomic<std::uint32_t> count;
  graph body;
};

inline subgraph::subgraph(graph body) : block_(new block{{1}, std::move(body)}) {}

inline const graph& subgraph::operator*() const {
  return block_->body;
}

inline const graph* subgraph::operator->() const {
  return &block_->body;
}

inline void subgraph::retain() {
  if (block_) block_->count.fetch_add(1, std::memory_order_relaxed);
}

inline void subgraph::drop() {
  if (block_ && block_->count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete block_;
}

/// `conv 'layer1/conv'` or, with an origin, `rms_norm 'norm' (onnx: Pow_41, Mul_47)`.
inline std::string describe(const graph& g, node_id n) {
  const auto& node = g[n];
  std::string out = cat(node.op ? node.op.name() : std::string_view("node"));
  std::string label = node.name;
  if (label.empty() && !node.outputs.empty() && node.outputs[0]) label = g[node.outputs[0]].name;
  out += cat(" ", quoted(label));
  const bool itself = node.origin.nodes.size() == 1 && node.origin.nodes[0] == node.name;
  if (!node.origin.nodes.empty() && !itself) out += cat(" (onnx: ", node.origin.str(), ")");
  return out;
}

}  // namespace tenon::inline v0::ir
