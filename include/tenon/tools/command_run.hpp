#pragma once

#include "tenon/tools/model_inputs.hpp"
#include "tenon/tools/open_model.hpp"

#include <string>

namespace tenon::inline v0::tools {

/// `tenon run`: one run from files to files.
struct run_command {
  model_settings model;
  input_settings inputs;
  std::string output_dir;  ///< empty: outputs are only described

  /// What to print.
  result<std::string> operator()() const;
};

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_run.hpp"
#endif
