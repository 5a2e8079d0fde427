#include "tenon/ops/comparison.hpp"

#include "tenon/ir/append.hpp"

#include <cmath>
#include <string>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

constexpr std::int64_t max_mask = ir::max_tracked_elements + 1;

TEST_CASE("comparisons give booleans for every type they allow") {
  const ir::symbol_context symbols;
  CHECK(inferred(ops::less{},
                 {fact_of(symbols, dtype::i8, {"B", "1"}), fact_of(symbols, dtype::i8, {"4"})},
                 symbols) == "bool[B, 4]");
  CHECK(inferred(ops::less{},
                 {fact_of(symbols, dtype::string, {"1"}), fact_of(symbols, dtype::string, {"1"})},
                 symbols)
            .starts_with("input 0 has element type string"));
  const tensor s = tensor::of<std::string>({2}, {"a", "b"});
  CHECK(reals(ops::equal{}, {s, tensor::scalar<std::string>("b")}) == list{0, 1});
  CHECK(reals(ops::equal{}, {tensor::of<bool>({2}, {true, false}), tensor::scalar(true)}) ==
        list{1, 0});
  CHECK(reals(ops::greater{}, {tensor::of<std::uint64_t>({1}, {~std::uint64_t{0}}),
                               tensor::of<std::uint64_t>({1}, {1})}) == list{1});
  CHECK(reals(ops::less_or_equal{}, {tensor::of<std::int64_t>({2}, {-5, 6}),
                                     tensor::scalar<std::int64_t>(-5)}) == list{1, 0});
  CHECK(reals(ops::greater_or_equal{}, {tensor::scalar<float>(NAN), tensor::scalar<float>(0)}) ==
        list{0});
}

TEST_CASE("logical ops broadcast") {
  const tensor a = tensor::of<bool>({2, 1}, {true, false}),
               b = tensor::of<bool>({2}, {true, false});
  CHECK(reals(ops::logical_and{}, {a, b}) == list{1, 0, 0, 0});
  CHECK(reals(ops::logical_or{}, {a, b}) == list{1, 1, 1, 0});
  CHECK(reals(ops::logical_xor{}, {a, b}) == list{0, 1, 1, 0});
  CHECK(reals(ops::logical_not{}, {a}) == list{0, 1});
}

TEST_CASE("tests for NaN and infinity read small floats") {
  const tensor x = tensor::of<float>({3}, {NAN, -INFINITY, INFINITY});
  CHECK(reals(ops::is_nan{}, {x}) == list{1, 0, 0});
  CHECK(reals(ops::is_inf{}, {x}) == list{0, 1, 1});
  CHECK(reals(ops::is_inf{.detect_negative = false}, {x}) == list{0, 0, 1});
  CHECK(reals(ops::is_nan{}, {tensor::of<f8e4m3fn>({1}, {f8e4m3fn(NAN)})}) == list{1});
}

TEST_CASE("where selects any type and propagates known choices") {
  const tensor c = tensor::of<bool>({2}, {true, false});
  CHECK(reals(ops::where{}, {c, tensor::of<std::int8_t>({2, 1}, {1, 2}),
                             tensor::scalar<std::int8_t>(-9)}) == list{1, -9, 2, -9});
  const auto text = run_op(
      ops::where{}, {c, tensor::scalar<std::string>("yes"), tensor::scalar<std::string>("no")});
  REQUIRE(text);
  CHECK((*text)[0].as_tensor().data<std::string>()[1] == "no");
  const ir::symbol_context symbols;
  ir::fact a = ir::fact::of(dtype::i64, {dim(2)}), b = a;
  a.elements = std::vector<dim>{symbols.scope().symbol("B"), dim(2)};
  b.elements = std::vector<dim>{dim(5), dim(6)};
  const auto out = infer_op(ops::where{}, {ir::fact::of_constant(c), a, b}, symbols);
  REQUIRE(out);
  REQUIRE((*out)[0].elements);
  CHECK(bracketed(*(*out)[0].elements) == "[B, 6]");
  const tensor many(dtype::boolean, {max_mask});
  const auto wide =
      infer_op(ops::where{}, {ir::fact::of_constant(many), content({1}), content({2})}, symbols);
  REQUIRE(wide);
  CHECK((*wide)[0].str() == cat("i64[", max_mask, "]"));
}
