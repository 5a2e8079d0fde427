#pragma once

#include "tenon/core/config.hpp"

#include <cstddef>
#include <cstdint>

/// Argument structs of the CPU kernels: raw pointers, sizes and strides in elements, nothing owned.
namespace tenon::inline v0::cpu {

/// Elementwise function at the end of a kernel; `a` and `b` of activation_spec are its parameters.
enum class activation : std::uint8_t {
  none,
  relu,
  clip,          ///< a = low, b = high
  leaky_relu,    ///< a = slope of negative inputs
  hard_sigmoid,  ///< a = alpha, b = beta
  hard_swish,
  sigmoid,
  tanh,
  gelu_erf,
  gelu_tanh,
  silu
};

/// An activation and its parameters.
struct activation_spec {
  activation kind = activation::none;
  float a = 0.0F;
  float b = 0.0F;
};

/// Applied to a sum before it is stored: act(alpha * scale[n] * sum + bias[n] + residual[m, n]).
struct epilogue {
  float alpha = 1.0F;
  const float* scale = nullptr;     ///< per column, or null
  const float* bias = nullptr;      ///< per column, or null
  const float* residual = nullptr;  ///< same shape as the result, or null; may be the result itself
  std::size_t residual_stride = 0;  ///< elements between residual rows
  activation_spec act;
};

/// C[m, n] = epilogue(A[m, k] * B[k, n]); A and C row-major, B packed by pack_b.
struct gemm_args {
  const float* a = nullptr;
  std::size_t lda = 0;
  const float* b_packed = nullptr;
  float* c = nullptr;
  std::size_t ldc = 0;
  std::size_t m = 0, n = 0, k = 0;
  epilogue ep;
};

/// A part of the work: rows or pixels [row_begin, row_end), panels [panel_begin, panel_end).
struct tile_range {
  std::size_t row_begin = 0, row_end = 0;
  std::size_t panel_begin = 0, panel_end = 0;
};

/// An unpacked right operand: element (k, n) is at data[k * k_stride + n * n_stride].
struct matrix_view {
  const float* data = nullptr;
  std::size_t k_stride = 0, n_stride = 0;
};

/// Sizes of a 2-D convolution over NHWC images with weights [out_c][in_c / groups][kh][kw].
struct conv_shape {
  std::size_t batch = 1, in_h = 0, in_w = 0, in_c = 0;
  std::size_t out_h = 0, out_w = 0, out_c = 0;
  std::size_t kernel_h = 1, kernel_w = 1;
  std::size_t stride_h = 1, stride_w = 1;
  std::size_t dilation_h = 1, dilation_w = 1;
  std::size_t pad_top = 0, pad_left = 0;
  std::size_t groups = 1;
};

/// Winograd's F(4x4, 3x3): outputs on a side of a tile, inputs below it, and how many tiles cover images.
inline constexpr std::size_t winograd_side = 4;
inline constexpr std::size_t winograd_reach = winograd_side + 2;
inline constexpr std::size_t winograd_parts = winograd_reach * winograd_reach;

constexpr std::size_t winograd_across(std::size_t pixels) {
  return (pixels + winograd_side - 1) / winograd_side;
}

constexpr std::size_t winograd_tiles(std::size_t batch, std::size_t out_h, std::size_t out_w) {
  return batch * winograd_across(out_h) * winograd_across(out_w);
}

/// NHWC convolution with packed weights; strides count floats between neighbouring pixels.
struct conv_args {
  conv_shape shape;
  const float* x = nullptr;
  std::size_t x_stride = 0;  ///< >= in_c
  const float* w_packed = nullptr;
  float* y = nullptr;
  std::size_t y_stride = 0;  ///< >= out_c
  epilogue ep;
};

/// Softmax over the last axis of scale * x + mask.
struct softmax_args {
  const float* x = nullptr;
  float* y = nullptr;  ///< may be x
  std::size_t columns = 0;
  float scale = 1.0F;
  const float* mask = nullptr;  ///< added, or null
  std::size_t mask_stride = 0;  ///< elements between mask rows; 0: one row for all
  bool logarithm = false;       ///< log-softmax
};

/// A norm over the last axis of x + residual.
struct norm_args {
  const float* x = nullptr;
  const float* residual = nullptr;  ///< or null
  float* sum = nullptr;             ///< x + residual is also written here, or null
  float* y = nullptr;
  std::size_t columns = 0;
  const float* scale = nullptr;  ///< per column, or null
  const float* bias = nullptr;   ///< per column, or null
  float epsilon = 1e-5F;
  float* mean = nullptr;     ///< one per row, or null; layer norm only
  float* inverse = nullptr;  ///< 1 / standard deviation (or root mean square) per row, or null
};

/// NHWC pooling window; an average counts padding in the divisor if `count_padding`.
struct pool_args {
  conv_shape shape;  ///< groups and out_c unused
  const float* x = nullptr;
  float* y = nullptr;
  bool count_padding = false;
  /// Bottom and right padding that counts in the divisor when `count_padding`.
  std::size_t pad_bottom = 0, pad_right = 0;
};

/// One axis of a resize: out[i] = sum over t of weight[i * taps + t] * in[index[i * taps + t]].
struct resize_axis {
  const std::uint32_t* index = nullptr;
  const float* weight = nullptr;
  std::size_t taps = 1;
};

/// NHWC resize over precomputed axis tables.
struct resize_args {
  std::size_t batch = 1, in_h = 0, in_w = 0, channels = 0, out_h = 0, out_w = 0;
  resize_axis vertical, horizontal;
  const float* x = nullptr;
  float* y = nullptr;
};

/// C (s32) = A[m, k] (u8) * B[k, n] (s8), B packed by pack_b_s8; exact modulo 2^32.
struct gemm_u8s8_args {
  const std::uint8_t* a = nullptr;
  std::size_t lda = 0;
  const std::int8_t* b_packed = nullptr;
  std::int32_t* c = nullptr;
  std::size_t ldc = 0;
  std::size_t m = 0, n = 0, k = 0;
};

/// Elementwise functions of one argument; `p` and `q` are parameters where one is named.
enum class unary : std::uint8_t {
  neg,
  abs,
  recip,
  sqrt,
  floor,
  ceil,
  round,  ///< ties to even
  exp,
  log,
  sin,
  cos,
  tanh,
  erf,
  sigmoid,
  relu,
  clip,          ///< p = low, q = high
  leaky_relu,    ///< p = slope
  hard_sigmoid,  ///< p = alpha, q = beta
  hard_swish,
  gelu_erf,
  gelu_tanh,
  silu,
  affine  ///< p * x + q
};
inline constexpr std::size_t unary_count = static_cast<std::size_t>(unary::affine) + 1;

/// Elementwise functions of two arguments; min and max return NaN where either argument is NaN.
enum class binary : std::uint8_t { add, sub, mul, div, min, max, pow };
inline constexpr std::size_t binary_count = static_cast<std::size_t>(binary::pow) + 1;

/// Which operands of a binary function have one element only.
enum class operands : std::uint8_t { full, right_scalar, left_scalar };

/// Reductions; the sum of squares serves the norms.
enum class reduction : std::uint8_t { sum, mean, max, min, prod, sum_squares };
inline constexpr std::size_t reduction_count = static_cast<std::size_t>(reduction::sum_squares) + 1;

}  // namespace tenon::inline v0::cpu
