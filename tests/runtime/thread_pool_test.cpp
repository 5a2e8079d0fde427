#include "tenon/runtime/thread_pool.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace tenon;

/// How often each index was visited; every range must begin at a multiple of `grain`.
std::vector<int> visits(thread_pool& pool, std::int64_t count, std::int64_t grain) {
  std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
  std::atomic<int> misaligned = 0;
  pool.parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    if (begin % grain != 0 || begin >= end || end > count) ++misaligned;
    for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
  });
  CHECK(misaligned == 0);
  return {seen.begin(), seen.end()};
}

std::int64_t sum_below(thread_pool& pool, std::int64_t count) {
  std::atomic<std::int64_t> sum = 0;
  pool.parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t part = 0;
    for (std::int64_t i = begin; i < end; ++i) part += i;
    sum += part;
  });
  return sum;
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void sleep_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

}  // namespace

TEST_CASE("every index is visited once for any count, grain and number of threads") {
  for (const int threads : {1, 2, 3, 7}) {
    thread_pool pool({.threads = threads});
    CHECK(pool.threads() == threads);
    for (const std::int64_t count : {1, 2, 3, 8, 63, 1000, 4097})
      for (const std::int64_t grain : {1, 3, 64, 5000}) {
        CAPTURE(threads);
        CAPTURE(count);
        CAPTURE(grain);
        const std::vector<int> expected(static_cast<std::size_t>(count), 1);
        CHECK(visits(pool, count, grain) == expected);
      }
  }
}

TEST_CASE("empty and enormous ranges") {
  thread_pool pool({.threads = 2});
  int calls = 0;
  pool.parallel_for(0, 1, [&](std::int64_t, std::int64_t) { ++calls; });
  pool.parallel_for(-5, 1, [&](std::int64_t, std::int64_t) { ++calls; });
  CHECK(calls == 0);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t grain :
       {std::int64_t{0}, std::int64_t{1}, most / 2, most / 2 + 1, most}) {
    CAPTURE(grain);
    std::atomic<std::int64_t> covered = 0;
    pool.parallel_for(most, grain,
                      [&](std::int64_t begin, std::int64_t end) { covered += end - begin; });
    CHECK(covered == most);
  }
}

