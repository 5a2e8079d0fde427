#include "tenon/formats/npy.hpp"

#include "tenon/tensor/complex.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/scratch_folder.hpp"
#include <doctest/doctest.h>

namespace {

using namespace tenon;
using tenon_tests::scratch_folder;

/// A file with the given dictionary and data, spelled by hand.
std::string file_of(std::string_view dictionary, std::string_view data, int major = 1) {
  std::string out = "\x93NUMPY";
  out += static_cast<char>(major);
  out += '\0';
  const std::string text = std::string(dictionary) + "\n";
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i)
    out += static_cast<char>(text.size() >> (8 * i) & 0xFF);
  return out + text + std::string(data);
}

std::string dictionary(std::string_view element, std::string_view shape, bool fortran = false) {
  return cat("{'descr': '", element, "', 'fortran_order': ", fortran ? "True" : "False",
             ", 'shape': ", shape, ", }");
}

result<tensor> read(const std::string& bytes, std::optional<dtype> expected = std::nullopt) {
  return read_npy(std::as_bytes(std::span(bytes)), "x", expected);
}

template <class T> std::string raw(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

std::string reversed(std::string text, std::size_t each) {
  for (std::size_t at = 0; at < text.size(); at += each)
    std::reverse(text.begin() + static_cast<std::ptrdiff_t>(at),
                 text.begin() + static_cast<std::ptrdiff_t>(at + each));
  return text;
}

void check_fails(const result<tensor>& got, code kind, std::string_view text) {
  REQUIRE_FALSE(got);
  CHECK(got.failure().kind == kind);
  const bool names = got.failure().message.starts_with("x: npy: ");
  CHECK_MESSAGE(names, got.failure().message);
  CHECK_MESSAGE(got.failure().message.find(text) != std::string::npos, got.failure().message);
}

template <class T>
void check_type(std::string_view element, std::initializer_list<T> values, std::size_t each) {
  CAPTURE(element);
  const tensor expected = tensor::of<T>({static_cast<std::int64_t>(values.size())}, values);
  const std::string shape = cat("(", values.size(), ",)");
  const std::string data = raw(values);
  const auto little = read(file_of(dictionary(cat('<', element), shape), data));
  REQUIRE(little);
  CHECK(identical(*little, expected));
  const auto big = read(file_of(dictionary(cat('>', element), shape), reversed(data, each)));
  REQUIRE(big);
  CHECK(identical(*big, expected));
  CHECK(identical(read(npy_bytes(expected).value()).value(), expected));
}

}  // namespace

TEST_CASE("every numpy type is read in both byte orders and written") {
  check_type<std::int8_t>("i1", {-1, 2}, 1);
  check_type<std::int16_t>("i2", {-2, 300}, 2);
  check_type<std::int32_t>("i4", {-3, 70000}, 4);
  check_type<std::int64_t>("i8", {-4, std::int64_t{1} << 40}, 8);
  check_type<std::uint8_t>("u1", {1, 255}, 1);
  check_type<std::uint16_t>("u2", {2, 65535}, 2);
  check_type<std::uint32_t>("u4", {3, 0xFFFFFFFF}, 4);
  check_type<std::uint64_t>("u8", {4, ~std::uint64_t{0}}, 8);
  check_type<float>("f4", {1.5F, -0.0F}, 4);
  check_type<double>("f8", {1.5, -1e300}, 8);
  check_type<c64>("c8", {{1, 2}, {-3, 4}}, 4);
  check_type<c128>("c16", {{1, 2}, {-3, 4}}, 8);
  check_type<bool>("b1", {true, false}, 1);
  const auto half = read(file_of(dictionary("<f2", "(2,)"), raw<std::uint16_t>({0x3C00, 0xC000})));
  REQUIRE(half);
  CHECK(half->type() == dtype::f16);
  CHECK(half->data<std::uint16_t>()[1] == 0xC000);
  CHECK(identical(read(npy_bytes(*half).value()).value(), *half));
}

TEST_CASE("booleans other than 0 and 1 become true") {
  const auto got = read(file_of(dictionary("|b1", "(3,)"), std::string("\0\2\1", 3)));
  REQUIRE(got);
  CHECK(got->data<unsigned char>()[1] == 1);
}

