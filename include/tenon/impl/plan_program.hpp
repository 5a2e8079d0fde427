#pragma once

#include "tenon/plan/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_set>

namespace tenon::inline v0::plan {

TENON_INLINE dim program::peak_bytes() const {
  dim total = 0;
  for (const auto& slot : slots) {
    dim largest = 0;
    for (const std::uint32_t v : slot) {
      dim bytes = static_cast<std::int64_t>(size_of(values[v].fact.type));
      for (const dim d : values[v].fact.shape) bytes *= d;
      bytes = ceildiv(bytes, 64) * dim(64);
      largest = largest == dim(0) ? bytes : max(largest, bytes);
    }
    total += largest;
  }
  return total;
}

TENON_INLINE std::size_t program::weight_bytes() const {
  std::size_t total = 0;
  for (const buffer& b : values)
    if (b.where == place::constant) total += b.fact.constant.size_bytes();
  std::unordered_set<const std::byte*> seen;
  const auto add = [&](const tensor& t) {
    if (t && seen.insert(t.bytes()).second) total += t.size_bytes();
  };
  for (const step& s : steps) {
    add(s.state.packed);
    add(s.state.extra);
  }
  return total;
}

}  // namespace tenon::inline v0::plan
