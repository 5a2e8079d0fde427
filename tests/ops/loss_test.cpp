#include "tenon/ops/loss.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("losses pick targets, weigh and reduce them") {
  const tensor x = tensor::of<float>({2, 2}, {-1, -2, -3, -4}),
               target = tensor::of<std::int64_t>({2}, {1, 0});
  using reduction = ops::loss_reduction;
  using nll = ops::negative_log_likelihood_loss;
  CHECK(reals(nll{.reduction = reduction::none}, {x, target}) == list{2, 3});
  CHECK(reals(nll{.reduction = reduction::sum}, {x, target}) == list{5});
  CHECK(reals(nll{}, {x, target, tensor::of<float>({2}, {3, 1})}) == list{(2 + 9) / 4.0});
  CHECK(reals(nll{.reduction = reduction::sum, .ignore_index = -100},
              {x, tensor::of<std::int32_t>({2}, {-100, 1})}) == list{4});
  CHECK(error_of(nll{}, {x, tensor::of<std::int32_t>({2}, {0, 2})}) ==
        "target holds 2, expected 0 to 1");
  CHECK(error_of(nll{}, {x, tensor::of<std::int32_t>({1}, {0})}) ==
        "target has shape [1], expected [2]");
}

TEST_CASE("cross entropy goes with its log-probabilities") {
  const ir::symbol_context symbols;
  const auto scores = fact_of(symbols, dtype::f32, {"N", "C", "D"}),
             target = fact_of(symbols, dtype::i64, {"N", "D"});
  const ops::softmax_cross_entropy_loss each{.reduction = ops::loss_reduction::none};
  CHECK(inferred(each, {scores, target}, symbols, 0, 2) == "f32[N, D]");
  CHECK(inferred(each, {scores, target}, symbols, 1, 2) == "f32[N, C, D]");
  const tensor x = tensor::of<double>({1, 2}, {5, 5}), first = tensor::of<std::int64_t>({1}, {0});
  CHECK(reals(ops::softmax_cross_entropy_loss{}, {x, first})[0] == doctest::Approx(std::log(2.0)));
  CHECK(reals(ops::softmax_cross_entropy_loss{}, {x, first}, 1, 2)[1] ==
        doctest::Approx(-std::log(2.0)));
}
