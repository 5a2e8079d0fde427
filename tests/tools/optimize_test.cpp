#include "tenon/tools/optimize.hpp"

#include "tenon/formats/onnx/export.hpp"
#include "tenon/formats/onnx/import.hpp"
#include "tenon/ir/append.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/session.hpp"
#include "tenon/symbol/table.hpp"

#include <thread>

#include "support/near.hpp"
#include <doctest/doctest.h>

using namespace tenon;

namespace {

tensor numbers(extents dims) {
  tensor out(dtype::f32, std::move(dims));
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.data<float>()[i] = static_cast<float>(i * 37 % 101) / 50.0F - 1;
  return out;
}

/// relu(conv(image)): every dim but the channels is free.
ir::graph images() {
  builder b("images");
  const auto x = b.input("image", dtype::f32, {"N", 3, "H", "W"});
  const ops::conv conv{.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}, .strides = {2, 2}};
  const auto y = b.add(conv, {x, b.constant("w", numbers({4, 3, 3, 3}))}, "first");
  b.output("y", b.add(ops::relu{}, {y}));
  return b.finish().value();
}

shape_range batches(std::int64_t low, std::int64_t high, std::vector<std::int64_t> opts) {
  shape_range out{{{low, 3, 32, 32}}, {{high, 3, 32, 32}}, {}};
  for (const std::int64_t n : opts) out.opts.push_back({{n, 3, 32, 32}});
  return out;
}

std::string mistake(std::vector<shape_range> ranges, std::vector<datum> test_data = {}) {
  optimize_options options;
  options.ranges = std::move(ranges);
  options.test_data = std::move(test_data);
  options.timed_runs = 1;
  const auto out = optimize(images(), options);
  return out ? "no error" : out.failure().message;
}

void check_like_the_oracle(session& s, const extents& dims) {
  const tensor x = numbers(dims);
  session oracle(compile(images(), {.level = level::none, .reference_only = true}).value().model);
  const tensor expected = oracle.run({{"image", x}}).value()[0];
  const auto out = s.run({{"image", x}});
  REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
  CHECK(tenon_tests::difference((*out)[0], expected, {1e-5, 1e-5}) == "");
}

}  // namespace

TEST_CASE("the timed runs keep the limits") {
  optimize_options options;
  options.test_data = {numbers({1, 3, 32, 32})};
  options.timed_runs = 1;
  CHECK(optimize(images(), options).has_value());
  options.memory_limit_bytes = 1000;
  const auto refused = optimize(images(), options);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().kind == code::resource);
}

TEST_CASE("a range with a wrong number of groups tells both numbers") {
  shape_range r = batches(1, 10, {5});
  r.max.push_back({1});
  CHECK(mistake({r}) ==
        "range: 'max' has a wrong number of groups: expected 1, one per network input, vs 2");
  r = batches(1, 10, {5, 8});
  r.opts[1] = {};
  CHECK(mistake({r}) ==
        "range: 'opts[1]' has a wrong number of groups: expected 1, one per network input, vs 0");
}

TEST_CASE("min <= opt <= max in every position, else the input, the dim and the three values") {
  CHECK(mistake({batches(1, 10, {5, 11})}) ==
        "range: input 'image' dim 0: expected min <= opt <= max vs min 1, opt 11, max 10");
  CHECK(mistake({batches(2, 10, {1})}) ==
        "range: input 'image' dim 0: expected min <= opt <= max vs min 2, opt 1, max 10");
  CHECK(mistake({batches(9, 3, {})}) ==
        "range: input 'image' dim 0: expected min <= max vs min 9, max 3");
  shape_range r = batches(1, 10, {5});
  r.opts[0][0][3] = 33;
  CHECK(mistake({r}) ==
        "range: input 'image' dim 3: expected min <= opt <= max vs min 32, opt 33, max 32");
}

TEST_CASE("test data outside of the range is refused by the name of its dim") {
  CHECK(mistake({batches(1, 10, {5})}, {numbers({11, 3, 32, 32})}) ==
        "test data: input 'image' dim 0: out of range: expected [1, 10] vs 11");
  CHECK(mistake({batches(1, 10, {5})}, {numbers({1, 3, 32, 31})}) ==
        "test data: input 'image' dim 3: out of range: expected [32, 32] vs 31");
  CHECK(mistake({batches(1, 10, {5})}, {numbers({10, 3, 32, 32})}) == "no error");
}