TEST_CASE("shapes of any rank and all header versions") {
  const std::string data = raw<float>({1, 2, 3, 4, 5, 6});
  for (const int major : {1, 2, 3}) {
    const auto got = read(file_of(dictionary("<f4", "(2, 3)"), data, major));
    REQUIRE(got);
    CHECK(got->dims() == extents{2, 3});
    CHECK(got->data<float>()[5] == 6);
  }
  CHECK(read(file_of(dictionary("<f4", "()"), raw<float>({7})))->rank() == 0);
  CHECK(read(file_of(dictionary("<f4", "(0, 1099511627776)"), ""))->dims()[1] == 1099511627776);
  CHECK(read(file_of(dictionary("<f4", "(6L,)"), data))->dims() == extents{6});
  CHECK(read(file_of("{\"shape\":(1,6),\"descr\":\"<f4\",\"fortran_order\":False}", data)));
}

TEST_CASE("column-major arrays are transposed") {
  std::vector<std::int32_t> columns(24);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k)
        columns[static_cast<std::size_t>(i + 2 * (j + 3 * k))] = i * 100 + j * 10 + k;
  const std::string data(reinterpret_cast<const char*>(columns.data()), 96);
  const auto got = read(file_of(dictionary("<i4", "(2, 3, 4)", true), data));
  REQUIRE(got);
  for (int i = 0; i < 24; ++i)
    CHECK(got->data<std::int32_t>()[i] == i / 12 * 100 + i / 4 % 3 * 10 + i % 4);
  CHECK(read(file_of(dictionary("<i4", "(24,)", true), data))->data<std::int32_t>()[1] == 100);
  CHECK(read(file_of(dictionary("<i4", "(0, 3)", true), "")));
  const auto text = read(file_of(dictionary("|S1", "(2, 2)", true), "abcd"));
  REQUIRE(text);
  CHECK(text->data<std::string>()[1] == "c");
}

