#pragma once

#include "tenon/core/config.hpp"

#include <string>
#include <vector>

namespace tenon::inline v0::ir {

/// Which nodes of the loaded file a node stands for; merged by patches.
struct origin {
  std::vector<std::string> nodes;

  void merge(const origin& other);

  /// `Pow_41, ReduceMean_42`, at most four names.
  std::string str() const;
};

}  // namespace tenon::inline v0::ir

#ifndef TENON_COMPILED
#include "tenon/impl/ir_origin.hpp"
#endif
