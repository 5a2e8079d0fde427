#include "tenon/core/file.hpp"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "support/scratch_folder.hpp"
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace tenon;
using tenon_tests::scratch_folder;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

template <class T> void check_fails(const result<T>& got, code kind, const std::string& part) {
  REQUIRE_FALSE(got);
  CHECK(got.failure().kind == kind);
  CHECK_MESSAGE(contains(got.failure().message, part), got.failure().message);
}

std::string text_of(const mapped_file& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

}  // namespace

TEST_CASE("a file is mapped and moved") {
  const scratch_folder folder;
  const std::string path = folder.put("a.bin", "hello");
  auto file = mapped_file::open(path);
  REQUIRE(file);
  CHECK(text_of(*file) == "hello");
  mapped_file other = *std::move(file);
  CHECK(text_of(other) == "hello");
  other = mapped_file();
  CHECK(other.size() == 0);
}

TEST_CASE("paths that are no readable regular file are named errors") {
  const scratch_folder folder;
  check_fails(mapped_file::open(""), code::io, "file '': the path is empty");
  check_fails(mapped_file::open(std::string("a\0b", 3)), code::io, "'a\\x00b': the path contains");
  check_fails(mapped_file::open(folder / "none"), code::io,
              "none': cannot be opened: No such file");
  check_fails(mapped_file::open(folder.path()), code::io, "is a folder: expected a regular file");
  check_fails(mapped_file::open("/dev/null"), code::io, "is a character device");
  check_fails(mapped_file::open(folder.put("empty", "")), code::io, "empty': is empty");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_fails(mapped_file::open(folder / "pipe"), code::io, "pipe': is a pipe");
  if (::geteuid() != 0) {
    const std::string secret = folder.put("secret", "x");
    ::chmod(secret.c_str(), 0);
    check_fails(read_file(secret), code::io, "Permission denied");
  }
}

TEST_CASE("a symbolic link is followed unless that is refused") {
  const scratch_folder folder;
  folder.put("a", "text");
  REQUIRE(::symlink("a", (folder / "link").c_str()) == 0);
  CHECK(text_of(mapped_file::open(folder / "link").value()) == "text");
  check_fails(mapped_file::open(folder / "link", {.follow_links = false}), code::io,
              "link': is a symbolic link");
}

TEST_CASE("read_file reads all sizes and keeps to its limit") {
  const scratch_folder folder;
  for (const std::size_t bytes : {0, 1, 4095, 4096, 4097, 100000}) {
    const std::string text(bytes, 'x');
    CHECK(read_file(folder.put("a", text)).value() == text);
  }
  check_fails(read_file(folder / "a", 99999), code::resource, "100000 bytes or more: expected at");
  CHECK(read_file(folder / "a", 100000).value().size() == 100000);
  CHECK(contains(read_file("/proc/self/status").value(), "Pid:"));
  check_fails(read_file("/proc/self/status", 10), code::resource, "expected at most 10");
}

TEST_CASE("an atomic file appears whole or not at all") {
  const scratch_folder folder;
  const std::string path = folder.put("out", "old");
  ::chmod(path.c_str(), 0640);
  {
    auto file = atomic_file::create(path).value();
    CHECK(file.write("new "));
    CHECK(file.write("text"));
    CHECK(read_file(path).value() == "old");
    CHECK(folder.names().size() == 2);
    CHECK(file.commit());
    check_fails(file.commit(), code::io, "nothing to commit");
  }
  CHECK(read_file(path).value() == "new text");

  struct stat facts {};

  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0640);
  {
    auto dropped = atomic_file::create(path).value();
    CHECK(dropped.write("never"));
    atomic_file moved = std::move(dropped);
    CHECK(moved.write("seen"));
  }
  CHECK(read_file(path).value() == "new text");
  CHECK(folder.names() == std::vector<std::string>{"out"});
}

