#pragma once

#include "tenon/core/config.hpp"

#include <bit>
#include <cstdint>
#include <limits>

// Compiler builtins instead of <cmath>, which every file that includes tenon would have to parse.
namespace tenon::inline v0 {

/// How a small float spends its topmost codes.
enum class float_codes : std::uint8_t {
  ieee,    ///< infinities and NaNs in the topmost exponent
  finite,  ///< no infinities; NaN has all bits set (OCP "FN")
  unsign,  ///< no infinities, no negative zero; NaN is the code of negative zero ("FNUZ")
  plain,   ///< every code is a number
};

/// A float of `1 + Exponent + Mantissa` bits, held in the low bits of `Bits`; arithmetic happens in float.
template <class Bits, int Exponent, int Mantissa, int Bias, float_codes Codes> struct small_float {
  Bits bits = 0;

  static constexpr int sign_shift = Exponent + Mantissa;
  static constexpr Bits magnitude_mask = static_cast<Bits>((1U << sign_shift) - 1U);
  static constexpr int top_exponent = (1 << Exponent) - 1;

  /// The code of the largest finite magnitude.
  static constexpr Bits max_code() {
    if constexpr (Codes == float_codes::ieee)
      return static_cast<Bits>((static_cast<unsigned>(top_exponent) << Mantissa) - 1U);
    if constexpr (Codes == float_codes::finite) return static_cast<Bits>(magnitude_mask - 1U);
    return magnitude_mask;
  }

  static constexpr small_float from_bits(Bits b) { return small_float(b, 0); }

  constexpr small_float() = default;

  constexpr small_float(Bits b, int) : bits(b) {}

  small_float(float v) : bits(encode(v, false)) {}

  small_float(double v) : bits(encode(v, false)) {}

  template <class T>
  requires std::is_integral_v<T>

  explicit small_float(T v) : bits(encode(static_cast<double>(v), false)) {}

  operator float() const { return static_cast<float>(decode()); }

  bool is_nan() const {
    const Bits magnitude = bits & magnitude_mask;
    if constexpr (Codes == float_codes::ieee) return magnitude > (max_code() + 1U);
    if constexpr (Codes == float_codes::finite) return magnitude == magnitude_mask;
    if constexpr (Codes == float_codes::unsign) return bits == static_cast<Bits>(1U << sign_shift);
    return false;
  }

  double decode() const {
    const unsigned magnitude = bits & magnitude_mask;
    const bool negative = (bits >> sign_shift) & 1U;
    if (is_nan()) return std::numeric_limits<double>::quiet_NaN();
    double out = 0;
    if (Codes == float_codes::ieee && magnitude > max_code()) {
      out = std::numeric_limits<double>::infinity();
    } else {
      const int exponent = static_cast<int>(magnitude >> Mantissa);
      const unsigned fraction = magnitude & ((1U << Mantissa) - 1U);
      out = exponent == 0
                ? __builtin_ldexp(double(fraction), 1 - Bias - Mantissa)
                : __builtin_ldexp(double(fraction + (1U << Mantissa)), exponent - Bias - Mantissa);
    }
    return negative ? -out : out;
  }

  /// Round to nearest even; out of range gives infinity, NaN or (`saturate`) the largest finite value.
  static Bits encode(double v, bool saturate) {
    const bool negative = __builtin_signbit(v);
    const auto sign = static_cast<Bits>(static_cast<unsigned>(negative) << sign_shift);
    if (__builtin_isnan(v)) return nan_code(sign);
    const double magnitude = __builtin_fabs(v);
    const auto code = __builtin_isinf(v) ? std::uint64_t{1} << 40 : rounded_code(magnitude);
    if (code > max_code()) {
      if (saturate || Codes == float_codes::plain) return static_cast<Bits>(sign | max_code());
      if constexpr (Codes == float_codes::ieee) return static_cast<Bits>(sign | (max_code() + 1U));
      return nan_code(sign);
    }
    if (Codes == float_codes::unsign && code == 0) return 0;
    return static_cast<Bits>(sign | static_cast<Bits>(code));
  }

  /// Round to nearest even, clamping to the largest finite value.
  static small_float saturated(double v) { return from_bits(encode(v, true)); }

 private:
  static Bits nan_code(Bits sign) {
    if constexpr (Codes == float_codes::ieee)
      return static_cast<Bits>(sign | (static_cast<unsigned>(top_exponent) << Mantissa) |
                               (1U << (Mantissa - 1)));
    if constexpr (Codes == float_codes::finite) return static_cast<Bits>(sign | magnitude_mask);
    if constexpr (Codes == float_codes::unsign) return static_cast<Bits>(1U << sign_shift);
    return max_code();
  }

  static std::uint64_t rounded_code(double magnitude) {
    if (magnitude == 0) return 0;
    int exponent = 0;
    __builtin_frexp(magnitude, &exponent);
    exponent -= 1;
    if (exponent < 1 - Bias) exponent = 1 - Bias;
    if (exponent > 200 + Bias) return std::uint64_t{1} << 40;
    const double steps = __builtin_nearbyint(__builtin_ldexp(magnitude, Mantissa - exponent));
    const auto whole = static_cast<std::uint64_t>(steps);
    const auto base = static_cast<std::uint64_t>(exponent + Bias - 1) << Mantissa;
    return base + whole;
  }
};

using f8e4m3fn = small_float<std::uint8_t, 4, 3, 7, float_codes::finite>;    ///< OCP OFP8 E4M3
using f8e4m3fnuz = small_float<std::uint8_t, 4, 3, 8, float_codes::unsign>;  ///< Graphcore/AMD E4M3
using f8e5m2 = small_float<std::uint8_t, 5, 2, 15, float_codes::ieee>;       ///< OCP OFP8 E5M2
using f8e5m2fnuz =
    small_float<std::uint8_t, 5, 2, 16, float_codes::unsign>;           ///< Graphcore/AMD E5M2
using f4e2m1 = small_float<std::uint8_t, 2, 1, 1, float_codes::plain>;  ///< OCP MX E2M1

/// IEEE 754 binary16.
struct f16 {
  std::uint16_t bits = 0;

