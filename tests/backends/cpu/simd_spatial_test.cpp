#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "simd_support.hpp"
#include <doctest/doctest.h>

using namespace tenon::cpu;
using cpu_test::buffer;

namespace {

struct pool_case {
  std::size_t h, w, c, kernel, stride, dilation, pad;
};

void check_pool(const kernel_table& t, const pool_case& p, bool average, bool count_padding) {
  conv_shape s{.batch = 2, .in_h = p.h, .in_w = p.w, .in_c = p.c};
  s.kernel_h = s.kernel_w = p.kernel;
  s.stride_h = s.stride_w = p.stride;
  s.dilation_h = s.dilation_w = p.dilation;
  s.pad_top = s.pad_left = p.pad;
  s.out_h = (p.h + 2 * p.pad - p.dilation * (p.kernel - 1) - 1) / p.stride + 1;
  s.out_w = (p.w + 2 * p.pad - p.dilation * (p.kernel - 1) - 1) / p.stride + 1;
  const buffer x = cpu_test::random(2 * p.h * p.w * p.c, 1);
  buffer y(2 * s.out_h * s.out_w * p.c);
  const pool_args a{s, x.data(), y.data(), count_padding, p.pad, p.pad};
  const auto run = average ? t.average_pool : t.max_pool;
  run(a, 0, s.out_h);
  run(a, s.out_h, 2 * s.out_h);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t c = i % p.c, ox = i / p.c % s.out_w, oy = i / p.c / s.out_w % s.out_h;
    const std::size_t b = i / p.c / s.out_w / s.out_h;
    double sum = 0, top = -1e30;
    std::size_t count = 0;
    for (std::size_t ky = 0; ky < p.kernel; ++ky) {
      for (std::size_t kx = 0; kx < p.kernel; ++kx) {
        const std::size_t iy = oy * p.stride + ky * p.dilation - p.pad;
        const std::size_t ix = ox * p.stride + kx * p.dilation - p.pad;
        if (iy >= p.h || ix >= p.w) continue;
        const double v = x[((b * p.h + iy) * p.w + ix) * p.c + c];
        sum += v, top = std::max(top, v), ++count;
      }
    }
    const double area = count_padding ? double(p.kernel * p.kernel) : double(count);
    const double want = average ? sum / area : top;
    REQUIRE(std::abs(y[i] - want) <= 1e-6);
  }
}

}  // namespace

TEST_CASE("cpu pooling equals a double reference") {
  const pool_case cases[] = {{7, 8, 5, 3, 2, 1, 1},  {6, 6, 33, 2, 2, 1, 0}, {9, 7, 16, 3, 1, 1, 1},
                             {9, 11, 3, 3, 1, 2, 1}, {5, 5, 70, 5, 5, 1, 0}, {1, 1, 1, 1, 1, 1, 0}};
  for (const kernel_table* t : cpu_test::tables()) {
    for (const pool_case& p : cases) {
      CAPTURE(p.c);
      CAPTURE(p.kernel);
      check_pool(*t, p, false, false);
      check_pool(*t, p, true, false);
      check_pool(*t, p, true, true);
    }
  }
}

TEST_CASE("cpu resize applies the axis tables") {
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t channels : {1, 3, 8, 19}) {
      const std::vector<std::uint32_t> rows = {0, 1, 1, 2, 0, 0}, columns = {0, 1, 1, 1};
      const buffer row_weights = {0.25F, 0.75F, 0.5F, 0.5F, 1, 0}, column_weights = {1, 0, -1, 2};
      const buffer x = cpu_test::random(2 * 3 * 2 * channels, 1);
      buffer y(2 * 3 * 2 * channels);
      resize_args a;
      a.batch = 2, a.in_h = 3, a.in_w = 2, a.channels = channels, a.out_h = 3, a.out_w = 2;
      a.vertical = {rows.data(), row_weights.data(), 2};
      a.horizontal = {columns.data(), column_weights.data(), 2};
      a.x = x.data();
      a.y = y.data();
      t->resize(a, 0, 6);
      for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t c = i % channels, ox = i / channels % 2, oy = i / channels / 2 % 3;
        const std::size_t b = i / channels / 6;
        double want = 0;
        for (std::size_t v = 0; v < 2; ++v) {
          for (std::size_t h = 0; h < 2; ++h) {
            want += double(row_weights[oy * 2 + v]) * double(column_weights[ox * 2 + h]) *
                    x[((b * 3 + rows[oy * 2 + v]) * 2 + columns[ox * 2 + h]) * channels + c];
          }
        }
        REQUIRE(std::abs(y[i] - want) <= 1e-6);
      }
    }
  }
}

TEST_CASE("cpu transpose moves every element of every size") {
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t rows : {0, 1, 3, 8, 16, 33, 70}) {
      for (std::size_t columns : {0, 1, 7, 16, 31, 48, 65}) {
        const std::size_t ldx = columns + 2, ldy = rows + 3;
        const buffer x = cpu_test::random(rows * ldx, 1);
        buffer y(columns * ldy, -77.0F);
        t->transpose(x.data(), ldx, y.data(), ldy, rows, columns);
        for (std::size_t c = 0; c < columns; ++c) {
          for (std::size_t r = 0; r < ldy; ++r) {
            REQUIRE(y[c * ldy + r] == (r < rows ? x[r * ldx + c] : -77.0F));
          }
        }
      }
    }
  }
}
