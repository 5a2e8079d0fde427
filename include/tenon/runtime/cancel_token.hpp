#pragma once

#include "tenon/core/config.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

namespace tenon::inline v0 {

/// Asks running work to stop, from any thread or when a deadline has passed; polled between steps.
class cancel_token {
 public:
  using clock = std::chrono::steady_clock;

  /// Asks at once; lock-free, also from a signal handler.
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  /// Asks when `when` has passed.
  void cancel_at(clock::time_point when) {
    deadline_ns_.store(ns_of(when), std::memory_order_relaxed);
  }

  void cancel_after(clock::duration span) { cancel_at(clock::now() + span); }

  /// Withdraws both requests.
  void reset() {
    deadline_ns_.store(never, std::memory_order_relaxed);
    cancelled_.store(false, std::memory_order_relaxed);
  }

  bool is_cancelled() const {
    if (cancelled_.load(std::memory_order_relaxed)) return true;
    const std::int64_t deadline = deadline_ns_.load(std::memory_order_relaxed);
    return deadline != never && ns_of(clock::now()) >= deadline;
  }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  static std::int64_t ns_of(clock::time_point when) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
  }

  std::atomic<bool> cancelled_{false};
  std::atomic<std::int64_t> deadline_ns_{never};
};

}  // namespace tenon::inline v0
