#include "tenon/ops/cumulative.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("running totals go along one axis in either direction") {
  const tensor x = tensor::of<std::int32_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  const tensor last = tensor::scalar<std::int64_t>(-1), first = tensor::scalar<std::int32_t>(0);
  CHECK(reals(ops::cum_sum{}, {x, last}) == list{1, 3, 6, 4, 9, 15});
  CHECK(reals(ops::cum_sum{.exclusive = true}, {x, last}) == list{0, 1, 3, 0, 4, 9});
  CHECK(reals(ops::cum_sum{.reverse = true}, {x, first}) == list{5, 7, 9, 4, 5, 6});
  CHECK(reals(ops::cum_prod{.exclusive = true, .reverse = true}, {x, last}) ==
        list{6, 3, 1, 30, 6, 1});
  CHECK(reals(ops::cum_sum{}, {tensor(dtype::f32, {0}), first}).empty());
  CHECK(error_of(ops::cum_sum{}, {x, tensor::scalar<std::int64_t>(2)}) ==
        "axis is 2, expected -2 to 1 for rank 2");
}
