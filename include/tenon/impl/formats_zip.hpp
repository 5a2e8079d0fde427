#pragma once

#include "tenon/formats/inflate.hpp"
#include "tenon/formats/zip.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace tenon::inline v0 {

namespace zip_detail {

inline constexpr std::uint32_t local_mark = 0x04034b50;
inline constexpr std::uint32_t central_mark = 0x02014b50;
inline constexpr std::uint32_t end_mark = 0x06054b50;
inline constexpr std::uint32_t end64_mark = 0x06064b50;
inline constexpr std::uint32_t locator64_mark = 0x07064b50;
inline constexpr std::uint64_t in_zip64 = 0xFFFFFFFF;  // the real number is in an extra field

inline error broken(std::string_view what) {
  return fail(code::format, "zip: ", what);
}

/// A little-endian number of `count` bytes; the caller knows that they are there.
inline std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t at, unsigned count) {
  std::uint64_t out = 0;
  for (unsigned i = 0; i < count; ++i)
    out |= std::uint64_t{std::to_integer<unsigned char>(bytes[at + i])} << (8 * i);
  return out;
}

inline bool holds(std::span<const std::byte> bytes, std::uint64_t at, std::uint64_t count) {
  return at <= bytes.size() && count <= bytes.size() - at;
}

inline std::string_view text_at(std::span<const std::byte> bytes,
                                std::size_t at,
                                std::size_t count) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, count};
}

/// Where the list of entries lies.
struct directory {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;
};

/// The record that ends the archive, searched from behind over its comment.
inline std::optional<std::size_t> end_of(std::span<const std::byte> archive) {
  constexpr std::size_t record = 22;
  if (archive.size() < record) return std::nullopt;
  const std::size_t last = archive.size() - record;
  for (std::size_t back = 0; back <= std::min<std::size_t>(last, 0xFFFF); ++back)
    if (number_at(archive, last - back, 4) == end_mark &&
        number_at(archive, last - back + 20, 2) == back)
      return last - back;
  return std::nullopt;
}

inline result<directory> directory_of(std::span<const std::byte> archive) {
  const auto end = end_of(archive);
  if (!end) return broken("is no archive or is cut short: no end record");
  directory out{number_at(archive, *end + 10, 2), number_at(archive, *end + 12, 4),
                number_at(archive, *end + 16, 4)};
  std::uint64_t disks = number_at(archive, *end + 4, 2) | number_at(archive, *end + 6, 2);
  if (*end >= 20 && number_at(archive, *end - 20, 4) == locator64_mark) {
    const std::uint64_t at = number_at(archive, *end - 12, 8);
    if (!holds(archive, at, 56) ||
        number_at(archive, static_cast<std::size_t>(at), 4) != end64_mark)
      return broken("the ZIP64 end record is missing");
    const auto begin = static_cast<std::size_t>(at);
    disks = number_at(archive, begin + 16, 4) | number_at(archive, begin + 20, 4);
    out = {number_at(archive, begin + 32, 8), number_at(archive, begin + 40, 8),
           number_at(archive, begin + 48, 8)};
  }
  if (disks != 0) return broken("spans several disks: expected one");
  if (!holds(archive, out.offset, out.bytes)) return broken("the list of entries lies outside");
  if (out.count > out.bytes / 46)
    return broken(cat("claims ", out.count, " entries in a list of ", out.bytes, " bytes"));
  return out;
}

/// Replaces numbers that did not fit by those of the ZIP64 extra field.
inline status widen(zip_entry& entry, std::span<const std::byte> extra) {
  std::uint64_t* const wide[] = {&entry.bytes, &entry.packed_bytes, &entry.offset};
  if (std::none_of(std::begin(wide), std::end(wide), [](auto* n) { return *n == in_zip64; }))
    return {};
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const std::uint64_t tag = number_at(extra, at, 2);
    const auto bytes = static_cast<std::size_t>(number_at(extra, at + 2, 2));
    at += 4;
    if (bytes > extra.size() - at) break;
    std::span<const std::byte> field = extra.subspan(at, bytes);
    at += bytes;
    if (tag != 1) continue;
    for (std::uint64_t* const number : wide) {
      if (*number != in_zip64) continue;
      if (field.size() < 8) return broken("a ZIP64 field is cut short");
      *number = number_at(field, 0, 8);
      field = field.subspan(8);
    }
    return {};
  }
  return broken("a ZIP64 field is missing");
}

