#pragma once

#include "tenon/core/text.hpp"
#include "tenon/impl/core_limit_sources.hpp"
#include "tenon/runtime/cpu_limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tenon::inline v0 {

namespace limits_detail {

inline std::optional<double> ratio(std::optional<std::int64_t> quota,
                                   std::optional<std::int64_t> period) {
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

/// CPUs granted by the tightest group of either version.
inline std::optional<double> quota_of(const std::string& root) {
  std::optional<double> out;
  for (const std::string& folder : folders_of(root, "")) {
    const std::string text = text_of(folder + "/cpu.max");
    std::string_view rest = text;
    const std::string_view quota = take(rest, ' ');
    const auto period =
        trimmed(rest).empty() ? std::optional<std::int64_t>(100000) : number_in(rest);
    keep_least(out, ratio(number_in(quota), period));
  }
  for (const std::string& folder : folders_of(root, "cpu"))
    keep_least(out, ratio(number_in(text_of(folder + "/cpu.cfs_quota_us")),
                          number_in(text_of(folder + "/cpu.cfs_period_us"))));
  return out;
}

/// RAM of the machine.
inline std::optional<std::uint64_t> physical_bytes(const std::string& root) {
  const std::string text = text_of(root + "/proc/meminfo");
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = take(rest, '\n');
    if (take(line, ':') != "MemTotal") continue;
    line = trimmed(line);
    const auto kibibytes = number_in(take(line, ' '));
    if (kibibytes && *kibibytes < (std::int64_t{1} << 50))
      return static_cast<std::uint64_t>(*kibibytes) * 1024;
  }
  const long pages = root.empty() ? ::sysconf(_SC_PHYS_PAGES) : -1;
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
}

inline std::uint64_t memory_of(const limit_sources& sources) {
  std::optional<std::uint64_t> out = physical_bytes(sources.root);
  for (const std::string& folder : folders_of(sources.root, ""))
    keep_least(out, bytes_in(folder + "/memory.max"));
  for (const std::string& folder : folders_of(sources.root, "memory"))
    keep_least(out, bytes_in(folder + "/memory.limit_in_bytes"));
  rlimit limit{};
  if (sources.address_space_bytes)
    keep_least(out, sources.address_space_bytes);
  else if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    keep_least(out, std::optional<std::uint64_t>(limit.rlim_cur));
  return out.value_or(0);
}

/// CPUs in the affinity mask of the calling thread.
inline int affinity_count() {
#ifdef __linux__
  for (std::size_t cpus = CPU_SETSIZE; cpus <= (std::size_t{1} << 20); cpus *= 4) {
    std::vector<cpu_set_t> mask(cpus / CPU_SETSIZE);
    const std::size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, bytes, mask.data()) == 0)
      return std::max(1, CPU_COUNT_S(bytes, mask.data()));
  }
#endif
  return static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

/// The number of TENON_NUM_THREADS; nothing when unset or no number from 1 to 1024.
inline std::optional<int> own_threads(const char* text) {
  const auto number = text == nullptr ? std::nullopt : number_in(text);
  if (!number || *number == 0 || *number > cpu_limits::max_threads) return std::nullopt;
  return static_cast<int>(*number);
}

/// The first number of `4` or `4,2`; nothing when unset, zero or malformed.
inline std::optional<int> omp_threads_in(const char* text) {
  if (text == nullptr) return std::nullopt;
  std::string_view rest = text;
  const auto number = number_in(take(rest, ','));
  if (!number || *number == 0) return std::nullopt;
  return static_cast<int>(std::min<std::int64_t>(*number, cpu_limits::max_threads));
}

}  // namespace limits_detail

TENON_INLINE int cpu_limits::cpus() const {
  const double granted = quota ? std::ceil(*quota - 1e-9) : affinity;
  return std::max(1, static_cast<int>(std::min<double>(granted, affinity)));
}

TENON_INLINE std::string cpu_limits::str() const {
  std::string out = cat(threads, threads == 1 ? " thread (" : " threads (", name_of(threads_from),
                        "; affinity ", affinity);
  if (quota) out += cat(", quota ", *quota);
  out += ")";
  if (memory_bytes != 0) out += cat(", ", memory_bytes >> 20, " MiB");
  return out;
}

TENON_INLINE status check_thread_environment(const limit_sources& sources) {
  const char* const text = sources.environment("TENON_NUM_THREADS");
  if (text == nullptr || *text == '\0' || limits_detail::own_threads(text)) return {};
  return fail(code::option, "environment: TENON_NUM_THREADS is ", quoted(std::string_view(text)),
              ": expected a number from 1 to ", cpu_limits::max_threads,
              "; correct or unset it, or give the number of threads as an option");
}

TENON_INLINE cpu_limits read_cpu_limits(int threads_option, const limit_sources& sources) {
  using namespace limits_detail;
  cpu_limits out;
  out.affinity = sources.affinity ? std::max(1, *sources.affinity) : affinity_count();
  out.quota = quota_of(sources.root);
  out.memory_bytes = memory_of(sources);
  out.threads = std::min(out.cpus(), cpu_limits::max_threads);
  out.threads_from = out.cpus() < out.affinity ? limited_by::quota : limited_by::affinity;
  const auto tenon_threads = own_threads(sources.environment("TENON_NUM_THREADS"));
  const auto omp_threads = omp_threads_in(sources.environment("OMP_NUM_THREADS"));
  if (threads_option > 0) {
    out.threads = std::min(threads_option, cpu_limits::max_threads);
    out.threads_from = limited_by::option;
  } else if (tenon_threads) {
    out.threads = *tenon_threads;
    out.threads_from = limited_by::tenon_num_threads;
  } else if (omp_threads) {
    out.threads = *omp_threads;
    out.threads_from = limited_by::omp_num_threads;
  }
  return out;
}

}  // namespace tenon::inline v0
