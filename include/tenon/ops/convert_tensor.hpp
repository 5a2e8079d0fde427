#pragma once

#include "tenon/tensor/convert.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

namespace tenon::inline v0::ops {

/// How a number between two powers of two becomes one of them (f8e8m0).
enum class float_rounding : unsigned char { up, down, nearest };

constexpr auto enum_names(float_rounding) {
  return std::array<std::string_view, 3>{"up", "down", "nearest"};
}

/// The f8e8m0 code of a number; outside the range: the nearest code with `saturate`, else NaN.
/// Negative numbers, for which ONNX leaves it open, give the code of their magnitude.
inline std::uint8_t power_of_two_code(double number, bool saturate, float_rounding mode) {
  constexpr std::uint8_t nan_code = 255;
  if (std::isnan(number)) return nan_code;
  const double v = std::fabs(number);
  if (std::isinf(v)) return saturate ? 254 : nan_code;
  if (v == 0) return saturate ? 0 : nan_code;
  int exponent = 0;
  const double fraction = std::frexp(v, &exponent);
  int code = exponent - 1 + 127;
  if (mode == float_rounding::up && fraction > 0.5) ++code;
  if (mode == float_rounding::nearest && fraction >= 0.75) ++code;
  if (code < 0 || code > 254) return !saturate ? nan_code : code < 0 ? 0 : 254;
  return static_cast<std::uint8_t>(code);
}

namespace cast_detail {

inline bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[i]) return false;
  }
  return true;
}

/// The number that a text spells out whole, spaces around it aside.
inline bool parse_real(std::string_view text, double& out) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) return false;
  if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity")) {
    out = INFINITY;
  } else if (equals_ignoring_case(text, "nan")) {
    out = NAN;
  } else {
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, out);
    if (parsed.ec == std::errc::result_out_of_range)
      out = text.find("e-") != text.npos || text.find("E-") != text.npos ? 0.0 : INFINITY;
    else if (parsed.ec != std::errc())
      return false;
    if (parsed.ptr != end) return false;
  }
  if (negative) out = -out;
  return true;
}

/// The shortest decimal that reads back as `v`: plain from 1e-4 to 1e16, scientific outside.
template <class T> std::string real_text(T v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  const T magnitude = std::fabs(v);
  const bool plain = magnitude == 0 || (magnitude >= T(1e-4) && magnitude < T(1e16));
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, v,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string out(digits, end.ptr);
  if (plain && out.find('.') == out.npos) out += ".0";
  return out;
}

template <class T> void write_numbers(const tensor& from, std::string* out) {
  const elements_as<T> in(from);
  for (std::size_t i = 0; i < in.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>)
      out[i] = real_text(in[i]);
    else if (from.type() == dtype::boolean)
      out[i] = in[i] ? "True" : "False";
    else
      out[i] = std::to_string(in[i]);
  }
}

inline status parse_strings(const tensor& from,
                            std::span<double> reals,
                            std::span<std::int64_t> wholes) {
  const auto* text = from.data<std::string>();
  for (std::size_t i = 0; i < reals.size(); ++i) {
    const std::string_view t = text[i];
    const auto parsed = std::from_chars(t.data(), t.data() + t.size(), wholes[i]);
    const bool is_whole = parsed.ec == std::errc() && parsed.ptr == t.data() + t.size();
    if (!parse_real(t, reals[i]))
      return fail(code::input, "element ", i, " is ", quoted(t), ", expected a number");
    if (!is_whole) wholes[i] = number_cast<std::int64_t>(reals[i]);
  }
  return {};
}

template <class F> void store_saturated(std::span<const double> from, const tensor& to) {
  for (std::size_t i = 0; i < from.size(); ++i) to.data<F>()[i] = F::saturated(from[i]);
}

}  // namespace cast_detail

/// Stores numbers into a tensor by the casting rules of ONNX; f4e2m1 has no NaN and takes -0 for it.
inline void store_reals(std::span<const double> from,
                        const tensor& to,
                        bool saturate,
                        float_rounding mode) {
  using namespace cast_detail;
  switch (to.type()) {
    case dtype::f8e8m0:
      for (std::size_t i = 0; i < from.size(); ++i)
        to.data<std::uint8_t>()[i] = power_of_two_code(from[i], saturate, mode);
      return;
    case dtype::f4e2m1:
      for (std::size_t i = 0; i < from.size(); ++i)
        to.data<f4e2m1>()[i] = std::isnan(from[i]) ? f4e2m1(-0.0) : f4e2m1(from[i]);
      return;
    case dtype::f8e4m3fn:
      if (saturate) return store_saturated<f8e4m3fn>(from, to);
      break;
    case dtype::f8e4m3fnuz:
      if (saturate) return store_saturated<f8e4m3fnuz>(from, to);
      break;
    case dtype::f8e5m2:
      if (saturate) return store_saturated<f8e5m2>(from, to);
      break;
    case dtype::f8e5m2fnuz:
      if (saturate) return store_saturated<f8e5m2fnuz>(from, to);
      break;
    default:
      break;
  }
  store_elements<double>(from, to);
}

/// Writes the elements of `from` into `to`, of the same extents, by the casting rules of ONNX.
inline status convert_tensor(const tensor& from,
                             const tensor& to,
                             bool saturate = true,
                             float_rounding mode = float_rounding::up) {
  const dtype source = from.type(), target = to.type();
  const std::size_t n = static_cast<std::size_t>(from.size());
  if (n == 0) return {};
  if (source == target && source != dtype::string) {
    std::memcpy(to.bytes(), from.bytes(), from.size_bytes());
  } else if (source == dtype::string && target == dtype::string) {
    std::copy_n(from.data<std::string>(), n, to.data<std::string>());
  } else if (source == dtype::string) {
    std::vector<double> reals(n);
    std::vector<std::int64_t> wholes(n);
    TENON_TRY(cast_detail::parse_strings(from, reals, wholes));
    if (is_integer(target))
      store_elements<std::int64_t>(wholes, to);
    else
      store_reals(reals, to, saturate, mode);
  } else if (target == dtype::string) {
    auto* out = to.data<std::string>();
    if (source == dtype::f64)
      cast_detail::write_numbers<double>(from, out);
    else if (is_float(source))
      cast_detail::write_numbers<float>(from, out);
    else if (source == dtype::u64)
      cast_detail::write_numbers<std::uint64_t>(from, out);
    else
      cast_detail::write_numbers<std::int64_t>(from, out);
  } else if (is_float(source) || bits_of(target) < 16) {
    if (is_integer(target) && !is_float(source))
      store_elements<std::int64_t>(std::span(elements_as<std::int64_t>(from).data(), n), to);
    else
      store_reals(std::span(elements_as<double>(from).data(), n), to, saturate, mode);
  } else if (source == dtype::u64) {
    store_elements<std::uint64_t>(std::span(elements_as<std::uint64_t>(from).data(), n), to);
  } else {
    store_elements<std::int64_t>(std::span(elements_as<std::int64_t>(from).data(), n), to);
  }
  return {};
}

}  // namespace tenon::inline v0::ops
