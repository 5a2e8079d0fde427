#include "tenon/core/text.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;
using namespace std::string_literals;

namespace {

struct point {
  int x, y;

  std::string str() const { return cat("(", x, " ", y, ")"); }
};

const std::string euro = "\xe2\x82\xac", key = "\xf0\x9f\x94\x91", umlaut = "\xc3\xbc";

}  // namespace

static_assert(!std::is_constructible_v<text_piece, const char*>, "it would be true or false");

TEST_CASE("parts of every kind are joined to one text") {
  CHECK(cat().empty());
  CHECK(cat("a", "b"s, std::string_view("c\0d", 3), 'e') == "abc\0de"s);
  CHECK(cat(true, false) == "truefalse");
  CHECK(cat(point{1, -2}, std::string_view()) == "(1 -2)");
  CHECK(cat(std::int8_t{-128}, " ", std::uint8_t{255}) == "-128 255");
  CHECK(cat(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(cat(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(cat(0.1F, " ", 0.1, " ", 1e300, " ", -0.0) == "0.1 0.1 1e+300 -0");
  CHECK(cat(std::numeric_limits<float>::infinity()) == "inf");
  CHECK(cat(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(cat(std::numeric_limits<double>::denorm_min()) == "5e-324");
}

TEST_CASE("ranges are joined with a separator between, not around") {
  CHECK(join(std::vector<int>{}) == "");
  CHECK(join(std::vector<int>{7}) == "7");
  CHECK(join(std::vector<int>{1, 2, 3}) == "1, 2, 3");
  CHECK(join(std::vector<std::string>{"", "", ""}, "|") == "||");
  CHECK(join(std::vector<point>{{1, 2}, {3, 4}}, " ") == "(1 2) (3 4)");
  CHECK(join(std::vector<bool>{true, false}) == "true, false");
  CHECK(bracketed(std::vector<std::int64_t>{}) == "[]");
  CHECK(bracketed(std::vector<std::int64_t>{2, -3}) == "[2, -3]");
}

TEST_CASE("printable text stays as it is") {
  for (const std::string& name :
       {""s, "plain/name:0"s, " ~"s, umlaut, euro, key, umlaut + euro + key + "x", "\xc2\xa0"s,
        "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s, "\xee\x80\x80"s, "\xf0\x90\x80\x80"s,
        "\xf4\x8f\xbf\xbf"s}) {
    CHECK(printable_name(name) == name);
    CHECK(quoted(name) == cat("'", name, "'"));
  }
}

TEST_CASE("control characters are escaped, those of two bytes too") {
  CHECK(printable_name("\0\x01\t\n\x1b[31m\x7f"s) == "\\x00\\x01\\x09\\x0a\\x1b[31m\\x7f");
  for (int c = 0; c < 0x20; ++c) CHECK(printable_name(std::string(1, char(c))).starts_with("\\x"));
  CHECK(printable_name("\xc2\x80\xc2\x9b\xc2\x9f") == "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f");
}

TEST_CASE("bytes that are no UTF-8 are escaped one by one") {
  struct row {
    std::string_view bytes, text;
  };

  for (const row& r : {row{"\x80", "\\x80"},
                       {"\xbf"
                        "a",
                        "\\xbfa"},
                       {"\xff\xfe", "\\xff\\xfe"},
                       {"\xc3", "\\xc3"},
                       {"a\xc3", "a\\xc3"},
                       {"\xe2\x82", "\\xe2\\x82"},
                       {"\xf0\x9f\x94", "\\xf0\\x9f\\x94"},
                       {"\xc3"
                        "a",
                        "\\xc3a"},
                       {"\xe2\x82"
                        "a",
                        "\\xe2\\x82a"},
                       {"\xe2\x28\xa1", "\\xe2(\\xa1"},
                       {"\xc3\xc3\xbc", "\\xc3\xc3\xbc"}}) {
    CHECK(printable_name(r.bytes) == r.text);
    CHECK(printable_name(cat(r.bytes, "")) == r.text);
  }
}

TEST_CASE("overlong forms, surrogates and numbers above U+10FFFF are no UTF-8") {
  for (const std::string_view bytes :
       {"\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80"}) {
    const std::string text = printable_name(bytes);
    CAPTURE(text);
    CHECK(text.size() == 4 * bytes.size());
    CHECK(text.starts_with("\\x"));
  }
}

TEST_CASE("a long name is cut between characters to at most 120 bytes") {
  CHECK(printable_name(std::string(120, 'x')) == std::string(120, 'x'));
  CHECK(printable_name(std::string(121, 'x')) == std::string(117, 'x') + "...");
  CHECK(printable_name(std::string(1000000, 'x')).size() == 120);
  for (const std::string& character : {umlaut, euro, key, "\x01"s, "\xff"s})
    for (std::size_t before = 0; before < 8; ++before) {
      std::string name(before, 'a');
      while (name.size() < 400) name += character;
      const std::string text = printable_name(name), printed = printable_name(character);
      CAPTURE(text);
      CHECK(text.size() <= 120);
      CHECK(text.size() > 120 - printed.size());
      REQUIRE(text.ends_with("..."));
      CHECK((text.size() - 3 - before) % printed.size() == 0);
      CHECK(text.substr(text.size() - 3 - printed.size(), printed.size()) == printed);
    }
}

TEST_CASE("edit distance counts letters and ignores their case") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("Conv", "cnov") == 2);
  CHECK(edit_distance("@[", "`{") == 2);
  const std::string long_name(64, 'a');
  CHECK(edit_distance(long_name, "") == 64);
  CHECK(edit_distance(long_name + "a", "") == SIZE_MAX);
}
