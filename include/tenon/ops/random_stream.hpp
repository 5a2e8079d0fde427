#pragma once

#include "tenon/core/config.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>

namespace tenon::inline v0::ops {

/// Random numbers by counting: number i is SplitMix64's mix (Steele, Lea, Flood 2014) of seed and i, so
/// equal seeds give equal numbers on every machine.
class random_stream {
 public:
  explicit random_stream(std::uint64_t seed) : state_(mixed(seed)) {}

  std::uint64_t next() { return mixed(state_ + 0x9E3779B97F4A7C15U * ++count_); }

  /// A number in [0, 1) with 53 random bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// A normally distributed number of mean 0 and deviation 1 (Box and Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * 3.14159265358979323846 * uniform());
  }

 private:
  static constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }

  std::uint64_t state_;
  std::uint64_t count_ = 0;
};

/// The seed of an attribute; without one always the same, so that runs can be repeated.
inline std::uint64_t seed_of(const std::optional<float>& seed) {
  return seed ? std::bit_cast<std::uint32_t>(*seed) + std::uint64_t{1} : 0x7E909U;
}

inline std::uint64_t seed_of(const std::optional<std::int64_t>& seed) {
  return seed ? static_cast<std::uint64_t>(*seed) + 1 : 0x7E909U;
}

}  // namespace tenon::inline v0::ops
