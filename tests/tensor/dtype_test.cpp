#include "tenon/tensor/dtype.hpp"

#include "tenon/tensor/complex.hpp"

#include <limits>

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("every dtype is found by its name and its ONNX number") {
  for (int i = 1; i < dtype_count; ++i) {
    const auto type = static_cast<dtype>(i);
    CAPTURE(name_of(type));
    CHECK(dtype_named(name_of(type)) == type);
    CHECK(dtype_numbered(i) == type);
  }
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{dtype_count},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
    CHECK_FALSE(dtype_numbered(number));
  for (const std::string_view name : {"", "undefined", "F32", "f33", "f32 ", "float"})
    CHECK_FALSE(dtype_named(name));
}

TEST_CASE("the numbers are those of TensorProto.DataType") {
  struct row {
    int number;
    std::string_view name;
    std::size_t bits;
  };

  for (const row& r :
       {row{1, "f32", 32},   {2, "u8", 8},          {3, "i8", 8},      {4, "u16", 16},
        {5, "i16", 16},      {6, "i32", 32},        {7, "i64", 64},    {8, "string", 0},
        {9, "bool", 8},      {10, "f16", 16},       {11, "f64", 64},   {12, "u32", 32},
        {13, "u64", 64},     {14, "c64", 64},       {15, "c128", 128}, {16, "bf16", 16},
        {17, "f8e4m3fn", 8}, {18, "f8e4m3fnuz", 8}, {19, "f8e5m2", 8}, {20, "f8e5m2fnuz", 8},
        {21, "u4", 4},       {22, "i4", 4},         {23, "f4e2m1", 4}, {24, "f8e8m0", 8},
        {25, "u2", 2},       {26, "i2", 2}}) {
    const auto type = dtype_numbered(r.number);
    REQUIRE(type);
    CHECK(name_of(*type) == r.name);
    CHECK(bits_of(*type) == r.bits);
    CHECK(is_packed(*type) == (r.bits != 0 && r.bits < 8));
    if (r.bits != 0) CHECK(size_of(*type) == (r.bits + 7) / 8);
  }
}

TEST_CASE("a dtype is of exactly one kind") {
  for (int i = 1; i < dtype_count; ++i) {
    const auto t = static_cast<dtype>(i);
    CAPTURE(name_of(t));
    const int kinds = is_float(t) + is_signed_integer(t) + is_unsigned_integer(t) + is_complex(t) +
                      (t == dtype::boolean) + (t == dtype::string);
    CHECK(kinds == 1);
    CHECK(is_numeric(t) == (is_float(t) || is_integer(t)));
    const char first = name_of(t)[0];
    CHECK(is_signed_integer(t) == (first == 'i'));
    CHECK(is_unsigned_integer(t) == (first == 'u'));
    CHECK(is_complex(t) == (first == 'c'));
  }
}

TEST_CASE("the C++ types of elements have dtypes of their size") {
  CHECK(dtype_of<float> == dtype::f32);
  CHECK(dtype_of<bool> == dtype::boolean);
  CHECK(dtype_of<char> == (std::is_signed_v<char> ? dtype::i8 : dtype::u8));
  CHECK(dtype_of<long long> == dtype::i64);
  CHECK(dtype_of<std::uint16_t> == dtype::u16);
  CHECK(dtype_of<std::string> == dtype::string);
  CHECK(dtype_of<c128> == dtype::c128);
  CHECK(dtype_of<f4e2m1> == dtype::f4e2m1);
  CHECK(dtype_of<void*> == dtype::undefined);
  CHECK(size_of(dtype::string) == sizeof(std::string));
}
