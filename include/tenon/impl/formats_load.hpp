#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/load.hpp"
#include "tenon/formats/onnx/import.hpp"
#include "tenon/formats/torch/import.hpp"

#include <cstring>

namespace tenon::inline v0 {

TENON_INLINE result<ir::graph> load(std::string_view path) {
  bool is_archive = false;
  if (const auto file = mapped_file::open(path); file)
    is_archive = file->size() >= 4 && std::memcmp(file->bytes().data(), "PK\x03\x04", 4) == 0;
  return is_archive ? load_torch(path) : load_onnx(path);
}

}  // namespace tenon::inline v0
