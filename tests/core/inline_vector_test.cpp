#include "tenon/core/inline_vector.hpp"

#include <cstdint>
#include <initializer_list>
#include <random>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace {

using small = tenon::inline_vector<int, 4>;

std::vector<int> items(const small& v) {
  return {v.begin(), v.end()};
}

small counting(int count) {
  small out;
  for (int i = 0; i < count; ++i) out.push_back(i);
  return out;
}

}  // namespace

TEST_CASE("an inline_vector copies, moves and assigns, in place and from the heap") {
  for (const int from : {0, 3, 4, 5, 9})
    for (const int to : {0, 4, 5, 20}) {
      CAPTURE(from);
      CAPTURE(to);
      const small source = counting(from);
      small copied = counting(to);
      copied = source;
      CHECK(copied == source);
      const small& self = copied;
      copied = self;
      CHECK(copied == source);
      small moved = counting(to);
      moved = std::move(copied);
      CHECK(moved == source);
      CHECK(copied.empty());  // NOLINT(bugprone-use-after-move): it is empty and may be used again.
      copied.push_back(5);
      CHECK(items(copied) == std::vector<int>{5});
      const small taken = std::move(moved);
      CHECK(taken == source);
    }
}

TEST_CASE("an inline_vector behaves as a std::vector does") {
  std::minstd_rand random(3);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  for (int round = 0; round < 50; ++round) {
    small tested;
    std::vector<int> expected;
    for (int step = 0; step < 60; ++step) {
      const int item = static_cast<int>(below(1000));
      const std::size_t at = below(expected.size() + 1);
      const auto offset = static_cast<std::ptrdiff_t>(at);
      switch (below(6)) {
        case 0:
          tested.push_back(item);
          expected.push_back(item);
          break;
        case 1:
          CHECK(*tested.insert(tested.begin() + at, item) == item);
          expected.insert(expected.begin() + offset, item);
          break;
        case 2:
          if (at == expected.size()) break;
          CHECK(tested.erase(tested.begin() + at) == tested.begin() + at);
          expected.erase(expected.begin() + offset);
          break;
        case 3:
          if (expected.empty()) break;
          tested.pop_back();
          expected.pop_back();
          break;
        case 4: {
          const std::size_t size = below(12);
          tested.resize(size, item);
          expected.resize(size, item);
          break;
        }
        default:
          // Its own items, while it grows.
          if (expected.empty()) break;
          tested.push_back(tested.front());
          expected.push_back(int{expected.front()});
      }
      REQUIRE(items(tested) == expected);
    }
  }
}

TEST_CASE("an inline_vector is made from what a std::vector is made from") {
  CHECK(items(small(3, 7)) == std::vector<int>{7, 7, 7});
  CHECK(items(small{1, 2, 3, 4, 5}) == std::vector<int>{1, 2, 3, 4, 5});
  const std::vector<int> long_list{5, 4, 3, 2, 1, 0};
  CHECK(items(small(long_list.begin(), long_list.end())) == long_list);
  CHECK(items(small(std::span<const int>(long_list))) == long_list);
  small v{9};
  v.assign(long_list.begin(), long_list.end());
  CHECK(items(v) == long_list);
  CHECK(v.front() == 5);
  CHECK(v.back() == 0);
  CHECK_FALSE(v == small{5});
  v.clear();
  CHECK(v.empty());
}