TEST_CASE("any dim may be dynamic, and several ranges may share a point") {
  optimize_options options;
  SUBCASE("batch") {
    options.ranges = {batches(1, 10, {5, 8})};
  }
  SUBCASE("two ranges that share batch 5") {
    options.ranges = {batches(1, 5, {5}), batches(5, 10, {8})};
  }
  const optimized made = optimize(images(), options).value();
  session s(made.model);
  for (const std::int64_t n : {1, 3, 5, 7, 9, 10, 5}) check_like_the_oracle(s, {n, 3, 32, 32});
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{11}}) {
    const auto refused = s.run({{"image", numbers({n, 3, 32, 32})}});
    REQUIRE_FALSE(refused);
    CHECK(refused.failure().kind == code::input);
    CHECK(refused.failure().message ==
          (n == 0 ? "range of input 'image' dim 0: 1 <= N does not hold: 1 vs 0"
                  : "range of input 'image' dim 0: N <= 10 does not hold: 11 vs 10"));
  }
}

TEST_CASE("height and width, then all of batch, height and width") {
  for (const std::int64_t most : {1, 3}) {
    optimize_options options;
    options.ranges = {{{{1, 3, 32, 32}}, {{most, 3, 96, 96}}, {{{1, 3, 64, 64}}}}};
    session s(optimize(images(), options).value().model);
    for (const std::int64_t h : {32, 64, 96})
      for (const std::int64_t w : {96, 33}) check_like_the_oracle(s, {most, 3, h, w});
  }
}

TEST_CASE("a saved model keeps symbols, ranges and constraints") {
  ir::graph g = images();
  REQUIRE(g.symbols.facts().require("H % 32 == 0", "test"));
  optimize_options options;
  options.ranges = {{{{1, 3, 32, 32}}, {{8, 3, 96, 96}}, {{{2, 3, 64, 64}}}}};
  ir::graph portable;
  REQUIRE(optimize(std::move(g), options, portable));
  const std::string bytes = to_onnx(portable).value();
  const ir::graph again = load_onnx(std::as_bytes(std::span(bytes))).value();
  const auto dim_of = [&](const char* name) { return *again.symbols.scope().find(name); };
  CHECK(again.fact(again.inputs()[0]).str() == "f32[N, 3, H, W]");
  CHECK(again.fact(again.outputs()[0]).str() == portable.fact(portable.outputs()[0]).str());
  CHECK(again.symbols.facts().bounds(dim_of("N")) == interval{1, 8});
  CHECK(again.symbols.facts().bounds(dim_of("W")) == interval{32, 96});
  CHECK(again.symbols.facts().is_divisible(dim_of("H"), 32) == truth::yes);
  CHECK(to_onnx(again).value() == bytes);
}

TEST_CASE("the options of a scope are those of its thread while it lives") {
  optimize_options outer;
  outer.level = level::none;
  outer.gpu.disable_fp16_accuracy_check = true;
  const auto levels = [] { return optimize(images()).value().report; };
  CHECK(levels().level == level::o1);
  {
    const config_scope with(outer);
    CHECK(levels().level == level::none);
    CHECK(levels().json().find("\"disable_fp16_accuracy_check\": true") != std::string::npos);
    {
      optimize_options inner;
      inner.ranges = {batches(1, 10, {5})};
      const config_scope inside(inner);
      CHECK(levels().ranges.size() == 1);
      tenon::level seen = level::none;
      std::thread([&] { seen = optimize(images()).value().report.level; }).join();
      CHECK(seen == level::o1);
    }
    CHECK(levels().ranges.empty());
    CHECK(levels().level == level::none);
  }
  CHECK(levels().level == level::o1);
}

TEST_CASE("a model that does not declare its inputs is optimized, and the report says so") {
  ir::graph g;
  const value_id x = g.add_input("x", ir::fact::unranked(dtype::f32));
  const value_id in[] = {x};
  const std::string names[] = {"y"};
  const auto n = ir::append(g, ops::relu{}, in, names, "relu", {});
  REQUIRE(n);
  g.add_output(g[*n].outputs[0], "y");
  const auto made = optimize(std::move(g));
  REQUIRE(made);
  CHECK(made->report.message.starts_with(
      "Unable to deduce model inputs information (data type, shape, value range, etc.)"));
  CHECK(made->report.json().find("Unable to deduce model inputs information") != std::string::npos);
  session s(made->model);
  CHECK(s.run({{"x", tensor::of<float>({2}, {-1, 2})}}).value()[0].data<float>()[1] == 2);
}

TEST_CASE("the report counts folded constants; a product and its sum become one kernel") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"n", 8});
  const auto w =
      b.add(ops::mul{}, {b.constant("w", numbers({8, 4})), b.constant("s", numbers({4}))});
  const auto y = b.add(ops::add{}, {b.add(ops::matmul{}, {x, w}), b.constant("c", numbers({4}))});
  b.output("y", y);
  const optimized made = optimize(b.finish().value()).value();
  std::size_t folded = 0;
  for (const auto& p : made.report.passes.passes)
    if (p.name == "fold-constants") folded += p.changes;
  CHECK(folded == 1);
  REQUIRE(made.model.program().steps.size() == 1);
  CHECK(made.model.program().steps[0].kernel != nullptr);
}
