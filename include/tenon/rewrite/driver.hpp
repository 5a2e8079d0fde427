#pragma once

#include "tenon/rewrite/rule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Applies rules until none fires: a worklist in execution order, rules indexed by the op at their root.
//
//     TENON_TRY(auto report, rewrite::apply_rules(graph, rules::canonical, {}));

namespace tenon::inline v0::rewrite {

/// Which rules run and how far.
struct driver_options {
  rule_settings settings;
  std::span<const std::string> disabled;    ///< names of rules that are left out
  std::span<const std::string> only;        ///< when not empty: the rules that run
  std::size_t max_applications = SIZE_MAX;  ///< stop after that many patches, for bisection
};

/// What the driver did to a graph.
struct rewrite_report {
  std::size_t applications = 0;
  std::vector<rule_statistics> rules;  ///< in list order
  std::vector<skip> skips;             ///< rules that alternate
};

/// Applies the rules to a graph until none fires.
result<rewrite_report> apply_rules(ir::graph& g,
                                   std::span<const rule_view> rules,
                                   const driver_options& options = {});

/// Why a rule does not fire: its nearest miss over all nodes; nothing when it fires or has no candidate.
std::optional<near_miss> explain(const ir::graph& g,
                                 const rule_view& rule,
                                 const rule_settings& settings = {});

}  // namespace tenon::inline v0::rewrite

#ifndef TENON_COMPILED
#include "tenon/impl/rewrite_driver.hpp"
#endif
