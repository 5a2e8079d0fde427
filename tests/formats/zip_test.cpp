#include "tenon/formats/zip.hpp"

#include "tenon/formats/inflate.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

using namespace tenon;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string archive_of_two() {
  zip_writer out;
  out.add("a", "first");
  out.add("dir/b", std::string("se\0ond", 6));
  return std::move(out).finish();
}

/// Little-endian number.
std::string number(std::uint64_t value, unsigned bytes) {
  std::string out;
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

std::string replaced(std::string text, std::size_t at, const std::string& part) {
  return text.replace(at, part.size(), part);
}

/// One entry `x` whose numbers are all in a ZIP64 field, and a ZIP64 end record.
std::string wide_archive(std::uint64_t bytes, std::string_view data, std::uint64_t offset = 0) {
  const std::string stamps = number(0, 4);
  const std::string crc = number(crc32_of(std::as_bytes(std::span(data))), 4);
  const std::string none = number(0xFFFFFFFF, 4);
  std::string out = "PK\3\4" + number(45, 2) + number(0, 4) + stamps + crc + none + none +
                    number(1, 2) + number(0, 2) + "x" + std::string(data);
  const std::size_t list = out.size();
  out += "PK\1\2" + number(45, 2) + number(45, 2) + number(0, 4) + stamps + crc + none + none +
         number(1, 2) + number(32, 2) + std::string(10, '\0') + none + "x" + number(0xABCD, 2) +
         number(0, 2) + number(1, 2) + number(24, 2) + number(bytes, 8) + number(bytes, 8) +
         number(offset, 8);
  const std::size_t end = out.size();
  out += "PK\6\6" + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8) + number(1, 8) +
         number(1, 8) + number(end - list, 8) + number(list, 8);
  out += "PK\6\7" + number(0, 4) + number(end, 8) + number(1, 4);
  return out + "PK\5\6" + number(0, 4) + number(0xFFFF, 2) + number(0xFFFF, 2) + none + none +
         number(0, 2);
}

/// Reads all entries; the first error.
status read_all(const std::string& archive) {
  TENON_TRY(const zip_reader reader, zip_reader::open(bytes_of(archive)));
  for (const zip_entry& entry : reader.entries()) TENON_TRY(reader.read(entry));
  return {};
}

void check_fails(const std::string& archive, code kind, std::string_view text) {
  const status got = read_all(archive);
  REQUIRE_FALSE(got);
  CHECK(got.failure().kind == kind);
  CHECK_MESSAGE(got.failure().message.find(text) != std::string::npos, got.failure().message);
  const bool says_where = got.failure().message.starts_with("zip: ");
  CHECK_MESSAGE(says_where, got.failure().message);
}

}  // namespace

TEST_CASE("an archive that was written is read") {
  const std::string archive = archive_of_two();
  const auto reader = zip_reader::open(bytes_of(archive));
  REQUIRE(reader);
  REQUIRE(reader->entries().size() == 2);
  CHECK(reader->entries()[0].name == "a");
  CHECK(reader->read(*reader->find("a")).value() == "first");
  CHECK(reader->read(*reader->find("dir/b")).value() == std::string("se\0ond", 6));
  CHECK(reader->find("b") == nullptr);
  CHECK(archive == archive_of_two());
  CHECK(zip_reader::open(bytes_of(zip_writer().finish()))->entries().empty());
}

TEST_CASE("a comment behind the archive is skipped") {
  std::string archive = archive_of_two();
  archive.replace(archive.size() - 2, 2, number(5, 2));
  CHECK(read_all(archive + "PK\5\6!"));
  check_fails(archive + "four", code::format, "no end record");
}

