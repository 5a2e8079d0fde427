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

/// Options of a GPU; the CPU keeps f32 and has no use for them.
struct gpu_options {
  bool disable_fp16_accuracy_check = false;
};

/// What `optimize` may do and for which inputs.
struct optimize_options {
  tenon::level level = tenon::level::o1;
  std::vector<shape_range> ranges;  ///< one group of extents per input; none: every shape
  gpu_options gpu;
  std::vector<datum> test_data;  ///< inputs to time with, inside a range; none: nothing is timed
  std::string test_data_source = "user provided";
  int threads = 0;                      ///< that pack weights and run; 0: what the machine allows
  std::int64_t memory_limit_bytes = 0;  ///< of a timed run; 0: what the machine allows
  double time_limit_seconds = 0;        ///< of a timed run; 0: none
  int timed_runs = 20;                  ///< per plan
  double min_seconds = 0;               ///< per plan, instead of `timed_runs` when positive
  passes::run_options passes;
  std::string pipeline;  ///< names of passes; when given they are all that is done to the graph
};

/// A model for a box of shapes, and what was done to make it.
struct optimized {
  tenon::model model;
  optimize_report report;
};

/// While it lives, its options are those of every `optimize(graph)` of its thread. Scopes nest: the innermost counts.
class config_scope {
 public:
  explicit config_scope(optimize_options options)
      : options_(std::move(options)), outer_(std::exchange(innermost(), this)) {}

  config_scope(const config_scope&) = delete;
  config_scope& operator=(const config_scope&) = delete;

  ~config_scope() { innermost() = outer_; }

  /// The options of the innermost scope of this thread; without one the defaults.
  static optimize_options current() {
    return innermost() ? innermost()->options_ : optimize_options();
  }

 private:
  static const config_scope*& innermost() {
    thread_local const config_scope* scope = nullptr;
    return scope;
  }

  optimize_options options_;
  const config_scope* outer_;
};

/// Optimizes a graph for these ranges and this machine; with test data the plan of the unchanged graph and the
/// optimized one are timed. Ranges that contradict the graph, and test data outside of them, are errors.
result<optimized> optimize(ir::graph graph, const optimize_options& options);

/// The same with the options of the `config_scope` around the call.
inline result<optimized> optimize(ir::graph graph) {
  return optimize(std::move(graph), config_scope::current());
}

/// The same, and the optimized graph in standard ops, for `save_onnx`.
result<optimized> optimize(ir::graph graph, const optimize_options& options, ir::graph& portable);

inline result<optimized> optimize(ir::graph graph, ir::graph& portable) {
  return optimize(std::move(graph), config_scope::current(), portable);
}

/// The inputs of a graph as ranges see them; an input without rank is an error.
result<std::vector<input_shape>> input_shapes(const ir::graph& g);

/// Checks ranges against a graph and teaches it their hull.
result<std::vector<box>> apply_ranges(ir::graph& g, const std::vector<shape_range>& ranges);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/tools_optimize.hpp"
#endif
