#pragma once

#include "tenon/ir/graph.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0::onnx {

/// How a model is written.
struct export_options {
  bool external_data = false;  ///< weights go to a second file, PATH.data, whatever their size
  std::int64_t max_inline_bytes = 1'900'000'000;  ///< more weights than this go to a second file
  std::int64_t min_opset = 21;
  bool value_info = false;  ///< writes the inferred shapes of all values
  std::vector<std::pair<std::string, std::string>> properties = {};  ///< added to metadata_props
};

}  // namespace tenon::inline v0::onnx

namespace tenon::inline v0 {

/// Writes a graph as a standard ONNX file, replaced in one step; `unsupported` lists ops without ONNX form.
status save_onnx(const ir::graph& g,
                 std::string_view path,
                 const onnx::export_options& options = {});

/// The bytes of the ONNX file of a graph; `resource` when its weights outgrow one file.
result<std::string> to_onnx(const ir::graph& g, const onnx::export_options& options = {});

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/onnx_export.hpp"
#endif
