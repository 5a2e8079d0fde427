#pragma once

#include "tenon/backends/cpu/linear.hpp"
#include "tenon/backends/cpu/scratch.hpp"
#include "tenon/backends/cpu/strided.hpp"
#include "tenon/ops/convolution.hpp"

#include <algorithm>
#include <vector>

/// Transposed convolution: a product of all pixels with all taps, then each output pixel adds up its taps.
namespace tenon::inline v0::cpu {

namespace conv_transpose_detail {

using namespace linear_detail;
using strided_detail::turn;

inline const char* constant_filters(const query& q) {
  if (!q.is(0, dtype::f32) || !q.is(1, dtype::f32)) return "needs f32 operands";
  if (!q.in(1).is_constant()) return "needs constant weights";
  return q.in(0).rank() == 3 || q.in(0).rank() == 4 ? nullptr : "needs one or two spatial axes";
}

/// Sizes of a call; one spatial axis counts as lines of a single row.
struct transposed_shape {
  std::int64_t batch, channels, filters, groups;
  std::int64_t in_h = 1, in_w, out_h = 1, out_w, kernel_h = 1, kernel_w;

  explicit transposed_shape(const call& c) {
    const kernel::array_view &x = c.in(0), &w = c.in(1), &y = c.out(0);
    batch = x.dim(0);
    channels = x.dim(1);
    filters = w.dim(1);
    groups = c.as<ops::conv_transpose>().group;
    const std::size_t last = x.rank - 1;
    in_w = x.dim(last);
    out_w = y.dim(last);
    kernel_w = w.dim(last);
    if (x.rank == 3) return;
    in_h = x.dim(2);
    out_h = y.dim(2);
    kernel_h = w.dim(2);
  }

  std::int64_t taps() const { return kernel_h * kernel_w; }

  std::int64_t columns() const { return taps() * filters; }

  std::int64_t pixels() const { return in_h * in_w; }

  std::size_t image_bytes() const { return scratch_of<float>({batch, channels, in_h, in_w}); }

  std::size_t product_bytes() const {
    return scratch_of<float>({in_h, in_w, kernel_h, kernel_w, filters});
  }

  std::size_t made_bytes() const {
    return scratch_of<float>({batch, groups, filters, out_h, out_w});
  }
};

/// A tap of an output position: kernel index and input position.
struct axis_tap {
  std::int64_t kernel, in;
};

/// The taps that reach each output position of an axis, in scratch memory.
class axis_taps {
 public:
  static std::size_t bytes(std::int64_t out, std::int64_t kernel) {
    return scratch_sum({scratch_of<std::int64_t>({out}), scratch_of<axis_tap>({out, kernel})});
  }

  axis_taps(std::byte* memory, std::int64_t out, std::int64_t in, std::int64_t kernel)
      : counts_(reinterpret_cast<std::int64_t*>(memory)),
        taps_(reinterpret_cast<axis_tap*>(memory + scratch_of<std::int64_t>({out}))),
        out_(out),
        in_(in),
        kernel_(kernel) {}

  void fill(std::int64_t stride, std::int64_t dilation, std::int64_t before) {
    for (std::int64_t o = 0; o < out_; ++o) {
      axis_tap* to = taps_ + o * kernel_;
      for (std::int64_t k = 0; k < kernel_; ++k) {
        const std::int64_t at = o + before - k * dilation;
        if (at >= 0 && at % stride == 0 && at / stride < in_) *to++ = {k, at / stride};
      }
      counts_[o] = to - (taps_ + o * kernel_);
    }
  }

  std::span<const axis_tap> of(std::int64_t o) const {
    return {taps_ + o * kernel_, static_cast<std::size_t>(counts_[o])};
  }

 private:
  std::int64_t* counts_;
  axis_tap* taps_;
  std::int64_t out_, in_, kernel_;
};

/// Both images channels last, the products of one image and group, the taps of both axes.
inline std::size_t transposed_scratch(const call& c) {
  const transposed_shape s(c);
  return scratch_sum({s.image_bytes(), s.product_bytes(), s.made_bytes(),
                      axis_taps::bytes(s.out_w, s.kernel_w),
                      axis_taps::bytes(s.out_h, s.kernel_h)});
}

/// Weights [channels, filters, taps] as one packed matrix [channels, taps * filters] a group.
inline result<prepared> prepare_transposed(const query& q) {
  const tensor& w = q.in(1).constant;
  const std::int64_t groups = q.as<ops::conv_transpose>().group;
  const std::int64_t each = w.dim(0) / groups, filters = w.dim(1);
  const std::int64_t taps = filters == 0 || w.dim(0) == 0 ? 0 : w.size() / w.dim(0) / filters;
  const auto k = static_cast<std::size_t>(each), n = static_cast<std::size_t>(taps * filters);
  const matrix_kernels& t = select<matrix_kernels>();
  prepared out;
  out.numbers[0] = static_cast<std::int64_t>(t.packed_floats(k, n));
  TENON_TRY(out.packed, tensor::make(dtype::f32, extents{out.numbers[0] * groups}));
  std::vector<float> matrix(k * n);
  for (std::int64_t g = 0; g < groups; ++g) {
    const float* from = w.data<float>() + g * each * taps * filters;
    for (std::int64_t c = 0; c < each; ++c)
      for (std::int64_t m = 0; m < filters; ++m)
        for (std::int64_t i = 0; i < taps; ++i)
          matrix[static_cast<std::size_t>((c * taps + i) * filters + m)] =
              from[(c * filters + m) * taps + i];
    t.pack_b({matrix.data(), n, 1}, k, n, out.packed.data<float>() + g * out.numbers[0]);
  }
  return out;
}

/// Where the taps of an image go.
struct transposed_target {
  const transposed_shape& s;
  axis_taps vertical, horizontal;

