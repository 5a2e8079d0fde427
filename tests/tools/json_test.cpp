#include "tenon/tools/json.hpp"

#include <doctest/doctest.h>

using tenon::tools::json_writer;

namespace {

std::string written(std::string_view text) {
  std::string out = json_writer().value(text).str();
  out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("texts are escaped, and bytes that are no UTF-8 replaced") {
  CHECK(written("a\"b\\\n") == "\"a\\\"b\\\\\\u000a\"");
  for (const char* valid : {"\u00e9", "\u20ac", "\U0001F600", "\uD7FF", "\U0010FFFF"})
    CHECK(written(valid) == tenon::cat("\"", valid, "\""));
  CHECK(written("a\xff"
                "b") == "\"a\\ufffdb\"");
  CHECK(written("\xc3") == "\"\\ufffd\"");
  CHECK(written("\xc0\xaf") == "\"\\ufffd\\ufffd\"");
  CHECK(written("\xed\xa0\x80") == "\"\\ufffd\\ufffd\\ufffd\"");
  CHECK(written("\xe2\x82z") == "\"\\ufffd\\ufffdz\"");
  CHECK(written("\xf4\x90\x80\x80") == "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}
