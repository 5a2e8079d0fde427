#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ir/parse.hpp"
#include "tenon/ir/print.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/control_flow.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/detection.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/pooling.hpp"
#include "tenon/ops/selection.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"
#include "tenon/tools/optimize.hpp"

#include <fstream>
#include <random>
#include <thread>

#include "support/near.hpp"
#include <doctest/doctest.h>

using namespace tenon;
using tenon_tests::difference;

namespace {

tensor numbers(extents dims, unsigned seed = 1) {
  tensor out(dtype::f32, std::move(dims));
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> spread(-1, 1);
  for (float& v : out.elements<float>()) v = spread(random);
  return out;
}

/// A convolution, a pooling over what is left of height and width, and a classifier.
ir::graph classifier() {
  builder b("classifier");
  auto x = b.input("image", dtype::f32, {"N", 3, "H", "W"});
  const ops::conv conv{.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}, .strides = {2, 2}};
  x = b.add(ops::relu{}, {b.add(conv, {x, b.constant("w", numbers({8, 3, 3, 3}))})});
  x = b.add(ops::flatten{}, {b.add(ops::global_average_pool{}, {x})});
  b.output("y", b.add(ops::matmul{}, {x, b.constant("fc", numbers({8, 5}))}));
  return b.finish().value();
}

/// Memory of this process that is in RAM, in MiB.
double resident_mb() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096 / 0x1p20;
}

/// The session of a graph gives what the interpreter gives.
void check_like_interpreter(const ir::graph& g, const std::vector<std::vector<datum>>& runs) {
  for (const level l : {level::none, level::o1}) {
    compile_options options;
    options.level = l;
    options.passes.verifies = true;
    session s(compile(g, options).value().model, {.threads = 1});
    for (const auto& in : runs) {
      const auto expected = interpret(g, in).value();
      const auto found = s.run_positional(in);
      REQUIRE_MESSAGE(found, (found ? std::string() : found.failure().message));
      REQUIRE(found->size() == expected.size());
      for (std::size_t i = 0; i < found->size(); ++i)
        CHECK(difference((*found)[i], expected[i].as_tensor(), {1e-4, 1e-4}) == "");
    }
  }
}

tensor flags(const std::vector<bool>& v) {
  tensor out(dtype::boolean, {static_cast<std::int64_t>(v.size())});
  for (std::size_t i = 0; i < v.size(); ++i) out.data<bool>()[i] = v[i];
  return out;
}

}  // namespace

TEST_CASE("10000 random shapes are one plan and a flat amount of memory") {
  optimize_options options;
  options.ranges = {{{{1, 3, 8, 8}}, {{4, 3, 40, 40}}, {{{1, 3, 32, 32}}, {{4, 3, 16, 16}}}}};
  const optimized made = optimize(classifier(), options).value();
  const plan::program* plan = &made.model.program();
  session s(made.model, {.threads = 1});
  std::mt19937 random(5);
  const auto draw = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  s.run({{"image", numbers({4, 3, 40, 40})}}).value();
  double before = 0;
  for (int i = 0; i < 10000; ++i) {
    const extents dims{draw(1, 4), 3, draw(8, 40), draw(8, 40)};
    const auto out = s.run({{"image", tensor(dtype::f32, dims)}});
    REQUIRE(out);
    REQUIRE((*out)[0].dims() == extents{dims[0], 5});
    if (i == 1000) before = resident_mb();
  }
  CHECK(&s.compiled().program() == plan);
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  CHECK(resident_mb() - before < 4);
#endif
  CHECK(s.peak_bytes() < 4 << 20);
}

