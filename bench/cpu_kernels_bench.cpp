#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <new>
#include <vector>

// Prints the compute kernels' speed: the best of many calls, and its share of the measured peak.

using namespace tenon::cpu;

namespace {

/// Floats on a cache line boundary.
class aligned {
 public:
  explicit aligned(std::size_t n, float value = 0.01F)
      : data_(
            static_cast<float*>(::operator new ((n + 64) * sizeof(float), std::align_val_t{64}))) {
    std::fill_n(data_, n + 64, value);
  }

  aligned(const aligned&) = delete;
  aligned& operator=(const aligned&) = delete;

  ~aligned() { ::operator delete (data_, std::align_val_t{64}); }

  float* data() const { return data_; }

 private:
  float* data_;
};

template <class Function> double best_seconds(Function f) {
  using clock = std::chrono::steady_clock;
  double best = 1e9, total = 0;
  for (int i = 0; i < 2000 && (i < 10 || total < 0.4); ++i) {
    const auto start = clock::now();
    f();
    const double seconds = std::chrono::duration<double>(clock::now() - start).count();
    best = std::min(best, seconds);
    total += seconds;
  }
  return best;
}

void print(const char* what, double flop, double seconds, double peak) {
  const double rate = flop / seconds / 1e9;
  std::printf("%-34s %10.1f us %8.1f GFLOP/s", what, seconds * 1e6, rate);
  if (peak > 0) std::printf(" %5.1f%%", 100 * rate / peak);
  std::printf("\n");
}

double gemm_seconds(const kernel_table& t, std::size_t m, std::size_t n, std::size_t k) {
  const aligned a(m * k), b(k * n), c(m * n), packed(t.packed_floats(k, n));
  t.pack_b({b.data(), n, 1}, k, n, packed.data());
  const gemm_args g{a.data(), k, packed.data(), c.data(), n, m, n, k, {}};
  return best_seconds([&] { t.gemm(g, {0, m, 0, (n + t.panel - 1) / t.panel}); });
}

/// Rate of a product that stays in the first-level cache.
double measured_peak(const kernel_table& t) {
  const std::size_t m = t.tile_rows, n = t.panel, k = 256;
  const aligned a(m * k), b(k * n), c(m * n), packed(t.packed_floats(k, n));
  t.pack_b({b.data(), n, 1}, k, n, packed.data());
  const gemm_args g{a.data(), k, packed.data(), c.data(), n, m, n, k, {}};
  const double seconds = best_seconds([&] {
    for (int i = 0; i < 100; ++i) t.gemm(g, {0, m, 0, 1});
  });
  return 200.0 * double(m * n * k) / seconds / 1e9;
}

struct conv_case {
  const char* name;
  std::size_t size, in_c, out_c, kernel, stride, groups;
};

conv_shape shape_of(const conv_case& c) {
  conv_shape s{.in_h = c.size, .in_w = c.size, .in_c = c.in_c, .out_c = c.out_c};
  s.kernel_h = s.kernel_w = c.kernel;
  s.stride_h = s.stride_w = c.stride;
  s.pad_top = s.pad_left = c.kernel / 2;
  s.out_h = s.out_w = (c.size + 2 * s.pad_top - c.kernel) / c.stride + 1;
  s.groups = c.groups;
  return s;
}

void run_conv(const kernel_table& t, const conv_case& c, double peak) {
  const conv_shape s = shape_of(c);
  const std::size_t pixels = s.out_h * s.out_w;
  const bool depthwise = s.groups == s.in_c;
  const aligned x(s.in_h * s.in_w * s.in_c), y(pixels * s.out_c), bias(s.out_c);
  const std::size_t weights = s.out_c * s.in_c / s.groups * c.kernel * c.kernel;
  const aligned w(weights);
  const aligned packed(depthwise ? weights : t.conv_packed_floats(s));
  const aligned space(t.conv_workspace_bytes(s) / sizeof(float));
  conv_args a{s, x.data(), s.in_c, packed.data(), y.data(), s.out_c, {}};
  a.ep.bias = bias.data();
  a.ep.act.kind = activation::relu;
  const double flop = 2.0 * double(pixels) * double(weights);
  if (depthwise) {
    t.pack_depthwise(s, w.data(), packed.data());
    return print(c.name, flop, best_seconds([&] { t.depthwise(a, 0, s.out_h); }), peak);
  }
  t.pack_conv(s, w.data(), packed.data());
  const std::size_t panels = t.conv_panels(s);
  print(c.name, flop, best_seconds([&] { t.conv(a, {0, pixels, 0, panels}, space.data()); }), peak);
}

void run_table(const kernel_table& t) {
  const double peak = measured_peak(t);
  std::printf("\n%s, peak %.1f GFLOP/s\n", name(t.level).data(), peak);
  const std::size_t products[][3] = {{1024, 1024, 1024}, {128, 768, 768},  {128, 3072, 768},
                                     {3136, 64, 576},    {12544, 64, 147}, {49, 512, 4608},
                                     {1, 768, 768},      {1, 3072, 768}};
  for (const auto& p : products) {
    char what[64];
    std::snprintf(what, sizeof(what), "gemm %zux%zux%zu", p[0], p[1], p[2]);
    print(what, 2.0 * double(p[0]) * double(p[1]) * double(p[2]), gemm_seconds(t, p[0], p[1], p[2]),
          peak);
  }
  const conv_case convs[] = {{"conv 3x3 64@56", 56, 64, 64, 3, 1, 1},
                             {"conv 3x3 128@28", 28, 128, 128, 3, 1, 1},
                             {"conv 3x3 256@14", 14, 256, 256, 3, 1, 1},
                             {"conv 3x3 512@7", 7, 512, 512, 3, 1, 1},
                             {"conv 7x7/2 3->64@224", 224, 3, 64, 7, 2, 1},
                             {"conv 1x1 64->256@56", 56, 64, 256, 1, 1, 1},
                             {"conv 1x1/2 256->512@56", 56, 256, 512, 1, 2, 1},
                             {"conv 3x3/2 128@56", 56, 128, 128, 3, 2, 1},
                             {"conv 3x3 groups 32 128@56", 56, 128, 128, 3, 1, 32},
                             {"depthwise 3x3 144@56", 56, 144, 144, 3, 1, 144},
                             {"depthwise 3x3 384@14", 14, 384, 384, 3, 1, 384},
                             {"depthwise 5x5 672@14", 14, 672, 672, 5, 1, 672}};
  for (const conv_case& c : convs) run_conv(t, c, peak);
  const std::size_t n = 98304;
  const aligned x(n), y(n);
  for (unary op : {unary::exp, unary::tanh, unary::erf, unary::sigmoid, unary::gelu_erf}) {
    char what[64];
    std::snprintf(what, sizeof(what), "unary %d, elements per flop", int(op));
    print(what, double(n),
          best_seconds([&] { t.map[std::size_t(op)](x.data(), y.data(), n, 0, 0); }), 0);
  }
  softmax_args softmax{x.data(), y.data(), 128};
  print("softmax 768x128, elements", double(n), best_seconds([&] { t.softmax(softmax, 0, 768); }),
        0);
  const norm_args norm{.x = x.data(), .y = y.data(), .columns = 768};
  print("layer norm 128x768, elements", double(n),
        best_seconds([&] { t.layer_norm(norm, 0, 128); }), 0);
}

}  // namespace

int main() {
  for (isa level : {isa::sse2, isa::avx2, isa::avx512}) {
    if (best_isa() >= level) run_table(table(level));
  }
}
