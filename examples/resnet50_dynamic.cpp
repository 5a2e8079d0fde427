// A ResNet-50 for batches 1 to 10, tuned for 5 and 8, in five steps: prepare the model, configure the ranges, optimize,
// verify speed and result, save, load and run.
#include <cstdio>

#include <tenon/formats/onnx/export.hpp>
#include <tenon/plan/plan.hpp>
#include <tenon/tenon.hpp>
#include <tenon/tools/demo_resnet.hpp>
#include <tenon/tools/difference.hpp>
#include <tenon/tools/optimize.hpp>
#include <tenon/tools/timing.hpp>

using namespace tenon;

namespace {

tensor images(std::int64_t batch) {
  tensor out(dtype::f32, {batch, 3, 224, 224});
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.data<float>()[i] = static_cast<float>(i * 7 % 255) / 127.5F - 1;
  return out;
}

// Milliseconds of the faster of two runs.
double time_of(session& s, std::int64_t batch) {
  const tensor x = images(batch);
  const auto run = [&]() -> status {
    const auto outputs = s.run({{"input", x}});
    return outputs ? status() : status(outputs.failure());
  };
  return tools::measure({.warmup = 0, .runs = 2}, run).value().quantile(0);
}

}  // namespace

int main() try {
  // 1. Prepare the model: an ONNX file; this one has the layers of ResNet-50 and weights from a seed.
  save_onnx(tools::make_resnet50().value(), "resnet50.onnx").value();
  const ir::graph graph = load_onnx("resnet50.onnx").value();

  // 2. Configure the ranges: one group of sizes per input; of the opts there may be several.
  optimize_options config;
  config.ranges = {{.min = {{1, 3, 224, 224}},
                    .max = {{10, 3, 224, 224}},
                    .opts = {{{5, 3, 224, 224}}, {{8, 3, 224, 224}}}}};
  config.test_data = {images(1)};
  config.timed_runs = 2;
  config.threads = 1;

  // 3. Optimize: `portable` becomes the optimized graph in standard ONNX ops, `made` the model of this process.
  ir::graph portable;
  const config_scope with(config);
  const optimized made = optimize(graph, portable).value();
  std::printf("%zu nodes became %zu\n", graph.node_count(), made.model.program().steps.size());
  made.report.save("resnet50.report.json").value();

  // 4. Verify speed and result beside the plan without optimization, also between the opts.
  session plain(compile(graph, {.level = level::none}).value().model, {.threads = 1});
  session fast(made.model, {.threads = 1});
  bool is_right = true;
  double sum_before = 0, sum_after = 0;
  for (const std::int64_t batch : {1, 3, 5, 7, 9}) {
    const tensor x = images(batch);
    const tensor expected = plain.run({{"input", x}}).value()["output"];
    const auto error = tools::compare(expected, fast.run({{"input", x}}).value()["output"]);
    const double before = time_of(plain, batch), after = time_of(fast, batch);
    std::printf("batch %d: %7.1f -> %7.1f ms, %.2fx, error %.1e of the scale\n", int(batch), before,
                after, before / after, error.scaled());
    is_right = is_right && error.is_within(1e-4);
    sum_before += before;
    sum_after += after;
  }

  // 5. Save, load and run.
  save_onnx(portable, "resnet50.optimized.onnx").value();
  session loaded(compile(load_onnx("resnet50.optimized.onnx").value()).value().model);
  const tensor y = loaded.run({{"input", images(3)}}).value()["output"];
  const bool is_same =
      tools::compare(y, fast.run({{"input", images(3)}}).value()["output"]).is_within(1e-4);
  std::printf("loaded again: %s, %s\n", y.str().c_str(), is_same ? "equal" : "DIFFERENT");
  std::printf("all batches: %.2fx\n", sum_before / sum_after);
  return is_right && is_same ? 0 : 1;

} catch (const exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
