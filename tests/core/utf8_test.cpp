#include "tenon/core/utf8.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace tenon;
using namespace std::string_view_literals;

TEST_CASE("every code point is appended and taken back") {
  for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
    std::string text;
    const bool is_surrogate = c >= 0xD800 && c < 0xE000;
    REQUIRE(append_utf8(text, c) == !is_surrogate);
    if (is_surrogate) {
      REQUIRE(text.empty());
      continue;
    }
    REQUIRE(text.size() == (c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4));
    REQUIRE(utf8_length(text) == text.size());
    text += 'x';
    std::string_view rest = text;
    REQUIRE(take_utf8(rest) == c);
    REQUIRE(rest == "x");
  }
  std::string text;
  CHECK_FALSE(append_utf8(text, 0x110000));
  CHECK_FALSE(append_utf8(text, 0xFFFFFFFF));
  CHECK(text.empty());
}

TEST_CASE("bytes that are no UTF-8 are refused and stay") {
  for (const std::string_view bad :
       {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc3"sv, "\xc3("sv, "\xe0\x9f\xbf"sv,
        "\xe2\x82"sv, "\xe2(\xa1"sv, "\xe2\x82("sv, "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv,
        "\xf0\x9f\x94"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv}) {
    CHECK(utf8_length(bad) == 0);
    std::string_view rest = bad;
    CHECK_FALSE(take_utf8(rest));
    CHECK(rest == bad);
  }
}