TEST_CASE("many tiny jobs back to back and with pauses") {
  for (const std::int64_t spin_ns : {0, 2000, 50000}) {
    thread_pool pool({.threads = 4, .spin_ns = spin_ns});
    std::int64_t wrong = 0;
    for (int job = 0; job < 3000; ++job) {
      wrong += sum_below(pool, 1 + job % 50) != std::int64_t{job % 50} * (job % 50 + 1) / 2;
      if (job % 500 == 0) sleep_ms(1);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("late workers never take chunks of a job that follows a smaller one") {
  for (const int threads : {2, 3}) {
    thread_pool pool({.threads = threads, .spin_ns = 50000});
    int wrong = 0;
    for (int job = 0; job < 100000; ++job) {
      const std::int64_t count = job % 2 == 0 ? 2 : threads * 8;
      std::atomic<std::int64_t> covered = 0;
      pool.parallel_for(count, 1,
                        [&](std::int64_t begin, std::int64_t end) { covered += end - begin; });
      wrong += covered != count;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("several callers share one pool, with nesting") {
  thread_pool pool({.threads = 3});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&] {
      for (int job = 0; job < 500; ++job) {
        std::atomic<std::int64_t> total = 0;
        pool.parallel_for(8, 1, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) total += sum_below(pool, 10);
        });
        if (total != 8 * 45) ++wrong;
      }
    });
  for (auto& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("a worker number is never used twice at once and stays below threads()") {
  thread_pool pool({.threads = 4, .spin_ns = 50000});
  std::vector<std::atomic<int>> inside(static_cast<std::size_t>(pool.threads()));
  std::atomic<int> clashes = 0;
  for (int job = 0; job < 200; ++job)
    pool.parallel_for_workers(32, 1, [&](std::int64_t, std::int64_t, int worker) {
      auto& mine = inside[static_cast<std::size_t>(worker)];
      if (mine.fetch_add(1) != 0) ++clashes;
      if (job % 50 == 0) std::this_thread::yield();
      mine.fetch_sub(1);
    });
  CHECK(clashes == 0);
}

TEST_CASE("workers take part and the caller waits for the ranges they started") {
  thread_pool pool({.threads = 2});
  std::mutex guard;
  std::set<std::thread::id> ids;
  for (int attempt = 0; attempt < 100 && ids.size() < 2; ++attempt)
    pool.parallel_for(16, 1, [&](std::int64_t, std::int64_t) {
      sleep_ms(1);
      const std::lock_guard lock(guard);
      ids.insert(std::this_thread::get_id());
    });
  CHECK(ids.size() == 2);
  CHECK(ids.contains(std::this_thread::get_id()));
}

TEST_CASE("a nested call runs inline on the thread that makes it") {
  thread_pool pool({.threads = 3});
  std::atomic<int> strayed = 0;
  pool.parallel_for(6, 1, [&](std::int64_t, std::int64_t) {
    const auto self = std::this_thread::get_id();
    int calls = 0;
    pool.parallel_for(100, 1, [&](std::int64_t begin, std::int64_t end) {
      ++calls;
      if (std::this_thread::get_id() != self || begin != 0 || end != 100) ++strayed;
    });
    if (calls != 1) ++strayed;
  });
  CHECK(strayed == 0);
}

#ifndef TENON_NO_EXCEPTIONS
TEST_CASE("an exception of a body reaches the caller and the pool goes on") {
  thread_pool pool({.threads = 3});
  for (int job = 0; job < 200; ++job) {
    const std::int64_t bad = job % 24;
    const auto throwing = [&](std::int64_t begin, std::int64_t end) {
      if (begin <= bad && bad < end) throw std::runtime_error("bad index");
    };
    CHECK_THROWS_WITH_AS(pool.parallel_for(24, 1, throwing), "bad index", std::runtime_error);
  }
  CHECK(sum_below(pool, 100) == 4950);
}
#endif

TEST_CASE("threads that cannot be started are done without") {
  thread_pool pool({.threads = 8, .stack_bytes = std::size_t{1} << 47});
  CHECK(pool.threads() == 1);
  CHECK(sum_below(pool, 100) == 4950);
}

TEST_CASE("pools start and stop at any moment") {
  for (int i = 0; i < 50; ++i) {
    thread_pool pool({.threads = 1 + i % 5, .spin_ns = i % 2 * 1000});
    if (i % 3 != 0) CHECK(sum_below(pool, 10) == 45);
  }
}

TEST_CASE("an idle pool uses no processor time") {
  thread_pool pool({.threads = 4});
  CHECK(sum_below(pool, 1000) == 499500);
  sleep_ms(20);
  const double before = cpu_seconds();
  sleep_ms(200);
  CHECK(cpu_seconds() - before < 0.02);
}

TEST_CASE("the shared pool is one and fits the limits") {
  thread_pool& pool = thread_pool::shared();
  CHECK(&pool == &thread_pool::shared());
  CHECK(pool.threads() <= read_cpu_limits().threads);
  CHECK(sum_below(pool, 1000) == 499500);
}

#ifndef __SANITIZE_THREAD__
TEST_CASE("the child of a fork works inline and ends") {
  thread_pool pool({.threads = 3});
  CHECK(sum_below(pool, 1000) == 499500);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    bool right = sum_below(pool, 1000) == 499500;
    {
      thread_pool own({.threads = 2});
      right = right && own.threads() == 2 && sum_below(own, 100) == 4950;
    }
    ::_exit(right ? 0 : 1);
  }
  int state = -1;
  REQUIRE(::waitpid(child, &state, 0) == child);
  CHECK(WIFEXITED(state));
  CHECK(WEXITSTATUS(state) == 0);
  CHECK(sum_below(pool, 1000) == 499500);
}

TEST_CASE("a pool that a fork inherited is destroyed without waiting") {
  auto pool = std::make_unique<thread_pool>(thread_pool_options{.threads = 3});
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    pool.reset();
    ::_exit(0);
  }
  int state = -1;
  REQUIRE(::waitpid(child, &state, 0) == child);
  CHECK(WIFEXITED(state));
}
#endif
