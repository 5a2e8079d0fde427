#include "tenon/passes/propagate_symbols.hpp"

#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/movement.hpp"

#include <string>
#include <vector>

#include "../rules/check_rewrite.hpp"
#include "run_pass.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

/// x -> relu -> y, with the fact of y forgotten or changed before the pass runs.
struct chain {
  ir::graph g;
  value_id y;
  std::size_t skips = 0;

  explicit chain(std::initializer_list<declared_dim> shape) {
    builder b;
    y = b.add(ops::relu{}, {b.input("x", dtype::f32, shape)});
    b.output("y", y);
    g = b.finish().value();
  }

  std::size_t run() {
    const pass_run done = run_pass<passes::propagate_symbols>(g, {}, {.facts = false});
    skips = done.skip_count;
    return done.changes;
  }

  std::string text() const { return g.fact(y).str(); }
};

}  // namespace

TEST_CASE("an unknown rank becomes known, a second run changes nothing") {
  chain c({"N", 3});
  c.g.row(c.y).fact = ir::fact::unranked(dtype::f32);
  CHECK(c.run() == 1);
  CHECK(c.text() == "f32[N, 3]");
  CHECK(c.run() == 0);
}

TEST_CASE("a symbol becomes a number, a number never a symbol") {
  chain c({"N", 3});
  c.g.row(c.y).fact = ir::fact::of(dtype::f32, {dim(4), c.g.symbols.scope().symbol("M")});
  CHECK(c.run() == 1);
  CHECK(c.text() == "f32[4, 3]");
}

TEST_CASE("what is learned of symbols simplifies recorded sizes") {
  chain c({"N", 3});
  REQUIRE(c.g.symbols.facts().require("N == 8", "test"));
  CHECK(c.run() == 1);
  CHECK(c.text() == "f32[8, 3]");
}

TEST_CASE("facts of another dtype, kind or rank are left alone") {
  chain c({2});
  for (const ir::fact& odd : {ir::fact::of(dtype::f64, {dim(2)}), ir::fact::of(dtype::f32, {}),
                              ir::fact::sequence_of(ir::fact::of(dtype::f32, {dim(2)}))}) {
    c.g.row(c.y).fact = odd;
    CHECK(c.run() == 0);
    CHECK(c.text() == odd.str());
  }
}

TEST_CASE("known content of small integers is found again") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"N", 3});
  const auto shape = b.add(ops::shape_of{}, {x});
  b.output("s", shape);
  ir::graph g = b.finish().value();
  g.row(shape).fact.elements.reset();
  CHECK(run_pass<passes::propagate_symbols>(g).changes == 1);
  REQUIRE(g.fact(shape).has_elements());
  CHECK(bracketed(*g.fact(shape).elements) == "[N, 3]");
}

TEST_CASE("a node whose rule fails is skipped with the reason, the others are done") {
  chain c({"N", 3});
  const value_id none[] = {value_id()};
  const auto lost = c.g.add_value("lost", ir::fact::unranked(dtype::f32));
  const value_id out[] = {lost};
  c.g.add_node("broken", ops::relu{}, none, out);
  c.g.row(c.y).fact = ir::fact::unranked(dtype::f32);
  CHECK(c.run() == 1);
  CHECK(c.skips == 1);
  CHECK(c.text() == "f32[N, 3]");
}
