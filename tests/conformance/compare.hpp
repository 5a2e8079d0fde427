#pragma once

#include "tenon/core/result.hpp"
#include "tenon/tensor/datum.hpp"

#include <algorithm>
#include <cmath>

#include "support/near.hpp"

namespace conformance {

using namespace tenon;

/// How far a float output may be from the expected one; all types but these as ONNX does.
inline tenon_tests::nearness tolerance_of(dtype type) {
  switch (type) {
    case dtype::f16:
      return {1e-3, 2e-3};
    case dtype::bf16:
      return {1e-2, 2e-2};
    case dtype::f32:
    case dtype::f64:
    case dtype::c64:
    case dtype::c128:
      return {1e-7, 1e-3};
    default:
      return {};
  }
}

/// Some expected values that should be 0 are the rounding errors of a float32 computation: 2^-22 of the largest.
inline double noise_of(const tensor& expected) {
  if (expected.type() != dtype::f32) return 0;
  double top = 0;
  for (const float v : expected.elements<const float>())
    if (std::isfinite(v)) top = std::max(top, std::abs(double(v)));
  return top * 0x1p-22;
}

inline status compare(const tensor& found, const tensor& expected) {
  tenon_tests::nearness allowed = tolerance_of(expected.type());
  allowed.absolute = std::max(allowed.absolute, noise_of(expected));
  std::string differs = tenon_tests::difference(found, expected, allowed);
  if (!differs.empty()) return fail(code::tensor_data, differs);
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
