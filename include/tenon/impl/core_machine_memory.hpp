#pragma once

#include "tenon/core/machine_memory.hpp"
#include "tenon/impl/core_limit_sources.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

namespace tenon::inline v0 {

namespace limits_detail {

/// The number of a line `name 12` or `name: 12 kB`, the latter in bytes.
inline std::optional<std::uint64_t> field_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    const bool is_name = line.starts_with(' ') || line.starts_with(':');
    if (!is_name) continue;
    line = trimmed(line.substr(1));
    const auto number = number_in(take(line, ' '));
    if (!number || *number > std::int64_t{1} << 52) return std::nullopt;
    return static_cast<std::uint64_t>(*number) * (trimmed(line) == "kB" ? 1024 : 1);
  }
  return std::nullopt;
}

inline std::uint64_t less(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

/// Names of the files and fields of a version of cgroups.
struct memory_files {
  std::string_view limit, used, cached_a, cached_b, swap_limit, swap_used;
  bool swap_counts_both;  ///< the limit of swap is one of memory and swap together
};

inline constexpr memory_files cgroup_v1 = {"/memory.limit_in_bytes",
                                           "/memory.usage_in_bytes",
                                           "total_inactive_file",
                                           "total_active_file",
                                           "/memory.memsw.limit_in_bytes",
                                           "/memory.memsw.usage_in_bytes",
                                           true};
inline constexpr memory_files cgroup_v2 = {
    "/memory.max", "/memory.current",  "inactive_file",
    "active_file", "/memory.swap.max", "/memory.swap.current",
    false};

/// What a cgroup has left, with the swap it may use; nothing when it has no limit or does not tell.
inline std::optional<std::uint64_t> left_in(const std::string& folder,
                                            const memory_files& files,
                                            std::uint64_t free_swap) {
  const auto bytes = [&](std::string_view file) { return bytes_in(cat(folder, file)); };
  const auto limit = bytes(files.limit), used = bytes(files.used);
  const std::string statistics = text_of(folder + "/memory.stat");
  const auto a = field_of(statistics, files.cached_a), b = field_of(statistics, files.cached_b);
  if (!limit || !used || !a || !b) return std::nullopt;
  const std::uint64_t held = less(*used, *a + *b);
  const auto swap_limit = bytes(files.swap_limit), swap_used = bytes(files.swap_used);
  if (!swap_limit || !swap_used) return less(*limit, held) + free_swap;
  if (!files.swap_counts_both)
    return less(*limit, held) + std::min(free_swap, less(*swap_limit, *swap_used));
  return std::min(less(*limit, held) + free_swap, less(*swap_limit, less(*swap_used, *a + *b)));
}

inline std::atomic<bool> guards_memory{true};
inline std::atomic<std::int64_t> granted_bytes{0};  ///< by the last reading, and not taken yet

}  // namespace limits_detail

TENON_INLINE std::optional<std::uint64_t> read_memory_left(const limit_sources& sources) {
  using namespace limits_detail;
  const std::string machine = text_of(sources.root + "/proc/meminfo");
  const std::uint64_t free_swap = field_of(machine, "SwapFree").value_or(0);
  std::optional<std::uint64_t> out = field_of(machine, "MemAvailable");
  if (out) *out += free_swap;
  for (const std::string& folder : folders_of(sources.root, ""))
    keep_least(out, left_in(folder, cgroup_v2, free_swap));
  for (const std::string& folder : folders_of(sources.root, "memory"))
    keep_least(out, left_in(folder, cgroup_v1, free_swap));
  rlimit limit{};
  const std::string sizes = text_of(sources.root + "/proc/self/statm");
  std::string_view rest = sizes;
  const auto pages = number_in(take(rest, ' '));
  const bool is_limited = ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  if (sources.address_space_bytes) limit.rlim_cur = *sources.address_space_bytes;
  if (pages && (is_limited || sources.address_space_bytes))
    keep_least(out, std::optional(less(limit.rlim_cur,
                                       static_cast<std::uint64_t>(*pages) *
                                           static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)))));
  return out;
}

TENON_INLINE void guard_memory(bool is_on) {
  limits_detail::guards_memory.store(is_on);
}

TENON_INLINE status take_memory(std::int64_t bytes) {
  using namespace limits_detail;
  constexpr std::uint64_t reserve = std::uint64_t{16} << 20;  // for what is no tensor
  if (granted_bytes.fetch_sub(bytes) >= bytes || !guards_memory.load()) return {};
  granted_bytes.store(0);
  const auto left = read_memory_left();
  if (!left) return {};
  const std::uint64_t needed = static_cast<std::uint64_t>(bytes) + reserve;
  if (*left < needed)
    return fail(code::resource, "memory limit: ", bytes,
                " bytes more are needed, the machine or the cgroup has ", *left, " left, of which ",
                reserve, " are kept free");
  granted_bytes.store(static_cast<std::int64_t>((*left - needed) / 8));
  return {};
}

}  // namespace tenon::inline v0
