#include "tenon/passes/rewrite_layout.hpp"

#include "tenon/ops/convolution.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/movement.hpp"

#include "../rules/check_rewrite.hpp"
#include "run_pass.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

value_id conv(builder& b, value_id x, std::int64_t channels) {
  std::vector<float> w(static_cast<std::size_t>(4 * channels * 9));
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(i % 7) - 3;
  return b.add(
      ops::conv{},
      {x, b.constant("w", tensor::of<float>({4, channels, 3, 3}, std::span<const float>(w)))});
}

/// The graph after the pass, which gives the same outputs.
ir::graph moved(builder& b) {
  const ir::graph before = b.finish().value();
  ir::graph g = before;
  CHECK(run_pass<passes::rewrite_layout>(g).changes > 0);
  g.compact();
  CHECK(compare_graphs(before, g, 1) == "");
  return g;
}

template <class Op> std::size_t count(const ir::graph& g) {
  std::size_t n = 0;
  for (const node_id i : g.order()) n += g[i].op.is<Op>();
  return n;
}

}  // namespace

TEST_CASE("convolutions are moved to channels last on both sides of a transpose") {
  builder b;
  const auto x = b.input("x", dtype::f32, {1, 3, 9, 7});
  ops::transpose turned;
  turned.perm = {0, 1, 3, 2};
  const auto first = conv(b, x, 3);
  SUBCASE("one reader") {
    b.output("y", conv(b, b.add(turned, {first}), 4));
  }
  SUBCASE("two readers") {
    b.output("y", conv(b, b.add(turned, {first}), 4));
    b.output("z", conv(b, first, 4));
  }
  const ir::graph g = moved(b);
  CHECK(count<ops::conv>(g) == 0);
}

TEST_CASE("what is read from outside of a moved region is computed once and turned back") {
  builder b;
  const auto x = b.input("x", dtype::f32, {1, 3, 9, 7});
  const auto first = conv(b, x, 3);
  b.output("first", first);
  b.output("y", conv(b, first, 4));
  const ir::graph g = moved(b);
  CHECK(count<ops::conv>(g) == 0);
  CHECK(count<ops::fused_conv>(g) == 2);
}
