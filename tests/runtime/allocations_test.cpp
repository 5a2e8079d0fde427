#include "support/allocations.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/pooling.hpp"
#include "tenon/ops/softmax.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <random>
#include <vector>

#include <doctest/doctest.h>

namespace {

using namespace tenon;

tensor random_tensor(extents dims, unsigned seed) {
  tensor out(dtype::f32, std::move(dims));
  std::mt19937 random(seed);
  for (float& v : out.elements<float>()) v = static_cast<float>(random() % 1000) / 1000 - 0.5F;
  return out;
}

/// Convolutions, a depthwise one, pooling, a residual sum and a reshape over symbolic batch and image.
ir::graph convolutions() {
  builder b("convolutions");
  const auto x = b.input("x", dtype::f32, {"N", 3, "H", "W"});
  const auto w1 = b.constant("w1", random_tensor({16, 3, 3, 3}, 1));
  const auto w2 = b.constant("w2", random_tensor({16, 1, 3, 3}, 2));
  const auto w3 = b.constant("w3", random_tensor({16, 16, 1, 1}, 3));
  const auto w4 = b.constant("w4", random_tensor({16, 16, 3, 3}, 4));
  ops::conv padded;
  padded.pads = {1, 1, 1, 1};
  ops::conv depthwise = padded;
  depthwise.group = 16;
  auto y = b.add(ops::relu{}, {b.add(padded, {x, w1})});
  y = b.add(ops::relu{}, {b.add(depthwise, {y, w2})});
  y = b.add(ops::add{}, {b.add(ops::conv{}, {y, w3}), y});
  ops::max_pool halve;
  halve.kernel_shape = {2, 2};
  halve.strides = {2, 2};
  y = b.add(ops::relu{}, {b.add(padded, {b.add(halve, {y}), w4})});
  b.output("map", y);
  y = b.add(ops::flatten{}, {b.add(ops::global_average_pool{}, {y})});
  y = b.add(ops::matmul{}, {y, b.constant("w5", random_tensor({16, 10}, 5))});
  b.output("scores", b.add(ops::softmax{}, {y}));
  return b.finish().value();
}

/// A block of a transformer over symbolic batch and length.
ir::graph attention_block() {
  builder b("attention");
  const auto x = b.input("x", dtype::f32, {"N", "S", 32});
  const auto project = [&](const char* name, value_id from, unsigned seed) {
    return b.add(ops::matmul{}, {from, b.constant(name, random_tensor({32, 32}, seed))});
  };
  ops::transpose swap;
  swap.perm = {0, 2, 1};
  const auto weights =
      b.add(ops::softmax{},
            {b.add(ops::matmul{}, {project("q", x, 1), b.add(swap, {project("k", x, 2)})})});
  const auto mixed = b.add(ops::add{}, {x, b.add(ops::matmul{}, {weights, project("v", x, 3)})});
  const auto scale = b.constant("scale", random_tensor({32}, 4));
  b.output("y", b.add(ops::layer_normalization{}, {mixed, scale}));
  return b.finish().value();
}

/// Runs random shapes after the largest one; the number of allocations of all of them.
std::int64_t count_after_warm_up(const ir::graph& graph,
                                 int threads,
                                 std::vector<extents> largest,
                                 int draws) {
  const auto made = compile(graph);
  REQUIRE_MESSAGE(made, made.failure().str());
  session s(made->model, {.threads = threads});
  std::mt19937 random(7);
  std::vector<std::vector<datum>> runs;
  for (int i = 0; i < draws; ++i) {
    runs.emplace_back();
    for (extents dims : largest) {
      for (std::size_t k = 0; k < dims.size(); ++k)
        if (i != 0 && dims[k] > 3 && dims[k] != 32)
          dims[k] = 2 + random() % static_cast<unsigned>(dims[k] - 1);
      runs.back().push_back(random_tensor(std::move(dims), static_cast<unsigned>(i)));
    }
  }
  for (int i = 0; i < 2; ++i) {
    const auto out = s.run_positional(runs[0]);
    REQUIRE_MESSAGE(out, out.failure().str());
  }
  const std::int64_t peak = s.peak_bytes();
  const std::int64_t before = allocation_count();
  for (const auto& inputs : runs) {
    const auto out = s.run_positional(inputs);
    if (!out) FAIL_CHECK(out.failure().str());
  }
  const std::int64_t after = allocation_count();
  CHECK(s.peak_bytes() == peak);
  CHECK(s.resizes() > draws / 2);
  return after - before;
}

}  // namespace

TEST_CASE("changing shapes allocate nothing once the largest was run") {
  for (const int threads : {1, 3}) {
    CAPTURE(threads);
    CHECK(count_after_warm_up(convolutions(), threads, {{4, 3, 40, 36}}, 300) == 0);
    CHECK(count_after_warm_up(attention_block(), threads, {{4, 40, 32}}, 300) == 0);
  }
}
