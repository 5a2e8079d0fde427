#include "tenon/passes/pipelines.hpp"

#include "tenon/ops/convolution.hpp"
#include "tenon/ops/gathering.hpp"

#include <cmath>

#include "../rules/check_rewrite.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

passes::pipeline_report run(ir::graph& g, std::string_view text, passes::run_options options = {}) {
  const auto what = passes::parse_pipeline(text);
  REQUIRE_MESSAGE(what, what.failure().message);
  options.verifies = true;
  auto report = passes::run(g, *what, options);
  REQUIRE_MESSAGE(report, report.failure().message);
  return *report;
}

}  // namespace

TEST_CASE("pipelines print as they parse") {
  for (const std::string_view text :
       {"", "remove-dead", "fold-constants,fuse(standard),repeat(fuse(layout),share-common)",
        "repeat(propagate-symbols),remove-dead"})
    CHECK(passes::parse_pipeline(text).value().str() == text);
  CHECK(passes::parse_pipeline(" fuse , remove-dead ").value().str() ==
        "fuse(standard),remove-dead");
}

TEST_CASE("a wrong pipeline is refused by name and place") {
  const auto message = [](std::string_view text) {
    return passes::parse_pipeline(text).failure().message;
  };
  CHECK(message("fuze") ==
        "pipeline: pass 'fuze' is unknown, expected one of remove-dead, share-common, "
        "fold-constants, "
        "propagate-symbols, fuse");
  CHECK(message("remove-dead(x)") == "pass 'remove-dead' takes no argument, found 'x'");
  CHECK(message("fuse(standard") == "pipeline: found '' at position 13, expected ')'");
  CHECK(message("remove-dead,,") ==
        "pipeline: found ',' at position 12, expected the name of a pass");
  CHECK(message("remove-dead)") == "pipeline: found ')' at position 11, expected the end");
  CHECK(message("repeat(repeat(fuse))") == "pipeline: repeat inside of repeat");
  CHECK(message("fuse(none)").starts_with("pass 'fuse' has no rule set 'none'"));
}

TEST_CASE("remove-dead erases nodes and constants that no output needs") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2});
  b.add(ops::exp{}, {b.add(ops::mul{}, {x, b.constant("unused", numbers({2}, 1))})});
  b.output("y", b.add(ops::relu{}, {x}));
  ir::graph g = b.finish().value();
  const auto report = run(g, "remove-dead");
  CHECK(op_names(g) == "relu");
  CHECK(report.passes[0].changes == 3);
  CHECK(report.nodes_before == 3);
  CHECK(report.nodes_after == 1);
}

TEST_CASE("share-common merges equal constants, then equal nodes") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"B", 2});
  const auto first = b.add(ops::mul{}, {x, b.constant("a", numbers({2}, 5))});
  const auto second = b.add(ops::mul{}, {x, b.constant("b", numbers({2}, 5))});
  const auto third = b.add(ops::mul{}, {x, b.constant("c", numbers({2}, 6))});
  b.output("y", b.add(ops::add{}, {b.add(ops::exp{}, {first}), b.add(ops::exp{}, {second})}));
  b.output("z", third);
  const ir::graph before = b.finish().value();
  ir::graph g = before;
  run(g, "share-common");
  CHECK(g.node_count() == 4);
  CHECK(compare_graphs(before, g, 1) == "");
}

TEST_CASE("fold-constants evaluates, keeps within its budget and leaves what fails") {
  builder b;
  const auto a = b.constant("a", numbers({4}, 1));
  const auto folded = b.add(ops::exp{}, {a});
  const auto big =
      b.add(ops::tile{}, {a, b.constant("n", tensor::of<std::int64_t>({1}, {1 << 20}))});
  const auto index = b.constant("index", tensor::of<std::int64_t>({1}, {9}));
  const auto broken = b.add(ops::gather{}, {a, index});
  b.output("folded", folded);
  b.output("big", big);
  b.output("broken", broken);
  ir::graph g = b.finish().value();
  passes::run_options options;
  options.settings.max_growth_bytes = 1 << 20;
  const auto report = run(g, "fold-constants", options);
  CHECK(g.node_count() == 2);
  REQUIRE(report.passes[0].skips.size() == 2);
  CHECK(report.passes[0].skips[0].reason.find("max_growth_bytes") != std::string::npos);
  CHECK(report.passes[0].skips[1].reason.find("indices contains 9") != std::string::npos);
}

