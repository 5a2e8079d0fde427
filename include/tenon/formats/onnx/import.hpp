#pragma once

#include "tenon/formats/onnx/import_options.hpp"
#include "tenon/ir/graph.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace tenon::inline v0 {

/// Reads a model file with all ops of this library; weights stay in the mapped file where they are aligned.
result<ir::graph> load_onnx(std::string_view path, const onnx::import_options& options = {});

/// Reads a model from memory, which may be freed afterwards.
result<ir::graph> load_onnx(std::span<const std::byte> bytes,
                            const onnx::import_options& options = {});

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/onnx_import.hpp"
#endif
