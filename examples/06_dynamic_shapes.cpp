// Dynamic shapes: sizes are symbols, outputs are formulas of them, a range is declared and checked, memory follows.
#include <iostream>

#include <tenon/ops/activation.hpp>
#include <tenon/ops/convolution.hpp>
#include <tenon/ops/pooling.hpp>
#include <tenon/plan/plan.hpp>
#include <tenon/tenon.hpp>
#include <tenon/tools/optimize.hpp>

using namespace tenon;

int main() try {
  builder b("stem");
  tensor weights(dtype::f32, {8, 3, 3, 3});
  for (float& w : weights.elements<float>()) w = 0.01F;
  auto x = b.input("image", dtype::f32, {"batch", 3, "height", "width"});
  const ops::conv conv{.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}, .strides = {2, 2}};
  x = b.add(ops::relu{}, {b.add(conv, {x, b.constant("w", weights)})});
  b.output("pooled", b.add(ops::max_pool{.kernel_shape = {2, 2}, .strides = {2, 2}}, {x}));
  const ir::graph g = b.finish().value();
  std::cout << "pooled: " << g.fact(g.outputs()[0]).str() << '\n';

  // One group of extents per input: least, greatest, and those to be fastest at.
  optimize_options options;
  options.ranges = {
      {.min = {{1, 3, 32, 32}}, .max = {{8, 3, 512, 512}}, .opts = {{{1, 3, 224, 224}}}}};
  const optimized made = optimize(g, options).value();
  std::cout << "peak bytes: " << cat(made.model.program().peak_bytes()) << '\n';

  session s(made.model);
  for (const extents& size :
       {extents{1, 3, 32, 48}, extents{4, 3, 224, 224}, extents{1, 3, 32, 48}}) {
    tensor image(dtype::f32, size);
    for (float& v : image.elements<float>()) v = 1;
    const auto out = s.run({{"image", image}}).value();
    std::cout << image.str() << " -> " << out["pooled"].str() << ", arena " << s.arena_bytes()
              << " bytes, sizes computed " << s.resizes() << " times\n";
    if (out["pooled"].dims() != extents{size[0], 8, size[2] / 4, size[3] / 4}) return 1;
  }

  // A wrong range and a wrong input name what is wrong.
  options.ranges = {{.min = {{1, 4, 32, 32}}, .max = {{8, 4, 512, 512}}}};
  const auto wrong = optimize(g, options);
  const auto refused = s.run({{"image", tensor(dtype::f32, {1, 4, 32, 32})}});
  if (wrong || refused) return 1;
  std::cout << wrong.failure().str() << '\n' << refused.failure().str() << '\n';
  return wrong.failure().kind == code::range && refused.failure().kind == code::input ? 0 : 1;

} catch (const exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
