#include "tenon/rewrite/driver.hpp"

#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/movement.hpp"

#include "../rules/check_rewrite.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace test_rules {

using namespace tenon::rewrite;

constexpr auto scale = rule("scale", x* c* c1, x*(c* c1));
constexpr auto swish = rule("swish", x* sigmoid(x), emit<ops::swish>(x));
constexpr auto leaky =
    rule("leaky", relu(x) + x * c, emit<ops::leaky_relu>(x).with<&ops::leaky_relu::alpha>(c));
constexpr auto like = rule("like",
                           neg(op<ops::leaky_relu>(neg(x)).any_attribute().as(p)),
                           emit<ops::leaky_relu>(x).like(p));
constexpr auto shared = rule("shared", relu(exp(x).shared()), exp(x));
constexpr auto unshared = rule("unshared", relu(exp(x)), exp(x));
constexpr auto there = rule("there", neg(relu(x)), relu(neg(x)));
constexpr auto back = rule("back", relu(neg(x)), neg(relu(x)));
constexpr auto bounded =
    rule("bounded", op<ops::clip>(x, 0.0, maybe(y)), op<ops::clip>(relu(x), 0.0, maybe(y)));

constexpr auto drop_reversal =
    rule_for<ops::transpose>("drop-reversal", [](const match_of<ops::transpose>& s) -> rewritten {
      if (!s.op().perm.empty()) return s.no("the axes are not reversed");
      if (s.fact(s.input(0)).rank() != 1) return s.no("the rank is not 1", 2);
      return s.replace(s.input(0));
    });

}  // namespace test_rules

namespace {

tensor f32(std::initializer_list<float> v) {
  return tensor::of<float>({static_cast<std::int64_t>(v.size())}, v);
}

}  // namespace

TEST_CASE("constants of a result are computed by reference kernels") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"B", 2});
  const auto one = b.add(ops::mul{}, {b.constant("a", f32({3})), x});
  b.output("y", b.add(ops::mul{}, {one, b.constant("b", f32({0.5F}))}));
  const ir::graph after = check_rule(b.finish().value(), test_rules::scale, "mul");
  const auto& node = after[after.order()[0]];
  REQUIRE(after.is_constant(node.inputs[1]));
  CHECK(after.fact(node.inputs[1]).constant.data<float>()[0] == 1.5F);
  CHECK(after.output_names()[0] == "y");
}

TEST_CASE("a repeated value must be the same value and both orders match") {
  for (const bool is_same : {true, false}) {
    for (const bool is_swapped : {true, false}) {
      builder b;
      const auto x = b.input("x", dtype::f32, {2}), z = b.input("z", dtype::f32, {2});
      const auto s = b.add(ops::sigmoid{}, {x});
      const auto other = is_same ? x : z;
      b.output("y", is_swapped ? b.add(ops::mul{}, {s, other}) : b.add(ops::mul{}, {other, s}));
      check_rule(b.finish().value(), test_rules::swish, is_same ? "swish" : "sigmoid mul");
    }
  }
}

TEST_CASE("attributes come from constants and from captured nodes") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2});
  const auto scaled = b.add(ops::mul{}, {x, b.constant("c", f32({0.25F}))});
  b.output("y", b.add(ops::add{}, {scaled, b.add(ops::relu{}, {x})}));
  ir::graph g = b.finish().value();
  const rewrite::rule_view list[] = {test_rules::leaky.view()};
  REQUIRE(rewrite::apply_rules(g, list).value().applications == 1);
  const ir::any_op& made = g[g.order()[0]].op;
  REQUIRE(made.is<ops::leaky_relu>());
  CHECK(made.as<ops::leaky_relu>()->alpha == 0.25F);
  CHECK(g[g.order()[0]].origin.nodes.size() == 3);

  builder d;
  ops::leaky_relu steep;
  steep.alpha = 3;
  const auto n = d.add(ops::neg{}, {d.input("x", dtype::f32, {2})});
  d.output("y", d.add(ops::neg{}, {d.add(steep, {n})}));
  ir::graph h = d.finish().value();
  const rewrite::rule_view second[] = {test_rules::like.view()};
  REQUIRE(rewrite::apply_rules(h, second).value().applications == 1);
  CHECK(h[h.order()[0]].op.as<ops::leaky_relu>()->alpha == 3);
}

TEST_CASE("a value inside a match may be used elsewhere only when the rule says so") {
  for (const bool is_output : {true, false}) {
    builder b;
    const auto e = b.add(ops::exp{}, {b.input("x", dtype::f32, {2})});
    b.output("y", b.add(ops::relu{}, {e}));
    b.output("z", is_output ? e : b.add(ops::neg{}, {e}));
    const ir::graph g = b.finish().value();
    const std::string same = op_names(g);
    check_rule(g, test_rules::unshared, same);
    ir::graph h = g;
    const rewrite::rule_view list[] = {test_rules::shared.view()};
    CHECK(rewrite::apply_rules(h, list).value().applications == 1);
  }
}

