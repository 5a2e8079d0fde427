#include "tenon/ops/matmul.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("matmul follows numpy on ranks and symbols") {
  const ir::symbol_context symbols;
  const auto f = [&](std::initializer_list<const char*> s) {
    return fact_of(symbols, dtype::f32, s);
  };
  CHECK(inferred(ops::matmul{}, {f({"B", "1", "S", "8"}), f({"12", "8", "T"})}, symbols) ==
        "f32[B, 12, S, T]");
  CHECK(inferred(ops::matmul{}, {f({"8"}), f({"8"})}, symbols) == "f32[]");
  CHECK(inferred(ops::matmul{}, {f({"8"}), f({"2", "8", "3"})}, symbols) == "f32[2, 3]");
  CHECK(inferred(ops::matmul{}, {f({"2", "8"}), f({"7", "3"})}, symbols) ==
        "operands have shapes [2, 8] and [7, 3], expected equal inner sizes");
  CHECK(inferred(ops::matmul{}, {f({}), f({"7"})}, symbols) ==
        "operands have shapes [] and [7], expected at least one axis each");
  CHECK(reals(ops::matmul{}, {tensor::of<float>({2}, {1, 2}),
                              tensor::of<float>({2, 2}, {1, 2, 3, 4})}) == list{7, 10});
  CHECK(reals(ops::matmul{}, {tensor(dtype::f32, {2, 0}), tensor(dtype::f32, {0, 2})}) ==
        list{0, 0, 0, 0});
  CHECK(reals(ops::matmul{}, {tensor::of<std::int64_t>({2, 1, 1}, {2, 3}),
                              tensor::of<std::int64_t>({1, 1}, {5})}) == list{10, 15});
}

TEST_CASE("gemm transposes, scales and adds") {
  const tensor a = tensor::of<float>({2, 1}, {1, 2}),
               b = tensor::of<float>({3, 2}, {1, 0, 0, 1, 1, 1});
  const ops::gemm op{.alpha = 2, .beta = 3, .transA = true, .transB = true};
  CHECK(reals(op, {a, b, tensor::of<float>({3}, {1, 0, -1})}) == list{5, 4, 3});
  CHECK(reals(op, {a, b}) == list{2, 4, 6});
  CHECK(
      error_of(op, {a, b, tensor(dtype::f32, {2, 3})}).starts_with("c, broadcast to y, has shape"));
  CHECK(error_of(ops::gemm{}, {a, b}) == "inner size of b is 3, expected 1");
  CHECK(error_of(ops::gemm{}, {tensor(dtype::f32, {2}), b}) == "a has shape [2], expected rank 2");
  CHECK(reals(ops::gemm{}, {tensor::of<std::int32_t>({1, 1}, {3}),
                            tensor::of<std::int32_t>({1, 1}, {4})}) == list{12});
}

TEST_CASE("integer matmul subtracts zero points") {
  const tensor a = tensor::of<std::uint8_t>({2, 2}, {11, 7, 3, 10}),
               b = tensor::of<std::int8_t>({2, 1}, {1, -2});
  CHECK(reals(ops::matmul_integer{}, {a, b, tensor::scalar<std::uint8_t>(12),
                                      tensor::scalar<std::int8_t>(0)}) == list{9, -5});
  CHECK(reals(ops::matmul_integer{}, {a, b, tensor::of<std::uint8_t>({2}, {11, 3})}) ==
        list{8, -14});
  CHECK(error_of(ops::matmul_integer{}, {a, b, tensor::of<std::uint8_t>({3}, {1, 2, 3})})
            .find("do not broadcast") != std::string::npos);
}