TEST_CASE("an atomic file follows a link and refuses other targets") {
  const scratch_folder folder;
  folder.put("a", "old");
  REQUIRE(::symlink("a", (folder / "link").c_str()) == 0);
  CHECK(write_file(folder / "link", "new"));
  CHECK(read_file(folder / "a", 10).value() == "new");

  struct stat facts {};

  REQUIRE(::lstat((folder / "link").c_str(), &facts) == 0);
  CHECK(S_ISLNK(facts.st_mode));
  REQUIRE(::symlink("nowhere", (folder / "dangling").c_str()) == 0);
  check_fails(atomic_file::create(folder / "dangling"), code::io, "leads nowhere");
  check_fails(atomic_file::create(folder.path()), code::io, "is a folder");
  check_fails(atomic_file::create(folder / "x/"), code::io, "is a folder");
  check_fails(atomic_file::create(folder / "none/x"), code::io, "cannot be created: No such file");
  check_fails(atomic_file::create(folder / "a/x"), code::io, "cannot be created: Not a directory");
  check_fails(atomic_file::create("/dev/null"), code::io, "is a character device");
  check_fails(atomic_file::create(""), code::io, "the path is empty");
}

TEST_CASE("finished files hold no descriptor and wait for their commit") {
  const scratch_folder folder;
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = descriptors();
  std::vector<atomic_file> files;
  for (int i = 0; i < 3; ++i) {
    files.push_back(atomic_file::create(folder / std::to_string(i)).value());
    CHECK(files.back().write("text"));
    CHECK(files.back().finish());
    check_fails(files.back().finish(), code::io, "nothing to finish");
    check_fails(files.back().write("more"), code::io, "cannot be written");
  }
  CHECK(descriptors() == before);
  CHECK(folder.names().size() == 3);
  files.pop_back();
  CHECK(files[0].commit());
  CHECK(read_file(folder / "0").value() == "text");
  REQUIRE(::mkdir((folder / "1").c_str(), 0700) == 0);
  check_fails(files[1].commit(), code::io, "1': cannot be renamed into place");
  files.clear();
  CHECK(folder.names().size() == 2);
}

TEST_CASE("a relative path keeps its meaning when the process changes its folder") {
  const scratch_folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  auto file = atomic_file::create("out");
  auto dropped = atomic_file::create("dropped");
  std::filesystem::current_path(before);
  REQUIRE(file);
  CHECK(file->commit());
  dropped = fail(code::io, "gone");
  CHECK(folder.names() == std::vector<std::string>{"out"});
}

TEST_CASE("a name of the greatest length has room for its temporary file") {
  const scratch_folder folder;
  const std::string name(255, 'n');
  CHECK(write_file(folder / name, "text"));
  CHECK(folder.names() == std::vector<std::string>{name});
}

