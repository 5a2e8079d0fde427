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

/// The kernel tables that this processor can run.
inline std::vector<const tenon::cpu::kernel_table*> tables() {
  using tenon::cpu::isa;
  std::vector<const tenon::cpu::kernel_table*> found;
  for (isa level : {isa::sse2, isa::avx2, isa::avx512}) {
    if (tenon::cpu::detect_isa() >= level) found.push_back(&tenon::cpu::table(level));
  }
  return found;
}

}  // namespace cpu_test
