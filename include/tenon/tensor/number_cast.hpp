#pragma once

#include "tenon/core/config.hpp"

#include <cstdint>
#include <type_traits>

namespace tenon::inline v0 {

/// One number as another C++ type: floats truncate towards zero, integers wrap, nothing is undefined.
template <class To, class From> To number_cast(From v) {
  if constexpr (std::is_same_v<To, From>) {
    return v;
  } else if constexpr (std::is_same_v<To, bool>) {
    return static_cast<double>(v) != 0.0;
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    if (std::is_same_v<To, std::uint64_t> && v >= From(0x1p63) && v < From(0x1p64))
      return static_cast<To>(static_cast<std::uint64_t>(v));
    if (!(v > From(-0x1p63) && v < From(0x1p63))) return static_cast<To>(std::int64_t{1} << 63);
    return static_cast<To>(static_cast<std::int64_t>(v));
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<From>) {
    return number_cast<To>(static_cast<float>(v));
  } else if constexpr (std::is_arithmetic_v<To>) {
    if constexpr (std::is_arithmetic_v<From>)
      return static_cast<To>(v);
    else
      return static_cast<To>(static_cast<float>(v));
  } else if constexpr (std::is_same_v<From, double> || std::is_same_v<From, float>) {
    return To(v);
  } else {
    return To(static_cast<double>(v));
  }
}

}  // namespace tenon::inline v0
