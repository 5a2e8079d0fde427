#include "tenon/ops/selection.hpp"

#include "tenon/ir/append.hpp"

#include <limits>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("top_k is stable and takes NaN as the largest") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const tensor x = tensor::of<float>({4}, {1, nan, 1, 0});
  const auto k = [](std::int64_t n) { return tensor::of<std::int64_t>({1}, {n}); };
  CHECK(reals(ops::top_k{}, {x, k(3)}, 1, 2) == list{1, 0, 2});
  CHECK(reals(ops::top_k{.largest = false}, {x, k(4)}, 1, 2) == list{3, 0, 2, 1});
  CHECK(reals(ops::top_k{}, {x, k(0)}, 1, 2).empty());
  CHECK(error_of(ops::top_k{}, {x, k(5)}, 2) == "k is 5, expected 0 to 4");
  CHECK(error_of(ops::top_k{}, {x, k(-1)}, 2) == "k is -1, expected 0 to 4");
}

TEST_CASE("non_zero and unique have sizes that only the run knows") {
  const ir::symbol_context s;
  CHECK(infer_op(ops::non_zero{}, {fact_of(s, dtype::f32, {"B", "2"})}, s)->front().rank() == 2);
  CHECK(reals(ops::non_zero{}, {tensor::of<std::int32_t>({2, 2}, {0, 1, 1, 0})}) ==
        list{0, 1, 1, 0});
  CHECK(reals(ops::non_zero{}, {tensor(dtype::f32, {0, 3})}).empty());
  const tensor x = tensor::of<std::int32_t>({4}, {7, 3, 7, 5});
  CHECK(reals(ops::unique{}, {x}) == list{3, 5, 7});
  CHECK(reals(ops::unique{.sorted = false}, {x}) == list{7, 3, 5});
  CHECK(reals(ops::unique{.sorted = false}, {x}, 2, 4) == list{0, 1, 0, 2});
  CHECK(reals(ops::unique{}, {x}, 3, 4) == list{1, 1, 2});
  CHECK(reals(ops::unique{.axis = 0}, {tensor::of<float>({2, 2}, {1, 2, 1, 2})}) == list{1, 2});
}
