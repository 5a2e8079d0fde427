#pragma once

#include "tenon/core/file.hpp"
#include "tenon/core/result.hpp"
#include "tenon/tensor/tensor.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon::inline v0 {

/// The array of a .npy file (format 1 to 3, any byte and axis order); errors begin `name: npy: `.
///
/// With `expected` another dtype is an `input` error, and raw bits become bf16 (u2, V2) or float8
/// and types below 8 bits (u1, i1, V1, one element a byte).
result<tensor> read_npy(std::span<const std::byte> bytes,
                        std::string_view name,
                        std::optional<dtype> expected = std::nullopt);

/// The array of a .npy file on disk; `name` (by default the path) begins the errors.
result<tensor> load_npy(std::string_view path,
                        std::string_view name = {},
                        std::optional<dtype> expected = std::nullopt);

/// The content of a .npy file; bf16 becomes u2, float8 and types below 8 bits u1, text U.
result<std::string> npy_bytes(const tensor& value);

/// Writes the content of a .npy file to one that the caller commits.
status write_npy(atomic_file& out, const tensor& value);

/// Writes a .npy file in one step.
status save_npy(std::string_view path, const tensor& value);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/formats_npy.hpp"
#endif
