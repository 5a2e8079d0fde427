#pragma once

#include "tenon/core/result.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include <sys/resource.h>

namespace tenon::inline v0::tools {

using clock = std::chrono::steady_clock;

inline double ms_since(clock::time_point start) {
  return std::chrono::duration<double, std::milli>(clock::now() - start).count();
}

/// Most memory the process ever held, in MiB.
inline double peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// How often something is run to time it.
struct timing_settings {
  std::int64_t warmup = 10;
  std::int64_t runs = 100;
  double min_seconds =
      0;  ///< when positive: at least `least_runs` and that long, instead of `runs`
  std::int64_t least_runs = 15;

  static constexpr std::int64_t most_runs = 1'000'000;
};

/// Times of single runs, in milliseconds, sorted.
class run_times {
 public:
  explicit run_times(std::vector<double> ms) : ms_(std::move(ms)) {
    std::sort(ms_.begin(), ms_.end());
  }

  std::size_t count() const { return ms_.size(); }

  /// Linear between the two nearest runs; `fraction` is 0 to 1.
  double quantile(double fraction) const {
    if (ms_.empty()) return 0;
    const double at = fraction * static_cast<double>(ms_.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const std::size_t high = std::min(low + 1, ms_.size() - 1);
    return ms_[low] + (ms_[high] - ms_[low]) * (at - static_cast<double>(low));
  }

  double median() const { return quantile(0.5); }

  double mean() const {
    double sum = 0;
    for (const double t : ms_) sum += t;
    return ms_.empty() ? 0 : sum / static_cast<double>(ms_.size());
  }

 private:
  std::vector<double> ms_;
};

/// Times `run`, a function that returns a status and has finished its work when it returns.
template <class F> result<run_times> measure(const timing_settings& settings, F&& run) {
  for (std::int64_t i = 0; i < settings.warmup; ++i) TENON_TRY(run());
  std::vector<double> ms;
  const auto begin = clock::now();
  const auto is_done = [&] {
    const auto runs = static_cast<std::int64_t>(ms.size());
    if (settings.min_seconds <= 0) return runs >= settings.runs;
    return runs >= timing_settings::most_runs ||
           (runs >= settings.least_runs && ms_since(begin) >= settings.min_seconds * 1e3);
  };
  while (!is_done()) {
    const auto start = clock::now();
    TENON_TRY(run());
    ms.push_back(ms_since(start));
  }
  return run_times(std::move(ms));
}

}  // namespace tenon::inline v0::tools
