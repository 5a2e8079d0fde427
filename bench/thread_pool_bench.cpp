// Overhead of one fork and join; link with benchmark_main.
#include "tenon/runtime/thread_pool.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

#include <benchmark/benchmark.h>

namespace {

/// Arithmetic that takes about `steps` multiply-add latencies.
void compute(std::int64_t steps) {
  double x = 1;
  for (std::int64_t i = 0; i < steps; ++i) benchmark::DoNotOptimize(x = x * 0.999 + 0.5);
}

std::int64_t steps_for_5_us() {
  constexpr std::int64_t trial = 100000;
  using clock = std::chrono::steady_clock;
  double best = 1;
  for (int i = 0; i < 20; ++i) {
    const auto start = clock::now();
    compute(trial);
    best = std::min(best, std::chrono::duration<double>(clock::now() - start).count());
  }
  return static_cast<std::int64_t>(5e-6 * trial / best);
}

/// 5 us of work for each thread; range(0): threads, range(1): ranges per thread.
void fork_join(benchmark::State& state) {
  tenon::thread_pool pool({.threads = static_cast<int>(state.range(0))});
  const std::int64_t ranges = state.range(0) * state.range(1);
  const std::int64_t steps = steps_for_5_us() / state.range(1);
  for (auto _ : state)
    pool.parallel_for(
        ranges, 1, [&](std::int64_t begin, std::int64_t end) { compute(steps * (end - begin)); });
}

/// The same work for one thread without a pool: what `fork_join` would take without overhead.
void work_alone(benchmark::State& state) {
  const std::int64_t steps = steps_for_5_us();
  for (auto _ : state) compute(steps);
}

/// A job too small to fork.
void one_grain(benchmark::State& state) {
  tenon::thread_pool pool({.threads = 2});
  std::int64_t sum = 0;
  for (auto _ : state)
    pool.parallel_for(8, 8, [&](std::int64_t begin, std::int64_t end) {
      benchmark::DoNotOptimize(sum += end - begin);
    });
}

/// A fork after the workers went to sleep.
void wake_sleepers(benchmark::State& state) {
  tenon::thread_pool pool({.threads = 2, .spin_ns = 1000});
  const std::int64_t steps = steps_for_5_us();
  for (auto _ : state) {
    state.PauseTiming();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    state.ResumeTiming();
    pool.parallel_for(
        2, 1, [&](std::int64_t begin, std::int64_t end) { compute(steps * (end - begin)); });
  }
}

}  // namespace

BENCHMARK(work_alone)->UseRealTime();
BENCHMARK(fork_join)->Args({2, 1})->Args({2, 8})->UseRealTime();
BENCHMARK(one_grain)->UseRealTime();
BENCHMARK(wake_sleepers)->Iterations(2000)->UseRealTime();
