#pragma once

#include "tenon/core/shared_count.hpp"
#include "tenon/ir/graph.hpp"
#include "tenon/symbol/table.hpp"

#include <string>
#include <utility>

namespace tenon::inline v0::ir {

struct symbol_context::state {
  shared_count count;
  scope_ref scope = scope_ref::make();
  facts_table facts{scope};
};

TENON_INLINE symbol_context::symbol_context() : state_(new state) {}

TENON_INLINE symbol_context::symbol_context(const symbol_context& other)
    : state_(other.state_), is_body_(other.is_body_) {
  state_->count.add();
}

TENON_INLINE symbol_context& symbol_context::operator=(symbol_context other) noexcept {
  std::swap(state_, other.state_);
  std::swap(is_body_, other.is_body_);
  return *this;
}

TENON_INLINE symbol_context::~symbol_context() {
  if (state_->count.release()) delete state_;
}

TENON_INLINE symbol_scope& symbol_context::scope() const {
  return *state_->scope;
}

TENON_INLINE facts_table& symbol_context::facts() const {
  return state_->facts;
}

TENON_INLINE graph::graph() = default;
TENON_INLINE graph::graph(const graph& other) = default;
TENON_INLINE graph::graph(graph&& other) noexcept = default;
TENON_INLINE graph& graph::operator=(const graph& other) = default;
TENON_INLINE graph& graph::operator=(graph&& other) noexcept = default;
TENON_INLINE graph::~graph() = default;

TENON_INLINE value_id graph::add_constant(std::string value_name, tensor content) {
  return add_value(std::move(value_name), fact::of_constant(std::move(content)));
}

struct subgraph::block {
  shared_count count;
  graph body;
};

TENON_INLINE subgraph::subgraph(graph body) : block_(new block{{}, std::move(body)}) {}

TENON_INLINE const graph& subgraph::operator*() const {
  return block_->body;
}

TENON_INLINE const graph* subgraph::operator->() const {
  return &block_->body;
}

TENON_INLINE void subgraph::retain() {
  if (block_) block_->count.add();
}

TENON_INLINE void subgraph::drop() {
  if (block_ && block_->count.release()) delete block_;
}

TENON_INLINE std::string describe(const graph& g, node_id n) {
  const auto& node = g[n];
  std::string out = cat(node.op ? node.op.name() : std::string_view("node"));
  std::string label = node.name;
  if (label.empty() && !node.outputs.empty() && node.outputs[0].index < g.value_capacity())
    label = g[node.outputs[0]].name;
  out += cat(" ", quoted(label));
  const bool itself = node.origin.nodes.size() == 1 && node.origin.nodes[0] == node.name;
  if (!node.origin.nodes.empty() && !itself) out += cat(" (onnx: ", node.origin.str(), ")");
  return out;
}

}  // namespace tenon::inline v0::ir