TEST_CASE("an optional input is carried over, absent or not") {
  for (const bool has_high : {true, false}) {
    builder b;
    const auto x = b.input("x", dtype::f32, {2});
    const auto zero = b.constant("zero", tensor::scalar(0.0F));
    const auto high = b.constant("high", tensor::scalar(1.0F));
    const value_id three[] = {x, zero, high};
    b.output("y", b.add(ops::clip{}, std::span(three, has_high ? 3 : 2), 1)[0]);
    ir::graph g = b.finish().value();
    const rewrite::rule_view list[] = {test_rules::bounded.view()};
    rewrite::driver_options once;
    once.max_applications = 1;
    REQUIRE(rewrite::apply_rules(g, list, once).value().applications == 1);
    CHECK(op_names(g) == "relu clip");
    CHECK(g[g.order()[1]].inputs.size() == (has_high ? 3 : 2));
  }
}

TEST_CASE("rules that alternate stop and are named") {
  builder b;
  const auto n = b.add(ops::neg{}, {b.add(ops::relu{}, {b.input("x", dtype::f32, {2})})}, "last");
  b.output("y", n);
  ir::graph g = b.finish().value();
  const rewrite::rule_view list[] = {test_rules::there.view(), test_rules::back.view()};
  const auto report = rewrite::apply_rules(g, list);
  REQUIRE(report);
  REQUIRE(!report->skips.empty());
  CHECK(report->skips[0].reason.find("'there'") != std::string::npos);
  CHECK(report->skips[0].reason.find("'back'") != std::string::npos);
}

TEST_CASE("rules are switched by name and counted") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2});
  b.output("y", b.add(ops::mul{}, {x, b.add(ops::sigmoid{}, {x})}));
  const ir::graph g = b.finish().value();
  const rewrite::rule_view list[] = {test_rules::swish.view(), test_rules::scale.view()};
  const std::vector<std::string> name{"swish"};
  rewrite::driver_options off;
  off.disabled = name;
  ir::graph h = g;
  CHECK(rewrite::apply_rules(h, list, off).value().applications == 0);
  rewrite::driver_options only;
  only.only = name;
  h = g;
  const auto report = rewrite::apply_rules(h, list, only).value();
  CHECK(report.rules[0].fired == 1);
  CHECK(report.rules[0].name == "swish");
  CHECK(report.rules[1].tried == 0);
}

TEST_CASE("explain names the nearest miss") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2}), z = b.input("z", dtype::f32, {2});
  const auto far = b.add(ops::mul{}, {x, z}, "far");
  b.output("y", b.add(ops::mul{}, {far, b.add(ops::sigmoid{}, {x})}, "near"));
  const ir::graph g = b.finish().value();
  const auto miss = rewrite::explain(g, test_rules::swish.view());
  REQUIRE(miss);
  CHECK(miss->depth == 2);
  CHECK(miss->reason == "two places of the pattern have different values");

  builder d;
  d.output("y", d.add(ops::transpose{}, {d.input("x", dtype::f32, {2, 3})}));
  const auto closure = rewrite::explain(d.finish().value(), test_rules::drop_reversal.view());
  REQUIRE(closure);
  CHECK(closure->reason == "the rank is not 1");
}

TEST_CASE("a result with another shape is refused") {
  builder b;
  const auto x = b.input("x", dtype::f32, {1});
  b.output("y", b.add(ops::add{}, {x, b.constant("zeros", f32({0, 0, 0}))}));
  const ir::graph g = b.finish().value();
  static constexpr auto add_zero = rewrite::rule("add-zero", rewrite::x + 0, rewrite::x);
  check_rule(g, add_zero, "add");
  const auto miss = rewrite::explain(g, add_zero.view());
  REQUIRE(miss);
  CHECK(miss->reason == "the result would be f32[1], expected f32[3]");
}

TEST_CASE("long chains take near linear time") {
  builder b;
  auto v = b.input("x", dtype::f32, {4});
  const auto half = b.constant("half", f32({0.5F}));
  const auto two = b.constant("two", f32({2}));
  for (int i = 0; i < 4000; ++i) v = b.add(ops::mul{}, {v, i % 2 ? half : two});
  b.output("y", v);
  ir::graph g = b.finish().value();
  const rewrite::rule_view list[] = {test_rules::scale.view()};
  const auto report = rewrite::apply_rules(g, list).value();
  CHECK(g.node_count() == 1);
  CHECK(report.rules[0].tried < 5 * 4000);
}
