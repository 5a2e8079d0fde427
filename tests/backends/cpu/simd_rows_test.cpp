#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "simd_support.hpp"
#include <doctest/doctest.h>

using namespace tenon::cpu;
using cpu_test::buffer;

namespace {

const std::size_t sizes[] = {1, 2, 3, 5, 8, 15, 16, 17, 31, 64, 65, 127, 300, 1000};

double reduced(reduction op, const std::vector<double>& v) {
  double sum = 0, product = 1, squares = 0;
  for (double x : v) sum += x, product *= x, squares += x * x;
  const double inf = std::numeric_limits<double>::infinity();
  switch (op) {
    case reduction::sum:
      return sum;
    case reduction::mean:
      return sum / double(v.size());
    case reduction::max:
      return v.empty() ? -inf : *std::max_element(v.begin(), v.end());
    case reduction::min:
      return v.empty() ? inf : *std::min_element(v.begin(), v.end());
    case reduction::prod:
      return product;
    case reduction::sum_squares:
      return squares;
  }
  return 0;
}

}  // namespace

TEST_CASE("cpu reductions over rows and columns equal a double reference") {
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t n : sizes) {
      for (std::size_t op = 0; op < reduction_count; ++op) {
        const std::size_t rows = 3;
        buffer x = cpu_test::random(rows * n, unsigned(n)), y(rows), z(rows);
        if (reduction(op) == reduction::prod) {
          for (float& v : x) v = 1 + v / 64;
        }
        buffer turned(x.size());
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t c = 0; c < n; ++c) turned[c * rows + r] = x[r * n + c];
        }
        t->reduce_rows[op](x.data(), y.data(), rows, n);
        t->reduce_columns[op](turned.data(), rows, z.data(), n, 0, 1);
        t->reduce_columns[op](turned.data(), rows, z.data(), n, 1, rows);
        CAPTURE(n);
        CAPTURE(op);
        for (std::size_t r = 0; r < rows; ++r) {
          const double want = reduced(reduction(op), {x.begin() + r * n, x.begin() + (r + 1) * n});
          CHECK(std::abs(y[r] - want) <= 2e-5 * std::max(1.0, std::abs(want)));
          CHECK(std::abs(z[r] - want) <= 2e-5 * std::max(1.0, std::abs(want)));
        }
      }
    }
    buffer x(70, 1.0F), y(1);
    x[69] = std::numeric_limits<float>::quiet_NaN();
    t->reduce_rows[std::size_t(reduction::max)](x.data(), y.data(), 1, x.size());
    CHECK(std::isnan(y[0]));
    t->reduce_rows[std::size_t(reduction::sum)](x.data(), y.data(), 1, 0);
    CHECK(y[0] == 0.0F);
  }
}

TEST_CASE("cpu softmax and log-softmax equal a double reference, with scale and mask") {
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t n : sizes) {
      for (int form = 0; form < 8; ++form) {
        const std::size_t rows = 4;
        buffer x = cpu_test::random(rows * n, unsigned(n)), y(rows * n + 1, -77.0F);
        buffer mask = cpu_test::random(rows * n, 9);
        if (n > 1) mask[0] = -std::numeric_limits<float>::infinity();
        softmax_args a{x.data(), y.data(), n, 5.0F};
        a.logarithm = form & 1;
        if (form & 2) a.mask = mask.data();
        if (form & 4) a.mask_stride = n;
        t->softmax(a, 0, 1);
        t->softmax(a, 1, rows);
        CAPTURE(n);
        CAPTURE(form);
        for (std::size_t r = 0; r < rows; ++r) {
          std::vector<double> v(n);
          double top = -1e300, sum = 0;
          for (std::size_t c = 0; c < n; ++c) {
            v[c] = 5.0 * x[r * n + c] + (form & 2 ? mask[(form & 4 ? r * n : 0) + c] : 0.0);
            top = std::max(top, v[c]);
          }
          for (double e : v) sum += std::exp(e - top);
          for (std::size_t c = 0; c < n; ++c) {
            const double log = v[c] - top - std::log(sum);
            const double want = form & 1 ? log : std::exp(log);
            if (std::isinf(want)) {
              CHECK(y[r * n + c] == float(want));
            } else {
              CHECK(std::abs(y[r * n + c] - want) <= 2e-6 * std::max(1.0, std::abs(want)));
            }
          }
        }
        CHECK(y[rows * n] == -77.0F);
      }
    }
  }
}

TEST_CASE("cpu layer norm and rms norm equal a double reference, with residual") {
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t n : sizes) {
      for (int form = 0; form < 8; ++form) {
        const std::size_t rows = 3;
        buffer x = cpu_test::random(rows * n, 1), residual = cpu_test::random(rows * n, 2);
        buffer scale = cpu_test::random(n, 3), bias = cpu_test::random(n, 4);
        buffer y(rows * n), sum(rows * n), mean(rows), inverse(rows);
        norm_args a{.x = x.data(), .y = y.data(), .columns = n, .epsilon = 1e-3F};
        a.mean = mean.data();
        a.inverse = inverse.data();
        if (form & 1) a.residual = residual.data(), a.sum = form & 4 ? sum.data() : nullptr;
        if (form & 2) a.scale = scale.data(), a.bias = bias.data();
        const bool rms = form & 4;
        (rms ? t->rms_norm : t->layer_norm)(a, 0, rows);
        CAPTURE(n);
        CAPTURE(form);
        for (std::size_t r = 0; r < rows; ++r) {
          std::vector<double> v(n);
          for (std::size_t c = 0; c < n; ++c) {
            v[c] = double(x[r * n + c]) + (form & 1 ? residual[r * n + c] : 0.0);
          }
          const double m = rms ? 0 : reduced(reduction::mean, v);
          double squares = 0;
          for (double e : v) squares += (e - m) * (e - m);
          const double factor = 1 / std::sqrt(squares / double(n) + 1e-3);
          CHECK(std::abs(inverse[r] - factor) <= 1e-5 * factor);
          for (std::size_t c = 0; c < n; ++c) {
            const double norm = (v[c] - m) * factor;
            const double want = form & 2 ? norm * scale[c] + bias[c] : norm;
            CHECK(std::abs(y[r * n + c] - want) <= 1e-5 * std::max(1.0, factor));
            if (a.sum) CHECK(sum[r * n + c] == x[r * n + c] + residual[r * n + c]);
          }
        }
      }
    }
  }
}
