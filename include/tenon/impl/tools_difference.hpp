#pragma once

#include "tenon/tensor/convert.hpp"
#include "tenon/tools/difference.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace tenon::inline v0::tools {

namespace difference_detail {

inline constexpr std::uint64_t far = std::numeric_limits<std::uint64_t>::max();

/// A float as an integer in the same order: its magnitude with its sign.
inline std::int64_t ordered_at(const tensor& t, std::int64_t i) {
  const std::size_t bytes = size_of(t.type());
  std::uint64_t bits = 0;
  std::memcpy(&bits, t.bytes() + static_cast<std::size_t>(i) * bytes, bytes);
  if (t.type() == dtype::f8e8m0) return static_cast<std::int64_t>(bits);
  const std::uint64_t sign = std::uint64_t{1} << (bits_of(t.type()) - 1);
  const auto magnitude = static_cast<std::int64_t>(bits & (sign - 1));
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

template <class T> std::uint64_t distance(T a, T b) {
  const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b);
  return a > b ? x - y : y - x;
}

inline void add_scale(difference& d, double a) {
  ++d.count;
  if (std::isfinite(a)) d.scale = std::max(d.scale, std::abs(a));
}

/// Elements that differ by `apart`.
inline void add_differing(difference& d, double a, double b, double apart, std::uint64_t ulp) {
  ++d.differing;
  d.max_abs = std::max(d.max_abs, apart);
  d.max_rel = std::max(d.max_rel, apart / std::max(std::abs(a), std::abs(b)));
  d.max_ulp = std::max(d.max_ulp, ulp);
}

inline void add_floats(difference& d, const tensor& x, const tensor& y) {
  const elements_as<double> left(x), right(y);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double a = left[static_cast<std::size_t>(i)], b = right[static_cast<std::size_t>(i)];
    add_scale(d, a);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    if (std::isfinite(a) && std::isfinite(b)) {
      add_differing(d, a, b, std::abs(a - b), distance(ordered_at(x, i), ordered_at(y, i)));
      continue;
    }
    ++d.differing;
    d.max_abs = d.max_rel = std::numeric_limits<double>::infinity();
    d.max_ulp = far;
  }
}

template <class T> void add_integers(difference& d, const tensor& x, const tensor& y) {
  const elements_as<T> left(x), right(y);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto a = static_cast<double>(left[i]), b = static_cast<double>(right[i]);
    add_scale(d, a);
    if (left[i] == right[i]) continue;
    const std::uint64_t apart = distance(left[i], right[i]);
    add_differing(d, a, b, static_cast<double>(apart), apart);
  }
}

inline void add_strings(difference& d, const tensor& x, const tensor& y) {
  for (std::int64_t i = 0; i < x.size(); ++i) {
    add_scale(d, 0);
    if (x.data<std::string>()[i] != y.data<std::string>()[i]) add_differing(d, 0, 1, 1, far);
  }
}

inline void add_tensors(difference& d, const tensor& a, const tensor& b) {
  if (a.type() == dtype::string) return add_strings(d, a, b);
  if (is_complex(a.type())) {
    const dtype part = a.type() == dtype::c64 ? dtype::f32 : dtype::f64;
    const auto parts = [&](const tensor& t) {
      return tensor::over(part, extents{t.size() * 2}, storage::borrow(t.bytes(), t.size_bytes()));
    };
    return add_tensors(d, parts(a), parts(b));
  }
  if (is_float(a.type())) return add_floats(d, a, b);
  if (is_signed_integer(a.type())) return add_integers<std::int64_t>(d, a, b);
  add_integers<std::uint64_t>(d, a, b);
}

inline void add_values(difference& d, const datum& a, const datum& b) {
  const bool is_same_kind = a.what() == b.what();
  if (is_same_kind && a.is_tensor() && a.as_tensor().type() == b.as_tensor().type() &&
      a.as_tensor().dims() == b.as_tensor().dims())
    return add_tensors(d, a.as_tensor(), b.as_tensor());
  if (!is_same_kind || a.is_tensor() || (a.is_sequence() && a.items().size() != b.items().size())) {
    d.mismatch = cat(a.str(), " vs ", b.str());
    return;
  }
  if (!a.is_sequence()) return;
  for (std::size_t i = 0; i < a.items().size(); ++i) add_values(d, a.items()[i], b.items()[i]);
}

}  // namespace difference_detail

TENON_INLINE difference compare(const datum& a, const datum& b) {
  difference out;
  difference_detail::add_values(out, a, b);
  return out;
}

}  // namespace tenon::inline v0::tools
