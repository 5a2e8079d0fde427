#include "tenon/ops/pooling.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("max_pool and its indices") {
  const tensor x = tensor::of<float>({1, 1, 5}, {1, 5, 2, 4, 3});
  CHECK(reals(ops::max_pool{.kernel_shape = {2}, .strides = {2}}, {x}) == list{5, 4});
  CHECK(reals(ops::max_pool{.ceil_mode = true, .kernel_shape = {2}, .strides = {2}}, {x}) ==
        list{5, 4, 3});
  CHECK(reals(ops::max_pool{.kernel_shape = {2}, .strides = {2}}, {x}, 1, 2) == list{1, 3});
  CHECK(error_of(ops::max_pool{}, {x}).find("kernel_shape has 0 values") != std::string::npos);
  CHECK(error_of(ops::max_pool{.kernel_shape = {6}}, {x}).find("shorter than the kernel") !=
        std::string::npos);
}

TEST_CASE("average_pool counts padding only when asked") {
  const tensor x = tensor::of<float>({1, 1, 3}, {3, 6, 9});
  CHECK(reals(ops::average_pool{.kernel_shape = {2}, .pads = {1, 0}}, {x}) == list{3, 4.5, 7.5});
  CHECK(reals(ops::average_pool{.count_include_pad = true, .kernel_shape = {2}, .pads = {1, 0}},
              {x}) == list{1.5, 4.5, 7.5});
  CHECK(reals(ops::lp_pool{.kernel_shape = {3}, .p = 1}, {x}) == list{18});
  CHECK(reals(ops::global_average_pool{}, {x}) == list{6});
  CHECK(reals(ops::global_max_pool{}, {x}) == list{9});
  const tensor at = tensor::of<std::int64_t>({1, 1, 3}, {0, 2, 9});
  CHECK(error_of(ops::max_unpool{.kernel_shape = {1}}, {x, at}).find("indices contains 9") !=
        std::string::npos);
  const ir::symbol_context s;
  CHECK(inferred(ops::global_lp_pool{}, {fact_of(s, dtype::f32, {"B", "C", "H", "W"})}, s) ==
        "f32[B, C, 1, 1]");
}
