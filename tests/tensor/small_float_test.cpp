#include "tenon/tensor/small_float.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A format as its paper has it: fields, bias, and the codes that are no numbers.
struct layout {
  int exponent_bits, mantissa_bits, bias;
  float_codes codes;

  int bits() const { return 1 + exponent_bits + mantissa_bits; }

  double value(unsigned code) const {
    const unsigned sign = code >> (bits() - 1), magnitude = code & ((1U << (bits() - 1)) - 1U);
    const unsigned exponent = magnitude >> mantissa_bits;
    const unsigned mantissa = magnitude & ((1U << mantissa_bits) - 1U);
    const unsigned ones = (1U << exponent_bits) - 1U;
    if (codes == float_codes::ieee && exponent == ones)
      return mantissa != 0 ? std::nan("") : sign ? -infinity : infinity;
    if (codes == float_codes::finite && magnitude == (1U << (bits() - 1)) - 1U) return std::nan("");
    if (codes == float_codes::unsign && sign && magnitude == 0) return std::nan("");
    const double fraction = mantissa * std::pow(2.0, -mantissa_bits) + (exponent != 0);
    const double v = fraction * std::pow(2.0, std::max(int(exponent), 1) - bias);
    return sign ? -v : v;
  }

  /// The finite code nearest to a magnitude, the even one of two; one past the largest when it rounds there.
  unsigned nearest(double magnitude) const {
    unsigned last = 0;
    while (std::isfinite(value(last + 1)) && value(last + 1) > value(last)) ++last;
    for (unsigned code = 0; code < last; ++code) {
      const double middle = (value(code) + value(code + 1)) / 2;
      if (magnitude < middle || (magnitude == middle && code % 2 == 0)) return code;
    }
    const double step = value(last) - value(last - 1), middle = value(last) + step / 2;
    return magnitude < middle || (magnitude == middle && last % 2 == 0) ? last : last + 1;
  }
};

bool same(double a, double b) {
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

template <class F> void check_codes(const layout& format) {
  for (unsigned code = 0; code < (1U << format.bits()); ++code) {
    const F f = F::from_bits(static_cast<decltype(f.bits)>(code));
    const double wanted = format.value(code);
    CAPTURE(code);
    CHECK(same(static_cast<double>(static_cast<float>(f)), wanted));
    if (std::isnan(wanted)) {
      CHECK(std::isnan(static_cast<float>(F(static_cast<float>(f)))));
    } else {
      CHECK(F(wanted).bits == code);
      CHECK(F(static_cast<float>(wanted)).bits == code);
    }
  }
}

/// Every code, every middle between two, and the neighbours of both.
std::vector<double> probes(const layout& format) {
  std::vector<double> out;
  for (unsigned code = 0; std::isfinite(format.value(code)) && code < (1U << (format.bits() - 1));
       ++code) {
    const double v = format.value(code);
    const unsigned next = code + 1;
    const bool is_last = next == (1U << (format.bits() - 1)) || !std::isfinite(format.value(next));
    const double above = is_last ? v + (v - format.value(code - 1)) : format.value(next);
    for (const double p : {v, (v + above) / 2})
      for (const double q : {p, std::nextafter(p, 0), std::nextafter(p, infinity)})
        out.push_back(q);
  }
  return out;
}

template <class F> void check_rounding(const layout& format) {
  const unsigned sign_bit = 1U << (format.bits() - 1);
  unsigned last = 0;
  while (last + 1 < sign_bit && std::isfinite(format.value(last + 1))) ++last;
  for (const double v : probes(format)) {
    CAPTURE(v);
    const unsigned nearest = format.nearest(v);
    CHECK(F::saturated(v).bits == std::min(nearest, last));
    if (nearest != 0) CHECK(F::saturated(-v).bits == (sign_bit | std::min(nearest, last)));
    const double back = F(v).decode();
    if (nearest <= last)
      CHECK(back == format.value(nearest));
    else if (format.codes == float_codes::ieee)
      CHECK(back == infinity);
    else
      CHECK((format.codes == float_codes::plain ? back == format.value(last) : std::isnan(back)));
  }
}

template <class F> void check_format(const layout& format) {
  check_codes<F>(format);
  check_rounding<F>(format);
}

}  // namespace

