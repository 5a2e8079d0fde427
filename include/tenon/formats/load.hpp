#pragma once

#include "tenon/core/result.hpp"
#include "tenon/ir/graph.hpp"

#include <string_view>

namespace tenon::inline v0 {

/// Reads a model file by its content, not its name: an ONNX model or what torch.export.save wrote.
result<ir::graph> load(std::string_view path);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/formats_load.hpp"
#endif
