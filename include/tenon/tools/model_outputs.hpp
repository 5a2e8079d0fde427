#pragma once

#include "tenon/runtime/session.hpp"

#include <string>
#include <string_view>

namespace tenon::inline v0::tools {

/// A name as part of a file name: characters outside [A-Za-z0-9._-] become `_`.
inline std::string file_name_of(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool is_kept = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!is_kept) c = '_';
  }
  return out;
}

/// Writes each output as `folder/NAME.npy`, sequences as `.npz`, absent optionals not at all. The folder is made
/// when it is missing. All files are written before the first one appears.
status write_outputs(const model& m, const run_outputs& outputs, std::string_view folder);

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_outputs.hpp"
#endif
