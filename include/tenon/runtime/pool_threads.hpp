#pragma once

#include "tenon/kernel/signature.hpp"
#include "tenon/runtime/thread_pool.hpp"

#include <cstdint>

namespace tenon::inline v0 {

/// A thread pool as kernels see it.
class pool_threads final : public kernel::parallel {
 public:
  explicit pool_threads(thread_pool& pool) : pool_(&pool) {}

  void run(std::int64_t count, std::int64_t grain, body work) override {
    pool_->parallel_for_workers(count, grain, work);
  }

  int width() const override { return pool_->threads(); }

 private:
  thread_pool* pool_;
};

}  // namespace tenon::inline v0
