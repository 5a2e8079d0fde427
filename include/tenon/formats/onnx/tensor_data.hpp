#pragma once

#include "tenon/formats/onnx/import_options.hpp"
#include "tenon/formats/onnx/schema.hpp"
#include "tenon/tensor/tensor.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0::onnx {

/// Turns TensorProtos into tensors: over the mapped file where that is aligned, else copied.
class tensor_source {
 public:
  /// `file` keeps the decoded bytes alive; empty: every tensor is copied.
  explicit tensor_source(storage file = {}) : file_(std::move(file)) {}

  /// External data is read below `folder`.
  void allow_folder(std::string folder) { folder_ = std::move(folder); }

  /// External data comes from the caller.
  void allow_resolver(external_data_function resolver) { resolver_ = resolver; }

  void limit_dense_bytes(std::int64_t bytes) { max_dense_bytes_ = bytes; }

  /// The tensor; `tensor_data` or `external_data` names it.
  result<tensor> read(const tensor_proto& proto);

  /// The dense form of a sparse tensor, within the limit.
  result<tensor> read(const sparse_tensor_proto& proto);

 private:
  result<tensor> read_unnamed(const tensor_proto& proto);
  result<tensor> from_bytes(dtype type,
                            extents dims,
                            std::span<const std::byte> raw,
                            storage owner);
  result<tensor> read_external(const tensor_proto& proto, dtype type, extents dims);
  result<storage> external_file(std::string_view location);
  status scatter(const sparse_tensor_proto& proto, const tensor& values, const tensor& dense);

  storage file_;
  std::optional<std::string> folder_;
  std::optional<external_data_function> resolver_;
  std::int64_t max_dense_bytes_ = std::int64_t{1} << 30;
  std::vector<std::pair<std::string, storage>> externals_;
};

/// Bytes that `count` elements take in a file; types below 8 bits are packed.
constexpr std::int64_t packed_bytes(dtype type, std::int64_t count) {
  const auto bits = static_cast<std::int64_t>(bits_of(type));
  return bits >= 8 ? count * (bits / 8) : (count + 8 / bits - 1) / (8 / bits);
}

}  // namespace tenon::inline v0::onnx

#ifndef TENON_COMPILED
#include "tenon/impl/onnx_tensor.hpp"
#endif
