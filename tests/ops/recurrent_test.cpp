#include "tenon/ops/recurrent.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("rnn follows sequence lengths in both directions") {
  const tensor x = tensor::of<float>({2, 2, 1}, {1, 2, 3, 4});
  const tensor one = tensor::of<float>({1, 1, 1}, {1});
  const tensor lengths = tensor::of<std::int32_t>({2}, {2, 1});
  ops::rnn op;
  op.activations = {"Relu"};
  CHECK(reals(op, {x, one, one, {}, lengths}) == list{1, 2, 4, 0});
  CHECK(reals(op, {x, one, one, {}, lengths}, 1, 2) == list{4, 2});
  op.direction = ops::recurrent_direction::reverse;
  CHECK(reals(op, {x, one, one, {}, lengths}) == list{4, 2, 3, 0});
  CHECK(error_of(op, {x, one, one, {}, tensor::of<std::int32_t>({2}, {3, 1})}).find("contains 3") !=
        std::string::npos);
  op.activations = {"Sine"};
  CHECK(error_of(op, {x, one, one}).find("'Sine'") != std::string::npos);
}

TEST_CASE("lstm and gru shapes and a hand-computed step") {
  const ir::symbol_context s;
  const ir::fact x = fact_of(s, dtype::f32, {"T", "B", "3"});
  const std::vector<ir::fact> facts{x, fact_of(s, dtype::f32, {"2", "20", "3"}),
                                    fact_of(s, dtype::f32, {"2", "20", "5"})};
  ops::lstm both;
  both.direction = ops::recurrent_direction::bidirectional;
  CHECK(inferred(both, facts, s, 0, 3) == "f32[T, 2, B, 5]");
  CHECK(inferred(both, facts, s, 2, 3) == "f32[2, B, 5]");
  CHECK(inferred(ops::lstm{}, facts, s, 0, 3).find("expected") != std::string::npos);
  const tensor in = tensor::of<double>({1, 1, 1}, {1}),
               w(tensor::of<double>({1, 4, 1}, {1, 2, 3, 4}));
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  const double c = sigmoid(1) * std::tanh(4.0);
  const auto y = reals(ops::lstm{}, {in, w, tensor::of<double>({1, 4, 1}, {0, 0, 0, 0})});
  CHECK(y[0] == doctest::Approx(sigmoid(2) * std::tanh(c)));
  const auto g = reals(ops::gru{}, {in, tensor::of<double>({1, 3, 1}, {1, 2, 3}),
                                    tensor::of<double>({1, 3, 1}, {0, 0, 0})});
  CHECK(g[0] == doctest::Approx((1 - sigmoid(1)) * std::tanh(3.0)));
}
