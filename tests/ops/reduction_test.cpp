#include "tenon/ops/reduction.hpp"

#include "tenon/ir/append.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

namespace {

tensor axes(std::initializer_list<std::int64_t> values) {
  return tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace

TEST_CASE("reductions infer on symbols") {
  const ir::symbol_context symbols;
  const auto x = fact_of(symbols, dtype::f32, {"B", "3", "H"});
  const auto at = ir::fact::of_constant(axes({-1, 1}));
  CHECK(inferred(ops::reduce_sum{}, {x, at}, symbols) == "f32[B, 1, 1]");
  CHECK(inferred(ops::reduce_sum{.keepdims = false}, {x, at}, symbols) == "f32[B]");
  CHECK(inferred(ops::reduce_sum{.keepdims = false}, {x}, symbols) == "f32[]");
  CHECK(inferred(ops::reduce_sum{.noop_with_empty_axes = true}, {x}, symbols) == "f32[B, 3, H]");
  CHECK(inferred(ops::reduce_sum{}, {x, ir::fact::of_constant(axes({3}))}, symbols) ==
        "axes is 3, expected -3 to 2 for rank 3");
  CHECK(inferred(ops::reduce_sum{}, {x, ir::fact::of_constant(axes({1, -2}))}, symbols) ==
        "axes names axis -2 twice, expected distinct axes");
  const ir::fact any = fact_of(symbols, dtype::i64, {"N"});
  CHECK(inferred(ops::reduce_max{}, {fact_of(symbols, dtype::f32, {"B", "1"}), any}, symbols) ==
        "f32[reduced0, 1]");
  CHECK(inferred(ops::reduce_max{.keepdims = false}, {x, any}, symbols) == "f32[...]");
  CHECK(inferred(ops::reduce_max{.keepdims = false}, {x, ir::fact::of(dtype::i64, {2})}, symbols) ==
        "f32[reduced1]");
}

TEST_CASE("reductions compute in the type of x") {
  const tensor x = tensor::of<std::int32_t>({2, 3}, {1, -2, 3, 4, 5, -6});
  const tensor last = axes({1});
  CHECK(reals(ops::reduce_sum{}, {x, last}) == list{2, 3});
  CHECK(reals(ops::reduce_prod{}, {x, last}) == list{-6, -120});
  CHECK(reals(ops::reduce_max{}, {x, axes({0})}) == list{4, 5, 3});
  CHECK(reals(ops::reduce_min{}, {x}) == list{-6});
  CHECK(reals(ops::reduce_l1{}, {x, last}) == list{6, 15});
  CHECK(reals(ops::reduce_sum_square{}, {x, last}) == list{14, 77});
  CHECK(reals(ops::reduce_mean{}, {x, last}) == list{0, 1});
  CHECK(reals(ops::reduce_l2{}, {tensor::of<float>({2}, {3, 4})}) == list{5});
  CHECK(reals(ops::reduce_log_sum_exp{}, {tensor::of<double>({2}, {1000, 1000})})[0] ==
        doctest::Approx(1000 + std::log(2.0)));
  CHECK(reals(ops::reduce_log_sum_exp{}, {tensor::of<double>({1}, {-INFINITY})}) ==
        list{-INFINITY});
  CHECK(reals(ops::reduce_max{}, {tensor::of<bool>({2}, {false, true})}) == list{1});
}

TEST_CASE("reducing nothing gives the identity") {
  const tensor x(dtype::f32, {2, 0});
  const tensor last = axes({1});
  CHECK(reals(ops::reduce_sum{}, {x, last}) == list{0, 0});
  CHECK(reals(ops::reduce_prod{}, {x, last}) == list{1, 1});
  CHECK(reals(ops::reduce_max{}, {x, last}) == list{-INFINITY, -INFINITY});
  CHECK(reals(ops::reduce_min{}, {tensor(dtype::i8, {0})}) == list{127});
  CHECK(reals(ops::reduce_max{}, {tensor(dtype::u8, {0})}) == list{0});
  CHECK(reals(ops::reduce_mean{}, {tensor(dtype::i64, {0})}) == list{0});
}

TEST_CASE("argument of an extreme") {
  const tensor x = tensor::of<float>({2, 3}, {5, 1, 5, 2, NAN, 9});
  CHECK(reals(ops::arg_max{.axis = 1}, {x}) == list{0, 1});
  CHECK(reals(ops::arg_max{.axis = -1, .select_last_index = true}, {x}) == list{2, 1});
  CHECK(reals(ops::arg_min{.axis = 0, .keepdims = false}, {x}) == list{1, 1, 0});
  CHECK(error_of(ops::arg_max{.axis = 0}, {tensor(dtype::f32, {0, 2})}) ==
        "x has shape [0, 2], expected elements along axis 0");
  CHECK(error_of(ops::arg_min{.axis = 2}, {x}) == "axis is 2, expected -2 to 1 for rank 2");
}

TEST_CASE("a product of sizes stays an expression") {
  const ir::symbol_context symbols;
  ir::fact x = ir::fact::of(dtype::i64, {dim(2)});
  x.elements = std::vector<dim>{symbols.scope().symbol("B"), dim(3)};
  const auto out = infer_op(ops::reduce_prod{.keepdims = false}, {x}, symbols);
  REQUIRE(out);
  REQUIRE((*out)[0].elements);
  CHECK(bracketed(*(*out)[0].elements) == "[3*B]");
}