TEST_CASE("zip64 numbers are read and checked") {
  const std::string archive = wide_archive(5, "hello");
  const auto reader = zip_reader::open(bytes_of(archive));
  REQUIRE(reader);
  CHECK(reader->entries()[0].bytes == 5);
  CHECK(reader->read(reader->entries()[0]).value() == "hello");
  check_fails(wide_archive(std::uint64_t{1} << 63, "hello"), code::format,
              "packed bytes: more than");
  check_fails(wide_archive(5, "hello", std::uint64_t{1} << 63), code::format, "lies outside");
  check_fails(wide_archive(5, "hello", ~std::uint64_t{0}), code::format, "lies outside");
  const std::size_t locator = archive.size() - 22 - 20;
  check_fails(replaced(archive, locator + 8, number(~std::uint64_t{0}, 8)), code::format,
              "the ZIP64 end record is missing");
  const std::size_t end64 = locator - 56;
  check_fails(replaced(archive, end64 + 32, number(std::uint64_t{1} << 60, 8)), code::format,
              "claims 1152921504606846976 entries");
  check_fails(replaced(archive, end64 + 48, number(~std::uint64_t{0}, 8)), code::format,
              "the list of entries lies outside");
  check_fails(replaced(archive, end64 - 28, number(2, 2)), code::format,
              "a ZIP64 field is missing");
  check_fails(replaced(archive, end64 - 26, number(23, 2)), code::format,
              "a ZIP64 field is cut short");
}

TEST_CASE("damaged entries are named errors") {
  const std::string archive = archive_of_two();
  const std::size_t list = archive.find("PK\1\2");
  check_fails("", code::format, "no end record");
  check_fails("not an archive at all, just text", code::format, "no end record");
  check_fails(replaced(archive, 30 + 1, "F"), code::format, "'a': is damaged: its CRC-32 differs");
  check_fails(replaced(archive, 0, "X"), code::format, "'a': its header is damaged");
  check_fails(replaced(archive, 30, "b"), code::format, "'a': its header has another name");
  check_fails(replaced(archive, list, "X"), code::format, "the list of entries is damaged");
  check_fails(replaced(archive, list + 8, number(1, 2)), code::unsupported, "'a' is encrypted");
  check_fails(replaced(archive, list + 10, number(14, 2)), code::unsupported,
              "'a': is packed by method 14: expected stored (0) or deflate (8)");
  check_fails(replaced(archive, list + 10, number(8, 2)), code::format, "'a': deflate: ");
  check_fails(replaced(archive, list + 24, number(6, 4)), code::format,
              "'a': is stored with 5 bytes: expected 6");
  check_fails(replaced(archive, list + 20, number(1000, 4)), code::format,
              "packed bytes: more than");
  check_fails(replaced(archive, list + 28, number(60000, 2)), code::format, "is cut short");
  check_fails(replaced(archive, list + 42, number(100000, 4)), code::format, "lies outside");
  check_fails(replaced(archive, list + 46, number('c', 1)), code::format, "another name");
  check_fails(replaced(archive, archive.size() - 18, number(1, 2)), code::format, "several disks");
  check_fails(replaced(archive, archive.size() - 12, number(9, 2)), code::format,
              "claims 9 entries in a list of");
  zip_writer twins;
  twins.add("a", "1");
  twins.add("a", "2");
  check_fails(std::move(twins).finish(), code::format, "two entries have the name 'a'");
}

TEST_CASE("sizes are limited before memory is taken") {
  const std::string archive = archive_of_two();
  const auto reader = zip_reader::open(bytes_of(archive));
  REQUIRE(reader);
  const auto got = reader->read(reader->entries()[0], 4);
  REQUIRE_FALSE(got);
  CHECK(got.failure().kind == code::resource);
  const std::size_t list = archive.find("PK\1\2");
  std::string bomb = replaced(archive, list + 10, number(8, 2));
  bomb = replaced(bomb, list + 24, number(0xF0000000, 4));
  check_fails(bomb, code::format, "5 bytes cannot hold 4026531840");
}

TEST_CASE("every prefix and random damage of an archive is handled") {
  std::mt19937 random(5);
  for (const std::string& good : {archive_of_two(), wide_archive(5, "hello")}) {
    for (std::size_t bytes = 0; bytes < good.size(); ++bytes)
      CHECK_FALSE(read_all(good.substr(0, bytes)));
    int refused = 0;
    for (int i = 0; i < 20000; ++i) {
      std::string bad = good;
      for (auto edits = 1 + random() % 3; edits > 0; --edits)
        bad[random() % bad.size()] = static_cast<char>(random());
      refused += !read_all(bad);
    }
    CHECK(refused > 5000);
  }
}
