#pragma once

#include "tenon/core/text.hpp"
#include "tenon/runtime/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <charconv>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

namespace tenon::inline v0 {

namespace pool_detail {

/// Sleeps while `word` has the value `seen`; may return early.
inline void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t seen) {
#ifdef __linux__
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
#else
  word.wait(seen);
#endif
}

inline void wake(std::atomic<std::uint32_t>& word, int sleepers) {
#ifdef __linux__
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, sleepers, nullptr, nullptr, 0);
#else
  static_cast<void>(sleepers);
  word.notify_all();
#endif
}

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Spins for at most `ns` until `ready` holds.
template <class Ready> bool spin(std::int64_t ns, Ready ready) {
  if (ready()) return true;
  if (ns <= 0) return false;
  const std::int64_t end = now_ns() + ns;
  do {
    for (int i = 0; i < 32; ++i) {
      pause();
      if (ready()) return true;
    }
  } while (now_ns() < end);
  return false;
}

/// How long threads spin: the option, TENON_SPIN_NS or 50 us; not at all with too few CPUs.
inline std::int64_t spin_budget_ns(std::int64_t option, int threads, int cpus) {
  constexpr std::int64_t most_ns = 1'000'000'000;
  if (option >= 0) return std::min(option, most_ns);
  const char* text = std::getenv("TENON_SPIN_NS");
  if (text != nullptr) {
    const std::string_view digits = text;
    std::int64_t out = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (out >= 0) return std::min(out, most_ns);
  }
  return cpus < 2 || threads > cpus ? 0 : 50'000;
}

/// A page that the kernel clears in the child of a fork.
class fork_mark {
 public:
  fork_mark() : owner_(::getpid()) {
#ifdef MADV_WIPEONFORK
    const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* page = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, bytes, MADV_WIPEONFORK) != 0) {
      ::munmap(page, bytes);
      return;
    }
    page_ = static_cast<volatile unsigned char*>(page);
    *page_ = 1;
#endif
  }

  fork_mark(const fork_mark&) = delete;
  fork_mark& operator=(const fork_mark&) = delete;

  ~fork_mark() {
    if (page_ != nullptr)
      ::munmap(const_cast<unsigned char*>(page_),
               static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
  }

  bool is_in_fork() const {
    return page_ != nullptr ? *page_ == 0 : ::getpid() != owner_;
  }

 private:
  pid_t owner_;
  volatile unsigned char* page_ = nullptr;
};

}  // namespace pool_detail

struct thread_pool::worker_start {
  thread_pool* pool = nullptr;
  int worker = 0;
};

struct thread_pool::thread_handles {
  pool_detail::fork_mark mark;
  std::vector<worker_start> starts;
  std::vector<pthread_t> threads;
};

TENON_INLINE thread_pool::thread_pool(thread_pool_options options)
    : handles_(std::make_unique<thread_handles>()) {
  const cpu_limits limits = read_cpu_limits(options.threads);
  spin_ns_ = pool_detail::spin_budget_ns(options.spin_ns, limits.threads, limits.cpus());
  if (limits.threads > 1) start_workers(limits.threads - 1, options.stack_bytes);
}

TENON_INLINE thread_pool::~thread_pool() {
  if (is_in_fork()) return;
  stopping_.store(true);
  signal_.fetch_add(1);
  pool_detail::wake(signal_, INT_MAX);
  for (const pthread_t thread : handles_->threads) ::pthread_join(thread, nullptr);
}

TENON_INLINE thread_pool& thread_pool::shared() {
  static thread_pool pool;
  return pool;
}

