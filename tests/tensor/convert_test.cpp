#include "tenon/tensor/convert.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

template <class T> constexpr T highest = std::numeric_limits<T>::max();
template <class T> constexpr T lowest = std::numeric_limits<T>::lowest();

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The T that integers wrap to: the low bits.
template <class T> void check_wrapping(std::int64_t from) {
  CAPTURE(from);
  const auto low = static_cast<std::make_unsigned_t<T>>(static_cast<std::uint64_t>(from));
  CHECK(number_cast<T>(from) == std::bit_cast<T>(low));
}

template <class T> void check_from_real(double v, T wanted) {
  CAPTURE(v);
  CHECK(number_cast<T>(v) == wanted);
  if (static_cast<double>(static_cast<float>(v)) == v)
    CHECK(number_cast<T>(static_cast<float>(v)) == wanted);
}

template <class T> std::vector<T> loaded(const tensor& from) {
  std::vector<T> out(static_cast<std::size_t>(from.size()));
  load_elements<T>(from, out);
  return out;
}

tensor raw_bytes(dtype type, std::vector<std::uint8_t> bytes) {
  tensor out(type, {static_cast<std::int64_t>(bytes.size())});
  for (std::size_t i = 0; i < bytes.size(); ++i) out.data<std::uint8_t>()[i] = bytes[i];
  return out;
}

}  // namespace

TEST_CASE("floats become integers by cutting the fraction off") {
  for (const auto& [from, wanted] : {std::pair{1.9, 1},
                                     {-1.9, -1},
                                     {0.5, 0},
                                     {-0.5, 0},
                                     {-0.0, 0},
                                     {127.0, 127},
                                     {-128.9, -128},
                                     {5e-324, 0}})
    check_from_real<std::int8_t>(from, static_cast<std::int8_t>(wanted));
  check_from_real<std::uint8_t>(255.99, 255);
  check_from_real<std::int32_t>(-2147483648.0, lowest<std::int32_t>);
  check_from_real<std::uint32_t>(4294967295.0, highest<std::uint32_t>);
  check_from_real<std::int64_t>(0x1p62, std::int64_t{1} << 62);
  check_from_real<std::int64_t>(9223372036854774784.0, 9223372036854774784);
  check_from_real<std::uint64_t>(0x1p63, std::uint64_t{1} << 63);
  check_from_real<std::uint64_t>(18446744073709549568.0, 18446744073709549568U);
}

TEST_CASE("floats outside of 64 bits, infinities and NaN become the same integer everywhere") {
  for (const double v : {infinity, -infinity, std::nan(""), 0x1p64, -0x1p64, 1e300, -1e300}) {
    check_from_real<std::int64_t>(v, lowest<std::int64_t>);
    check_from_real<std::uint64_t>(v, std::uint64_t{1} << 63);
    check_from_real<std::int32_t>(v, 0);
    check_from_real<std::uint8_t>(v, 0);
  }
  check_from_real<std::int64_t>(-0x1p63, lowest<std::int64_t>);
  check_from_real<std::int64_t>(0x1p63, lowest<std::int64_t>);
  CHECK(number_cast<std::int32_t>(f16(infinity)) == 0);
  CHECK(number_cast<std::int64_t>(bf16(-3.75F)) == -3);
}

TEST_CASE("floats between the type's range and 64 bits wrap as integers do") {
  check_from_real<std::int8_t>(200, -56);
  check_from_real<std::int8_t>(-129, 127);
  check_from_real<std::uint8_t>(-1, 255);
  check_from_real<std::uint8_t>(256, 0);
  check_from_real<std::int32_t>(4294967296.0 + 5, 5);
  check_from_real<std::uint64_t>(-1, highest<std::uint64_t>);
}

TEST_CASE("integers wrap to the low bits") {
  for (const std::int64_t v :
       {lowest<std::int64_t>, highest<std::int64_t>, std::int64_t{-1}, std::int64_t{0},
        std::int64_t{255}, std::int64_t{256}, std::int64_t{-129}, std::int64_t{1} << 31}) {
    check_wrapping<std::int8_t>(v);
    check_wrapping<std::uint8_t>(v);
    check_wrapping<std::int16_t>(v);
    check_wrapping<std::uint16_t>(v);
    check_wrapping<std::int32_t>(v);
    check_wrapping<std::uint32_t>(v);
    check_wrapping<std::uint64_t>(v);
  }
  CHECK(number_cast<std::int64_t>(highest<std::uint64_t>) == -1);
  CHECK(number_cast<std::int64_t>(true) == 1);
}

TEST_CASE("everything but zero is true") {
  for (const double v : {1.0, -1.0, 0.25, 5e-324, infinity, -infinity, std::nan("")})
    CHECK(number_cast<bool>(v));
  CHECK(number_cast<bool>(std::numeric_limits<float>::denorm_min()));
  CHECK(number_cast<bool>(f16(0x1p-24)));
  CHECK(number_cast<bool>(lowest<std::int64_t>));
  CHECK(number_cast<bool>(highest<std::uint64_t>));
  for (const double v : {0.0, -0.0}) {
    CHECK_FALSE(number_cast<bool>(v));
    CHECK_FALSE(number_cast<bool>(f16(v)));
    CHECK_FALSE(number_cast<bool>(bf16(v)));
  }
}

