#include "tenon/core/safe_math.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

using wide = __int128;

constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

constexpr std::int64_t numbers[] = {
    lowest, lowest + 1, -(std::int64_t{1} << 32), -8,          -7,     -3, -2, -1, 0, 1, 2, 3,
    7,      8,          std::int64_t{1} << 32,    highest - 1, highest};

std::optional<std::int64_t> narrowed(wide v) {
  if (v < lowest || v > highest) return std::nullopt;
  return static_cast<std::int64_t>(v);
}

wide floor_quotient(wide a, wide b) {
  wide q = a / b;
  while (q * b > a) --q;
  while ((q + 1) * b <= a) ++q;
  return q;
}

std::optional<std::int64_t> product_of_extents(std::vector<std::int64_t> extents) {
  return checked_product(extents);
}

}  // namespace

TEST_CASE("sums and products are exact or nothing") {
  for (const std::int64_t a : numbers)
    for (const std::int64_t b : numbers) {
      CAPTURE(a);
      CAPTURE(b);
      CHECK(checked_mul(a, b) == narrowed(wide{a} * b));
      CHECK(checked_sub(a, b) == narrowed(wide{a} - b));
      CHECK(checked_add(a, b) == narrowed(wide{a} + b));
    }
}

TEST_CASE("products of extents are exact, 0 wins over overflow, negatives win over all") {
  CHECK(product_of_extents({}) == 1);
  CHECK(product_of_extents({2, 3, 4}) == 24);
  CHECK(product_of_extents({highest}) == highest);
  CHECK(product_of_extents({highest, 1}) == highest);
  CHECK_FALSE(product_of_extents({highest, 2}));
  CHECK_FALSE(product_of_extents({std::int64_t{1} << 32, std::int64_t{1} << 31}));
  CHECK(product_of_extents({highest, highest, 0}) == 0);
  CHECK(product_of_extents({0, highest, highest}) == 0);
  CHECK_FALSE(product_of_extents({-1}));
  CHECK_FALSE(product_of_extents({0, -1}));
  CHECK_FALSE(product_of_extents({-1, 0}));
  CHECK_FALSE(product_of_extents({lowest, highest}));
}

TEST_CASE("quotients round down or up for every divisor above 0") {
  for (const std::int64_t a : numbers)
    for (const std::int64_t b : numbers) {
      if (b <= 0) continue;
      CAPTURE(a);
      CAPTURE(b);
      CHECK(wide{floor_div(a, b)} == floor_quotient(a, b));
      CHECK(wide{ceil_div(a, b)} == -floor_quotient(-wide{a}, b));
    }
}

TEST_CASE("the remainder has the sign of the divisor and never overflows") {
  for (const std::int64_t a : numbers)
    for (const std::int64_t b : numbers) {
      if (b == 0) continue;
      const wide rest = (wide{a} % b + b) % b;
      CAPTURE(a);
      CAPTURE(b);
      CHECK(wide{floor_mod(a, b)} == rest);
    }
  static_assert(floor_mod(lowest, -1) == 0);
  static_assert(floor_mod(lowest, 3) == 1);
  static_assert(floor_mod(highest, lowest) == -1);
}
