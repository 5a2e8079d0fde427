#pragma once

#include "tenon/core/result.hpp"
#include "tenon/formats/zip.hpp"
#include "tenon/tensor/tensor.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0 {

/// An array and its key in a .npz file.
struct npz_array {
  std::string key;
  tensor value;
};

/// The arrays of a .npz file in memory that outlives it; errors begin `name: npz: `.
class npz_reader {
 public:
  static result<npz_reader> open(std::span<const std::byte> bytes, std::string_view name);

  /// Keys in the order of the file; entries that are no arrays are left out.
  const std::vector<std::string>& keys() const { return keys_; }

  bool contains(std::string_view key) const;

  /// One array, with the meaning of `expected` in `read_npy`.
  result<tensor> read(std::string_view key, std::optional<dtype> expected = std::nullopt) const;

 private:
  std::string name_;
  zip_reader archive_;
  std::vector<std::string> keys_;
};

/// All arrays of a .npz file in its order.
result<std::vector<npz_array>> read_npz(std::span<const std::byte> bytes, std::string_view name);

/// The tensors of a sequence: the keys must be 0, 1, ... without a gap, in any order.
result<std::vector<tensor>> read_npz_sequence(std::span<const std::byte> bytes,
                                              std::string_view name,
                                              std::optional<dtype> expected = std::nullopt);

/// All arrays of a .npz file on disk; `name` (by default the path) begins the errors.
result<std::vector<npz_array>> load_npz(std::string_view path, std::string_view name = {});

/// The content of a .npz file with stored arrays; keys must differ.
result<std::string> npz_bytes(std::span<const npz_array> arrays);

/// The same with the keys 0, 1, ...
result<std::string> npz_sequence_bytes(std::span<const tensor> items);

/// Writes a .npz file in one step.
status save_npz(std::string_view path, std::span<const npz_array> arrays);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/formats_npz.hpp"
#endif
