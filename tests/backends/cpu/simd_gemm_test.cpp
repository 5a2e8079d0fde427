#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "simd_support.hpp"
#include "support/near.hpp"
#include <doctest/doctest.h>

using namespace tenon::cpu;
using cpu_test::buffer;

namespace {

double activated(const activation_spec& act, double v) {
  switch (act.kind) {
    case activation::none:
      return v;
    case activation::relu:
      return v > 0 ? v : 0;
    case activation::clip:
      return std::min<double>(act.b, std::max<double>(act.a, v));
    case activation::leaky_relu:
      return v < 0 ? act.a * v : v;
    case activation::hard_sigmoid:
      return std::min(1.0, std::max(0.0, act.a * v + act.b));
    case activation::hard_swish:
      return v * std::min(1.0, std::max(0.0, v / 6 + 0.5));
    case activation::sigmoid:
      return 1 / (1 + std::exp(-v));
    case activation::tanh:
      return std::tanh(v);
    case activation::gelu_erf:
      return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0)));
    case activation::gelu_tanh:
      return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
    case activation::silu:
      return v / (1 + std::exp(-v));
  }
  return v;
}

struct problem {
  std::size_t m, n, k;
  buffer a, b, bias, scale, residual;

  problem(std::size_t rows, std::size_t columns, std::size_t depth)
      : m(rows),
        n(columns),
        k(depth),
        a(cpu_test::random(m * k, 1)),
        b(cpu_test::random(k * n, 2)),
        bias(cpu_test::random(n, 3)),
        scale(cpu_test::random(n, 4)),
        residual(cpu_test::random(m * n, 5)) {}

  double expected(std::size_t i, std::size_t j, const epilogue& ep) const {
    double sum = 0;
    for (std::size_t p = 0; p < k; ++p) sum += double(a[i * k + p]) * double(b[p * n + j]);
    sum *= ep.alpha;
    if (ep.scale) sum *= ep.scale[j];
    if (ep.bias) sum += ep.bias[j];
    if (ep.residual) sum += ep.residual[i * n + j];
    return activated(ep.act, sum);
  }
};

void check_product(const kernel_table& t, const problem& p, const epilogue& ep) {
  buffer packed(t.packed_floats(p.k, p.n));
  t.pack_b({p.b.data(), p.n, 1}, p.k, p.n, packed.data());
  const std::size_t ldc = p.n + 3;
  buffer c(p.m * ldc, -77.0F);
  const gemm_args g{p.a.data(), p.k, packed.data(), c.data(), ldc, p.m, p.n, p.k, ep};
  const std::size_t panels = (p.n + t.panel - 1) / t.panel;
  t.gemm(g, {0, p.m, 0, panels});
  double worst = 0;
  for (std::size_t i = 0; i < p.m; ++i) {
    for (std::size_t j = 0; j < p.n; ++j) {
      worst = tenon_tests::worse(worst, std::abs(c[i * ldc + j] - p.expected(i, j, ep)));
    }
    for (std::size_t j = p.n; j < ldc; ++j) REQUIRE(c[i * ldc + j] == -77.0F);
  }
  CHECK(worst <= 2e-6 * (4.0 + double(p.k) / 4));

  buffer split(p.m * ldc, -77.0F);
  gemm_args h = g;
  h.c = split.data();
  const std::size_t cut = p.m / 3, middle = panels / 2;
  t.gemm(h, {0, cut, 0, middle});
  t.gemm(h, {cut, p.m, 0, middle});
  t.gemm(h, {0, p.m, middle, panels});
  CHECK(split == c);

  buffer transposed(p.n * p.k), space(t.gemm_unpacked_floats(p.k)), loose(p.m * ldc, -77.0F);
  for (std::size_t i = 0; i < p.k; ++i) {
    for (std::size_t j = 0; j < p.n; ++j) transposed[j * p.k + i] = p.b[i * p.n + j];
  }
  h.c = loose.data();
  t.gemm_unpacked(h, {transposed.data(), 1, p.k}, {0, p.m, 0, panels}, space.data());
  CHECK(loose == c);
}

}  // namespace

TEST_CASE("cpu gemm equals a double reference for every size, split and packing") {
  for (const kernel_table* t : cpu_test::tables()) {
    for (std::size_t m : {0, 1, 2, 3, 5, 6, 7, 12, 13, 50}) {
      for (std::size_t n : {0, 1, 3, 15, 16, 17, 64, 65, 130}) {
        for (std::size_t k : {0, 1, 2, 7, 33}) {
          CAPTURE(name(t->level));
          CAPTURE(m);
          CAPTURE(n);
          CAPTURE(k);
          check_product(*t, problem(m, n, k), {});
        }
      }
    }
    check_product(*t, problem(800, 40, 300), {});
    check_product(*t, problem(3, 300, 1000), {});
  }
}

TEST_CASE("cpu gemm applies alpha, scale, bias, residual and every activation") {
  const activation_spec acts[] = {
      {activation::none, 0, 0},         {activation::relu, 0, 0},
      {activation::clip, -0.5F, 0.75F}, {activation::leaky_relu, 0.1F, 0},
      {activation::hard_swish, 0, 0},   {activation::hard_sigmoid, 0.2F, 0.5F},
      {activation::sigmoid, 0, 0},      {activation::tanh, 0, 0},
      {activation::gelu_erf, 0, 0},     {activation::gelu_tanh, 0, 0},
      {activation::silu, 0, 0}};
  for (const kernel_table* t : cpu_test::tables()) {
    const problem p(14, 71, 20);
    for (const activation_spec& act : acts) {
      for (int parts = 0; parts < 16; ++parts) {
        epilogue ep;
        ep.act = act;
        if (parts & 1) ep.alpha = 0.5F;
        if (parts & 2) ep.scale = p.scale.data();
        if (parts & 4) ep.bias = p.bias.data();
        if (parts & 8) ep.residual = p.residual.data(), ep.residual_stride = p.n;
        CAPTURE(name(t->level));
        CAPTURE(int(act.kind));
        CAPTURE(parts);
        check_product(*t, p, ep);
      }
    }
  }
}

TEST_CASE("an isa cap lowers the level and never raises it") {
  CHECK(capped(isa::avx512, "avx2") == isa::avx2);
  CHECK(capped(isa::sse2, "avx512") == isa::sse2);
  CHECK(capped(isa::avx2, "") == isa::avx2);
  CHECK(capped(isa::avx2, "nonsense") == isa::avx2);
}
