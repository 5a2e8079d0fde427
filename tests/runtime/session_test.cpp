#include "tenon/runtime/session.hpp"

#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/loops.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/selection.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/compile.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "support/allocations.hpp"
#include "support/near.hpp"
#include <doctest/doctest.h>

using namespace tenon;

namespace {

tensor numbers(extents dims, float first = 0.25F) {
  tensor out(dtype::f32, std::move(dims));
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.data<float>()[i] = first + 0.125F * static_cast<float>(i % 17) - 1.0F;
  return out;
}

/// relu(x @ w + b), its transpose, and a slice of it.
ir::graph mlp() {
  builder b("mlp");
  const value_id x = b.input("x", dtype::f32, {"batch", 12});
  const value_id w = b.constant("w", numbers({12, 7}));
  const value_id bias = b.constant("b", numbers({7}));
  const value_id y = b.add(ops::relu{}, {b.add(ops::add{}, {b.add(ops::matmul{}, {x, w}), bias})});
  b.output("y", y);
  b.output("turned", b.add(ops::transpose{}, {y}));
  const value_id sizes = b.constant("sizes", tensor::of<std::int64_t>({1}, {-1}));
  b.output("flat", b.add(ops::reshape{}, {b.add(ops::mul{}, {y, y}), sizes}));
  return b.finish().value();
}

void check_close(const tensor& a, const tensor& b) {
  CHECK(tenon_tests::difference(a, b, {1e-5, 1e-5}) == "");
}

/// A loop that goes on for as many turns as its input says.
ir::graph turns() {
  builder inner("turn");
  inner.input("i", dtype::i64, {});
  const value_id goes_on = inner.input("goes_on", dtype::boolean, {});
  const value_id before = inner.input("before", dtype::f32, {});
  inner.output("again", inner.add(ops::identity{}, {goes_on}));
  inner.output("after",
               inner.add(ops::add{}, {before, inner.constant("one", tensor::of<float>({}, {1}))}));
  builder b("turns");
  const value_id count = b.input("count", dtype::i64, {});
  const value_id start = b.constant("start", tensor::of<float>({}, {0}));
  ops::loop repeated;
  repeated.body = ir::subgraph(inner.finish().value());
  repeated.carried_count = 1;
  b.output("last", b.add(std::move(repeated), {count, value_id(), start}));
  return b.finish().value();
}

constexpr std::int64_t endless = std::int64_t{1} << 60;

}  // namespace

TEST_CASE("a session gives what the interpreter gives, for every size and level") {
  for (const level l : {level::none, level::o1, level::o2}) {
    compile_options options;
    options.level = l;
    options.passes.verifies = true;
    session s(compile(mlp(), options).value().model);
    for (const std::int64_t batch : {3, 1, 64, 0, 5}) {
      const tensor x = numbers({batch, 12});
      const datum in = x;
      const auto expected = interpret(mlp(), std::span(&in, 1)).value();
      const auto outputs = s.run({{"x", x}}).value();
      REQUIRE(outputs.size() == 3);
      for (std::size_t i = 0; i < 3; ++i) check_close(outputs[i], expected[i].as_tensor());
      check_close(outputs["flat"], expected[2].as_tensor());
    }
  }
}

TEST_CASE("a run ends when its time is over, and the session goes on") {
  session s(compile(turns()).value().model, {.time_limit_seconds = 0.05});
  const auto late = s.run({{"count", tensor::of<std::int64_t>({}, {endless})}});
  REQUIRE_FALSE(late);
  CHECK(late.failure().kind == code::resource);
  CHECK(late.failure().message.find("time limit") != std::string::npos);
  CHECK(s.run({{"count", tensor::of<std::int64_t>({}, {3})}}).value()[0].data<float>()[0] == 3);
}

