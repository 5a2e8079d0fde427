#pragma once

#include "tenon/core/config.hpp"
#include "tenon/tensor/small_float.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace tenon::inline v0 {

/// Element types; the numbers are those of ONNX TensorProto.DataType.
enum class dtype : std::uint8_t {
  undefined = 0,
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  string = 8,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  c64 = 14,
  c128 = 15,
  bf16 = 16,
  f8e4m3fn = 17,
  f8e4m3fnuz = 18,
  f8e5m2 = 19,
  f8e5m2fnuz = 20,
  u4 = 21,
  i4 = 22,
  f4e2m1 = 23,
  f8e8m0 = 24,
  u2 = 25,
  i2 = 26,
};

inline constexpr int dtype_count = 27;

namespace dtype_detail {
struct row {
  std::string_view name;
  std::uint8_t bytes;  // in memory
  std::uint8_t bits;   // in packed files
  char kind;           // f float, i signed, u unsigned, b boolean, c complex, s string
};

inline constexpr row rows[dtype_count] = {
    {"undefined", 0, 0, '-'},  {"f32", 4, 32, 'f'},   {"u8", 1, 8, 'u'},
    {"i8", 1, 8, 'i'},         {"u16", 2, 16, 'u'},   {"i16", 2, 16, 'i'},
    {"i32", 4, 32, 'i'},       {"i64", 8, 64, 'i'},   {"string", sizeof(std::string), 0, 's'},
    {"bool", 1, 8, 'b'},       {"f16", 2, 16, 'f'},   {"f64", 8, 64, 'f'},
    {"u32", 4, 32, 'u'},       {"u64", 8, 64, 'u'},   {"c64", 8, 64, 'c'},
    {"c128", 16, 128, 'c'},    {"bf16", 2, 16, 'f'},  {"f8e4m3fn", 1, 8, 'f'},
    {"f8e4m3fnuz", 1, 8, 'f'}, {"f8e5m2", 1, 8, 'f'}, {"f8e5m2fnuz", 1, 8, 'f'},
    {"u4", 1, 4, 'u'},         {"i4", 1, 4, 'i'},     {"f4e2m1", 1, 4, 'f'},
    {"f8e8m0", 1, 8, 'f'},     {"u2", 1, 2, 'u'},     {"i2", 1, 2, 'i'},
};

constexpr const row& at(dtype t) {
  return rows[static_cast<std::uint8_t>(t)];
}
}  // namespace dtype_detail

/// `dtype::f32` -> `"f32"`.
constexpr std::string_view name_of(dtype t) {
  return dtype_detail::at(t).name;
}

/// Bytes of one element in memory; types below 8 bits take one byte each.
constexpr std::size_t size_of(dtype t) {
  return dtype_detail::at(t).bytes;
}

/// Bits of one element in a packed file; 0 for strings.
constexpr std::size_t bits_of(dtype t) {
  return dtype_detail::at(t).bits;
}

constexpr bool is_float(dtype t) {
  return dtype_detail::at(t).kind == 'f';
}

constexpr bool is_signed_integer(dtype t) {
  return dtype_detail::at(t).kind == 'i';
}

constexpr bool is_unsigned_integer(dtype t) {
  return dtype_detail::at(t).kind == 'u';
}

constexpr bool is_integer(dtype t) {
  return is_signed_integer(t) || is_unsigned_integer(t);
}

constexpr bool is_complex(dtype t) {
  return dtype_detail::at(t).kind == 'c';
}

constexpr bool is_numeric(dtype t) {
  return is_float(t) || is_integer(t);
}

constexpr bool is_packed(dtype t) {
  return bits_of(t) != 0 && bits_of(t) < 8;
}

/// The type of a name such as `"f32"`.
constexpr std::optional<dtype> dtype_named(std::string_view name) {
  for (int i = 1; i < dtype_count; ++i)
    if (dtype_detail::rows[i].name == name) return static_cast<dtype>(i);
  return std::nullopt;
}

/// The type with a TensorProto.DataType number, if there is one.
constexpr std::optional<dtype> dtype_numbered(std::int64_t number) {
  if (number < 1 || number >= dtype_count) return std::nullopt;
  return static_cast<dtype>(number);
}

/// The dtype of a C++ element type; `undefined` when there is none.
template <class T>
inline constexpr dtype dtype_of = [] {
  using std::is_same_v;
  if (is_same_v<T, float>) return dtype::f32;
  if (is_same_v<T, double>) return dtype::f64;
  if (is_same_v<T, bool>) return dtype::boolean;
  if (is_same_v<T, std::string>) return dtype::string;
  if (is_same_v<T, f16>) return dtype::f16;
  if (is_same_v<T, bf16>) return dtype::bf16;
  if (is_same_v<T, f8e4m3fn>) return dtype::f8e4m3fn;
  if (is_same_v<T, f8e4m3fnuz>) return dtype::f8e4m3fnuz;
  if (is_same_v<T, f8e5m2>) return dtype::f8e5m2;
  if (is_same_v<T, f8e5m2fnuz>) return dtype::f8e5m2fnuz;
  if (is_same_v<T, f8e8m0>) return dtype::f8e8m0;
  if (is_same_v<T, f4e2m1>) return dtype::f4e2m1;
  if constexpr (std::is_integral_v<T>) {
    constexpr bool negative = std::is_signed_v<T>;
    if (sizeof(T) == 1) return negative ? dtype::i8 : dtype::u8;
    if (sizeof(T) == 2) return negative ? dtype::i16 : dtype::u16;
    if (sizeof(T) == 4) return negative ? dtype::i32 : dtype::u32;
    if (sizeof(T) == 8) return negative ? dtype::i64 : dtype::u64;
  }
  return dtype::undefined;
}();

}  // namespace tenon::inline v0
