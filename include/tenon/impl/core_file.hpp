#pragma once

#include "tenon/core/file.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>
#include <optional>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace tenon::inline v0 {

namespace file_detail {

inline constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/// `Permission denied (errno 13)`
inline std::string system_text(int number) {
  char buffer[128] = "unknown error";
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
  const char* text = ::strerror_r(number, buffer, sizeof buffer);
#else
  ::strerror_r(number, buffer, sizeof buffer);
  const char* text = buffer;
#endif
  return cat(text, " (errno ", number, ")");
}

inline code kind_of(int number) {
  return number == ENOMEM || number == EMFILE || number == ENFILE ? code::resource : code::io;
}

inline error system_error(std::string_view path, std::string_view what, int number) {
  return fail(kind_of(number), "file ", quoted(path), ": ", what, ": ", system_text(number));
}

/// Runs a system call again while signals interrupt it.
template <class Call> auto uninterrupted(Call call) {
  auto out = call();
  while (out < 0 && errno == EINTR) out = call();
  return out;
}

inline void close_quietly(int descriptor) {
  if (descriptor >= 0) ::close(descriptor);
}

inline std::string_view type_name(mode_t mode) {
  return S_ISDIR(mode)    ? "a folder"
         : S_ISFIFO(mode) ? "a pipe"
         : S_ISCHR(mode)  ? "a character device"
         : S_ISBLK(mode)  ? "a block device"
         : S_ISSOCK(mode) ? "a socket"
                          : "no regular file";
}

inline result<std::string> checked_path(std::string_view path) {
  if (path.empty()) return fail(code::io, "file '': the path is empty");
  if (path.find('\0') != path.npos)
    return fail(code::io, "file ", quoted(path), ": the path contains a zero byte");
  return std::string(path);
}

/// Takes over a descriptor that must be a regular file.
inline result<open_file> examined(int descriptor, std::string path, nlink_t max_links) {
  struct stat facts {};

  std::optional<error> refusal;
  if (::fstat(descriptor, &facts) != 0)
    refusal = system_error(path, "cannot be examined", errno);
  else if (!S_ISREG(facts.st_mode))
    refusal = fail(code::io, "file ", quoted(path), ": is ", type_name(facts.st_mode),
                   ": expected a regular file");
  else if (facts.st_nlink > max_links)
    refusal = fail(code::io, "file ", quoted(path), ": has ", facts.st_nlink,
                   " names (hard links): expected ", max_links);
  if (!refusal) return open_file(descriptor, static_cast<std::uint64_t>(facts.st_size), path);
  ::close(descriptor);
  return *std::move(refusal);
}

/// Reads up to `bytes` bytes; fewer only at the end of the file.
inline result<std::size_t> read_fully(const open_file& file, char* out, std::size_t bytes) {
  std::size_t have = 0;
  while (have < bytes) {
    const auto got =
        uninterrupted([&] { return ::read(file.descriptor(), out + have, bytes - have); });
    if (got < 0) return system_error(file.path(), "cannot be read", errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

inline error outside(std::string_view location, std::string_view what) {
  return fail(code::external_data, "external data ", quoted(location), ": ", what,
              "; expected a plain file in or below the folder of the model");
}

/// Refuses every spelling but `a/b/c` with plain components.
inline status check_location(std::string_view location) {
  if (location.empty()) return outside(location, "the location is empty");
  if (location.find('\0') != location.npos)
    return outside(location, "the location contains a zero byte");
  if (location.find('\\') != location.npos)
    return outside(location, "the location contains a backslash");
  if (location.front() == '/') return outside(location, "the location is an absolute path");
  if (location.size() >= PATH_MAX) return outside(location, "the location is too long");
  for (std::size_t at = 0; at <= location.size();) {
    const std::size_t end = std::min(location.find('/', at), location.size());
    const std::string_view part = location.substr(at, end - at);
    if (part.empty()) return outside(location, "the location has an empty component");
    if (part == "." || part == "..")
      return outside(location, cat("the location has a component '", part, "'"));
    at = end + 1;
  }
  return {};
}

inline error beneath_error(std::string_view location, int number) {
  if (number == ELOOP || number == EXDEV)
    return outside(location, "the location passes through a symbolic link");
  return fail(kind_of(number) == code::io ? code::external_data : code::resource, "external data ",
              quoted(location), ": cannot be opened: ", system_text(number));
}

TENON_INLINE result<int> open_beneath_by_openat2(int folder,
                                                 const std::string& location,
                                                 bool& available) {
  available = false;
#ifdef __linux__
  struct {
    std::uint64_t flags;
    std::uint64_t mode;
    std::uint64_t resolve;
  } how{read_flags | O_NOFOLLOW, 0, 0x02 | 0x04 | 0x08};  // no magic links, no links, beneath

  constexpr long openat2_number = 437;
  long out = -1;
  for (int attempt = 0; attempt < 16; ++attempt) {
    out = ::syscall(openat2_number, folder, location.c_str(), &how, sizeof how);
    if (out >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  available = out >= 0 || (errno != ENOSYS && errno != EPERM && errno != EINVAL && errno != E2BIG &&
                           errno != EAGAIN);
  if (out >= 0) return static_cast<int>(out);
  return beneath_error(location, errno);
#else
  static_cast<void>(folder);
  return beneath_error(location, ENOSYS);
#endif
}

TENON_INLINE result<int> open_beneath_by_walk(int folder, const std::string& location) {
  int at = folder;
  for (std::size_t begin = 0; begin <= location.size();) {
    const std::size_t end = std::min(location.find('/', begin), location.size());
    const std::string part = location.substr(begin, end - begin);
    const int flags = read_flags | O_NOFOLLOW | (end < location.size() ? O_DIRECTORY : 0);
    const int next = uninterrupted([&] { return ::openat(at, part.c_str(), flags); });
    int number = errno;

    struct stat facts {};

    if (next < 0 && number == ENOTDIR &&
        ::fstatat(at, part.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(facts.st_mode))
      number = ELOOP;
    if (at != folder) ::close(at);
    if (next < 0) return beneath_error(location, number);
    at = next;
    begin = end + 1;
  }
  return at;
}

/// The path a symbolic link leads to, or the path itself when there is none.
inline result<std::string> followed(const std::string& path) {
  struct stat facts {};

  if (::lstat(path.c_str(), &facts) != 0 || !S_ISLNK(facts.st_mode)) return path;
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return system_error(path, "the symbolic link leads nowhere", errno);
  std::string out = real;
  std::free(real);
  return out;
}

/// The path from the root, which stays the same when the process changes its folder.
inline result<std::string> absolute(std::string path) {
  if (path.front() == '/') return path;
  char* folder = ::getcwd(nullptr, 0);
  if (folder == nullptr) return system_error(path, "its folder has no path", errno);
  std::string out = cat(folder, "/", path);
  std::free(folder);
  return out;
}

/// Creates `<target>.<random>.tmp` for an absolute path; a long name is cut to leave room.
inline int create_temporary(const std::string& target, mode_t mode, std::string& made) {
  struct timespec now {};

  const std::size_t name = target.rfind('/') + 1;
  for (unsigned attempt = 0; attempt < 100; ++attempt) {
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    made = cat(target.substr(0, name + 200), ".", static_cast<long>(::getpid()), "-",
               static_cast<long>(now.tv_nsec) + attempt, ".tmp");
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    const int out = uninterrupted([&] { return ::open(made.c_str(), flags, mode); });
    if (out >= 0 || errno != EEXIST) return out;
  }
  return -1;
}

/// Flushes the names in the folder of the absolute `path`, where the folder may be read and the file system can.
inline bool flush_folder_of(const std::string& path) {
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  const int descriptor =
      uninterrupted([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) return errno == EACCES;
  const open_file owner(descriptor, 0, folder);
  return uninterrupted([&] { return ::fsync(descriptor); }) == 0 || errno == EINVAL ||
         errno == ENOTSUP;
}

}  // namespace file_detail

TENON_INLINE open_file::~open_file() {
  file_detail::close_quietly(descriptor_);
}

TENON_INLINE result<open_file> open_to_read(std::string_view path, open_options options) {
  using namespace file_detail;
  TENON_TRY(std::string name, checked_path(path));
  const int flags = read_flags | (options.follow_links ? 0 : O_NOFOLLOW);
  const int descriptor = uninterrupted([&] { return ::open(name.c_str(), flags); });
  if (descriptor < 0 && errno == ELOOP && !options.follow_links)
    return fail(code::io, "file ", quoted(path), ": is a symbolic link: expected a regular file");
  if (descriptor < 0) return system_error(path, "cannot be opened", errno);
  return examined(descriptor, std::move(name), std::numeric_limits<nlink_t>::max());
}

TENON_INLINE result<open_file> open_beneath(std::string_view folder, std::string_view location) {
  using namespace file_detail;
  TENON_TRY(check_location(location));
  TENON_TRY(const std::string base, checked_path(folder.empty() ? "." : folder));
  const int base_descriptor =
      uninterrupted([&] { return ::open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (base_descriptor < 0) return system_error(base, "the folder cannot be opened", errno);
  const open_file base_owner(base_descriptor, 0, base);
  const std::string name(location);
  bool available = false;
  result<int> found = open_beneath_by_openat2(base_descriptor, name, available);
  if (!available) found = open_beneath_by_walk(base_descriptor, name);
  TENON_TRY(const int descriptor, std::move(found));
  auto out = examined(descriptor, name, 1);
  if (!out && out.failure().kind == code::io)
    return fail(code::external_data, "external data: ", out.failure().message);
  return out;
}

TENON_INLINE mapped_file::~mapped_file() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

TENON_INLINE result<mapped_file> mapped_file::map(const open_file& file) {
  using namespace file_detail;
  if (file.size() == 0)
    return fail(code::io, "file ", quoted(file.path()), ": is empty: expected at least one byte");
  if (file.size() > std::numeric_limits<std::size_t>::max() / 2)
    return fail(code::resource, "file ", quoted(file.path()), ": has ", file.size(),
                " bytes: more than the address space");
  const auto bytes = static_cast<std::size_t>(file.size());
  void* data = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (data == MAP_FAILED) return system_error(file.path(), "cannot be mapped", errno);
  mapped_file out;
  out.data_ = data;
  out.bytes_ = bytes;
  out.path_ = file.path();
  return out;
}

TENON_INLINE result<mapped_file> mapped_file::open(std::string_view path, open_options options) {
  TENON_TRY(const open_file file, open_to_read(path, options));
  return map(file);
}

TENON_INLINE result<std::string> read_file(std::string_view path, std::uint64_t max_bytes) {
  using namespace file_detail;
  TENON_TRY(const open_file file, open_to_read(path));
  const auto too_big = [&](std::uint64_t bytes) {
    return fail(code::resource, "file ", quoted(path), ": has ", bytes,
                " bytes or more: expected at most ", max_bytes);
  };
  if (file.size() > max_bytes) return too_big(file.size());
  std::string out(static_cast<std::size_t>(file.size()), '\0');
  std::size_t have = 0;
  for (;;) {  // files of /proc and /sys have the size 0, and any file may grow
    TENON_TRY(const std::size_t got, read_fully(file, out.data() + have, out.size() - have));
    have += got;
    if (have < out.size()) break;
    char extra[4096];
    TENON_TRY(const std::size_t more, read_fully(file, extra, sizeof extra));
    out.append(extra, more);
    have += more;
    if (have > max_bytes) return too_big(have);
    if (more < sizeof extra) break;
  }
  out.resize(have);
  return out;
}

TENON_INLINE error atomic_file::broken(std::string_view what) const {
  return file_detail::system_error(path_, what, errno);
}

TENON_INLINE atomic_file::~atomic_file() {
  file_detail::close_quietly(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

TENON_INLINE result<atomic_file> atomic_file::create(std::string_view path) {
  using namespace file_detail;
  atomic_file out;
  TENON_TRY(out.path_, checked_path(path));
  TENON_TRY(out.target_, followed(out.path_));
  TENON_TRY(out.target_, absolute(std::move(out.target_)));

  struct stat facts {};

  const bool exists = ::stat(out.target_.c_str(), &facts) == 0;
  if (out.target_.back() == '/' || (exists && !S_ISREG(facts.st_mode)))
    return fail(code::io, "file ", quoted(path), ": is ",
                exists ? type_name(facts.st_mode) : "a folder",
                ": expected a regular file or none");
  std::string temporary;
  out.descriptor_ = create_temporary(out.target_, 0666, temporary);
  if (out.descriptor_ < 0) return out.broken("cannot be created");
  out.temporary_ = std::move(temporary);
  if (exists && ::fchmod(out.descriptor_, facts.st_mode & 0777) != 0)
    return out.broken("cannot keep its permissions");
  return out;
}

TENON_INLINE status atomic_file::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    constexpr std::size_t step = std::size_t{1} << 30;
    const auto done = file_detail::uninterrupted(
        [&] { return ::write(descriptor_, bytes.data(), std::min(bytes.size(), step)); });
    if (done < 0) return broken("cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

TENON_INLINE status atomic_file::finish() {
  using namespace file_detail;
  if (descriptor_ < 0)
    return fail(code::io, "file ", quoted(path_), ": there is nothing to finish");
  if (uninterrupted([&] { return ::fsync(descriptor_); }) != 0)
    return broken("cannot be flushed to the disk");
  if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR)
    return broken("cannot be closed");
  return {};
}

TENON_INLINE status atomic_file::commit() {
  if (temporary_.empty())
    return fail(code::io, "file ", quoted(path_), ": there is nothing to commit");
  if (descriptor_ >= 0) TENON_TRY(finish());
  if (::rename(temporary_.c_str(), target_.c_str()) != 0)
    return broken("cannot be renamed into place");
  temporary_.clear();
  if (!file_detail::flush_folder_of(target_))
    return broken("its folder cannot be flushed to the disk");
  return {};
}

TENON_INLINE status write_file(std::string_view path, std::span<const std::byte> bytes) {
  TENON_TRY(atomic_file out, atomic_file::create(path));
  TENON_TRY(out.write(bytes));
  return out.commit();
}

}  // namespace tenon::inline v0
