#include "tenon/formats/json.hpp"

#include "tenon/core/text.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

using namespace tenon;

/// The kind of error, its name before the message; `ok` when the text is read.
std::string outcome(std::string_view text, const json_limits& limits = {}) {
  const auto out = json_document::parse(text, limits);
  return out ? "ok" : cat(name_of(out.failure().kind), ": ", out.failure().message);
}

void check_refused(std::string_view text, std::string_view message) {
  CAPTURE(text);
  CHECK(outcome(text) == cat("format: json: byte ", message));
}

/// The characters of a document that is one text.
std::string text_of(std::string_view document) {
  const auto out = json_document::parse(document);
  REQUIRE_MESSAGE(out, out.failure().message);
  REQUIRE(out->root().is(json_value::kind::text));
  return std::string(out->root().text());
}

std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) out += open;
  out += "0";
  for (std::size_t i = 0; i < depth; ++i) out += close;
  return out;
}

}  // namespace

TEST_CASE("json: arrays, objects, words and numbers") {
  const std::string text = R"( {"a": [1, -2.5e1, true, null, false], "b": {"c": ""}, "": {}} )";
  const auto got = json_document::parse(text);
  REQUIRE_MESSAGE(got, got.failure().message);
  auto at = got->root().find("a")->first();
  CHECK(at->integer() == 1);
  CHECK(at->key().empty());
  CHECK((at = at->next())->number() == -25.0);
  CHECK_FALSE(at->integer());
  CHECK((at = at->next())->boolean() == true);
  CHECK_FALSE(at->number());
  CHECK((at = at->next())->is(json_value::kind::null));
  CHECK_FALSE(at->boolean());
  CHECK((at = at->next())->boolean() == false);
  CHECK_FALSE(at->next());
  CHECK_FALSE(got->root().find("c"));
  CHECK_FALSE(got->root().find("a")->find("b"));
  CHECK(got->root().find("b")->find("c")->text().empty());
  const auto empty = got->root().find("");
  REQUIRE(empty);
  CHECK(empty->is(json_value::kind::object));
  CHECK_FALSE(empty->first());
}

TEST_CASE("json: a key that repeats keeps its first value for find, and all in order") {
  const auto got = json_document::parse(R"({"k": 1, "other": 2, "k": 3, "\u006b": 4})");
  REQUIRE(got);
  CHECK(got->root().find("k")->integer() == 1);
  std::string order;
  for (auto member = got->root().first(); member; member = member->next())
    order += cat(member->key(), *member->integer(), ' ');
  CHECK(order == "k1 other2 k3 k4 ");
}

