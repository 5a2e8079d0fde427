#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/mapped_storage.hpp"
#include "tenon/formats/torch/import.hpp"
#include "tenon/formats/torch/importer.hpp"
#include "tenon/ops/list.hpp"

namespace tenon::inline v0 {

namespace pt2 {

inline result<ir::graph> read_archive(std::span<const std::byte> bytes,
                                      storage file,
                                      const import_options& options) {
  TENON_TRY(archive files, archive::open(bytes, std::move(file)));
  const std::string path = cat("models/", files.model(), ".json");
  const auto read = [&]() -> result<ir::graph> {
    TENON_TRY(const std::string text, files.read(path));
    TENON_TRY(const json_document json, json_document::parse(text));
    TENON_TRY(const program decoded, decode_program(json.root()));
    return importer(decoded, files, ops::all_ops(), options).run();
  };
  auto out = read();
  if (!out) return std::move(out).failure().in(printable_name(path));
  return out;
}

}  // namespace pt2

TENON_INLINE result<ir::graph> load_torch(std::string_view path,
                                          const pt2::import_options& options) {
  auto file = mapped_file::open(path);
  if (!file) return std::move(file).failure().in("torch");
  const auto bytes = file->bytes();
  auto out = pt2::read_archive(bytes, storage_of(*std::move(file)), options);
  if (!out) return std::move(out).failure().in(cat("torch: ", printable_name(path)));
  out->metadata.file = std::string(path);
  return out;
}

TENON_INLINE result<ir::graph> load_torch(std::span<const std::byte> bytes,
                                          const pt2::import_options& options) {
  auto out = pt2::read_archive(bytes, {}, options);
  if (!out) return std::move(out).failure().in(cat("torch: ", printable_name(options.name)));
  return out;
}

}  // namespace tenon::inline v0
