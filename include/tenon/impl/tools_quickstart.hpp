#pragma once

#include "tenon/formats/load.hpp"
#include "tenon/formats/onnx/export.hpp"
#include "tenon/tools/command_quickstart.hpp"
#include "tenon/tools/demo_resnet.hpp"
#include "tenon/tools/difference.hpp"
#include "tenon/tools/folder.hpp"
#include "tenon/tools/timing.hpp"

#include <algorithm>
#include <cstdio>

namespace tenon::inline v0::tools {

namespace quickstart_detail {

inline constexpr std::uint64_t seed = 0;
inline constexpr double tolerance = 1e-3;  // of the largest magnitude of an output

inline std::string ms_text(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", ms);
  return text;
}

inline std::string shapes_text(const std::vector<extents>& shapes) {
  std::string out;
  for (const extents& s : shapes) out += cat(out.empty() ? "" : ", ", join(s, "x"));
  return out;
}

inline std::string row(std::string_view a,
                       std::string_view b,
                       std::string_view c,
                       std::string_view d,
                       std::string_view e) {
  char text[160];
  std::snprintf(text, sizeof text, "%7s %14s %14s %9s  %s", std::string(a).c_str(),
                std::string(b).c_str(), std::string(c).c_str(), std::string(d).c_str(),
                std::string(e).c_str());
  return text;
}

inline result<double> time_of(session& s, const std::vector<datum>& inputs) {
  const timing_settings timing{1, 3, 0.3, 3};
  TENON_TRY(const auto times, measure(timing, [&]() -> status {
              auto outputs = s.run_positional(inputs);
              return outputs ? status() : status(std::move(outputs).failure());
            }));
  return times.median();
}

/// One batch with both plans.
inline result<measured_point> measure_point(session& plain,
                                            session& fast,
                                            const std::vector<datum>& inputs) {
  measured_point out;
  out.shapes = shapes_of(inputs);
  TENON_TRY(const auto expected, plain.run_positional(inputs));
  TENON_TRY(const auto found, fast.run_positional(inputs));
  out.is_equal = true;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const difference d = compare(expected.value(i), found.value(i));
    out.is_equal = out.is_equal && d.is_within(tolerance);
    out.max_error = std::max(out.max_error, d.scaled());
  }
  TENON_TRY(out.baseline, time_of(plain, inputs));
  TENON_TRY(out.optimized, time_of(fast, inputs));
  return out;
}

/// The path of the model to use, written first when the user gave none.
inline result<std::string> model_path(const quickstart_command& c,
                                      function_ref<void(std::string_view)> say) {
  if (!c.model.empty()) return c.model;
  const std::string path = c.output_dir + "/resnet50.onnx";
  TENON_TRY(const ir::graph g, make_resnet50());
  TENON_TRY(save_onnx(g, path));
  say(cat("1/5 wrote ", path, ": ResNet-50, weights from seed 0"));
  return path;
}

inline result<std::vector<measured_point>> bench_all(const ir::graph& graph,
                                                     const optimized& made,
                                                     const derived_range& range,
                                                     int threads,
                                                     function_ref<void(std::string_view)> say) {
  compile_options none;
  none.level = level::none;
  none.threads = threads;
  TENON_TRY(const auto unoptimized, compile(graph, none));
  session_options how;
  how.threads = threads;
  session plain(unoptimized.model, how);
  session fast(made.model, how);
  const auto declared = declared_inputs::of(graph);
  std::vector<measured_point> out;
  say(row("batch", "unoptimized ms", "optimized ms", "speedup", "outputs"));
  for (const std::int64_t wanted : {1, 3, 5, 7, 9}) {
    const std::int64_t batch = range.allowed(wanted);
    if (!range.is_dynamic() && wanted != 1) break;
    TENON_TRY(const auto inputs, random_inputs(declared, seed, range.sizes(batch)));
    TENON_TRY(const auto point, measure_point(plain, fast, inputs));
    say(row(range.is_dynamic() ? cat(batch) : "as is", ms_text(point.baseline),
            ms_text(point.optimized), ms_text(point.baseline / point.optimized),
            point.is_equal ? "equal" : "DIFFER"));
    out.push_back(point);
  }
  return out;
}

}  // namespace quickstart_detail

TENON_INLINE status quickstart_command::operator()(function_ref<void(std::string_view)> say) const {
  using namespace quickstart_detail;
  TENON_TRY(make_folder(output_dir));
  TENON_TRY(check_output_file(output_dir + "/report.json"));
  TENON_TRY(const std::string path, model_path(*this, say));
  auto start = clock::now();
  TENON_TRY(ir::graph graph, load(path));
  say(cat("2/5 loaded ", path, ": ", graph.node_count(), " nodes, ", ms_text(ms_since(start)),
          " ms"));

  TENON_TRY(const bindings given, read_dims(graph.symbols, dims));
  TENON_TRY(const derived_range range, derived_range::of(graph, given));
  optimize_options how;
  how.ranges = {range.range()};
  how.threads = threads;
  how.min_seconds = 0.3;
  TENON_TRY(how.test_data,
            random_inputs(declared_inputs::of(graph), seed, range.sizes(range.allowed(5))));
  how.test_data_source = cat("random, seed ", seed);
  start = clock::now();
  ir::graph portable;
  TENON_TRY(optimized made, optimize(graph, how, portable));
  say(cat("3/5 optimized for ", shapes_text(range.range().min), " to ",
          shapes_text(range.range().max), ": ", graph.node_count(), " -> ",
          made.report.portable_nodes, " nodes, ", made.report.passes.nodes_after,
          " in the plan for this machine, ", ms_text(ms_since(start)), " ms"));

  const std::string saved = cat(output_dir, "/", stem_of(path), ".optimized.onnx");
  TENON_TRY(save_onnx(portable, saved));
  say(cat("4/5 saved ", saved));
  TENON_TRY(made.report.points, bench_all(graph, made, range, threads, say));
  TENON_TRY(made.report.save(output_dir + "/report.json"));
  say(cat("5/5 wrote ", output_dir, "/report.json"));
  for (const measured_point& p : made.report.points)
    if (!p.is_equal)
      return fail(code::input, "quickstart: outputs of the optimized plan differ by ", p.max_error,
                  " of their scale");
  return {};
}

}  // namespace tenon::inline v0::tools
