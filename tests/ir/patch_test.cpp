#include "tenon/ir/patch.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ir/print.hpp"
#include "tenon/ir/verify.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/movement.hpp"

#include <doctest/doctest.h>

using namespace tenon;

namespace {

/// y = relu(exp(neg(x))), nodes named after their ops.
ir::graph chain() {
  builder b;
  const auto n = b.add(ops::neg{}, {b.input("x", dtype::f32, {"N", 3})}, "neg");
  b.output("y", b.add(ops::relu{}, {b.add(ops::exp{}, {n}, "exp")}, "relu"));
  return b.finish().value();
}

value_id output_of(const ir::graph& g, std::string_view node) {
  for (const node_id n : g.order())
    if (g[n].name == node) return g[n].outputs[0];
  return {};
}

using names = std::vector<std::string>;

/// Origins of the only node of that op, sorted.
template <class Op> names origins(const ir::graph& g) {
  names out;
  for (const node_id n : g.order())
    if (g[n].op.is<Op>()) out = g[n].origin.nodes;
  std::ranges::sort(out);
  return out;
}

}  // namespace

TEST_CASE("a new node stands for the nodes that die, not for those that it reads") {
  ir::graph g = chain();
  ir::patch p(g);
  const value_id n = output_of(g, "neg"), y = output_of(g, "relu");
  SUBCASE("all of them") {
    p.replace(y, p.add(ops::sigmoid{}, {g.inputs()[0]}).value());
    CHECK(p.apply(g).value() == 1);
    CHECK(origins<ops::sigmoid>(g) == names{"exp", "neg", "relu"});
    CHECK(g.order().size() == 1);
  }
  SUBCASE("the two after the one that it reads") {
    p.replace(y, p.add(ops::sigmoid{}, {n}).value());
    CHECK(p.apply(g).value() == 1);
    CHECK(origins<ops::sigmoid>(g) == names{"exp", "relu"});
    CHECK(origins<ops::neg>(g) == names{"neg"});
  }
  SUBCASE("the one whose readers it takes") {
    p.replace(y, p.add(ops::sigmoid{}, {y}).value());
    CHECK(p.apply(g).value() == 1);
    CHECK(origins<ops::sigmoid>(g) == names{"relu"});
    CHECK(g.order().size() == 4);
  }
  SUBCASE("the one that it is said to stand for") {
    p.stand_for(g[n].producer);
    p.replace(y, p.add(ops::sigmoid{}, {g.inputs()[0]}).value());
    CHECK(p.apply(g).value() == 1);
    CHECK(origins<ops::sigmoid>(g) == names{"neg"});
  }
  SUBCASE("what a later new node reads is replaced for it too") {
    const value_id first = p.add(ops::sigmoid{}, {g.inputs()[0]}).value();
    p.replace(n, first);
    p.replace(y, p.add(ops::softplus{}, {n}).value());
    CHECK(p.apply(g).value() == 2);
    CHECK(g.order().size() == 2);
    CHECK(origins<ops::neg>(g).empty());
  }
  CHECK(g.output_names()[0] == "y");
  CHECK(ir::verify(g));
}

TEST_CASE("a patch that does not fit changes nothing") {
  ir::graph g = chain();
  const std::string before = ir::to_text(g);
  ir::patch p(g);
  SUBCASE("another type") {
    const auto bad = p.constant(tensor::of<std::int64_t>({1, 3}, {1, 2, 3}), "c");
    p.replace(output_of(g, "relu"), bad);
    const auto done = p.apply(g);
    REQUIRE(!done);
    CHECK(done.failure().kind == code::graph);
    CHECK(done.failure().message == "patch replaces 'relu': f32[N, 3] by i64[1, 3]");
  }
  SUBCASE("another shape") {
    p.replace(output_of(g, "relu"), p.constant(tensor::of<float>({1, 2}, {1, 2})));
    CHECK(!p.apply(g));
  }
  SUBCASE("a node that cannot be") {
    ops::transpose turned;
    turned.perm = {0, 0};
    const auto made = p.add(turned, {g.inputs()[0]}, "turned");
    REQUIRE(!made);
    CHECK(made.failure().message.find("'turned'") != std::string::npos);
    CHECK(p.empty());
  }
  CHECK(ir::to_text(g) == before);
}
