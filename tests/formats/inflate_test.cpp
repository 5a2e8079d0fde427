#include "tenon/formats/inflate.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

using namespace tenon;

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

result<std::string> unpack(const std::string& packed, std::uint64_t bytes) {
  return inflate(std::as_bytes(std::span(packed)), bytes);
}

void check_fails(const std::string& packed, std::uint64_t bytes, std::string_view text) {
  const auto got = unpack(packed, bytes);
  REQUIRE_FALSE(got);
  CHECK(got.failure().kind == code::format);
  CHECK_MESSAGE(got.failure().message.find(text) != std::string::npos, got.failure().message);
}

/// Bits in the order of the stream, as 0 and 1; other characters only separate.
std::string from_bits(std::string_view bits) {
  std::string out;
  unsigned count = 0;
  for (const char c : bits) {
    if (c != '0' && c != '1') continue;
    if (count % 8 == 0) out += '\0';
    if (c == '1') out.back() = static_cast<char>(out.back() | 1 << count % 8);
    ++count;
  }
  return out;
}

// Written by zlib 1.3.
const std::string fixed_stream = from_hex("cb48cdc9c957c8402701");
const std::string dynamic_stream = from_hex(
    "ed8dc10d03010cc25661b51048d87f828bd47e3b40a5fb5ad834cd242ba6762b16a7aa50ab2d2881468a6bc136070b"
    "d9"
    "c14dd5affbba3f5c9d82d83a3874f3a80f8f90e89bb8d850fed4a9bdb3bbec7f741f");

std::string dynamic_text() {
  const std::string t = "cbebhhhgdbhaggahedbfaaa agdga dhh dfddheag bcebf g deeh gahd";
  const std::string reversed(t.rbegin(), t.rend());
  std::string out;
  for (int i = 0; i < 10; ++i) out += t;
  for (int i = 0; i < 4; ++i) out += reversed;
  return out;
}

}  // namespace

TEST_CASE("streams of every block type") {
  CHECK(unpack(fixed_stream, 23).value() == "hello hello hello hello");
  CHECK(unpack(dynamic_stream, 840).value() == dynamic_text());
  const std::string stored("\0\3\0\xFC\xFFxyz\1\0\0\xFF\xFF", 13);
  CHECK(unpack(stored, 3).value() == "xyz");
  CHECK(unpack(from_hex("0300"), 0).value().empty());
}

TEST_CASE("a block may have no distance code at all") {
  const std::string header =
      "1 01 00000 00000 0111 "                                    // last, dynamic, 257 and 1 sizes
      "000 000 100 010 000 000 000 000 000 000 000 000 000 000 "  // bits of 18: 1, of 0: 2
      "000 000 000 010 ";                                         // of 1: 2
  const std::string sizes =
      "0 0110101 11 "                // 97 zeros, 'a' has 1 bit
      "0 1111111 0 1001000 11 10 ";  // 158 zeros, the end 1 bit, 0
  CHECK(unpack(from_bits(header + sizes + "0 0 0 1"), 3).value() == "aaa");
}

TEST_CASE("damaged streams are errors") {
  check_fails("", 0, "damaged length");
  check_fails(std::string("\7", 1), 0, "the reserved type 3");
  check_fails(std::string("\1\1\0\0\0x", 6), 1, "a damaged length");
  check_fails(std::string("\1\2\0\xFD\xFFx", 6), 2, "cut short");
  check_fails(fixed_stream, 22, "holds more than 22 bytes");
  check_fails(fixed_stream, 24, "holds 23 bytes: expected 24");
  check_fails(fixed_stream + "x", 23, "ends 1 bytes before its entry");
  check_fails(fixed_stream, 1 << 20, "10 bytes cannot hold 1048576");
  check_fails(from_bits("1 10 0000001 00001 0000000"), 3, "a distance reaches before the start");
  check_fails(from_bits("1 10 00110000 0000001 11110 0000000"), 4, "a distance is invalid");
  check_fails(from_bits("1 10 11000110 0000000"), 4, "a symbol is invalid");
  check_fails(from_bits("1 01 11111 00000 0000"), 4, "too many symbols");
  check_fails(from_bits("1 01 00000 11111 0000"), 4, "too many symbols");
  check_fails(from_bits("1 01 00000 00000 0000 100 100 100 000"), 4, "an impossible code");
  check_fails(from_bits("1 01 00000 00000 0000 100 000 100 000 000"), 4, "repeat nothing");
  check_fails(from_bits("1 01 00000 00000 0000 000 000 100 100 1 1111111 1 1011011"), 4,
              "no end symbol");
  check_fails(from_bits("1 01 00000 00000 0000 000 000 100 100 1 1111111 1 1111111"), 4,
              "repeat too often");
}

TEST_CASE("every prefix and random damage of a stream is handled") {
  for (std::size_t bytes = 0; bytes < dynamic_stream.size(); ++bytes)
    CHECK_FALSE(unpack(dynamic_stream.substr(0, bytes), 840));
  std::mt19937 random(3);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bad = i % 2 == 0 ? dynamic_stream : fixed_stream;
    for (auto edits = 1 + random() % 3; edits > 0; --edits)
      bad[random() % bad.size()] = static_cast<char>(random());
    const auto got = unpack(bad, i % 2 == 0 ? 840 : 23);
    accepted += got.has_value();
  }
  CHECK(accepted < 10000);
}

TEST_CASE("crc-32 has the published check value and continues") {
  const auto crc = [](std::string_view text, std::uint32_t previous = 0) {
    return crc32_of(std::as_bytes(std::span(text)), previous);
  };
  CHECK(crc("123456789") == 0xCBF43926);
  CHECK(crc("6789", crc("12345")) == 0xCBF43926);
  CHECK(crc("") == 0);
}
