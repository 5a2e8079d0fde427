#pragma once

#include "tenon/core/config.hpp"

#include <array>
#include <string_view>

namespace tenon::inline v0 {

/// How much a graph is optimized.
enum class level : unsigned char {
  none,  ///< not at all: the plan of the graph as it is
  o1,    ///< everything that keeps the order of floating point, and folding into weights
  o2,    ///< and rules that reorder floating point
};

/// `level::o1` -> `"o1"`.
constexpr std::string_view name_of(level l) {
  constexpr std::array<std::string_view, 3> names{"none", "o1", "o2"};
  return names[static_cast<unsigned char>(l)];
}

}  // namespace tenon::inline v0
