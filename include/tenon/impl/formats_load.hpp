#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/load.hpp"
#include "tenon/formats/onnx/import.hpp"
#include "tenon/formats/torch/import.hpp"

#include <cstring>

namespace tenon::inline v0 {

TENON_INLINE result<ir::graph> load(std::string_view path) {
  TENON_TRY(const auto file, mapped_file::open(path));
  const auto begins = [&](std::string_view mark) {
    return file.size() >= mark.size() &&
           std::memcmp(file.bytes().data(), mark.data(), mark.size()) == 0;
  };
  if (begins("PK\x03\x04")) return load_torch(path);
  auto out = load_onnx(path);
  constexpr std::string_view ir_version = "\x08";  // the first field as every known writer has it
  if (out || begins(ir_version) || out.failure().kind != code::format) return out;
  return fail(code::format, "file ", quoted(path),
              ": is neither an ONNX model nor a .pt2 file of torch.export.save (read as ONNX: ",
              out.failure().message, ")");
}

}  // namespace tenon::inline v0
