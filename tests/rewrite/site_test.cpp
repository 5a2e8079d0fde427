#include "tenon/rewrite/site.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/generator.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/random.hpp"
#include "tenon/ops/selection.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;
using rewrite::site;

namespace {

using ints = std::vector<std::int64_t>;

tensor f32(std::initializer_list<float> v) {
  return tensor::of<float>({static_cast<std::int64_t>(v.size())}, v);
}

/// A graph with one node of interest, seen by a rule.
struct fixture {
  builder build;
  value_id x = build.input("x", dtype::f32, {"N", 4});
  ir::graph graph;
  rewrite::rule_settings settings;
  rewrite::near_miss miss;

  site at(value_id v) {
    if (graph.node_count() == 0) graph = build.finish().value();
    return {graph, graph[v].producer, settings, &miss};
  }
};

}  // namespace

TEST_CASE("a value is replaced only by one that its readers cannot tell from it") {
  builder b;
  const auto n = b.input("n", dtype::f32, {"N", 4}), m = b.input("m", dtype::f32, {"M", 4}),
             five = b.input("five", dtype::f32, {"N", 5}),
             half = b.input("h", dtype::f16, {"N", 4}), flat = b.input("flat", dtype::f32, {"N"});
  b.output("y", b.add(ops::relu{}, {n}));
  ir::graph g = b.finish().value();
  const auto can = [&](const ir::fact& old, const ir::fact& by) {
    return rewrite::can_replace(g, old, by);
  };
  const ir::fact& known = g.fact(n);
  CHECK(can(known, known));
  CHECK_FALSE(can(known, g.fact(m)));
  CHECK_FALSE(can(known, g.fact(five)));
  CHECK_FALSE(can(known, g.fact(half)));
  CHECK_FALSE(can(known, g.fact(flat)));
  CHECK_FALSE(can(known, ir::fact::unranked(dtype::f32)));
  CHECK_FALSE(can(ir::fact::unranked(dtype::f32), ir::fact::unranked(dtype::f32)));
  CHECK_FALSE(can(ir::fact::sequence_of(known), known));
  ir::fact maybe = known, maybe_list = known;
  maybe.what = maybe_list.what = ir::fact::kind::optional;
  maybe_list.holds_sequence = true;
  CHECK_FALSE(can(maybe, maybe_list));
  CHECK(can(maybe, maybe));
  REQUIRE(g.symbols.facts().require("N == M", "test"));
  CHECK(can(known, g.fact(m)));
}

TEST_CASE("integers of a value are known from its content or its propagated elements") {
  CHECK(rewrite::integers_of(ir::fact::of_constant(tensor::of<std::int64_t>({2}, {3, -4}))) ==
        ints{3, -4});
  CHECK(rewrite::integers_of(ir::fact::of_constant(tensor::scalar(std::uint8_t{200}))) ==
        ints{200});
  CHECK(rewrite::integers_of(ir::fact::of_constant(tensor::of<std::int64_t>({0}, {}))) == ints{});
  CHECK_FALSE(rewrite::integers_of(ir::fact::of_constant(f32({1}))));
  CHECK_FALSE(rewrite::integers_of(ir::fact::of(dtype::i64, {2})));
  fixture f;
  const auto fixed = f.build.add(ops::shape_of{}, {f.build.input("z", dtype::f32, {2, 3})}),
             open = f.build.add(ops::shape_of{}, {f.x});
  const auto sum = f.build.add(ops::add{}, {fixed, open});
  f.build.output("y", sum);
  const site s = f.at(sum);
  CHECK(s.integers(s.input(0)) == ints{2, 3});
  CHECK_FALSE(s.integers(s.input(1)));
  CHECK_FALSE(s.integers(value_id()));
  CHECK(identical(rewrite::integers(ints{7, 8}), tensor::of<std::int64_t>({2}, {7, 8})));
}

