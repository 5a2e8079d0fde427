#include "tenon/ops/resize.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("resize by scales and sizes") {
  const tensor x = tensor::of<float>({2}, {0, 4});
  const auto scale = [](float v) { return datum(tensor::of<float>({1}, {v})); };
  CHECK(reals(ops::resize{}, {x, {}, scale(2)}) == list{0, 0, 4, 4});
  CHECK(reals(ops::resize{.mode = ops::resize_mode::linear}, {x, {}, scale(2)}) ==
        list{0, 1, 3, 4});
  CHECK(reals(ops::resize{}, {x, {}, {}, tensor::of<std::int64_t>({1}, {1})}) == list{0});
  CHECK(error_of(ops::resize{}, {x, {}, scale(0)}).find("scales contains 0") != std::string::npos);
  CHECK(error_of(ops::resize{}, {x}).find("neither scales nor sizes") != std::string::npos);
  CHECK(
      error_of(ops::resize{}, {tensor(dtype::f32, {0}), {}, {}, tensor::of<std::int64_t>({1}, {1})})
          .find("empty") != std::string::npos);
  const ir::symbol_context s;
  const ir::fact by = ir::fact::of_constant(tensor::of<float>({2}, {1.0F, 0.5F}));
  const std::vector<ir::fact> facts{fact_of(s, dtype::f32, {"B", "W"}),
                                    ir::fact::of(dtype::f32, {0}), by};
  CHECK(inferred(ops::resize{}, facts, s) == "f32[B, floordiv(W, 2)]");
  const ir::fact square = ir::fact::of_constant(tensor::of<float>({1, 1}, {2}));
  CHECK(inferred(ops::resize{}, {facts[0], facts[1], square}, s) ==
        "scales is f32[1, 1], expected 2 elements");
}

TEST_CASE("the node of an export with a factor at run time: cubic, empty roi, scales of four") {
  const ops::resize up{
      .coordinate_transformation_mode = ops::resize_coordinates::pytorch_half_pixel,
      .cubic_coeff_a = -0.75F,
      .mode = ops::resize_mode::cubic,
      .nearest_mode = ops::resize_rounding::floor};
  const ir::symbol_context s;
  const ir::fact image = fact_of(s, dtype::f32, {"N", "3", "H", "W"}),
                 roi = ir::fact::of(dtype::f32, {0});
  const auto rule = [&](float h, float w) {
    const ir::fact by = ir::fact::of_constant(tensor::of<float>({4}, {1, 1, h, w}));
    return inferred(up, {image, roi, by}, s);
  };
  CHECK(rule(3, 3) == "f32[N, 3, 3*H, 3*W]");
  CHECK(rule(1.5F, 0.25F) == "f32[N, 3, H + floordiv(H, 2), floordiv(W, 4)]");
  CHECK(inferred(up, {image, roi, ir::fact::of(dtype::f32, {3})}, s) ==
        "scales has 3 elements, expected 4");

  // Rows 0 1 2 3 by 2 along the width: at -0.25, 0.25, ... with weights of a = -0.75, clamped at the borders.
  const tensor x = tensor::of<float>({1, 1, 1, 4}, {0, 1, 2, 3});
  const datum none = tensor(dtype::f32, {0});
  const auto y = reals(up, {x, none, tensor::of<float>({4}, {1, 1, 1, 2})});
  const list expected{-0.10546875, 0.19140625, 0.66796875, 1.296875,
                      1.703125,    2.33203125, 2.80859375, 3.10546875};
  REQUIRE(y.size() == expected.size());
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == doctest::Approx(expected[i]));
  // A single output element lies at 0 in this mode.
  CHECK(reals(up, {x, none, tensor::of<float>({4}, {1, 1, 1, 0.25F})}) == list{0});
  CHECK(error_of(up, {x, none, tensor::of<float>({4}, {1, 1, 1, -2})}).find("scales contains -2") !=
        std::string::npos);
}
