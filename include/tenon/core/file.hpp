#pragma once

#include "tenon/core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tenon::inline v0 {

/// How a path given by the user is opened.
struct open_options {
  bool follow_links = true;  ///< false refuses a symbolic link as the last component
};

/// An open regular file: a descriptor that closes itself, its size in bytes and its name.
class open_file {
 public:
  open_file() = default;

  open_file(int descriptor, std::uint64_t bytes, std::string path)
      : descriptor_(descriptor), bytes_(bytes), path_(std::move(path)) {}

  open_file(open_file&& other) noexcept { *this = std::move(other); }

  open_file& operator=(open_file&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(bytes_, other.bytes_);
    path_.swap(other.path_);
    return *this;
  }

  ~open_file();

  int descriptor() const { return descriptor_; }

  std::uint64_t size() const { return bytes_; }

  const std::string& path() const { return path_; }

 private:
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  std::string path_;
};

/// Opens a regular file to read; `io` names the path and what the system said.
result<open_file> open_to_read(std::string_view path, open_options options = {});

/// Opens `location` below `folder`: plain components and no link, otherwise `external_data`.
result<open_file> open_beneath(std::string_view folder, std::string_view location);

/// A whole regular file mapped read-only; it must not shrink while it is mapped.
class mapped_file {
 public:
  mapped_file() = default;

  mapped_file(mapped_file&& other) noexcept { *this = std::move(other); }

  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    path_.swap(other.path_);
    return *this;
  }

  ~mapped_file();

  /// Maps the file at `path`; an empty file, a folder, a device or a pipe is an `io` error.
  static result<mapped_file> open(std::string_view path, open_options options = {});

  /// Maps an open file, which may be closed afterwards.
  static result<mapped_file> map(const open_file& file);

  std::size_t size() const { return bytes_; }

  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(data_), bytes_};
  }

  const std::string& path() const { return path_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::string path_;
};

/// The content of a regular file; `resource` when it has more than `max_bytes`.
result<std::string> read_file(std::string_view path,
                              std::uint64_t max_bytes = std::uint64_t{1} << 40);

/// Writes a file whose path holds the old or the whole new content, also after a crash.
class atomic_file {
 public:
  atomic_file() = default;

  atomic_file(atomic_file&& other) noexcept { *this = std::move(other); }

  atomic_file& operator=(atomic_file&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    path_.swap(other.path_);
    target_.swap(other.target_);
    temporary_.swap(other.temporary_);
    return *this;
  }

  /// Removes what was written unless it was committed.
  ~atomic_file();

  /// Starts a file that will replace `path`; a symbolic link at `path` is followed.
  static result<atomic_file> create(std::string_view path);

  status write(std::span<const std::byte> bytes);

  status write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

  /// Flushes to the disk and closes; nothing may be written afterwards. Many finished files can wait for their commit:
  /// they hold no descriptor.
  status finish();

  /// Finishes and puts the file in place.
  status commit();

 private:
  error broken(std::string_view what) const;

  int descriptor_ = -1;
  std::string path_;       ///< as the user gave it
  std::string target_;     ///< the path from the root, a symbolic link followed
  std::string temporary_;  ///< beside the target; empty once it is in place
};

/// Replaces the content of `path` in one step.
status write_file(std::string_view path, std::span<const std::byte> bytes);

inline status write_file(std::string_view path, std::string_view text) {
  return write_file(path, std::as_bytes(std::span(text)));
}

namespace file_detail {

/// Opens a checked relative location by one openat2 call; no value when the kernel lacks it.
result<int> open_beneath_by_openat2(int folder, const std::string& location, bool& available);

/// Opens a checked relative location one component at a time.
result<int> open_beneath_by_walk(int folder, const std::string& location);

}  // namespace file_detail

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/core_file.hpp"
#endif
