#pragma once

#include "tenon/infer/limits.hpp"

#include <algorithm>
#include <chrono>

namespace tenon::inline v0 {

namespace limits_detail {

inline std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace limits_detail

TENON_INLINE void run_limits::end_in(double seconds) {
  constexpr double longest = 1e9;
  deadline_ns = seconds > 0 ? limits_detail::now_ns() +
                                  static_cast<std::int64_t>(std::min(seconds, longest) * 1e9)
                            : 0;
}

TENON_INLINE status run_limits::check() const {
  if (cancelled && cancelled->is_set()) return fail(code::resource, "the run was cancelled");
  if (deadline_ns != 0 && limits_detail::now_ns() > deadline_ns)
    return fail(code::resource, "time limit: the run did not end in time; raise the time limit");
  return {};
}

}  // namespace tenon::inline v0
