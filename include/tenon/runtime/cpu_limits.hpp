#pragma once

#include "tenon/core/limit_sources.hpp"
#include "tenon/core/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::inline v0 {

/// What decided the number of threads.
enum class limited_by : unsigned char {
  option,
  tenon_num_threads,
  omp_num_threads,
  quota,
  affinity
};

/// `limited_by::quota` -> `"cgroup quota"`.
constexpr std::string_view name_of(limited_by source) {
  constexpr std::string_view names[] = {"option", "TENON_NUM_THREADS", "OMP_NUM_THREADS",
                                        "cgroup quota", "affinity"};
  return names[static_cast<unsigned char>(source)];
}

/// What this process may use of its machine.
struct cpu_limits {
  static constexpr int max_threads = 1024;

  int threads =
      1;  ///< to use by default: option, else TENON_NUM_THREADS, else OMP_NUM_THREADS, else CPUs
  limited_by threads_from = limited_by::affinity;
  int affinity = 1;                ///< CPUs this process may run on
  std::optional<double> quota;     ///< CPUs of the tightest cgroup v1 or v2 above this process
  std::uint64_t memory_bytes = 0;  ///< least of RAM, cgroup limits and RLIMIT_AS; 0 when unknown

  /// CPUs that can be busy at once: the affinity, or the quota rounded up when that is less.
  int cpus() const;

  /// `2 threads (cgroup quota; affinity 8, quota 1.5), 512 MiB`
  std::string str() const;
};

/// Reads the limits; `threads_option` > 0 overrides everything else about threads. TENON_NUM_THREADS counts when it is a
/// number from 1 to 1024, of a list as OpenMP has it (`4,2`) OMP_NUM_THREADS the first; else they are passed over.
cpu_limits read_cpu_limits(int threads_option = 0, const limit_sources& sources = {});

/// The `option` error of a TENON_NUM_THREADS that is set but would be passed over.
status check_thread_environment(const limit_sources& sources = {});

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/runtime_cpu_limits.hpp"
#endif
