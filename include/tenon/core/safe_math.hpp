#pragma once

#include "tenon/core/config.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace tenon::inline v0 {

/// a * b, or nothing when it does not fit into 64 bits.
constexpr std::optional<std::int64_t> checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// a + b, or nothing when it does not fit into 64 bits.
constexpr std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// a - b, or nothing when it does not fit into 64 bits.
constexpr std::optional<std::int64_t> checked_sub(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (__builtin_sub_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// The product of non-negative extents, or nothing on a negative extent or overflow.
constexpr std::optional<std::int64_t> checked_product(std::span<const std::int64_t> extents) {
  std::int64_t out = 1;
  for (const std::int64_t extent : extents)
    if (extent == 0) out = 0;
  for (const std::int64_t extent : extents) {
    if (extent < 0) return std::nullopt;
    if (out == 0) continue;
    if (__builtin_mul_overflow(out, extent, &out)) return std::nullopt;
  }
  return out;
}

/// Quotient rounded towards minus infinity; b > 0.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/// Quotient rounded towards plus infinity; b > 0.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return a / b + (a % b != 0 && (a < 0) == (b < 0));
}

/// Remainder with the sign of b; b != 0.
constexpr std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
  const std::int64_t rest = b == -1 ? 0 : a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

}  // namespace tenon::inline v0
