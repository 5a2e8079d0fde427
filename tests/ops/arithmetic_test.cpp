#include "tenon/ops/arithmetic.hpp"

#include "tenon/ir/append.hpp"
#include "tenon/symbol/table.hpp"

#include <cmath>
#include <limits>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

namespace {

std::string content_of(const ir::any_op& op,
                       const std::vector<ir::fact>& inputs,
                       const ir::symbol_context& symbols) {
  const auto out = infer_op(op, inputs, symbols);
  if (!out) return out.failure().message;
  return (*out)[0].elements ? bracketed(*(*out)[0].elements) : "unknown";
}

}  // namespace

TEST_CASE("binary ops broadcast known and symbolic sizes") {
  const ir::symbol_context symbols;
  const auto f = [&](std::initializer_list<const char*> s) {
    return fact_of(symbols, dtype::f32, s);
  };
  CHECK(inferred(ops::add{}, {f({"B", "1", "4"}), f({"3", "1"})}, symbols) == "f32[B, 3, 4]");
  CHECK(inferred(ops::add{}, {f({"2"}), f({"3"})}, symbols) ==
        "inputs: shapes [2] and [3] do not broadcast");
  CHECK(inferred(ops::add{}, {f({"2"}), fact_of(symbols, dtype::f64, {"2"})}, symbols) ==
        "input 1 has element type f64, expected one of f32");
  CHECK(inferred(ops::mul{}, {f({"2"}), ir::fact::unranked(dtype::f32)}, symbols) == "f32[...]");
  CHECK(reals(ops::sub{}, {tensor::of<float>({2, 1}, {10, 20}),
                           tensor::of<float>({3}, {1, 2, 3})}) == list{9, 8, 7, 19, 18, 17});
}

TEST_CASE("integer division rounds to zero and refuses zero") {
  const tensor a =
      tensor::of<std::int32_t>({4}, {7, -7, 7, std::numeric_limits<std::int32_t>::min()});
  const tensor b = tensor::of<std::int32_t>({4}, {2, 2, -2, -1});
  CHECK(reals(ops::div{}, {a, b}) == list{3, -3, -3, -2147483648.0});
  CHECK(reals(ops::modulo{}, {a, b}) == list{1, 1, -1, 0});
  CHECK(reals(ops::modulo{.fmod = 1}, {a, b}) == list{1, -1, 1, 0});
  const tensor zero = tensor::scalar<std::int32_t>(0);
  CHECK(error_of(ops::div{}, {a, zero}) ==
        "division by zero: b holds 0 at element 0, expected nonzero integers");
  CHECK(error_of(ops::modulo{}, {a, zero}) ==
        "division by zero: b holds 0 at element 0, expected nonzero integers");
  CHECK(error_of(ops::modulo{.fmod = 2}, {a, b}) == "fmod is 2, expected 0 or 1");
  const tensor low = tensor::scalar(std::numeric_limits<std::int64_t>::min());
  CHECK(reals(ops::div{}, {low, tensor::scalar<std::int64_t>(-1)}) == list{-0x1p63});
}

TEST_CASE("floored modulo follows the sign of the divisor") {
  CHECK(reals(ops::modulo{}, {tensor::of<float>({2}, {-4.5F, 4.5F}),
                              tensor::of<float>({2}, {2, -2})}) == list{1.5, -1.5});
  const auto special = reals(
      ops::modulo{}, {tensor::of<double>({2}, {-0.0, 3}), tensor::of<double>({2}, {2, -INFINITY})});
  CHECK(!std::signbit(special[0]));
  CHECK(special[1] == -INFINITY);
}

TEST_CASE("pow mixes types and wraps integers") {
  CHECK(reals(ops::pow{}, {tensor::of<std::int32_t>({3}, {2, -3, 10}),
                           tensor::of<std::int64_t>({3}, {31, 3, 2})}) ==
        list{-2147483648.0, -27, 100});
  CHECK(reals(ops::pow{}, {tensor::of<float>({2}, {4, 2}),
                           tensor::of<std::int32_t>({2}, {2, -1})}) == list{16, 0.5});
  CHECK(reals(ops::pow{}, {tensor::of<std::int64_t>({3}, {-1, 1, 5}),
                           tensor::of<std::int64_t>({3}, {-3, -9, -1})}) == list{-1, 1, 0});
  CHECK(error_of(ops::pow{}, {tensor::scalar<std::int64_t>(0), tensor::scalar<std::int64_t>(-1)}) ==
        "division by zero: a, raised to a negative power, holds 0 at element 0, expected nonzero "
        "integers");
}

TEST_CASE("variadic ops fold any number of inputs") {
  const tensor a = tensor::of<float>({2}, {1, NAN}), b = tensor::of<float>({2, 1}, {0, 5});
  const auto low = reals(ops::minimum{}, {a, b});
  CHECK(low[0] == 0);
  CHECK(std::isnan(low[1]));
  CHECK(reals(ops::maximum{}, {tensor::of<std::uint64_t>({1}, {~std::uint64_t{0}}),
                               tensor::of<std::uint64_t>({1}, {1})}) == list{0x1p64});
  CHECK(reals(ops::mean{}, {tensor::scalar<float>(1), tensor::scalar<float>(2),
                            tensor::scalar<float>(6)}) == list{3});
  CHECK(reals(ops::sum{}, {tensor::of<float>({2}, {1, 2})}) == list{1, 2});
}

TEST_CASE("shape arithmetic is propagated as expressions") {
  const ir::symbol_context symbols;
  const dim b = symbols.scope().symbol("B"), h = symbols.scope().symbol("H");
  REQUIRE(symbols.facts().restrict(b, 0, 1000, "test"));
  CHECK(content_of(ops::mul{}, {content({b, h}), content({dim(2)})}, symbols) == "[2*B, 2*H]");
  CHECK(content_of(ops::add{}, {content({b}), content({dim(3)})}, symbols) == "[B + 3]");
  CHECK(content_of(ops::div{}, {content({b}), content({dim(2)})}, symbols) == "[floordiv(B, 2)]");
  CHECK(content_of(ops::div{}, {content({dim(-7)}), content({dim(2)})}, symbols) == "[-3]");
  CHECK(content_of(ops::div{}, {content({b}), content({dim(0)})}, symbols) == "unknown");
  CHECK(content_of(ops::modulo{}, {content({dim(-7)}), content({dim(4)})}, symbols) == "[1]");
  CHECK(content_of(ops::minimum{}, {content({dim(4)}), content({dim(9)})}, symbols) == "[4]");
}
