#pragma once

#include "tenon/formats/torch/schema.hpp"
#include "tenon/formats/zip.hpp"
#include "tenon/tensor/storage.hpp"
#include "tenon/tensor/tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tenon::inline v0::pt2 {

/// The archive of torch.export.save (torch/export/pt2_archive): JSON files and the raw bytes of weights.
class archive {
 public:
  /// `file` keeps the bytes alive for weights that stay there; empty: every weight is copied.
  static result<archive> open(std::span<const std::byte> bytes, storage file);

  /// Name of the only program, without folder and suffix.
  const std::string& model() const { return model_; }

  /// Name of the archive: of its root folder, which torch calls as the file was called.
  std::string_view name() const;

  /// A JSON file below the root of the archive.
  result<std::string> read(std::string_view path) const;

  bool contains(std::string_view path) const { return zip_.find(cat(root_, path)) != nullptr; }

  /// A weight whose bytes are `folder` + `at.path`; errors do not name the weight.
  result<tensor> weight(std::string_view folder, const payload& at, std::int64_t max_dense_bytes);

 private:
  /// The bytes of one entry and who owns them.
  struct content {
    std::span<const std::byte> bytes;
    storage owner;
  };

  result<content> content_of(std::string_view path);

  zip_reader zip_;
  storage file_;
  std::string root_, model_;
  std::unordered_map<std::string, content> contents_;
};

}  // namespace tenon::inline v0::pt2

#ifndef TENON_COMPILED
#include "tenon/impl/torch_archive.hpp"
#endif