TENON_INLINE void thread_pool::start_workers(int wanted, std::size_t stack_bytes) {
  const auto count = static_cast<std::size_t>(wanted);
  handles_->starts.resize(count);
  handles_->threads.reserve(count);
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return;
  if (stack_bytes != 0) ::pthread_attr_setstacksize(&attributes, stack_bytes);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the threads of the application
  for (std::size_t i = 0; i < count; ++i) {
    handles_->starts[i] = {this, static_cast<int>(i) + 1};
    pthread_t thread{};
    if (::pthread_create(&thread, &attributes, &thread_pool::work, &handles_->starts[i]) != 0)
      break;
    handles_->threads.push_back(thread);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  workers_ = static_cast<int>(handles_->threads.size());
}

TENON_INLINE void* thread_pool::work(void* start) {
  const worker_start self = *static_cast<const worker_start*>(start);
#ifdef __linux__
  ::pthread_setname_np(::pthread_self(), cat("tenon-", self.worker).c_str());
#endif
  std::fesetenv(FE_DFL_ENV);
  for (std::uint32_t seen = 0;;) {
    self.pool->sleep_until_signal(seen);
    if (self.pool->stopping_.load(std::memory_order_relaxed)) return nullptr;
    self.pool->run_chunks(self.worker);
  }
}

TENON_INLINE void thread_pool::sleep_until_signal(std::uint32_t& seen) {
  const auto changed = [&] { return signal_.load(std::memory_order_acquire) != seen; };
  if (!pool_detail::spin(spin_ns_, changed)) {
    sleepers_.fetch_add(1);
    while (signal_.load() == seen) pool_detail::sleep_on(signal_, seen);
    sleepers_.fetch_sub(1);
  }
  seen = signal_.load(std::memory_order_acquire);
}

TENON_INLINE void thread_pool::run_chunks(int worker) {
  std::uint64_t ticket = claim_.load(std::memory_order_acquire);
  const std::uint64_t job = ticket >> index_bits;
  worker_function* const body = body_.load(std::memory_order_acquire);
  const std::int64_t count = count_.load(std::memory_order_acquire);
  const std::int64_t chunk = chunk_.load(std::memory_order_acquire);
  const std::uint64_t chunks = chunks_.load(std::memory_order_acquire);
  std::uint32_t finished = 0;
  while (ticket >> index_bits == job && (ticket & index_mask) < chunks) {
    if (!claim_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire))
      continue;
    const std::int64_t begin = static_cast<std::int64_t>(ticket & index_mask) * chunk;
    run_chunk(*body, begin, std::min(count - begin, chunk) + begin, worker);
    ++finished;
    ticket = claim_.load(std::memory_order_acquire);
  }
  if (finished == 0) return;
  done_.fetch_add(finished);
  if (worker != 0 && caller_sleeps_.load()) pool_detail::wake(done_, 1);
}

TENON_INLINE void thread_pool::run_chunk(const worker_function& body,
                                         std::int64_t begin,
                                         std::int64_t end,
                                         int worker) {
#ifndef TENON_NO_EXCEPTIONS
  if (failed_.load(std::memory_order_relaxed)) return;
  try {
    body(begin, end, worker);
  } catch (...) {
    if (!failed_.exchange(true)) failure_ = std::current_exception();
  }
#else
  body(begin, end, worker);
#endif
}

TENON_INLINE void thread_pool::publish(std::int64_t count,
                                       std::int64_t chunk,
                                       std::int64_t chunks,
                                       worker_function& body) {
  const std::uint64_t job = (claim_.load(std::memory_order_relaxed) >> index_bits) + 1;
  // A late worker that sees a part of the new job also sees that no chunk can be claimed.
  claim_.store(job << index_bits | index_mask, std::memory_order_relaxed);
  body_.store(&body, std::memory_order_release);
  count_.store(count, std::memory_order_release);
  chunk_.store(chunk, std::memory_order_release);
  chunks_.store(static_cast<std::uint64_t>(chunks), std::memory_order_release);
  done_.store(0, std::memory_order_relaxed);
  claim_.store(job << index_bits, std::memory_order_release);
  signal_.fetch_add(1);
  const std::int64_t sleepers = sleepers_.load();
  if (sleepers > 0) pool_detail::wake(signal_, static_cast<int>(std::min(sleepers, chunks - 1)));
}

TENON_INLINE void thread_pool::wait_for_chunks(std::uint32_t chunks) {
  if (pool_detail::spin(spin_ns_, [&] { return done_.load(std::memory_order_acquire) == chunks; }))
    return;
  caller_sleeps_.store(true);
  for (std::uint32_t done = done_.load(); done != chunks; done = done_.load())
    pool_detail::sleep_on(done_, done);
  caller_sleeps_.store(false, std::memory_order_relaxed);
}

TENON_INLINE void thread_pool::rethrow() {
#ifndef TENON_NO_EXCEPTIONS
  std::exception_ptr failure = std::exchange(failure_, nullptr);
  failed_.store(false, std::memory_order_relaxed);
  busy_.store(false, std::memory_order_release);
  std::rethrow_exception(std::move(failure));
#endif
}

TENON_INLINE bool thread_pool::is_in_fork() const {
  return handles_->mark.is_in_fork();
}

TENON_INLINE void thread_pool::parallel_for_workers(std::int64_t count,
                                                    std::int64_t grain,
                                                    worker_function body) {
  if (count <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  const std::int64_t grains = count / grain + (count % grain != 0);
  if (grains < 2 || workers_ == 0 || is_in_fork() || busy_.load(std::memory_order_relaxed) ||
      busy_.exchange(true, std::memory_order_acquire)) {
    body(0, count, 0);
    return;
  }
  const std::int64_t wanted = std::min<std::int64_t>(threads() * chunks_per_thread, index_mask);
  const std::int64_t chunk = (grains / wanted + (grains % wanted != 0)) * grain;
  const std::int64_t chunks = count / chunk + (count % chunk != 0);
  publish(count, chunk, chunks, body);
  run_chunks(0);
  wait_for_chunks(static_cast<std::uint32_t>(chunks));
  if (failed_.load(std::memory_order_relaxed)) {
    rethrow();
    return;
  }
  busy_.store(false, std::memory_order_release);
}

}  // namespace tenon::inline v0
