#pragma once

#include "tenon/core/shared_count.hpp"
#include "tenon/tensor/budget.hpp"

#include <atomic>
#include <utility>

namespace tenon::inline v0 {

struct memory_budget::account {
  shared_count owners;
  std::atomic<std::int64_t> used, peak;
  std::int64_t limit;
};

struct memory_budget::held {
  memory_budget::account* account;
  storage bytes;
};

TENON_INLINE memory_budget::memory_budget(std::int64_t limit_bytes)
    : account_(new account{{}, {0}, {0}, limit_bytes}) {}

TENON_INLINE memory_budget::memory_budget(const memory_budget& other) : account_(other.account_) {
  account_->owners.add();
}

TENON_INLINE memory_budget& memory_budget::operator=(memory_budget other) noexcept {
  std::swap(account_, other.account_);
  return *this;
}

TENON_INLINE memory_budget::~memory_budget() {
  drop(account_);
}

TENON_INLINE std::int64_t memory_budget::limit_bytes() const {
  return account_->limit;
}

TENON_INLINE std::int64_t memory_budget::peak_bytes() const {
  return account_->peak.load(std::memory_order_relaxed);
}

TENON_INLINE void memory_budget::drop(account* a) {
  if (a->owners.release()) delete a;
}

TENON_INLINE void memory_budget::note_peak(std::int64_t now) const {
  std::int64_t peak = account_->peak.load(std::memory_order_relaxed);
  while (now > peak && !account_->peak.compare_exchange_weak(peak, now)) {
  }
}

TENON_INLINE result<tensor> memory_budget::make(dtype type, const extents& dims) const {
  TENON_TRY(const std::int64_t bytes, bytes_of(type, dims));
  std::int64_t before = account_->used.load(std::memory_order_relaxed);
  do
    if (bytes > account_->limit - before)
      return fail(code::resource, "memory limit: ", name_of(type), bracketed(dims), " needs ",
                  bytes, " bytes, ", account_->limit - before, " of ", account_->limit,
                  " are left; raise the memory limit");
  while (!account_->used.compare_exchange_weak(before, before + bytes));
  note_peak(before + bytes);
  auto made = tensor::make(type, dims);
  if (!made) {
    account_->used.fetch_sub(bytes, std::memory_order_relaxed);
    return std::move(made).failure();
  }
  account_->owners.add();
  auto* lease = new held{account_, made->memory()};
  return tensor::over(type, dims,
                      storage::adopt(
                          made->bytes(), static_cast<std::size_t>(bytes),
                          [](void*, std::size_t size, void* owner) {
                            auto* h = static_cast<held*>(owner);
                            h->account->used.fetch_sub(static_cast<std::int64_t>(size));
                            memory_budget::drop(h->account);
                            delete h;
                          },
                          lease));
}

}  // namespace tenon::inline v0
