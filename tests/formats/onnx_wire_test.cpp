#include "tenon/formats/onnx/wire.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;
using onnx::wire_reader;
using onnx::wire_state;
using onnx::wire_writer;
using namespace std::string_literals;

namespace {

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// The mistake that `read` meets in these bytes.
template <class F> std::string mistake(const std::string& bytes, F read) {
  wire_state state;
  state.begin = as_bytes(bytes).data();
  wire_reader in(as_bytes(bytes), state);
  while (in.next()) read(in);
  CHECK_FALSE(in.next());
  if (!state.failure) return "none";
  CHECK(state.failure->kind == code::format);
  return state.failure->message;
}

std::string skipped(const std::string& bytes) {
  return mistake(bytes, [](wire_reader& in) { in.skip(); });
}

std::vector<std::int64_t> integers(const std::string& bytes) {
  std::vector<std::int64_t> out;
  CHECK(mistake(bytes, [&](wire_reader& in) { in.integers(out); }) == "none");
  return out;
}

constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
constexpr auto highest = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("what the writer writes the reader reads") {
  wire_writer out;
  for (const std::int64_t v :
       {std::int64_t{0}, std::int64_t{127}, std::int64_t{128}, std::int64_t{-1}, lowest, highest})
    out.integer(1, v);
  out.f32(2, -0.0F);
  out.text(3, "a\0b"s);
  out.text(536870911, "");
  out.message(5, [&] { out.message(6, [&] { out.text(7, std::string(200, 'x')); }); });
  const std::string bytes = std::move(out).take();
  std::vector<std::int64_t> whole;
  std::string seen;
  const std::string found = mistake(bytes, [&](wire_reader& in) {
    seen += cat(in.field(), " ");
    if (in.field() == 1) whole.push_back(in.integer());
    if (in.field() == 2) CHECK(std::signbit(in.f32()));
    if (in.field() == 3) CHECK(in.text() == "a\0b"s);
    if (in.field() == 536870911) CHECK(in.text().empty());
    if (in.field() == 5)
      in.message("five", [&](wire_reader& five) {
        REQUIRE(five.next());
        five.message("six", [&](wire_reader& six) {
          REQUIRE(six.next());
          CHECK(six.text().size() == 200);
          CHECK(six.state().where() == "five.six");
        });
      });
  });
  CHECK(found == "none");
  CHECK(seen == "1 1 1 1 1 1 2 3 536870911 5 ");
  CHECK(whole == std::vector<std::int64_t>{0, 127, 128, -1, lowest, highest});
  CHECK(skipped(bytes) == "none");
}

TEST_CASE("repeated numbers are read packed, one by one, and mixed") {
  CHECK(integers("\x08\x05\x0a\x03\x01\xac\x02\x08\x07"s) ==
        std::vector<std::int64_t>{5, 1, 300, 7});
  CHECK(integers("\x0a\x00"s).empty());
  CHECK(integers("\x0a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s) ==
        std::vector<std::int64_t>{-1});
  std::vector<float> reals;
  const auto floats = [&](wire_reader& in) { in.floats(reals); };
  CHECK(mistake("\x0d\x00\x00\x80\x3f\x0a\x04\x00\x00\x00\x40"s, floats) == "none");
  CHECK(reals == std::vector<float>{1, 2});
  std::vector<double> doubles;
  CHECK(mistake("\x09\x00\x00\x00\x00\x00\x00\xf0\x3f"s,
                [&](wire_reader& in) { in.floats(doubles); }) == "none");
  CHECK(doubles == std::vector<double>{1});
}

TEST_CASE("numbers that are cut off or too long are refused where their field begins") {
  CHECK(skipped("\x08"s) == "byte 0, field model: number is cut off");
  CHECK(skipped("\x08\x80"s) == "byte 0, field model: number is cut off");
  CHECK(skipped("\x08\x01\x80"s) == "byte 2, field model: number is cut off");
  CHECK(skipped("\x0d\x00\x00\x00"s) == "byte 0, field model: number is cut off");
  CHECK(skipped("\x09\x00\x00\x00\x00\x00\x00\x00"s) == "byte 0, field model: number is cut off");
  const std::string ones(9, '\xff');
  CHECK(skipped("\x08" + ones + "\x01") == "none");
  CHECK(skipped("\x08" + ones + "\x02") == "byte 0, field model: number is longer than 64 bits");
  CHECK(skipped("\x08" + ones + "\x80\x01") ==
        "byte 0, field model: number is longer than 64 bits");
  CHECK(skipped("\x08" + std::string(50, '\x80')) ==
        "byte 0, field model: number is longer than 64 bits");
  std::vector<std::int64_t> out;
  CHECK(mistake("\x0a\x02\x01\x80"s, [&](wire_reader& in) { in.integers(out); }).find("cut off") !=
        std::string::npos);
}

TEST_CASE("lengths past the end are refused with both numbers") {
  CHECK(skipped("\x0a\x01"s) == "byte 0, field model: length is 1, but only 0 bytes are left");
  CHECK(skipped("\x0a\x05"
                "abc"s) == "byte 0, field model: length is 5, but only 3 bytes are left");
  CHECK(skipped("\x0a" + std::string(9, '\xff') + "\x01") ==
        "byte 0, field model: length is 18446744073709551615, but only 0 bytes are left");
}

TEST_CASE("fields are numbered from 1 to 2^29 - 1 and are no groups") {
  for (const char tag : {'\x00', '\x01', '\x02'})
    CHECK(skipped(std::string(1, tag)).ends_with("field number is 0 or above 2^29"));
  CHECK(skipped("\x80\x80\x80\x80\x10\x00"s).ends_with("field number is 0 or above 2^29"));
  CHECK(skipped("\xf8\xff\xff\xff\x0f\x00"s) == "none");
  for (const char tag : {'\x0b', '\x0c', '\x0e', '\x0f'})
    CHECK(skipped(std::string(1, tag)).ends_with("wire type is a group or unknown"));
}

TEST_CASE("a field of another wire type is refused with both types") {
  const auto text = [](wire_reader& in) { static_cast<void>(in.text()); };
  const auto integer = [](wire_reader& in) { static_cast<void>(in.integer()); };
  CHECK(mistake("\x18\x01"s, text) ==
        "byte 0, field model: field 3 has wire type varint, expected bytes");
  CHECK(mistake("\x1d\0\0\0\0"s, integer) ==
        "byte 0, field model: field 3 has wire type 32-bit, expected varint");
  CHECK(mistake("\x1a\x00"s, [](wire_reader& in) { static_cast<void>(in.f64()); }) ==
        "byte 0, field model: field 3 has wire type bytes, expected 64-bit");
  std::vector<float> out;
  CHECK(mistake("\x18\x01"s, [&](wire_reader& in) { in.floats(out); }) ==
        "byte 0, field model: field 3 has wire type varint, expected 32-bit");
  CHECK(mistake("\x0a\x06"
                "abcdef"s,
                [&](wire_reader& in) { in.floats(out); }) ==
        "byte 0, field model: packed numbers end in the middle of one");
  CHECK(out.empty());
}

TEST_CASE("a mistake inside of a message names the way to it and ends every reader") {
  // Field 1 holds field 2, whose text is longer than what is left.
  const std::string bytes = "\x08\x07\x0a\x02\x12\x09\x08\x07"s;
  wire_state state;
  state.begin = as_bytes(bytes).data();
  wire_reader in(as_bytes(bytes), state);
  std::size_t fields = 0;
  while (in.next()) {
    ++fields;
    if (fields == 1)
      in.skip();
    else
      in.message(
          "node",
          [](wire_reader& inner) {
            while (inner.next()) static_cast<void>(inner.text());
          },
          3);
  }
  CHECK(fields == 2);
  REQUIRE(state.failure);
  CHECK(state.failure->message == "byte 4, field node[3]: length is 9, but only 0 bytes are left");
}

TEST_CASE("every prefix of a message is read or refused") {
  wire_writer out;
  out.integer(1, -5);
  out.f32(2, 1);
  out.message(3, [&] { out.text(1, "inner"); });
  out.text(4, std::string(300, 'y'));
  for (std::size_t n = 0; n < out.str().size(); ++n) {
    const std::string found = skipped(out.str().substr(0, n));
    if (found != "none") CHECK(found.starts_with("byte "));
  }
}
