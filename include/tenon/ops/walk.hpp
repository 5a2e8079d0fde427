#pragma once

#include "tenon/tensor/tensor.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace tenon::inline v0::ops {

/// Row-major strides in elements.
inline extents strides_of(const extents& dims) {
  extents out(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) out[i - 1] = out[i] * dims[i];
  return out;
}

/// Strides that read a tensor of extents `from` as if it were broadcast to `to`: 0 on stretched axes.
inline extents broadcast_strides(const extents& from, const extents& to) {
  const extents own = strides_of(from);
  extents out(to.size(), 0);
  const std::size_t lead = to.size() - from.size();
  for (std::size_t i = 0; i < from.size(); ++i) out[lead + i] = from[i] == 1 ? 0 : own[i];
  return out;
}

/// Visits every index of `dims` in row-major order with the element offsets of N strided operands:
/// `f(offsets, count, inner_strides)` for each run along the last axis.
template <std::size_t N, class F>
void walk(const extents& dims, const std::array<extents, N>& strides, F&& f) {
  std::array<std::int64_t, N> offsets{};
  std::array<std::int64_t, N> inner{};
  if (element_count(dims) == 0) return;
  if (dims.empty()) {
    f(offsets, std::int64_t{1}, inner);
    return;
  }
  const std::size_t last = dims.size() - 1;
  for (std::size_t k = 0; k < N; ++k) inner[k] = strides[k][last];
  extents index(dims.size(), 0);
  while (true) {
    f(offsets, dims[last], inner);
    std::size_t axis = last;
    while (axis-- > 0) {
      for (std::size_t k = 0; k < N; ++k) offsets[k] += strides[k][axis];
      if (++index[axis] < dims[axis]) break;
      for (std::size_t k = 0; k < N; ++k) offsets[k] -= strides[k][axis] * dims[axis];
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (last == 0) return;
  }
}

}  // namespace tenon::inline v0::ops
