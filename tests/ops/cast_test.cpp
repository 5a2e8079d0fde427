#include "tenon/ops/cast.hpp"

#include "tenon/ir/append.hpp"

#include <cmath>
#include <string>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

namespace {

std::string text_of(const tensor& x) {
  const auto out = run_op(ops::cast{.to = dtype::string}, {x});
  if (!out) return out.failure().message;
  const auto all = (*out)[0].as_tensor().elements<std::string>();
  return bracketed(std::vector<std::string>(all.begin(), all.end()));
}

}  // namespace

TEST_CASE("casts between numbers truncate and wrap") {
  CHECK(reals(ops::cast{.to = dtype::i32}, {tensor::of<float>({3}, {1.9F, -1.9F, 0.2F})}) ==
        list{1, -1, 0});
  CHECK(reals(ops::cast{.to = dtype::i8}, {tensor::of<std::int16_t>({1}, {200})}) == list{-56});
  CHECK(reals(ops::cast{.to = dtype::boolean}, {tensor::of<float>({3}, {0, -0.0F, 0.1F})}) ==
        list{0, 0, 1});
  CHECK(reals(ops::cast{.to = dtype::i4}, {tensor::of<float>({2}, {-9, 7})}) == list{7, 7});
  CHECK(reals(ops::cast{.to = dtype::f64}, {tensor::of<std::uint64_t>({1}, {~std::uint64_t{0}})}) ==
        list{0x1p64});
  CHECK(reals(ops::cast{.to = dtype::f32}, {tensor::of<bool>({1}, {true})}) == list{1});
}

TEST_CASE("8-bit floats saturate or overflow as asked") {
  const tensor x = tensor::of<float>({3}, {1000, -INFINITY, 447});
  CHECK(reals(ops::cast{.to = dtype::f8e4m3fn}, {x}) == list{448, -448, 448});
  const auto open = reals(ops::cast{.to = dtype::f8e4m3fn, .saturate = false}, {x});
  CHECK(std::isnan(open[0]));
  CHECK(std::isnan(open[1]));
  CHECK(reals(ops::cast{.to = dtype::f8e5m2, .saturate = false}, {x})[1] == -INFINITY);
}

TEST_CASE("powers of two round as asked") {
  const tensor x = tensor::of<float>({3}, {1.25F, 3, 4});
  using mode = ops::float_rounding;
  CHECK(reals(ops::cast{.to = dtype::f8e8m0}, {x}) == list{2, 4, 4});
  CHECK(reals(ops::cast{.to = dtype::f8e8m0, .round_mode = mode::down}, {x}) == list{1, 2, 4});
  CHECK(reals(ops::cast{.to = dtype::f8e8m0, .round_mode = mode::nearest}, {x}) == list{1, 4, 4});
}

TEST_CASE("strings are decimal numbers") {
  const tensor x = tensor::of<std::string>({5}, {"1e-5", "+INF", "-inf", "NaN", " 42 "});
  const auto read = reals(ops::cast{.to = dtype::f64}, {x});
  CHECK(read[0] == 1e-5);
  CHECK(read[1] == INFINITY);
  CHECK(read[2] == -INFINITY);
  CHECK(std::isnan(read[3]));
  CHECK(read[4] == 42);
  CHECK(reals(ops::cast{.to = dtype::i64},
              {tensor::of<std::string>({2}, {"9007199254740993", "100.5"})})[1] == 100);
  CHECK(error_of(ops::cast{.to = dtype::f32}, {tensor::of<std::string>({2}, {"1", "one"})}) ==
        "element 1 is 'one', expected a number");
  CHECK(text_of(tensor::of<float>({4}, {314.15926F, 1, 1e-5F, -INFINITY})) ==
        "[314.15927, 1.0, 1e-05, -inf]");
  CHECK(text_of(tensor::of<std::int64_t>({1}, {-7})) == "[-7]");
  CHECK(text_of(tensor::of<bool>({1}, {true})) == "[True]");
}

TEST_CASE("cast keeps known shape content and reports a missing target") {
  const ir::symbol_context symbols;
  ir::fact x = ir::fact::of(dtype::i64, {dim(1)});
  x.elements = std::vector<dim>{symbols.scope().symbol("B")};
  const auto out = infer_op(ops::cast{.to = dtype::i32}, {x}, symbols);
  REQUIRE(out);
  CHECK((*out)[0].elements);
  CHECK(inferred(ops::cast{}, {x}, symbols).starts_with("to is undefined, expected one of f32"));
}

TEST_CASE("bit_cast keeps bits") {
  const auto out = run_op(ops::bit_cast{dtype::i32}, {tensor::scalar<float>(1)});
  REQUIRE(out);
  CHECK(*(*out)[0].as_tensor().data<std::int32_t>() == 0x3F800000);
  CHECK(error_of(ops::bit_cast{dtype::i64}, {tensor::scalar<float>(1)}) ==
        "to is i64, expected a type of the width of f32");
}
