#pragma once

#include "tenon/infer/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::inline v0::rewrite {

/// What rules may do; the pipeline decides.
struct rule_settings {
  bool reassociates = false;                            ///< run rules that reorder floating point
  std::size_t max_growth_bytes = std::size_t{4} << 20;  ///< of a constant that a rule computes
  double max_evaluation_seconds = 10;  ///< of all that fold-constants evaluates in one pipeline
  interpret_options interpret;
};

/// What one rule did.
struct rule_statistics {
  std::string_view name;
  std::size_t tried = 0;
  std::size_t fired = 0;
  std::size_t refused = 0;  ///< matched, but the result could not be made
  std::int64_t time_ns = 0;
  std::string last_refusal;  ///< the error of the last refusal
};

/// Something that was not done, and why.
struct skip {
  std::string where;
  std::string reason;
};

}  // namespace tenon::inline v0::rewrite
