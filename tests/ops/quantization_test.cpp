#include "tenon/ops/quantization.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("quantisation rounds to even and saturates") {
  const tensor x = tensor::of<float>({5}, {1, 3, -1, 1000, -1000}), two = tensor::scalar<float>(2);
  CHECK(reals(ops::quantize_linear{}, {x, two}) == list{0, 2, 0, 255, 0});
  CHECK(reals(ops::quantize_linear{}, {x, two, tensor::scalar<std::int8_t>(1)}) ==
        list{1, 3, 1, 127, -128});
  CHECK(reals(ops::quantize_linear{.output_dtype = dtype::i4}, {x, two}) == list{0, 2, 0, 7, -8});
  CHECK(reals(ops::quantize_linear{.output_dtype = dtype::f8e4m3fn}, {x, two}) ==
        list{0.5, 1.5, -0.5, 448, -448});
  CHECK(reals(ops::quantize_linear{}, {tensor::of<float>({2}, {NAN, INFINITY}), two}) ==
        list{0, 255});
  CHECK(error_of(ops::quantize_linear{.output_dtype = dtype::i8},
                 {x, two, tensor::scalar<std::uint8_t>(1)}) ==
        "output_dtype is i8, expected that of zero_point, u8");
  CHECK(error_of(ops::quantize_linear{.output_dtype = dtype::f32}, {x, two})
            .starts_with("output_dtype is f32"));
}

TEST_CASE("scales per axis and per block") {
  const tensor x = tensor::of<float>({2, 3}, {2, 4, 6, 8, 10, 12});
  CHECK(reals(ops::quantize_linear{.axis = 0}, {x, tensor::of<float>({2}, {1, 2})}) ==
        list{2, 4, 6, 4, 5, 6});
  const tensor blocks = tensor::of<float>({2, 2}, {1, 2, 4, 8});
  const tensor q = tensor::of<std::int8_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(reals(ops::dequantize_linear{.block_size = 2}, {q, blocks}) == list{1, 2, 6, 16, 20, 48});
  CHECK(error_of(ops::dequantize_linear{.block_size = 1}, {q, blocks}) ==
        "scale of blocks has shape [2, 2], expected [2, 3]");
  CHECK(error_of(ops::dequantize_linear{}, {q, tensor::of<float>({2}, {1, 2})}) ==
        "size of scale is 2, expected 3");
  CHECK(error_of(ops::dequantize_linear{.axis = 5}, {q, tensor::of<float>({2}, {1, 2})}) ==
        "axis is 5, expected -2 to 1 for rank 2");
  const ir::symbol_context symbols;
  CHECK(inferred(ops::dequantize_linear{.axis = 0},
                 {fact_of(symbols, dtype::u8, {"B", "3"}), fact_of(symbols, dtype::f16, {"B"})},
                 symbols) == "f16[B, 3]");
}

TEST_CASE("dynamic quantisation covers zero") {
  const tensor x = tensor::of<float>({3}, {0, 127.5F, 255});
  CHECK(reals(ops::dynamic_quantize_linear{}, {x}, 0, 3) == list{0, 128, 255});
  CHECK(reals(ops::dynamic_quantize_linear{}, {x}, 1, 3) == list{1});
  CHECK(reals(ops::dynamic_quantize_linear{}, {tensor::of<float>({1}, {-255})}, 2, 3) == list{255});
  CHECK(reals(ops::dynamic_quantize_linear{}, {tensor(dtype::f32, {0})}, 0, 3).empty());
}

TEST_CASE("quantised matmul requantises the product") {
  const tensor a = tensor::of<std::uint8_t>({1, 2}, {3, 5}),
               b = tensor::of<std::uint8_t>({2, 1}, {1, 2});
  const tensor half = tensor::scalar<float>(0.5F), one = tensor::scalar<std::uint8_t>(1);
  CHECK(reals(ops::qlinear_matmul{}, {a, half, one, b, half, one, half, one}) == list{3});
  CHECK(error_of(ops::qlinear_matmul{}, {a, half, one, a, half, one, half, one}) ==
        "operands have shapes [1, 2] and [1, 2], expected equal inner sizes");
}
