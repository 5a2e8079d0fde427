#pragma once

#include "tenon/core/result.hpp"
#include "tenon/ir/graph.hpp"

#include <string>
#include <vector>

namespace tenon::inline v0::tools {

/// Sizes that an export froze: constants of Resize and Reshape nodes that are a size of an input, or that meet a dim
/// that is free. One line each.
std::vector<std::string> frozen_sizes(const ir::graph& g);

/// `tenon check`: the declared inputs and outputs of a model and what looks like a mistake of its export.
struct check_command {
  std::string path;

  /// What to print.
  result<std::string> operator()() const;
};

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_check.hpp"
#endif
