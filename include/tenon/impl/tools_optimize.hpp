#pragma once

#include "tenon/backends/cpu/simd/isa.hpp"
#include "tenon/passes/pipelines.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/cpu_limits.hpp"
#include "tenon/runtime/session.hpp"
#include "tenon/symbol/table.hpp"
#include "tenon/tools/machine.hpp"
#include "tenon/tools/model_inputs.hpp"
#include "tenon/tools/open_model.hpp"
#include "tenon/tools/optimize.hpp"
#include "tenon/tools/timing.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace tenon::inline v0 {

TENON_INLINE result<std::vector<input_shape>> input_shapes(const ir::graph& g) {
  std::vector<input_shape> out;
  for (const value_id v : g.inputs()) {
    const ir::fact& f = g.fact(v);
    if (!f.is_tensor() || !f.is_ranked)
      return fail(code::range, "range: input ", quoted(g[v].name), " is ", f.str(),
                  ", expected a tensor of known rank");
    out.push_back({g[v].name, f.shape});
  }
  return out;
}

TENON_INLINE result<std::vector<box>> apply_ranges(ir::graph& g,
                                                   const std::vector<shape_range>& ranges) {
  std::vector<box> out;
  if (ranges.empty()) return out;
  TENON_TRY(const auto inputs, input_shapes(g));
  for (const shape_range& r : ranges) {
    TENON_TRY(box b, box::make(r, inputs));
    out.push_back(std::move(b));
  }
  box hull = out.front();
  for (const box& b : out)
    for (std::size_t i = 0; i < b.min.size(); ++i)
      for (std::size_t k = 0; k < b.min[i].size(); ++k) {
        hull.min[i][k] = std::min(hull.min[i][k], b.min[i][k]);
        hull.max[i][k] = std::max(hull.max[i][k], b.max[i][k]);
      }
  TENON_TRY(hull.apply(inputs, g.symbols.facts()));
  return out;
}

namespace optimize_detail {

inline result<double> median_ms(const model& m, const optimize_options& options) {
  tools::model_settings how;
  how.threads = options.threads;
  how.memory_limit_bytes = options.memory_limit_bytes;
  how.time_limit_seconds = options.time_limit_seconds;
  session s(m, tools::session_options_of(how));
  const tools::timing_settings timing{1, options.timed_runs, options.min_seconds, 3};
  TENON_TRY(const auto times, tools::measure(timing, [&]() -> status {
              auto outputs = s.run_positional(options.test_data);
              return outputs ? status() : status(std::move(outputs).failure());
            }));
  return times.median();
}

inline result<double> unoptimized_ms(const ir::graph& g, const optimize_options& options) {
  compile_options plain;
  plain.level = level::none;
  plain.threads = options.threads;
  TENON_TRY(const auto made, compile(g, plain));
  return median_ms(made.model, options);
}

inline void describe_plan(const model& m, optimize_report& r) {
  std::map<std::string_view, std::size_t> uses;
  for (const plan::step& s : m.program().steps) {
    if (s.what == plan::action::nothing)
      ++uses["view"];
    else if (s.what == plan::action::copy)
      ++uses["copy"];
    else
      ++uses[s.kernel ? s.kernel->name : std::string_view("reference")];
    if (s.kernel || s.what == plan::action::nothing || s.what == plan::action::copy) continue;
    r.refusals.emplace_back(s.label, s.refusals.empty() ? "no kernel" : join(s.refusals, "; "));
  }
  for (const auto& [name, count] : uses) r.kernels.push_back({std::string(name), count});
  r.peak_bytes = m.program().peak_bytes().str();
}

inline void describe_model(const ir::graph& g, const optimize_options& o, optimize_report& r) {
  r.software = {{"tenon", TENON_VERSION}};
  if (!g.metadata.producer.empty()) r.software.push_back({g.metadata.producer, ""});
  r.microarchitecture = cpu::name(cpu::best_isa());
  r.cpu = tools::cpu_name();
  r.threads = read_cpu_limits(o.threads).threads;
  r.level = o.level;
  r.pipeline = o.pipeline;
  r.disable_fp16_accuracy_check = o.gpu.disable_fp16_accuracy_check;
  r.model_name = !g.metadata.file.empty() ? g.metadata.file : g.name;
  bool is_known = true, is_dynamic = false;
  for (const value_id v : g.inputs()) {
    is_known = is_known && g.fact(v).is_tensor() && g.fact(v).is_ranked;
    is_dynamic = is_dynamic || !g.fact(v).is_concrete();
  }
  r.shape_variation = is_dynamic ? "dynamic" : "static";
  if (!is_known)
    r.message = "Unable to deduce model inputs information (data type, shape, value range, etc.); ";
  for (const std::string& d : g.metadata.diagnostics) r.message += cat(d, "; ");
  r.test_data_source = o.test_data.empty() ? "none" : o.test_data_source;
  for (const datum& d : o.test_data) r.test_data_info += cat(d.str(), "; ");
}

inline std::size_t changes_of(const passes::pipeline_report& r) {
  std::size_t out = 0;
  for (const auto& p : r.passes) out += p.changes;
  return out;
}

/// The passes of the options on the graph that stays portable.
inline result<passes::pipeline_report> transform(ir::graph& g,
                                                 const optimize_options& o,
                                                 const compile_options& how) {
  if (o.pipeline.empty()) return simplify(g, how);
  TENON_TRY(const auto what, passes::parse_pipeline(o.pipeline));
  passes::run_options run = how.passes;
  run.settings.reassociates = o.level == level::o2;
  return passes::run(g, what, run);
}

inline std::string_view status_of(const passes::pipeline_report& r) {
  return changes_of(r) != 0 ? "effective" : "no effect";
}

}  // namespace optimize_detail

