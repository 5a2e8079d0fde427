#include "tenon/symbol/dim.hpp"

#include "tenon/symbol/program.hpp"
#include "tenon/symbol/shape.hpp"

#include <limits>
#include <optional>

#include "random_dim.hpp"
#include <doctest/doctest.h>

using namespace tenon;

namespace {

struct names {
  scope_ref scope = scope_ref::make();
  dim b = scope->symbol("B");
  dim h = scope->symbol("H");
  dim s = scope->symbol("S");
  dim t = scope->symbol("T");
};

constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

}  // namespace

TEST_CASE_FIXTURE(names, "dim: the identities of shape arithmetic") {
  CHECK(4 * floordiv(s, 4) + mod(s, 4) == s);
  CHECK(floordiv(6 * b + h, 3) == 2 * b + floordiv(h, 3));
  CHECK(floordiv(floordiv(h, 2), 3) == floordiv(h, 6));
  CHECK(floordiv(floordiv(h - 1, 2), 2) + 1 == floordiv(h + 3, 4));
  CHECK(mod(8 * b + h, 8) == mod(h, 8));
  CHECK(mod(4 * b + 7, 4) == 3);
  CHECK(ceildiv(h, 2) == floordiv(h + 1, 2));
  CHECK(floordiv(h - 1, 2) + 1 == ceildiv(h, 2));
  CHECK(floordiv(6 * b * h, 4 * b) == floordiv(3 * h, 2));
  CHECK(floordiv(b * h + 2 * b, b) == h + 2);
  CHECK(floordiv(h, -2) == floordiv(-h, 2));
  CHECK((b + h) * (b - h) == b * b - h * h);
  CHECK(b + h == h + b);
  CHECK(b - b == 0);
  CHECK(b != h);
}

TEST_CASE_FIXTURE(names, "dim: min, max and broadcast flatten, fold and drop repeats") {
  CHECK(max(b, max(h, b)) == max(max(h, b), h));
  CHECK(max(b + 1, b + 3) == b + 3);
  CHECK(min(b + 1, min(h, b + 3)) == min(h, b + 1));
  CHECK(max(max(b, 3), 7).str() == "max(B, 7)");
  CHECK(broadcast(b, b) == b);
  CHECK(broadcast(b, 1) == b);
  CHECK(broadcast(dim(1), 1) == 1);
  CHECK(broadcast(b, 224) == 224);
  CHECK(broadcast(b, 0) == 0);
  CHECK(broadcast(b, broadcast(h, b)) == broadcast(h, b));
  CHECK(broadcast(2, b).as_constant() == 2);
  CHECK(broadcast(dim(2), dim(3)).is_overflow());
}

TEST_CASE_FIXTURE(names, "dim: exact division") {
  CHECK(divide_exact(b * s * 64, 4 * s) == 16 * b);
  CHECK(divide_exact((b + h) * (s + 2), s + 2) == b + h);
  CHECK(divide_exact(b * s, h) == std::nullopt);
  CHECK(divide_exact(3 * b, 2) == std::nullopt);
  CHECK(divide_exact(b, 0) == std::nullopt);
  CHECK(divide_exact(0, b) == dim(0));
  CHECK(divide_exact(b * b + 1, b + 1) == std::nullopt);
}

TEST_CASE_FIXTURE(names, "dim: text") {
  CHECK((floordiv(h + 1, 2) + 2 * b).str() == "2*B + floordiv(H + 1, 2)");
  CHECK((3 - b).str() == "-B + 3");
  CHECK(mod(s, 4).str() == "mod(S, 4)");
  CHECK((b * s * b - 7 * mod(h + 1, 5)).str() == "B*B*S - 7*mod(H + 1, 5)");
  CHECK((scope->symbol("batch \"n\" size") + 1).str() == "\"batch \\\"n\\\" size\" + 1");
  CHECK(dim(lowest).str() == "-9223372036854775808");
  CHECK(str(dims{b, 3, 224}) == "[B, 3, 224]");
}

TEST_CASE_FIXTURE(names, "dim: overflow has no value and spreads") {
  CHECK((dim(highest) + 1).is_overflow());
  CHECK((dim(lowest) - 1).is_overflow());
  CHECK((-dim(lowest)).is_overflow());
  CHECK((b * highest * 2).is_overflow());
  CHECK((b * lowest).is_overflow());
  CHECK((dim(highest) * dim(highest)).is_overflow());
  CHECK(floordiv(b, 0).is_overflow());
  CHECK(floordiv(dim(lowest), dim(-1)).is_overflow());
  CHECK((dim::overflow() + b).is_overflow());
  CHECK(max(dim::overflow(), b).is_overflow());
  CHECK_FALSE(dim::overflow().is_constant());
  CHECK(dim::overflow().as_constant() == std::nullopt);
  CHECK(dim::overflow().scope() == nullptr);
  CHECK((dim(std::int64_t{1} << 31) * (std::int64_t{1} << 31)).constant() == std::int64_t{1} << 62);
}

