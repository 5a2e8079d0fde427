#pragma once

#include "tenon/tensor/dtype.hpp"

#include <complex>

namespace tenon::inline v0 {

using c64 = std::complex<float>;
using c128 = std::complex<double>;

template <> inline constexpr dtype dtype_of<c64> = dtype::c64;
template <> inline constexpr dtype dtype_of<c128> = dtype::c128;

}  // namespace tenon::inline v0
