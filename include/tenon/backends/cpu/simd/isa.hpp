#pragma once

#include "tenon/core/config.hpp"

#include <cstdlib>
#include <string_view>

namespace tenon::inline v0::cpu {

/// Instruction set levels that have kernels; `sse2` is the baseline on other machines, too.
enum class isa { sse2, avx2, avx512 };

/// Name used in kernel names and in the environment variable TENON_ISA.
constexpr std::string_view name(isa level) {
  switch (level) {
    case isa::avx512:
      return "avx512";
    case isa::avx2:
      return "avx2";
    default:
      return "sse2";
  }
}

/// Highest level that this processor and its operating system support.
inline isa detect_isa() {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return isa::avx512;
  if (avx2) return isa::avx2;
#endif
  return isa::sse2;
}

/// Whether the 8-bit dot product instructions of AVX-512 exist here.
inline bool detect_vnni() {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  return detect_isa() == isa::avx512 && __builtin_cpu_supports("avx512vnni");
#else
  return false;
#endif
}

/// `level` lowered to the cap that `text` names; a text that names none changes nothing.
constexpr isa capped(isa level, std::string_view text) {
  for (isa cap : {isa::sse2, isa::avx2, isa::avx512}) {
    if (text == name(cap) && cap < level) return cap;
  }
  return level;
}

/// Level to use: the detected one, capped by the environment variable TENON_ISA; read once.
inline isa best_isa() {
  static const isa best = [] {
    const char* cap = std::getenv("TENON_ISA");
    return capped(detect_isa(), cap ? std::string_view(cap) : std::string_view());
  }();
  return best;
}

}  // namespace tenon::inline v0::cpu
