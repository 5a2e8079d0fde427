#include "tenon/passes/share_common.hpp"

#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/random.hpp"
#include "tenon/ops/sequence_map.hpp"
#include "tenon/ops/slicing.hpp"

#include <limits>

#include "../rules/check_rewrite.hpp"
#include "run_pass.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

std::string share(ir::graph& g) {
  run_pass<passes::share_common>(g);
  g.compact();
  return op_names(g);
}

/// Constants left of two that a graph gives as outputs.
std::size_t constants_left(tensor a, tensor b) {
  ir::graph g;
  g.add_output(g.add_constant("a", std::move(a)));
  g.add_output(g.add_constant("b", std::move(b)));
  share(g);
  return g.value_capacity();
}

/// Nodes left of two with these ops on the same input.
std::string nodes_left(const ir::any_op& a, const ir::any_op& b) {
  builder made;
  const auto x = made.input("x", dtype::f32, {2, 2});
  made.output("y", made.add(a, {x}));
  made.output("z", made.add(b, {x}));
  ir::graph g = made.finish().value();
  return share(g);
}

}  // namespace

TEST_CASE("constants are one when dtype, extents and bits are") {
  CHECK(constants_left(tensor::scalar<float>(1), tensor::scalar<float>(1)) == 1);
  CHECK(constants_left(tensor::scalar<float>(not_a_number), tensor::scalar<float>(not_a_number)) ==
        1);
  CHECK(constants_left(tensor::scalar<float>(0.0F), tensor::scalar<float>(-0.0F)) == 2);
  CHECK(constants_left(tensor::scalar<float>(0), tensor::scalar<std::int32_t>(0)) == 2);
  CHECK(constants_left(tensor::of<float>({1, 2}, {1, 2}), tensor::of<float>({2}, {1, 2})) == 2);
  CHECK(constants_left(tensor::of<float>({0, 2}, {}), tensor::of<float>({0, 2}, {})) == 1);
  CHECK(constants_left(tensor::of<float>({0, 2}, {}), tensor::of<float>({0, 3}, {})) == 2);
  CHECK(constants_left(tensor::of<std::string>({1}, {"a"}), tensor::of<std::string>({1}, {"a"})) ==
        1);
  CHECK(constants_left(tensor::of<std::string>({1}, {"a"}), tensor::of<std::string>({1}, {"b"})) ==
        2);
}

TEST_CASE("long constants that differ in one byte anywhere stay two") {
  for (const std::int64_t at : {0, 7, 100, 998, 999}) {
    tensor a(dtype::u8, {1000});
    for (auto& v : a.elements<std::uint8_t>()) v = 3;
    tensor b = a.clone();
    CHECK(constants_left(a, b.clone()) == 1);
    b.data<std::uint8_t>()[at] = 4;
    CHECK(constants_left(a, b) == 2);
  }
}

TEST_CASE("an input with a default value is no constant to share") {
  ir::graph g;
  const tensor one = tensor::scalar<float>(1);
  const auto x = g.add_input("x", ir::fact::of_constant(one));
  g.add_output(x, "x");
  g.add_output(g.add_constant("c", one), "c");
  share(g);
  CHECK(g.outputs()[0] != g.outputs()[1]);
}

TEST_CASE("nodes are one when op, attributes and inputs are") {
  CHECK(nodes_left(ops::relu{}, ops::relu{}) == "relu");
  CHECK(nodes_left(ops::relu{}, ops::sigmoid{}) == "relu sigmoid");
  CHECK(nodes_left(ops::leaky_relu{.alpha = 0.1F}, ops::leaky_relu{.alpha = 0.1F}) == "leaky_relu");
  CHECK(nodes_left(ops::leaky_relu{.alpha = 0.1F}, ops::leaky_relu{.alpha = 0.2F}) ==
        "leaky_relu leaky_relu");
  CHECK(nodes_left(ops::leaky_relu{.alpha = 0.0F}, ops::leaky_relu{.alpha = -0.0F}) ==
        "leaky_relu leaky_relu");
}

TEST_CASE("operands in another order are another node") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2}), y = b.input("y", dtype::f32, {2});
  b.output("a", b.add(ops::sub{}, {x, y}));
  b.output("b", b.add(ops::sub{}, {y, x}));
  b.output("c", b.add(ops::sub{}, {x, y}));
  ir::graph g = b.finish().value();
  CHECK(share(g) == "sub sub");
  CHECK(g.outputs()[0] == g.outputs()[2]);
  CHECK(g.output_names()[2] == "c");
}

TEST_CASE("random numbers are drawn as often as before") {
  CHECK(nodes_left(ops::random_normal_like{}, ops::random_normal_like{}) ==
        "random_normal_like random_normal_like");
  CHECK(nodes_left(ops::bernoulli{}, ops::bernoulli{}) == "bernoulli bernoulli");
  builder inner;
  inner.output("r", inner.add(ops::random_normal_like{}, {inner.input("a", dtype::f32, {2, 2})}));
  const ir::subgraph noise(inner.finish().value());
  const ops::sequence_map draws{.body = noise, .carried_count = 1};
  builder b;
  auto items = ir::fact::sequence_of(ir::fact::of(dtype::f32, {dim(2), dim(2)}));
  const auto s = b.graph().add_input("s", std::move(items));
  b.output("y", b.add(draws, {s}));
  b.output("z", b.add(draws, {s}));
  ir::graph g = b.finish().value();
  CHECK(share(g) == "sequence_map sequence_map");
}

TEST_CASE("a node that has fewer outputs does not stand for one that has more") {
  builder b;
  const auto x = b.input("x", dtype::f32, {6});
  const value_id in[] = {x};
  const auto two = b.add(ops::split{}, in, 2), three = b.add(ops::split{}, in, 3),
             again = b.add(ops::split{}, in, 3);
  b.output("a", two[0]);
  b.output("b", three[0]);
  b.output("c", again[2]);
  const ir::graph before = b.finish().value();
  ir::graph g = before;
  CHECK(share(g) == "split split");
  CHECK(compare_graphs(before, g, 1) == "");
}

TEST_CASE("chains of equal nodes become one chain in one run") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"N"});
  for (int copy = 0; copy < 3; ++copy) {
    auto y = x;
    for (int i = 0; i < 10; ++i) y = b.add(ops::sigmoid{}, {y});
    b.output(cat("y", copy), y);
  }
  const ir::graph before = b.finish().value();
  ir::graph g = before;
  share(g);
  CHECK(g.node_count() == 10);
  CHECK(compare_graphs(before, g, 2) == "");
}
