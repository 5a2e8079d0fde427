#include "tenon/ops/bitwise.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("bitwise ops work on the bits of each width") {
  const tensor a = tensor::of<std::int8_t>({2}, {0x5A, -1}),
               b = tensor::of<std::int8_t>({2}, {0x0F, 3});
  CHECK(reals(ops::bitwise_and{}, {a, b}) == list{0x0A, 3});
  CHECK(reals(ops::bitwise_or{}, {a, b}) == list{0x5F, -1});
  CHECK(reals(ops::bitwise_xor{}, {a, b}) == list{0x55, -4});
  CHECK(reals(ops::bitwise_not{}, {tensor::of<std::uint8_t>({1}, {1})}) == list{254});
  CHECK(error_of(ops::bitwise_not{}, {tensor::scalar<float>(1)}) ==
        "x has element type f32, expected one of u8, i8, u16, i16, i32, i64, u32, u64");
}

TEST_CASE("shifts outside the width leave sign bits only") {
  const tensor count = tensor::of<std::int32_t>({4}, {1, 31, 32, -1});
  const tensor x = tensor::of<std::int32_t>({4}, {-8, -8, -8, -8});
  CHECK(reals(ops::bit_shift{ops::shift_direction::right}, {x, count}) == list{-4, -1, -1, -1});
  CHECK(reals(ops::bit_shift{ops::shift_direction::left}, {x, count}) == list{-16, 0, 0, 0});
  const tensor u = tensor::of<std::uint8_t>({3}, {255, 255, 255}),
               by = tensor::of<std::uint8_t>({3}, {1, 8, 200});
  CHECK(reals(ops::bit_shift{ops::shift_direction::right}, {u, by}) == list{127, 0, 0});
  CHECK(reals(ops::bit_shift{ops::shift_direction::left}, {u, by}) == list{254, 0, 0});
  CHECK(error_of(ops::bit_shift{}, {u, by}) == "direction is missing, expected LEFT or RIGHT");
}
