#pragma once

#include "tenon/core/check.hpp"
#include "tenon/core/id.hpp"
#include "tenon/core/inline_vector.hpp"
#include "tenon/ir/origin.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0::ir {

/// Where a value is read: input `port` of `node`.
struct use {
  node_id node;
  std::uint32_t port = 0;
  friend bool operator==(use, use) = default;
};

/// One row of the value table.
template <class Fact> struct value_row {
  std::string name;
  Fact fact;
  node_id producer;        ///< none: a graph input or a constant
  std::uint32_t port = 0;  ///< of the producer
  inline_vector<use, 2> uses;
  std::uint32_t output_uses = 0;  ///< how often it is a graph output
  bool is_alive = true;
};

/// One row of the node table.
template <class Op> struct node_row {
  std::string name;
  Op op;
  inline_vector<value_id, 4> inputs;  ///< an invalid id is an absent optional input
  inline_vector<value_id, 2> outputs;
  ir::origin origin;
  bool is_alive = true;
};

/// A DAG as two tables with strong ids. Erased rows stay as tombstones until `compact`.
template <class Fact, class Op> class basic_graph {
 public:
  using value_type = value_row<Fact>;
  using node_type = node_row<Op>;

  std::string name;

  std::span<const value_id> inputs() const { return inputs_; }

  std::span<const value_id> outputs() const { return outputs_; }

  std::size_t value_capacity() const { return values_.size(); }

  std::size_t node_capacity() const { return nodes_.size(); }

  std::size_t node_count() const { return alive_nodes_; }

  const value_type& operator[](value_id v) const { return values_[v.index]; }

  const node_type& operator[](node_id n) const { return nodes_[n.index]; }

  value_type& row(value_id v) { return values_[v.index]; }

  node_type& row(node_id n) { return nodes_[n.index]; }

  const Fact& fact(value_id v) const { return values_[v.index].fact; }

  bool is_alive(node_id n) const {
    return n && n.index < nodes_.size() && nodes_[n.index].is_alive;
  }

  bool is_input(value_id v) const {
    for (const value_id i : inputs_)
      if (i == v) return true;
    return false;
  }

  /// Uses by nodes plus uses as a graph output.
  std::size_t use_count(value_id v) const {
    return values_[v.index].uses.size() + values_[v.index].output_uses;
  }

  value_id add_value(std::string value_name, Fact fact) {
    const value_id id(values_.size());
    values_.push_back({std::move(value_name), std::move(fact), {}, 0, {}, 0, true});
    return id;
  }

  value_id add_input(std::string value_name, Fact fact) {
    const value_id id = add_value(std::move(value_name), std::move(fact));
    inputs_.push_back(id);
    return id;
  }

  /// Names of the outputs; they stay when an output is computed by another value.
  std::span<const std::string> output_names() const { return output_names_; }

  void add_output(value_id v) { add_output(v, values_[v.index].name); }

  void add_output(value_id v, std::string output_name) {
    outputs_.push_back(v);
    output_names_.push_back(std::move(output_name));
    ++values_[v.index].output_uses;
  }

  /// Replaces graph output number `i`.
  void set_output(std::size_t i, value_id v) {
    --values_[outputs_[i].index].output_uses;
    outputs_[i] = v;
    ++values_[v.index].output_uses;
  }

  /// Drops the graph input number `i`; nothing may use it.
  void remove_input(std::size_t i) {
    TENON_CHECK(use_count(inputs_[i]) == 0);
    inputs_.erase(inputs_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  /// Appends a node; its outputs must be values without a producer.
  node_id add_node(std::string node_name,
                   Op op,
                   std::span<const value_id> in,
                   std::span<const value_id> out,
                   ir::origin from = {}) {
    const node_id id(nodes_.size());
    nodes_.push_back({std::move(node_name),
                      std::move(op),
                      {in.begin(), in.end()},
                      {out.begin(), out.end()},
                      std::move(from),
                      true});
    for (std::size_t i = 0; i < in.size(); ++i)
      if (in[i]) values_[in[i].index].uses.push_back({id, static_cast<std::uint32_t>(i)});
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!out[i]) continue;
      values_[out[i].index].producer = id;
      values_[out[i].index].port = static_cast<std::uint32_t>(i);
    }
    ++alive_nodes_;
    return id;
  }

  /// Points input `port` of `node` at another value.
  void set_input(node_id node, std::size_t port, value_id v) {
    value_id& slot = nodes_[node.index].inputs[port];
    if (slot) drop_use(slot, {node, static_cast<std::uint32_t>(port)});
    slot = v;
    if (v) values_[v.index].uses.push_back({node, static_cast<std::uint32_t>(port)});
  }

  /// Makes every reader of `from`, graph outputs included, read `to`.
  void redirect(value_id from, value_id to) {
    if (from == to) return;
    const auto uses = values_[from.index].uses;
    for (const use u : uses) set_input(u.node, u.port, to);
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      if (outputs_[i] == from) set_output(i, to);
  }

  /// Erases a node whose outputs nobody reads.
  void erase(node_id n) {
    node_type& node = nodes_[n.index];
    for (const value_id v : node.outputs) {
      if (!v) continue;
      TENON_CHECK(use_count(v) == 0);
      values_[v.index].is_alive = false;
      values_[v.index].producer = {};
      values_[v.index].fact = Fact{};
    }
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i]) drop_use(node.inputs[i], {n, static_cast<std::uint32_t>(i)});
    node.is_alive = false;
    node.op = Op{};
    node.inputs.clear();
    node.outputs.clear();
    --alive_nodes_;
  }

  /// Frees a value that has neither producer nor readers, e.g. a constant.
  void erase(value_id v) {
    TENON_CHECK(use_count(v) == 0 && !values_[v.index].producer);
    values_[v.index].is_alive = false;
    values_[v.index].fact = Fact{};
  }

  /// Alive nodes so that producers come before readers; ids on a cycle are left out.
  std::vector<node_id> order() const {
    std::vector<std::uint32_t> waiting(nodes_.size(), 0);
    std::vector<node_id> out;
    out.reserve(alive_nodes_);
    std::vector<node_id> ready;
    for (std::size_t n = nodes_.size(); n-- > 0;) {
      if (!nodes_[n].is_alive) continue;
      for (const value_id v : nodes_[n].inputs)
        if (v && values_[v.index].producer) ++waiting[n];
      if (waiting[n] == 0) ready.push_back(node_id(n));
    }
    while (!ready.empty()) {
      const node_id n = ready.back();
      ready.pop_back();
      out.push_back(n);
      const auto& outputs = nodes_[n.index].outputs;
      for (std::size_t o = outputs.size(); o-- > 0;) {
        if (!outputs[o]) continue;
        const auto& uses = values_[outputs[o].index].uses;
        for (std::size_t u = uses.size(); u-- > 0;)
          if (--waiting[uses[u].node.index] == 0) ready.push_back(uses[u].node);
      }
    }
    return out;
  }

  /// Removes tombstones and puts nodes into execution order; every id changes.
  void compact() {
    basic_graph out;
    std::vector<value_id> moved(values_.size());
    const auto take = [&](value_id v) {
      if (!v) return v;
      if (!moved[v.index]) {
        value_type& row = values_[v.index];
        moved[v.index] = out.add_value(std::move(row.name), std::move(row.fact));
      }
      return moved[v.index];
    };
    for (const value_id v : inputs_) out.inputs_.push_back(take(v));
    for (const node_id n : order()) {
      node_type& node = nodes_[n.index];
      for (value_id& v : node.inputs) v = take(v);
      for (value_id& v : node.outputs) v = take(v);
      out.add_node(std::move(node.name), std::move(node.op),
                   {node.inputs.begin(), node.inputs.end()},
                   {node.outputs.begin(), node.outputs.end()}, std::move(node.origin));
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      out.add_output(take(outputs_[i]), std::move(output_names_[i]));
    values_ = std::move(out.values_);
    nodes_ = std::move(out.nodes_);
    inputs_ = std::move(out.inputs_);
    outputs_ = std::move(out.outputs_);
    output_names_ = std::move(out.output_names_);
    alive_nodes_ = out.alive_nodes_;
  }

 private:
  void drop_use(value_id v, use u) {
    auto& uses = values_[v.index].uses;
    for (auto it = uses.begin(); it != uses.end(); ++it)
      if (*it == u) {
        uses.erase(it);
        return;
      }
  }

  std::vector<value_type> values_;
  std::vector<node_type> nodes_;
  std::vector<value_id> inputs_, outputs_;
  std::vector<std::string> output_names_;
  std::size_t alive_nodes_ = 0;
};

}  // namespace tenon::inline v0::ir
