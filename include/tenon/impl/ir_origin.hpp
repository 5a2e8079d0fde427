#pragma once

#include "tenon/core/text.hpp"
#include "tenon/ir/origin.hpp"

#include <algorithm>
#include <string>

namespace tenon::inline v0::ir {

namespace origin_detail {

/// A node that stands for more nodes of the file names this many: all of thousands would cost more than the rewriting.
inline constexpr std::size_t most_names = 32;

}  // namespace origin_detail

TENON_INLINE void origin::merge(const origin& other) {
  for (const std::string& n : other.nodes) {
    if (nodes.size() >= origin_detail::most_names) return;
    if (std::find(nodes.begin(), nodes.end(), n) == nodes.end()) nodes.push_back(n);
  }
}

TENON_INLINE std::string origin::str() const {
  std::string out;
  for (std::size_t i = 0; i < nodes.size() && i < 4; ++i)
    out += cat(i ? ", " : "", printable_name(nodes[i]));
  if (nodes.size() >= origin_detail::most_names)
    out += ", and many more";
  else if (nodes.size() > 4)
    out += cat(", and ", nodes.size() - 4, " more");
  return out;
}

}  // namespace tenon::inline v0::ir