TEST_CASE("every code of an 8- and 4-bit float is the number of its format and rounds to it") {
  check_format<f8e4m3fn>({4, 3, 7, float_codes::finite});
  check_format<f8e4m3fnuz>({4, 3, 8, float_codes::unsign});
  check_format<f8e5m2>({5, 2, 15, float_codes::ieee});
  check_format<f8e5m2fnuz>({5, 2, 16, float_codes::unsign});
  check_format<f4e2m1>({2, 1, 1, float_codes::plain});
}

TEST_CASE("the largest numbers of the 8- and 4-bit floats are those of the papers") {
  CHECK(static_cast<float>(f8e4m3fn::from_bits(f8e4m3fn::max_code())) == 448);
  CHECK(static_cast<float>(f8e4m3fnuz::from_bits(f8e4m3fnuz::max_code())) == 240);
  CHECK(static_cast<float>(f8e5m2::from_bits(f8e5m2::max_code())) == 57344);
  CHECK(static_cast<float>(f8e5m2fnuz::from_bits(f8e5m2fnuz::max_code())) == 57344);
  CHECK(static_cast<float>(f4e2m1::from_bits(f4e2m1::max_code())) == 6);
}

TEST_CASE("numbers that no code stands for follow the two tables of ONNX Cast") {
  struct row {
    double v;
    int fn, fnuz, e5m2, e5m2fnuz;
  };

  const double nan = std::nan("");
  for (const row& r : {row{0.0, 0, 0, 0, 0}, row{-0.0, 0x80, 0, 0x80, 0},
                       row{nan, 0x7F, 0x80, 0x7E, 0x80}, row{infinity, 0x7E, 0x7F, 0x7B, 0x7F},
                       row{-infinity, 0xFE, 0xFF, 0xFB, 0xFF}, row{1e300, 0x7E, 0x7F, 0x7B, 0x7F},
                       row{-1e300, 0xFE, 0xFF, 0xFB, 0xFF}, row{5e-324, 0, 0, 0, 0}}) {
    CAPTURE(r.v);
    CHECK(f8e4m3fn::saturated(r.v).bits == r.fn);
    CHECK(f8e4m3fnuz::saturated(r.v).bits == r.fnuz);
    CHECK(f8e5m2::saturated(r.v).bits == r.e5m2);
    CHECK(f8e5m2fnuz::saturated(r.v).bits == r.e5m2fnuz);
  }
  for (const row& r : {row{infinity, 0x7F, 0x80, 0x7C, 0x80},
                       row{-infinity, 0xFF, 0x80, 0xFC, 0x80}, row{1e9, 0x7F, 0x80, 0x7C, 0x80},
                       row{-1e9, 0xFF, 0x80, 0xFC, 0x80}, row{-1e-9, 0x80, 0, 0x80, 0}}) {
    CAPTURE(r.v);
    CHECK(f8e4m3fn(r.v).bits == r.fn);
    CHECK(f8e4m3fnuz(r.v).bits == r.fnuz);
    CHECK(f8e5m2(r.v).bits == r.e5m2);
    CHECK(f8e5m2fnuz(r.v).bits == r.e5m2fnuz);
  }
  CHECK(f4e2m1(infinity).bits == 7);
  CHECK(f4e2m1(-1e30).bits == 15);
  CHECK(f4e2m1(-0.0).bits == 8);
}

TEST_CASE("every code of f16 is the number of its format and rounds to it") {
  const layout half{5, 10, 15, float_codes::ieee};
  check_codes<f16>(half);
  for (unsigned code = 0; code < 0x7C00; ++code) {
    const double v = half.value(code);
    const double above = code == 0x7BFF ? 65536 : half.value(code + 1), middle = (v + above) / 2;
    CAPTURE(code);
    CHECK(f16(middle).bits == code + code % 2);
    CHECK(f16(static_cast<float>(middle)).bits == code + code % 2);
    CHECK(f16(std::nextafter(middle, 0.0)).bits == code);
    CHECK(f16(std::nextafter(middle, infinity)).bits == code + 1);
    CHECK(f16(std::nextafter(static_cast<float>(-middle), 0.0F)).bits == (0x8000 | code));
    CHECK(f16(std::nextafter(static_cast<float>(middle), 1e9F)).bits == code + 1);
  }
}

