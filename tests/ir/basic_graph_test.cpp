#include "tenon/ir/basic_graph.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

using text_graph = ir::basic_graph<int, std::string>;
using ids = std::vector<value_id>;

node_id add(text_graph& g, const std::string& op, const ids& in, const ids& out) {
  return g.add_node(op, op, in, out);
}

std::string in_order(const text_graph& g) {
  std::string out;
  for (const node_id n : g.order()) out += g[n].op;
  return out;
}

/// Every use that a node makes is listed once at its value, and the other way round.
bool is_sound(const text_graph& g) {
  std::size_t reads = 0, listed = 0;
  for (std::size_t n = 0; n < g.node_capacity(); ++n) {
    if (!g.is_alive(node_id(n))) continue;
    const auto& inputs = g[node_id(n)].inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i]) continue;
      ++reads;
      const auto& uses = g[inputs[i]].uses;
      const ir::use wanted{node_id(n), static_cast<std::uint32_t>(i)};
      if (std::count(uses.begin(), uses.end(), wanted) != 1) return false;
    }
  }
  for (std::size_t v = 0; v < g.value_capacity(); ++v)
    if (g[value_id(v)].is_alive) listed += g[value_id(v)].uses.size();
  return reads == listed;
}

}  // namespace

TEST_CASE("an empty graph has no order and compacts to itself") {
  text_graph g;
  CHECK(g.order().empty());
  g.compact();
  CHECK(g.node_count() == 0);
  CHECK(g.value_capacity() == 0);
  CHECK_FALSE(g.is_alive(node_id()));
  CHECK_FALSE(g.is_alive(node_id(0)));
}

TEST_CASE("uses by nodes and as outputs are counted") {
  text_graph g;
  const auto x = g.add_input("x", 1), y = g.add_value("y", 2);
  const auto n = add(g, "a", {x, value_id(), x}, {value_id(), y});
  CHECK(g.is_input(x));
  CHECK_FALSE(g.is_input(y));
  CHECK(g.use_count(x) == 2);
  CHECK(g[y].producer == n);
  CHECK(g[y].port == 1);
  g.add_output(y);
  g.add_output(y, "again");
  g.add_output(x);
  CHECK(g.use_count(y) == 2);
  CHECK(g.use_count(x) == 3);
  CHECK(g.output_names()[0] == "y");
  CHECK(g.output_names()[1] == "again");
  CHECK(is_sound(g));
}

TEST_CASE("producers come before readers whatever their ids are, equal ones by id") {
  text_graph g;
  const auto x = g.add_input("x", 0), a = g.add_value("a", 0), b = g.add_value("b", 0),
             c = g.add_value("c", 0);
  add(g, "3", {a, b}, {c});
  add(g, "2", {a}, {b});
  add(g, "1", {x}, {a});
  add(g, "4", {}, {});
  CHECK(in_order(g) == "1234");
}

TEST_CASE("nodes on and behind a cycle are left out") {
  text_graph g;
  const auto x = g.add_input("x", 0), a = g.add_value("a", 0), b = g.add_value("b", 0),
             c = g.add_value("c", 0), d = g.add_value("d", 0);
  add(g, "1", {x}, {d});
  add(g, "2", {x, b}, {a});
  add(g, "3", {a}, {b});
  add(g, "4", {b}, {c});
  CHECK(in_order(g) == "1");
  g.set_input(node_id(1), 1, d);
  CHECK(in_order(g) == "1234");
  g.set_input(node_id(0), 0, d);
  CHECK(in_order(g) == "");
}

TEST_CASE("an input points elsewhere, or nowhere") {
  text_graph g;
  const auto x = g.add_input("x", 0), y = g.add_input("y", 0);
  const auto n = add(g, "a", {x, x}, {});
  g.set_input(n, 1, y);
  CHECK(g.use_count(x) == 1);
  CHECK(g.use_count(y) == 1);
  g.set_input(n, 1, y);
  CHECK(g.use_count(y) == 1);
  g.set_input(n, 0, value_id());
  CHECK(g.use_count(x) == 0);
  CHECK(is_sound(g));
}

TEST_CASE("redirect moves every reader and every output") {
  text_graph g;
  const auto x = g.add_input("x", 0), y = g.add_value("y", 0), z = g.add_value("z", 0);
  add(g, "a", {x, x, x}, {y});
  add(g, "b", {y, x}, {z});
  g.add_output(x, "first");
  g.add_output(z, "second");
  g.add_output(x, "third");
  g.redirect(x, z);
  CHECK(g.use_count(x) == 0);
  CHECK(g.use_count(z) == 7);
  CHECK(g.outputs()[0] == z);
  CHECK(g.output_names()[0] == "first");
  CHECK(g.output_names()[2] == "third");
  CHECK(is_sound(g));
  g.redirect(z, z);
  CHECK(g.use_count(z) == 7);
}

