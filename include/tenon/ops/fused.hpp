#pragma once

#include "tenon/ir/eval_context.hpp"
#include "tenon/ir/infer_context.hpp"
#include "tenon/ops/embed_norm.hpp"
#include "tenon/ops/type_list.hpp"
#include "tenon/ops/walk.hpp"
#include "tenon/tensor/convert.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

namespace tenon::inline v0::ops {

using namespace ir;

/// The function at the end of a fused op; a and b are its parameters.
enum class activation_kind : std::uint8_t {
  none,
  relu,
  clip,          ///< a = low, b = high
  leaky_relu,    ///< a = slope of negative inputs
  hard_sigmoid,  ///< max(0, min(1, a * x + b))
  hard_swish,
  sigmoid,
  tanh,
  gelu_erf,
  gelu_tanh,
  silu,
};

constexpr auto enum_names(activation_kind) {
  return std::array<std::string_view, 11>{"none",         "relu",       "clip",    "leaky_relu",
                                          "hard_sigmoid", "hard_swish", "sigmoid", "tanh",
                                          "gelu_erf",     "gelu_tanh",  "silu"};
}

/// act(x) in double.
inline double activate(activation_kind kind, double a, double b, double x) {
  switch (kind) {
    case activation_kind::none:
      return x;
    case activation_kind::relu:
      return x > 0 ? x : x == x ? 0 : x;
    case activation_kind::clip:
      return x < a ? a : x > b ? b : x;
    case activation_kind::leaky_relu:
      return x < 0 ? a * x : x;
    case activation_kind::hard_sigmoid:
      return std::fmax(0.0, std::fmin(1.0, a * x + b));
    case activation_kind::hard_swish:
      return x * std::fmax(0.0, std::fmin(1.0, x / 6 + 0.5));
    case activation_kind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case activation_kind::tanh:
      return std::tanh(x);
    case activation_kind::gelu_erf:
      return 0.5 * x * (1 + std::erf(x * 0.70710678118654752));
    case activation_kind::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
    case activation_kind::silu:
      return x / (1 + std::exp(-x));
  }
  return x;
}

/// The window of a 2-D convolution or pooling, resolved: no auto_pad.
struct window2d {
  std::vector<std::int64_t> kernel{1, 1}, strides{1, 1}, dilations{1, 1};
  std::vector<std::int64_t> pads{0, 0, 0, 0};  // top, left, bottom, right
  friend bool operator==(const window2d&, const window2d&) = default;
};

/// floor((in + pad_begin + pad_end - dilation * (kernel - 1) - 1) / stride) + 1
inline dim window_size(dim in, const window2d& w, std::size_t axis) {
  const dim reach(w.dilations[axis] * (w.kernel[axis] - 1) + 1);
  return floordiv(in + dim(w.pads[axis] + w.pads[axis + 2]) - reach, dim(w.strides[axis])) + dim(1);
}

/// y = act(conv(x, w) + b + residual) with x, residual and y as [N, H, W, C] and w as [O, I/group, kh, kw].
struct fused_conv {
  static constexpr op_info info{"fused_conv", ports{"x", "w", maybe("b"), maybe("residual")},
                                ports{"y"}, pure};
  std::vector<std::int64_t> strides{1, 1}, dilations{1, 1}, pads{0, 0, 0, 0};
  std::int64_t group = 1;
  activation_kind activation = activation_kind::none;
  float a = 0, b = 0;  ///< parameters of the activation
  static constexpr auto attributes = attributes_of(attribute{"strides", &fused_conv::strides},
                                                   attribute{"dilations", &fused_conv::dilations},
                                                   attribute{"pads", &fused_conv::pads},
                                                   attribute{"group", &fused_conv::group},
                                                   attribute{"activation", &fused_conv::activation},
                                                   attribute{"a", &fused_conv::a},
                                                   attribute{"b", &fused_conv::b});
  friend bool operator==(const fused_conv&, const fused_conv&) = default;