/// Reads the entry at the front of `list` and removes it.
inline result<zip_entry> take_entry(std::span<const std::byte>& list) {
  if (list.size() < 46 || number_at(list, 0, 4) != central_mark)
    return broken("the list of entries is damaged");
  const auto name_bytes = static_cast<std::size_t>(number_at(list, 28, 2));
  const auto extra_bytes = static_cast<std::size_t>(number_at(list, 30, 2));
  const auto comment_bytes = static_cast<std::size_t>(number_at(list, 32, 2));
  if (!holds(list, 46, name_bytes + extra_bytes + comment_bytes))
    return broken("the list of entries is cut short");
  zip_entry out;
  out.name = text_at(list, 46, name_bytes);
  out.method = static_cast<std::uint16_t>(number_at(list, 10, 2));
  out.crc = static_cast<std::uint32_t>(number_at(list, 16, 4));
  out.packed_bytes = number_at(list, 20, 4);
  out.bytes = number_at(list, 24, 4);
  out.offset = number_at(list, 42, 4);
  if ((number_at(list, 8, 2) & 0x2041) != 0)
    return fail(code::unsupported, "zip: entry ", quoted(out.name), " is encrypted");
  TENON_TRY(widen(out, list.subspan(46 + name_bytes, extra_bytes)));
  list = list.subspan(46 + name_bytes + extra_bytes + comment_bytes);
  return out;
}

/// Refuses more packed data than the archive is long: entries that share data.
inline status check_total(const std::vector<zip_entry>& entries, std::uint64_t archive_bytes) {
  std::uint64_t total = 0;
  for (const zip_entry& entry : entries) {
    if (entry.packed_bytes > archive_bytes - total)
      return broken(cat("entry ", quoted(entry.name), " claims ", entry.packed_bytes,
                        " packed bytes: more than the archive can hold"));
    total += entry.packed_bytes;
  }
  return {};
}

inline void put(std::string& out, std::uint64_t number, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

inline std::uint64_t narrow(std::uint64_t number) {
  return std::min(number, in_zip64);
}

/// The fields that both headers of an entry share, up to the length of the extra field.
inline void put_common(std::string& out, const zip_entry& entry, std::size_t extra_bytes) {
  constexpr std::uint64_t first_day = 0x21;  // 1980-01-01, so that equal content gives equal bytes
  put(out, 45, 2);
  put(out, 0x800, 2);  // names are UTF-8
  put(out, entry.method, 2);
  put(out, 0, 2);
  put(out, first_day, 2);
  put(out, entry.crc, 4);
  put(out, narrow(entry.packed_bytes), 4);
  put(out, narrow(entry.bytes), 4);
  put(out, entry.name.size(), 2);
  put(out, extra_bytes, 2);
}

/// The ZIP64 extra field with the numbers that did not fit.
inline std::string extra_of(const zip_entry& entry, bool with_offset) {
  std::string numbers;
  if (entry.bytes >= in_zip64 || entry.packed_bytes >= in_zip64) {
    put(numbers, entry.bytes, 8);
    put(numbers, entry.packed_bytes, 8);
  }
  if (with_offset && entry.offset >= in_zip64) put(numbers, entry.offset, 8);
  if (numbers.empty()) return numbers;
  std::string out;
  put(out, 1, 2);
  put(out, numbers.size(), 2);
  return out + numbers;
}

inline void put_end(std::string& out, const directory& list) {
  const bool is_wide = list.count >= 0xFFFF || list.bytes >= in_zip64 || list.offset >= in_zip64;
  if (is_wide) {
    const std::uint64_t at = out.size();
    put(out, end64_mark, 4);
    put(out, 44, 8);
    put(out, 45, 2);
    put(out, 45, 2);
    put(out, 0, 8);
    put(out, list.count, 8);
    put(out, list.count, 8);
    put(out, list.bytes, 8);
    put(out, list.offset, 8);
    put(out, locator64_mark, 4);
    put(out, 0, 4);
    put(out, at, 8);
    put(out, 1, 4);
  }
  put(out, end_mark, 4);
  put(out, 0, 4);
  put(out, std::min<std::uint64_t>(list.count, 0xFFFF), 2);
  put(out, std::min<std::uint64_t>(list.count, 0xFFFF), 2);
  put(out, narrow(list.bytes), 4);
  put(out, narrow(list.offset), 4);
  put(out, 0, 2);
}

}  // namespace zip_detail

