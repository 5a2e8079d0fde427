#include "tenon/passes/fold_constants.hpp"

#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/branch.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/loops.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/random.hpp"
#include "tenon/ops/selection.hpp"
#include "tenon/ops/sequence.hpp"

#include <cmath>
#include <limits>

#include "../rules/check_rewrite.hpp"
#include "run_pass.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

struct folded : pass_run {
  std::string ops;
  ir::graph graph;
};

folded fold(builder& b, const rewrite::rule_settings& settings = {}) {
  ir::graph g = b.finish().value();
  pass_run done = run_pass<passes::fold_constants>(g, settings);
  g.compact();
  return {std::move(done), op_names(g), std::move(g)};
}

/// A branch of If without captures that gives one value of two elements.
ir::subgraph branch(ir::any_op op, std::vector<tensor> inputs) {
  builder b;
  std::vector<value_id> in;
  for (tensor& t : inputs) in.push_back(b.constant("c", std::move(t)));
  b.output("y", b.add(std::move(op), in, 1)[0]);
  return ir::subgraph(b.finish().value());
}

rewrite::rule_settings growth_of(std::size_t bytes) {
  rewrite::rule_settings settings;
  settings.max_growth_bytes = bytes;
  return settings;
}

}  // namespace

TEST_CASE("chains of constants fold in one run, the rest stays") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2});
  auto c = b.constant("c", tensor::of<float>({2}, {1, 2}));
  for (int i = 0; i < 5; ++i) c = b.add(ops::add{}, {c, c});
  b.output("y", b.add(ops::mul{}, {x, c}));
  b.output("c", c);
  const folded out = fold(b);
  CHECK(out.ops == "mul");
  CHECK(out.changes == 5);
  CHECK(
      identical(out.graph.fact(out.graph.outputs()[1]).constant, tensor::of<float>({2}, {32, 64})));
}

TEST_CASE("bits of NaN, infinities and negative zero come out as the reference kernel makes them") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  builder b;
  b.output("y", b.add(ops::mul{}, {b.constant("a", tensor::of<float>({3}, {-0.0F, INFINITY, nan})),
                                   b.constant("b", tensor::of<float>({3}, {1, -1, 1}))}));
  const folded out = fold(b);
  REQUIRE(out.changes == 1);
  const auto y = out.graph.fact(out.graph.outputs()[0]).constant.elements<float>();
  CHECK((y[0] == 0 && std::signbit(y[0])));
  CHECK(y[1] == -INFINITY);
  CHECK(std::isnan(y[2]));
}

TEST_CASE("a result may have max_growth_bytes more than its inputs, not one more") {
  for (const std::size_t allowed : {std::size_t{11}, std::size_t{12}}) {
    builder b;
    b.output("y", b.add(ops::add{}, {b.constant("a", tensor::of<float>({4, 1}, {1, 2, 3, 4})),
                                     b.constant("b", tensor::of<float>({3}, {1, 2, 3}))}));
    // 48 bytes from 28: 20 more.
    const folded out = fold(b, growth_of(allowed + 8));
    CHECK(out.changes == (allowed == 12));
    if (allowed == 12) continue;
    REQUIRE(out.skips.size() == 1);
    CHECK(out.skips[0].where == "add 'add_0'");
    CHECK(out.skips[0].reason ==
          "the result has 48 bytes, more than max_growth_bytes over its inputs");
  }
}

TEST_CASE("a result whose size only the data decides has the same limit") {
  const auto folds = [](std::size_t bytes) {
    builder b;
    b.output("y", b.add(ops::non_zero{},
                        {b.constant("a", tensor::of<bool>({2, 2}, {true, true, true, true}))}));
    return fold(b, growth_of(bytes)).changes;
  };
  // 4 places of 2 indices of 8 bytes from 4 bytes.
  CHECK(folds(60) == 1);
  CHECK(folds(59) == 0);
  CHECK(folds(SIZE_MAX) == 1);
}

TEST_CASE("random numbers are not constants, not even inside of a branch") {
  builder direct;
  direct.output("y", direct.add(ops::random_normal{.shape = {2}}, {}));
  CHECK(fold(direct).ops == "random_normal");
  const ir::subgraph random = branch(ops::random_normal{.shape = {2}}, {}),
                     sure = branch(ops::relu{}, {numbers({2}, 1)});
  for (const bool is_random : {true, false}) {
    builder b;
    const value_id in[] = {b.constant("cond", tensor::scalar<bool>(true))};
    b.output("y", b.add(ops::if_{.then_branch = is_random ? random : sure, .else_branch = sure}, in,
                        1)[0]);
    CHECK(fold(b).ops == (is_random ? "if" : ""));
  }
}

TEST_CASE("what is no tensor, fails or is read by nobody stays as it is") {
  builder b;
  b.output("s", b.add(ops::sequence_construct{}, {b.constant("a", numbers({2}, 1))}));
  b.output("y", b.add(ops::gather{}, {b.constant("data", numbers({4}, 1)),
                                      b.constant("at", tensor::of<std::int64_t>({1}, {9}))}));
  b.add(ops::exp{}, {b.constant("c", numbers({2}, 1))});
  const folded out = fold(b);
  CHECK(out.ops == "sequence_construct gather exp");
  CHECK(out.changes == 0);
  REQUIRE(out.skips.size() == 1);
  CHECK(out.skips[0].where == "gather 'gather_1'");
  CHECK(out.skips[0].reason.find("indices contains 9") != std::string::npos);
}

TEST_CASE("a limit on memory leaves the node and says so") {
  builder b;
  b.output("y", b.add(ops::exp{}, {b.constant("a", numbers({100}, 1))}));
  rewrite::rule_settings settings;
  settings.interpret.memory = memory_budget(10);
  const folded out = fold(b, settings);
  CHECK(out.ops == "exp");
  REQUIRE(out.skips.size() == 1);
  CHECK(out.skips[0].reason.find("memory limit: f32[100] needs 400 bytes") != std::string::npos);
}

TEST_CASE("a size that is known from the shape becomes a constant, one that is not does not") {
  for (const bool is_known : {true, false}) {
    builder b;
    const auto x = is_known ? b.input("x", dtype::f32, {3, 4}) : b.input("x", dtype::f32, {"N", 4});
    b.output("y", b.add(ops::shape_of{}, {x}));
    const folded out = fold(b);
    CHECK(out.changes == is_known);
    if (is_known)
      CHECK(identical(out.graph.fact(out.graph.outputs()[0]).constant,
                      tensor::of<std::int64_t>({2}, {3, 4})));
  }
}

TEST_CASE("a loop without an end over constants is left to the run") {
  builder turn;
  turn.input("i", dtype::i64, {});
  const auto going = turn.input("going", dtype::boolean, {});
  const auto x = turn.input("x", dtype::f32, {2});
  turn.output("going_out", turn.add(ops::identity{}, {going}));
  turn.output("x_out", turn.add(ops::neg{}, {x}));
  builder b;
  const value_id inputs[] = {{},
                             b.constant("going", tensor::scalar<bool>(true)),
                             b.constant("x", tensor::of<float>({2}, {1, 2}))};
  b.output("y", b.add(ops::loop{.body = ir::subgraph(turn.finish().value()), .carried_count = 1},
                      inputs, 1)[0]);
  rewrite::rule_settings settings;
  settings.max_evaluation_seconds = 0.01;
  const folded out = fold(b, settings);
  CHECK(out.changes == 0);
  CHECK(out.ops == "loop");
  REQUIRE(out.skips.size() == 1);
  CHECK(out.skips[0].reason.find("time") != std::string::npos);
}