TEST_CASE("another thread cancels a run, and the session goes on") {
  session s(compile(turns()).value().model);
  std::atomic<bool> is_over = false;
  std::jthread canceller([&] {
    while (!is_over) {
      s.cancel();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto cancelled = s.run({{"count", tensor::of<std::int64_t>({}, {endless})}});
  is_over = true;
  canceller.join();
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.failure().kind == code::resource);
  CHECK(cancelled.failure().message.find("the run was cancelled") != std::string::npos);
  CHECK(s.run({{"count", tensor::of<std::int64_t>({}, {2})}}).value()[0].data<float>()[0] == 2);
}

TEST_CASE("a session that is moved into takes the other model over") {
  model first = compile(turns()).value().model;
  const model second = compile(mlp()).value().model;
  session s(second);
  s = session(first);
  CHECK(s.run({{"count", tensor::of<std::int64_t>({}, {4})}}).value()[0].data<float>()[0] == 4);
  const model taken = std::move(first);
  CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): it is empty.
  CHECK(taken.input_count() == 1);
}

TEST_CASE("a repeated shape costs no allocation and no resize") {
  session s(compile(mlp()).value().model, {.threads = 1});
  const tensor x = numbers({9, 12});
  const named_value inputs[] = {{"x", x}};
  for (int i = 0; i < 3; ++i) s.run(std::span<const named_value>(inputs)).value();
  const std::int64_t resizes = s.resizes();
  const std::int64_t before = allocation_count();
  for (int i = 0; i < 10; ++i) {
    auto outputs = s.run(std::span<const named_value>(inputs));
    if (!outputs) FAIL("run failed");
  }
  CHECK(allocation_count() == before);
  CHECK(s.resizes() == resizes);
}

TEST_CASE("outputs that the caller keeps are not written again") {
  session s(compile(mlp()).value().model);
  const tensor kept = s.run({{"x", numbers({2, 12})}}).value()["y"];
  const tensor copy = kept.clone();
  s.run({{"x", numbers({2, 12}, 3.0F)}}).value();
  CHECK(identical(kept, copy));
}

TEST_CASE("wrong inputs are named") {
  session s(compile(mlp()).value().model);
  const auto text = [&](auto&& outcome) {
    REQUIRE(!outcome);
    CHECK(outcome.failure().kind == code::input);
    return outcome.failure().message;
  };
  CHECK(text(s.run({{"bogus", numbers({2, 12})}})) ==
        "input 'bogus' is unknown; the model has ['x']");
  CHECK(text(s.run({{"x", numbers({2, 11})}})) ==
        "input 'x' has shape [2, 11], expected [batch, 12]: axis 1 is 11, expected 12");
  CHECK(text(s.run({{"x", numbers({12})}})) ==
        "input 'x' has shape [12] of rank 1, expected [batch, 12] of rank 2");
  CHECK(text(s.run({{"x", tensor(dtype::f64, {2, 12})}})) ==
        "input 'x' has dtype f64, expected f32; convert it first");
  CHECK(text(s.run(std::span<const named_value>())) ==
        "input 'x' is missing: expected f32[batch, 12]; give it a value (tenon run: --input "
        "NAME=FILE "
        "or --random SEED)");
  const auto outputs = s.run({{"x", numbers({1, 12})}}).value();
  CHECK_THROWS_WITH_AS(outputs["z"], "output 'z' is unknown; the model has ['y', 'turned', 'flat']",
                       exception);
}

TEST_CASE("the memory limit is met with an error, and the session goes on") {
  session s(compile(mlp()).value().model, {.memory_limit_bytes = 100000});
  const auto refused = s.run({{"x", numbers({100000, 12})}});
  REQUIRE(!refused);
  CHECK(refused.failure().kind == code::resource);
  CHECK(s.run({{"x", numbers({4, 12})}}).has_value());
}

TEST_CASE("sizes that only the run knows") {
  builder b("positive");
  const value_id x = b.input("x", dtype::f32, {"n"});
  const value_id found = b.add(ops::non_zero{}, {b.add(ops::relu{}, {x})});
  b.output("found", found);
  b.output("twice", b.add(ops::concat{0}, {found, found}));
  session s(compile(b.finish().value()).value().model);
  for (const std::vector<float>& v : {std::vector<float>{1, -1, 2, 0, 3}, {-1, -2}, {}, {5}}) {
    const tensor in =
        tensor::of<float>({static_cast<std::int64_t>(v.size())}, std::span<const float>(v));
    const auto outputs = s.run({{"x", in}}).value();
    std::vector<std::int64_t> expected;
    for (std::size_t i = 0; i < v.size(); ++i)
      if (v[i] > 0) expected.push_back(static_cast<std::int64_t>(i));
    REQUIRE(outputs["found"].dims() == extents{1, static_cast<std::int64_t>(expected.size())});
    CHECK(outputs["twice"].dims() == extents{2, static_cast<std::int64_t>(expected.size())});
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK(outputs["found"].data<std::int64_t>()[i] == expected[i]);
  }
}

TEST_CASE("the peak of the arena is an expression that bounds what is used") {
  const model m = compile(mlp()).value().model;
  session s(m);
  for (const std::int64_t batch : {1, 7, 300}) {
    s.run({{"x", numbers({batch, 12})}}).value();
    bindings sizes;
    sizes.set(m.input(0).shape[0], batch);
    const std::int64_t peak = evaluate(m.program().peak_bytes(), sizes).value();
    CHECK(s.arena_bytes() > 0);
    CHECK(peak >= s.arena_bytes());
  }
}
