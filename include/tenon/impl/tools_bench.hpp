#pragma once

#include "tenon/core/file.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/cpu_limits.hpp"
#include "tenon/tools/command_bench.hpp"
#include "tenon/tools/folder.hpp"
#include "tenon/tools/json.hpp"

#include <algorithm>
#include <cstdio>

namespace tenon::inline v0::tools {

namespace bench_detail {

/// A number with `decimals` digits after the point, right-aligned.
inline std::string fixed(double v, int decimals, int width = 0) {
  char text[64];
  std::snprintf(text, sizeof text, "%*.*f", width, decimals, v);
  return text;
}

inline std::string json_of(const bench_command& c,
                           const opened_model& opened,
                           const run_times& times,
                           double first_ms) {
  json_writer j;
  j.begin_object();
  j.field("model", c.model.path).field("tenon", TENON_VERSION);
  j.field("level", name_of(c.model.level)).field("reference_only", c.model.reference_only ? 1 : 0);
  j.field("threads", read_cpu_limits(c.model.threads).threads);
  j.field("median_ms", times.median()).field("mean_ms", times.mean());
  j.field("p10_ms", times.quantile(0.1)).field("p90_ms", times.quantile(0.9));
  j.field("p99_ms", times.quantile(0.99)).field("min_ms", times.quantile(0));
  j.field("max_ms", times.quantile(1)).field("runs", times.count());
  j.field("warmup", c.timing.warmup).field("load_ms", opened.load_ms);
  j.field("first_run_ms", first_ms).field("peak_rss_mb", peak_rss_mb());
  j.field("arena_mb", static_cast<double>(opened.session.arena_bytes()) / 0x1p20);
  j.field("weights_mb", static_cast<double>(opened.model.program().weight_bytes()) / 0x1p20);
  return j.end_object().str();
}

}  // namespace bench_detail

TENON_INLINE std::string profile_table(const session& s) {
  using bench_detail::fixed;
  std::vector<step_time> steps(s.profile().begin(), s.profile().end());
  std::sort(steps.begin(), steps.end(),
            [](const step_time& a, const step_time& b) { return a.total_ns > b.total_ns; });
  double total = 0;
  for (const step_time& t : steps) total += static_cast<double>(t.total_ns);
  std::string out = "  ms/run   share  kernel                          step\n";
  for (const step_time& t : steps) {
    if (t.runs == 0) continue;
    const auto ns = static_cast<double>(t.total_ns);
    std::string kernel(t.kernel);
    kernel.resize(std::max<std::size_t>(kernel.size(), 30), ' ');
    out += cat(fixed(ns / static_cast<double>(t.runs) / 1e6, 4, 8), " ",
               fixed(total > 0 ? 100 * ns / total : 0, 1, 6), "%  ", kernel, "  ", t.label, "\n");
  }
  return out;
}

TENON_INLINE result<std::string> bench_command::operator()() const {
  TENON_TRY(check_output_file(json_path));
  TENON_TRY(auto opened, open_model(model));
  TENON_TRY(const auto values, read_inputs(declared_inputs::of(opened.model), inputs));
  const auto run = [&]() -> status {
    auto outputs = opened.session.run_positional(values);
    return outputs ? status() : status(std::move(outputs).failure());
  };
  const auto start = clock::now();
  TENON_TRY(run());
  const double first_ms = ms_since(start);
  TENON_TRY(const run_times times, measure(timing, run));
  const std::string json = bench_detail::json_of(*this, opened, times, first_ms);
  if (!json_path.empty()) TENON_TRY(write_file(json_path, json));
  return model.profile ? cat(json, profile_table(opened.session)) : json;
}

}  // namespace tenon::inline v0::tools
