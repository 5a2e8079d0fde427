#pragma once

#include "tenon/core/config.hpp"

#include <compare>
#include <cstdint>
#include <limits>

namespace tenon::inline v0 {

/// A strong 32-bit index into one kind of table.
template <class Tag> struct id {
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t index = none;

  constexpr id() = default;

  constexpr explicit id(std::size_t i) : index(static_cast<std::uint32_t>(i)) {}

  constexpr explicit operator bool() const { return index != none; }

  friend constexpr bool operator==(id, id) = default;
  friend constexpr auto operator<=>(id, id) = default;
};

using node_id = id<struct node_tag>;    ///< an op instance in a graph
using value_id = id<struct value_tag>;  ///< an edge of a graph: produced once, used many times

}  // namespace tenon::inline v0
