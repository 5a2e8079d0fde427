#pragma once

#include "tenon/tensor/tensor.hpp"

#include <atomic>
#include <cstdint>
#include <limits>
#include <utility>

namespace tenon::inline v0 {

/// A limit on the bytes of all live tensors made through it; copies share the account.
class memory_budget {
 public:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

  memory_budget() : memory_budget(unlimited) {}

  explicit memory_budget(std::int64_t limit_bytes)
      : account_(new account{{1}, {0}, {0}, limit_bytes}) {}

  memory_budget(const memory_budget& other) : account_(other.account_) { ++account_->references; }

  memory_budget& operator=(memory_budget other) noexcept {
    std::swap(account_, other.account_);
    return *this;
  }

  ~memory_budget() { drop(account_); }

  std::int64_t limit_bytes() const { return account_->limit; }

  std::int64_t used_bytes() const { return account_->used.load(std::memory_order_relaxed); }

  std::int64_t peak_bytes() const { return account_->peak.load(std::memory_order_relaxed); }

  /// A tensor on this account, or `resource` when the limit does not allow it.
  result<tensor> make(dtype type, const extents& dims) const {
    const auto count = checked_product(std::span(dims.data(), dims.size()));
    const auto bytes =
        count ? checked_mul(*count, static_cast<std::int64_t>(size_of(type))) : count;
    if (!bytes)
      return fail(code::resource, "a tensor of ", name_of(type), bracketed(dims),
                  " is negative or outgrows 64 bits; check the sizes the model computes");
    const std::int64_t before = account_->used.fetch_add(*bytes, std::memory_order_relaxed);
    if (*bytes > account_->limit - before) {
      account_->used.fetch_sub(*bytes, std::memory_order_relaxed);
      return fail(code::resource, "memory limit: ", name_of(type), bracketed(dims), " needs ",
                  *bytes, " bytes, ", account_->limit - before, " of ", account_->limit,
                  " are left; raise the memory limit");
    }
    note_peak(before + *bytes);
    auto made = tensor::make(type, dims);
    if (!made) {
      account_->used.fetch_sub(*bytes, std::memory_order_relaxed);
      return std::move(made).failure();
    }
    if (type == dtype::string) {
      account_->used.fetch_sub(*bytes, std::memory_order_relaxed);
      return made;
    }
    ++account_->references;
    auto* lease = new held{account_, made->memory()};
    return tensor::over(type, dims,
                        storage::adopt(
                            made->bytes(), static_cast<std::size_t>(*bytes),
                            [](void*, std::size_t size, void* owner) {
                              auto* h = static_cast<held*>(owner);
                              h->account->used.fetch_sub(static_cast<std::int64_t>(size));
                              memory_budget::drop(h->account);
                              delete h;
                            },
                            lease));
  }

 private:
  struct account {
    std::atomic<std::uint64_t> references;
    std::atomic<std::int64_t> used, peak;
    std::int64_t limit;
  };

  struct held {
    memory_budget::account* account;
    storage bytes;
  };

  static void drop(account* a) {
    if (--a->references == 0) delete a;
  }

  void note_peak(std::int64_t now) const {
    std::int64_t peak = account_->peak.load(std::memory_order_relaxed);
    while (now > peak && !account_->peak.compare_exchange_weak(peak, now)) {
    }
  }

  account* account_;
};

}  // namespace tenon::inline v0
