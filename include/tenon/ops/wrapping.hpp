#pragma once

#include "tenon/core/config.hpp"

#include <cstdint>

namespace tenon::inline v0::ops {

/// -x modulo 2^64.
constexpr std::int64_t negated(std::int64_t x) {
  return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(x));
}

/// a + b modulo 2^64.
constexpr std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// a - b modulo 2^64.
constexpr std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

/// a * b modulo 2^64.
constexpr std::int64_t wrapping_mul(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

/// The quotient rounded towards zero, modulo 2^64; b is not 0.
constexpr std::int64_t wrapping_div(std::int64_t a, std::int64_t b) {
  return b == -1 ? negated(a) : a / b;
}

/// The remainder with the sign of a; b is not 0.
constexpr std::int64_t remainder_of(std::int64_t a, std::int64_t b) {
  return b == -1 ? 0 : a % b;
}

/// base^exponent modulo 2^64, exponent >= 0.
constexpr std::uint64_t wrapping_pow(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t out = 1;
  for (; exponent != 0; exponent >>= 1, base *= base)
    if (exponent & 1U) out *= base;
  return out;
}

}  // namespace tenon::inline v0::ops
