#include "tenon/symbol/table.hpp"

#include <chrono>
#include <string>
#include <vector>

#include "random_dim.hpp"
#include <doctest/doctest.h>

using namespace tenon;

namespace {

struct table {
  scope_ref scope = scope_ref::make();
  facts_table facts{scope};
  dim b = scope->symbol("B");
  dim h = scope->symbol("H");
  dim w = scope->symbol("W");
  dim s = scope->symbol("S");
  dim t = scope->symbol("T");

  void know(std::string_view constraint) { facts.require(constraint, "user").value(); }

  std::string mistake(std::string_view constraint, std::string_view source = "second") {
    const status st = facts.require(constraint, source);
    return st ? "accepted" : st.failure().message;
  }
};

/// The same facts read back from their text, over symbols made in the same order.
std::vector<std::string> round_trip(const facts_table& facts) {
  const scope_ref scope = scope_ref::make();
  for (const dim d : facts.scope().symbols())
    if (!d.node()->is_hidden) (void)scope->symbol(facts.scope().name_of(d.symbol_id()));
  facts_table again(scope);
  for (const std::string& line : facts.constraints()) again.require(line, "file").value();
  return again.constraints();
}

}  // namespace

TEST_CASE_FIXTURE(table, "table: equalities join symbols") {
  facts.unify(b, h, "add 'n1'").value();
  facts.unify(h, 2 * s, "add 'n2'").value();
  CHECK(facts.is_equal(b, 2 * s) == truth::yes);
  CHECK(facts.is_equal(b, 2 * s + 1) == truth::no);
  CHECK(facts.is_equal(b, t) == truth::unknown);
  CHECK(facts.simplify(b + h) == 4 * s);
  facts.unify(s, 3, "reshape").value();
  CHECK(facts.simplify(floordiv(b, 4)) == 1);
}

TEST_CASE_FIXTURE(table, "table: the names of inputs survive data-dependent ones") {
  const dim u = scope->fresh();
  const dim named = scope->symbol("later");
  facts.unify(u, named, "concat").value();
  CHECK(facts.simplify(u) == named);
}

TEST_CASE_FIXTURE(table, "table: conflicts name both sources") {
  facts.unify(b, 3, "input 'x' dim 0").value();
  CHECK(mistake("B == 4", "add 'n'") ==
        "add 'n': B == 4 cannot hold: B is 3 (input 'x' dim 0) vs 4");
  CHECK(mistake("B <= 2") ==
        "second: B is out of range: expected [-inf, 2] vs B is 3 (input 'x' dim 0)");
  know("H % 32 == 0");
  CHECK(mistake("H == 33") ==
        "second: H == 33 cannot hold: H with remainder 0 modulo 32 (user) vs 33");
  CHECK(mistake("H % 8 == 4") == "second: mod(H, 8) == 4 cannot hold: mod(H, 8) is 0 (user) vs 4");
  know("1 <= W <= 10");
  CHECK(mistake("W == 11") == "second: W == 11 cannot hold: W is in [1, 10] (user) vs 11");
  CHECK(mistake("2*S == 2*T + 1") ==
        "second: 2*S == 2*T + 1 cannot hold: 2*S with remainder 0 modulo 2 vs 2*T + 1 with "
        "remainder 1 "
        "modulo 2");
  know("S == T");
  CHECK(mistake("S == T + 1") == "second: S == T + 1 cannot hold: S vs T + 1 is S + 1 (user)");
  CHECK(facts.unify(3, 4, "mul").failure().message == "mul: 3 == 4 cannot hold: 3 vs 4");
  CHECK(facts.unify(3, 4, "mul").failure().kind == code::shape);
}

TEST_CASE_FIXTURE(table, "table: known remainders remove divisions") {
  know("H % 32 == 0");
  CHECK(facts.simplify(32 * floordiv(h, 32)) == h);
  CHECK(facts.simplify(mod(h, 4)) == 0);
  CHECK(facts.simplify(2 * ceildiv(ceildiv(h, 2), 2)) == floordiv(h, 2));
  CHECK(facts.simplify(floordiv(h, 2)) == floordiv(h, 2));
  CHECK(facts.simplify(floordiv(h + 5, 8)) == floordiv(h, 8));
  CHECK(facts.is_equal(16 * floordiv(h - 1, 16) + 16, h) == truth::yes);
  CHECK(facts.is_divisible(h * w, 16) == truth::yes);
  CHECK(facts.is_divisible(h + 1, 2) == truth::no);
  CHECK(facts.is_divisible(h, 64) == truth::unknown);
  know("3*H % 64 == 0");
  CHECK(facts.is_divisible(h, 64) == truth::yes);
  know("(B + W) % 4 == 1");
  CHECK(facts.simplify(4 * floordiv(b + w, 4)) == b + w - 1);
}

