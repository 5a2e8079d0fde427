#pragma once

#include "tenon/backends/cpu/kernels/table.hpp"
#include "tenon/backends/cpu/simd/isa.hpp"

#ifndef TENON_COMPILED
#include "tenon/backends/cpu/kernels/unit_avx2.hpp"
#include "tenon/backends/cpu/kernels/unit_avx512.hpp"
#include "tenon/backends/cpu/kernels/unit_sse2.hpp"
#endif

namespace tenon::inline v0::cpu {

/// The kernels of `level`, lowered to what this processor supports.
inline const kernel_table& table([[maybe_unused]] isa level) {
#if defined(__x86_64__)
  const isa supported = detect_isa();
  if (supported < level) level = supported;
  if (level == isa::avx512) return avx512_table(detect_vnni());
  if (level == isa::avx2) return avx2_table();
#endif
  return sse2_table();
}

/// The kernels to use here; select once and pass the reference down.
inline const kernel_table& select_table() {
  static const kernel_table& selected = table(best_isa());
  return selected;
}

}  // namespace tenon::inline v0::cpu
