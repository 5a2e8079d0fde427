#include "tenon/ir/builder.hpp"

#include "tenon/ir/verify.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/slicing.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

std::string message(builder& b) {
  auto made = b.finish();
  return made ? "no error" : made.failure().message;
}

}  // namespace

TEST_CASE("a graph is built as it is written") {
  builder b("mlp");
  const auto x = b.input("x", dtype::f32, {"batch", 4, std::int64_t{1} << 40});
  const auto w = b.constant("w", tensor::scalar<float>(2));
  const auto y = b.add(ops::mul{}, {x, w}, "scaled");
  CHECK(b.fact(y).str() == "f32[batch, 4, 1099511627776]");
  b.output("y", y);
  b.output("x again", x);
  const ir::graph g = b.finish().value();
  CHECK(g.name == "mlp");
  CHECK(ir::verify(g));
  CHECK(g[y].name == "scaled");
  CHECK(g.output_names()[1] == "x again");
  CHECK(g[g[y].producer].origin.nodes == std::vector<std::string>{"scaled"});
}

TEST_CASE("the same name is the same size, and no size is negative") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"N"}), y = b.input("y", dtype::f32, {"N"});
  CHECK(b.fact(x).shape == b.fact(y).shape);
  const auto sum = b.add(ops::add{}, {x, y});
  CHECK(b.fact(sum).shape == b.fact(x).shape);
  CHECK(b.graph().symbols.facts().bounds(b.fact(x).shape[0]) == interval{0, interval::highest});
}

TEST_CASE("nodes without a name get one from their op and number, outputs from the node") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2, 6});
  b.add(ops::relu{}, {x});
  ops::split halves;
  halves.axis = 1;
  const value_id in[] = {x};
  const auto parts = b.add(halves, in, 3);
  REQUIRE(parts.size() == 3);
  CHECK(b.graph()[parts[0]].name == "split_1");
  CHECK(b.graph()[parts[2]].name == "split_1.2");
  CHECK(b.graph()[b.graph()[parts[1]].producer].name == "split_1");
}

TEST_CASE("the first error sticks, later values are invalid") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2}), y = b.input("y", dtype::f32, {3});
  const auto wrong = b.add(ops::add{}, {x, y}, "sum");
  CHECK_FALSE(wrong);
  CHECK(b.fact(wrong).type == dtype::undefined);
  CHECK(b.fact(value_id(99)).type == dtype::undefined);
  const auto after =
      b.add(ops::mul{}, {x, b.constant("bad", tensor::of<float>({5}, {1, 2, 3, 4, 5}))});
  CHECK_FALSE(after);
  b.output("sum", wrong);
  b.output("after", after);
  const std::string text = message(b);
  CHECK(text.starts_with("add 'sum': "));
  CHECK(text.find("[2] and [3]") != std::string::npos);
}

TEST_CASE("errors name the node and what is wrong with it") {
  {
    builder b;
    b.add(ops::add{}, {b.input("x", dtype::f32, {2})}, "half");
    CHECK(message(b) == "add 'half': input 'b' is missing");
  }
  {
    builder b;
    const auto x = b.input("x", dtype::f32, {2});
    b.add(ops::relu{}, {x, x}, "twice");
    CHECK(message(b) == "relu 'twice': has 2 inputs, expected at most 1");
  }
  {
    builder b;
    const value_id in[] = {b.input("x", dtype::f32, {2})};
    const auto two = b.add(ops::relu{}, in, 2, "two");
    CHECK(two == std::vector<value_id>(2));
    CHECK(message(b) == "relu 'two': has 2 outputs, expected at most 1");
  }
  {
    builder b;
    b.add(ops::relu{}, {value_id(7)}, "far");
    CHECK(message(b) == "relu 'far': input 0 is value 7, expected a value of this graph");
  }
}

TEST_CASE("an output that is no value of the graph is refused") {
  for (const value_id v : {value_id(), value_id(7)}) {
    builder b;
    b.input("x", dtype::f32, {2});
    b.output("y", v);
    CHECK(message(b) == "output 'y' is no value of this graph");
  }
}

TEST_CASE("a declared size is 0 or more, or has a name") {
  builder b;
  b.input("scalar", dtype::f32, {});
  b.input("empty", dtype::f32, {0});
  CHECK(b.graph().inputs().size() == 2);
  b.input("x", dtype::f32, {2, -1});
  CHECK(message(b) ==
        "input 'x': axis 1 has size -1, expected 0 or more, or a name for a size that varies");
  builder unnamed;
  unnamed.input("x", dtype::f32, {""});
  CHECK(message(unnamed).find("axis 0 has size -1") != std::string::npos);
}
