// The smallest application for one network: it names the ops, passes and kernels of ResNet-50, and nothing else is
// linked. Usage: small_app MODEL.onnx [RUNS] prints the largest of the 1000 outputs for an input of ones, and the
// median of the runs' milliseconds on one thread.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <tenon/backends/cpu/convolution.hpp>
#include <tenon/backends/cpu/linear.hpp>
#include <tenon/formats/onnx/importer.hpp>
#include <tenon/ops/activation.hpp>
#include <tenon/ops/arithmetic.hpp>
#include <tenon/ops/convolution.hpp>
#include <tenon/ops/matmul.hpp>
#include <tenon/ops/movement.hpp>
#include <tenon/ops/pooling.hpp>
#include <tenon/passes/fold_constants.hpp>
#include <tenon/passes/fuse_epilogues.hpp>
#include <tenon/passes/manager.hpp>
#include <tenon/passes/remove_dead.hpp>
#include <tenon/passes/rewrite_layout.hpp>
#include <tenon/plan/build.hpp>
#include <tenon/runtime/session.hpp>

using namespace tenon;

int main(int argc, char** argv) try {
  if (argc != 2 && argc != 3) return 2;
  const int runs = argc == 3 ? std::max(1, std::atoi(argv[2])) : 1;
  static constexpr const ir::op_type* ops_used[] = {&ir::type_of<ops::conv>(),
                                                    &ir::type_of<ops::relu>(),
                                                    &ir::type_of<ops::add>(),
                                                    &ir::type_of<ops::max_pool>(),
                                                    &ir::type_of<ops::global_average_pool>(),
                                                    &ir::type_of<ops::flatten>(),
                                                    &ir::type_of<ops::gemm>()};
  ir::graph g = onnx::load_file(argv[1], ops_used, {}).value();
  const passes::pipeline lowering{
      {passes::stage{{passes::fold_constants{}, passes::rewrite_layout{}, passes::fuse_epilogues{},
                      passes::remove_dead{}}}}};
  passes::run_options options;
  options.settings.max_growth_bytes = std::size_t{256} << 20;
  if (const auto done = passes::run(g, lowering, options); !done) raise(done.failure());

  const kernel::catalog catalogs[] = {cpu::convolution::kernels, cpu::linear::kernels};
  plan::build_options how;
  how.catalogs = catalogs;
  session s{model(plan::build(std::move(g), how).value())};
  tensor image(dtype::f32, {1, 3, 224, 224});
  std::ranges::fill(image.elements<float>(), 1.0F);
  std::vector<double> taken_ms;
  float largest = 0;
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto outputs = s.run_positional(std::vector<datum>{image}).value();
    taken_ms.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
    largest = std::ranges::max(outputs[0].elements<float>());
  }
  std::ranges::nth_element(taken_ms, taken_ms.begin() + runs / 2);
  std::printf("largest output %g, median %.2f ms\n", double(largest), taken_ms[runs / 2]);
  return 0;

} catch (const exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
