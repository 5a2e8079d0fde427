#pragma once

#include "tenon/core/file.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace tenon::inline v0::tools {

/// Makes a folder and those above it where they are missing.
inline status make_folder(std::string_view path) {
  const std::string whole(path);
  for (std::size_t at = 0; at != std::string::npos;) {
    at = whole.find('/', at + 1);
    const std::string part = whole.substr(0, at);
    if (mkdir(part.c_str(), 0777) == 0 || errno == EEXIST) continue;
    return fail(code::io, "output folder ", quoted(path),
                ": cannot be made: ", std::strerror(errno));
  }

  struct stat found {};

  if (stat(whole.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
  return fail(code::io, "output folder ", quoted(path), ": is no folder");
}

/// Whether a file could be written there, asked before the work whose result it takes; no path is fine.
inline status check_output_file(std::string_view path) {
  if (!path.empty()) TENON_TRY(atomic_file::create(path));
  return {};
}

/// `a/b.c.onnx` -> `b.c`
inline std::string stem_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  const std::size_t dot = path.rfind('.');
  return std::string(path.substr(0, dot == 0 ? std::string_view::npos : dot));
}

}  // namespace tenon::inline v0::tools
