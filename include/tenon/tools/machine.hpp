#pragma once

#include "tenon/core/config.hpp"

#include <fstream>
#include <string>

namespace tenon::inline v0::tools {

/// The processor as the system names it; empty when it does not say.
inline std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const auto at = line.find(": ");
    return at == std::string::npos ? std::string() : line.substr(at + 2);
  }
  return {};
}

}  // namespace tenon::inline v0::tools
