#include "tenon/ops/activation.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("activations with parameters use them") {
  const tensor x = tensor::of<float>({3}, {-2, 0, 4});
  CHECK(reals(ops::relu{}, {x}) == list{0, 0, 4});
  CHECK(reals(ops::relu{}, {tensor::of<std::int8_t>({2}, {-128, 5})}) == list{0, 5});
  CHECK(reals(ops::leaky_relu{.alpha = 0.5F}, {x}) == list{-1, 0, 4});
  CHECK(reals(ops::thresholded_relu{.alpha = 4}, {x}) == list{0, 0, 0});
  CHECK(reals(ops::hard_sigmoid{.alpha = 0.25F, .beta = 0.5F}, {x}) == list{0, 0.5, 1});
  CHECK(reals(ops::hard_swish{}, {tensor::of<float>({2}, {-4, 4})}) == list{0, 4});
  CHECK(reals(ops::softsign{}, {tensor::of<float>({1}, {-3})}) == list{-0.75});
  CHECK(reals(ops::shrink{.bias = 1, .lambd = 1.5F}, {tensor::of<std::int32_t>({3}, {-2, 1, 2})}) ==
        list{-1, 0, 1});
  CHECK(reals(ops::elu{.alpha = 2}, {tensor::scalar<double>(-INFINITY)}) == list{-2});
  CHECK(reals(ops::softplus{}, {tensor::of<float>({2}, {-1000, 1000})}) == list{0, 1000});
  CHECK(reals(ops::mish{}, {tensor::scalar<float>(1000)}) == list{1000});
}

TEST_CASE("gelu has an exact and an approximate form") {
  const tensor x = tensor::scalar<double>(1);
  CHECK(reals(ops::gelu{}, {x})[0] == doctest::Approx(0.8413447460685429));
  CHECK(reals(ops::gelu{.approximate = ops::gelu_form::tanh}, {x})[0] ==
        doctest::Approx(0.8411919906));
}

TEST_CASE("clip bounds either side") {
  const tensor x = tensor::of<std::int32_t>({3}, {-5, 0, 5});
  const tensor low = tensor::scalar<std::int32_t>(-1), high = tensor::scalar<std::int32_t>(1);
  CHECK(reals(ops::clip{}, {x, low, high}) == list{-1, 0, 1});
  CHECK(reals(ops::clip{}, {x}) == list{-5, 0, 5});
  CHECK(reals(ops::clip{}, {x, datum(), high}) == list{-5, 0, 1});
  CHECK(reals(ops::clip{}, {x, high, low}) == list{-1, -1, -1});
  CHECK(error_of(ops::clip{}, {x, x}) == "low is 3, expected 1");
  CHECK(error_of(ops::clip{}, {x, tensor::scalar<float>(1)}) ==
        "low has element type f32, expected one of i32");
}

TEST_CASE("prelu and swiglu keep the shape of x") {
  const tensor x = tensor::of<float>({2, 2}, {-1, 2, -3, 4});
  CHECK(reals(ops::prelu{}, {x, tensor::of<float>({2}, {10, 1})}) == list{-10, 2, -30, 4});
  CHECK(error_of(ops::prelu{}, {tensor::of<float>({1}, {1}), x})
            .starts_with("slope, broadcast to x, has shape"));
  const ir::symbol_context symbols;
  const auto a = fact_of(symbols, dtype::f32, {"B", "4"});
  CHECK(inferred(ops::swiglu{}, {a, a}, symbols) == "f32[B, 4]");
  CHECK(inferred(ops::swiglu{}, {a, fact_of(symbols, dtype::f32, {"4"})}, symbols) ==
        "b has shape [4], expected [B, 4]");
  CHECK(reals(ops::swiglu{}, {tensor::scalar<float>(0), tensor::scalar<float>(7)}) == list{0});
}
