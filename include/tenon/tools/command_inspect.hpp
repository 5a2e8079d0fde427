#pragma once

#include "tenon/core/result.hpp"

#include <string>

namespace tenon::inline v0::tools {

/// `tenon inspect`: what a model is made of.
struct inspect_command {
  std::string path;
  bool prints_text = false;  ///< also every node

  /// What to print; for a model that is not supported the error says why and what the file declares.
  result<std::string> operator()() const;
};

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_inspect.hpp"
#endif
