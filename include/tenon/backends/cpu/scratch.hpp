#pragma once

#include "tenon/core/safe_math.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>

/// Sizes of scratch memory: what outgrows 63 bits stays at the largest size, which no memory budget grants.
namespace tenon::inline v0::cpu {

inline constexpr std::size_t largest_scratch = std::numeric_limits<std::int64_t>::max() / 64 * 64;

/// Bytes of parts that lie one behind the other.
inline std::size_t scratch_sum(std::initializer_list<std::size_t> parts) {
  std::size_t out = 0;
  for (const std::size_t part : parts)
    out = part > largest_scratch - out ? largest_scratch : out + part;
  return out;
}

/// Bytes of an array of `T` with these sizes, up to the next multiple of 64.
template <class T> std::size_t scratch_of(std::initializer_list<std::int64_t> sizes) {
  const auto count = checked_product(std::span(sizes.begin(), sizes.size()));
  const auto bytes = count ? checked_mul(*count, static_cast<std::int64_t>(sizeof(T))) : count;
  if (!bytes || static_cast<std::size_t>(*bytes) > largest_scratch) return largest_scratch;
  return (static_cast<std::size_t>(*bytes) + 63) / 64 * 64;
}

}  // namespace tenon::inline v0::cpu
