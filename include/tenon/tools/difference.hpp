#pragma once

#include "tenon/tensor/datum.hpp"

#include <cstdint>
#include <string>

namespace tenon::inline v0::tools {

/// How far two values are apart.
struct difference {
  std::string mismatch;  ///< why they cannot be compared; empty: they can
  double max_abs = 0;    ///< infinite when only one of two elements is finite, or only one is NaN
  double max_rel = 0;    ///< of |a - b| / max(|a|, |b|)
  std::uint64_t max_ulp = 0;  ///< steps between representable numbers; of integers the distance
  double scale = 0;           ///< largest finite magnitude of the first
  std::int64_t differing =
      0;  ///< elements of another value; zeros of both signs and NaNs are alike
  std::int64_t count = 0;

  /// Largest error over the scale.
  double scaled() const { return max_abs == 0 ? 0 : scale > 0 ? max_abs / scale : max_abs; }

  /// Whether the error is within `tolerance` times the scale.
  bool is_within(double tolerance) const { return mismatch.empty() && scaled() <= tolerance; }
};

/// Compares tensors and sequences element by element.
difference compare(const datum& a, const datum& b);

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_difference.hpp"
#endif
