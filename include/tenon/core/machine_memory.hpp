#pragma once

#include "tenon/core/limit_sources.hpp"
#include "tenon/core/result.hpp"

#include <cstdint>
#include <optional>

namespace tenon::inline v0 {

/// Bytes that this process can take before the system refuses them or ends it: of RAM and swap, of every cgroup above it
/// (its page cache counts as free) and of RLIMIT_AS; nothing when no source says.
std::optional<std::uint64_t> read_memory_left(const limit_sources& sources = {});

/// Asked before the memory of a tensor is taken: `resource` when the machine or the cgroup has no room for it. The files
/// are read again when an eighth of what they left is taken, at most.
status take_memory(std::int64_t bytes);

/// Whether `take_memory` asks at all; it does by default. Without it the system may end a process that takes too much.
void guard_memory(bool is_on);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/core_machine_memory.hpp"
#endif
