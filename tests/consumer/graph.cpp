// Builds, folds, plans and prints a graph with the headers for these alone: nothing here can run it.
#include <cstdio>

#include <tenon/ir/builder.hpp>
#include <tenon/ir/print.hpp>
#include <tenon/ir/verify.hpp>
#include <tenon/ops/activation.hpp>
#include <tenon/ops/movement.hpp>
#include <tenon/passes/fold_constants.hpp>
#include <tenon/plan/plan.hpp>

int main() {
  tenon::builder b("reshaped");
  const auto x = b.input("x", tenon::dtype::f32, {"n", 4});
  const auto shape = b.constant("shape", tenon::tensor::of<std::int64_t>({3}, {0, 2, 2}));
  b.output("y", b.add(tenon::ops::relu{}, {b.add(tenon::ops::reshape{}, {x, shape})}));
  b.output("c",
           b.add(tenon::ops::relu{}, {b.constant("ones", tenon::tensor::of<float>({1}, {1}))}));
  auto graph = b.finish();
  const tenon::rewrite::driver_options options;
  tenon::passes::pass_context context(options);
  if (!graph || tenon::passes::fold_constants{}.run(*graph, context).value() != 1) return 1;
  if (!tenon::ir::verify(*graph) || tenon::plan::program().weight_bytes() != 0) return 1;
  std::printf("%s", tenon::ir::to_text(*graph).c_str());
  return 0;
}
