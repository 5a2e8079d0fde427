#pragma once

#include "tenon/formats/onnx/import.hpp"
#include "tenon/formats/onnx/importer.hpp"
#include "tenon/ops/list.hpp"

namespace tenon::inline v0 {

TENON_INLINE result<ir::graph> load_onnx(std::string_view path,
                                         const onnx::import_options& options) {
  return onnx::load_file(path, ops::all_ops(), options);
}

TENON_INLINE result<ir::graph> load_onnx(std::span<const std::byte> bytes,
                                         const onnx::import_options& options) {
  return onnx::load_bytes(bytes, ops::all_ops(), options);
}

}  // namespace tenon::inline v0
