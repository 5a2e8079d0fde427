#pragma once

#include "tenon/core/result.hpp"
#include "tenon/tensor/convert.hpp"
#include "tenon/tensor/datum.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace conformance {

using namespace tenon;

/// How far a float output may be from the expected one; all types but these as ONNX does.
struct tolerance {
  double relative = 1e-3;
  double absolute = 1e-7;
};

inline tolerance tolerance_of(dtype type) {
  switch (type) {
    case dtype::f16:
      return {2e-3, 1e-3};
    case dtype::bf16:
      return {2e-2, 1e-2};
    case dtype::f32:
    case dtype::f64:
      return {};
    default:
      return {0, 0};
  }
}

inline status compare_numbers(const tensor& found, const tensor& expected) {
  const tolerance allowed = tolerance_of(expected.type());
  const auto count = static_cast<std::size_t>(expected.size());
  std::vector<double> a(count), b(count);
  load_elements<double>(found, a);
  load_elements<double>(expected, b);
  // Some expected values that should be 0 are the rounding errors of a float32 computation.
  double noise = 0;
  if (expected.type() == dtype::f32)
    for (const double v : b)
      if (std::isfinite(v)) noise = std::max(noise, std::abs(v) * 0x1p-22);
  for (std::size_t i = 0; i < count; ++i) {
    const bool both_nan = std::isnan(a[i]) && std::isnan(b[i]);
    if (both_nan || a[i] == b[i]) continue;
    if (!(std::abs(a[i] - b[i]) <=
          std::max(allowed.absolute, noise) + allowed.relative * std::abs(b[i])))
      return fail(code::tensor_data, "value ", i, " of ", expected.str(), " is ", a[i],
                  ", expected ", b[i]);
  }
  if (is_integer(expected.type()) && !identical(found, expected))
    return fail(code::tensor_data, "large integers differ");
  return {};
}

inline status compare(const tensor& found, const tensor& expected) {
  if (found.type() != expected.type() || !(found.dims() == expected.dims()))
    return fail(code::shape, "is ", found.str(), ", expected ", expected.str());
  if (is_complex(found.type())) {
    const bool is_wide = found.type() == dtype::c128;
    extents parts = found.dims();
    parts.push_back(2);
    const dtype part = is_wide ? dtype::f64 : dtype::f32;
    return compare_numbers(tensor::over(part, parts, found.memory()),
                           tensor::over(part, parts, expected.memory()));
  }
  if (found.type() != dtype::string) return compare_numbers(found, expected);
  for (std::int64_t i = 0; i < found.size(); ++i)
    if (found.data<std::string>()[i] != expected.data<std::string>()[i])
      return fail(code::tensor_data, "value ", i, " is ",
                  tenon::quoted(found.data<std::string>()[i]), ", expected ",
                  tenon::quoted(expected.data<std::string>()[i]));
  return {};
}

inline status compare(const datum& found, const datum& expected) {
  if (found.what() != expected.what())
    return fail(code::shape, "is ", found.str(), ", expected ", expected.str());
  if (found.is_tensor()) return compare(found.as_tensor(), expected.as_tensor());
  if (found.items().size() != expected.items().size())
    return fail(code::shape, "has ", found.items().size(), " items, expected ",
                expected.items().size());
  for (std::size_t i = 0; i < found.items().size(); ++i)
    TENON_TRY(compare(found.items()[i], expected.items()[i]));
  return {};
}

}  // namespace conformance
