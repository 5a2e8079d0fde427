#include "tenon/passes/manager.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ir/verify.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/passes/remove_dead.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

/// Says that it changed something the first `times` times it runs.
struct busy {
  static constexpr passes::pass_info info{"busy", "counts down"};
  int* left;

  result<std::size_t> run(ir::graph&, passes::pass_context& ctx) const {
    ctx.skip("here", "a reason");
    return std::size_t{*left > 0 && (*left)-- > 0};
  }
};

/// Breaks the graph, or fails.
struct wrong {
  static constexpr passes::pass_info info{"wrong", "does harm"};
  bool fails = false;

  std::string_view argument() const { return fails ? "fails" : ""; }

  result<std::size_t> run(ir::graph& g, passes::pass_context&) const {
    if (fails) return fail(code::graph, "no way");
    g.row(g.outputs()[0]).fact.type = dtype::f64;
    return std::size_t{1};
  }
};

ir::graph two_nodes() {
  builder b;
  const auto x = b.input("x", dtype::f32, {2});
  b.add(ops::relu{}, {x}, "dead");
  b.output("y", b.add(ops::relu{}, {x}, "alive"));
  return b.finish().value();
}

}  // namespace

TEST_CASE("pipelines print their stages") {
  int left = 0;
  const passes::pipeline p{{{{busy{&left}, wrong{}}}, {{wrong{true}}, 3}, {{}, 1}}};
  CHECK(p.str() == "busy,wrong,repeat(wrong(fails)),");
  CHECK(passes::pipeline{}.str().empty());
}

TEST_CASE("a stage is repeated until nothing changes, at most so often") {
  for (const auto& [changes, rounds] : {std::pair{0, 1}, {1, 2}, {3, 4}, {4, 5}, {9, 5}}) {
    int left = changes;
    ir::graph g = two_nodes();
    const auto report = passes::run(g, {{{{busy{&left}}, 5}}}).value();
    CHECK(report.passes.size() == static_cast<std::size_t>(rounds));
    CHECK(report.passes.back().round == rounds - 1);
  }
}

TEST_CASE("the report has nodes before and after, changes and skips") {
  int left = 1;
  ir::graph g = two_nodes();
  const auto report = passes::run(g, {{{{busy{&left}, passes::remove_dead{}}}}}).value();
  CHECK(report.pipeline == "busy,remove-dead");
  CHECK(report.nodes_before == 2);
  CHECK(report.nodes_after == 1);
  REQUIRE(report.passes.size() == 2);
  CHECK(report.passes[0].name == "busy");
  CHECK(report.passes[0].changes == 1);
  CHECK(report.passes[0].skip_count == 1);
  CHECK(report.passes[0].skips.at(0).where == "here");
  CHECK(report.passes[1].nodes_before == 2);
  CHECK(report.passes[1].nodes_after == 1);
  CHECK(report.fired("no such rule") == 0);
  CHECK(g.node_capacity() == 1);
}

TEST_CASE("skips are counted past the number that is kept") {
  const rewrite::driver_options options{{}, {}, {}};
  passes::pass_context ctx(options);
  for (std::size_t i = 0; i < passes::pass_context::max_skips + 10; ++i) ctx.skip("w", "r");
  CHECK(ctx.skips().size() == passes::pass_context::max_skips);
  CHECK(ctx.skip_count() == passes::pass_context::max_skips + 10);
}

TEST_CASE("a pass that fails is named") {
  ir::graph g = two_nodes();
  const auto report = passes::run(g, {{{{wrong{true}}}}});
  REQUIRE_FALSE(report);
  CHECK(report.failure().message == "pass 'wrong(fails)': no way");
}

TEST_CASE("a pass that breaks the graph is found when asked to verify, not else") {
  passes::run_options options;
  for (const bool verifies : {false, true}) {
    ir::graph g = two_nodes();
    options.verifies = verifies;
    const auto report = passes::run(g, {{{{wrong{}}}}}, options);
    CHECK(report.has_value() == !verifies);
    if (verifies)
      CHECK(report.failure().message ==
            "after pass 'wrong': relu 'alive': recorded fact is f64[2], inferred f32[2]");
  }
  options.spec.facts = false;
  ir::graph g = two_nodes();
  CHECK(passes::run(g, {{{{wrong{}}}}}, options));
}

TEST_CASE("a pass is switched off by its name or by its whole text") {
  for (const auto& [name, runs] : {std::pair{"wrong", 0}, {"wrong(fails)", 1}, {"other", 2}}) {
    ir::graph g = two_nodes();
    passes::run_options options;
    options.disabled_passes = {name};
    const auto report = passes::run(g, {{{{wrong{}, wrong{true}}}}}, options);
    CHECK(report.has_value() == (runs < 2));
    if (report) CHECK(report->passes.size() == static_cast<std::size_t>(runs));
  }
}

TEST_CASE("passes are values: copies are independent") {
  const passes::any_pass a = wrong{true};
  passes::any_pass b = a, c = wrong{};
  c = b;
  CHECK(a.str() == "wrong(fails)");
  CHECK(c.str() == "wrong(fails)");
  CHECK(c.name() == "wrong");
}
