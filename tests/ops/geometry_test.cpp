#include "tenon/ops/geometry.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("determinants of batches") {
  CHECK(reals(ops::det{}, {tensor::of<double>({2, 2, 2}, {0, 2, 3, 0, 1, 2, 2, 4})}) ==
        list{-6, 0});
  CHECK(reals(ops::det{}, {tensor(dtype::f32, {0, 0})}) == list{1});
  CHECK(error_of(ops::det{}, {tensor(dtype::f32, {2, 3})}) == "columns of x is 3, expected 2");
}

TEST_CASE("affine grids cover images") {
  const tensor theta = tensor::of<float>({1, 2, 3}, {1, 0, 0, 0, 1, 0});
  const tensor size = tensor::of<std::int64_t>({4}, {1, 1, 1, 2});
  CHECK(reals(ops::affine_grid{}, {theta, size}) == list{-0.5, 0, 0.5, 0});
  CHECK(reals(ops::affine_grid{.align_corners = true}, {theta, size}) == list{-1, -1, 1, -1});
  CHECK(error_of(ops::affine_grid{}, {theta, tensor::of<std::int64_t>({3}, {1, 1, 1})}) ==
        "size has 3 elements, expected 4 or 5");
}
