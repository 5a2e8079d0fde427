#include "tenon/ops/random.hpp"

#include <algorithm>
#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("random numbers repeat with their seed and have their moments") {
  const ops::random_normal op{.shape = {10000}, .mean = 3, .scale = 2, .seed = 1.0F};
  const list a = reals(op, {}), b = reals(op, {});
  CHECK(a == b);
  CHECK(a != reals(ops::random_normal{.shape = {10000}, .mean = 3, .scale = 2, .seed = 2.0F}, {}));
  double mean = 0, square = 0;
  for (const double v : a) mean += v / 10000;
  for (const double v : a) square += (v - mean) * (v - mean) / 10000;
  CHECK(mean == doctest::Approx(3).epsilon(0.03));
  CHECK(square == doctest::Approx(4).epsilon(0.06));
  for (const double v :
       reals(ops::random_uniform{.shape = {1000}, .dtype = dtype::f64, .low = -1, .high = 5}, {})) {
    CHECK(v >= -1);
    CHECK(v < 5);
  }
  CHECK(error_of(ops::random_uniform{.shape = {-1}}, {}) ==
        "shape is [-1], expected no negative size");
  CHECK(error_of(ops::random_normal{.dtype = dtype::i32}, {}).starts_with("dtype is i32"));
  CHECK(reals(ops::random_uniform_like{.dtype = dtype::f32}, {tensor(dtype::string, {2, 3})})
            .size() == 6);
}

TEST_CASE("dropout passes through outside of training") {
  const tensor x = tensor::of<float>({2}, {1, 2});
  CHECK(reals(ops::dropout{}, {x}) == list{1, 2});
  CHECK(reals(ops::dropout{}, {x}, 1, 2) == list{1, 1});
  const tensor ratio = tensor::scalar<float>(0.75F), yes = tensor::scalar(true);
  const tensor many(dtype::f32, {4000});
  std::fill_n(many.data<float>(), 4000, 1.0F);
  double kept = 0;
  for (const double v : reals(ops::dropout{.seed = 7}, {many, ratio, yes})) {
    CHECK((v == 0 || v == 4));
    kept += v / 4;
  }
  CHECK(kept == doctest::Approx(1000).epsilon(0.1));
  CHECK(error_of(ops::dropout{}, {x, tensor::scalar<float>(1), yes}) ==
        "ratio is 1, expected a number from 0 up to 1, 1 excluded");
}

TEST_CASE("bernoulli and multinomial follow their probabilities") {
  CHECK(reals(ops::bernoulli{.dtype = dtype::boolean}, {tensor::of<float>({2}, {0, 1})}) ==
        list{0, 1});
  const tensor sure = tensor::of<float>({2, 3}, {0, -INFINITY, -INFINITY, -INFINITY, -INFINITY, 9});
  CHECK(reals(ops::multinomial{.sample_size = 2}, {sure}) == list{0, 0, 2, 2});
  CHECK(error_of(ops::multinomial{}, {tensor(dtype::f32, {2, 0})}) ==
        "x has shape [2, 0], expected classes");
}
