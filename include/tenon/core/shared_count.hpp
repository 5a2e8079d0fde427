#pragma once

#include "tenon/core/config.hpp"

#include <cstdint>

// Compiler builtins, because <atomic> would cost every file that includes tenon more than tenon itself.
namespace tenon::inline v0 {

/// How many owners share something; starts at one, any thread may change it.
class shared_count {
 public:
  void add() { __atomic_fetch_add(&count_, 1U, __ATOMIC_RELAXED); }

  /// True for the last owner, who must destroy what was shared.
  bool release() { return __atomic_fetch_sub(&count_, 1U, __ATOMIC_ACQ_REL) == 1; }

  bool is_shared() const { return __atomic_load_n(&count_, __ATOMIC_ACQUIRE) > 1; }

 private:
  std::uint32_t count_ = 1;
};

/// A flag that one thread raises and others poll.
class shared_flag {
 public:
  void set(bool value) { __atomic_store_n(&value_, value, __ATOMIC_RELAXED); }

  bool is_set() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }

 private:
  bool value_ = false;
};

}  // namespace tenon::inline v0
