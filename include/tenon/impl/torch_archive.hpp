#pragma once

#include "tenon/core/machine_memory.hpp"
#include "tenon/core/safe_math.hpp"
#include "tenon/formats/inflate.hpp"
#include "tenon/formats/torch/archive.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

namespace tenon::inline v0::pt2 {

static_assert(std::endian::native == std::endian::little);

namespace archive_detail {

inline constexpr std::string_view advice =
    "; export the model again with torch.export.save of torch 2.8 or newer";

/// What an archive without `models/*.json` is.
inline error other_archive(const zip_reader& zip) {
  const auto has = [&](std::string_view part) {
    return std::any_of(zip.entries().begin(), zip.entries().end(), [&](const zip_entry& e) {
      return e.name.ends_with(part) || e.name.find(cat(part, "/")) != e.name.npos;
    });
  };
  if (has("serialized_exported_program.json"))
    return fail(code::unsupported, "is an exported program of a torch before 2.8", advice);
  if (has("data.pkl") && has("code"))
    return fail(code::unsupported, "is a TorchScript archive, whose code is Python", advice);
  if (has("data.pkl"))
    return fail(code::unsupported, "is a pickled checkpoint without a program", advice);
  return fail(code::format, "is a ZIP archive without models/*.json: expected an exported program");
}

/// A weight as a strided view of the elements of its entry.
struct view {
  extents dims;
  std::vector<std::int64_t> strides;
  std::int64_t offset = 0, count = 0;
  std::int64_t end = 0;  ///< elements that the view needs
  bool is_contiguous = true;
};

inline result<view> view_of(const tensor_meta& meta) {
  view out;
  const auto known = [](const sym_int& n) { return n.value && *n.value >= 0; };
  if (meta.sizes.size() != meta.strides.size() || !known(meta.offset) ||
      !std::all_of(meta.sizes.begin(), meta.sizes.end(), known) ||
      !std::all_of(meta.strides.begin(), meta.strides.end(), known))
    return fail(code::tensor_data,
                "sizes, strides and offset: expected numbers from 0, as many strides as sizes");
  for (const sym_int& n : meta.sizes) out.dims.push_back(*n.value);
  for (const sym_int& n : meta.strides) out.strides.push_back(*n.value);
  out.offset = *meta.offset.value;
  const auto count = checked_product(std::span(out.dims.data(), out.dims.size()));
  const auto bytes = count ? checked_mul(*count, 32) : count;
  std::optional<std::int64_t> last = out.offset;
  std::int64_t dense = 1;
  for (std::size_t i = out.dims.size(); count && *count != 0 && i-- > 0;) {
    const auto reach = checked_mul(out.dims[i] - 1, out.strides[i]);
    last = last && reach ? checked_add(*last, *reach) : std::nullopt;
    if (out.dims[i] != 1 && out.strides[i] != dense) out.is_contiguous = false;
    dense *= out.dims[i];
  }
  const auto end = last ? checked_add(*last, 1) : last;
  const auto end_bytes = end ? checked_mul(*end, 32) : end;
  if (!bytes || !end_bytes)
    return fail(code::tensor_data, "sizes ", bracketed(out.dims), " with strides ",
                bracketed(out.strides), " from ", out.offset, " outgrow 64 bits");
  out.count = *count;
  out.end = *count == 0 ? 0 : *end;
  return out;
}

/// Copies the elements of a view in row-major order.
inline void gather(const view& v, std::size_t width, const std::byte* from, std::byte* to) {
  std::vector<std::int64_t> index(v.dims.size(), 0);
  std::int64_t at = v.offset;
  for (std::int64_t n = 0; n < v.count; ++n, to += width) {
    std::memcpy(to, from + static_cast<std::size_t>(at) * width, width);
    for (std::size_t a = v.dims.size(); a-- > 0;) {
      at += v.strides[a];
      if (++index[a] < v.dims[a]) break;
      at -= v.dims[a] * v.strides[a];
      index[a] = 0;
    }
  }
}

}  // namespace archive_detail

TENON_INLINE result<archive> archive::open(std::span<const std::byte> bytes, storage file) {
  archive out;
  TENON_TRY(out.zip_, zip_reader::open(bytes));
  out.file_ = std::move(file);
  std::vector<std::string_view> models;
  for (const zip_entry& entry : out.zip_.entries()) {
    const std::string_view name = entry.name;
    const std::size_t folder = name.rfind("models/");
    if (folder == name.npos || !name.ends_with(".json")) continue;
    if (folder != 0 && name[folder - 1] != '/') continue;
    if (name.find('/', folder + 7) != name.npos) continue;
    models.push_back(name);
    out.root_ = name.substr(0, folder);
    out.model_ = name.substr(folder + 7, name.size() - folder - 12);
  }
  if (models.empty()) return archive_detail::other_archive(out.zip_);
  if (models.size() > 1)
    return fail(code::unsupported, "has ", models.size(), " programs such as ", quoted(models[0]),
                ": expected one");
  if (out.contains("byteorder")) {
    TENON_TRY(const std::string order, out.read("byteorder"));
    if (order != "little")
      return fail(code::unsupported, "byte order is ", quoted(order), ": expected 'little'");
  }
  return out;
}

TENON_INLINE std::string_view archive::name() const {
  const std::string_view root = root_;
  return root.empty() ? std::string_view(model_) : root.substr(0, root.find('/'));
}

TENON_INLINE result<std::string> archive::read(std::string_view path) const {
  const zip_entry* entry = zip_.find(cat(root_, path));
  if (!entry) return fail(code::format, "file ", quoted(path), " is not in the archive");
  return zip_.read(*entry, std::uint64_t{1} << 30);
}

TENON_INLINE result<archive::content> archive::content_of(std::string_view path) {
  if (const auto known = contents_.find(std::string(path)); known != contents_.end())
    return known->second;
  const zip_entry* entry = zip_.find(cat(root_, path));
  if (!entry) return fail(code::tensor_data, "file ", quoted(path), " is not in the archive");
  content out;
  if (entry->method == 0) {
    TENON_TRY(out.bytes, zip_.packed(*entry));
    if (out.bytes.size() != entry->bytes || crc32_of(out.bytes) != entry->crc)
      return fail(code::format, "file ", quoted(path), " is damaged: its CRC-32 differs");
    out.owner = file_;
  } else {
    TENON_TRY(const std::string unpacked, zip_.read(*entry));
    TENON_TRY(take_memory(static_cast<std::int64_t>(unpacked.size())));
    out.owner = storage::allocate(unpacked.size());
    if (!out.owner) return fail(code::resource, "no memory for ", unpacked.size(), " bytes");
    if (!unpacked.empty()) std::memcpy(out.owner.data(), unpacked.data(), unpacked.size());
    out.bytes = {out.owner.data(), unpacked.size()};
  }
  contents_.emplace(path, out);
  return out;
}

TENON_INLINE result<tensor> archive::weight(std::string_view folder,
                                            const payload& at,
                                            std::int64_t max_dense_bytes) {
  if (at.is_pickled || !at.meta)
    return fail(code::unsupported, "is pickled: expected the raw bytes of a plain tensor");
  const dtype type = at.meta->type;
  if (type == dtype::undefined) return fail(code::unsupported, "its element type is not supported");
  TENON_TRY(archive_detail::view v, archive_detail::view_of(*at.meta));
  TENON_TRY(const content data, content_of(cat(folder, at.path)));
  const std::size_t width = size_of(type);
  const auto needed = static_cast<std::uint64_t>(v.end) * width;
  if (needed > data.bytes.size())
    return fail(code::tensor_data, "file ", quoted(at.path), " has ", data.bytes.size(),
                " bytes: expected ", needed, " for ", name_of(type), bracketed(v.dims));
  const std::byte* first =
      data.bytes.data() + (v.count == 0 ? 0 : static_cast<std::size_t>(v.offset) * width);
  const bool is_aligned =
      reinterpret_cast<std::uintptr_t>(first) % std::min<std::size_t>(width, 8) == 0;
  if (v.is_contiguous && v.count != 0 && data.owner && is_aligned && type != dtype::boolean)
    return tensor::over(type, std::move(v.dims), data.owner,
                        static_cast<std::size_t>(first - data.owner.data()));
  const std::int64_t dense = v.count * static_cast<std::int64_t>(width);
  if (dense > max_dense_bytes && static_cast<std::uint64_t>(dense) > data.bytes.size())
    return fail(code::resource, "takes ", dense, " bytes from a file of ", data.bytes.size(),
                ": expected at most ", max_dense_bytes);
  TENON_TRY(tensor out, tensor::make(type, v.dims));
  if (!v.is_contiguous)
    archive_detail::gather(v, width, data.bytes.data(), out.bytes());
  else if (v.count != 0)
    std::memcpy(out.bytes(), first, static_cast<std::size_t>(dense));
  if (type == dtype::boolean)
    for (std::uint8_t& b : out.elements<std::uint8_t>()) b = b != 0;
  return out;
}

}  // namespace tenon::inline v0::pt2