TEST_CASE("between floats signs of zero, NaN and infinity stay, too large is infinite") {
  CHECK(std::signbit(number_cast<float>(-0.0)));
  CHECK(std::signbit(static_cast<float>(number_cast<f16>(-0.0F))));
  CHECK(number_cast<float>(1e300) == infinity);
  CHECK(number_cast<float>(-1e300) == -infinity);
  CHECK(number_cast<float>(f16(-infinity)) == -infinity);
  CHECK(std::isnan(number_cast<double>(bf16(std::nan("")))));
  CHECK(number_cast<double>(f16(0x1p-24)) == 0x1p-24);
  CHECK(number_cast<f16>(std::int32_t{2049}).bits == f16(2048.0F).bits);
  CHECK(number_cast<f16>(bf16(0x1p-24F)).bits == 1);
  CHECK(number_cast<bf16>(std::int64_t{257}).bits == bf16(256.0F).bits);
}

TEST_CASE("4- and 2-bit integers are sign-extended from bytes and masked into them") {
  const tensor i4 = raw_bytes(dtype::i4, {0, 7, 8, 15, 0xF7}),
               u4 = raw_bytes(dtype::u4, {0, 8, 15}), i2 = raw_bytes(dtype::i2, {0, 1, 2, 3}),
               u2 = raw_bytes(dtype::u2, {0, 1, 2, 3});
  CHECK(loaded<std::int64_t>(i4) == std::vector<std::int64_t>{0, 7, -8, -1, 7});
  CHECK(loaded<float>(u4) == std::vector<float>{0, 8, 15});
  CHECK(loaded<std::int8_t>(i2) == std::vector<std::int8_t>{0, 1, -2, -1});
  CHECK(loaded<double>(u2) == std::vector<double>{0, 1, 2, 3});
  const std::vector<float> numbers{-1, -8, 7, 16, 3.9F};
  tensor to(dtype::i4, {5});
  store_elements<float>(numbers, to);
  CHECK(loaded<int>(to) == std::vector<int>{-1, -8, 7, 0, 3});
  CHECK(to.data<std::uint8_t>()[0] == 15);
  tensor narrow(dtype::u2, {5});
  store_elements<float>(numbers, narrow);
  CHECK(loaded<int>(narrow) == std::vector<int>{3, 0, 3, 0, 3});
}

TEST_CASE("every real dtype has an element type of its size, others have none") {
  for (int i = 0; i < dtype_count; ++i) {
    const auto type = static_cast<dtype>(i);
    CAPTURE(name_of(type));
    std::size_t bytes = 0;
    dtype named = dtype::undefined;
    const bool known = with_element_type(type, [&]<class T>(T) {
      bytes = sizeof(T);
      named = dtype_of<T>;
    });
    const bool is_real = (is_float(type) || is_integer(type) || type == dtype::boolean) &&
                         (!is_packed(type) || type == dtype::f4e2m1);
    CHECK(known == is_real);
    if (known) CHECK(bytes == size_of(type));
    if (known) CHECK(named == type);
  }
}

TEST_CASE("reference arithmetic is done in float, double, int64 or uint64") {
  const auto bytes_and_kind = [](dtype type) {
    std::string out = "none";
    with_compute_type(type, [&]<class T>(T) { out = name_of(dtype_of<T>); });
    return out;
  };
  for (const dtype t :
       {dtype::f32, dtype::f16, dtype::bf16, dtype::f8e5m2, dtype::f8e8m0, dtype::f4e2m1})
    CHECK(bytes_and_kind(t) == "f32");
  for (const dtype t : {dtype::i8, dtype::u32, dtype::boolean, dtype::i4, dtype::u2, dtype::i64})
    CHECK(bytes_and_kind(t) == "i64");
  CHECK(bytes_and_kind(dtype::f64) == "f64");
  CHECK(bytes_and_kind(dtype::u64) == "u64");
  for (const dtype t : {dtype::string, dtype::c64, dtype::c128, dtype::undefined})
    CHECK(bytes_and_kind(t) == "none");
}

TEST_CASE("elements of the right type are seen in place, others are copied") {
  const tensor t = tensor::of<float>({3}, {1.5F, -2.5F, 3});
  const elements_as<float> same(t);
  CHECK(static_cast<const void*>(same.data()) == t.bytes());
  const elements_as<std::int32_t> other(t);
  CHECK(other.size() == 3);
  CHECK(other[1] == -2);
  const tensor nothing(dtype::f16, {0, 4});
  CHECK(elements_as<float>(nothing).size() == 0);
  CHECK(elements_as<f16>(nothing).size() == 0);
  const tensor scalar = tensor::scalar<std::int64_t>(7);
  CHECK(elements_as<float>(scalar)[0] == 7);
}

TEST_CASE("written elements land in a tensor of any type") {
  const tensor direct(dtype::f32, {2}), converted(dtype::u8, {2}), empty(dtype::u8, {0});
  elements_into<float> a(direct);
  a[0] = 1.5F;
  a[1] = 2;
  CHECK(direct.data<float>()[0] == 1.5F);
  a.commit();
  elements_into<float> b(converted);
  CHECK(b.size() == 2);
  b[0] = 1.9F;
  b[1] = -1;
  b.commit();
  CHECK(loaded<int>(converted) == std::vector<int>{1, 255});
  elements_into<float> c(empty);
  c.commit();
  CHECK(c.size() == 0);
}
