#pragma once

#include "tenon/core/shared_count.hpp"
#include "tenon/tensor/budget.hpp"

#include <cstdint>

namespace tenon::inline v0 {

/// When a run must end; asked between nodes and inside long loops.
struct run_limits {
  std::int64_t deadline_ns = 0;  ///< on std::chrono::steady_clock; 0: none
  const shared_flag* cancelled = nullptr;

  /// Ends the run this many seconds from now, at most 1e9; no deadline when that is not more than 0.
  void end_in(double seconds);

  /// `resource` when the run was cancelled or is out of time.
  status check() const;
};

/// Bounds of an interpretation.
struct interpret_options {
  memory_budget memory;
  run_limits limits;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/infer_limits.hpp"
#endif
