#pragma once

#include "tenon/core/function_ref.hpp"
#include "tenon/ir/verify_spec.hpp"
#include "tenon/rewrite/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::ir {

class graph;

}  // namespace tenon::inline v0::ir

namespace tenon::inline v0::passes {

class any_pass;

/// Called after a pass changed the graph.
using change_observer = function_ref<void(const any_pass&, const ir::graph&)>;

/// How a pipeline runs.
struct run_options {
  rewrite::rule_settings settings;
  std::vector<std::string> disabled_passes;
  std::vector<std::string> disabled_rules;
  std::vector<std::string> only_rules;      ///< when not empty: the rules that run
  std::size_t max_applications = SIZE_MAX;  ///< of rules in the whole pipeline, for bisection
  bool verifies = false;                    ///< check the graph after each pass that changed it
  ir::verify_spec spec;
  std::optional<change_observer> on_change;
};

/// What one run of one pass did.
struct pass_report {
  std::string name;
  int round = 0;
  std::string body;  ///< the op whose subgraph was changed; empty: the graph itself
  std::size_t nodes_before = 0, nodes_after = 0;
  std::size_t changes = 0;
  std::int64_t time_ns = 0;
  std::vector<rewrite::rule_statistics> rules;
  std::vector<rewrite::skip> skips;
  std::size_t skip_count = 0;
};

/// What a pipeline did.
struct pipeline_report {
  std::string pipeline;
  std::size_t nodes_before = 0, nodes_after = 0;
  std::int64_t time_ns = 0;
  std::vector<pass_report> passes;

  /// Applications of a rule in all passes.
  std::size_t fired(std::string_view rule) const {
    std::size_t out = 0;
    for (const pass_report& p : passes)
      for (const auto& r : p.rules) out += r.name == rule ? r.fired : 0;
    return out;
  }
};

}  // namespace tenon::inline v0::passes
