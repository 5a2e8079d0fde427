#pragma once

#include "tenon/formats/onnx/importer.hpp"
#include "tenon/ops/list.hpp"

namespace tenon::inline v0 {

/// Reads a model file with all ops of this library; weights stay in the mapped file where they are aligned.
inline result<ir::graph> load_onnx(std::string_view path,
                                   const onnx::import_options& options = {}) {
  return onnx::load_file(path, ops::all_ops(), options);
}

/// Reads a model from memory, which may be freed afterwards.
inline result<ir::graph> load_onnx(std::span<const std::byte> bytes,
                                   const onnx::import_options& options = {}) {
  return onnx::load_bytes(bytes, ops::all_ops(), options);
}

}  // namespace tenon::inline v0
