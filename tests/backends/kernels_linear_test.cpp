#include "tenon/ops/fused.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/quantization.hpp"

#include "backends/kernel_checks.hpp"
#include <doctest/doctest.h>

namespace ops = tenon::ops;

namespace kernel_checks {

namespace {

void add_matmuls(cases& out) {
  for (const std::int64_t k : {0, 1, 3, 64, 129})
    for (const auto& [m, n] : {std::pair<std::int64_t, std::int64_t>{0, 5},
                               {1, 1},
                               {1, 100},
                               {7, 17},
                               {100, 5},
                               {65, 129}})
      for (const unsigned constants : {0U, 2U})
        out.push_back({ops::matmul{}, {reals({m, k}, 1), reals({k, n}, 2)}, constants, 1, 1e-4});
  const std::pair<extents, extents> batched[] = {
      {{2, 3, 5}, {2, 5, 4}},       {{2, 1, 3, 5}, {3, 5, 4}}, {{3, 5}, {2, 5, 4}},
      {{1, 2, 3, 5}, {4, 1, 5, 2}}, {{0, 3, 5}, {5, 4}},       {{12, 17, 33}, {12, 33, 17}}};
  for (const auto& [a, b] : batched) out.push_back({ops::matmul{}, {reals(a, 3), reals(b, 4)}});
  out.push_back({ops::matmul{}, {reals({5}, 3), reals({5, 4}, 4)}, 2});
  out.push_back({ops::matmul{}, {reals({2, 3, 7, 5}, 3), reals({5, 9}, 4)}, 2});
}

void add_gemms(cases& out) {
  for (const bool transposed : {false, true}) {
    ops::gemm op;
    op.transB = transposed;
    op.alpha = 0.5F;
    const tensor b = transposed ? reals({20, 9}, 2) : reals({9, 20}, 2);
    for (const std::int64_t m : {0, 1, 7, 50}) {
      out.push_back({op, {reals({m, 9}, 1), b}, 2});
      out.push_back({op, {reals({m, 9}, 1), b, reals({20}, 3)}, 2});
      out.push_back({op, {reals({m, 9}, 1), b, reals({1, 20}, 3)}, 6});
    }
  }
}

ops::fused_matmul fused(bool transposed, float alpha, ops::activation_kind kind) {
  ops::fused_matmul op;
  op.transpose_b = transposed;
  op.alpha = alpha;
  op.activation = kind;
  op.p = -0.5F;
  op.q = 0.25F;
  return op;
}

void add_fused(cases& out) {
  using kind = ops::activation_kind;
  for (const kind k : {kind::none, kind::relu, kind::clip, kind::gelu_erf, kind::silu})
    for (const bool transposed : {false, true})
      for (const unsigned constants : {0U, 2U}) {
        const auto op = fused(transposed, 0.5F, k);
        const tensor b = transposed ? reals({20, 9}, 2) : reals({9, 20}, 2);
        out.push_back(
            {op, {reals({3, 7, 9}, 1), b, reals({20}, 3), reals({3, 7, 20}, 4)}, constants});
        out.push_back({op, {reals({3, 7, 9}, 1), b}, constants});
        out.push_back({op, {reals({70, 9}, 1), b, datum(), reals({70, 20}, 4)}, constants});
      }
  out.push_back({fused(true, 2, kind::none), {reals({2, 3, 8, 16}, 1), reals({2, 3, 5, 16}, 2)}});
  out.push_back({fused(true, 2, kind::none), {reals({2, 3, 8, 16}, 1), reals({1, 3, 5, 16}, 2)}});
  out.push_back(
      {fused(false, 1, kind::tanh),
       {reals({2, 3, 8, 16}, 1), reals({3, 16, 5}, 2), reals({5}, 3), reals({2, 3, 8, 5}, 4)}});
}

}  // namespace

cases linear_cases() {
  cases out;
  add_matmuls(out);
  add_gemms(out);
  add_fused(out);
  return out;
}

cases quantized_cases() {
  cases out;
  for (const dtype b : {dtype::u8, dtype::i8})
    for (const std::int64_t m : {0, 1, 7, 40}) {
      const tensor x = wholes(dtype::u8, {m, 19}, 1, 0, 255);
      const tensor w =
          wholes(b, {19, 21}, 2, b == dtype::u8 ? 0 : -128, b == dtype::u8 ? 255 : 127);
      const tensor zero = wholes(dtype::u8, {}, 3, 3, 200);
      const tensor one = wholes(b, {}, 4, 1, 100), each = wholes(b, {21}, 4, 0, 100);
      out.push_back({ops::matmul_integer{}, {x, w}, 2});
      out.push_back({ops::matmul_integer{}, {x, w, zero}, 2});
      out.push_back({ops::matmul_integer{}, {x, w, zero, one}, 2});
      out.push_back({ops::matmul_integer{}, {x, w, datum(), each}, 2});
    }
  for (const dtype t : {dtype::u8, dtype::i8})
    for (const extents& s : {extents{}, extents{0, 3}, extents{2, 3, 5}, extents{4, 3, 40}}) {
      const tensor scale = tensor::scalar(0.37F), zero = wholes(t, {}, 4, 1, 50);
      out.push_back({ops::quantize_linear{}, {reals(s, 1, -60, 60), scale, zero}});
      out.push_back({ops::dequantize_linear{}, {wholes(t, s, 1, 0, 100), scale, zero}});
      if (s.size() != 3) continue;
      const tensor scales = reals({3}, 3, 0.2, 2), zeros = wholes(t, {3}, 4, 0, 60);
      out.push_back({ops::quantize_linear{}, {reals(s, 1, -60, 60), scales, zeros}});
      out.push_back({ops::dequantize_linear{}, {wholes(t, s, 1, 0, 100), scales, zeros}});
    }
  out.push_back(
      {ops::dequantize_linear{}, {wholes(dtype::i32, {9}, 1, -900, 900), tensor::scalar(0.1F)}});
  out.push_back({ops::quantize_linear{}, {reals({9}, 1, -300, 300), tensor::scalar(0.5F)}});
  for (const extents& s : {extents{}, extents{1}, extents{7, 5}, extents{300}})
    for (const double low : {-3.0, 0.5})
      out.push_back({ops::dynamic_quantize_linear{}, {reals(s, 2, low, 4)}, 0, 3});
  out.push_back({ops::dynamic_quantize_linear{}, {tensor::of<float>({2}, {0, 0})}, 0, 3});
  return out;
}

}  // namespace kernel_checks

TEST_CASE("matrix product kernels agree with the reference") {
  kernel_checks::check_all(kernel_checks::linear_cases());
}

TEST_CASE("8-bit kernels agree with the reference") {
  kernel_checks::check_all(kernel_checks::quantized_cases());
}
