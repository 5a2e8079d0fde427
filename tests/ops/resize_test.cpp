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
}
