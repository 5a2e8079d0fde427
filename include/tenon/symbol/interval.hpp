#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/core/text.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace tenon::inline v0 {

/// All integers from lo to hi. The lowest and highest 64-bit values stand for no bound.
struct interval {
  static constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

  std::int64_t lo = lowest;
  std::int64_t hi = highest;

  static constexpr interval point(std::int64_t v) { return {v, v}; }

  constexpr bool is_empty() const { return lo > hi; }

  constexpr bool is_point() const { return lo == hi; }

  constexpr bool contains(std::int64_t v) const { return lo <= v && v <= hi; }

  /// `[1, 10]`, `[1, inf]`
  std::string str() const {
    return cat("[", lo == lowest ? std::string("-inf") : cat(lo), ", ",
               hi == highest ? std::string("inf") : cat(hi), "]");
  }

  friend constexpr bool operator==(interval, interval) = default;
};

/// What is in both.
constexpr interval intersect(interval a, interval b) {
  return {std::max(a.lo, b.lo), std::min(a.hi, b.hi)};
}

/// The smallest interval around both.
constexpr interval hull(interval a, interval b) {
  return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}

namespace symbol_detail {

constexpr bool is_bound(std::int64_t v) {
  return v != interval::lowest && v != interval::highest;
}

/// a + b where an infinite operand or an overflow gives the bound of that sign.
constexpr std::int64_t bound_sum(std::int64_t a, std::int64_t b) {
  if (!is_bound(a)) return a;
  if (!is_bound(b)) return b;
  if (const auto out = checked_add(a, b)) return *out;
  return a < 0 ? interval::lowest : interval::highest;
}

/// a * b where 0 times anything is 0.
constexpr std::int64_t bound_product(std::int64_t a, std::int64_t b) {
  if (a == 0 || b == 0) return 0;
  const bool is_negative = (a < 0) != (b < 0);
  const auto out = is_bound(a) && is_bound(b) ? checked_mul(a, b) : std::nullopt;
  return out.value_or(is_negative ? interval::lowest : interval::highest);
}

/// floor(a / b) for b > 0.
constexpr std::int64_t bound_quotient(std::int64_t a, std::int64_t b) {
  if (!is_bound(a)) return a;
  if (b == interval::highest) return a < 0 ? -1 : 0;
  return floor_div(a, b);
}

constexpr interval add(interval a, interval b) {
  return {bound_sum(a.lo, b.lo), bound_sum(a.hi, b.hi)};
}

constexpr interval multiply(interval a, interval b) {
  const std::int64_t corners[] = {bound_product(a.lo, b.lo), bound_product(a.lo, b.hi),
                                  bound_product(a.hi, b.lo), bound_product(a.hi, b.hi)};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

constexpr interval scale(interval a, std::int64_t by) {
  return multiply(a, interval::point(by));
}

/// The integers x with k * x in a, for k > 0.
constexpr interval shrink(interval a, std::int64_t k) {
  return {is_bound(a.lo) ? ceil_div(a.lo, k) : a.lo, is_bound(a.hi) ? floor_div(a.hi, k) : a.hi};
}

/// floordiv of everything in a by everything in b.
constexpr interval divide(interval a, interval b) {
  if (b.lo <= 0) return {};
  return {bound_quotient(a.lo, a.lo >= 0 ? b.hi : b.lo),
          bound_quotient(a.hi, a.hi >= 0 ? b.lo : b.hi)};
}

}  // namespace symbol_detail

}  // namespace tenon::inline v0
