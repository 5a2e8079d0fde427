#pragma once

#include "tenon/ir/append.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0::ir {

/// A set of changes to one graph, applied at once or not at all; the only way passes change a graph.
///
///     patch p(graph);
///     TENON_TRY(auto y, p.add(ops::relu{}, {x}));   // reads old or new values
///     p.replace(old, y);                            // every reader of old reads y
///     TENON_TRY(auto changes, p.apply(graph));
class patch {
 public:
  explicit patch(const graph& g) : graph_(&g), base_(g.value_capacity()) {}

  bool empty() const { return nodes_.empty() && replacements_.empty(); }

  std::size_t size() const { return replacements_.size(); }

  /// The fact of an existing or a new value.
  const ir::fact& fact(value_id v) const {
    return v.index < base_ ? graph_->fact(v) : values_[v.index - base_].fact;
  }

  /// A new constant.
  value_id constant(tensor content, std::string name = {}) {
    values_.push_back({std::move(name), fact::of_constant(std::move(content)), {}});
    return value_id(base_ + values_.size() - 1);
  }

  /// A new node with one output.
  result<value_id> add(any_op op, std::initializer_list<value_id> inputs, std::string name = {}) {
    TENON_TRY(auto out,
              add(std::move(op), std::span(inputs.begin(), inputs.size()), 1, std::move(name)));
    return out[0];
  }

  /// A new node; the facts of its outputs are inferred.
  result<std::vector<value_id>> add(any_op op,
                                    std::span<const value_id> inputs,
                                    std::size_t outputs,
                                    std::string name = {}) {
    const std::string where = cat(op.name(), " ", quoted(name));
    std::vector<const ir::fact*> pointers;
    for (const value_id v : inputs) pointers.push_back(v ? &fact(v) : nullptr);
    auto facts = infer_op(op, pointers, outputs, graph_->symbols, where);
    if (!facts) return std::move(facts).failure().in(where);
    std::vector<value_id> out;
    for (std::size_t i = 0; i < outputs; ++i) {
      values_.push_back({{}, std::move((*facts)[i]), nodes_.size()});
      out.push_back(value_id(base_ + values_.size() - 1));
    }
    nodes_.push_back(
        {std::move(name), std::move(op), {inputs.begin(), inputs.end()}, out, origin_});
    return out;
  }

  /// Nodes added from here on stand for `old` alone; without it for all nodes that the patch replaces.
  void stand_for(node_id old) { origin_ = (*graph_)[old].origin; }

  /// Makes every reader of `old`, graph outputs included, read `by`; the nodes of this patch that `by` may be computed
  /// from, which are those up to its own, go on reading `old`.
  void replace(value_id old, value_id by) { replacements_.push_back({old, by}); }

  /// Checks the replacements against the graph, then changes it; returns the number of replaced values.
  result<std::size_t> apply(graph& g);

 private:
  struct new_value {
    std::string name;
    ir::fact fact;
    std::optional<std::size_t> producer;  ///< in nodes_
  };

  struct new_node {
    std::string name;
    any_op op;
    std::vector<value_id> inputs, outputs;
    std::optional<origin> from;
  };

  struct replacement {
    value_id old, by;
  };

  status check(const graph& g) const;

  static bool is_before(const new_value& v, std::size_t node) {
    return !v.producer || *v.producer < node;
  }

  void redirect_new();
  std::vector<value_id> kept() const;

  const graph* graph_;
  std::size_t base_;
  std::vector<new_value> values_;
  std::vector<new_node> nodes_;
  std::vector<replacement> replacements_;
  std::optional<origin> origin_;
};

/// Erases nodes that nobody reads, starting from the producer of `v`.
inline std::size_t erase_dead(graph& g, value_id v) {
  std::size_t erased = 0;
  std::vector<value_id> open{v};
  while (!open.empty()) {
    const value_id top = open.back();
    open.pop_back();
    if (!top || g.use_count(top) != 0 || !g[top].is_alive) continue;
    const node_id n = g[top].producer;
    if (!n) continue;
    bool is_read = false;
    for (const value_id o : g[n].outputs) is_read = is_read || (o && g.use_count(o) != 0);
    if (is_read) continue;
    for (const value_id i : g[n].inputs) open.push_back(i);
    g.erase(n);
    ++erased;
  }
  return erased;
}

