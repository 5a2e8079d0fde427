#pragma once

#include "tenon/backends/cpu/backend.hpp"
#include "tenon/passes/fuse_epilogues.hpp"
#include "tenon/passes/pipelines.hpp"
#include "tenon/passes/rewrite_layout.hpp"
#include "tenon/plan/build.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/pool_threads.hpp"

#include <optional>
#include <utility>

namespace tenon::inline v0 {

namespace compile_detail {

inline bindings typical_bindings(const ir::graph& g, const compile_options& options) {
  bindings out;
  if (options.typical.empty()) return out;
  const std::vector<extents>& shapes = options.typical.front();
  for (std::size_t i = 0; i < g.inputs().size() && i < shapes.size(); ++i) {
    const ir::fact& f = g.fact(g.inputs()[i]);
    for (std::size_t k = 0; k < f.shape.size() && k < shapes[i].size(); ++k)
      if (f.shape[k].is_symbol()) out.set(f.shape[k], shapes[i][k]);
  }
  return out;
}

/// Constants may grow this much when they are computed for this process only.
inline constexpr std::size_t lowering_growth_bytes = std::size_t{256} << 20;

/// Passes after which the graph is for the CPU only.
inline passes::pipeline lowering() {
  return {
      {passes::stage{{passes::fold_constants{}, passes::rewrite_layout{}, passes::fuse_epilogues{},
                      passes::share_common{}, passes::remove_dead{}}}}};
}

}  // namespace compile_detail

TENON_INLINE result<passes::pipeline_report> simplify(ir::graph& graph,
                                                      const compile_options& options) {
  if (options.level == level::none) {
    passes::pipeline_report untouched;
    untouched.nodes_before = untouched.nodes_after = graph.node_count();
    return untouched;
  }
  passes::run_options run = options.passes;
  const passes::pipeline pipeline = passes::pipeline_for(options.level, run);
  return passes::run(graph, pipeline, run);
}

TENON_INLINE result<compiled> compile(ir::graph graph, const compile_options& options) {
  TENON_TRY(auto report, simplify(graph, options));
  if (options.level != level::none) {
    passes::run_options run = options.passes;
    run.settings.max_growth_bytes = compile_detail::lowering_growth_bytes;
    TENON_TRY(auto lowered, passes::run(graph, compile_detail::lowering(), run));
    report.pipeline += cat(report.pipeline.empty() ? "" : ",", lowered.pipeline);
    report.nodes_after = lowered.nodes_after;
    report.time_ns += lowered.time_ns;
    for (auto& row : lowered.passes) report.passes.push_back(std::move(row));
  }
  plan::build_options build;
  std::vector<kernel::catalog> catalogs = options.catalogs;
  for (const kernel::catalog& c : cpu::catalogs()) catalogs.push_back(c);
  build.catalogs = catalogs;
  build.typical = compile_detail::typical_bindings(graph, options);
  build.reference_only = options.reference_only;
  std::optional<thread_pool> own_pool;
  if (options.threads > 0) own_pool.emplace(thread_pool_options{.threads = options.threads});
  pool_threads threads(own_pool ? *own_pool : thread_pool::shared());
  build.threads = &threads;
  TENON_TRY(auto program, plan::build(std::move(graph), build));
  return compiled{model(std::move(program)), std::move(report)};
}

}  // namespace tenon::inline v0
