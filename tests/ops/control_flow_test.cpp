#include "tenon/ops/control_flow.hpp"

#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/optional.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include "support/op_checks.hpp"

using namespace tenon;

namespace {

/// iter, cond, x, step -> cond, concat(x, step), step
ir::graph growing_body() {
  builder b("body");
  b.input("iter", dtype::i64, {});
  const value_id cond = b.input("cond", dtype::boolean, {});
  const value_id x = b.input("x", dtype::f32, {"n"}), step = b.input("step", dtype::f32, {1});
  b.output("cond_out", b.add(ops::identity{}, {cond}));
  b.output("grown", b.add(ops::concat{}, {x, step}));
  b.output("scan", b.add(ops::identity{}, {step}));
  return b.finish().value();
}

ir::fact any_optional(dtype type) {
  ir::fact out = ir::fact::unranked(type);
  out.what = ir::fact::kind::optional;
  return out;
}

}  // namespace

TEST_CASE("loop carries a growing value and joins scan outputs") {
  builder b;
  const value_id x = b.input("x", dtype::f32, {"n"}), step = b.input("step", dtype::f32, {1});
  const value_id trips = b.constant("trips", tensor::scalar<std::int64_t>(3));
  const std::array<value_id, 4> inputs{trips, value_id(), x, step};
  const auto y =
      b.add(ops::loop{.body = ir::subgraph(growing_body()), .carried_count = 1}, inputs, 2);
  b.output("y", y[0]);
  b.output("scan", y[1]);
  auto g = b.finish();
  REQUIRE_MESSAGE(g, (g ? std::string() : g.failure().message));
  CHECK(g->fact(g->outputs()[0]).rank() == 1);
  CHECK(g->fact(g->outputs()[1]).rank() == 2);
  const std::vector<datum> data{tensor::of<float>({1}, {1}), tensor::of<float>({1}, {2})};
  const auto out = interpret(*g, data);
  REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
  CHECK((*out)[0].as_tensor().size() == 4);
  CHECK((*out)[1].as_tensor().dims() == extents{3, 1});
}

TEST_CASE("a carried optional may be filled with another size in each turn") {
  builder inner("body");
  inner.input("iter", dtype::i64, {});
  const value_id go = inner.input("cond", dtype::boolean, {});
  const value_id held = inner.graph().add_input("x", any_optional(dtype::f32));
  inner.input("last", dtype::f32, {"n"});
  const value_id x = inner.add(ops::optional_get_element{}, {held});
  inner.output("cond_out", inner.add(ops::identity{}, {go}));
  inner.output("twice", inner.add(ops::concat{}, {x, x}));
  inner.output("now", inner.add(ops::identity{}, {x}));
  const ir::subgraph body(inner.finish().value());
  for (const std::int64_t turns : {0, 1, 3}) {
    builder b;
    const value_id first = b.input("x", dtype::f32, {3});
    const value_id start = b.add(ops::optional{}, {first});
    const value_id trips = b.constant("trips", tensor::scalar(turns));
    const std::array<value_id, 4> inputs{trips, value_id(), start, first};
    const auto y = b.add(ops::loop{.body = body, .carried_count = 2}, inputs, 2);
    b.output("y", y[0]);
    b.output("last", b.add(ops::neg{}, {y[1]}));
    const auto g = b.finish();
    REQUIRE_MESSAGE(g, (g ? std::string() : g.failure().message));
    CHECK_FALSE(g->fact(g->outputs()[0]).is_ranked);
    session s(compile(*g).value().model);
    const auto out = s.run({{"x", tensor(dtype::f32, {3})}});
    REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
    CHECK(out->value(0).as_tensor().size() == 3 << turns);
    CHECK(out->value(1).as_tensor().size() == (turns == 0 ? 3 : 3 << (turns - 1)));
  }
}

TEST_CASE("a loop that keeps a constant in an optional does not know its content") {
  builder inner("body");
  inner.input("iter", dtype::i64, {});
  const value_id go = inner.input("cond", dtype::boolean, {});
  inner.graph().add_input("x", any_optional(dtype::i64));
  inner.output("cond_out", inner.add(ops::identity{}, {go}));
  inner.output("fixed", inner.constant("two", tensor::of<std::int64_t>({2}, {1, 2})));
  builder b;
  const value_id start = b.add(ops::optional{}, {b.input("x", dtype::i64, {3})});
  const std::array<value_id, 3> inputs{b.input("trips", dtype::i64, {}), value_id(), start};
  const auto y =
      b.add(ops::loop{.body = ir::subgraph(inner.finish().value()), .carried_count = 1}, inputs, 1);
  b.output("y", y[0]);
  const auto g = b.finish();
  REQUIRE_MESSAGE(g, (g ? std::string() : g.failure().message));
  const ir::fact& last = g->fact(g->outputs()[0]);
  CHECK_FALSE(last.is_ranked);
  CHECK_FALSE(last.is_constant());
  CHECK_FALSE(last.has_elements());
}

TEST_CASE("if merges branch shapes and checks bodies") {
  const auto branch = [](bool twice) {
    builder b;
    const value_id x = b.input("x", dtype::f32, {2});
    b.output("y", twice ? b.add(ops::concat{}, {x, x}) : b.add(ops::identity{}, {x}));
    return ir::subgraph(b.finish().value());
  };
  builder b;
  const value_id cond = b.input("cond", dtype::boolean, {}), x = b.input("x", dtype::f32, {2});
  b.output("y",
           b.add(ops::if_{.then_branch = branch(true), .else_branch = branch(false)}, {cond, x}));
  auto g = b.finish();
  REQUIRE_MESSAGE(g, (g ? std::string() : g.failure().message));
  CHECK(!g->fact(g->outputs()[0]).shape[0].is_constant());
  for (const bool taken : {true, false}) {
    const std::vector<datum> data{tensor::scalar<bool>(taken), tensor::of<float>({2}, {1, 2})};
    const auto out = interpret(*g, data);
    REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
    CHECK((*out)[0].as_tensor().size() == (taken ? 4 : 2));
  }
  builder missing;
  const value_id c = missing.input("cond", dtype::boolean, {});
  missing.add(ops::if_{}, {c});
  CHECK(!missing.finish());
}

TEST_CASE("sizes of a body are over the symbols of the graph around it") {
  const auto branch = [](bool negated) {
    builder b;
    const value_id x = b.input("x", dtype::f32, {"k"});
    const auto at = [&](std::string name, std::int64_t v) {
      return b.constant(std::move(name), tensor::of<std::int64_t>({1}, {v}));
    };
    const value_id y = b.add(ops::slice{}, {x, at("start", 0), at("end", 2)});
    b.output("y", negated ? b.add(ops::relu{}, {y}) : y);
    return ir::subgraph(b.finish().value());
  };
  builder b;
  b.input("other", dtype::f32, {"m"});
  const value_id cond = b.input("cond", dtype::boolean, {}), x = b.input("x", dtype::f32, {"n"});
  b.output("y",
           b.add(ops::if_{.then_branch = branch(true), .else_branch = branch(false)}, {cond, x}));
  const ir::graph g = b.finish().value();
  CHECK(g.fact(g.outputs()[0]).str() == "f32[min(n, 2)]");
}
