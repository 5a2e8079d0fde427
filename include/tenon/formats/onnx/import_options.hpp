#pragma once

#include "tenon/core/function_ref.hpp"
#include "tenon/core/result.hpp"
#include "tenon/tensor/storage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::inline v0::onnx {

/// Gives the whole content of an external data file that a model names.
using external_data_function = function_ref<result<storage>(std::string_view location)>;

/// How a model is read.
struct import_options {
  std::string name = "memory";  ///< of a model in memory, for messages
  std::optional<external_data_function> external_data = std::nullopt;  ///< for a model in memory
  std::int64_t max_nodes = 2'000'000;                    ///< after functions are inlined
  std::int64_t max_dense_bytes = std::int64_t{1} << 30;  ///< of the dense copy of one sparse tensor
};

}  // namespace tenon::inline v0::onnx
