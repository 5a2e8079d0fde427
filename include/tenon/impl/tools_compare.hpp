#pragma once

#include "tenon/tensor/convert.hpp"
#include "tenon/tools/command_compare.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tenon::inline v0::tools {

namespace compare_detail {

inline constexpr std::uint64_t far = std::numeric_limits<std::uint64_t>::max();

/// Floats of one width as integers in the same order.
template <class Bits> std::int64_t ordered(Bits bits) {
  constexpr Bits sign = Bits{1} << (sizeof(Bits) * 8 - 1);
  return (bits & sign) != 0 ? -static_cast<std::int64_t>(bits & static_cast<Bits>(~sign))
                            : static_cast<std::int64_t>(bits);
}

inline std::int64_t ordered_at(const tensor& t, std::int64_t i) {
  switch (size_of(t.type())) {
    case 8:
      return ordered(t.data<std::uint64_t>()[i]);
    case 4:
      return ordered(t.data<std::uint32_t>()[i]);
    case 2:
      return ordered(t.data<std::uint16_t>()[i]);
    default:
      return ordered(t.data<std::uint8_t>()[i]);
  }
}

inline std::uint64_t distance(std::int64_t a, std::int64_t b) {
  const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b);
  return a > b ? x - y : y - x;
}

inline void add(difference& d, double a, double b, std::uint64_t ulp) {
  ++d.count;
  if (std::isfinite(a)) d.scale = std::max(d.scale, std::abs(a));
  if (a == b || (std::isnan(a) && std::isnan(b))) return;
  ++d.differing;
  if (!std::isfinite(a) || !std::isfinite(b)) {
    d.max_abs = d.max_rel = std::numeric_limits<double>::infinity();
    d.max_ulp = far;
    return;
  }
  d.max_abs = std::max(d.max_abs, std::abs(a - b));
  d.max_rel = std::max(d.max_rel, std::abs(a - b) / std::max(std::abs(a), std::abs(b)));
  d.max_ulp = std::max(d.max_ulp, ulp);
}

inline void add_tensors(difference& d, const tensor& a, const tensor& b) {
  if (a.type() == dtype::string) {
    for (std::int64_t i = 0; i < a.size(); ++i) {
      const bool is_same = a.data<std::string>()[i] == b.data<std::string>()[i];
      add(d, 0, is_same ? 0 : 1, is_same ? 0 : far);
    }
    return;
  }
  if (is_complex(a.type())) {
    const dtype part = a.type() == dtype::c64 ? dtype::f32 : dtype::f64;
    const auto parts = [&](const tensor& t) {
      return tensor::over(part, extents{t.size() * 2}, storage::borrow(t.bytes(), t.size_bytes()));
    };
    return add_tensors(d, parts(a), parts(b));
  }
  const elements_as<double> x(a), y(b);
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::uint64_t ulp = is_float(a.type())
                                  ? distance(ordered_at(a, i), ordered_at(b, i))
                                  : static_cast<std::uint64_t>(std::abs(x[at] - y[at]));
    add(d, x[at], y[at], ulp);
  }
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

}  // namespace compare_detail

TENON_INLINE difference compare(const datum& a, const datum& b) {
  difference out;
  compare_detail::add_values(out, a, b);
  return out;
}

TENON_INLINE result<std::string> compare_command::operator()() const {
  TENON_TRY(auto first, open_model(a));
  TENON_TRY(auto second, open_model(b));
  TENON_TRY(const auto values, read_inputs(declared_inputs::of(first.model), inputs));
  TENON_TRY(const auto left, first.session.run_positional(values));
  std::vector<named_value> named;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i]) named.push_back({first.model.input_name(i), values[i]});
  TENON_TRY(const auto right, second.session.run(named));
  std::string out;
  std::string beyond;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const std::string& name = first.model.output_name(i);
    std::size_t k = 0;
    while (k < right.size() && second.model.output_name(k) != name) ++k;
    if (k == right.size()) k = i;
    if (k >= right.size())
      return fail(code::input, "output ", quoted(name), " is missing in ", quoted(b.path));
    const difference d = compare(left.value(i), right.value(k));
    const bool is_beyond = !d.mismatch.empty() || (tolerance && !d.is_within(*tolerance));
    if (is_beyond) beyond += cat(beyond.empty() ? "" : ", ", quoted(name));
    out += cat(printable_name(name), ": ");
    if (!d.mismatch.empty())
      out += cat("differs: ", d.mismatch, "\n");
    else
      out += cat(left.value(i).str(), ": max abs ", d.max_abs, ", max rel ", d.max_rel,
                 ", max ulp ", d.max_ulp, ", abs / scale ", d.scaled(), ", ", d.differing, " of ",
                 d.count, " differ\n");
  }
  if (beyond.empty()) return out;
  return fail(code::input, "outputs differ: ", beyond, "\n", out);
}

}  // namespace tenon::inline v0::tools
