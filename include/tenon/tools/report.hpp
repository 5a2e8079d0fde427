#pragma once

#include "tenon/passes/level.hpp"
#include "tenon/passes/manager.hpp"
#include "tenon/symbol/range.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

/// One group of changes; times in milliseconds, missing when it was not timed.
struct optimization {
  std::string name;
  std::string status;  ///< `effective`, `no effect`
  std::optional<double> pre_run, post_run;

  std::optional<double> speedup() const {
    if (!pre_run || !post_run || *post_run <= 0) return std::nullopt;
    return *pre_run / *post_run;
  }
};

/// A kernel of the plan and the steps it carries out.
struct kernel_use {
  std::string kernel;
  std::size_t steps = 0;
};

/// Times of one point of a benchmark, in milliseconds.
struct measured_point {
  std::vector<extents> shapes;
  double baseline = 0, optimized = 0;
  bool is_equal = false;  ///< outputs agree within the tolerance
  double max_error = 0;   ///< largest difference over the largest magnitude
};

/// What was done to a model, and what it gained.
struct optimize_report {
  struct item {
    std::string software, version;
  };

  std::vector<item> software;
  std::string microarchitecture;  ///< of the CPU: the highest instruction set level used
  std::string cpu;                ///< as the system names it
  int threads = 1;
  tenon::level level = tenon::level::o1;
  std::string pipeline;  ///< given instead of that of the level
  std::vector<box> ranges;
  bool disable_fp16_accuracy_check = false;  ///< of `gpu_config`
  std::string model_name;
  std::string input_format = "ONNX";
  std::string message;  ///< what the reader could not deduce or found odd
  std::string test_data_source, test_data_info, shape_variation;
  std::vector<optimization> optimizations;
  std::optional<double> baseline, optimized;  ///< milliseconds with the test data
  passes::pipeline_report passes;             ///< nodes_after: of the plan
  std::size_t portable_nodes = 0;             ///< of the optimized graph in standard ops
  std::size_t portable_passes = 0;  ///< of `passes` that made it; the others lower it to the CPU
  std::vector<kernel_use> kernels;
  std::vector<std::pair<std::string, std::string>> refusals;  ///< step and why a kernel refused it
  std::vector<measured_point> points;
  std::string peak_bytes;  ///< arena bytes as an expression of the symbols

  std::string json() const;

  /// Writes `json()` to a file in one step.
  status save(std::string_view path) const;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/tools_report.hpp"
#endif
