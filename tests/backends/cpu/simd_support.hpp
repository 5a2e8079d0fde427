#pragma once

#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cpu_test {

using buffer = std::vector<float>;

/// Uniform numbers of [-1, 1), the same for the same seed.
inline buffer random(std::size_t n, std::uint32_t seed) {
  buffer values(n);
  std::uint32_t state = seed * 2654435761U + 12345U;
  for (float& v : values) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<float>(state >> 8) / 8388608.0F - 1.0F;
  }
  return values;
}

/// Sixteen-lane kernels in portable vectors, defined in simd_wide_test.cpp: the logic of the widest
/// panels runs on every processor. `quads`: 8-bit operands in fours, as VNNI takes them.
const tenon::cpu::kernel_table& wide_table(bool quads);

/// The kernel tables that this processor can run.
inline std::vector<const tenon::cpu::kernel_table*> tables() {
  using tenon::cpu::isa;
  static const tenon::cpu::kernel_table of_levels[] = {
      tenon::cpu::table(isa::sse2), tenon::cpu::table(isa::avx2), tenon::cpu::table(isa::avx512)};
  std::vector<const tenon::cpu::kernel_table*> found;
  for (const tenon::cpu::kernel_table& t : of_levels)
    if (found.empty() || found.back()->level != t.level) found.push_back(&t);
  found.push_back(&wide_table(false));
  found.push_back(&wide_table(true));
  return found;
}

}  // namespace cpu_test