TENON_INLINE result<zip_reader> zip_reader::open(std::span<const std::byte> archive) {
  using namespace zip_detail;
  TENON_TRY(const directory list, directory_of(archive));
  zip_reader out;
  out.archive_ = archive;
  auto rest =
      archive.subspan(static_cast<std::size_t>(list.offset), static_cast<std::size_t>(list.bytes));
  for (std::uint64_t i = 0; i < list.count; ++i) {
    TENON_TRY(zip_entry entry, take_entry(rest));
    out.entries_.push_back(std::move(entry));
  }
  TENON_TRY(check_total(out.entries_, archive.size()));
  const auto name = [&](std::size_t i) -> const std::string& { return out.entries_[i].name; };
  out.by_name_.resize(out.entries_.size());
  std::iota(out.by_name_.begin(), out.by_name_.end(), std::size_t{0});
  std::sort(out.by_name_.begin(), out.by_name_.end(),
            [&](std::size_t a, std::size_t b) { return name(a) < name(b); });
  const auto twin =
      std::adjacent_find(out.by_name_.begin(), out.by_name_.end(),
                         [&](std::size_t a, std::size_t b) { return name(a) == name(b); });
  if (twin != out.by_name_.end())
    return broken(cat("two entries have the name ", quoted(name(*twin))));
  return out;
}

TENON_INLINE const zip_entry* zip_reader::find(std::string_view name) const {
  const auto at = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [&](std::size_t i, std::string_view wanted) { return entries_[i].name < wanted; });
  return at != by_name_.end() && entries_[*at].name == name ? &entries_[*at] : nullptr;
}

TENON_INLINE result<std::span<const std::byte>> zip_reader::packed(const zip_entry& entry) const {
  using namespace zip_detail;
  const auto damaged = [&](std::string_view what) {
    return broken(cat("entry ", quoted(entry.name), ": ", what));
  };
  if (!holds(archive_, entry.offset, 30)) return damaged("its header lies outside the archive");
  const auto at = static_cast<std::size_t>(entry.offset);
  if (number_at(archive_, at, 4) != local_mark) return damaged("its header is damaged");
  const auto name_bytes = static_cast<std::size_t>(number_at(archive_, at + 26, 2));
  const std::size_t begin =
      at + 30 + name_bytes + static_cast<std::size_t>(number_at(archive_, at + 28, 2));
  if (!holds(archive_, begin, entry.packed_bytes))
    return damaged("its data lies outside the archive");
  if (text_at(archive_, at + 30, name_bytes) != entry.name)
    return damaged("its header has another name");
  return archive_.subspan(begin, static_cast<std::size_t>(entry.packed_bytes));
}

TENON_INLINE result<std::string> zip_reader::read(const zip_entry& entry,
                                                  std::uint64_t max_bytes) const {
  const auto where = [&] { return cat("zip: entry ", quoted(entry.name)); };
  if (entry.bytes > max_bytes)
    return fail(code::resource, where(), ": has ", entry.bytes, " bytes: expected at most ",
                max_bytes);
  TENON_TRY(const std::span<const std::byte> data, packed(entry));
  if (entry.method != 0 && entry.method != 8)
    return fail(code::unsupported, where(), ": is packed by method ", entry.method,
                ": expected stored (0) or deflate (8)");
  if (entry.method == 0 && entry.bytes != entry.packed_bytes)
    return fail(code::format, where(), ": is stored with ", entry.packed_bytes, " bytes: expected ",
                entry.bytes);
  result<std::string> out =
      entry.method == 8 ? inflate(data, entry.bytes)
                        : std::string(reinterpret_cast<const char*>(data.data()), data.size());
  if (!out) return std::move(out).failure().in(where());
  if (crc32_of(std::as_bytes(std::span(*out))) != entry.crc)
    return fail(code::format, where(), ": is damaged: its CRC-32 differs");
  return out;
}

TENON_INLINE void zip_writer::add(std::string_view name, std::string_view data) {
  using namespace zip_detail;
  TENON_CHECK(name.size() <= 0xFFFF);
  zip_entry entry;
  entry.name = name;
  entry.offset = out_.size();
  entry.packed_bytes = entry.bytes = data.size();
  entry.crc = crc32_of(std::as_bytes(std::span(data)));
  const std::string extra = extra_of(entry, false);
  put(out_, local_mark, 4);
  put_common(out_, entry, extra.size());
  ((out_ += name) += extra) += data;
  entries_.push_back(std::move(entry));
}

TENON_INLINE std::string zip_writer::finish() && {
  using namespace zip_detail;
  directory list{entries_.size(), 0, out_.size()};
  for (const zip_entry& entry : entries_) {
    const std::string extra = extra_of(entry, true);
    put(out_, central_mark, 4);
    put(out_, 45, 2);
    put_common(out_, entry, extra.size());
    put(out_, 0, 8);  // comment, disk and attributes
    put(out_, 0, 2);
    put(out_, narrow(entry.offset), 4);
    (out_ += entry.name) += extra;
  }
  list.bytes = out_.size() - list.offset;
  put_end(out_, list);
  return std::move(out_);
}

}  // namespace tenon::inline v0
