#pragma once

#include "tenon/backends/cpu/kernels/types.hpp"
#include "tenon/backends/cpu/simd/isa.hpp"
#include "tenon/core/config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace tenon::inline v0::cpu {

// Kernels come in families, so that a program holds those of the ops that it uses and no others.

/// Products of float matrices with packed weights, which only the instruction set that packed them can use.
struct matrix_kernels {
  isa level;
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
};

/// Convolutions of NHWC images with packed weights.
struct convolution_kernels {
  std::size_t (*conv_panels)(const conv_shape& shape);
  std::size_t (*conv_packed_floats)(const conv_shape& shape);
  void (*pack_conv)(const conv_shape& shape, const float* oihw, float* out);
  std::size_t (*conv_workspace_bytes)(const conv_shape& shape);
  void (*conv)(const conv_args& args, const tile_range& range, void* workspace);
  /// 3x3, stride and dilation 1, one group: the same convolution with fewer products.
  std::size_t (*winograd_packed_floats)(const conv_shape& shape);
  void (*pack_winograd)(const conv_shape& shape, const float* oihw, float* out);
  std::size_t (*winograd_workspace_bytes)(const conv_shape& shape);
  void (*winograd)(const conv_args& args,
                   std::size_t tile_begin,
                   std::size_t tile_end,
                   void* workspace);
  void (*pack_depthwise)(const conv_shape& shape, const float* oihw, float* out);
  void (*depthwise)(const conv_args& args, std::size_t line_begin, std::size_t line_end);
};

/// Functions of each element.
struct pointwise_kernels {
  std::size_t lanes;  ///< floats per vector

  std::array<void (*)(const float* x, float* y, std::size_t n, float p, float q), unary_count> map;
  std::array<void (*)(const float* a, const float* b, float* y, std::size_t n, operands form),
             binary_count>
      zip;
  void (*activate)(const activation_spec& act, float* x, std::size_t n);
};

/// Functions of rows: softmax, normalizations, reductions.
struct row_kernels {
  void (*softmax)(const softmax_args& args, std::size_t row_begin, std::size_t row_end);
  void (*layer_norm)(const norm_args& args, std::size_t row_begin, std::size_t row_end);
  void (*rms_norm)(const norm_args& args, std::size_t row_begin, std::size_t row_end);
  /// Over the last axis: y[r] from x[r * columns + c].
  std::array<void (*)(const float* x, float* y, std::size_t rows, std::size_t columns),
             reduction_count>
      reduce_rows;
  /// Over the leading axis: y[c] from x[r * stride + c], columns [begin, end).
  std::array<void (*)(const float* x,
                      std::size_t stride,
                      float* y,
                      std::size_t rows,
                      std::size_t begin,
                      std::size_t end),
             reduction_count>
      reduce_columns;
};

/// Functions of NHWC images, and the change of layout.
struct spatial_kernels {
  void (*max_pool)(const pool_args& args, std::size_t line_begin, std::size_t line_end);
  void (*average_pool)(const pool_args& args, std::size_t line_begin, std::size_t line_end);
  void (*resize)(const resize_args& args, std::size_t line_begin, std::size_t line_end);
  /// y[c * ldy + r] = x[r * ldx + c]; NCHW to NHWC is rows = C, columns = H * W per image.
  void (*transpose)(const float* x,
                    std::size_t ldx,
                    float* y,
                    std::size_t ldy,
                    std::size_t rows,
                    std::size_t columns);
};

/// Products and conversions of 8-bit numbers.
struct quantized_kernels {
  std::size_t (*packed_s8_bytes)(std::size_t k, std::size_t n);
  void (*pack_b_s8)(const std::int8_t* b,
                    std::size_t k_stride,
                    std::size_t n_stride,
                    std::size_t k,
                    std::size_t n,
                    std::int8_t* out);
  void (*column_sums_s8)(const std::int8_t* b,
                         std::size_t k_stride,
                         std::size_t n_stride,
                         std::size_t k,
                         std::size_t n,
                         std::int32_t* sums);
  void (*gemm_u8s8)(const gemm_u8s8_args& args, const tile_range& range);

  std::uint32_t (*sum_u8)(const std::uint8_t* x, std::size_t n);
  /// y += factor * x + shift, modulo 2^32
  void (*add_scaled)(std::uint32_t* y,
                     const std::uint32_t* x,
                     std::size_t n,
                     std::uint32_t factor,
                     std::uint32_t shift);
  /// y = clamp(round(x / scale) + zero)
  void (*quantize_u8)(
      const float* x, std::uint8_t* y, std::size_t n, float scale, std::int32_t zero);
  void (*quantize_s8)(
      const float* x, std::int8_t* y, std::size_t n, float scale, std::int32_t zero);
  /// y = (x - zero) * scale
  void (*dequantize_u8)(
      const std::uint8_t* x, float* y, std::size_t n, float scale, std::int32_t zero);
  void (*dequantize_s8)(
      const std::int8_t* x, float* y, std::size_t n, float scale, std::int32_t zero);
};

/// Every family of one instruction set.
struct kernel_table : matrix_kernels,
                      convolution_kernels,
                      pointwise_kernels,
                      row_kernels,
                      spatial_kernels,
                      quantized_kernels {};

/// One of the families.
template <class T>
concept kernel_family = std::is_base_of_v<T, kernel_table> && !std::is_same_v<T, kernel_table> &&
                        std::is_same_v<T, std::remove_cv_t<T>>;

/// Kernels for every processor of the architecture.
template <kernel_family Family> const Family& sse2_kernels();

#if defined(__x86_64__)
/// Kernels that need AVX2 and FMA.
template <kernel_family Family> const Family& avx2_kernels();

/// Kernels that need AVX-512 F, BW, DQ and VL; 8-bit products through VNNI where `vnni`.
template <kernel_family Family> const Family& avx512_kernels(bool vnni);
#endif

}  // namespace tenon::inline v0::cpu