TEST_CASE("text becomes UTF-8 and back") {
  const tensor words =
      tensor::of<std::string>({2, 2}, {"", "abc", "\xC3\xA9\xE2\x82\xAC", "\xF0\x9F\x99\x82"});
  const std::string bytes = npy_bytes(words).value();
  CHECK(bytes.find("'<U3'") != std::string::npos);
  CHECK(identical(read(bytes).value(), words));
  const auto big =
      read(file_of(dictionary(">U2", "(1,)"), std::string("\0\0\0a\0\x01\xF6\x42", 8)));
  REQUIRE(big);
  CHECK(big->data<std::string>()[0] == "a\xF0\x9F\x99\x82");
  const auto plain = read(file_of(dictionary("|S3", "(2,)"), std::string("ab\0xyz", 6)));
  REQUIRE(plain);
  CHECK(plain->data<std::string>()[0] == "ab");
  CHECK(plain->data<std::string>()[1] == "xyz");
  check_fails(read(file_of(dictionary("<U1", "(1,)"), raw<std::uint32_t>({0x110000}))),
              code::format, "invalid code point 1114112");
  check_fails(read(file_of(dictionary("<U1", "(1,)"), raw<std::uint32_t>({0xD800}))), code::format,
              "invalid code point");
  for (const char* bad :
       {"\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "a\xFF"}) {
    const auto got = npy_bytes(tensor::of<std::string>({1}, {bad}));
    REQUIRE_FALSE(got);
    CHECK(got.failure().kind == code::tensor_data);
  }
  CHECK(npy_bytes(tensor(dtype::string, {0})).value().find("'<U1'") != std::string::npos);
}

TEST_CASE("raw bits are read as the type that is expected") {
  const std::string u2 = file_of(dictionary("<u2", "(2,)"), raw<std::uint16_t>({0x3F80, 0xC000}));
  CHECK(read(u2)->type() == dtype::u16);
  CHECK(read(u2, dtype::bf16)->type() == dtype::bf16);
  check_fails(read(u2, dtype::f16), code::input, "have the type u16: expected f16");
  check_fails(read(u2, dtype::f8e5m2), code::input, "expected f8e5m2 (as its bits in u8)");
  const std::string v2 = file_of(dictionary("|V2", "(1,)"), raw<std::uint16_t>({0x3F80}));
  CHECK(read(v2, dtype::bf16)->data<std::uint16_t>()[0] == 0x3F80);
  check_fails(read(v2), code::unsupported, "2 raw bytes without a type");
  for (const dtype type :
       {dtype::f8e4m3fn, dtype::f8e4m3fnuz, dtype::f8e5m2, dtype::f8e5m2fnuz, dtype::f8e8m0,
        dtype::u4, dtype::i4, dtype::f4e2m1, dtype::u2, dtype::i2}) {
    CAPTURE(name_of(type));
    for (const char* element : {"|u1", "|V1"}) {
      const auto got = read(file_of(dictionary(element, "(2,)"), std::string("\1\0", 2)), type);
      REQUIRE(got);
      CHECK(got->type() == type);
      CHECK(got->data<unsigned char>()[0] == 1);
      CHECK(identical(read(npy_bytes(*got).value(), type).value(), *got));
    }
  }
  tensor brain(dtype::bf16, {1});
  brain.data<std::uint16_t>()[0] = 0x4049;
  CHECK(identical(read(npy_bytes(brain).value(), dtype::bf16).value(), brain));
  check_fails(read(file_of(dictionary("<f8", "(1,)"), raw<double>({1})), dtype::f32), code::input,
              "have the type f64: expected f32");
}

TEST_CASE("elements below 8 bits are checked and extended by their sign") {
  const auto u1 = [](std::string bytes, dtype type, std::string_view element = "|u1") {
    return read(file_of(dictionary(element, cat("(", bytes.size(), ",)")), bytes), type);
  };
  const auto i4 = u1("\x07\x08\x0F\xF8\xFF", dtype::i4);
  REQUIRE(i4);
  const signed char expected[] = {7, -8, -1, -8, -1};
  for (int i = 0; i < 5; ++i) CHECK(i4->data<std::int8_t>()[i] == expected[i]);
  CHECK(u1("\x03", dtype::i2)->data<std::int8_t>()[0] == -1);
  CHECK(u1("\xF8", dtype::i4, "|i1")->data<std::int8_t>()[0] == -8);
  check_fails(u1("\x08", dtype::i4, "|i1"), code::tensor_data, "element 0 has the bits 8");
  check_fails(u1("\x01\x10", dtype::u4), code::tensor_data, "element 1 has the bits 16");
  check_fails(u1("\x10", dtype::i4), code::tensor_data, "expected a value of i4");
  check_fails(u1("\x04", dtype::u2), code::tensor_data, "expected a value of u2");
  check_fails(u1("\xFF", dtype::f4e2m1), code::tensor_data, "expected a value of f4e2m1");
}

TEST_CASE("signed types below 8 bits are written as their bits alone") {
  for (const dtype type : {dtype::i4, dtype::i2}) {
    tensor t(type, {3});
    const signed char values[] = {-1, -2, 1};
    std::memcpy(t.bytes(), values, 3);
    const std::string bytes = npy_bytes(t).value();
    const std::string expected = type == dtype::i4 ? "\x0F\x0E\x01" : "\x03\x02\x01";
    CHECK(bytes.substr(bytes.size() - 3) == expected);
    CHECK(identical(read(bytes, type).value(), t));
  }
}

TEST_CASE("objects and records are refused with a hint") {
  check_fails(read(file_of(dictionary("|O", "(1,)"), "pickle")), code::unsupported,
              "the elements are Python objects (a pickle), which are never read; save an array of");
  check_fails(read(file_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "")),
              code::unsupported, "the elements are records");
  for (const char* element : {"<f16", "<M8[ns]", "<m8", "<f3", "", "<", "<i", "<i99999999999999",
                              "<U4294967295", "V3", "<i-4", "<i4x", "|b2"}) {
    CAPTURE(element);
    check_fails(read(file_of(dictionary(element, "(1,)"), "")), code::unsupported, "not supported");
  }
  check_fails(read(file_of(dictionary("<U0", "(1099511627776,)"), "")), code::unsupported,
              "the elements have no bytes");
}

