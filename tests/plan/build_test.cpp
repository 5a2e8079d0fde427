#include "tenon/plan/build.hpp"

#include "tenon/backends/cpu/backend.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduction.hpp"

#include <chrono>
#include <memory>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

std::shared_ptr<const plan::program> planned(builder& b) {
  plan::build_options options;
  options.catalogs = cpu::catalogs();
  return plan::build(b.finish().value(), options).value();
}

/// Seconds to plan this many reductions, each with axes of its own.
double seconds_to_plan(int count) {
  builder b("many");
  const auto x = b.input("x", dtype::f32, {"n", 4});
  for (int i = 0; i < count; ++i) {
    const auto axes = b.constant(cat("axes", i), tensor::of<std::int64_t>({1}, {1}));
    b.output(cat("y", i), b.add(ops::reduce_sum{}, {x, axes}));
  }
  const auto start = std::chrono::steady_clock::now();
  const auto p = planned(b);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  CHECK(p->steps.size() == static_cast<std::size_t>(count));
  return spent.count();
}

}  // namespace

TEST_CASE("steps with the same kernel over the same constants share what was prepared") {
  builder b("shared");
  tensor numbers(dtype::f32, {8, 8});
  const auto w = b.constant("w", numbers), v = b.constant("v", numbers);
  auto x = b.input("x", dtype::f32, {"n", 8});
  for (const value_id right : {w, v, w, v, w}) x = b.add(ops::matmul{}, {x, right});
  b.output("y", x);
  const auto p = planned(b);
  std::vector<const std::byte*> packed;
  for (const plan::step& s : p->steps)
    if (s.state.packed) packed.push_back(s.state.packed.bytes());
  REQUIRE(packed.size() == 5);
  CHECK(packed[0] == packed[2]);
  CHECK(packed[0] == packed[4]);
  CHECK(packed[1] == packed[3]);
  CHECK(packed[0] != packed[1]);
}

TEST_CASE("planning many prepared steps takes time in proportion") {
  const double few = seconds_to_plan(10000), many = seconds_to_plan(40000);
  CHECK(many < 8 * few + 0.5);
}
