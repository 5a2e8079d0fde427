#include "tenon/ops/detection.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("non_max_suppression keeps the best of overlapping boxes") {
  const tensor boxes = tensor::of<float>({1, 3, 4}, {0, 0, 1, 1, 0, 0, 1, 0.9F, 2, 2, 3, 3});
  const tensor scores = tensor::of<float>({1, 1, 3}, {0.5F, 0.9F, 0.1F});
  const auto most = [](std::int64_t n) { return datum(tensor::of<std::int64_t>({1}, {n})); };
  const tensor half = tensor::of<float>({1}, {0.5F}), least = tensor::of<float>({1}, {0.2F});
  const ops::non_max_suppression op;
  CHECK(reals(op, {boxes, scores, most(9), half}) == list{0, 0, 1, 0, 0, 2});
  CHECK(reals(op, {boxes, scores, most(9), half, least}) == list{0, 0, 1});
  CHECK(reals(op, {boxes, scores}).empty());
  CHECK(reals(op, {boxes, scores, most(-1)}).empty());
  CHECK(error_of(op, {boxes, scores, most(1), tensor::of<float>({1}, {2})})
            .find("iou_threshold is 2") != std::string::npos);
  CHECK(error_of(op, {boxes, tensor(dtype::f32, {1, 1, 4})}).find("expected [batch, boxes, 4]") !=
        std::string::npos);
}