TEST_CASE("two sessions of one model in two threads give the same bits, run after run") {
  const model m = compile(classifier()).value().model;
  const tensor x = numbers({3, 3, 31, 29}), other = numbers({1, 3, 8, 60}, 2);
  session first(m, {.threads = 1});
  const tensor expected = first.run({{"image", x}}).value()[0].clone();
  std::vector<int> same(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < same.size(); ++t)
    threads.emplace_back([&, t] {
      session s(m, {.threads = t % 2 == 0 ? 1 : 2});
      for (int i = 0; i < 50; ++i) {
        if (i % 3 == 2) s.run({{"image", other}}).value();
        same[t] += identical(s.run({{"image", x}}).value()[0], expected);
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(same == std::vector<int>(4, 50));
}

TEST_CASE("sizes beyond memory and beyond 64 bits are errors before anything is read") {
  session s(compile(classifier()).value().model, {.memory_limit_bytes = 1 << 30});
  float one = 0;
  for (const std::int64_t n : {std::int64_t{1} << 31, std::int64_t{1} << 58}) {
    const extents dims{n, 3, 1, 1};
    const auto bytes = static_cast<std::size_t>(n) * 12;
    const tensor claimed =
        tensor::over(dtype::f32, dims, storage::borrow(reinterpret_cast<std::byte*>(&one), bytes));
    const auto out = s.run({{"image", claimed}});
    REQUIRE_FALSE(out);
    CHECK(out.failure().kind == code::resource);
  }
  CHECK(s.run({{"image", numbers({1, 3, 8, 8})}}));
}

TEST_CASE("data decides a size: none, one and all of the elements") {
  std::vector<std::vector<datum>> runs;
  SUBCASE("compress") {
    builder b;
    const auto x = b.input("x", dtype::f32, {"n", 3}), by = b.input("by", dtype::boolean, {"k"});
    const auto kept = b.add(ops::compress{.axis = 0}, {x, by});
    b.output("kept", b.add(ops::add{}, {b.add(ops::relu{}, {kept}), kept}));
    for (const auto& by_flags :
         {std::vector<bool>(4, false), {false, true}, std::vector<bool>(4, true)})
      runs.push_back({numbers({4, 3}), flags(by_flags)});
    check_like_interpreter(b.finish().value(), runs);
  }
  SUBCASE("unique") {
    builder b;
    const value_id in[] = {b.input("x", dtype::f32, {"n"})};
    const auto y = b.add(ops::unique{}, in, 4);
    b.output("y", b.add(ops::relu{}, {y[0]}));
    b.output("inverse", y[2]);
    b.output("counts", y[3]);
    for (const auto& v : {std::vector<float>{}, {1, 1, 1}, {3, 2, 1, 2}})
      runs.push_back({tensor::of<float>({static_cast<std::int64_t>(v.size())}, std::span(v))});
    check_like_interpreter(b.finish().value(), runs);
  }
  SUBCASE("non-max suppression") {
    builder b;
    const auto boxes = b.input("boxes", dtype::f32, {1, "n", 4});
    const auto scores = b.input("scores", dtype::f32, {1, 1, "n"});
    const auto most = b.constant("most", tensor::of<std::int64_t>({1}, {9}));
    const auto limit = b.constant("limit", tensor::of<float>({1}, {0.5F}));
    const auto least = b.constant("least", tensor::of<float>({1}, {0.2F}));
    const auto kept = b.add(ops::non_max_suppression{}, {boxes, scores, most, limit, least});
    const auto column = b.constant("column", tensor::of<std::int64_t>({1}, {2}));
    b.output("kept", b.add(ops::gather{1}, {kept, column}));
    const tensor all = tensor::of<float>({1, 3, 4}, {0, 0, 1, 1, 4, 4, 5, 5, 2, 2, 3, 3});
    for (const auto& v : {std::vector<float>{0, 0.1F, 0}, {0, 0.9F, 0}, {0.3F, 0.9F, 0.5F}})
      runs.push_back({all, tensor::of<float>({1, 1, 3}, std::span(v))});
    check_like_interpreter(b.finish().value(), runs);
  }
}

TEST_CASE("a loop that collects, and branches of different shapes") {
  builder inside("body");
  inside.input("i", dtype::i64, {});
  const auto go = inside.input("go", dtype::boolean, {});
  const auto carried = inside.input("x", dtype::f32, {"n"}),
             step = inside.input("step", dtype::f32, {1});
  inside.output("go_on", inside.add(ops::identity{}, {go}));
  inside.output("grown", inside.add(ops::concat{}, {carried, step}));
  inside.output("seen", inside.add(ops::relu{}, {step}));
  builder b("loop");
  const auto trips = b.input("trips", dtype::i64, {}), x = b.input("x", dtype::f32, {"n"}),
             by = b.input("step", dtype::f32, {1});
  const value_id in[] = {trips, value_id(), x, by};
  const auto y =
      b.add(ops::loop{.body = ir::subgraph(inside.finish().value()), .carried_count = 1}, in, 2);
  b.output("grown", b.add(ops::relu{}, {y[0]}));
  b.output("seen", y[1]);
  std::vector<std::vector<datum>> runs;
  for (const std::int64_t n : {0, 1, 7})
    runs.push_back({tensor::scalar<std::int64_t>(n), numbers({2}), numbers({1}, 3)});
  check_like_interpreter(b.finish().value(), runs);

  const auto branch = [](bool twice) {
    builder side("side");
    const auto v = side.input("x", dtype::f32, {"n"});
    side.output("y", twice ? side.add(ops::concat{}, {v, v}) : side.add(ops::relu{}, {v}));
    return ir::subgraph(side.finish().value());
  };
  builder choice("choice");
  const auto flag = choice.input("flag", dtype::boolean, {});
  const auto v = choice.input("x", dtype::f32, {"n"});
  choice.output("y", choice.add(ops::relu{}, {choice.add(ops::if_{.then_branch = branch(true),
                                                                  .else_branch = branch(false)},
                                                         {flag, v})}));
  runs.clear();
  for (const bool taken : {true, false, true})
    runs.push_back({tensor::scalar<bool>(taken), numbers({taken ? 3 : 5})});
  check_like_interpreter(choice.finish().value(), runs);
}

TEST_CASE("what a branch demands of sizes is asked of the inputs that take it") {
  const auto branch = [](bool pools) {
    builder side("side");
    const auto v = side.input("x", dtype::f32, {1, 1, "k"});
    const auto by = side.constant("by", numbers({5}));
    const auto y =
        pools ? side.add(ops::max_pool{.kernel_shape = {3}}, {v}) : side.add(ops::add{}, {v, by});
    const auto flat = side.constant("flat", tensor::of<std::int64_t>({1}, {-1}));
    side.output("y", side.add(ops::relu{}, {side.add(ops::reshape{}, {y, flat})}));
    return ir::subgraph(side.finish().value());
  };
  builder choice("choice");
  const auto flag = choice.input("flag", dtype::boolean, {});
  const auto x = choice.input("x", dtype::f32, {1, 1, "n"});
  choice.output("y", choice.add(ops::if_{.then_branch = branch(true), .else_branch = branch(false)},
                                {flag, x}));
  const ir::graph built = choice.finish().value();
  const ir::graph read = ir::parse_graph(ir::to_text(built), ops::all_ops()).value();
  for (const ir::graph* g : {&built, &read}) {
    session s(compile(*g).value().model, {.threads = 1});
    const auto run = [&](bool pools, std::int64_t n) {
      const std::vector<datum> in{tensor::scalar<bool>(pools), numbers({1, 1, n})};
      const auto out = s.run_positional(in);
      CHECK(out.has_value() == interpret(*g, in).has_value());
      return out ? bracketed((*out)[0].dims()) : out.failure().message;
    };
    CHECK(run(true, 4) == "[2]");
    CHECK(run(true, 2).find("is shorter than the kernel, which spans 3") != std::string::npos);
    CHECK(run(false, 2).find("do not broadcast") != std::string::npos);
    CHECK(run(false, 5) == "[5]");
    CHECK(run(false, 1) == "[5]");
  }
}

TEST_CASE("a window beyond an axis is an error that names node, input and sizes") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"N", 1, "H", "W"});
  const ops::conv conv{.dilations = {2, 1}, .kernel_shape = {3, 3}, .pads = {1, 0, 0, 0}};
  const auto y = b.add(conv, {x, b.constant("w", numbers({2, 1, 3, 3}))});
  const ops::max_pool pool{.ceil_mode = true, .kernel_shape = {2, 2}, .strides = {2, 2}};
  b.output("y", b.add(pool, {y}));
  const ir::graph g = b.finish().value();
  for (const level l : {level::none, level::o1}) {
    session s(compile(g, {.level = l}).value().model, {.threads = 1});
    const auto run = [&](std::int64_t h, std::int64_t w) {
      const std::vector<datum> in{numbers({1, 1, h, w})};
      const auto out = s.run_positional(in);
      REQUIRE(out.has_value() == interpret(g, in).has_value());
      if (!out) CHECK(out.failure().kind == code::input);
      return out ? bracketed((*out)[0].dims()) : out.failure().message;
    };
    CHECK(run(5, 4) == "[1, 2, 1, 1]");
    CHECK(run(3, 4) ==
          "conv 'conv_0': span of the kernel on padded spatial axis 0 of x: 5 <= H + 1 does not "
          "hold: 5 vs 4");
    CHECK(run(5, 0) ==
          "conv 'conv_0': span of the kernel on padded spatial axis 1 of x: 3 <= W does not hold: "
          "3 vs 0");
    CHECK(run(4, 4) ==
          "max_pool 'max_pool_1': span of the kernel on padded spatial axis 0 of x: 2 <= H - 3 "
          "does not hold: 2 vs 1");
  }
}