TEST_CASE("an output changes its value, not its name") {
  text_graph g;
  const auto x = g.add_input("x", 0), y = g.add_input("y", 0);
  g.add_output(x, "out");
  g.set_output(0, y);
  CHECK(g.use_count(x) == 0);
  CHECK(g.use_count(y) == 1);
  g.set_output(0, y);
  CHECK(g.use_count(y) == 1);
  CHECK(g.output_names()[0] == "out");
}

TEST_CASE("an erased node frees its inputs and takes its outputs with it") {
  text_graph g;
  const auto x = g.add_input("x", 0), y = g.add_value("y", 5), c = g.add_value("c", 6);
  const auto n = add(g, "a", {x, c, value_id()}, {y, value_id()});
  g.erase(n);
  CHECK(g.node_count() == 0);
  CHECK(g.node_capacity() == 1);
  CHECK_FALSE(g.is_alive(n));
  CHECK_FALSE(g[y].is_alive);
  CHECK(g.fact(y) == 0);
  CHECK(g.use_count(x) == 0);
  CHECK(g[n].op.empty());
  g.erase(c);
  CHECK_FALSE(g[c].is_alive);
  CHECK(is_sound(g));
}

TEST_CASE("a graph input that nothing reads can be dropped") {
  text_graph g;
  const auto x = g.add_input("x", 0), y = g.add_input("y", 0);
  g.remove_input(0);
  CHECK_FALSE(g.is_input(x));
  CHECK(g.is_input(y));
  g.compact();
  REQUIRE(g.inputs().size() == 1);
  CHECK(g[g.inputs()[0]].name == "y");
  CHECK(g.value_capacity() == 1);
}

TEST_CASE("compact keeps what is reachable, in order, with names, facts and origins") {
  text_graph g;
  g.name = "kept";
  const auto x = g.add_input("x", 1), y = g.add_value("y", 2), z = g.add_value("z", 3),
             c = g.add_value("c", 4), lost = g.add_value("lost", 5), gone = g.add_value("gone", 6);
  add(g, "b", {y, c, value_id(), y}, {z, value_id()});
  g.add_node("first", "a", ids{x}, ids{y}, {{"origin"}});
  const auto dead = add(g, "c", {z}, {gone});
  g.add_output(z, "out");
  g.add_output(c);
  g.add_output(z, "out2");
  g.erase(dead);
  CHECK(g[lost].is_alive);
  g.compact();
  CHECK(g.name == "kept");
  CHECK(in_order(g) == "ab");
  CHECK(g.node_capacity() == 2);
  CHECK(g.value_capacity() == 4);
  CHECK(g[node_id(0)].origin.nodes == std::vector<std::string>{"origin"});
  CHECK(g[node_id(0)].name == "first");
  const auto& second = g[node_id(1)];
  CHECK(second.inputs[0] == second.inputs[3]);
  CHECK_FALSE(second.inputs[2]);
  CHECK_FALSE(second.outputs[1]);
  CHECK(g.fact(second.outputs[0]) == 3);
  CHECK(g.use_count(second.outputs[0]) == 2);
  CHECK(g.fact(g.outputs()[1]) == 4);
  CHECK(g.output_names()[1] == "c");
  CHECK(is_sound(g));
}

TEST_CASE("any sequence of changes keeps uses and order sound") {
  unsigned seed = 1;
  const auto random = [&](std::size_t below) {
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
  };
  text_graph g;
  ids values{g.add_input("x", 0)};
  for (int step = 0; step < 600; ++step) {
    const value_id made = g.add_value("v", step);
    ids in(random(4));
    for (value_id& v : in) v = values[random(values.size())];
    const node_id n = add(g, "n", in, {made});
    values.push_back(made);
    if (step % 7 == 0) g.redirect(made, values[0]);
    if (step % 3 == 0 && g.use_count(made) == 0) {
      g.erase(n);
      values.pop_back();
    }
    if (step % 5 == 0 && !in.empty() && g.is_alive(n)) g.set_input(n, 0, value_id());
  }
  CHECK(is_sound(g));
  CHECK(g.order().size() == g.node_count());
  g.add_output(values.back(), "out");
  const auto count = g.node_count();
  g.compact();
  CHECK(g.node_count() == count);
  CHECK(g.node_capacity() == count);
  CHECK(is_sound(g));
  const auto order = g.order();
  CHECK(order.size() == count);
}
