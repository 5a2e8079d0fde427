#include "tenon/ops/scattering.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;
using how = ops::scatter_reduction;

TEST_CASE("scatter_elements reduces in place order") {
  const tensor x = tensor::of<std::int8_t>({3}, {100, 2, 3});
  const tensor at = tensor::of<std::int64_t>({2}, {0, -3}),
               v = tensor::of<std::int8_t>({2}, {20, 20});
  CHECK(reals(ops::scatter_elements{}, {x, at, v}) == list{20, 2, 3});
  CHECK(reals(ops::scatter_elements{.reduction = how::add}, {x, at, v}) == list{-116, 2, 3});
  CHECK(reals(ops::scatter_elements{.reduction = how::min}, {x, at, v}) == list{20, 2, 3});
  CHECK(error_of(ops::scatter_elements{},
                 {x, tensor::of<std::int64_t>({1}, {3}), tensor(dtype::i8, {1})}) ==
        "indices contains 3, expected -3 to 2");
}

TEST_CASE("scatter_nd writes slices and checks shapes") {
  const tensor x = tensor::of<float>({2, 2}, {1, 2, 3, 4});
  const tensor at = tensor::of<std::int64_t>({2, 1}, {1, 1});
  const tensor v = tensor::of<float>({2, 2}, {5, 6, 7, 8});
  CHECK(reals(ops::scatter_nd{}, {x, at, v}) == list{1, 2, 7, 8});
  CHECK(reals(ops::scatter_nd{.reduction = how::mul}, {x, at, v}) == list{1, 2, 105, 192});
  CHECK(error_of(ops::scatter_nd{}, {x, at, tensor(dtype::f32, {2, 3})}).find("updates") !=
        std::string::npos);
}