TEST_CASE("every code of bf16 is the number of its format and rounds to it") {
  const layout brain{8, 7, 127, float_codes::ieee};
  check_codes<bf16>(brain);
  for (unsigned code = 0; code < 0x7F80; ++code) {
    const double v = brain.value(code);
    const double above = code == 0x7F7F ? 0x1p128 : brain.value(code + 1), middle = (v + above) / 2;
    CAPTURE(code);
    CHECK(bf16(static_cast<float>(middle)).bits == code + code % 2);
    CHECK(bf16(middle).bits == code + code % 2);
    CHECK(bf16(std::nextafter(middle, 0.0)).bits == code);
    CHECK(bf16(std::nextafter(middle, infinity)).bits == code + 1);
    CHECK(bf16(std::nextafter(static_cast<float>(middle), 0.0F)).bits == code);
  }
}

TEST_CASE("infinities and overflows of f16 and bf16 are infinite, NaN stays NaN with its sign") {
  for (const double v : {infinity, 1e300, 65520.0}) {
    CHECK(f16(v).bits == 0x7C00);
    CHECK(f16(-v).bits == 0xFC00);
    CHECK(f16(static_cast<float>(v)).bits == 0x7C00);
  }
  for (const double v : {infinity, 1e300, 3.4e38}) {
    CHECK(bf16(v).bits == 0x7F80);
    CHECK(bf16(-v).bits == 0xFF80);
  }
  const float quiet = std::numeric_limits<float>::quiet_NaN();
  CHECK((f16(quiet).bits & 0xFC00) == 0x7C00);
  CHECK((f16(-quiet).bits & 0xFC00) == 0xFC00);
  CHECK(std::isnan(static_cast<float>(f16(static_cast<double>(quiet)))));
  CHECK(std::isnan(static_cast<float>(bf16(static_cast<double>(quiet)))));
  CHECK(std::isnan(static_cast<float>(bf16(std::bit_cast<float>(0x7F800001U)))));
  CHECK(std::isnan(static_cast<float>(f16(std::bit_cast<float>(0xFF800001U)))));
}

TEST_CASE("integers become the nearest small float") {
  CHECK(f16(2049).bits == f16(2048.0F).bits);
  CHECK(f16(2051).bits == f16(2052.0F).bits);
  CHECK(f16(std::numeric_limits<std::int64_t>::min()).bits == 0xFC00);
  CHECK(bf16(257).bits == bf16(256.0F).bits);
  CHECK(bf16((1 << 30) + (1 << 22) + 1).bits == bf16(0x1p30F + 0x1p23F).bits);
  const std::int64_t middle = (std::int64_t{1} << 60) + (std::int64_t{1} << 52);  // of two bf16
  CHECK(bf16(middle).bits == bf16(0x1p60F).bits);
  CHECK(bf16(middle + 1).bits == bf16(0x1p60F + 0x1p53F).bits);
  CHECK(bf16(-middle - 1).bits == bf16(-0x1p60F - 0x1p53F).bits);
  CHECK(bf16(middle - 1).bits == bf16(0x1p60F).bits);
  CHECK(bf16(static_cast<std::uint64_t>(middle) + 1).bits == bf16(0x1p60F + 0x1p53F).bits);
  CHECK(bf16(std::numeric_limits<std::uint64_t>::max()).bits == bf16(0x1p64F).bits);
  CHECK(bf16(std::numeric_limits<std::int64_t>::min()).bits == bf16(-0x1p63F).bits);
  CHECK(f8e4m3fn(17).bits == f8e4m3fn(16.0F).bits);
  CHECK(f8e5m2(true).bits == f8e5m2(1.0F).bits);
}

TEST_CASE("f8e8m0 has the powers of two and takes the one above") {
  for (int code = 0; code < 255; ++code) {
    const f8e8m0 f = f8e8m0::from_bits(static_cast<std::uint8_t>(code));
    const double v = std::pow(2.0, code - 127);
    CAPTURE(code);
    CHECK(static_cast<double>(static_cast<float>(f)) == v);
    CHECK(f8e8m0(v).bits == code);
    CHECK(f8e8m0(std::nextafter(v, infinity)).bits == std::min(code + 1, 254));
    CHECK(f8e8m0(std::nextafter(v, 0.0)).bits == code);
    CHECK(f8e8m0(static_cast<float>(v)).bits == code);
  }
  CHECK(std::isnan(static_cast<float>(f8e8m0::from_bits(255))));
  CHECK(f8e8m0(std::nan("")).bits == 255);
  CHECK(f8e8m0(0.0F).bits == 0);
  CHECK(f8e8m0(1e-45F).bits == 0);
  CHECK(f8e8m0(std::numeric_limits<float>::max()).bits == 254);
  CHECK(f8e8m0(infinity).bits == 254);
}