TEST_CASE_FIXTURE(table, "table: proportional sizes") {
  know("H % 32 == 0");
  know("2*H == 3*W");
  CHECK(facts.is_divisible(w, 64) == truth::yes);
  CHECK(facts.is_equal(floordiv(h, 3), floordiv(w, 2)) == truth::yes);
  CHECK(facts.simplify(3 * floordiv(w, 2) - h) == 0);
}

TEST_CASE_FIXTURE(table, "table: intervals follow the formula") {
  know("1 <= B <= 10");
  know("224 <= H <= 448");
  CHECK(facts.bounds(b * h) == interval{224, 4480});
  CHECK(facts.bounds(floordiv(h + 1, 2)) == interval{112, 224});
  CHECK(facts.bounds(mod(h, 7)) == interval{0, 6});
  CHECK(facts.bounds(h - floordiv(h, 2)) == interval{112, 224});
  CHECK(facts.bounds(max(b, 4)) == interval{4, 10});
  CHECK(facts.bounds(-b) == interval{-10, -1});
  CHECK(facts.bounds(b * h - h) == interval{0, 4032});
  CHECK(facts.bounds(s) == interval{});
  CHECK(facts.bounds(b * s) == interval{});
  CHECK(facts.is_positive(b) == truth::yes);
  CHECK(facts.is_positive(-b) == truth::no);
  CHECK(facts.is_less_equal(b, h) == truth::yes);
  CHECK(facts.is_less_equal(h, b) == truth::no);
  CHECK(facts.is_less_equal(2 * floordiv(s, 2), s) == truth::yes);
  CHECK(facts.is_less_equal(s, max(s, t)) == truth::yes);
  CHECK(facts.is_equal(b, h) == truth::no);
}

TEST_CASE_FIXTURE(table, "table: intervals reach 0, 1, 2^31 and the ends of 64 bits") {
  constexpr std::int64_t big = std::int64_t{1} << 31;
  facts.restrict(b, 0, big, "box").value();
  CHECK(facts.bounds(b) == interval{0, big});
  CHECK(facts.bounds(b * b) == interval{0, big * big});
  CHECK(facts.bounds(b * b * b) == interval{0, interval::highest});
  CHECK(facts.is_positive(b) == truth::unknown);
  facts.restrict(h, 1, interval::highest, "box").value();
  CHECK(facts.bounds(h * h) == interval{1, interval::highest});
  CHECK(facts.bounds(2 - h) == interval{interval::lowest, 1});
  CHECK(facts.simplify(max(h, 1)) == h);
  CHECK(facts.restrict(b, -5, -1, "second").failure().message ==
        "second: B is out of range: expected [-5, -1] vs B is in [0, 2147483648] (box)");
  facts.restrict(b, 0, 0, "third").value();
  CHECK(facts.simplify(b * h) == 0);
}

TEST_CASE_FIXTURE(table, "table: ranges of outputs narrow the inputs") {
  know("0 <= H <= 100");
  facts.restrict(floordiv(h - 7, 2) + 1, 1, interval::highest, "convolution 'c1'").value();
  CHECK(facts.bounds(h) == interval{7, 100});
  CHECK(facts.restrict(floordiv(h - 200, 2) + 1, 1, interval::highest, "convolution 'c2'")
            .failure()
            .message.starts_with(
                "convolution 'c2': floordiv(H, 2) - 99 is out of range: expected [1, inf] "
                "vs floordiv(H, 2) - 99 is in [-96, -49]"));
}

TEST_CASE_FIXTURE(table, "table: min, max and broadcast under bounds") {
  know("B >= 2");
  CHECK(facts.simplify(broadcast(b, h)) == b);
  CHECK(facts.is_broadcastable(b, 1) == truth::yes);
  CHECK(facts.is_broadcastable(b, h) == truth::unknown);
  know("1 <= W <= 1");
  CHECK(facts.simplify(broadcast(w, h)) == h);
  CHECK(facts.simplify(min(b, 1)) == 1);
  know("S <= T");
  CHECK(facts.simplify(max(s, t)) == t);
  CHECK(facts.simplify(min(s + 1, t + 1)) == s + 1);
}

TEST_CASE_FIXTURE(table, "table: equal products") {
  know("B*S == H*W");
  CHECK(facts.is_equal(2 * b * s * t, 2 * h * w * t) == truth::yes);
  CHECK(facts.is_equal(b, h) == truth::unknown);
  CHECK(facts.simplify(floordiv(b * s, w)) == h);
  know("B == H");
  CHECK(facts.is_equal(s, w) == truth::unknown);
  know("B >= 1");
  CHECK(facts.is_equal(s, w) == truth::yes);
}