TEST_CASE("a write that the system cuts short and then refuses is an error and leaves nothing") {
  const scratch_folder folder;
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
  const rlimit tight{6000, old_limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const status got = write_file(folder / "big", std::string(10000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  check_fails(got, code::io, "big': cannot be written: File too large");
  CHECK(folder.names().empty());
}

TEST_CASE("several writers to one path leave one whole file") {
  const scratch_folder folder;
  std::vector<std::thread> writers;
  std::atomic<int> failures = 0;
  for (char letter = 'a'; letter < 'e'; ++letter)
    writers.emplace_back([&, letter] {
      for (int i = 0; i < 5; ++i)
        if (!write_file(folder / "out", std::string(100000, letter))) ++failures;
    });
  for (auto& writer : writers) writer.join();
  CHECK(failures == 0);
  const std::string text = read_file(folder / "out").value();
  CHECK(text == std::string(100000, text[0]));
  CHECK(folder.names().size() == 1);
}

TEST_CASE("external data below the folder is opened") {
  const scratch_folder folder;
  REQUIRE(::mkdir((folder / "sub").c_str(), 0700) == 0);
  folder.put("w.bin", "weights");
  folder.put("sub/..w", "more");
  auto file = open_beneath(folder.path(), "w.bin");
  REQUIRE(file);
  CHECK(file->size() == 7);
  CHECK(text_of(mapped_file::map(*file).value()) == "weights");
  CHECK(text_of(mapped_file::map(open_beneath(folder.path() + "/", "sub/..w").value()).value()) ==
        "more");
}

TEST_CASE("every way out of the folder is refused") {
  const scratch_folder outer;
  const std::string secret = outer.put("secret", "secret");
  REQUIRE(::mkdir((outer / "model").c_str(), 0700) == 0);
  const std::string folder = outer / "model";
  REQUIRE(::mkdir((folder + "/sub").c_str(), 0700) == 0);
  outer.put("model/w", "weights");
  REQUIRE(::symlink("../secret", (folder + "/link").c_str()) == 0);
  REQUIRE(::symlink("w", (folder + "/inner_link").c_str()) == 0);
  REQUIRE(::symlink("..", (folder + "/out").c_str()) == 0);
  REQUIRE(::link(secret.c_str(), (folder + "/hard").c_str()) == 0);
  REQUIRE(::mkfifo((folder + "/pipe").c_str(), 0600) == 0);

  const struct {
    std::string location;
    std::string text;
  } cases[] = {
      {"", "'': the location is empty"},
      {"/etc/passwd", "an absolute path"},
      {"..", "a component '..'"},
      {"../secret", "a component '..'"},
      {"sub/../../secret", "a component '..'"},
      {".", "a component '.'"},
      {"./w", "a component '.'"},
      {"sub//w", "an empty component"},
      {"sub/", "an empty component"},
      {std::string("w\0x", 3), "a zero byte"},
      {"..\\secret", "a backslash"},
      {"file:///etc/passwd", "an empty component"},
      {std::string(5000, 'x'), "too long"},
      {"link", "a symbolic link"},
      {"inner_link", "a symbolic link"},
      {"out/secret", "a symbolic link"},
      {"hard", "'hard': has 2 names (hard links): expected 1"},
      {"pipe", "'pipe': is a pipe"},
      {"sub", "'sub': is a folder"},
      {"w/x", "Not a directory"},
      {"none", "'none': cannot be opened: No such file"},
  };

  for (const auto& c : cases) {
    CAPTURE(c.location);
    check_fails(open_beneath(folder, c.location), code::external_data, c.text);
  }
  check_fails(open_beneath("/dev", "zero"), code::external_data, "a character device");
  check_fails(open_beneath(folder + "/none", "w"), code::io, "the folder cannot be opened");
}

TEST_CASE("both ways to open beneath a folder agree") {
  const scratch_folder folder;
  REQUIRE(::mkdir((folder / "sub").c_str(), 0700) == 0);
  folder.put("sub/w", "weights");
  REQUIRE(::symlink("sub", (folder / "link").c_str()) == 0);
  REQUIRE(::symlink("w", (folder / "sub/link").c_str()) == 0);
  const int base = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY);
  REQUIRE(base >= 0);
  for (const bool by_walk : {false, true}) {
    const auto open = [&](const std::string& location) -> result<open_file> {
      bool available = true;
      auto got = by_walk ? file_detail::open_beneath_by_walk(base, location)
                         : file_detail::open_beneath_by_openat2(base, location, available);
      if (!available) return fail(code::unsupported, "no openat2");
      if (!got) return std::move(got).failure();
      return open_file(*got, 0, location);
    };
    const auto found = open("sub/w");
    if (!found && found.failure().kind == code::unsupported) continue;
    CAPTURE(by_walk);
    CHECK(found);
    check_fails(open("link/w"), code::external_data, "a symbolic link");
    check_fails(open("sub/link"), code::external_data, "a symbolic link");
    check_fails(open("sub/w/x"), code::external_data, "Not a directory");
    check_fails(open("sub/none"), code::external_data, "No such file");
  }
  ::close(base);
}
