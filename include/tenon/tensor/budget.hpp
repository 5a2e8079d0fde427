#pragma once

#include "tenon/tensor/tensor.hpp"

#include <cstdint>
#include <limits>

namespace tenon::inline v0 {

/// A limit on the bytes of all live tensors made through it; copies share the account.
class memory_budget {
 public:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

  memory_budget() : memory_budget(unlimited) {}

  explicit memory_budget(std::int64_t limit_bytes);
  memory_budget(const memory_budget& other);
  memory_budget& operator=(memory_budget other) noexcept;
  ~memory_budget();

  std::int64_t limit_bytes() const;
  std::int64_t peak_bytes() const;

  /// A tensor on this account, or `resource` when the limit does not allow it.
  result<tensor> make(dtype type, const extents& dims) const;

 private:
  struct account;
  struct held;

  static void drop(account* a);
  void note_peak(std::int64_t now) const;

  account* account_;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/tensor_budget.hpp"
#endif