TEST_CASE_FIXTURE(table, "table: bounds of products") {
  know("B*S <= 8192");
  CHECK(facts.bounds(4 * b * s + 1).hi == 32769);
  CHECK(facts.is_less_equal(b * s, 8192) == truth::yes);
  know("B == 8");
  CHECK(facts.bounds(s).hi == 1024);
}

TEST_CASE_FIXTURE(table, "table: constraints in text") {
  CHECK(mistake("B") == "second: expression 'B': column 2: expected ==, <=, >=, < or > vs the end");
  CHECK(mistake("B != 3") ==
        "second: expression 'B != 3': column 3: expected ==, <=, >=, < or > vs '!= 3'");
  CHECK(mistake("B ==") ==
        "second: expression 'B ==': column 5: expected a number, a name or '(' vs the end");
  know("1 < B < 5");
  CHECK(facts.bounds(b) == interval{2, 4});
  know("H > W");
  CHECK(facts.is_less_equal(w + 1, h) == truth::yes);
  know("3 >= S = T");
  CHECK(facts.bounds(t).hi == 3);
  CHECK(facts.congruent(b, 0, 0, "second").failure().message ==
        "second: modulus of B: expected at least 1 vs 0");
  CHECK(facts.unify(dim::overflow(), b, "second").failure().message ==
        "second: overflow() == B cannot be compared: no value within 64 bits");
}

TEST_CASE_FIXTURE(table, "table: lines that can be read back") {
  for (const char* line : {"1 <= B <= 10", "H % 32 == 0", "224 <= H <= 448", "W == 2*S", "S >= 1",
                           "B*T <= 8192", "(B + T) % 4 == 1", "B*T == H*S"})
    know(line);
  const std::vector<std::string> lines = facts.constraints();
  CHECK(lines == std::vector<std::string>{"1 <= B <= 10", "H % 32 == 0", "224 <= H <= 448",
                                          "W == 2*S", "S >= 1", "B*T == H*S", "(B + T) % 4 == 1",
                                          "H*S <= 8192"});
  CHECK(round_trip(facts) == lines);
}

TEST_CASE_FIXTURE(table, "table: deferred checks name their source and both values") {
  facts.defer({b, relation::equal, h, "add 'n7'"});
  facts.defer({w, relation::divisible, 4, "split 'n8'"});
  facts.defer({s, relation::broadcastable, t, "mul 'n9'"});
  facts.defer({floordiv(b, s), relation::less_equal, h, "slice 'n10'"});
  bindings values;
  CHECK(facts.check_deferred(values));
  for (const dim d : {b, h, w, s, t}) values.set(d, 4);
  CHECK(facts.check_deferred(values));
  values.set(t, 3);
  CHECK(facts.check_deferred(values).failure().message ==
        "mul 'n9': S broadcasts with T does not hold: 4 vs 3");
  values.set(w, 6);
  CHECK(facts.check_deferred(values).failure().message ==
        "split 'n8': (W) % (4) == 0 does not hold: 6 vs 4");
  values.set(h, 5);
  CHECK(facts.check_deferred(values).failure().message == "add 'n7': B == H does not hold: 4 vs 5");
  values.set(h, 4);
  values.set(w, 4);
  values.set(t, 1);
  values.set(s, 0);
  CHECK(facts.check_deferred(values).failure().message ==
        "slice 'n10': floordiv(B, S) <= H has no value: overflow, division by zero or extents that "
        "do not "
        "broadcast");
  CHECK(facts.holds({b, relation::equal, b, ""}) == truth::yes);
  CHECK(facts.holds({4 * b, relation::divisible, 2, ""}) == truth::yes);
}

TEST_CASE_FIXTURE(table, "table: a check that is deferred again is kept once") {
  for (int i = 0; i < 3; ++i) {
    facts.defer({3, relation::less_equal, h + 2, cat("conv 'n", i, "'")});
    facts.defer({3, relation::equal, h + 2, "add"});
    facts.defer({h + 2, relation::less_equal, 3, "topk"});
  }
  CHECK(facts.deferred().size() == 3);
  CHECK(facts.deferred()[0].source == "conv 'n0'");
}

TEST_CASE_FIXTURE(table, "table: learned facts are checked against values") {
  know("H % 32 == 0");
  know("1 <= B <= 10");
  know("S == T");
  bindings values;
  values.set(h, 64);
  values.set(b, 10);
  CHECK(facts.check_facts(values));
  values.set(b, 11);
  CHECK(facts.check_facts(values).failure().message == "user: B <= 10 does not hold: 11 vs 10");
  values.set(h, 33);
  CHECK(facts.check_facts(values).failure().message ==
        "user: mod(H, 32) == 0 does not hold: 1 vs 0");
}

namespace {

/// Formulas with known values, and what a table of true facts says about them.
struct drawn_facts {
  scope_ref scope = scope_ref::make();
  facts_table facts{scope};
  tenon_test::dim_source source;
  int decided = 0;

