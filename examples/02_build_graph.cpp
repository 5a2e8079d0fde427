// Builds a small convolutional network in C++, saves it as ONNX, loads it back and compares both.
#include <cmath>
#include <iostream>

#include <tenon/formats/onnx/export.hpp>
#include <tenon/ir/print.hpp>
#include <tenon/ops/activation.hpp>
#include <tenon/ops/convolution.hpp>
#include <tenon/ops/matmul.hpp>
#include <tenon/ops/movement.hpp>
#include <tenon/ops/pooling.hpp>
#include <tenon/ops/softmax.hpp>
#include <tenon/tenon.hpp>

using namespace tenon;

namespace {

tensor wave(extents dims) {
  tensor out(dtype::f32, std::move(dims));
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.data<float>()[i] = std::sin(0.7F * static_cast<float>(i)) / 4;
  return out;
}

ir::graph network() {
  builder b("digits");
  auto x = b.input("image", dtype::f32, {"batch", 1, 28, 28});
  for (const auto& [in, out] : {std::pair{1, 8}, {8, 16}}) {
    const std::string name = "conv" + std::to_string(out);
    const ops::conv conv{.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}};
    x = b.add(conv, {x, b.constant(name + ".weight", wave({out, in, 3, 3})),
                     b.constant(name + ".bias", wave({out}))});
    x = b.add(ops::relu{}, {x});
    x = b.add(ops::max_pool{.kernel_shape = {2, 2}, .strides = {2, 2}}, {x});
  }
  x = b.add(ops::flatten{}, {x});
  x = b.add(ops::gemm{.transB = true}, {x, b.constant("fc.weight", wave({10, 16 * 7 * 7})),
                                        b.constant("fc.bias", wave({10}))});
  b.output("probabilities", b.add(ops::softmax{.axis = 1}, {x}));
  return b.finish().value();
}

tensor run(ir::graph g, const tensor& image) {
  session s(compile(std::move(g)).value().model);
  return s.run({{"image", image}}).value()[0].clone();
}

}  // namespace

int main() try {
  ir::graph g = network();
  std::cout << ir::to_text(g, {.max_elements = 4});
  if (const auto saved = save_onnx(g, "digits.onnx"); !saved) raise(saved.failure());

  const tensor image = wave({5, 1, 28, 28});  // the batch is free
  const tensor built = run(std::move(g), image);
  const tensor loaded = run(load_onnx("digits.onnx").value(), image);
  float sum = 0;
  for (const float p : built.elements<float>().first(10)) sum += p;
  std::cout << "probabilities " << built.str() << ", those of the first image sum to " << sum
            << '\n';
  return identical(built, loaded) && std::abs(sum - 1) < 1e-5F ? 0 : 1;

} catch (const exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