TEST_CASE("sizes that data decides are checked before a kernel of planned sizes reads them") {
  builder b;
  const auto found = b.add(ops::non_zero{}, {b.input("x", dtype::f32, {"n"})});
  const auto five = b.constant("five", tensor::of<std::int64_t>({1, 5}, {1, 2, 3, 4, 5}));
  b.output("y", b.add(ops::add{}, {found, five}));
  const ir::graph g = b.finish().value();
  CHECK(g.fact(g.outputs()[0]).str() == "i64[1, 5]");
  session s(compile(g).value().model, {.threads = 1});
  for (const std::int64_t n : {5, 3, 1, 7, 0, 5}) {
    const std::vector<datum> in{tensor::of<float>({n}, std::vector<float>(std::size_t(n), 1))};
    const auto expected = interpret(g, in);
    const auto out = s.run_positional(in);
    REQUIRE(out.has_value() == expected.has_value());
    if (out)
      CHECK(identical((*out)[0], (*expected)[0].as_tensor()));
    else
      CHECK(out.failure().message.find("do not broadcast") != std::string::npos);
  }
}

TEST_CASE("branches and views read sizes that no input gives a value of") {
  const auto branch = [](bool twice) {
    builder side("side");
    const auto v = side.input("x", dtype::f32, {"min(a, 2) + b"});
    const auto y = twice ? side.add(ops::concat{}, {v, v}) : side.add(ops::relu{}, {v});
    side.output("y", side.add(ops::relu{}, {y}));
    return ir::subgraph(side.finish().value());
  };
  builder b;
  const auto flag = b.input("flag", dtype::boolean, {});
  const auto x = b.input("x", dtype::f32, {"n"}), keep = b.input("keep", dtype::boolean, {"n"});
  const auto kept = b.add(ops::compress{.axis = 0}, {x, keep});
  const ops::if_ choice{.then_branch = branch(true), .else_branch = branch(false)};
  b.output("y", b.add(choice, {flag, b.add(ops::concat{}, {kept, x})}));
  std::vector<std::vector<datum>> runs;
  for (const bool taken : {true, false, true})
    runs.push_back({tensor::scalar<bool>(taken), numbers({4}), flags({taken, true, false, true})});
  check_like_interpreter(b.finish().value(), runs);

  builder flat;
  const auto all = flat.input("x", dtype::f32, {"a*b"});
  const auto shape = flat.constant("shape", tensor::of<std::int64_t>({2}, {2, 3}));
  flat.output("y", flat.add(ops::relu{}, {flat.add(ops::reshape{}, {all, shape})}));
  const ir::graph g = flat.finish().value();
  check_like_interpreter(g, {{numbers({6})}, {numbers({6}, 2)}});
  session s(compile(g).value().model, {.threads = 1});
  const std::vector<datum> odd{numbers({7})};
  CHECK(!s.run_positional(odd));
}
