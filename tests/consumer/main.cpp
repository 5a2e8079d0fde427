#include <cstdio>
#include <cstring>

#include <tenon/ops/activation.hpp>
#include <tenon/tenon.hpp>

const char* version_of_other();
bool loads_in_other(const char* path);

namespace {

/// Builds, compiles and runs relu(x).
tenon::result<float> run_relu(float x) {
  tenon::builder b("relu");
  const auto in = b.input("x", tenon::dtype::f32, {"n"});
  b.output("y", b.add(tenon::ops::relu{}, {in}));
  TENON_TRY(tenon::ir::graph graph, b.finish());
  TENON_TRY(const tenon::compiled made, tenon::compile(std::move(graph)));
  tenon::session session(made.model);
  const tenon::tensor value = tenon::tensor::of<float>({1}, {x});
  TENON_TRY(const tenon::run_outputs out, session.run({{"x", value}}));
  return out[0].elements<float>()[0];
}

}  // namespace

int main() {
  const bool same_version = std::strcmp(TENON_VERSION, version_of_other()) == 0;
  const bool refused = !tenon::load_onnx("absent.onnx") && !loads_in_other("absent.onnx");
  const auto positive = run_relu(3), negative = run_relu(-3);
  const bool ran = positive && negative && *positive == 3 && *negative == 0;
  std::printf("version %s, %s, %s, %s\n", TENON_VERSION, same_version ? "same in both" : "differs",
              refused ? "an absent file is refused" : "an absent file is accepted",
              ran ? "relu is right" : "relu is wrong");
  return same_version && refused && ran ? 0 : 1;
}
