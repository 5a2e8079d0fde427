#include "tenon/symbol/program.hpp"

#include <vector>

#include "random_dim.hpp"
#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("program: agrees with evaluate on random formulas") {
  constexpr std::uint64_t seed = 5;
  INFO("seed ", seed);
  const scope_ref scope = scope_ref::make();
  tenon_test::dim_source source(seed, *scope);
  for (int round = 0; round < 200; ++round) {
    source.draw_values(1, 30);
    std::vector<dim> formulas;
    while (formulas.size() < 20) {
      const auto next = source.formula(3);
      if (next.value && !next.formula.is_overflow()) formulas.push_back(next.formula);
    }
    auto program = shape_program::compile(formulas).value();
    std::vector<std::int64_t> out(formulas.size());
    program.run(source.bound(), out).value();
    for (std::size_t i = 0; i < out.size(); ++i)
      REQUIRE(evaluate(formulas[i], source.bound()) == out[i]);
  }
}

TEST_CASE("program: shared parts are computed once") {
  const scope_ref scope = scope_ref::make();
  const dim h = scope->symbol("H");
  const dim half = floordiv(h + 1, 2);
  const dim outputs[] = {half, half * 3, half * 3, h};
  const auto program = shape_program::compile(outputs).value();
  CHECK(program.size() == 4);
  CHECK(program.scratch_size() == 5);
}

TEST_CASE("program: errors name the shape and what is missing") {
  const scope_ref scope = scope_ref::make();
  const dim b = scope->symbol("B");
  const dim h = scope->symbol("H");
  const dim outputs[] = {b, b * h};
  auto program = shape_program::compile(outputs).value();
  std::int64_t out[2];
  bindings values;
  values.set(b, 1);
  CHECK(program.run(values, out).failure().message ==
        "shape B*H: symbol 'H' has no value: expected a bound symbol vs an unbound one");
  values.set(b, std::int64_t{1} << 40);
  values.set(h, std::int64_t{1} << 40);
  CHECK(
      program.run(values, out).failure().message ==
      "shape B*H: expected a value within 64 bits vs overflow, division by zero or extents that do "
      "not broadcast");
  const dim bad[] = {b, dim::overflow()};
  CHECK(shape_program::compile(bad).failure().message ==
        "shape program: output 1 has no value: expected a formula vs overflow");
}