  explicit drawn_facts(std::uint64_t seed) : source(seed, *scope) {}

  tenon_test::sample known(int depth) {
    for (;;) {
      const auto out = source.formula(depth);
      if (out.value && !out.formula.is_overflow()) return out;
    }
  }

  void learn(int i) {
    const auto a = known(static_cast<int>(source.draw(0, 2)));
    const auto b = known(static_cast<int>(source.draw(0, 2)));
    const std::int64_t v = *a.value;
    const std::int64_t m = source.draw(1, 12);
    CAPTURE(a.formula.str());
    CAPTURE(b.formula.str());
    status st;
    if (i % 3 == 0)
      st = facts.restrict(a.formula, v - source.draw(0, 9), v + source.draw(0, 9), "range");
    if (i % 3 == 1) st = facts.congruent(a.formula, m, v, "remainder");
    if (i % 3 == 2) st = facts.unify(a.formula, b.formula + (v - *b.value), "equal");
    INFO((st ? "" : st.failure().message));
    REQUIRE(st);
  }

  bool agrees(truth answer, bool fact) {
    decided += answer != truth::unknown;
    return answer == truth::unknown || (answer == truth::yes) == fact;
  }

  void ask() {
    const auto a = known(3);
    const auto b = known(2);
    CAPTURE(a.formula.str());
    CAPTURE(b.formula.str());
    const dim simple = facts.simplify(a.formula);
    CAPTURE(simple.str());
    if (!simple.is_overflow()) {
      REQUIRE(evaluate(simple, source.bound()) == a.value);
      REQUIRE(facts.is_equal(simple, a.formula) != truth::no);
    }
    REQUIRE(facts.bounds(a.formula).contains(*a.value));
    const std::int64_t m = source.draw(1, 12);
    REQUIRE(agrees(facts.is_equal(a.formula, b.formula), a.value == b.value));
    REQUIRE(agrees(facts.is_less_equal(a.formula, b.formula), *a.value <= *b.value));
    REQUIRE(agrees(facts.is_divisible(a.formula, m), *a.value % m == 0));
    REQUIRE(agrees(facts.is_positive(a.formula), *a.value > 0));
  }
};

}  // namespace

TEST_CASE("table: facts that are true for drawn values never contradict and never mislead") {
  constexpr std::uint64_t seed = 4242;
  INFO("seed ", seed);
  int decided = 0;
  for (int round = 0; round < 3400; ++round) {
    CAPTURE(round);
    drawn_facts drawn(seed + static_cast<std::uint64_t>(round));
    drawn.source.draw_values(round % 4 == 0 ? -4 : 0, round % 2 == 0 ? 8 : 64);
    for (int i = 0; i < 6; ++i) drawn.learn(i);
    REQUIRE(drawn.facts.check_facts(drawn.source.bound()));
    for (int i = 0; i < 30; ++i) drawn.ask();
    facts_table again(drawn.scope);
    for (const std::string& line : drawn.facts.constraints()) {
      CAPTURE(line);
      const status st = again.require(line, "file");
      INFO((st ? "" : st.failure().message));
      REQUIRE(st);
    }
    REQUIRE(again.check_facts(drawn.source.bound()));
    decided += drawn.decided;
  }
  CHECK(decided > 60000);
}

TEST_CASE("table: simplify twice is simplify once") {
  constexpr std::uint64_t seed = 99;
  INFO("seed ", seed);
  const scope_ref scope = scope_ref::make();
  facts_table facts(scope);
  for (const char* line : {"A % 4 == 0", "1 <= B <= 9", "C == 2*D", "E >= 1"})
    facts.require(line, "").value();
  tenon_test::dim_source source(seed, *scope);
  for (int i = 0; i < 5000; ++i) {
    const dim once = facts.simplify(source.formula(3).formula);
    CAPTURE(once.str());
    REQUIRE(facts.simplify(once) == once);
  }
}

TEST_CASE("table: chains of 100000 equalities and formulas take time in proportion") {
  const scope_ref scope = scope_ref::make();
  facts_table facts(scope);
  const auto start = std::chrono::steady_clock::now();
  std::vector<dim> chain{scope->symbol("B")};
  for (int i = 0; i < 100000; ++i) chain.push_back(scope->fresh());
  for (std::size_t i = chain.size() - 1; i > 0; --i)
    facts.unify(chain[i], i % 2 == 0 ? chain[i - 1] + 1 : chain[i - 1] - 1, "chain").value();
  CHECK(facts.is_equal(chain.back(), chain[0]) == truth::yes);
  CHECK(facts.simplify(chain[99999]) == chain[0] - 1);
  const auto spent = std::chrono::steady_clock::now() - start;
  CHECK(std::chrono::duration<double>(spent).count() < 60.0);
}
