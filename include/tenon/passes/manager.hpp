#pragma once

#include "tenon/passes/options.hpp"
#include "tenon/passes/pass.hpp"

#include <string>
#include <vector>

namespace tenon::inline v0::passes {

/// Passes in order; when `max_rounds` > 1 they are repeated until a round changes nothing.
struct stage {
  std::vector<any_pass> passes;
  int max_rounds = 1;

  /// `fold-constants,share-common` or `repeat(fold-constants,share-common)`
  std::string str() const {
    std::string out;
    for (const any_pass& p : passes) out += cat(out.empty() ? "" : ",", p.str());
    return max_rounds > 1 ? cat("repeat(", out, ")") : out;
  }
};

/// Stages in order.
struct pipeline {
  std::vector<stage> stages;

  /// Text that `parse_pipeline` reads back.
  std::string str() const {
    std::string out;
    for (const stage& s : stages) out += cat(out.empty() ? "" : ",", s.str());
    return out;
  }
};

/// Runs a pipeline on a graph and its subgraphs. An error means that the graph or a pass is broken.
result<pipeline_report> run(ir::graph& g, const pipeline& what, const run_options& options = {});

}  // namespace tenon::inline v0::passes

#ifndef TENON_COMPILED
#include "tenon/impl/pass_manager.hpp"
#endif
