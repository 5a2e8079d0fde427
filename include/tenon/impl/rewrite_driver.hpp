#pragma once

#include "tenon/rewrite/driver.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenon::inline v0::rewrite {

namespace driver_detail {

inline bool contains(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class driver {
 public:
  driver(ir::graph& g, std::span<const rule_view> rules, const driver_options& options)
      : graph_(g), rules_(rules), options_(options), budget_(64 + 2 * g.node_count()) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      report_.rules.push_back({rules[i].name, 0, 0, 0, 0, {}});
      if (contains(options.disabled, rules[i].name)) continue;
      if (!options.only.empty() && !contains(options.only, rules[i].name)) continue;
      if (rules[i].reassociates && !options.settings.reassociates) continue;
      for (const ir::op_type* root : rules[i].roots) index_[root->id].push_back(i);
    }
  }

  result<rewrite_report> run() {
    std::size_t before = 0;
    do {
      before = report_.applications;
      for (const node_id n : graph_.order()) push(n);
      std::reverse(open_.begin(), open_.end());
      TENON_TRY(drain());
    } while (report_.applications != before && !is_done());
    return std::move(report_);
  }

 private:
  struct lineage {
    std::size_t applications = 0;
    std::size_t last_rule = SIZE_MAX, previous_rule = SIZE_MAX;
    bool is_queued = false;
  };

  bool is_done() const { return report_.applications >= options_.max_applications; }

  void push(node_id n) {
    if (!graph_.is_alive(n)) return;
    if (n.index >= lineages_.size()) lineages_.resize(graph_.node_capacity());
    if (lineages_[n.index].is_queued || !index_.count(graph_[n].op.type().id)) return;
    lineages_[n.index].is_queued = true;
    open_.push_back(n);
  }

  status drain() {
    while (!open_.empty() && !is_done()) {
      const node_id n = open_.back();
      open_.pop_back();
      lineages_[n.index].is_queued = false;
      if (graph_.is_alive(n)) TENON_TRY(visit(n));
    }
    return {};
  }

  status visit(node_id n) {
    const auto at = index_.find(graph_[n].op.type().id);
    if (at == index_.end()) return {};
    for (const std::size_t r : at->second) {
      TENON_TRY(const bool fired, attempt(n, r));
      if (fired) return {};
    }
    return {};
  }

  result<bool> attempt(node_id n, std::size_t r) {
    if (lineages_[n.index].applications > budget_) return false;
    rule_statistics& stats = report_.rules[r];
    const auto start = std::chrono::steady_clock::now();
    ++stats.tried;
    rewritten made = rules_[r].apply(graph_, n, options_.settings);
    if (!made) {
      ++stats.refused;
      stats.last_refusal = cat(ir::describe(graph_, n), ": ", made.failure().message);
    }
    const bool fires = made && *made;
    if (fires) {
      TENON_TRY(apply(n, r, **made));
      ++stats.fired;
    }
    stats.time_ns += (std::chrono::steady_clock::now() - start).count();
    return fires;
  }

  status apply(node_id n, std::size_t r, ir::patch& patch) {
    std::vector<node_id> neighbours;
    for (const value_id v : graph_[n].inputs)
      if (v && graph_[v].producer) neighbours.push_back(graph_[v].producer);
    for (const value_id v : graph_[n].outputs)
      if (v)
        for (const ir::use u : graph_[v].uses) neighbours.push_back(u.node);
    lineage next = lineages_[n.index];
    const std::string where = ir::describe(graph_, n);
    const std::size_t first = graph_.node_capacity();
    auto changes = patch.apply(graph_);
    if (!changes) return std::move(changes).failure().in(cat("rule ", quoted(rules_[r].name)));
    ++report_.applications;
    next.previous_rule = std::exchange(next.last_rule, r);
    next.is_queued = false;
    if (++next.applications > budget_) note_alternation(next, where);
    lineages_.resize(graph_.node_capacity());
    for (const node_id m : neighbours) push(m);
    for (std::size_t i = graph_.node_capacity(); i-- > first;) {
      lineages_[i] = next;
      push(node_id(i));
    }
    return {};
  }

  void note_alternation(const lineage& at, const std::string& where) {
    const auto name = [&](std::size_t r) { return r == SIZE_MAX ? "" : rules_[r].name; };
    report_.skips.push_back(
        {where, cat("rules ", quoted(name(at.previous_rule)), " and ", quoted(name(at.last_rule)),
                    " alternate (", at.applications, " times)")});
  }

  ir::graph& graph_;
  std::span<const rule_view> rules_;
  const driver_options& options_;
  std::size_t budget_;
  rewrite_report report_;
  std::unordered_map<const void*, std::vector<std::size_t>> index_;  ///< by op id
  std::vector<node_id> open_;
  std::vector<lineage> lineages_;
};

}  // namespace driver_detail

TENON_INLINE result<rewrite_report> apply_rules(ir::graph& g,
                                                std::span<const rule_view> rules,
                                                const driver_options& options) {
  return driver_detail::driver(g, rules, options).run();
}

TENON_INLINE std::optional<near_miss> explain(const ir::graph& g,
                                              const rule_view& rule,
                                              const rule_settings& settings) {
  std::optional<near_miss> best;
  for (const node_id n : g.order()) {
    bool is_root = false;
    for (const ir::op_type* root : rule.roots) is_root = is_root || root->id == g[n].op.type().id;
    if (!is_root) continue;
    near_miss miss;
    const auto made = rule.apply(g, n, settings, &miss);
    if (made && *made) return std::nullopt;
    if (!made) miss = {64, n, made.failure().message};
    if (!miss.at) miss.at = n;
    if (!best || miss.depth > best->depth) best = std::move(miss);
  }
  return best;
}

}  // namespace tenon::inline v0::rewrite
