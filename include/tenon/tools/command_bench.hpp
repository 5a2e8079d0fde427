#pragma once

#include "tenon/tools/model_inputs.hpp"
#include "tenon/tools/open_model.hpp"
#include "tenon/tools/timing.hpp"

#include <string>

namespace tenon::inline v0::tools {

/// `tenon bench`: times runs of a model on one set of inputs.
struct bench_command {
  model_settings model;
  input_settings inputs;
  timing_settings timing;
  std::string json_path;  ///< empty: none is written

  /// What to print.
  result<std::string> operator()() const;
};

/// The steps of a profiled session by time: milliseconds a run, share, kernel, label.
std::string profile_table(const session& s);

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_bench.hpp"
#endif
