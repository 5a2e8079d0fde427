#include "tenon/ops/convolution.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("conv infers symbolic sizes and names what does not fit") {
  const ir::symbol_context s;
  const ir::fact x = fact_of(s, dtype::f32, {"B", "3", "H", "W"}),
                 w = fact_of(s, dtype::f32, {"8", "3", "3", "3"});
  CHECK(inferred(ops::conv{.pads = {1, 1, 1, 1}}, {x, w}, s) == "f32[B, 8, H, W]");
  CHECK(inferred(ops::conv{.auto_pad = ops::auto_pad_mode::same_upper, .strides = {2, 2}}, {x, w},
                 s) == "f32[B, 8, floordiv(H + 1, 2), floordiv(W + 1, 2)]");
  CHECK(inferred(ops::conv{.strides = {0, 1}}, {x, w}, s).find("strides contains 0") !=
        std::string::npos);
  CHECK(inferred(ops::conv{.group = 0}, {x, w}, s).find("group is 0") != std::string::npos);
  CHECK(inferred(ops::conv{}, {fact_of(s, dtype::f32, {"1", "3", "2", "2"}), w}, s)
            .find("shorter than the kernel") != std::string::npos);
}

TEST_CASE("conv and conv_transpose in one dimension, grouped and dilated") {
  const tensor x = tensor::of<float>({1, 1, 4}, {1, 2, 3, 4}),
               w = tensor::of<float>({1, 1, 2}, {1, 10});
  CHECK(reals(ops::conv{}, {x, w}) == list{21, 32, 43});
  CHECK(reals(ops::conv{.dilations = {2}, .pads = {1, 0}}, {x, w}) == list{20, 31, 42});
  CHECK(reals(ops::conv{}, {x, w, tensor::of<float>({1}, {100})}) == list{121, 132, 143});
  CHECK(reals(ops::conv_transpose{.strides = {2}}, {x, w}) == list{1, 10, 2, 20, 3, 30, 4, 40});
  const tensor two = tensor::of<float>({1, 2, 1}, {2, 3}),
               each = tensor::of<float>({2, 1, 1}, {5, 7});
  CHECK(reals(ops::conv{.group = 2}, {two, each}) == list{10, 21});
  CHECK(reals(ops::conv{}, {tensor(dtype::f32, {0, 1, 4}), w}).empty());
  const tensor bytes = tensor::of<std::uint8_t>({1, 1, 2}, {3, 4});
  CHECK(reals(ops::conv_integer{}, {bytes, bytes, tensor::scalar<std::uint8_t>(3)}) == list{4});
}
