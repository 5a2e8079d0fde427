#pragma once

#include "tenon/symbol/dim.hpp"
#include "tenon/symbol/evaluate.hpp"
#include "tenon/tensor/tensor.hpp"

#include <optional>
#include <string>

namespace tenon::inline v0 {

/// The extents of a value, symbolic or constant.
using dims = inline_vector<dim, 6>;

/// `[B, 3, 224]`
inline std::string str(const dims& shape) {
  return bracketed(shape);
}

/// Number of elements; 1 for rank 0.
inline dim product(const dims& shape) {
  dim out = 1;
  for (const dim d : shape) out *= d;
  return out;
}

inline bool all_constant(const dims& shape) {
  for (const dim d : shape)
    if (!d.is_constant()) return false;
  return true;
}

inline dims to_dims(const extents& sizes) {
  dims out;
  for (const std::int64_t size : sizes) out.push_back(size);
  return out;
}

/// The constants of a shape without symbols.
inline std::optional<extents> to_extents(const dims& shape) {
  extents out;
  for (const dim d : shape) {
    if (!d.is_constant()) return std::nullopt;
    out.push_back(d.constant());
  }
  return out;
}

/// The sizes under these bindings; nothing when one has no value or is negative.
inline std::optional<extents> evaluate(const dims& shape, const bindings& values) {
  extents out;
  for (const dim d : shape) {
    const auto size = evaluate(d, values);
    if (!size || *size < 0) return std::nullopt;
    out.push_back(*size);
  }
  return out;
}

inline std::size_t hash(const dims& shape) {
  std::size_t out = shape.size();
  for (const dim d : shape) out = out * 0x9E3779B97F4A7C15U + d.hash();
  return out;
}

}  // namespace tenon::inline v0
