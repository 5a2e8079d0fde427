#include "tenon/ops/normalization.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("normalisation checks channels on symbols") {
  const ir::symbol_context symbols;
  const auto f = [&](std::initializer_list<const char*> s) {
    return fact_of(symbols, dtype::f32, s);
  };
  CHECK(inferred(ops::batch_normalization{},
                 {f({"B", "3", "H"}), f({"3"}), f({"3"}), f({"3"}), f({"3"})},
                 symbols) == "f32[B, 3, H]");
  CHECK(inferred(ops::batch_normalization{},
                 {f({"B", "3", "H"}), f({"3"}), f({"4"}), f({"3"}), f({"3"})},
                 symbols) == "bias is 4, expected 3");
  CHECK(inferred(ops::layer_normalization{}, {f({"B", "S", "8"}), f({"8"})}, symbols, 1, 3) ==
        "f32[B, S, 1]");
  CHECK(inferred(ops::layer_normalization{}, {f({"B", "8"}), f({"2", "1", "8"})}, symbols) ==
        "scale has shape [2, 1, 8], expected one that broadcasts to [B, 8]");
  CHECK(inferred(ops::group_normalization{.num_groups = 4},
                 {f({"B", "6", "2"}), f({"6"}), f({"6"})},
                 symbols) == "x has 6 channels, expected a multiple of num_groups 4");
  CHECK(inferred(ops::rms_normalization{}, {fact_of(symbols, dtype::f16, {"B", "8"}), f({"8"})},
                 symbols) == "f32[B, 8]");
}

TEST_CASE("batch normalisation infers and trains") {
  const tensor x = tensor::of<float>({2, 1}, {1, 3}), one = tensor::of<float>({1}, {1}),
               zero = tensor::of<float>({1}, {0});
  CHECK(reals(ops::batch_normalization{.epsilon = 0}, {x, one, one, one, one}) == list{1, 3});
  const ops::batch_normalization training{.epsilon = 0, .momentum = 0.5F, .training_mode = true};
  CHECK(reals(training, {x, one, zero, zero, one}, 0, 3) == list{-1, 1});
  CHECK(reals(training, {x, one, zero, zero, one}, 1, 3) == list{1});
  CHECK(error_of(ops::batch_normalization{}, {x, one, zero, zero, one}, 3) ==
        "training_mode is 0 with 3 outputs, expected 1");
}

TEST_CASE("layer, RMS, instance and group normalisation") {
  const tensor x = tensor::of<double>({1, 2, 2}, {1, 3, 10, 30});
  const tensor one = tensor::of<double>({2}, {1, 1}), zero = tensor::of<double>({2}, {0, 0});
  CHECK(reals(ops::layer_normalization{.epsilon = 0}, {x, one}) == list{-1, 1, -1, 1});
  CHECK(reals(ops::layer_normalization{.epsilon = 0}, {x, one}, 1, 3) == list{2, 20});
  CHECK(reals(ops::layer_normalization{.epsilon = 0}, {x, one}, 2, 3)[0] == 1);
  CHECK(reals(ops::instance_normalization{.epsilon = 0}, {x, one, zero}) == list{-1, 1, -1, 1});
  CHECK(reals(ops::group_normalization{.num_groups = 2, .epsilon = 0}, {x, one, one}) ==
        list{0, 2, 0, 2});
  CHECK(reals(ops::rms_normalization{.epsilon = 0}, {tensor::of<double>({2}, {7, -7}), one}) ==
        list{1, -1});
}

TEST_CASE("lp, mean-variance and local response normalisation") {
  CHECK(reals(ops::lp_normalization{}, {tensor::of<double>({2, 2}, {3, 4, 0, 0})}) ==
        list{0.6, 0.8, 0, 0});
  CHECK(reals(ops::lp_normalization{.p = 1}, {tensor::of<double>({2}, {1, -3})}) ==
        list{0.25, -0.75});
  CHECK(error_of(ops::lp_normalization{.p = 3}, {tensor::scalar<float>(1)}) ==
        "p is 3, expected 1 or 2");
  const auto centered =
      reals(ops::mean_variance_normalization{{0}}, {tensor::of<double>({2, 1}, {1, 5})});
  CHECK(centered[0] == doctest::Approx(-1));
  CHECK(reals(ops::lrn{.size = 3, .alpha = 3, .beta = 1},
              {tensor::of<double>({1, 2, 1}, {1, 2})})[0] == doctest::Approx(1.0 / 6));
  CHECK(error_of(ops::lrn{}, {tensor(dtype::f32, {1, 1})}) ==
        "size is 0, expected a positive number");
}
