#pragma once

#include "tenon/core/file.hpp"
#include "tenon/core/text.hpp"
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

/// Takes the text before the next `separator` off the front of `rest`.
inline std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

/// A whole non-negative number, nothing else around it but blanks.
inline std::optional<std::int64_t> number_in(std::string_view text) {
  text = trimmed(text);
  std::int64_t out = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size() || out < 0)
    return std::nullopt;
  return out;
}

inline std::string text_of(const std::string& path) {
  auto got = read_file(path, std::uint64_t{1} << 24);
  return got ? *std::move(got) : std::string();
}

inline bool names_controller(std::string_view list, std::string_view name) {
  while (!list.empty())
    if (take(list, ',') == name) return true;
  return false;
}

/// Where a hierarchy is mounted and which folder of it the mount shows.
struct mount {
  std::string point;
  std::string shown;
};

/// Undoes `\040` and the like in a field of mountinfo.
inline std::string unescaped(std::string_view field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto digit = [&](std::size_t k) {
      return i + k < field.size() ? field[i + k] - '0' : -1;
    };
    const bool octal = field[i] == '\\' && std::min({digit(1), digit(2), digit(3)}) >= 0 &&
                       std::max({digit(1), digit(2), digit(3)}) <= 7;
    out += octal ? static_cast<char>(digit(1) * 64 + digit(2) * 8 + digit(3)) : field[i];
    if (octal) i += 3;
  }
  return out;
}

/// The mount of a controller of cgroup v1, or of cgroup v2 for an empty name.
inline std::optional<mount> mount_of(std::string_view mountinfo, std::string_view controller) {
  while (!mountinfo.empty()) {
    std::string_view line = take(mountinfo, '\n');
    const std::size_t dash = line.find(" - ");
    if (dash == line.npos) continue;
    std::string_view tail = line.substr(dash + 3);
    const std::string_view type = take(tail, ' ');
    take(tail, ' ');
    const bool fits = controller.empty() ? type == "cgroup2"
                                         : type == "cgroup" && names_controller(tail, controller);
    if (!fits) continue;
    for (int skipped = 0; skipped < 3; ++skipped) take(line, ' ');
    const std::string shown = unescaped(take(line, ' '));
    return mount{unescaped(take(line, ' ')), shown};
  }
  return std::nullopt;
}

/// The cgroup of this process in the hierarchy of a v1 controller, or of v2 for an empty name.
inline std::optional<std::string> group_of(std::string_view groups, std::string_view controller) {
  while (!groups.empty()) {
    std::string_view line = take(groups, '\n');
    const std::string_view id = take(line, ':');
    const std::string_view controllers = take(line, ':');
    if (controller.empty() ? id == "0" && controllers.empty()
                           : names_controller(controllers, controller))
      return std::string(line);
  }
  return std::nullopt;
}

/// All folders from the cgroup of this process up to the root that is visible here.
inline std::vector<std::string> folders_of(const std::string& root, std::string_view controller) {
  const std::string mounts = text_of(root + "/proc/self/mountinfo");
  const std::string groups = text_of(root + "/proc/self/cgroup");
  auto at = mount_of(mounts, controller);
  if (!at) {
    const std::string_view folder = "/sys/fs/cgroup";
    at = mount{controller.empty() ? std::string(folder) : cat(folder, "/", controller), "/"};
  }
  std::string group = group_of(groups, controller).value_or("/");
  if (at->shown != "/" && group.compare(0, at->shown.size(), at->shown) == 0 &&
      (group.size() == at->shown.size() || group[at->shown.size()] == '/'))
    group.erase(0, at->shown.size());
  else if (at->shown != "/")
    group.clear();
  if (group.find("/..") != group.npos) group.clear();
  std::vector<std::string> out;
  for (;;) {
    while (!group.empty() && group.back() == '/') group.pop_back();
    out.push_back(cat(root, at->point, group));
    if (group.empty()) return out;
    group.erase(group.rfind('/') == group.npos ? 0 : group.rfind('/'));
  }
}

template <class T> void keep_least(std::optional<T>& least, std::optional<T> value) {
  if (value && (!least || *value < *least)) least = value;
}

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

inline std::optional<std::uint64_t> bytes_in(const std::string& path) {
  const auto number = number_in(text_of(path));
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
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
