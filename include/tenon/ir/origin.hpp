#pragma once

#include "tenon/core/text.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace tenon::inline v0::ir {

/// Which nodes of the loaded file a node stands for; merged by patches.
struct origin {
  std::vector<std::string> nodes;

  void merge(const origin& other) {
    for (const std::string& n : other.nodes)
      if (std::find(nodes.begin(), nodes.end(), n) == nodes.end()) nodes.push_back(n);
  }

  /// `Pow_41, ReduceMean_42`, at most four names.
  std::string str() const {
    std::string out;
    for (std::size_t i = 0; i < nodes.size() && i < 4; ++i)
      out += cat(i ? ", " : "", printable_name(nodes[i]));
    if (nodes.size() > 4) out += cat(", and ", nodes.size() - 4, " more");
    return out;
  }
};

}  // namespace tenon::inline v0::ir
