#pragma once

#include "tenon/tools/difference.hpp"
#include "tenon/tools/model_inputs.hpp"
#include "tenon/tools/open_model.hpp"

#include <optional>
#include <string>

namespace tenon::inline v0::tools {

/// `tenon compare`: two models, or one model under two sets of options, on the same inputs.
struct compare_command {
  model_settings a, b;
  input_settings inputs;
  std::optional<double> tolerance;  ///< of the error over the scale of an output; more is an error

  /// What to print.
  result<std::string> operator()() const;
};

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_compare.hpp"
#endif
