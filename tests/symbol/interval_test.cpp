#include "tenon/symbol/interval.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace tenon;
using namespace tenon::symbol_detail;

namespace {

constexpr auto lowest = interval::lowest;
constexpr auto highest = interval::highest;

constexpr std::int64_t small = 6;

/// Every interval with ends from -small to small, or open at one or both ends.
std::vector<interval> intervals() {
  std::vector<interval> out;
  for (std::int64_t lo = -small - 1; lo <= small; ++lo)
    for (std::int64_t hi = std::max(lo, -small); hi <= small + 1; ++hi)
      out.push_back({lo < -small ? lowest : lo, hi > small ? highest : hi});
  return out;
}

/// Numbers of an interval near 0 and, where it is open, far away.
std::vector<std::int64_t> members(interval a) {
  std::vector<std::int64_t> out;
  for (const std::int64_t far : {-(std::int64_t{1} << 40), std::int64_t{1} << 40})
    if (a.contains(far)) out.push_back(far);
  for (std::int64_t v = -small - 2; v <= small + 2; ++v)
    if (a.contains(v)) out.push_back(v);
  return out;
}

template <class Bounds, class Exact>
void check_encloses(Bounds bounds, Exact exact, bool only_positive_divisors) {
  std::size_t wrong = 0, untight = 0;
  for (const interval a : intervals())
    for (const interval b : intervals()) {
      if (only_positive_divisors && b.lo <= 0) continue;
      const interval c = bounds(a, b);
      std::int64_t least = highest, most = lowest;
      for (const std::int64_t x : members(a))
        for (const std::int64_t y : members(b)) {
          const std::int64_t v = exact(x, y);
          wrong += !c.contains(v);
          least = std::min(least, v);
          most = std::max(most, v);
        }
      if (is_bound(a.lo) && is_bound(a.hi) && is_bound(b.lo) && is_bound(b.hi))
        untight += c.lo != least || c.hi != most;
    }
  CHECK(wrong == 0);
  CHECK(untight == 0);
}

}  // namespace

TEST_CASE("intervals print their ends, open ones as infinite") {
  CHECK(interval{1, 10}.str() == "[1, 10]");
  CHECK(interval{1, highest}.str() == "[1, inf]");
  CHECK(interval{}.str() == "[-inf, inf]");
  CHECK(interval::point(-3).str() == "[-3, -3]");
}

TEST_CASE("an interval knows its points") {
  CHECK(interval::point(4).is_point());
  CHECK_FALSE(interval{1, 2}.is_point());
  CHECK(interval{2, 1}.is_empty());
  CHECK_FALSE(interval::point(0).is_empty());
  CHECK(interval{}.contains(lowest));
  CHECK(interval{}.contains(highest));
  CHECK_FALSE(interval{1, 2}.contains(0));
  CHECK_FALSE(interval{2, 1}.contains(2));
}

TEST_CASE("intersection and hull are about members") {
  for (const interval a : intervals())
    for (const interval b : intervals()) {
      const interval both = intersect(a, b), around = hull(a, b);
      for (const std::int64_t v :
           {lowest, -small, std::int64_t{-1}, std::int64_t{0}, small, highest})
        if (both.contains(v) != (a.contains(v) && b.contains(v)))
          FAIL("intersection of ", a.str(), " and ", b.str());
      if (around != interval{std::min(a.lo, b.lo), std::max(a.hi, b.hi)})
        FAIL("hull of ", a.str(), " and ", b.str());
    }
  CHECK(intersect({0, 3}, {5, 9}).is_empty());
}

TEST_CASE("sums, products and quotients enclose every result, closed ones tightly") {
  const auto plus = [](std::int64_t x, std::int64_t y) { return x + y; };
  const auto times = [](std::int64_t x, std::int64_t y) {
    return checked_mul(x, y).value_or((x < 0) == (y < 0) ? highest : lowest);
  };
  check_encloses([](interval a, interval b) { return add(a, b); }, plus, false);
  check_encloses([](interval a, interval b) { return multiply(a, b); }, times, false);
  check_encloses([](interval a, interval b) { return divide(a, b); }, floor_div, true);
}

TEST_CASE("a divisor that may not be above 0 says nothing about the quotient") {
  CHECK(divide({1, 5}, {0, 3}) == interval{});
  CHECK(divide({1, 5}, {-2, -1}) == interval{});
}

TEST_CASE("scaling back finds the integers whose multiple is inside") {
  for (const interval a : intervals())
    for (std::int64_t k = 1; k < 5; ++k) {
      const interval inner = shrink(a, k);
      for (std::int64_t x = -9; x <= 9; ++x)
        if (inner.contains(x) != a.contains(k * x)) FAIL(a.str(), " by ", k, " at ", x);
    }
  CHECK(shrink({lowest + 1, highest - 1}, 1) == interval{lowest + 1, highest - 1});
}

TEST_CASE("ends that leave 64 bits become open") {
  CHECK(add({1, highest - 1}, {0, 2}) == interval{1, highest});
  CHECK(add({lowest + 1, 0}, {-2, 0}) == interval{lowest, 0});
  CHECK(multiply({1, highest / 2}, {1, 3}) == interval{1, highest});
  CHECK(multiply({1, highest / 2}, {-3, 1}) == interval{lowest, highest / 2});
  CHECK(multiply({0, highest}, {0, 0}) == interval{0, 0});
  CHECK(scale({-2, highest}, -1) == interval{lowest, 2});
  CHECK(scale({lowest, highest}, 0) == interval{0, 0});
}