  transposed_target(const call& c, const transposed_shape& shape, std::byte* memory)
      : s(shape),
        vertical(memory, s.out_h, s.in_h, s.kernel_h),
        horizontal(memory + axis_taps::bytes(s.out_h, s.kernel_h), s.out_w, s.in_w, s.kernel_w) {
    const auto& op = c.as<ops::conv_transpose>();
    const ops::window_spec w = op.window();
    const bool flat = c.in(0).rank == 3;
    const std::size_t x = flat ? 0 : 1;
    horizontal.fill(w.stride(x), w.dilation(x), op.cut(s.in_w, s.out_w, s.kernel_w, x));
    if (flat)
      vertical.fill(1, 1, 0);
    else
      vertical.fill(w.stride(0), w.dilation(0), op.cut(s.in_h, s.out_h, s.kernel_h, 0));
  }

  /// Adds up output line `oy`: y [out_w, row] from the products, `bias` (or null) at the start.
  void line(
      std::int64_t oy, const float* products, const float* bias, float* y, std::int64_t row) const {
    const auto add = select<pointwise_kernels>().zip[static_cast<std::size_t>(binary::add)];
    const auto count = static_cast<std::size_t>(s.filters);
    for (std::int64_t ox = 0; ox < s.out_w; ++ox, y += row) {
      if (bias)
        std::copy_n(bias, count, y);
      else
        std::fill_n(y, count, 0.0F);
      for (const axis_tap v : vertical.of(oy))
        for (const axis_tap h : horizontal.of(ox))
          add(y,
              products + (v.in * s.in_w + h.in) * s.columns() +
                  (v.kernel * s.kernel_w + h.kernel) * s.filters,
              y, count, operands::full);
    }
  }
};

inline status run_transposed(const call& c) {
  const transposed_shape s(c);
  const kernel::array_view &x = c.in(0), &y = c.out(0);
  if (y.count == 0) return {};
  auto* turned = reinterpret_cast<float*>(c.scratch);
  std::byte* next = c.scratch + s.image_bytes();
  auto* products = reinterpret_cast<float*>(next);
  auto* made = reinterpret_cast<float*>(next += s.product_bytes());
  turn(x.as<float>(), turned, s.batch, s.channels, s.pixels(), *c.threads);
  const transposed_target target(c, s, next + s.made_bytes());
  const std::int64_t each = s.channels / s.groups, row = s.filters * s.groups;
  for (std::int64_t image = 0; image < s.batch; ++image)
    for (std::int64_t g = 0; g < s.groups; ++g) {
      product p{static_cast<std::size_t>(s.pixels()),
                static_cast<std::size_t>(s.columns()),
                static_cast<std::size_t>(each),
                turned + image * s.pixels() * s.channels + g * each,
                {},
                c.state->packed.data<float>() + g * c.state->numbers[0],
                products,
                {}};
      p.lda = static_cast<std::size_t>(s.channels);
      run_packed(p, *c.threads);
      const float* bias = c.has(2) ? c.in(2).as<float>() + g * s.filters : nullptr;
      float* to = made + image * s.out_h * s.out_w * row + g * s.filters;
      const std::int64_t cost = s.out_w * s.filters + 1;
      c.threads->run(s.out_h, std::max<std::int64_t>(1, elementwise_grain / cost),
                     [&](std::int64_t b, std::int64_t e, int) {
                       for (std::int64_t oy = b; oy < e; ++oy)
                         target.line(oy, products, bias, to + oy * s.out_w * row, row);
                     });
    }
  turn(made, y.as<float>(), s.batch, s.out_h * s.out_w, row, *c.threads);
  return {};
}

}  // namespace conv_transpose_detail

namespace conv_transpose {

using namespace conv_transpose_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.conv_transpose.f32", ir::id_of<ops::conv_transpose>(), constant_filters, prepare_transposed, transposed_scratch, run_transposed, false},
};
// clang-format on

}  // namespace conv_transpose

}  // namespace tenon::inline v0::cpu
