#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "simd_support.hpp"
#include "support/near.hpp"
#include <doctest/doctest.h>

using namespace tenon::cpu;
using cpu_test::buffer;

namespace {

conv_shape shape(std::size_t batch,
                 std::size_t h,
                 std::size_t w,
                 std::size_t in_c,
                 std::size_t out_c,
                 std::size_t kernel,
                 std::size_t stride,
                 std::size_t dilation,
                 std::size_t pad,
                 std::size_t groups) {
  conv_shape s{.batch = batch, .in_h = h, .in_w = w, .in_c = in_c, .out_c = out_c};
  s.kernel_h = s.kernel_w = kernel;
  s.stride_h = s.stride_w = stride;
  s.dilation_h = s.dilation_w = dilation;
  s.pad_top = s.pad_left = pad;
  s.groups = groups;
  s.out_h = (h + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
  s.out_w = (w + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
  return s;
}

double expected(const conv_shape& s,
                const buffer& x,
                const buffer& w,
                std::size_t b,
                std::size_t oy,
                std::size_t ox,
                std::size_t oc) {
  const std::size_t gin = s.in_c / s.groups, g = oc / (s.out_c / s.groups);
  double sum = 0;
  for (std::size_t ky = 0; ky < s.kernel_h; ++ky) {
    for (std::size_t kx = 0; kx < s.kernel_w; ++kx) {
      const std::size_t iy = oy * s.stride_h + ky * s.dilation_h - s.pad_top;
      const std::size_t ix = ox * s.stride_w + kx * s.dilation_w - s.pad_left;
      if (iy >= s.in_h || ix >= s.in_w) continue;
      for (std::size_t c = 0; c < gin; ++c) {
        sum += double(x[((b * s.in_h + iy) * s.in_w + ix) * s.in_c + g * gin + c]) *
               double(w[((oc * gin + c) * s.kernel_h + ky) * s.kernel_w + kx]);
      }
    }
  }
  return sum;
}

struct images {
  conv_shape s;
  buffer x, w, bias, residual, y;

  explicit images(const conv_shape& sizes)
      : s(sizes),
        x(cpu_test::random(s.batch * s.in_h * s.in_w * s.in_c, 1)),
        w(cpu_test::random(s.out_c * s.in_c / s.groups * s.kernel_h * s.kernel_w, 2)),
        bias(cpu_test::random(s.out_c, 3)),
        residual(cpu_test::random(pixels() * s.out_c, 4)),
        y(pixels() * s.out_c, -77.0F) {}

  std::size_t pixels() const { return s.batch * s.out_h * s.out_w; }

  conv_args args(const float* packed, float* out) const {
    conv_args a{s, x.data(), s.in_c, packed, out, s.out_c, {}};
    a.ep.bias = bias.data();
    a.ep.residual = residual.data();
    a.ep.residual_stride = s.out_c;
    a.ep.act.kind = activation::relu;
    return a;
  }

  void check(const buffer& result, double bound) const {
    double worst = 0;
    for (std::size_t p = 0; p < pixels(); ++p) {
      for (std::size_t c = 0; c < s.out_c; ++c) {
        const double sum =
            expected(s, x, w, p / (s.out_h * s.out_w), p / s.out_w % s.out_h, p % s.out_w, c);
        const double want = std::max(0.0, sum + bias[c] + residual[p * s.out_c + c]);
        worst = tenon_tests::worse(worst, std::abs(result[p * s.out_c + c] - want));
      }
    }
    CHECK(worst < bound);
  }
};

/// `whole` is right within the bound, and `parts` writes the same bits.
template <class Whole, class Parts>
void check_split(images& im, const buffer& packed, double bound, Whole whole, Parts parts) {
  whole(im.args(packed.data(), im.y.data()));
  im.check(im.y, bound);
  buffer split(im.y.size(), -77.0F);
  parts(im.args(packed.data(), split.data()));
  CHECK(split == im.y);
}

void check_conv(const kernel_table& t, const conv_shape& s) {
  images im(s);
  buffer packed(t.conv_packed_floats(s));
  t.pack_conv(s, im.w.data(), packed.data());
  std::vector<double> space(t.conv_workspace_bytes(s) / sizeof(double) + 1);
  const std::size_t panels = t.conv_panels(s), rows = im.pixels();
  check_split(
      im, packed, 2e-5,
      [&](const conv_args& a) {
        t.conv(a, {0, rows, 0, panels}, space.data());
      },
      [&](const conv_args& a) {
        t.conv(a, {0, rows / 3, 0, panels / 2}, space.data());
        t.conv(a, {rows / 3, rows, 0, panels / 2}, space.data());
        t.conv(a, {0, rows, panels / 2, panels}, space.data());
      });
}

void check_winograd(const kernel_table& t, const conv_shape& s) {
  images im(s);
  buffer packed(t.winograd_packed_floats(s));
  t.pack_winograd(s, im.w.data(), packed.data());
  std::vector<double> space(t.winograd_workspace_bytes(s) / sizeof(double) + 1);
  const std::size_t tiles = s.batch * ((s.out_h + 3) / 4) * ((s.out_w + 3) / 4);
  check_split(
      im, packed, 1e-4, [&](const conv_args& a) { t.winograd(a, 0, tiles, space.data()); },
      [&](const conv_args& a) {
        t.winograd(a, 0, tiles / 3, space.data());
        t.winograd(a, tiles / 3, tiles, space.data());
      });
}

void check_depthwise(const kernel_table& t, const conv_shape& s) {
  images im(s);
  buffer packed(im.w.size());
  t.pack_depthwise(s, im.w.data(), packed.data());
  const conv_args a = im.args(packed.data(), im.y.data());
  t.depthwise(a, 0, 1);
  t.depthwise(a, 1, s.batch * s.out_h);
  im.check(im.y, 2e-5);
}

/// Each shape on each instruction set of this machine.
void check_each(std::span<const conv_shape> shapes,
                void (*check)(const kernel_table&, const conv_shape&)) {
  for (const kernel_table* t : cpu_test::tables()) {
    for (const conv_shape& s : shapes) {
      CAPTURE(name(t->level));
      CAPTURE(s.in_c);
      CAPTURE(s.out_c);
      CAPTURE(s.in_h);
      CAPTURE(s.kernel_h);
      CAPTURE(s.stride_h);
      CAPTURE(s.groups);
      check(*t, s);
    }
  }
}

}  // namespace

TEST_CASE("cpu convolution equals a double reference") {
  const conv_shape shapes[] = {
      shape(1, 5, 6, 7, 9, 1, 1, 1, 0, 1),     shape(2, 9, 8, 16, 70, 1, 2, 1, 0, 1),
      shape(1, 7, 7, 32, 40, 3, 1, 1, 1, 1),   shape(2, 12, 11, 17, 33, 3, 2, 1, 1, 1),
      shape(1, 30, 29, 3, 64, 7, 2, 1, 3, 1),  shape(1, 9, 9, 1, 1, 3, 1, 1, 1, 1),
      shape(1, 11, 13, 20, 18, 3, 1, 2, 2, 1), shape(1, 8, 8, 24, 36, 3, 1, 1, 1, 3),
      shape(1, 8, 8, 64, 64, 3, 1, 1, 1, 4),   shape(1, 6, 6, 10, 20, 5, 1, 1, 4, 10),
      shape(1, 1, 1, 18, 5, 3, 1, 1, 1, 1),    shape(1, 12, 12, 4, 8, 3, 1, 3, 3, 2),
      shape(3, 28, 28, 16, 16, 3, 1, 1, 1, 1)};
  check_each(shapes, check_conv);
}

TEST_CASE("cpu convolution by transforms equals a double reference, whatever the split") {
  const conv_shape shapes[] = {
      shape(1, 8, 8, 16, 16, 3, 1, 1, 1, 1),   shape(2, 7, 9, 17, 33, 3, 1, 1, 1, 1),
      shape(1, 13, 6, 40, 20, 3, 1, 1, 0, 1),  shape(1, 1, 1, 18, 5, 3, 1, 1, 1, 1),
      shape(1, 30, 31, 64, 64, 3, 1, 1, 1, 1), shape(1, 5, 5, 16, 19, 3, 1, 1, 2, 1)};
  check_each(shapes, check_winograd);
}

TEST_CASE("cpu depthwise convolution equals a double reference") {
  const conv_shape shapes[] = {
      shape(1, 9, 10, 16, 16, 3, 1, 1, 1, 16),  shape(2, 13, 12, 37, 37, 3, 2, 1, 1, 37),
      shape(1, 14, 14, 72, 72, 5, 1, 1, 2, 72), shape(1, 5, 5, 1, 1, 5, 1, 1, 2, 1),
      shape(1, 15, 16, 9, 9, 3, 1, 2, 2, 9),    shape(1, 2, 2, 33, 33, 7, 1, 1, 3, 33)};
  check_each(shapes, check_depthwise);
}
