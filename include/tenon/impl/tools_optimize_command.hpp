#pragma once

#include "tenon/formats/load.hpp"
#include "tenon/formats/onnx/export.hpp"
#include "tenon/tools/command_optimize.hpp"
#include "tenon/tools/folder.hpp"

#include <charconv>
#include <span>

namespace tenon::inline v0::tools {

namespace optimize_command_detail {

inline std::string passes_text(std::span<const passes::pass_report> passes) {
  std::string out;
  for (const passes::pass_report& p : passes) {
    if (p.changes != 0) out += cat("pass ", p.name, ": ", p.changes, " changes\n");
    for (const auto& rule : p.rules)
      if (rule.fired != 0) out += cat("  rule ", rule.name, ": ", rule.fired, "\n");
  }
  return out;
}

/// The graph that is saved, then what this process would run, which no file holds.
inline std::string summary(const optimize_report& r, const std::string& output) {
  const std::span<const passes::pass_report> all(r.passes.passes);
  return cat("nodes ", r.passes.nodes_before, " -> ", r.portable_nodes,
             output.empty() ? std::string(", not saved: give -o FILE.onnx to save this graph")
                            : cat(", saved as ", output),
             "\n", passes_text(all.first(r.portable_passes)), "nodes in the plan for this machine ",
             r.passes.nodes_after, "\n", passes_text(all.subspan(r.portable_passes)));
}

}  // namespace optimize_command_detail

TENON_INLINE result<std::vector<extents>> read_shapes(std::string_view text) {
  std::vector<extents> out(1);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::int64_t size = 0;
    const auto [next, problem] = std::from_chars(at, end, size);
    if (problem != std::errc() || (next != end && *next != 'x' && *next != ',') ||
        (next != end && next + 1 == end))
      return fail(code::option, "shape ", quoted(text),
                  " is malformed: expected sizes such as 1x3x224x224, inputs separated by commas");
    out.back().push_back(size);
    if (next == end) break;
    if (*next == ',') out.emplace_back();
    at = next + 1;
  }
  return out;
}

TENON_INLINE result<std::string> optimize_command::operator()() const {
  using namespace optimize_command_detail;
  for (const std::string& path : {output, report_path}) TENON_TRY(check_output_file(path));
  TENON_TRY(auto graph, load(model.path));
  optimize_options how;
  how.level = model.level;
  how.pipeline = pipeline;
  how.ranges = ranges;
  how.gpu = gpu;
  how.threads = model.threads;
  how.memory_limit_bytes = model.memory_limit_bytes;
  how.time_limit_seconds = model.time_limit_seconds;
  how.passes = compile_options_of(model).passes;
  TENON_TRY(auto values, read_inputs(declared_inputs::of(graph), inputs));
  if (!inputs.files.empty() || inputs.seed) how.test_data = std::move(values);
  if (inputs.seed) how.test_data_source = cat("random, seed ", *inputs.seed);
  ir::graph portable;
  TENON_TRY(const auto made, optimize(std::move(graph), how, portable));
  if (!output.empty()) TENON_TRY(save_onnx(portable, output));
  if (!report_path.empty()) TENON_TRY(made.report.save(report_path));
  std::string out = summary(made.report, output);
  if (!made.report.message.empty()) out += cat("note ", made.report.message, "\n");
  if (made.report.baseline && made.report.optimized)
    out += cat("ms ", *made.report.baseline, " -> ", *made.report.optimized, "\n");
  return out;
}

}  // namespace tenon::inline v0::tools
