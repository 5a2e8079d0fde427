#pragma once

#include "tenon/backends/cpu/linear.hpp"
#include "tenon/backends/cpu/strided.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/pooling.hpp"

#include <algorithm>

/// 2-D convolution and pooling: NHWC kernels, and NCHW ones that turn the image around in scratch memory.
namespace tenon::inline v0::cpu {

namespace convolution_detail {

using namespace linear_detail;
using strided_detail::turn;

inline constexpr std::int64_t conv_grain_flops = 400000;

inline bool is_depthwise(const conv_shape& s) {
  return s.groups == s.in_c && s.groups == s.out_c && s.groups > 1;
}

inline conv_shape weight_shape(const tensor& w, std::int64_t group) {
  conv_shape s;
  s.groups = static_cast<std::size_t>(group);
  s.out_c = static_cast<std::size_t>(w.dim(0));
  s.in_c = static_cast<std::size_t>(w.dim(1)) * s.groups;
  s.kernel_h = static_cast<std::size_t>(w.dim(2));
  s.kernel_w = static_cast<std::size_t>(w.dim(3));
  return s;
}

inline void set_window(conv_shape& s,
                       const std::vector<std::int64_t>& strides,
                       const std::vector<std::int64_t>& dilations,
                       std::int64_t top,
                       std::int64_t left) {
  s.stride_h = static_cast<std::size_t>(strides[0]);
  s.stride_w = static_cast<std::size_t>(strides[1]);
  s.dilation_h = static_cast<std::size_t>(dilations[0]);
  s.dilation_w = static_cast<std::size_t>(dilations[1]);
  s.pad_top = static_cast<std::size_t>(top);
  s.pad_left = static_cast<std::size_t>(left);
}

/// Below these sizes the transforms cost more than the products they save.
inline constexpr std::size_t winograd_least_channels = 16;
inline constexpr std::size_t winograd_least_tiles = 12;

/// Tiles that a thread takes at once.
inline constexpr std::int64_t winograd_grain = 48;

/// Whether a convolution of this window over images of these sizes (unknown ones are large) is worth transforms.
inline bool suits_winograd(const conv_shape& s, dim batch, dim out_h, dim out_w) {
  if (s.kernel_h != 3 || s.kernel_w != 3 || s.stride_h != 1 || s.stride_w != 1 ||
      s.dilation_h != 1 || s.dilation_w != 1 || s.groups != 1 || s.in_c < winograd_least_channels ||
      s.out_c < winograd_least_channels)
    return false;
  const auto size = [](dim d) {
    return static_cast<std::size_t>(
        d.is_constant() ? std::clamp<std::int64_t>(d.constant(), 0, 4096) : 4096);
  };
  return winograd_tiles(size(batch), size(out_h), size(out_w)) >= winograd_least_tiles;
}

/// `prepared::numbers[0]` of weights that were transformed for `winograd`.
inline result<prepared> pack_transformed(const tensor& w, const conv_shape& s) {
  const convolution_kernels& t = select<convolution_kernels>();
  prepared out;
  TENON_TRY(
      out.packed,
      tensor::make(dtype::f32, extents{static_cast<std::int64_t>(t.winograd_packed_floats(s))}));
  t.pack_winograd(s, w.data<float>(), out.packed.data<float>());
  out.numbers[0] = 1;
  return out;
}

inline result<prepared> pack_weights(const tensor& w, const conv_shape& s) {
  const convolution_kernels& t = select<convolution_kernels>();
  prepared out;
  const std::size_t floats =
      is_depthwise(s) ? s.kernel_h * s.kernel_w * s.out_c : t.conv_packed_floats(s);
  TENON_TRY(out.packed, tensor::make(dtype::f32, extents{static_cast<std::int64_t>(floats)}));
  if (is_depthwise(s))
    t.pack_depthwise(s, w.data<float>(), out.packed.data<float>());
  else
    t.pack_conv(s, w.data<float>(), out.packed.data<float>());
  return out;
}

inline std::size_t workspace_bytes(const conv_shape& s, bool is_transformed) {
  if (is_depthwise(s)) return 0;
  const convolution_kernels& t = select<convolution_kernels>();
  const std::size_t bytes =
      is_transformed ? t.winograd_workspace_bytes(s) : t.conv_workspace_bytes(s);
  return (bytes + 63) / 64 * 64;
}

/// Runs a transformed NHWC convolution on all threads.
inline void run_winograd(const conv_args& args, kernel::parallel& threads, std::byte* workspace) {
  const convolution_kernels& t = select<convolution_kernels>();
  const conv_shape& s = args.shape;
  const std::size_t bytes = workspace_bytes(s, true);
  const auto tiles = static_cast<std::int64_t>(winograd_tiles(s.batch, s.out_h, s.out_w));
  const std::int64_t width = threads.width();
  const std::int64_t parts = std::max((tiles + winograd_grain - 1) / winograd_grain, width);
  const std::int64_t grain = width == 1 ? tiles : (tiles + parts - 1) / parts;
  threads.run(tiles, std::max<std::int64_t>(1, grain),
              [&](std::int64_t b, std::int64_t e, int worker) {
                t.winograd(args, static_cast<std::size_t>(b), static_cast<std::size_t>(e),
                           workspace + static_cast<std::size_t>(worker) * bytes);
              });
}

/// Runs a packed NHWC convolution on all threads.
inline void run_nhwc(const conv_args& args,
                     kernel::parallel& threads,
                     std::byte* workspace,
                     bool is_transformed) {
  const convolution_kernels& t = select<convolution_kernels>();
  const matrix_kernels& tile = select<matrix_kernels>();
  const conv_shape& s = args.shape;
  if (s.batch == 0 || s.out_h == 0 || s.out_w == 0 || s.out_c == 0) return;
  if (is_transformed) return run_winograd(args, threads, workspace);
  const std::size_t rows = s.batch * s.out_h * s.out_w;
  if (is_depthwise(s)) {
    const auto lines = static_cast<std::int64_t>(s.batch * s.out_h);
    const auto flops =
        static_cast<std::int64_t>(2 * s.out_w * s.out_c * s.kernel_h * s.kernel_w) + 1;
    threads.run(lines, std::max<std::int64_t>(1, conv_grain_flops / flops),
                [&](std::int64_t b, std::int64_t e, int) {
                  t.depthwise(args, static_cast<std::size_t>(b), static_cast<std::size_t>(e));
                });
    return;
  }
  const std::size_t bytes = workspace_bytes(s, false), panels = t.conv_panels(s);
  const std::int64_t tiles = divide_up(rows, tile.tile_rows);
  const std::size_t depth = s.kernel_h * s.kernel_w * s.in_c / s.groups;
  const auto flops = static_cast<std::int64_t>(2 * depth * tile.tile_rows *
                                               std::min(s.out_c, tile.panel * panels)) +
                     1;
  if (tiles >= 4 * threads.width() || panels == 1) {
    const std::int64_t grain =
        std::max<std::int64_t>({1, conv_grain_flops / flops, tiles / (threads.width() * 4)});
    threads.run(tiles, grain, [&](std::int64_t b, std::int64_t e, int worker) {
      t.conv(args,
             {static_cast<std::size_t>(b) * tile.tile_rows,
              std::min(rows, static_cast<std::size_t>(e) * tile.tile_rows), 0, panels},
             workspace + static_cast<std::size_t>(worker) * bytes);
    });
    return;
  }
  threads.run(static_cast<std::int64_t>(panels), 1,
              [&](std::int64_t b, std::int64_t e, int worker) {
                t.conv(args, {0, rows, static_cast<std::size_t>(b), static_cast<std::size_t>(e)},
                       workspace + static_cast<std::size_t>(worker) * bytes);
              });
}

inline const char* fused_conv_f32(const query& q) {
  if (!q.is(0, dtype::f32) || !q.is(1, dtype::f32)) return "needs f32 operands";
  if (!q.in(1).is_constant()) return "needs constant weights";
  for (const std::int64_t p : q.as<ops::fused_conv>().pads)
    if (p < 0) return "needs padding of at least 0";
  return nullptr;
}

inline result<prepared> prepare_fused_conv(const query& q) {
  const auto& op = q.as<ops::fused_conv>();
  conv_shape s = weight_shape(q.in(1).constant, op.group);
  set_window(s, op.strides, op.dilations, op.pads[0], op.pads[1]);
  const dims& y = q.out(0).shape;
  if (suits_winograd(s, y[0], y[1], y[2])) return pack_transformed(q.in(1).constant, s);
  return pack_weights(q.in(1).constant, s);
}

inline void set_images(conv_shape& s, const std::int64_t* x, const std::int64_t* y) {
  s.batch = static_cast<std::size_t>(x[0]);
  s.in_h = static_cast<std::size_t>(x[1]);
  s.in_w = static_cast<std::size_t>(x[2]);
  s.out_h = static_cast<std::size_t>(y[1]);
  s.out_w = static_cast<std::size_t>(y[2]);
}

inline conv_shape fused_shape(const call& c) {
  const auto& op = c.as<ops::fused_conv>();
  const kernel::array_view& w = c.in(1);
  conv_shape s;
  s.groups = static_cast<std::size_t>(op.group);
  s.out_c = static_cast<std::size_t>(w.dim(0));
  s.in_c = static_cast<std::size_t>(w.dim(1)) * s.groups;
  s.kernel_h = static_cast<std::size_t>(w.dim(2));
  s.kernel_w = static_cast<std::size_t>(w.dim(3));
  set_window(s, op.strides, op.dilations, op.pads[0], op.pads[1]);
  set_images(s, c.in(0).dims, c.out(0).dims);
  return s;
}

inline std::size_t fused_conv_scratch(const call& c) {
  return workspace_bytes(fused_shape(c), c.state->numbers[0] != 0) *
         static_cast<std::size_t>(c.threads->width());
}

inline status run_fused_conv(const call& c) {
  const auto& op = c.as<ops::fused_conv>();
  conv_args args;
  args.shape = fused_shape(c);
  args.x = c.in(0).as<float>();
  args.x_stride = args.shape.in_c;
  args.w_packed = c.state->packed.data<float>();
  args.y = c.out(0).as<float>();
  args.y_stride = args.shape.out_c;
  args.ep.act = spec_of(op.activation, op.a, op.b);
  if (c.has(2)) args.ep.bias = c.in(2).as<float>();
  if (c.has(3)) {
    args.ep.residual = c.in(3).as<float>();
    args.ep.residual_stride = args.shape.out_c;
  }
  run_nhwc(args, *c.threads, c.scratch, c.state->numbers[0] != 0);
  return {};
}

inline status run_nhwc_pool(const call& c) {
  const auto& op = c.as<ops::nhwc_pool>();
  const spatial_kernels& t = select<spatial_kernels>();
  pool_args args;
  conv_shape& s = args.shape;
  s.in_c = s.out_c = static_cast<std::size_t>(c.in(0).dim(3));
  s.kernel_h = static_cast<std::size_t>(op.kernel[0]);
  s.kernel_w = static_cast<std::size_t>(op.kernel[1]);
  set_window(s, op.strides, op.dilations, op.pads[0], op.pads[1]);
  set_images(s, c.in(0).dims, c.out(0).dims);
  args.x = c.in(0).as<float>();
  args.y = c.out(0).as<float>();
  args.count_padding = op.kind == ops::pool_kind::average_with_padding;
  args.pad_bottom = static_cast<std::size_t>(op.pads[2]);
  args.pad_right = static_cast<std::size_t>(op.pads[3]);
  const auto run = op.kind == ops::pool_kind::max ? t.max_pool : t.average_pool;
  if (c.out(0).count == 0) return {};
  const auto lines = static_cast<std::int64_t>(s.batch * s.out_h);
  const auto cost = static_cast<std::int64_t>(s.out_w * s.in_c * s.kernel_h * s.kernel_w) + 1;
  c.threads->run(lines, std::max<std::int64_t>(1, 4 * elementwise_grain / cost),
                 [&](std::int64_t b, std::int64_t e, int) {
                   run(args, static_cast<std::size_t>(b), static_cast<std::size_t>(e));
                 });
  return {};
}

inline const char* any_pool(const query& q) {
  const auto& op = q.as<ops::nhwc_pool>();
  for (const std::int64_t p : op.pads)
    if (p < 0) return "needs padding of at least 0";
  return q.is(0, dtype::f32) ? nullptr : "needs f32";
}

/// The window of a channels-first convolution of rank 4 without auto_pad.
inline const char* plain_conv(const query& q) {
  if (!q.is(0, dtype::f32) || !q.is(1, dtype::f32) || q.in(0).rank() != 4)
    return "needs f32 images";
  if (!q.in(1).is_constant()) return "needs constant weights";
  const auto& op = q.as<ops::conv>();
  if (op.auto_pad != ops::auto_pad_mode::notset) return "needs explicit padding";
  for (const std::int64_t p : op.pads)
    if (p < 0) return "needs padding of at least 0";
  return nullptr;
}

inline conv_shape plain_window(const ops::conv& op, conv_shape s) {
  const std::vector<std::int64_t> ones{1, 1};
  set_window(s, op.strides.empty() ? ones : op.strides, op.dilations.empty() ? ones : op.dilations,
             op.pads.empty() ? 0 : op.pads[0], op.pads.empty() ? 0 : op.pads[1]);
  return s;
}

inline result<prepared> prepare_conv(const query& q) {
  const auto& op = q.as<ops::conv>();
  const conv_shape s = plain_window(op, weight_shape(q.in(1).constant, op.group));
  const dims& y = q.out(0).shape;
  if (suits_winograd(s, y[0], y[2], y[3])) return pack_transformed(q.in(1).constant, s);
  return pack_weights(q.in(1).constant, s);
}

inline conv_shape conv_sizes(const call& c) {
  const auto& op = c.as<ops::conv>();
  const kernel::array_view &x = c.in(0), &w = c.in(1), &y = c.out(0);
  conv_shape s;
  s.groups = static_cast<std::size_t>(op.group);
  s.out_c = static_cast<std::size_t>(w.dim(0));
  s.in_c = static_cast<std::size_t>(w.dim(1)) * s.groups;
  s.kernel_h = static_cast<std::size_t>(w.dim(2));
  s.kernel_w = static_cast<std::size_t>(w.dim(3));
  const std::int64_t in[] = {x.dim(0), x.dim(2), x.dim(3)}, out[] = {y.dim(0), y.dim(2), y.dim(3)};
  set_images(s, in, out);
  return plain_window(op, s);
}

inline std::size_t image_bytes(const kernel::array_view& x) {
  return (x.bytes() + 63) / 64 * 64;
}

inline std::size_t conv_scratch(const call& c) {
  return image_bytes(c.in(0)) + image_bytes(c.out(0)) +
         workspace_bytes(conv_sizes(c), c.state->numbers[0] != 0) *
             static_cast<std::size_t>(c.threads->width());
}

inline status run_conv(const call& c) {
  const kernel::array_view &x = c.in(0), &y = c.out(0);
  if (y.count == 0) return {};
  conv_args args;
  args.shape = conv_sizes(c);
  auto* turned = reinterpret_cast<float*>(c.scratch);
  auto* made = reinterpret_cast<float*>(c.scratch + image_bytes(x));
  turn(x.as<float>(), turned, x.dim(0), x.dim(1), x.dim(2) * x.dim(3), *c.threads);
  args.x = turned;
  args.x_stride = args.shape.in_c;
  args.w_packed = c.state->packed.data<float>();
  args.y = made;
  args.y_stride = args.shape.out_c;
  if (c.has(2)) args.ep.bias = c.in(2).as<float>();
  run_nhwc(args, *c.threads, c.scratch + image_bytes(x) + image_bytes(y), c.state->numbers[0] != 0);
  turn(made, y.as<float>(), y.dim(0), y.dim(2) * y.dim(3), y.dim(1), *c.threads);
  return {};
}

}  // namespace convolution_detail

namespace convolution {

using namespace convolution_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.fused_conv.f32", ir::id_of<ops::fused_conv>(), fused_conv_f32, prepare_fused_conv, fused_conv_scratch, run_fused_conv, false},
    {"cpu.conv.f32", ir::id_of<ops::conv>(), plain_conv, prepare_conv, conv_scratch, run_conv, false},
    {"cpu.nhwc_pool.f32", ir::id_of<ops::nhwc_pool>(), any_pool, nullptr, nullptr, run_nhwc_pool, false},
};
// clang-format on

}  // namespace convolution

}  // namespace tenon::inline v0::cpu