TEST_CASE("inputs, outputs and makers of a node are given where they are, and nothing where not") {
  fixture f;
  const auto low = f.build.constant("low", tensor::scalar(0.0F));
  const auto r = f.build.add(ops::relu{}, {f.x});
  const value_id in[] = {r, low, value_id()};
  const auto y = f.build.add(ops::clip{}, in, 1)[0];
  f.build.output("y", y);
  const site s = f.at(y);
  CHECK(s.input(0) == r);
  CHECK(s.input(1) == low);
  CHECK_FALSE(s.input(2));
  CHECK_FALSE(s.input(9));
  CHECK(s.output() == y);
  CHECK_FALSE(s.output(1));
  CHECK(s.inputs().size() >= 2);
  CHECK(s.maker<ops::relu>(r));
  CHECK_FALSE(s.maker<ops::neg>(r));
  CHECK_FALSE(s.maker<ops::relu>(f.x));
  CHECK_FALSE(s.maker<ops::relu>(low));
  CHECK_FALSE(s.maker<ops::relu>(value_id()));
  CHECK(s.operand(r, 0) == f.x);
  CHECK_FALSE(s.operand(r, 1));
  CHECK(s.is_constant(low));
  CHECK_FALSE(s.is_constant(r));
  CHECK(s.splat(low) == 0.0);
  CHECK_FALSE(s.splat(r));
  CHECK(&rewrite::match_of<ops::clip>(s).op() == f.graph[s.node()].op.as<ops::clip>());
}

TEST_CASE("the second output of a node is made by no op of one output") {
  fixture f;
  const value_id in[] = {f.x, f.build.constant("k", tensor::of<std::int64_t>({1}, {2}))};
  const auto top = f.build.add(ops::top_k{}, in, 2);
  const auto n = f.build.add(ops::neg{}, {top[1]});
  f.build.output("y", n);
  CHECK(f.at(n).maker<ops::top_k>(top[0]));
  CHECK_FALSE(f.at(n).maker<ops::top_k>(top[1]));
  CHECK_FALSE(f.at(top[0]).has_one_output());
  CHECK(f.at(n).has_one_output());
}

TEST_CASE("a value has a single use when one input of one node reads it") {
  fixture f;
  const auto once = f.build.add(ops::neg{}, {f.x}), twice = f.build.add(ops::exp{}, {f.x}),
             read_and_listed = f.build.add(ops::abs{}, {f.x}),
             listed = f.build.add(ops::relu{}, {once});
  const auto squared = f.build.add(ops::mul{}, {twice, twice});
  f.build.output("a", listed);
  f.build.output("b", squared);
  f.build.output("c", read_and_listed);
  f.build.output("d", f.build.add(ops::sqrt{}, {read_and_listed}));
  const site s = f.at(listed);
  CHECK(s.is_single_use(once));
  CHECK_FALSE(s.is_single_use(twice));
  CHECK_FALSE(s.is_single_use(read_and_listed));
  CHECK_FALSE(s.is_single_use(listed));
  CHECK(s.has_one_output());
}

TEST_CASE("the deepest reason for not acting is kept") {
  fixture f;
  const auto y = f.build.add(ops::neg{}, {f.x});
  f.build.output("y", y);
  const site s = f.at(y);
  s.no("first", 2);
  s.no("not as deep");
  s.no("as deep", 2);
  CHECK(f.miss.reason == "first");
  CHECK(f.miss.depth == 2);
  s.no("deeper", 3);
  CHECK(f.miss.reason == "deeper");
  CHECK(f.miss.at == s.node());
  const site silent(f.graph, s.node(), f.settings, nullptr);
  silent.no("nobody asks", 9);
  CHECK(f.miss.reason == "deeper");
}

TEST_CASE(
    "a replacement of another shape is refused with both facts, unless the rule knows better") {
  fixture f;
  const auto other = f.build.input("other", dtype::f32, {"M", 4});
  const auto y = f.build.add(ops::neg{}, {f.x});
  f.build.output("y", y);
  f.build.output("z", other);
  const site s = f.at(y);
  CHECK_FALSE(s.replace(other).has_value());
  CHECK(f.miss.reason == "the result would be f32[M, 4], expected f32[N, 4]");
  CHECK(s.replace(f.x).has_value());
  auto forced = s.replace_equal(other);
  REQUIRE(forced);
  CHECK(forced->size() == 1);
}

