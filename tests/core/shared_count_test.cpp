#include "tenon/core/shared_count.hpp"

#include <numeric>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

TEST_CASE("exactly one owner is told that it was the last") {
  constexpr int threads = 8, rounds = 2000;
  tenon::shared_count count;
  CHECK_FALSE(count.is_shared());
  for (int i = 1; i < threads; ++i) count.add();
  CHECK(count.is_shared());
  std::vector<int> was_last(threads);
  {
    std::vector<std::jthread> owners;
    for (int i = 0; i < threads; ++i)
      owners.emplace_back([&count, &told = was_last[static_cast<std::size_t>(i)]] {
        for (int round = 0; round < rounds; ++round) {
          count.add();
          told += count.release();
        }
        told += count.release();
      });
  }
  CHECK(std::accumulate(was_last.begin(), was_last.end(), 0) == 1);
}

TEST_CASE("a shared flag is seen by another thread") {
  tenon::shared_flag flag;
  CHECK_FALSE(flag.is_set());
  std::jthread raising([&] { flag.set(true); });
  while (!flag.is_set()) std::this_thread::yield();
  raising.join();
  flag.set(false);
  CHECK_FALSE(flag.is_set());
}
