#include "tenon/ops/elementwise.hpp"

#include "tenon/ir/append.hpp"

#include <cmath>
#include <limits>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("real functions map every element and keep symbolic shapes") {
  const ir::symbol_context symbols;
  CHECK(inferred(ops::exp{}, {fact_of(symbols, dtype::f16, {"B", "3"})}, symbols) == "f16[B, 3]");
  CHECK(inferred(ops::exp{}, {ir::fact::unranked(dtype::f32)}, symbols) == "f32[...]");
  CHECK(inferred(ops::sqrt{}, {fact_of(symbols, dtype::i32, {"B"})}, symbols) ==
        "x has element type i32, expected one of f32, f16, f64, bf16");
  CHECK(reals(ops::round{}, {tensor::of<float>({5}, {0.5F, 1.5F, 2.5F, -0.5F, -1.5F})}) ==
        list{0, 2, 2, 0, -2});
  CHECK(reals(ops::sqrt{}, {tensor::scalar<double>(2.25)}) == list{1.5});
  CHECK(reals(ops::exp{}, {tensor(dtype::f32, {0, 3})}).empty());
  CHECK(reals(ops::sigmoid{}, {tensor::of<float>({2}, {-1000, 1000})}) == list{0, 1});
  CHECK(reals(ops::tanh{}, {tensor::of<f16>({1}, {f16(0.0F)})}) == list{0});
}

TEST_CASE("abs, neg and sign have no undefined results on integers") {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  const tensor x = tensor::of<std::int64_t>({3}, {lowest, -3, 7});
  CHECK(reals(ops::abs{}, {x}) == list{double(lowest), 3, 7});
  CHECK(reals(ops::neg{}, {x}) == list{double(lowest), 3, -7});
  CHECK(reals(ops::sign{}, {x}) == list{-1, -1, 1});
  CHECK(reals(ops::abs{}, {tensor::of<std::int8_t>({1}, {-128})}) == list{-128});
  CHECK(reals(ops::sign{}, {tensor::of<std::uint8_t>({2}, {0, 200})}) == list{0, 1});
  CHECK(std::isnan(reals(ops::sign{}, {tensor::scalar<float>(NAN)})[0]));
}

TEST_CASE("neg propagates the content of shape tensors") {
  const ir::symbol_context symbols;
  ir::fact x = ir::fact::of(dtype::i64, {dim(1)});
  x.elements = std::vector<dim>{symbols.scope().symbol("B")};
  const auto out = infer_op(ops::neg{}, {x}, symbols);
  REQUIRE(out);
  REQUIRE((*out)[0].elements);
  CHECK((*out)[0].elements->front().str() == "-B");
}