TEST_CASE("one new node takes the place of the old one") {
  fixture f;
  const auto y = f.build.add(ops::neg{}, {f.x});
  f.build.output("y", y);
  const site s = f.at(y);
  auto made = s.replace(ops::abs{}, {f.x});
  REQUIRE(made);
  REQUIRE(*made);
  REQUIRE((*made)->apply(f.graph));
  REQUIRE(f.graph.node_count() == 1);
  CHECK(f.graph[f.graph.order()[0]].op.is<ops::abs>());
  const site again(f.graph, f.graph.order()[0], f.settings, nullptr);
  const auto refused = again.replace(ops::transpose{}, {f.x});
  REQUIRE(refused);
  CHECK_FALSE(refused->has_value());
}

TEST_CASE("nodes over constants are computed, with absent inputs too, all others added") {
  fixture f;
  const auto a = f.build.constant("a", f32({1, -2, 3})),
             high = f.build.constant("h", tensor::scalar(2.0F));
  const auto y = f.build.add(ops::add{}, {f.x, f.build.constant("k", f32({0, 0, 0, 0}))});
  f.build.output("y", y);
  f.build.output("a", a);
  f.build.output("h", high);
  const site s = f.at(y);
  ir::patch p(f.graph);
  const auto capped = s.add(p, ops::clip{}, {a, value_id(), high});
  REQUIRE_MESSAGE(capped, capped.failure().message);
  REQUIRE(p.fact(*capped).is_constant());
  CHECK(identical(p.fact(*capped).constant, f32({1, -2, 2})));
  const auto open = s.add(p, ops::relu{}, {f.x});
  REQUIRE(open);
  CHECK_FALSE(p.fact(*open).is_constant());
  const auto after = s.add(p, ops::neg{}, {*capped});
  REQUIRE(after);
  CHECK(identical(p.fact(*after).constant, f32({-1, 2, -2})));
}

TEST_CASE("computed constants stay within the growth that the settings allow") {
  fixture f;
  const auto a = f.build.constant("a", f32({1, 2}));
  const auto times = f.build.constant("t", tensor::of<std::int64_t>({1}, {100}));
  const auto y = f.build.add(ops::neg{}, {f.x});
  f.build.output("y", y);
  f.build.output("a", a);
  f.build.output("t", times);
  const site s = f.at(y);
  // 16 bytes of inputs, 800 of the result.
  for (const std::size_t allowed : {783, 784}) {
    f.settings.max_growth_bytes = allowed;
    ir::patch p(f.graph);
    const auto made = s.add(p, ops::tile{}, {a, times});
    CHECK(made.has_value() == (allowed == 784));
    if (made) continue;
    CHECK(made.failure().kind == code::resource);
    CHECK(made.failure().message.find("800 bytes") != std::string::npos);
  }
}

TEST_CASE("ops that are not pure are added also over constants, and mistakes are errors") {
  fixture f;
  const auto a = f.build.constant("a", f32({1, 2})), b = f.build.constant("b", f32({1, 2, 3}));
  const auto y = f.build.add(ops::neg{}, {f.x});
  f.build.output("y", y);
  f.build.output("a", a);
  f.build.output("b", b);
  const site s = f.at(y);
  ir::patch p(f.graph);
  const auto kept = s.add(p, ops::dropout{}, {a});
  REQUIRE_MESSAGE(kept, kept.failure().message);
  CHECK_FALSE(p.fact(*kept).is_constant());
  const auto wrong = s.add(p, ops::add{}, {a, b});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.failure().kind == code::shape);
}

TEST_CASE("bytes of a value are known where its sizes are") {
  const auto scope = scope_ref::make();
  CHECK(rewrite::bytes_of(ir::fact::of(dtype::f32, {2, 3})) == 24U);
  CHECK(rewrite::bytes_of(ir::fact::of(dtype::f64, {})) == 8U);
  CHECK(rewrite::bytes_of(ir::fact::of(dtype::i4, {0, 5})) == 0U);
  CHECK_FALSE(rewrite::bytes_of(ir::fact::of(dtype::f32, {scope->symbol("N")})));
  CHECK_FALSE(rewrite::bytes_of(ir::fact::unranked(dtype::f32)));
  CHECK_FALSE(rewrite::bytes_of(ir::fact::sequence_of(ir::fact::of(dtype::f32, {2}))));
  constexpr std::int64_t large = std::int64_t{1} << 61;
  CHECK_FALSE(rewrite::bytes_of(ir::fact::of(dtype::f32, {large})));
  CHECK(rewrite::bytes_of(ir::fact::of(dtype::i8, {large})) == std::size_t{1} << 61);
}
