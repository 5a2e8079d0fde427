#include "tenon/symbol/evaluate.hpp"

#include "tenon/symbol/scope.hpp"

#include <limits>
#include <string>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

constexpr auto highest = std::numeric_limits<std::int64_t>::max();
constexpr auto lowest = std::numeric_limits<std::int64_t>::min();

struct fixture {
  symbol_scope scope;
  dim a = scope.symbol("A"), b = scope.symbol("B");

  std::optional<std::int64_t> value(std::string_view text, std::int64_t x, std::int64_t y) {
    bindings values;
    values.set(a, x);
    values.set(b, y);
    return evaluate(scope.parse(text).value(), values);
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "bindings hold every value but the lowest, until they are cleared") {
  bindings values;
  CHECK_FALSE(values[0]);
  CHECK_FALSE(values[1000000]);
  values.set(b, highest);
  CHECK(values[b.symbol_id()] == highest);
  CHECK_FALSE(values[a.symbol_id()]);
  values.set(a, lowest + 1);
  CHECK(values[a.symbol_id()] == lowest + 1);
  values.set(a, lowest);
  CHECK_FALSE(values[a.symbol_id()]);
  values.clear();
  CHECK_FALSE(values[b.symbol_id()]);
}

TEST_CASE_FIXTURE(fixture, "constants need no bindings, symbols do") {
  CHECK(evaluate(dim(lowest), {}) == lowest);
  CHECK_FALSE(evaluate(a, {}));
  CHECK_FALSE(evaluate(dim::overflow(), {}));
  bindings only_a;
  only_a.set(a, 2);
  CHECK(evaluate(a * 3 + 1, only_a) == 7);
  CHECK_FALSE(evaluate(a + b, only_a));
  CHECK_FALSE(evaluate(b * 0 + a * b, only_a));
}

TEST_CASE_FIXTURE(fixture, "what overflows has no value") {
  CHECK(value("A + B", highest - 1, 1) == highest);
  CHECK_FALSE(value("A + B", highest, 1));
  CHECK_FALSE(value("A - B", lowest + 1, 2));
  CHECK(value("A * B", std::int64_t{1} << 31, std::int64_t{1} << 31) == std::int64_t{1} << 62);
  CHECK_FALSE(value("A * B", std::int64_t{1} << 32, std::int64_t{1} << 31));
  CHECK(value("A * A * A", -2097152, 0) == lowest);
  CHECK_FALSE(value("A * A * A", 2097152, 0));
  CHECK_FALSE(value("2*A", std::int64_t{1} << 62, 0));
}

TEST_CASE_FIXTURE(fixture, "divisions round down, by 0 they have no value") {
  CHECK(value("floordiv(A, B)", -7, 2) == -4);
  CHECK(value("floordiv(A, B)", 7, -2) == -4);
  CHECK(value("ceildiv(A, B)", -7, 2) == -3);
  CHECK(value("mod(A, B)", -7, 3) == 2);
  CHECK_FALSE(value("floordiv(A, B)", 7, 0));
  CHECK_FALSE(value("mod(A, B)", 7, 0));
}

TEST_CASE_FIXTURE(fixture, "broadcast has a value where sizes fit") {
  CHECK(value("broadcast(A, B)", 1, 0) == 0);
  CHECK(value("broadcast(A, B)", 5, 1) == 5);
  CHECK(value("broadcast(A, B)", 5, 5) == 5);
  CHECK_FALSE(value("broadcast(A, B)", 5, 4));
  CHECK_FALSE(value("broadcast(A, B)", 0, 4));
}

TEST_CASE_FIXTURE(fixture, "repeated squaring ends as a formula without a value, soon") {
  dim power = a;
  for (int i = 0; i < 70; ++i) power *= power;
  CHECK(power.is_overflow());
  dim tower = a;
  for (int i = 0; i < 14; ++i) tower *= tower;
  bindings one;
  one.set(a, 1);
  CHECK(evaluate(tower, one) ==
        (tower.is_overflow() ? std::nullopt : std::optional<std::int64_t>(1)));
}

TEST_CASE_FIXTURE(fixture, "substitution is simultaneous") {
  substitution swap;
  swap.set(a, b);
  swap.set(b, a);
  const dim text = scope.parse("A*A + floordiv(B, A) + max(A, 3)").value();
  CHECK(substitute(text, swap) == scope.parse("B*B + floordiv(A, B) + max(B, 3)").value());
  CHECK(substitute(dim(5), swap) == dim(5));
  CHECK(substitute(dim::overflow(), swap).is_overflow());
  substitution zero;
  zero.set(a, 0);
  CHECK(substitute(text, zero).is_overflow());
  CHECK(substitute(a * b + b, zero) == b);
}

TEST_CASE_FIXTURE(fixture, "each symbol is collected once") {
  inline_vector<std::uint32_t, 8> out;
  collect_symbols(dim(3), out);
  collect_symbols(dim::overflow(), out);
  CHECK(out.empty());
  collect_symbols(scope.parse("A*A + floordiv(B, A) + max(A, 3)").value(), out);
  CHECK(out.size() == 2);
  collect_symbols(b, out);
  CHECK(out.size() == 2);
}
