#include "tenon/core/shared_count.hpp"

#include <thread>
#include <vector>

#include <doctest/doctest.h>

TEST_CASE("exactly one owner is told that it was the last") {
  constexpr int threads = 8, rounds = 2000;
  tenon::shared_count count;
  CHECK_FALSE(count.is_shared());
  for (int i = 0; i < threads; ++i) count.add();
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
  for (const int told : was_last) CHECK(told == 0);
  CHECK_FALSE(count.is_shared());
  CHECK(count.release());
}
