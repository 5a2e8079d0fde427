#pragma once

#include "tenon/backends/cpu/kernels/types.hpp"
#include "tenon/backends/cpu/simd/isa.hpp"
#include "tenon/core/config.hpp"

#include <array>
#include <cstddef>

namespace tenon::inline v0::cpu {

/// The compute functions of one instruction set; only the table that packed weights can use them.
struct kernel_table {
  isa level;
  std::size_t lanes;      ///< floats per vector
  std::size_t panel;      ///< columns per weight panel (NR)
  std::size_t tile_rows;  ///< rows per tile (MR); split rows in multiples of it

  std::size_t (*packed_floats)(std::size_t k, std::size_t n);
  void (*pack_b)(const matrix_view& b, std::size_t k, std::size_t n, float* out);
  void (*gemm)(const gemm_args& args, const tile_range& range);
  std::size_t (*gemm_unpacked_floats)(std::size_t k);
  void (*gemm_unpacked)(const gemm_args& args,
                        const matrix_view& b,
                        const tile_range& range,
                        float* workspace);

  std::size_t (*conv_panels)(const conv_shape& shape);
  std::size_t (*conv_packed_floats)(const conv_shape& shape);
  void (*pack_conv)(const conv_shape& shape, const float* oihw, float* out);
  std::size_t (*conv_workspace_bytes)(const conv_shape& shape);
  void (*conv)(const conv_args& args, const tile_range& range, void* workspace);
  void (*pack_depthwise)(const conv_shape& shape, const float* oihw, float* out);
  void (*depthwise)(const conv_args& args, std::size_t line_begin, std::size_t line_end);

  std::array<void (*)(const float* x, float* y, std::size_t n, float p, float q), unary_count> map;
  std::array<void (*)(const float* a, const float* b, float* y, std::size_t n, operands form),
             binary_count>
      zip;
  void (*activate)(const activation_spec& act, float* x, std::size_t n);
};

/// Kernels for every processor of the architecture.
TENON_INLINE const kernel_table& sse2_table();

#if defined(__x86_64__)
/// Kernels that need AVX2 and FMA.
TENON_INLINE const kernel_table& avx2_table();

/// Kernels that need AVX-512 F, BW, DQ and VL; 8-bit products through VNNI where `vnni`.
TENON_INLINE const kernel_table& avx512_table(bool vnni);
#endif

}  // namespace tenon::inline v0::cpu