  window2d window(std::int64_t kernel_h, std::int64_t kernel_w) const {
    return {{kernel_h, kernel_w}, strides, dilations, pads};
  }

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

/// y = act(alpha * a @ b + bias + residual) over the last two axes; the leading axes of b broadcast to those of a.
struct fused_matmul {
  static constexpr op_info info{"fused_matmul", ports{"a", "b", maybe("bias"), maybe("residual")},
                                ports{"y"}, pure};
  bool transpose_b = false;  ///< b is [..., N, K]
  float alpha = 1;
  activation_kind activation = activation_kind::none;
  float p = 0, q = 0;  ///< parameters of the activation
  static constexpr auto attributes =
      attributes_of(attribute{"transpose_b", &fused_matmul::transpose_b},
                    attribute{"alpha", &fused_matmul::alpha},
                    attribute{"activation", &fused_matmul::activation},
                    attribute{"p", &fused_matmul::p},
                    attribute{"q", &fused_matmul::q});
  friend bool operator==(const fused_matmul&, const fused_matmul&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

/// What a pooling window does.
enum class pool_kind : std::uint8_t { max, average, average_with_padding };

constexpr auto enum_names(pool_kind) {
  return std::array<std::string_view, 3>{"max", "average", "average_with_padding"};
}

/// Pooling of [N, H, W, C] over H and W.
struct nhwc_pool {
  static constexpr op_info info{"nhwc_pool", ports{"x"}, ports{"y"}, pure};
  pool_kind kind = pool_kind::max;
  std::vector<std::int64_t> kernel{1, 1}, strides{1, 1}, dilations{1, 1}, pads{0, 0, 0, 0};
  static constexpr auto attributes = attributes_of(attribute{"kind", &nhwc_pool::kind},
                                                   attribute{"kernel", &nhwc_pool::kernel},
                                                   attribute{"strides", &nhwc_pool::strides},
                                                   attribute{"dilations", &nhwc_pool::dilations},
                                                   attribute{"pads", &nhwc_pool::pads});
  friend bool operator==(const nhwc_pool&, const nhwc_pool&) = default;

  window2d window() const { return {kernel, strides, dilations, pads}; }

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

/// y = layer_norm(x + residual) * scale + bias over the last axis; the sum is the second output.
struct add_layer_norm {
  static constexpr op_info info{"add_layer_norm", ports{"x", "residual", "scale", maybe("bias")},
                                ports{"y", maybe("sum")}, pure};
  float epsilon = 1e-5F;
  static constexpr auto attributes = attributes_of(attribute{"epsilon", &add_layer_norm::epsilon});
  friend bool operator==(const add_layer_norm&, const add_layer_norm&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status fused_conv::infer(infer_context& ctx) const {
  const fact &x = ctx[0], &w = ctx[1];
  TENON_TRY(ctx.require_type(0, {dtype::f32}, "x"));
  if (x.rank() != 4 || w.rank() != 4 || !x.is_ranked || !w.is_ranked || strides.size() != 2 ||
      dilations.size() != 2 || pads.size() != 4)
    return fail(code::shape, "x is ", x.str(), " and w is ", w.str(),
                ", expected two tensors of rank 4");
  TENON_TRY(ctx.require_equal(x.shape[3], w.shape[1] * dim(group), "channels of x"));
  if (!w.shape[2].is_constant() || !w.shape[3].is_constant())
    return fail(code::shape, "w is ", w.str(), ", expected a known kernel size");
  const window2d win = window(w.shape[2].constant(), w.shape[3].constant());
  dims y{x.shape[0], window_size(x.shape[1], win, 0), window_size(x.shape[2], win, 1), w.shape[0]};
  if (ctx.has(3)) TENON_TRY(ctx.require_same(ctx[3].shape, y, "residual"));
  ctx.output(0, x.type, std::move(y));
  return {};
}

inline status fused_conv::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor &x = ctx[0], &w = ctx[1];
  const float *px = x.data<float>(), *pw = w.data<float>();
  float* py = y.data<float>();
  const std::int64_t H = x.dim(1), W = x.dim(2), C = x.dim(3), O = y.dim(3), I = w.dim(1);
  const std::int64_t outputs_per_group = O / group;
  for (std::int64_t at = 0; at < y.size(); ++at) {
    const std::int64_t o = at % O, ow = at / O % y.dim(2), oh = at / O / y.dim(2) % y.dim(1),
                       n = at / O / y.dim(2) / y.dim(1);
    double sum = ctx.has(2) ? double(ctx[2].data<float>()[o]) : 0;
    const std::int64_t first = o / outputs_per_group * I;
    for (std::int64_t kh = 0; kh < w.dim(2); ++kh)
      for (std::int64_t kw = 0; kw < w.dim(3); ++kw) {
        const std::int64_t ih = oh * strides[0] + kh * dilations[0] - pads[0];
        const std::int64_t iw = ow * strides[1] + kw * dilations[1] - pads[1];
        if (ih < 0 || ih >= H || iw < 0 || iw >= W) continue;
        const float* pixel = px + ((n * H + ih) * W + iw) * C + first;
        for (std::int64_t i = 0; i < I; ++i)
          sum += double(pixel[i]) * double(pw[((o * I + i) * w.dim(2) + kh) * w.dim(3) + kw]);
      }
    if (ctx.has(3)) sum += double(ctx[3].data<float>()[at]);
    py[at] = static_cast<float>(activate(activation, a, b, sum));
  }
  return {};
}

inline status fused_matmul::infer(infer_context& ctx) const {
  const fact &l = ctx[0], &r = ctx[1];
  TENON_TRY(ctx.require_type(0, {dtype::f32}, "a"));
  if (!l.is_ranked || !r.is_ranked || l.rank() < 2 || r.rank() < 2 || r.rank() > l.rank())
    return fail(code::shape, "a is ", l.str(), " and b is ", r.str(),
                ", expected ranks of at least 2");
  const std::size_t k_axis = r.rank() - (transpose_b ? 1 : 2),
                    n_axis = r.rank() - (transpose_b ? 2 : 1);
  TENON_TRY(ctx.require_equal(l.shape[l.rank() - 1], r.shape[k_axis], "inner size"));
  const dims left(l.shape.begin(), l.shape.end() - 2), right(r.shape.begin(), r.shape.end() - 2);
  TENON_TRY(dims y, ctx.broadcast(left, right, "leading axes"));
  y.push_back(l.shape[l.rank() - 2]);
  y.push_back(r.shape[n_axis]);
  if (ctx.has(3)) TENON_TRY(ctx.require_same(ctx[3].shape, y, "residual"));
  ctx.output(0, l.type, std::move(y));
  return {};
}

inline status fused_matmul::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor &l = ctx[0], &r = ctx[1];
  const std::int64_t M = y.dim(y.rank() - 2), N = y.dim(y.rank() - 1), K = l.dim(l.rank() - 1);
  const extents lead(y.dims().begin(), y.dims().end() - 2);
  const extents left(l.dims().begin(), l.dims().end() - 2),
      right(r.dims().begin(), r.dims().end() - 2);
  const float *pl = l.data<float>(), *pr = r.data<float>();
  std::int64_t batch = 0;
  walk<2>(lead, {broadcast_strides(left, lead), broadcast_strides(right, lead)},
          [&](const auto& offset, std::int64_t count, const auto& stride) {
            for (std::int64_t i = 0; i < count; ++i, ++batch) {
              const float* A = pl + (offset[0] + i * stride[0]) * M * K;
              const float* B = pr + (offset[1] + i * stride[1]) * K * N;
              for (std::int64_t at = 0; at < M * N; ++at) {
                const std::int64_t m = at / N, n = at % N;
                double sum = 0;
                for (std::int64_t k = 0; k < K; ++k)
                  sum += double(A[m * K + k]) * double(transpose_b ? B[n * K + k] : B[k * N + n]);
                sum *= double(alpha);
                if (ctx.has(2)) sum += double(ctx[2].data<float>()[ctx[2].size() == 1 ? 0 : n]);
                if (ctx.has(3)) sum += double(ctx[3].data<float>()[batch * M * N + at]);
                y.data<float>()[batch * M * N + at] =
                    static_cast<float>(activate(activation, p, q, sum));
              }
            }
          });
  return {};
}

inline status nhwc_pool::infer(infer_context& ctx) const {
  const fact& x = ctx[0];
  TENON_TRY(ctx.require_type(0, {dtype::f32}, "x"));
  if (!x.is_ranked || x.rank() != 4)
    return fail(code::shape, "x is ", x.str(), ", expected rank 4");
  const window2d w = window();
  ctx.output(
      0, x.type,
      dims{x.shape[0], window_size(x.shape[1], w, 0), window_size(x.shape[2], w, 1), x.shape[3]});
  return {};
}

inline status nhwc_pool::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor& x = ctx[0];
  const std::int64_t H = x.dim(1), W = x.dim(2), C = x.dim(3);
  for (std::int64_t at = 0; at < y.size(); ++at) {
    const std::int64_t c = at % C, ow = at / C % y.dim(2), oh = at / C / y.dim(2) % y.dim(1),
                       n = at / C / y.dim(2) / y.dim(1);
    double sum = 0, top = -std::numeric_limits<double>::infinity();
    std::int64_t count = 0;
    for (std::int64_t kh = 0; kh < kernel[0]; ++kh)
      for (std::int64_t kw = 0; kw < kernel[1]; ++kw) {
        const std::int64_t ih = oh * strides[0] + kh * dilations[0] - pads[0];
        const std::int64_t iw = ow * strides[1] + kw * dilations[1] - pads[1];
        if (ih < 0 || ih >= H || iw < 0 || iw >= W) {
          count += kind == pool_kind::average_with_padding && ih < H + pads[2] && iw < W + pads[3];
          continue;
        }
        const double v = double(x.data<float>()[((n * H + ih) * W + iw) * C + c]);
        sum += v;
        top = v > top || v != v ? v : top;
        ++count;
      }
    y.data<float>()[at] = static_cast<float>(kind == pool_kind::max ? top : sum / double(count));
  }
  return {};
}

inline status add_layer_norm::infer(infer_context& ctx) const {
  TENON_TRY(ctx.require_type(0, {dtype::f32}, "x"));
  if (!ctx[0].is_ranked || ctx[0].rank() == 0)
    return fail(code::shape, "x is ", ctx[0].str(), ", expected a known rank of at least 1");
  TENON_TRY(ctx.require_same(ctx[1].shape, ctx[0].shape, "residual"));
  const dims row{ctx[0].shape.back()};
  TENON_TRY(ctx.require_same(ctx[2].shape, row, "scale"));
  if (ctx.has(3)) TENON_TRY(ctx.require_same(ctx[3].shape, row, "bias"));
  ctx.output(0, ctx[0].type, ctx[0].shape);
  ctx.output(1, ctx[0].type, ctx[0].shape);
  return {};
}

inline status add_layer_norm::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  TENON_TRY(tensor sum, ctx.output_count() > 1 ? ctx.output(1) : tensor::make(y.type(), y.dims()));
  const std::int64_t columns = y.rank() == 0 ? 1 : y.dim(y.rank() - 1);
  const float *px = ctx[0].data<float>(), *pr = ctx[1].data<float>(), *scale = ctx[2].data<float>();
  for (std::int64_t row = 0; columns != 0 && row < y.size() / columns; ++row) {
    float* s = sum.data<float>() + row * columns;
    double mean = 0, square = 0;
    for (std::int64_t c = 0; c < columns; ++c) {
      s[c] = px[row * columns + c] + pr[row * columns + c];
      mean += double(s[c]);
    }
    mean /= double(columns);
    for (std::int64_t c = 0; c < columns; ++c)
      square += (double(s[c]) - mean) * (double(s[c]) - mean);
    const double inverse = 1 / std::sqrt(square / double(columns) + double(epsilon));
    for (std::int64_t c = 0; c < columns; ++c)
      y.data<float>()[row * columns + c] =
          static_cast<float>((double(s[c]) - mean) * inverse * double(scale[c]) +
                             (ctx.has(3) ? double(ctx[3].data<float>()[c]) : 0));
  }
  return {};
}

using fused_ops = type_list<add_layer_norm, embed_layer_norm, fused_conv, fused_matmul, nhwc_pool>;

}  // namespace tenon::inline v0::ops
