#pragma once

#include "tenon/tensor/tensor.hpp"

#include <cstdint>

namespace tenon::inline v0::ops {

/// The lines of a row-major tensor along one axis: element i of a line is at `start(line) + i * stride`.
struct axis_split {
  std::int64_t outer = 1;   ///< product of the sizes before the axis
  std::int64_t length = 1;  ///< size of the axis
  std::int64_t stride = 1;  ///< product of the sizes after the axis

  /// `axis` is valid and may count from the end.
  axis_split(const extents& dims, std::int64_t axis) {
    const auto at =
        static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(dims.size()) : axis);
    for (std::size_t i = 0; i < dims.size(); ++i)
      (i < at ? outer : i == at ? length : stride) *= dims[i];
  }

  std::int64_t lines() const { return outer * stride; }

  std::int64_t start(std::int64_t line) const {
    return line / stride * length * stride + line % stride;
  }
};

}  // namespace tenon::inline v0::ops
