#pragma once

#include "tenon/runtime/compile.hpp"
#include "tenon/symbol/range.hpp"
#include "tenon/tensor/datum.hpp"
#include "tenon/tools/report.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

/// What `optimize` may do and for which inputs.
struct optimize_options {
  tenon::level level = tenon::level::o1;
  std::vector<shape_range> ranges;  ///< one group of extents per input; none: every shape
  std::vector<datum> test_data;     ///< inputs to time with, inside a range; none: nothing is timed
  std::string test_data_source = "user provided";
  int threads = 0;         ///< of the timed runs; 0: what the machine allows
  int timed_runs = 20;     ///< per plan
  double min_seconds = 0;  ///< per plan, instead of `timed_runs` when positive
  passes::run_options passes;
};

/// A model for a box of shapes, and what was done to make it.
struct optimized {
  tenon::model model;
  optimize_report report;
};

/// Optimizes a graph for these ranges and this machine; with test data the plan of the unchanged graph and the
/// optimized one are timed. Ranges that contradict the graph, and test data outside of them, are errors.
result<optimized> optimize(ir::graph graph, const optimize_options& options = {});

/// The same, and the optimized graph in standard ops, for `save_onnx`.
result<optimized> optimize(ir::graph graph, const optimize_options& options, ir::graph& portable);

/// The inputs of a graph as ranges see them; an input without rank is an error.
result<std::vector<input_shape>> input_shapes(const ir::graph& g);

/// Checks ranges against a graph and teaches it their hull.
result<std::vector<box>> apply_ranges(ir::graph& g, const std::vector<shape_range>& ranges);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/tools_optimize.hpp"
#endif