TEST_CASE("malformed files are named errors") {
  const std::string good = file_of(dictionary("<f4", "(2, 3)"), std::string(24, '\0'));
  REQUIRE(read(good));
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes)
    check_fails(read(good.substr(0, bytes)), code::format, "");
  check_fails(read("PK\3\4 not an array"), code::format, "is no .npy file");
  check_fails(read(good + "x"), code::format,
              "shape [2, 3] of '<f4' needs 24 bytes: the file has 25");
  check_fails(read(file_of(dictionary("<f4", "(1,)"), "", 4)), code::format, "version 4.0");
  std::string long_header = good;
  long_header[9] = '\x7F';
  check_fails(read(long_header), code::format, "header claims 32");

  const struct {
    const char* shape;
    const char* text;
  } shapes[] = {
      {"(-1,)", "the negative extent -1"},
      {"(1099511627776, 1099511627776)", "outgrows 64 bits"},
      {"(1099511627776,)", "needs 4398046511104 bytes: the file has 0"},
      {"(99999999999999999999,)", "an extent that outgrows 64 bits"},
      {"(3)", "expected ','"},
      {"(1, , 2)", "expected an extent"},
      {"(1 2)", "expected ','"},
      {"(1.5,)", "expected ','"},
      {"[1]", "expected '('"},
      {"(1,", "expected an extent"},
      {"('a',)", "expected an extent"},
  };

  for (const auto& s : shapes) {
    CAPTURE(s.shape);
    const auto got = read(file_of(dictionary("<f4", s.shape), ""));
    check_fails(got, code::format, s.text);
  }
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1, ";
  check_fails(read(file_of(dictionary("<f4", many + ")"), "")), code::format, "more than 64 axes");
}

TEST_CASE("malformed dictionaries are named errors") {
  const struct {
    const char* dictionary;
    const char* text;
  } cases[] = {
      {"", "expected '{'"},
      {"garbage", "expected '{' vs 'garbage"},
      {"{", "expected a string vs its end"},
      {"{}", "lacks a key"},
      {"{'descr': '<f4'}", "lacks a key"},
      {"{'descr': '<f4', 'descr': '<f4'}", "a repeated key 'descr'"},
      {"{'other': 1}", "an unknown key 'other'"},
      {"{'descr': 4}", "expected a string"},
      {"{'descr': '<f4", "expected a string"},
      {"{'de\\x73cr': '<f4'}", "a string without escapes"},
      {"{'fortran_order': 0}", "expected True or False"},
      {"{'fortran_order' True}", "expected ':'"},
      {"{'descr': '<f4' 'fortran_order': False}", "expected '}'"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': ()} + exec('x')", "end of the header"},
  };

  for (const auto& c : cases) {
    CAPTURE(c.dictionary);
    check_fails(read(file_of(c.dictionary, "")), code::format, c.text);
  }
}

TEST_CASE("headers end at multiples of 64 and long ones use version 2") {
  const tensor small = tensor::of<float>({2}, {1, 2});
  const std::string bytes = npy_bytes(small).value();
  CHECK(bytes.size() == 64 * 2 + 8);
  CHECK(bytes[6] == 1);
  CHECK(bytes[127] == '\n');
  CHECK(bytes.find("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }") == 10);
  CHECK(npy_bytes(tensor::scalar(1.0F)).value().find("'shape': ()") != std::string::npos);
  CHECK_FALSE(npy_bytes(tensor()));
}

TEST_CASE("arrays are saved and loaded") {
  const scratch_folder folder;
  const std::string path = folder / "array.npy";
  for (const tensor& value : {tensor::of<double>({1, 3}, {1, 2, 3}), tensor(dtype::i64, {0, 2}),
                              tensor::of<std::string>({2}, {"a", "bc"})}) {
    CHECK(save_npy(path, value));
    CHECK(identical(load_npy(path).value(), value));
  }
  const auto wrong = load_npy(path, "x", dtype::f32);
  check_fails(wrong, code::input, "have the type string: expected f32");
  std::filesystem::remove(path);
  check_fails(load_npy(path, "x"), code::io, "cannot be opened");
}

TEST_CASE("random damage never does harm") {
  std::mt19937 random(7);
  const std::string good = file_of(dictionary("<U2", "(2, 3)", true), std::string(48, '\0'));
  for (int i = 0; i < 20000; ++i) {
    std::string bad = good;
    for (auto edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % bad.size();
      if (random() % 4 == 0)
        bad.erase(at, 1 + random() % 3);
      else
        bad[at] = static_cast<char>(random());
    }
    const auto got = read(bad);
    if (!got) REQUIRE(got.failure().message.starts_with("x: npy: "));
  }
}
