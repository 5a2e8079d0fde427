#include "tenon/rewrite/rule.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace tenon;

namespace test_rules {

using namespace tenon::rewrite;

constexpr auto unhalve = rule("unhalve", x / 2, x * 0.5);
constexpr auto to_high = rule("to-high", op<ops::clip>(x, maybe(y), maybe(z)), z);
constexpr auto unclip = rule(
    "unclip", op<ops::clip>(neg(x), maybe(y), maybe(z)), neg(op<ops::clip>(x, maybe(y), maybe(z))));
constexpr auto drop_abs =
    rule_for<ops::abs>("drop-abs", [](const match_of<ops::abs>& s) -> rewritten {
      if (!s.maker<ops::relu>(s.input(0))) return s.no("its input may be negative");
      return s.replace(s.input(0));
    });

inline rewritten refuse(const site& s) {
  if (s.maker<ops::exp>(s.output())) return fail(code::unsupported, "no exp");
  return s.no("not an exp");
}

constexpr auto refused = rule_for_any<ops::exp, ops::neg>("refused", &refuse);

}  // namespace test_rules

namespace {

using rewrite::rule_view;

struct fixture {
  builder build;
  ir::graph graph;
  rewrite::near_miss miss;

  /// What a rule makes of the node of `at`, which is the output of the graph.
  rewrite::rewritten apply(const rule_view& rule, value_id at) {
    build.output("y", at);
    graph = build.finish().value();
    return rule.apply(graph, graph[at].producer, {}, &miss);
  }
};

}  // namespace

TEST_CASE("the numbers of a result have the dtype of the value that is replaced") {
  for (const dtype type : {dtype::f32, dtype::f64, dtype::f16, dtype::bf16}) {
    CAPTURE(name_of(type));
    fixture f;
    tensor two(type, {});
    const double number = 2;
    store_elements<double>(std::span(&number, 1), two);
    const auto x = f.build.input("x", type, {3});
    auto made = f.apply(test_rules::unhalve.view(),
                        f.build.add(ops::div{}, {x, f.build.constant("two", two)}));
    REQUIRE(made);
    REQUIRE(*made);
    REQUIRE((*made)->apply(f.graph));
    REQUIRE(f.graph.node_count() == 1);
    const auto& node = f.graph[f.graph.order()[0]];
    CHECK(node.op.is<ops::mul>());
    CHECK(f.graph.fact(node.inputs[1]).type == type);
    CHECK(rewrite::splat_of(f.graph.fact(node.inputs[1]).constant) == 0.5);
    CHECK(f.graph.fact(f.graph.outputs()[0]).type == type);
  }
}

TEST_CASE("a result that is absent changes nothing") {
  for (const bool has_high : {true, false}) {
    fixture f;
    const value_id in[] = {f.build.input("x", dtype::f32, {}), value_id(),
                           has_high ? f.build.constant("h", tensor::scalar(1.0F)) : value_id()};
    const auto made = f.apply(test_rules::to_high.view(), f.build.add(ops::clip{}, in, 1)[0]);
    REQUIRE(made);
    CHECK(made->has_value() == has_high);
    if (!has_high) CHECK(f.miss.reason == "the result is an absent value");
  }
}

TEST_CASE("absent operands of a result keep their places before present ones and are cut behind") {
  for (const bool has_high : {true, false}) {
    fixture f;
    const auto n = f.build.add(ops::neg{}, {f.build.input("x", dtype::f32, {2})});
    const value_id in[] = {n, value_id(),
                           has_high ? f.build.constant("h", tensor::scalar(1.0F)) : value_id()};
    auto made = f.apply(test_rules::unclip.view(), f.build.add(ops::clip{}, in, 1)[0]);
    REQUIRE(made);
    REQUIRE(*made);
    REQUIRE((*made)->apply(f.graph));
    const auto& clip = f.graph[f.graph.order()[0]];
    REQUIRE(clip.op.is<ops::clip>());
    CHECK(clip.inputs.size() == (has_high ? 3 : 1));
    if (has_high) CHECK_FALSE(clip.inputs[1]);
  }
}

TEST_CASE("a rule in code sees the node as its op, and its reasons and errors are kept") {
  fixture f;
  const auto r = f.build.add(ops::relu{}, {f.build.input("x", dtype::f32, {2})});
  const auto fires = f.apply(test_rules::drop_abs.view(), f.build.add(ops::abs{}, {r}));
  REQUIRE(fires);
  CHECK(fires->has_value());
  fixture plain;
  const auto not_yet =
      plain.apply(test_rules::drop_abs.view(),
                  plain.build.add(ops::abs{}, {plain.build.input("x", dtype::f32, {2})}));
  REQUIRE(not_yet);
  CHECK_FALSE(not_yet->has_value());
  CHECK(plain.miss.reason == "its input may be negative");
  fixture wrong;
  const auto failed =
      wrong.apply(test_rules::refused.view(),
                  wrong.build.add(ops::exp{}, {wrong.build.input("x", dtype::f32, {2})}));
  REQUIRE_FALSE(failed);
  CHECK(failed.failure().message == "no exp");
}

TEST_CASE("a list of rules is their views in order, with their roots and marks") {
  constexpr auto one = rewrite::rule_set(test_rules::unhalve, test_rules::drop_abs);
  static constexpr auto ordered = test_rules::refused.reassociates();
  constexpr auto two = rewrite::rule_set(ordered);
  static constexpr auto marked = test_rules::unhalve.reassociates();
  const auto all = one + two + rewrite::rule_set(marked);
  REQUIRE(all.size() == 4);
  CHECK(all[0].name == "unhalve");
  CHECK(all[1].name == "drop-abs");
  CHECK(all[2].name == "refused");
  CHECK_FALSE(all[0].reassociates);
  CHECK(all[2].reassociates);
  CHECK(all[3].reassociates);
  CHECK(all[3].name == "unhalve");
  REQUIRE(all[0].roots.size() == 1);
  CHECK(all[0].roots[0]->id == ir::type_of<ops::div>().id);
  CHECK(all[1].roots[0]->id == ir::type_of<ops::abs>().id);
  CHECK(test_rules::refused.view().roots.size() == 2);
  CHECK(bool(all[1].closure));
  CHECK_FALSE(bool(all[0].closure));
  CHECK(all[0].before.size() == 3);
  CHECK(all[0].after.size() == 3);
}
