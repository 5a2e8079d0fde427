#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/npy.hpp"
#include "tenon/formats/npz.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace tenon::inline v0 {

namespace npz_detail {

inline constexpr std::string_view suffix = ".npy";

inline std::string where(std::string_view name) {
  return cat(printable_name(name), ": npz");
}

}  // namespace npz_detail

TENON_INLINE result<npz_reader> npz_reader::open(std::span<const std::byte> bytes,
                                                 std::string_view name) {
  auto archive = zip_reader::open(bytes);
  if (!archive) return std::move(archive).failure().in(npz_detail::where(name));
  npz_reader out;
  out.name_ = name;
  out.archive_ = *std::move(archive);
  for (const zip_entry& entry : out.archive_.entries())
    if (entry.name.ends_with(npz_detail::suffix))
      out.keys_.push_back(entry.name.substr(0, entry.name.size() - npz_detail::suffix.size()));
  return out;
}

TENON_INLINE bool npz_reader::contains(std::string_view key) const {
  return archive_.find(cat(key, npz_detail::suffix)) != nullptr;
}

TENON_INLINE result<tensor> npz_reader::read(std::string_view key,
                                             std::optional<dtype> expected) const {
  const zip_entry* entry = archive_.find(cat(key, npz_detail::suffix));
  if (entry == nullptr)
    return fail(code::input, npz_detail::where(name_), ": there is no array ", quoted(key));
  auto content = archive_.read(*entry);
  if (!content) return std::move(content).failure().in(npz_detail::where(name_));
  return read_npy(std::as_bytes(std::span(*content)),
                  cat(npz_detail::where(name_), ": ", quoted(key)), expected);
}

TENON_INLINE result<std::vector<npz_array>> read_npz(std::span<const std::byte> bytes,
                                                     std::string_view name) {
  TENON_TRY(const npz_reader reader, npz_reader::open(bytes, name));
  std::vector<npz_array> out;
  for (const std::string& key : reader.keys()) {
    TENON_TRY(tensor value, reader.read(key));
    out.push_back({key, std::move(value)});
  }
  return out;
}

TENON_INLINE result<std::vector<tensor>> read_npz_sequence(std::span<const std::byte> bytes,
                                                           std::string_view name,
                                                           std::optional<dtype> expected) {
  TENON_TRY(const npz_reader reader, npz_reader::open(bytes, name));
  std::vector<tensor> out;
  for (std::size_t i = 0; i < reader.keys().size(); ++i) {
    const std::string key = cat(i);
    if (!reader.contains(key))
      return fail(code::input, npz_detail::where(name), ": there is no array ", quoted(key),
                  ": expected the keys 0 to ", reader.keys().size() - 1, " of a sequence");
    TENON_TRY(tensor value, reader.read(key, expected));
    out.push_back(std::move(value));
  }
  return out;
}

TENON_INLINE result<std::vector<npz_array>> load_npz(std::string_view path, std::string_view name) {
  const std::string_view shown = name.empty() ? path : name;
  auto content = read_file(path);
  if (!content) return std::move(content).failure().in(npz_detail::where(shown));
  return read_npz(std::as_bytes(std::span(*content)), shown);
}

TENON_INLINE result<std::string> npz_bytes(std::span<const npz_array> arrays) {
  zip_writer out;
  std::vector<std::string_view> keys;
  for (const npz_array& array : arrays) {
    if (array.key.size() > 0xF000)
      return fail(code::input, "npz: key ", quoted(array.key), " has ", array.key.size(),
                  " bytes: expected at most ", 0xF000);
    auto content = npy_bytes(array.value);
    if (!content) return std::move(content).failure().in(cat("npz: ", quoted(array.key)));
    out.add(cat(array.key, npz_detail::suffix), *content);
    keys.push_back(array.key);
  }
  std::sort(keys.begin(), keys.end());
  const auto twin = std::adjacent_find(keys.begin(), keys.end());
  if (twin != keys.end()) return fail(code::input, "npz: two arrays have the key ", quoted(*twin));
  return std::move(out).finish();
}

TENON_INLINE result<std::string> npz_sequence_bytes(std::span<const tensor> items) {
  std::vector<npz_array> arrays;
  for (const tensor& item : items) arrays.push_back({cat(arrays.size()), item});
  return npz_bytes(arrays);
}

TENON_INLINE status save_npz(std::string_view path, std::span<const npz_array> arrays) {
  TENON_TRY(const std::string content, npz_bytes(arrays));
  return write_file(path, content);
}

}  // namespace tenon::inline v0
