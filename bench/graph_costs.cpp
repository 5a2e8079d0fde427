// What loading and optimizing costs: ResNet-50 from a file, and chains of blocks with up to 100,000 nodes.
// Prints one line a measurement: name, nodes before and after, milliseconds.
#include "tenon/plan/plan.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>

#include <tenon/formats/onnx/export.hpp>
#include <tenon/ops/activation.hpp>
#include <tenon/ops/arithmetic.hpp>
#include <tenon/ops/elementwise.hpp>
#include <tenon/ops/matmul.hpp>
#include <tenon/ops/movement.hpp>
#include <tenon/tenon.hpp>
#include <tenon/tools/demo_resnet.hpp>

using namespace tenon;
using clock_type = std::chrono::steady_clock;

namespace {

double ms_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::milli>(clock_type::now() - start).count();
}

// Blocks of ten nodes that rules look at: matmul + bias, relu, a residual, pairs of transposes, factors.
ir::graph chain(std::int64_t nodes) {
  builder b("chain");
  value_id x = b.input("x", dtype::f32, {"batch", 16});
  tensor weights(dtype::f32, {16, 16});
  for (float& w : weights.elements<float>()) w = 0.01F;
  const value_id w = b.constant("w", weights);
  const value_id bias = b.constant("bias", tensor::of<float>({1}, {0.5F}));
  const value_id one = b.constant("one", tensor::of<float>({1}, {1}));
  for (std::int64_t i = 0; i < nodes / 10; ++i) {
    const value_id y = b.add(ops::add{}, {b.add(ops::matmul{}, {x, w}), bias});
    const value_id turned = b.add(ops::transpose{.perm = {1, 0}}, {b.add(ops::relu{}, {y})});
    const value_id back = b.add(ops::transpose{.perm = {1, 0}}, {b.add(ops::sigmoid{}, {turned})});
    const value_id scaled = b.add(ops::mul{}, {b.add(ops::mul{}, {back, one}), bias});
    x = b.add(ops::relu{}, {b.add(ops::add{}, {scaled, x})});
  }
  b.output("y", x);
  return b.finish().value();
}

void measure_file(const char* name, const std::string& path) {
  const auto start = clock_type::now();
  ir::graph g = load_onnx(path).value();
  const double loaded = ms_since(start);
  const std::size_t before = g.node_count();
  const auto made = compile(std::move(g)).value();
  const double all = ms_since(start);
  std::printf(
      "%s nodes %zu -> %zu steps, load %.1f ms, optimize and plan %.1f ms, together %.1f ms\n",
      name, before, made.model.program().steps.size(), loaded, all - loaded, all);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : ".";
  const std::string resnet = folder + "/resnet50_costs.onnx";
  if (const auto done = save_onnx(tools::make_resnet50().value(), resnet); !done)
    raise(done.failure());
  measure_file("resnet50", resnet);
  measure_file("resnet50", resnet);
  std::filesystem::remove(resnet);
  for (const std::int64_t nodes : {12'500, 25'000, 50'000, 100'000}) {
    const std::string path = folder + "/chain_costs.onnx";
    if (const auto done = save_onnx(chain(nodes), path); !done) raise(done.failure());
    measure_file("chain", path);
    std::filesystem::remove(path);
  }
  return 0;

} catch (const exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