  using codec = small_float<std::uint16_t, 5, 10, 15, float_codes::ieee>;

  static constexpr f16 from_bits(std::uint16_t b) {
    f16 out;
    out.bits = b;
    return out;
  }

  constexpr f16() = default;

  f16(float v) : bits(encode(v)) {}

  f16(double v) : bits(codec::encode(v, false)) {}

  template <class T>
  requires std::is_integral_v<T>

  explicit f16(T v) : bits(codec::encode(static_cast<double>(v), false)) {}

  operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
    const std::uint32_t magnitude = static_cast<std::uint32_t>(bits & 0x7FFFU);
    if (magnitude >= 0x7C00U)
      return std::bit_cast<float>(sign | 0x7F800000U | ((magnitude & 0x3FFU) << 13));
    const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(scaled));
  }

 private:
  static std::uint16_t encode(float v) {
    const auto raw = std::bit_cast<std::uint32_t>(v);
    const auto sign = static_cast<std::uint16_t>((raw >> 16) & 0x8000U);
    const std::uint32_t magnitude = raw & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) return sign | 0x7E00U;
    if (magnitude >= 0x477FF000U) return sign | 0x7C00U;
    if (magnitude < 0x38800000U) {
      const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
      return static_cast<std::uint16_t>(sign |
                                        (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
    }
    const std::uint32_t odd = (magnitude >> 13) & 1U;
    return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + 0xFFFU + odd) >> 13));
  }
};

namespace small_float_detail {

/// An integer with at most 53 bits in use, so that a double holds it, which rounds to fewer bits like the given one:
/// Boldo and Melquiond, "When double rounding is odd", 2005.
template <class T> constexpr T rounded_to_odd(T v) {
  if constexpr (sizeof(T) < 8) {
    return v;
  } else {
    constexpr T low = 2047, exact = T{1} << 53;
    const bool fits = v < exact && (std::is_unsigned_v<T> || v > T{} - exact);
    return fits || (v & low) == 0 ? v : static_cast<T>((v & ~low) | (low + 1));
  }
}

}  // namespace small_float_detail

/// The upper half of a binary32.
struct bf16 {
  std::uint16_t bits = 0;

  static constexpr bf16 from_bits(std::uint16_t b) {
    bf16 out;
    out.bits = b;
    return out;
  }

  constexpr bf16() = default;

  using codec = small_float<std::uint16_t, 8, 7, 127, float_codes::ieee>;

  bf16(float v) : bits(encode(v)) {}

  bf16(double v) : bits(codec::encode(v, false)) {}

  template <class T>
  requires std::is_integral_v<T>

  explicit bf16(T v) : bf16(static_cast<double>(small_float_detail::rounded_to_odd(v))) {}

  operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

 private:
  static std::uint16_t encode(float v) {
    const auto raw = std::bit_cast<std::uint32_t>(v);
    if ((raw & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((raw >> 16) | 0x40U);
    return static_cast<std::uint16_t>((raw + 0x7FFFU + ((raw >> 16) & 1U)) >> 16);
  }
};

/// OCP MX E8M0: a power of two, 2^(bits - 127); 255 is NaN; no zero, no sign.
struct f8e8m0 {
  std::uint8_t bits = 127;

  static constexpr f8e8m0 from_bits(std::uint8_t b) {
    f8e8m0 out;
    out.bits = b;
    return out;
  }

  constexpr f8e8m0() = default;

  f8e8m0(float v) : bits(encode(v)) {}

  f8e8m0(double v) : bits(encode(v)) {}

  operator float() const {
    return bits == 255 ? std::numeric_limits<float>::quiet_NaN()
                       : __builtin_ldexp(1.0F, bits - 127);
  }

 private:
  static std::uint8_t encode(double v) {
    if (__builtin_isnan(v)) return 255;
    if (!(v > 0)) return 0;
    if (__builtin_isinf(v)) return 254;
    int exponent = 0;
    const double fraction = __builtin_frexp(v, &exponent);
    const int up = exponent - 1 + (fraction > 0.5 ? 1 : 0);
    return static_cast<std::uint8_t>(up < -127 ? 0 : up > 127 ? 254 : up + 127);
  }
};

}  // namespace tenon::inline v0