TENON_INLINE result<optimized> optimize(ir::graph graph,
                                        const optimize_options& options,
                                        ir::graph& portable) {
  using namespace optimize_detail;
  optimized out;
  optimize_report& r = out.report;
  describe_model(graph, options, r);
  TENON_TRY(r.ranges, apply_ranges(graph, options.ranges));
  const bool is_timed = !options.test_data.empty();
  if (is_timed && !r.ranges.empty())
    if (auto inside = choose_box(r.ranges, tools::shapes_of(options.test_data)); !inside)
      return std::move(inside).failure().in("test data");
  if (is_timed) {
    TENON_TRY(r.baseline, unoptimized_ms(graph, options));
  }

  compile_options how;
  how.level = options.level;
  how.passes = options.passes;
  how.threads = options.threads;
  for (const box& b : r.ranges) how.typical.insert(how.typical.end(), b.opts.begin(), b.opts.end());
  TENON_TRY(r.passes, transform(graph, options, how));
  portable = graph;
  r.portable_nodes = graph.node_count();
  r.portable_passes = r.passes.passes.size();
  const bool lowers = options.pipeline.empty();
  if (!lowers) how.level = level::none;
  optimization first{
      lowers ? "simplify" : "pipeline", std::string(status_of(r.passes)), r.baseline, {}};
  if (is_timed) {
    TENON_TRY(first.post_run, unoptimized_ms(graph, options));
  }
  auto made = compile(std::move(graph), how);
  if (!made) return std::move(made).failure();
  r.optimizations = {first};
  if (lowers) {
    optimization second{"lower to cpu", std::string(status_of(made->report)), first.post_run, {}};
    if (is_timed) {
      TENON_TRY(second.post_run, median_ms(made->model, options));
    }
    r.optimizations.push_back(std::move(second));
  }
  r.optimized = r.optimizations.back().post_run;
  for (auto& p : made->report.passes) r.passes.passes.push_back(std::move(p));
  r.passes.nodes_after = made->report.nodes_after;
  r.passes.time_ns += made->report.time_ns;
  describe_plan(made->model, r);
  out.model = std::move(made->model);
  return out;
}

TENON_INLINE result<optimized> optimize(ir::graph graph, const optimize_options& options) {
  ir::graph portable;
  return optimize(std::move(graph), options, portable);
}

}  // namespace tenon::inline v0