inline status patch::check(const graph& g) const {
  TENON_CHECK(g.value_capacity() == base_);
  for (const replacement& r : replacements_) {
    const ir::fact &old = fact(r.old), &by = fact(r.by);
    if (old.what != by.what || old.type != by.type)
      return fail(code::graph, "patch replaces ", quoted(g[r.old].name), ": ", old.str(), " by ",
                  by.str());
    if (!old.is_ranked || !by.is_ranked || !old.is_tensor()) continue;
    bool same = old.rank() == by.rank();
    for (std::size_t i = 0; same && i < old.rank(); ++i)
      same = g.symbols.facts().is_equal(old.shape[i], by.shape[i]) != truth::no;
    if (!same)
      return fail(code::graph, "patch replaces ", quoted(g[r.old].name), ": ", old.str(), " by ",
                  by.str());
  }
  return {};
}

inline void patch::redirect_new() {
  std::vector<replacement> sorted = replacements_;
  const auto key = [](const replacement& r) { return r.old.index; };
  std::ranges::stable_sort(sorted, {}, key);
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    for (value_id& v : nodes_[i].inputs) {
      if (!v) continue;
      const auto r = std::ranges::lower_bound(sorted, v.index, {}, key);
      if (r == sorted.end() || r->old != v) continue;
      const bool is_new = r->by.index >= base_;
      if (!is_new || is_before(values_[r->by.index - base_], i)) v = r->by;
    }
}

// The values of the graph that outlive the patch because new nodes read them or readers are led to them, sorted.
inline std::vector<value_id> patch::kept() const {
  std::vector<value_id> out;
  for (const new_node& n : nodes_) out.insert(out.end(), n.inputs.begin(), n.inputs.end());
  for (const replacement& r : replacements_) out.push_back(r.by);
  std::erase_if(out, [&](value_id v) { return !v || v.index >= base_; });
  std::ranges::sort(out, {}, &value_id::index);
  return out;
}

namespace patch_detail {

/// Adds the origins of the nodes that die with `v`: its producer, and those read only by one that dies.
inline void collect_dying(const graph& g,
                          value_id v,
                          std::span<const value_id> kept,
                          origin& into) {
  std::vector<value_id> open{v};
  for (std::size_t steps = 0; !open.empty() && steps < 64; ++steps) {
    const value_id top = open.back();
    open.pop_back();
    if (!top || !g[top].producer) continue;
    const bool is_kept = std::ranges::binary_search(kept, top.index, {}, &value_id::index);
    if (top != v && (is_kept || g.use_count(top) != 1)) continue;
    const auto& node = g[g[top].producer];
    into.merge(node.origin);
    if (is_kept) continue;  // a new node stands between it and its readers
    for (const value_id i : node.inputs) open.push_back(i);
  }
}

}  // namespace patch_detail

inline result<std::size_t> patch::apply(graph& g) {
  TENON_TRY(check(g));
  origin from;
  redirect_new();
  const std::vector<value_id> alive = kept();
  for (const replacement& r : replacements_) patch_detail::collect_dying(g, r.old, alive, from);
  for (new_value& v : values_) g.add_value(std::move(v.name), std::move(v.fact));
  for (const replacement& r : replacements_) {
    if (g[r.by].name.empty()) g.row(r.by).name = g[r.old].name;
    if (g.fact(r.old).is_ranked && !g.fact(r.by).is_ranked) g.row(r.by).fact = g.fact(r.old);
    g.redirect(r.old, r.by);
  }
  for (new_node& n : nodes_) {
    if (n.name.empty() && !replacements_.empty()) {
      const node_id old = g[replacements_.front().old].producer;
      if (old) n.name = g[old].name;
    }
    g.add_node(std::move(n.name), std::move(n.op), n.inputs, n.outputs,
               n.from ? *std::move(n.from) : from);
  }
  for (const replacement& r : replacements_) erase_dead(g, r.old);
  const std::size_t changes = replacements_.size();
  values_.clear();
  nodes_.clear();
  replacements_.clear();
  base_ = g.value_capacity();
  return changes;
}

}  // namespace tenon::inline v0::ir
