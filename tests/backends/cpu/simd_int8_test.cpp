#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "simd_support.hpp"
#include <doctest/doctest.h>

using namespace tenon::cpu;

namespace {

void check_product(
    const kernel_table& t, std::size_t m, std::size_t n, std::size_t k, bool extremes) {
  std::vector<std::uint8_t> a(m * k);
  std::vector<std::int8_t> b(k * n);
  std::uint32_t state = 7;
  const auto next = [&] { return (state = state * 1664525U + 1013904223U) >> 24; };
  for (auto& v : a) v = extremes ? 255 : std::uint8_t(next());
  for (auto& v : b) v = extremes ? std::int8_t(next() & 1 ? -128 : 127) : std::int8_t(next());
  std::vector<std::int8_t> packed(t.packed_s8_bytes(k, n));
  t.pack_b_s8(b.data(), n, 1, k, n, packed.data());
  std::vector<std::int32_t> c(m * n + 1, -77), sums(n);
  const std::size_t panels = (n + t.panel - 1) / t.panel;
  const gemm_u8s8_args g{a.data(), k, packed.data(), c.data(), n, m, n, k};
  t.gemm_u8s8(g, {0, m / 2, 0, panels});
  t.gemm_u8s8(g, {m / 2, m, 0, panels / 2});
  t.gemm_u8s8(g, {m / 2, m, panels / 2, panels});
  t.column_sums_s8(b.data(), n, 1, k, n, sums.data());
  for (std::size_t j = 0; j < n; ++j) {
    std::int32_t column = 0;
    for (std::size_t p = 0; p < k; ++p) column += b[p * n + j];
    REQUIRE(sums[j] == column);
    for (std::size_t i = 0; i < m; ++i) {
      std::int32_t sum = 0;
      for (std::size_t p = 0; p < k; ++p) sum += int(a[i * k + p]) * int(b[p * n + j]);
      REQUIRE(c[i * n + j] == sum);
    }
  }
  REQUIRE(c[m * n] == -77);
}

}  // namespace

TEST_CASE("cpu u8 by s8 product is exact for every size, also at the extremes") {
  for (const kernel_table* t : cpu_test::tables()) {
    CAPTURE(name(t->level));
    for (std::size_t m : {0, 1, 2, 7, 13}) {
      for (std::size_t n : {0, 1, 15, 16, 17, 66}) {
        for (std::size_t k : {0, 1, 2, 3, 5, 64, 1024, 1027}) {
          CAPTURE(m);
          CAPTURE(n);
          CAPTURE(k);
          check_product(*t, m, n, k, false);
          check_product(*t, m, n, k, true);
        }
      }
    }
  }
}

TEST_CASE("cpu quantization rounds to even and saturates; bytes come back exactly") {
  for (const kernel_table* t : cpu_test::tables()) {
    CAPTURE(name(t->level));
    for (std::size_t n : {0, 1, 7, 16, 37}) {
      CAPTURE(n);
      auto x = cpu_test::random(n, 1);
      for (float& v : x) v *= 90;
      if (n > 3) x[0] = std::nanf(""), x[1] = 1e30F, x[2] = -1e30F, x[3] = 1.25F;
      std::vector<std::uint8_t> u(n);
      std::vector<std::int8_t> s(n);
      t->quantize_u8(x.data(), u.data(), n, 0.5F, 100);
      t->quantize_s8(x.data(), s.data(), n, 0.5F, -3);
      std::vector<float> from_u(n), from_s(n);
      t->dequantize_u8(u.data(), from_u.data(), n, 0.5F, 100);
      t->dequantize_s8(s.data(), from_s.data(), n, 0.5F, -3);
      std::uint32_t sum = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const auto wanted = [&](double zero, double low, double high) {
          const double v = std::nearbyint(static_cast<double>(x[i]) / 0.5) + zero;
          return v > low ? std::min(v, high) : low;
        };
        CHECK(u[i] == wanted(100, 0, 255));
        CHECK(s[i] == wanted(-3, -128, 127));
        CHECK(from_u[i] == 0.5F * static_cast<float>(u[i] - 100));
        CHECK(from_s[i] == 0.5F * static_cast<float>(s[i] + 3));
        sum += u[i];
      }
      CHECK(t->sum_u8(u.data(), n) == sum);
      std::vector<std::uint32_t> y(n, 5), a(n, 0x80000001U);
      t->add_scaled(y.data(), a.data(), n, 3, 7);
      for (const std::uint32_t v : y) CHECK(v == 5U + 3U * 0x80000001U + 7U);
    }
  }
}
