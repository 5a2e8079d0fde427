#pragma once

#include "tenon/ir/verify.hpp"
#include "tenon/passes/manager.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tenon::inline v0::passes {

namespace manager_detail {

inline constexpr int max_body_depth = 16;

class manager {
 public:
  manager(const run_options& options, pipeline_report& report)
      : options_(&options),
        report_(&report),
        left_(options.max_applications),
        evaluation_seconds_(options.settings.max_evaluation_seconds) {}

  status run(ir::graph& g, const pipeline& what, const std::string& body, int depth) {
    for (const stage& s : what.stages) {
      for (int round = 0; round < s.max_rounds; ++round) {
        std::size_t changes = 0;
        for (const any_pass& p : s.passes) {
          TENON_TRY(const std::size_t n, run_pass(g, p, round, body));
          changes += n;
        }
        if (changes == 0) break;
      }
    }
    if (depth < max_body_depth) TENON_TRY(run_bodies(g, what, depth));
    return {};
  }

 private:
  result<std::size_t> run_pass(ir::graph& g,
                               const any_pass& p,
                               int round,
                               const std::string& body) {
    const auto& off = options_->disabled_passes;
    const auto is_off = [&](std::string_view name) {
      return std::find(off.begin(), off.end(), name) != off.end();
    };
    if (is_off(p.name()) || is_off(p.str())) return std::size_t{0};
    const rewrite::driver_options driver{options_->settings, options_->disabled_rules,
                                         options_->only_rules, left_};
    pass_context ctx(driver);
    ctx.evaluation_seconds = evaluation_seconds_;
    pass_report row{p.str(), round, body, g.node_count(), 0, 0, 0, {}, {}, 0};
    const auto start = std::chrono::steady_clock::now();
    auto changes = p.run(g, ctx);
    if (!changes) return std::move(changes).failure().in(cat("pass ", quoted(p.str())));
    row.time_ns = (std::chrono::steady_clock::now() - start).count();
    row.changes = *changes;
    row.nodes_after = g.node_count();
    row.rules = std::move(ctx.rules());
    row.skips = std::move(ctx.skips());
    row.skip_count = ctx.skip_count();
    evaluation_seconds_ = ctx.evaluation_seconds;
    for (const auto& r : row.rules) left_ -= std::min(left_, r.fired);
    report_->passes.push_back(std::move(row));
    if (*changes != 0) TENON_TRY(after_change(g, p));
    return *changes;
  }

  status after_change(ir::graph& g, const any_pass& p) {
    g.compact();
    if (options_->verifies) {
      auto sound = ir::verify(g, options_->spec);
      if (!sound) return std::move(sound).failure().in(cat("after pass ", quoted(p.str())));
    }
    if (options_->on_change) (*options_->on_change)(p, g);
    return {};
  }

  status run_bodies(ir::graph& g, const pipeline& what, int depth) {
    for (const node_id n : g.order()) {
      for (const auto& [name, body] : g[n].op.bodies()) {
        ir::graph inner = *body;
        TENON_TRY(run(inner, what, ir::describe(g, n), depth + 1));
        ir::any_op op = g[n].op;
        TENON_TRY(op.assign(name, ir::subgraph(std::move(inner))));
        g.row(n).op = std::move(op);
      }
    }
    return {};
  }

  const run_options* options_;
  pipeline_report* report_;
  std::size_t left_;
  double evaluation_seconds_;
};

}  // namespace manager_detail

TENON_INLINE result<pipeline_report> run(ir::graph& g,
                                         const pipeline& what,
                                         const run_options& options) {
  pipeline_report report;
  report.pipeline = what.str();
  report.nodes_before = g.node_count();
  const auto start = std::chrono::steady_clock::now();
  TENON_TRY(manager_detail::manager(options, report).run(g, what, {}, 0));
  report.time_ns = (std::chrono::steady_clock::now() - start).count();
  report.nodes_after = g.node_count();
  return report;
}

}  // namespace tenon::inline v0::passes
