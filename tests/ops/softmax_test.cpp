#include "tenon/ops/softmax.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("softmax along an axis does not overflow") {
  const tensor x = tensor::of<float>({2, 2}, {1000, 1000, -1000, 1000});
  CHECK(reals(ops::softmax{}, {x}) == list{0.5, 0.5, 0, 1});
  CHECK(reals(ops::softmax{.axis = 0}, {x}) == list{1, 0.5, 0, 0.5});
  CHECK(reals(ops::log_softmax{}, {x})[2] == -2000);
  CHECK(reals(ops::hardmax{.axis = 0}, {x}) == list{1, 1, 0, 0});
  CHECK(reals(ops::softmax{}, {tensor(dtype::f16, {3, 0})}).empty());
  CHECK(reals(ops::softmax{}, {tensor::of<bf16>({1}, {bf16(5.0F)})}) == list{1});
  CHECK(error_of(ops::softmax{.axis = 2}, {x}) == "axis is 2, expected -2 to 1 for rank 2");
}
