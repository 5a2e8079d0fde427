#pragma once

#include "tenon/core/config.hpp"

#include <cstdint>
#include <string>
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
