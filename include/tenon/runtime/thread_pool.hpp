#pragma once

#include "tenon/core/function_ref.hpp"
#include "tenon/runtime/cpu_limits.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>

namespace tenon::inline v0 {

struct thread_pool_options {
  int threads = 0;  ///< with the caller; 0: as many as `read_cpu_limits` says
  std::int64_t spin_ns =
      -1;  ///< before sleeping; -1: TENON_SPIN_NS, else 50000; 0 with too few CPUs
  std::size_t stack_bytes = 0;  ///< of a worker; 0: the default of the system
};

/// Fork-join threads: the workers and each caller of `parallel_for` in turn.
///
/// A call allocates nothing and takes no lock. A second caller, a nested call and the child of a
/// fork run their work inline. Idle workers sleep.
class thread_pool {
 public:
  using range_function = function_ref<void(std::int64_t begin, std::int64_t end)>;
  using worker_function = function_ref<void(std::int64_t begin, std::int64_t end, int worker)>;

  /// Starts the workers; fewer than asked for when the system refuses more.
  explicit thread_pool(thread_pool_options options = {});

  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  /// Joins the workers; nobody may be inside `parallel_for`.
  ~thread_pool();

  /// The pool that all sessions of the process share, started on first use.
  static thread_pool& shared();

  /// Threads that a call can use: the workers and the caller.
  int threads() const { return workers_ + 1; }

  /// Calls `body` on disjoint ranges that cover [0, count); each begins at a multiple of `grain`.
  /// The first exception reaches the caller, and ranges not yet started are dropped.
  void parallel_for(std::int64_t count, std::int64_t grain, range_function body) {
    parallel_for_workers(count, grain,
                         [&](std::int64_t begin, std::int64_t end, int) { body(begin, end); });
  }

  /// The same; `worker` < `threads()` is not used by two ranges of this call at once.
  void parallel_for_workers(std::int64_t count, std::int64_t grain, worker_function body);

 private:
  struct thread_handles;
  struct worker_start;

  static constexpr int index_bits = 20;
  static constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;
  static constexpr std::int64_t chunks_per_thread = 8;

  static void* work(void* start);
  void start_workers(int wanted, std::size_t stack_bytes);
  void sleep_until_signal(std::uint32_t& seen);
  void run_chunks(int worker);
  void run_chunk(const worker_function& body, std::int64_t begin, std::int64_t end, int worker);
  void publish(std::int64_t count, std::int64_t chunk, std::int64_t chunks, worker_function& body);
  void wait_for_chunks(std::uint32_t chunks);
  void rethrow();
  bool is_in_fork() const;

  int workers_ = 0;
  std::int64_t spin_ns_ = 0;
  std::unique_ptr<thread_handles> handles_;

  // `claim_` holds the number of the job and the next chunk; a worker reads the job before it
  // claims a chunk, and a claim that succeeds proves that the job was still the one it read.
  alignas(64) std::atomic<std::uint64_t> claim_{0};
  alignas(64) std::atomic<std::uint32_t> signal_{0};  // changes with each job
  std::atomic<std::int32_t> sleepers_{0};
  std::atomic<bool> stopping_{false};
  alignas(64) std::atomic<worker_function*> body_{nullptr};
  std::atomic<std::int64_t> count_{0};
  std::atomic<std::int64_t> chunk_{0};
  std::atomic<std::uint64_t> chunks_{0};
  alignas(64) std::atomic<std::uint32_t> done_{0};  // chunks of the job that are finished
  std::atomic<bool> caller_sleeps_{false};
  std::atomic<bool> failed_{false};
  alignas(64) std::atomic<bool> busy_{false};
  std::exception_ptr failure_;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/runtime_thread_pool.hpp"
#endif