TEST_CASE("shape arithmetic whose result is known disappears although the input is not constant") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"B", 6});
  const auto shape = b.add(ops::shape_of{}, {x});
  const auto width =
      b.add(ops::gather{}, {shape, b.constant("i", tensor::of<std::int64_t>({1}, {1}))});
  const auto rest = b.constant("rest", tensor::of<std::int64_t>({1}, {-1}));
  const value_id parts[] = {rest, width};
  ops::concat join;
  join.axis = 0;
  const auto target = b.add(join, parts, 1)[0];
  b.output("y", b.add(ops::reshape{}, {b.add(ops::exp{}, {x}), target}));
  const ir::graph before = b.finish().value();
  ir::graph g = before;
  run(g, passes::pipeline_text(level::o1));
  CHECK(op_names(g) == "exp");
  CHECK(compare_graphs(before, g, 3) == "");
}

TEST_CASE("repeat stops at a fixed point") {
  builder b;
  b.output("y", b.add(ops::relu{}, {b.input("x", dtype::f32, {2})}));
  ir::graph g = b.finish().value();
  const auto report = run(g, "repeat(fuse,remove-dead)");
  CHECK(report.passes.size() == 2);
}

TEST_CASE("passes and rules are switched off by name, and changes are observed") {
  builder b;
  const auto x = b.input("x", dtype::f32, {2});
  b.output("y", b.add(ops::mul{}, {x, b.add(ops::sigmoid{}, {x})}));
  const ir::graph before = b.finish().value();
  passes::run_options options;
  options.disabled_rules = {"swish-from-primitives"};
  ir::graph g = before;
  CHECK(run(g, "fuse", options).fired("swish-from-primitives") == 0);
  options.disabled_rules.clear();
  options.disabled_passes = {"fuse"};
  CHECK(run(g, "fuse", options).passes.empty());
  options.disabled_passes.clear();
  int seen = 0;
  const auto observe = [&](const passes::any_pass& p, const ir::graph& changed) {
    ++seen;
    CHECK(p.str() == "fuse(activation)");
    CHECK(op_names(changed) == "swish");
  };
  options.on_change.emplace(observe);
  CHECK(run(g, "fuse(activation)", options).fired("swish-from-primitives") == 1);
  CHECK(seen == 1);
}

TEST_CASE("a convolution block becomes one convolution and an activation") {
  for (const bool has_bias : {true, false}) {
    builder b;
    const auto x = b.input("x", dtype::f32, {"B", 3, "H", 5});
    ops::conv spec;
    spec.pads = {1, 1, 1, 1};
    const value_id in[] = {x, b.constant("w", numbers({4, 3, 3, 3}, 1)),
                           b.constant("b", numbers({4}, 2))};
    auto y = b.add(spec, std::span(in, has_bias ? 3 : 2), 1)[0];
    tensor variance = numbers({4}, 6);
    for (float& v : variance.elements<float>()) v = std::abs(v) + 0.5F;
    const value_id norm[] = {y, b.constant("s", numbers({4}, 3)), b.constant("o", numbers({4}, 4)),
                             b.constant("m", numbers({4}, 5)), b.constant("v", variance)};
    y = b.add(ops::batch_normalization{}, norm, 1)[0];
    y = b.add(ops::mul{}, {y, b.constant("f", numbers({4, 1, 1}, 7))});
    y = b.add(ops::add{}, {b.constant("g", numbers({1, 4, 1, 1}, 8)), y});
    b.output("y", b.add(ops::relu{}, {y}));
    const ir::graph before = b.finish().value();
    ir::graph g = before;
    const auto report = run(g, passes::pipeline_text(level::o1));
    CHECK(op_names(g) == "conv relu");
    CHECK(report.fired("conv-batch-norm") == 1);
    CHECK(compare_graphs(before, g, 4) == "");
  }
}
