#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "simd_support.hpp"
#include <doctest/doctest.h>

using namespace tenon::cpu;
using cpu_test::buffer;

namespace {

double reference(unary op, double v, double p, double q) {
  switch (op) {
    case unary::neg:
      return -v;
    case unary::abs:
      return std::abs(v);
    case unary::recip:
      return 1 / v;
    case unary::sqrt:
      return std::sqrt(v);
    case unary::floor:
      return std::floor(v);
    case unary::ceil:
      return std::ceil(v);
    case unary::round:
      return std::nearbyint(v);
    case unary::exp:
      return std::exp(v);
    case unary::log:
      return std::log(v);
    case unary::sin:
      return std::sin(v);
    case unary::cos:
      return std::cos(v);
    case unary::tanh:
      return std::tanh(v);
    case unary::erf:
      return std::erf(v);
    case unary::sigmoid:
      return 1 / (1 + std::exp(-v));
    case unary::relu:
      return v < 0 ? 0 : v;
    case unary::clip:
      return v < p ? p : v > q ? q : v;
    case unary::leaky_relu:
      return v < 0 ? v * p : v;
    case unary::hard_sigmoid:
      return std::clamp(p * v + q, 0.0, 1.0);
    case unary::hard_swish:
      return v * std::clamp(v / 6 + 0.5, 0.0, 1.0);
    case unary::gelu_erf:
      return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0)));
    case unary::gelu_tanh:
      return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
    case unary::silu:
      return v / (1 + std::exp(-v));
    case unary::affine:
      return p * v + q;
  }
  return v;
}

/// Distance of `got` from `want` in units in the last place of a float.
double ulps(float got, double want) {
  const float near = static_cast<float>(want);
  if (std::isnan(got) && std::isnan(near)) return 0;
  if (got == near) return 0;
  if (!std::isfinite(got) || !std::isfinite(near)) return 1e30;
  const int exponent = std::max(std::ilogb(near == 0 ? 1e-45F : near), -126);
  return std::abs(got - want) / std::ldexp(1.0, exponent - 23);
}

struct accuracy {
  unary op;
  float low, high;
  double limit;
};

double worst_ulps(const kernel_table& t, const accuracy& a, float& where) {
  const std::size_t n = 200003;
  buffer x(n), y(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = a.low + (a.high - a.low) * float(i) / float(n - 1);
  t.map[std::size_t(a.op)](x.data(), y.data(), n, 0, 0);
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = ulps(y[i], reference(a.op, x[i], 0, 0));
    if (u > worst) worst = u, where = x[i];
  }
  return worst;
}

}  // namespace

TEST_CASE("cpu elementary functions keep their error bounds") {
  const accuracy cases[] = {{unary::exp, -104.5F, 89, 1.5},   {unary::exp, -1, 1, 1.5},
                            {unary::log, 1e-39F, 1e-36F, 2},  {unary::log, 0.5F, 2, 2},
                            {unary::log, 1, 1e30F, 2},        {unary::tanh, -10, 10, 4.7},
                            {unary::tanh, -1e-2F, 1e-2F, 3},  {unary::erf, -5, 5, 6.3},
                            {unary::erf, -1e-3F, 1e-3F, 3},   {unary::sigmoid, -80, 30, 3.2},
                            {unary::sin, -3.2F, 3.2F, 2.5},   {unary::cos, -1.5F, 1.5F, 2.5},
                            {unary::sqrt, 0, 1e6F, 0.5},      {unary::recip, 0.1F, 100, 0.5},
                            {unary::round, -100, 100, 0},     {unary::floor, -100, 100, 0},
                            {unary::ceil, -100, 100, 0},      {unary::sin, 1e4F, 1e6F, 1.5},
                            {unary::round, -1e10F, 1e10F, 0}, {unary::floor, -1e10F, 1e10F, 0}};
  for (const kernel_table* t : cpu_test::tables()) {
    for (const accuracy& a : cases) {
      float where = 0;
      const double worst = worst_ulps(*t, a, where);
      INFO(name(t->level), " op ", int(a.op), " at ", where, ": ", worst, " ulp");
      const double slack = t->level == isa::sse2 && a.limit > 2 ? 0.5 : 0;  // no fused multiply-add
      CHECK(worst <= a.limit + slack);
    }
  }
}

TEST_CASE("cpu elementwise functions agree with the double reference on every length") {
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t op = 0; op < unary_count; ++op) {
      for (std::size_t n = 0; n < 40; ++n) {
        const float p = unary(op) == unary::clip ? -0.5F : 0.3F, q = 0.4F;
        buffer x = cpu_test::random(n, unsigned(op + 1)), y(n + 1, -77.0F);
        if (unary(op) == unary::log || unary(op) == unary::sqrt) {
          for (float& v : x) v = std::abs(v) + 0.01F;
        } else {
          for (float& v : x) v *= 5;
        }
        t->map[op](x.data(), y.data(), n, p, q);
        CAPTURE(op);
        CAPTURE(n);
        for (std::size_t i = 0; i < n; ++i) {
          const double want = reference(unary(op), x[i], p, q);
          REQUIRE(std::abs(y[i] - want) <= 1e-6 * std::max(1.0, std::abs(want)));
        }
        REQUIRE(y[n] == -77.0F);
      }
    }
  }
}

TEST_CASE("cpu elementary functions handle infinities, NaN and zeros") {
  const float inf = std::numeric_limits<float>::infinity();
  const buffer x = {inf, -inf, std::numeric_limits<float>::quiet_NaN(), 0.0F, -0.0F, 1e-42F, 3e38F};
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t op = 0; op < unary_count; ++op) {
      const bool vague = unary(op) == unary::silu || unary(op) == unary::hard_swish ||
                         unary(op) == unary::gelu_erf || unary(op) == unary::gelu_tanh;
      buffer y(x.size());
      t->map[op](x.data(), y.data(), x.size(), -0.5F, 0.5F);
      CHECK(std::isnan(y[2]));
      if (vague) continue;
      for (std::size_t i = 0; i < x.size(); ++i) {
        CAPTURE(op);
        CAPTURE(x[i]);
        CAPTURE(y[i]);
        CHECK(ulps(y[i], reference(unary(op), x[i], -0.5F, 0.5F)) <= 6.3);
      }
    }
  }
}

TEST_CASE("cpu binary functions take full and scalar operands of every length") {
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t op = 0; op < binary_count; ++op) {
      for (std::size_t n : {0, 1, 3, 8, 17, 33}) {
        for (operands form : {operands::full, operands::right_scalar, operands::left_scalar}) {
          buffer a = cpu_test::random(n + 1, 1), b = cpu_test::random(n + 1, 2), y(n + 1, -77.0F);
          for (float& v : a) v = std::abs(v) + 0.1F;
          t->zip[op](a.data(), b.data(), y.data(), n, form);
          for (std::size_t i = 0; i < n; ++i) {
            const float l = a[form == operands::left_scalar ? 0 : i];
            const float r = b[form == operands::right_scalar ? 0 : i];
            const float want[] = {l + r,          l - r,          l * r,         l / r,
                                  std::min(l, r), std::max(l, r), std::pow(l, r)};
            REQUIRE(y[i] == want[op]);
          }
          REQUIRE(y[n] == -77.0F);
        }
      }
    }
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const buffer a = {nan, 1.0F}, b = {1.0F, nan};
    buffer y(2);
    for (binary op : {binary::min, binary::max}) {
      t->zip[std::size_t(op)](a.data(), b.data(), y.data(), 2, operands::full);
      CHECK(std::isnan(y[0]));
      CHECK(std::isnan(y[1]));
    }
  }
}
