#pragma once

#include "tenon/formats/onnx/export_options.hpp"
#include "tenon/ir/graph.hpp"

#include <string>
#include <string_view>

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
