#include "tenon/ops/convolution.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/resize.hpp"

#include "backends/kernel_checks.hpp"
#include <doctest/doctest.h>

namespace ops = tenon::ops;

namespace kernel_checks {

namespace {

/// Window sizes of a convolution or pooling test.
struct window_case {
  std::int64_t in_c, out_c, group, kernel;
  std::int64_t stride = 1, dilation = 1, pad = 0;
};

constexpr window_case windows[] = {
    {3, 5, 1, 1},          {16, 40, 1, 1},          {16, 40, 1, 1, 2},      {3, 8, 1, 3, 2, 1, 1},
    {20, 17, 1, 3},        {32, 32, 1, 3, 1, 1, 1}, {16, 8, 1, 3, 1, 2, 2}, {4, 6, 2, 3, 1, 1, 1},
    {8, 8, 8, 3, 1, 1, 1}, {24, 24, 24, 5, 2, 1, 2}};

ops::fused_conv fused_of(const window_case& w, ops::activation_kind kind) {
  ops::fused_conv op;
  op.strides = {w.stride, w.stride};
  op.dilations = {w.dilation, w.dilation};
  op.pads = {w.pad, w.pad, w.pad, w.pad + (w.stride > 1)};
  op.group = w.group;
  op.activation = kind;
  op.a = 0.2F;
  op.b = 0.4F;
  return op;
}

void add_convolutions(cases& out) {
  using kind = ops::activation_kind;
  for (const window_case& w : windows)
    for (const std::int64_t size : {7, 14}) {
      const tensor weights = reals({w.out_c, w.in_c / w.group, w.kernel, w.kernel}, 2);
      const tensor image = reals({2, size, size + 2, w.in_c}, 1), bias = reals({w.out_c}, 3);
      for (const kind k : {kind::none, kind::relu, kind::hard_swish, kind::clip, kind::silu})
        out.push_back({fused_of(w, k), {image, weights, bias}, 2, 1, 1e-4});
      out.push_back({fused_of(w, kind::none), {image, weights}, 2, 1, 1e-4});
      ops::conv plain;
      plain.strides = {w.stride, w.stride};
      plain.dilations = {w.dilation, w.dilation};
      plain.pads = {w.pad, w.pad, w.pad, w.pad};
      plain.group = w.group;
      const tensor first = reals({2, w.in_c, size, size + 2}, 1);
      out.push_back({plain, {first, weights, bias}, 2, 1, 1e-4});
      out.push_back({plain, {first, weights}, 2, 1, 1e-4});
    }
  const window_case same{32, 32, 1, 3, 1, 1, 1};
  out.push_back({fused_of(same, kind::relu),
                 {reals({1, 17, 11, 32}, 1), reals({32, 32, 3, 3}, 2), reals({32}, 3),
                  reals({1, 17, 11, 32}, 4)},
                 2,
                 1,
                 1e-4});
}

void add_pools(cases& out) {
  for (const auto kind :
       {ops::pool_kind::max, ops::pool_kind::average, ops::pool_kind::average_with_padding})
    for (const std::int64_t channels : {1, 8, 37})
      for (const std::int64_t pad : {0, 1}) {
        const ops::nhwc_pool op{kind, {3, 2}, {2, 1}, {1, 1}, {pad, 0, pad, pad}};
        out.push_back({op, {reals({2, 9, 7, channels}, 1)}});
      }
}

void add_transposed(cases& out) {
  for (const std::int64_t group : {1, 2})
    for (const std::int64_t kernel : {1, 2, 3, 4})
      for (const std::int64_t stride : {1, 2, 4})
        for (const std::int64_t dilation : {1, 2}) {
          ops::conv_transpose op;
          op.group = group;
          op.strides = {stride, 1};
          op.dilations = {1, dilation};
          if (stride > 1) op.output_padding = {1, 0};
          if (kernel > 2) op.pads = {1, 0, 0, 1};
          const tensor w = reals({6, 5, kernel, kernel}, 2);
          out.push_back({op, {reals({2, 6, 5, 4}, 1), w, reals({5 * group}, 3)}, 2, 1, 1e-4});
          out.push_back({op, {reals({1, 6, 3, 9}, 1), w}, 2, 1, 1e-4});
        }
  ops::conv_transpose line;
  line.strides = {2};
  line.pads = {1, 1};
  out.push_back({line, {reals({2, 4, 9}, 1), reals({4, 40, 3}, 2)}, 2, 1, 1e-4});
  ops::conv_transpose same;
  same.auto_pad = ops::auto_pad_mode::same_upper;
  same.strides = {2, 2};
  out.push_back({same, {reals({1, 4, 5, 6}, 1), reals({4, 3, 3, 3}, 2)}, 2, 1, 1e-4});
}

void add_resizes(cases& out) {
  using how = ops::resize_coordinates;
  const datum none;
  for (const auto mode :
       {ops::resize_mode::nearest, ops::resize_mode::linear, ops::resize_mode::cubic})
    for (const how c : {how::half_pixel, how::align_corners, how::asymmetric,
                        how::pytorch_half_pixel, how::half_pixel_symmetric}) {
      ops::resize op;
      op.mode = mode;
      op.coordinate_transformation_mode = c;
      const std::vector<datum> up{reals({2, 3, 5, 7}, 1), none, list({1.0F, 1.0F, 2.0F, 2.0F})};
      out.push_back({op, up, 4, 1, 1e-4});
      out.push_back(
          {op, {reals({1, 2, 9, 40}, 1), none, list({1.0F, 1.0F, 0.6F, 1.3F})}, 4, 1, 1e-4});
      out.push_back({op,
                     {reals({1, 4, 6, 3}, 1), none, none,
                      list({std::int64_t{1}, std::int64_t{4}, std::int64_t{3}, std::int64_t{8}})},
                     8,
                     1,
                     1e-4});
      op.antialias = mode != ops::resize_mode::nearest;
      op.exclude_outside = mode == ops::resize_mode::cubic;
      out.push_back(
          {op, {reals({1, 9, 12, 8}, 1), none, list({1.0F, 0.4F, 0.5F, 1.0F})}, 4, 1, 1e-4});
    }
  ops::resize bytes;
  out.push_back(
      {bytes, {wholes(dtype::u8, {2, 3, 4}, 1, 0, 255), none, list({1.0F, 2.0F, 3.0F})}, 4});
  out.push_back({bytes, {wholes(dtype::i64, {2, 3}, 1, 0, 255), none, list({1.5F, 0.5F})}, 4});
  out.push_back({bytes, {reals({2, 0}, 1), none, list({2.0F, 2.0F})}, 4});
}

}  // namespace

cases spatial_cases() {
  cases out;
  add_convolutions(out);
  add_pools(out);
  add_transposed(out);
  add_resizes(out);
  return out;
}

}  // namespace kernel_checks

TEST_CASE("kernels over images agree with the reference") {
  kernel_checks::check_all(kernel_checks::spatial_cases());
}
