#pragma once

#include "tenon/tensor/convert.hpp"
#include "tenon/tensor/tensor.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace tenon_tests {

/// How far a number may be from the expected one: absolute + relative * |expected|.
struct nearness {
  double absolute = 0, relative = 0;
};

/// A finite number within the bound; infinities of the same sign are near, and NaN is near NaN.
inline bool is_near(double found, double expected, nearness allowed) {
  if (found == expected || (std::isnan(found) && std::isnan(expected))) return true;
  return std::isfinite(found) && std::isfinite(expected) &&
         std::abs(found - expected) <= allowed.absolute + allowed.relative * std::abs(expected);
}

/// The larger of two errors; NaN when one of them is.
inline double worse(double a, double b) {
  return std::isnan(a) || a > b ? a : b;
}

/// Empty when both agree, floats and complex numbers within the bound, all else exactly; else what differs.
inline std::string difference(const tenon::tensor& found,
                              const tenon::tensor& expected,
                              nearness allowed) {
  using tenon::cat, tenon::dtype;
  const dtype type = expected.type();
  if (found.type() != type || !(found.dims() == expected.dims()))
    return cat("is ", found.str(), ", expected ", expected.str());
  if (is_complex(type)) {
    const dtype part = type == dtype::c128 ? dtype::f64 : dtype::f32;
    tenon::extents dims = expected.dims();
    dims.push_back(2);
    return difference(tenon::tensor::over(part, dims, found.memory()),
                      tenon::tensor::over(part, dims, expected.memory()), allowed);
  }
  if (type == dtype::string) {
    const std::string *a = found.data<std::string>(), *b = expected.data<std::string>();
    const auto at = std::mismatch(a, a + found.size(), b).first - a;
    if (at == found.size()) return {};
    return cat("element ", at, " is ", tenon::quoted(a[at]), ", expected ", tenon::quoted(b[at]));
  }
  const tenon::elements_as<double> a(found), b(expected);
  if (!is_float(type)) allowed = {};
  for (std::size_t i = 0; i < b.size(); ++i)
    if (!is_near(a[i], b[i], allowed))
      return cat("element ", i, " of ", expected.str(), " is ", a[i], ", expected ", b[i]);
  if (is_integer(type) && !identical(found, expected)) return "integers beyond 2^53 differ";
  return {};
}

}  // namespace tenon_tests