TEST_CASE_FIXTURE(names, "dim: formulas stay small") {
  dim wide = b;
  for (int i = 0; i < 200; ++i) wide = max(wide + floordiv(wide, h), floordiv(wide * h, s + i));
  CHECK(wide.is_overflow());
  dim power = b + h + s + t + 1;
  for (int i = 0; i < 20; ++i) power = power * power;
  CHECK(power.is_overflow());
}

TEST_CASE_FIXTURE(names, "dim: zero and one are not special") {
  bindings values;
  const dim e = broadcast(b, h) + max(s, 1) * floordiv(t + 1, 2);
  for (const std::int64_t v : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1} << 31}) {
    for (const dim d : {b, h, s, t}) values.set(d, v);
    CHECK(evaluate(e, values) == v + std::max<std::int64_t>(v, 1) * ((v + 1) / 2));
  }
}

TEST_CASE_FIXTURE(names,
                  "evaluate: no value for unbound symbols, overflow, division by zero, misfits") {
  bindings values;
  values.set(b, 3);
  CHECK(evaluate(b + h, values) == std::nullopt);
  values.set(h, highest);
  CHECK(evaluate(b + h, values) == std::nullopt);
  CHECK(evaluate(b * h, values) == std::nullopt);
  CHECK(evaluate(broadcast(b, h), values) == std::nullopt);
  values.set(s, 0);
  CHECK(evaluate(floordiv(b, s), values) == std::nullopt);
  CHECK(evaluate(dims{b, s}, values) == extents{3, 0});
  values.set(s, -1);
  CHECK(evaluate(dims{b, s}, values) == std::nullopt);
}

TEST_CASE_FIXTURE(names, "substitute and collect_symbols") {
  substitution by;
  by.set(h, 2 * t);
  by.set(b, 1);
  CHECK(substitute(broadcast(b, s) + floordiv(h, 2), by) == s + t);
  inline_vector<std::uint32_t, 8> ids;
  collect_symbols(b * floordiv(h, 2) + b, ids);
  CHECK(ids == inline_vector<std::uint32_t, 8>{b.symbol_id(), h.symbol_id()});
}

TEST_CASE("dim: 100000 random formulas agree with plain arithmetic") {
  constexpr std::uint64_t seed = 20240611;
  INFO("seed ", seed);
  const scope_ref scope = scope_ref::make();
  const scope_ref other = scope_ref::make();
  for (const char* name : {"E", "C", "A"}) (void)other->symbol(name);
  tenon_test::dim_source source(seed, *scope);
  int compared = 0;
  for (int i = 0; i < 100000; ++i) {
    source.draw_values(i % 3 == 0 ? -6 : 0, i % 2 == 0 ? 3 : 40);
    const auto [formula, value] = source.formula(4);
    if (formula.is_overflow()) continue;
    CAPTURE(i);
    CAPTURE(formula.str());
    if (value) {
      ++compared;
      REQUIRE(evaluate(formula, source.bound()) == value);
    }
    if (i % 10 != 0) continue;
    const auto again = scope->parse(formula.str());
    REQUIRE(again);
    REQUIRE(*again == formula);
    const dim moved = other->import(formula);
    REQUIRE(moved.str() == formula.str());
    REQUIRE(scope->import(moved) == formula);
    REQUIRE(moved.hash() == formula.hash());
    REQUIRE(substitute(formula, substitution{}) == formula);
  }
  CHECK(compared > 50000);
}

TEST_CASE("dim: equal pairs among random formulas have equal values") {
  constexpr std::uint64_t seed = 77;
  INFO("seed ", seed);
  const scope_ref scope = scope_ref::make();
  tenon_test::dim_source source(seed, *scope);
  int equal = 0;
  for (int i = 0; i < 40000; ++i) {
    source.draw_values(-3, 12);
    const auto a = source.formula(2);
    const auto b = source.formula(2);
    if (a.formula != b.formula || !a.value || !b.value) continue;
    ++equal;
    REQUIRE(a.value == b.value);
  }
  CHECK(equal > 100);
}
