// A plain application, for what it costs to compile and how large it gets.
#include <cstdio>

#include <tenon/tenon.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto graph = tenon::load_onnx(argv[1]);
  if (!graph) return std::fprintf(stderr, "%s\n", graph.failure().str().c_str()), 1;
  auto made = tenon::compile(*std::move(graph));
  if (!made) return std::fprintf(stderr, "%s\n", made.failure().str().c_str()), 1;
  tenon::session session(made->model);
  tenon::tensor image(tenon::dtype::f32, {1, 3, 224, 224});
  for (float& v : image.elements<float>()) v = 1;
  auto outputs = session.run_positional(std::vector<tenon::datum>{image});
  if (!outputs) return std::fprintf(stderr, "%s\n", outputs.failure().str().c_str()), 1;
  std::printf("%lld outputs\n", static_cast<long long>((*outputs)[0].size()));
}
