#pragma once

#include "tenon/core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0 {

/// A file in a ZIP archive; its name is only a key and never becomes a path.
struct zip_entry {
  std::string name;
  std::uint64_t offset = 0;        ///< of the local header
  std::uint64_t packed_bytes = 0;  ///< in the archive
  std::uint64_t bytes = 0;         ///< unpacked
  std::uint32_t crc = 0;           ///< of the unpacked data
  std::uint16_t method = 0;        ///< 0 stored, 8 deflate
};

/// Reads a ZIP or ZIP64 archive from memory that outlives it; unique names, no encryption.
class zip_reader {
 public:
  static result<zip_reader> open(std::span<const std::byte> archive);

  const std::vector<zip_entry>& entries() const { return entries_; }

  /// The entry of that name, or null.
  const zip_entry* find(std::string_view name) const;

  /// Where the packed data of an entry lies.
  result<std::span<const std::byte>> packed(const zip_entry& entry) const;

  /// The unpacked data with its CRC checked; `resource` above `max_bytes`.
  result<std::string> read(const zip_entry& entry,
                           std::uint64_t max_bytes = std::uint64_t{1} << 36) const;

 private:
  std::span<const std::byte> archive_;
  std::vector<zip_entry> entries_;
  std::vector<std::size_t> by_name_;  // places in `entries_`, sorted by name
};

/// Builds a ZIP archive of stored entries in memory; ZIP64 where sizes ask for it.
class zip_writer {
 public:
  void add(std::string_view name, std::string_view data);

  /// The whole archive; nothing may be added afterwards.
  std::string finish() &&;

 private:
  std::string out_;
  std::vector<zip_entry> entries_;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/formats_zip.hpp"
#endif
