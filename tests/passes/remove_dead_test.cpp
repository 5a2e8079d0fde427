#include "tenon/passes/remove_dead.hpp"

#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/random.hpp"
#include "tenon/ops/slicing.hpp"

#include <string>
#include <vector>

#include "../rules/check_rewrite.hpp"
#include "run_pass.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

std::size_t remove(ir::graph& g) {
  return run_pass<passes::remove_dead>(g, {}, {.no_dead_nodes = true}).changes;
}

}  // namespace

TEST_CASE("whole chains that lead nowhere go, random ones too") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2});
  auto y = b.add(ops::random_normal_like{}, {x});
  for (int i = 0; i < 4; ++i) y = b.add(ops::add{}, {y, b.constant("c", numbers({2}, 1))});
  b.output("z", b.add(ops::relu{}, {x}));
  ir::graph g = b.finish().value();
  CHECK(remove(g) == 9);
  CHECK(op_names(g) == "relu");
  CHECK(remove(g) == 0);
}

TEST_CASE("a node stays while one of its outputs is read") {
  builder b;
  const auto x = b.input("x", dtype::f32, {6});
  const value_id in[] = {x};
  const auto parts = b.add(ops::split{}, in, 3);
  b.add(ops::relu{}, {parts[0]});
  b.output("y", parts[2]);
  ir::graph g = b.finish().value();
  CHECK(remove(g) == 1);
  CHECK(op_names(g) == "split");
}

TEST_CASE("graph inputs stay, read or not, constants that are outputs too") {
  builder b;
  b.input("x", dtype::f32, {2});
  b.output("c", b.constant("c", numbers({2}, 1)));
  b.constant("unread", numbers({2}, 2));
  ir::graph g = b.finish().value();
  g.add_input("default", ir::fact::of_constant(numbers({2}, 3)));
  CHECK(remove(g) == 1);
  CHECK(g.inputs().size() == 2);
  CHECK(g.is_constant(g.outputs()[0]));
}

TEST_CASE("a node whose outputs were never wanted goes with what only it read") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2});
  const auto y = b.add(ops::relu{}, {x});
  b.output("z", b.add(ops::relu{}, {x}));
  ir::graph g = b.finish().value();
  const value_id in[] = {y}, nobody[] = {value_id()};
  g.add_node("unwanted", ops::relu{}, in, nobody);
  g.add_node("no outputs", ops::relu{}, in, {});
  CHECK(remove(g) == 3);
  CHECK(op_names(g) == "relu");
}

TEST_CASE("readers with lower ids than their producers go as well") {
  ir::graph g;
  const ir::fact f = ir::fact::of(dtype::f32, {dim(2)});
  const auto x = g.add_input("x", f), a = g.add_value("a", f), b = g.add_value("b", f),
             y = g.add_value("y", f);
  const auto add = [&](value_id in, value_id out) {
    g.add_node("n", ops::relu{}, std::vector{in}, std::vector{out});
  };
  add(a, b);
  add(x, a);
  add(x, y);
  g.add_output(y);
  CHECK(remove(g) == 2);
}
