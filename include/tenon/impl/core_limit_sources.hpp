#pragma once

#include "tenon/core/file.hpp"
#include "tenon/core/limit_sources.hpp"
#include "tenon/core/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0 {

// What /proc and /sys/fs/cgroup say, for the limits of CPUs and of memory.
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

inline std::optional<std::uint64_t> bytes_in(const std::string& path) {
  const auto number = number_in(text_of(path));
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

}  // namespace limits_detail

}  // namespace tenon::inline v0
