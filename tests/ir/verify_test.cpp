#include "tenon/ir/verify.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

/// An op of the library alone, which may own a graph.
struct own {
  static constexpr ir::op_info info{"own", ir::ports{ir::maybe("x"), ir::maybe("y")},
                                    ir::ports{"z", ir::maybe("w")}, ir::holds_graphs};
  ir::subgraph body;
  static constexpr auto attributes = ir::attributes_of(ir::attribute{"body", &own::body});
  friend bool operator==(const own&, const own&) = default;

  status infer(ir::infer_context& ctx) const {
    for (std::size_t i = 0; i < ctx.output_count(); ++i) ctx.output(i, dtype::f32, {dim(2)});
    return {};
  }

  status reference(ir::eval_context&) const { return {}; }
};

std::string message(const ir::graph& g, const ir::verify_spec& spec = {}) {
  const auto sound = ir::verify(g, spec);
  if (sound) return "sound";
  CHECK(sound.failure().kind == code::graph);
  return sound.failure().message;
}

/// x -> relu "a" -> y -> relu "b" -> z, with the ids in that order.
struct chain {
  ir::graph g;
  value_id x, y, z;
  node_id a, b;

  chain() {
    builder made("chain");
    x = made.input("x", dtype::f32, {2});
    y = made.add(ops::relu{}, {x}, "a");
    z = made.add(ops::relu{}, {y}, "b");
    made.output("z", z);
    g = made.finish().value();
    a = g[y].producer;
    b = g[z].producer;
  }
};

}  // namespace

TEST_CASE("a sound graph is sound by every measure") {
  const chain c;
  CHECK(message(c.g) == "sound");
  CHECK(message(c.g, {.no_dead_nodes = true, .standard_ops_only = true}) == "sound");
  CHECK(message(ir::graph()) == "sound");
}

TEST_CASE("an input that does not exist is named") {
  chain c;
  c.g.row(c.b).inputs[0] = value_id(77);
  CHECK(message(c.g) == "value 'a' lists a use that does not read it");
  c.g.row(c.y).uses.clear();
  CHECK(message(c.g) == "relu 'b': input 0 is value 77, which does not exist");
  c.g.row(c.b).inputs[0] = c.y;
  c.g.row(c.y).is_alive = false;
  CHECK(message(c.g) == "relu 'a': output 0 is value 1, which does not exist");
}

TEST_CASE("use lists have every use once and no other") {
  chain c;
  const ir::use right = c.g[c.y].uses[0];
  c.g.row(c.y).uses.clear();
  CHECK(message(c.g) == "relu 'b': input 0 is listed 0 times as a use of 'a', expected once");
  c.g.row(c.y).uses.push_back(right);
  c.g.row(c.y).uses.push_back(right);
  CHECK(message(c.g) == "relu 'b': input 0 is listed 2 times as a use of 'a', expected once");
  for (const ir::use wrong : {ir::use{c.b, 1}, ir::use{c.a, 0}, ir::use{node_id(9), 0}}) {
    c.g.row(c.y).uses[1] = wrong;
    CHECK(message(c.g) == "value 'a' lists a use that does not read it");
  }
  c.g.row(c.y).uses.pop_back();
  CHECK(message(c.g) == "sound");
}

TEST_CASE("what is read is made, given or constant") {
  chain c;
  const auto v = c.g.add_value("nobody", ir::fact::of(dtype::f32, {dim(2)}));
  c.g.set_input(c.a, 0, v);
  CHECK(message(c.g) == "relu 'a': input 0 'nobody' is neither made, given nor constant");
  c.g.row(v).fact = ir::fact::of_constant(tensor(dtype::f32, {2}));
  CHECK(message(c.g) == "sound");
  c.g.set_output(0, c.g.add_value("none", ir::fact::of(dtype::f32, {dim(2)})));
  CHECK(message(c.g) == "graph output 'none' is neither made, given nor constant");
}

TEST_CASE("outputs and producers name each other") {
  chain c;
  c.g.row(c.z).producer = c.a;
  CHECK(message(c.g) == "value 'b' is no output of the node that it names");
  c.g.row(c.z).producer = c.b;
  c.g.row(c.z).port = 1;
  CHECK(message(c.g) == "value 'b' is no output of the node that it names");
  c.g.row(c.z).port = 0;
  c.g.row(c.b).outputs.push_back(c.z);
  CHECK(message(c.g) == "relu 'b': output 1 'b' names another producer");
  c.g.row(c.b).outputs[1] = value_id(50);
  CHECK(message(c.g) == "relu 'b': output 1 is value 50, which does not exist");
  c.g.row(c.b).name.clear();
  c.g.row(c.b).outputs[0] = value_id(50);
  c.g.row(c.z).producer = {};
  c.g.set_output(0, c.y);
  CHECK(message(c.g) == "relu '' (onnx: b): output 0 is value 50, which does not exist");
}

