#pragma once

#include "tenon/tools/model_inputs.hpp"
#include "tenon/tools/open_model.hpp"
#include "tenon/tools/optimize.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::tools {

/// `tenon optimize`: an optimized copy of a model in standard ops.
struct optimize_command {
  model_settings model;
  std::vector<shape_range> ranges;
  gpu_options gpu;          ///< kept in the report
  input_settings inputs;    ///< test data; none: nothing is timed
  std::string output;       ///< empty: none is written
  std::string report_path;  ///< empty: none is written
  std::string pipeline;     ///< instead of that of the level

  /// What to print.
  result<std::string> operator()() const;
};

/// Shapes such as `1x3x224x224,1x128`, one per input.
result<std::vector<extents>> read_shapes(std::string_view text);

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_optimize_command.hpp"
#endif
