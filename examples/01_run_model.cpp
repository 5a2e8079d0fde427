// Runs an ONNX file: 01_run_model MODEL.onnx prints its inputs, fills them with ones and prints its outputs.
// Without an argument it writes a small model first.
#include <iostream>

#include <tenon/formats/onnx/export.hpp>
#include <tenon/ops/activation.hpp>
#include <tenon/ops/matmul.hpp>
#include <tenon/tenon.hpp>
#include <tenon/tensor/convert.hpp>

namespace {

tenon::status write_small_model(const std::string& path) {
  using tenon::dtype;
  tenon::builder b("small");
  const auto x = b.input("x", dtype::f32, {"batch", 3});
  const auto w = b.constant("w", tenon::tensor::of<float>({3, 2}, {1, -2, 3, 4, -5, 6}));
  b.output("y", b.add(tenon::ops::relu{}, {b.add(tenon::ops::matmul{}, {x, w})}));
  return tenon::save_onnx(b.finish().value(), path);
}

// Ones in the declared shape; a symbol is 2.
tenon::tensor ones(const tenon::ir::fact& declared) {
  tenon::extents dims;
  for (const tenon::dim d : declared.shape) dims.push_back(d.is_constant() ? d.constant() : 2);
  tenon::tensor out(declared.type, dims);
  tenon::store_elements<double>(std::vector<double>(static_cast<std::size_t>(out.size()), 1), out);
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  std::string path = argc > 1 ? argv[1] : "small.onnx";
  if (argc < 2) {
    if (const auto done = write_small_model(path); !done) tenon::raise(done.failure());
  }
  auto graph = tenon::load_onnx(path).value();
  auto [model, report] = tenon::compile(std::move(graph)).value();

  tenon::session session(model);  // one per thread; the model and its weights are shared
  std::vector<tenon::datum> inputs;
  for (std::size_t i = 0; i < model.input_count(); ++i) {
    std::cout << "input " << model.input_name(i) << ": " << model.input(i).str() << '\n';
    inputs.push_back(ones(model.input(i)));
  }
  const auto outputs = session.run_positional(inputs).value();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    std::cout << "output " << model.output_name(i) << ": " << outputs.value(i).str() << '\n';
  if (argc > 1) return 0;
  const auto y = outputs["y"].elements<float>();  // relu([1 1 1] @ w)
  std::cout << "y = " << y[0] << ' ' << y[1] << '\n';
  return y[0] == 0 && y[1] == 8 ? 0 : 1;

} catch (const tenon::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