TEST_CASE("a value that an erased node made is found") {
  chain c;
  c.g.row(c.b).is_alive = false;
  c.g.row(c.y).uses.clear();
  CHECK(message(c.g) == "value 'b' is made by an erased node");
}

TEST_CASE("graph inputs exist and are made by nobody") {
  chain c;
  c.g.row(c.x).producer = c.b;
  CHECK(message(c.g) == "graph input 0 does not exist or is made by a node");
  c.g.row(c.x).producer = {};
  c.g.row(c.x).is_alive = false;
  CHECK(message(c.g) == "graph input 0 does not exist or is made by a node");
}

TEST_CASE("graph outputs exist and are counted") {
  chain c;
  c.g.row(c.z).output_uses = 2;
  CHECK(message(c.g) == "value 'b' counts 2 output uses, expected 1");
  c.g.row(c.z).output_uses = 1;
  c.g.row(c.x).output_uses = 1;
  CHECK(message(c.g) == "value 'x' counts 1 output uses, expected 0");
  c.g.row(c.x).output_uses = 0;
  c.g.row(c.z).is_alive = false;
  CHECK(message(c.g) == "a graph output is value 2, which does not exist");
}

TEST_CASE("cycles are counted") {
  chain c;
  c.g.set_input(c.a, 0, c.z);
  CHECK(message(c.g) == "2 nodes lie on a cycle");
  c.g.set_input(c.a, 0, c.y);
  CHECK(message(c.g) == "2 nodes lie on a cycle");
}

TEST_CASE("a node without an op is found") {
  chain c;
  c.g.row(c.b).op = {};
  CHECK(message(c.g) == "node 'b': has no op");
}

TEST_CASE("recorded facts do not contradict the shape rules") {
  chain c;
  const auto record = [&](ir::fact f) {
    c.g.row(c.z).fact = std::move(f);
    return message(c.g);
  };
  CHECK(record(ir::fact::of(dtype::f64, {dim(2)})) ==
        "relu 'b': recorded fact is f64[2], inferred f32[2]");
  CHECK(record(ir::fact::of(dtype::f32, {dim(3)})) ==
        "relu 'b': recorded fact is f32[3], inferred f32[2]");
  CHECK(record(ir::fact::of(dtype::f32, {})) ==
        "relu 'b': recorded fact is f32[], inferred f32[2]");
  CHECK(record(ir::fact::sequence_of(ir::fact::of(dtype::f32, {dim(2)}))) ==
        "relu 'b': recorded fact is sequence(f32[2]), inferred f32[2]");
  CHECK(record(ir::fact::unranked(dtype::f32)) == "sound");
  CHECK(record(ir::fact::of(dtype::f32, {c.g.symbols.scope().symbol("N")})) == "sound");
  c.g.row(c.z).fact = ir::fact::of(dtype::f32, {dim(3)});
  CHECK(message(c.g, {.facts = false}) == "sound");
}

TEST_CASE("a node whose shape rule fails is named") {
  chain c;
  c.g.set_input(c.a, 0, value_id());
  CHECK(message(c.g) == "relu 'a': input 'x' is missing");
  CHECK(message(c.g, {.facts = false}) == "sound");
}

TEST_CASE("dead nodes and nodes without an ONNX form are found on demand") {
  chain c;
  c.g.set_output(0, c.y);
  CHECK(message(c.g) == "sound");
  CHECK(message(c.g, {.no_dead_nodes = true}) == "relu 'b': no output depends on it");
  builder b;
  b.output("z", b.add(own{}, {}, "mine"));
  const ir::graph g = b.finish().value();
  CHECK(message(g) == "sound");
  CHECK(message(g, {.standard_ops_only = true}) ==
        "own 'mine': has no ONNX form, expected standard ops only");
}

TEST_CASE("bodies hold too, however deep, with the way to them") {
  chain c;
  c.g.row(c.y).uses.clear();
  builder middle;
  own holds_chain;
  holds_chain.body = ir::subgraph(c.g);
  middle.output("m", middle.add(holds_chain, {}, "inner"));
  own holds_middle;
  holds_middle.body = ir::subgraph(middle.finish().value());
  builder outer;
  outer.output("o", outer.add(holds_middle, {}, "outer"));
  const ir::graph g = outer.finish().value();
  CHECK(message(g) ==
        "own 'outer': body: own 'inner': body: relu 'b': input 0 is listed 0 times as "
        "a use of 'a', expected once");
  CHECK(message(g, {.bodies = false}) == "sound");
}
