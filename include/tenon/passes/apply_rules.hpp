#pragma once

#include "tenon/passes/pass.hpp"

namespace tenon::inline v0::passes {

/// Applies a set of rewrite rules until none fires: `apply_rules{"standard", rules::standard}`.
struct apply_rules {
  static constexpr pass_info info{"fuse", "apply a set of rewrite rules"};

  std::string set;  ///< name of the set, in pipelines
  std::vector<rewrite::rule_view> rules;

  apply_rules(std::string name, std::span<const rewrite::rule_view> list)
      : set(std::move(name)), rules(list.begin(), list.end()) {}

  std::string_view argument() const { return set; }

  result<std::size_t> run(ir::graph& g, pass_context& ctx) const {
    TENON_TRY(auto report, rewrite::apply_rules(g, rules, ctx.options()));
    for (auto& s : report.skips) ctx.skip(std::move(s.where), s.reason);
    ctx.rules() = std::move(report.rules);
    return report.applications;
  }
};

static_assert(pass<apply_rules>);

}  // namespace tenon::inline v0::passes
