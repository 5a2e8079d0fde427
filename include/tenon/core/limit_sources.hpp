#pragma once

#include "tenon/core/config.hpp"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace tenon::inline v0 {

/// Where the limits of this process are read from; tests point it at a tree of their own.
struct limit_sources {
  std::string root;  ///< put before /proc and /sys/fs/cgroup
  const char* (*environment)(const char* name) = [](const char* name) -> const
      char* { return std::getenv(name); };
  std::optional<int> affinity;                       ///< CPUs, instead of the mask of the thread
  std::optional<std::uint64_t> address_space_bytes;  ///< instead of RLIMIT_AS
};

}  // namespace tenon::inline v0