TEST_CASE("json: escapes become UTF-8") {
  CHECK(text_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(text_of(R"("a\u0041\u00e9\u20AC\ud83d\ude00z")") ==
        "aA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z");
  CHECK(text_of(R"("\ud800\udc00")") == "\xF0\x90\x80\x80");
  CHECK(text_of(R"("\udbff\udfff")") == "\xF4\x8F\xBF\xBF");
  CHECK(text_of(R"("\ud7ff\ue000\uffff")") == "\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF");
  CHECK(text_of(R"("\u0000")") == std::string(1, '\0'));
  CHECK(text_of("\"\xC3\xA9\"") == "\xC3\xA9");
}

TEST_CASE("json: bad escapes and characters") {
  check_refused(R"("\x41")", "2: expected an escape vs 'x'");
  check_refused(R"("\U0041")", "2: expected an escape vs 'U'");
  check_refused(R"("\)", "2: expected an escape vs the end");
  check_refused(R"("\")", "3: expected '\"' vs the end");
  check_refused(R"("\u12")", "3: expected four hexadecimal digits vs '1'");
  check_refused(R"("\u12g4")", "3: expected four hexadecimal digits vs '1'");
  check_refused(R"("\u-123")", "3: expected four hexadecimal digits vs '-'");
  check_refused(R"("\u+123")", "3: expected four hexadecimal digits vs '+'");
  check_refused(R"("\u 123")", "3: expected four hexadecimal digits vs ' '");
  check_refused(R"("\u0x41")", "3: expected four hexadecimal digits vs '0'");
  CHECK(outcome("\"a\nb\"").starts_with("format: json: byte 2: expected no control character"));
  CHECK(outcome("\"\\n\x1f\"").starts_with("format: json: byte 3: expected no control character"));
  CHECK(outcome(std::string_view("\"\0\"", 3))
            .starts_with("format: json: byte 1: expected no control character"));
}

TEST_CASE("json: halves of surrogate pairs") {
  const std::string_view expected = "expected the second half of a surrogate pair vs ";
  check_refused(R"("\ud800x")", cat("7: ", expected, "'x'"));
  check_refused(R"("\ud800")", cat("7: ", expected, "'\"'"));
  check_refused(R"("\ud800\n")", cat("7: ", expected, "'\\'"));
  check_refused(R"("\udc00\ud800")", cat("7: ", expected, "'\\'"));
  check_refused(R"("\ud800\ud800")", cat("13: ", expected, "'\"'"));
  check_refused(R"("\ud800\u0041")", cat("13: ", expected, "'\"'"));
  check_refused(R"("\ud800\ue000")", cat("13: ", expected, "'\"'"));
  check_refused(R"("\ud83d\ude0")", "9: expected four hexadecimal digits vs 'd'");
}

TEST_CASE("json: numbers beyond 64 bits are numbers without an integer") {
  const auto got = json_document::parse(
      "[9223372036854775807, -9223372036854775808, 9223372036854775808, 1e308, 1e309, -0, 1.0, "
      "1E-400, 0.1]");
  REQUIRE_MESSAGE(got, got.failure().message);
  auto at = got->root().first();
  CHECK(at->integer() == INT64_MAX);
  CHECK((at = at->next())->integer() == INT64_MIN);
  CHECK_FALSE((at = at->next())->integer());
  CHECK(at->number() == 0x1p63);
  CHECK(at->text() == "9223372036854775808");
  CHECK((at = at->next())->number() == 1e308);
  CHECK_FALSE((at = at->next())->number());
  CHECK((at = at->next())->integer() == 0);
  CHECK(std::signbit(at->number().value()));
  CHECK_FALSE((at = at->next())->integer());
  CHECK(at->number() == 1.0);
  CHECK_FALSE((at = at->next())->number());
  CHECK((at = at->next())->number() == 0.1);
  const std::string digits(100000, '7');
  const auto huge = json_document::parse(digits);
  REQUIRE(huge);
  CHECK(huge->root().text() == digits);
  CHECK_FALSE(huge->root().integer());
  CHECK_FALSE(huge->root().number());
}

TEST_CASE("json: mistakes are named with their byte") {
  check_refused("", "0: expected a value vs the end");
  check_refused(" \t\r\n", "4: expected a value vs the end");
  check_refused("[1 2]", "3: expected ',' or ']' vs '2'");
  check_refused("[1,]", "3: expected a value vs ']'");
  check_refused("[,1]", "1: expected a value vs ','");
  check_refused("[1}", "2: expected ',' or ']' vs '}'");
  check_refused("{\"a\" 1}", "5: expected ':' vs '1'");
  check_refused("{\"a\":}", "5: expected a value vs '}'");
  check_refused("{a: 1}", "1: expected a text vs 'a'");
  check_refused("{\"a\": 1, \"b\"}", "12: expected ':' vs '}'");
  check_refused("[01]", "3: expected a number without leading zeros vs ']'");
  check_refused("[-]", "2: expected a digit vs ']'");
  check_refused("[1.]", "3: expected a digit vs ']'");
  check_refused("[1e+]", "4: expected a digit vs ']'");
  check_refused("[.5]", "1: expected a value vs '.'");
  check_refused("[+1]", "1: expected a value vs '+'");
  check_refused("NaN", "0: expected a value vs 'N'");
  check_refused("nul", "0: expected a value vs 'n'");
  check_refused("True", "0: expected a value vs 'T'");
  check_refused("'a'", "0: expected a value vs '''");
  check_refused("\"a", "2: expected '\"' vs the end");
  check_refused("// 1", "0: expected a value vs '/'");
}

TEST_CASE("json: nothing may follow the value") {
  check_refused("[] []", "3: expected the end vs '['");
  check_refused("1 2", "2: expected the end vs '2'");
  check_refused("nullx", "4: expected the end vs 'x'");
  check_refused("{}}", "2: expected the end vs '}'");
  CHECK(outcome(std::string_view("1\0", 2)).starts_with("format: json: byte 1: expected the end"));
  CHECK(outcome("1 \n\t\r ") == "ok");
}

TEST_CASE("json: depth, values and bytes have limits") {
  CHECK(outcome(nested(200, "[", "]")) == "ok");
  CHECK(outcome(nested(200, "{\"a\":", "}")) == "ok");
  CHECK(outcome(nested(201, "[", "]")) == "resource: json: byte 200: is nested deeper than 200");
  CHECK(outcome(nested(201, "{\"a\":", "}")).starts_with("resource: json: byte 1000: is nested"));
  CHECK(outcome(std::string(5'000'000, '[')).starts_with("resource: json: byte 200"));
  CHECK(outcome(nested(1'000'000, "[", "]"), {.max_depth = 2'000'000}) == "ok");
  CHECK(outcome("[1, 2, 3]", {.max_values = 4}) == "ok");
  CHECK(outcome("[1, 2, 3]", {.max_values = 3}) == "resource: json: has more than 3 values");
  CHECK(outcome("[1]", {.max_bytes = 3}) == "ok");
  CHECK(outcome("[1] ", {.max_bytes = 3}) == "resource: json: has 4 bytes: expected at most 3");
}

TEST_CASE("json: a text that is cut at any byte is an error") {
  const std::string text =
      R"({"a": [1, -2.5e+1, true, null], "b\n\u00e9\ud83d\ude00": {"c": "d"}, "e": [[], {}, ""]})";
  CHECK(outcome(text) == "ok");
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string cut = text.substr(0, size);
    CAPTURE(cut);
    CHECK(outcome(cut).starts_with("format: json: byte "));
  }
}

TEST_CASE("json: damaged bytes are errors with a byte of the text, or another document") {
  const std::string text = R"({"a": [1, -2.5e1, true], "\u00e9\ud83d\ude00": {"c": "\\"}})";
  std::mt19937 random(5);
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = text;
    for (auto n = 1 + random() % 3; n > 0; --n)
      damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
    const auto got = json_document::parse(damaged);
    if (got) continue;
    ++refused;
    const std::string& message = got.failure().message;
    CAPTURE(message);
    REQUIRE(message.starts_with("json: byte "));
    CHECK(std::stoul(message.substr(11)) <= damaged.size());
  }
  CHECK(refused > 10000);
}
