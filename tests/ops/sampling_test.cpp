#include "tenon/ops/sampling.hpp"

#include <limits>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("grid_sample reads zeros, borders and mirrors") {
  const tensor x = tensor::of<float>({1, 1, 3}, {1, 2, 3});
  const tensor grid = tensor::of<float>({1, 3, 1}, {-1, 0, 2});
  ops::grid_sample op{.align_corners = true};
  CHECK(reals(op, {x, grid}) == list{1, 2, 0});
  op.padding_mode = ops::grid_padding::border;
  CHECK(reals(op, {x, grid}) == list{1, 2, 3});
  op.padding_mode = ops::grid_padding::reflection;
  CHECK(reals(op, {x, grid}) == list{1, 2, 2});
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              inf = std::numeric_limits<float>::infinity();
  op.padding_mode = ops::grid_padding::border;
  CHECK(reals(op, {x, tensor::of<float>({1, 2, 1}, {nan, inf})}) == list{1, 3});
  CHECK(error_of(op, {x, tensor(dtype::f32, {1, 3, 2})}).find("last axis of grid") !=
        std::string::npos);
}

TEST_CASE("roi_align and col2im check what data says") {
  const tensor x = tensor::of<float>({1, 1, 2, 2}, {4, 4, 4, 4});
  const tensor roi = tensor::of<float>({1, 4}, {0, 0, 1, 1});
  CHECK(reals(ops::roi_align{}, {x, roi, tensor::of<std::int64_t>({1}, {0})}) == list{4});
  CHECK(error_of(ops::roi_align{}, {x, roi, tensor::of<std::int64_t>({1}, {1})})
            .find("batch_indices contains 1") != std::string::npos);
  const tensor huge = tensor::of<float>({1, 4}, {0, 0, 1e30F, 1});
  CHECK(error_of(ops::roi_align{}, {x, huge, tensor::of<std::int64_t>({1}, {0})})
            .find("samples per bin") != std::string::npos);
  const tensor columns = tensor::of<float>({1, 2, 2}, {1, 2, 3, 4});
  const tensor image = tensor::of<std::int64_t>({1}, {3}),
               block = tensor::of<std::int64_t>({1}, {2});
  CHECK(reals(ops::col2im{}, {columns, image, block}) == list{1, 5, 4});
}
