#include "tenon/rules/convolution.hpp"

#include "tenon/rules/activation.hpp"
#include "tenon/rules/normalization.hpp"

#include "check_rewrite.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

tensor i64(std::initializer_list<std::int64_t> v) {
  return tensor::of<std::int64_t>({static_cast<std::int64_t>(v.size())}, v);
}

struct block {
  builder b;
  value_id y;

  explicit block(std::int64_t group = 1) {
    const auto x = b.input("x", dtype::f32, {"B", 4, "H", 5});
    ops::conv spec;
    spec.group = group;
    spec.strides = {2, 1};
    spec.pads = {1, 1, 1, 1};
    y = b.add(spec,
              {x, b.constant("w", numbers({8, 4 / group, 3, 3})), b.constant("b", numbers({8}))});
  }

  ir::graph finish(value_id out) {
    b.output("y", out);
    return b.finish().value();
  }
};

}  // namespace

TEST_CASE("constants per channel go into grouped convolutions too") {
  for (const std::int64_t group : {1, 2, 4}) {
    block m(group);
    check_rule(m.finish(m.b.add(ops::mul{}, {m.y, m.b.constant("k", numbers({8, 1, 1}))})),
               rules::conv_mul, "conv");
    block a(group);
    check_rule(a.finish(a.b.add(ops::add{}, {a.y, a.b.constant("k", numbers({1, 8, 1, 1}))})),
               rules::conv_add, "conv");
  }
}

TEST_CASE("what is no number per channel stays outside") {
  block m;
  check_rule(m.finish(m.b.add(ops::mul{}, {m.y, m.b.constant("k", numbers({5}))})), rules::conv_mul,
             "conv mul");
  block used;
  used.b.output("inside", used.y);
  check_rule(used.finish(used.b.add(ops::add{}, {used.y, used.b.constant("k", numbers({1}))})),
             rules::conv_add, "conv add");
}

TEST_CASE("zeros around the spatial axes become pads of the convolution") {
  const auto build = [](std::initializer_list<std::int64_t> pads, float value) {
    builder b;
    const auto x = b.input("x", dtype::f32, {"B", 4, "H", 5});
    const auto padded = b.add(
        ops::pad{}, {x, b.constant("p", i64(pads)), b.constant("value", tensor::scalar(value))});
    b.output("y", b.add(ops::conv{}, {padded, b.constant("w", numbers({2, 4, 3, 3}))}));
    return b.finish().value();
  };
  const ir::graph g = check_rule(build({0, 0, 1, 2, 0, 0, 3, 0}, 0), rules::pad_conv, "conv");
  CHECK(g[g.order()[0]].op.as<ops::conv>()->pads == std::vector<std::int64_t>{1, 2, 3, 0});
  check_rule(build({0, 0, 1, 2, 0, 0, 3, 0}, 1), rules::pad_conv, "pad conv");
  check_rule(build({0, 0, 1, -1, 0, 0, 3, 0}, 0), rules::pad_conv, "pad conv");
}

TEST_CASE(
    "a layer norm as exporters write it becomes one op, whether its parts are shared or not") {
  for (const bool is_shared : {true, false}) {
    for (const std::int64_t axes : {1, 2}) {
      builder b;
      const auto x = b.input("x", dtype::f32, {"B", 3, 4});
      const auto k = b.constant("axes", axes == 1 ? i64({-1}) : i64({-2, -1}));
      const extents tail = axes == 1 ? extents{4} : extents{3, 4};
      const auto minus_mean = [&] {
        return b.add(ops::sub{}, {x, b.add(ops::reduce_mean{}, {x, k})});
      };
      const auto d = minus_mean(), d2 = is_shared ? d : minus_mean();
      const auto square = b.add(ops::pow{}, {d2, b.constant("two", tensor::scalar(2.0F))});
      const auto spread =
          b.add(ops::sqrt{}, {b.add(ops::add{}, {b.add(ops::reduce_mean{}, {square, k}),
                                                 b.constant("eps", tensor::scalar(1e-3F))})});
      const auto normal = b.add(ops::div{}, {d, spread});
      const auto scaled = b.add(ops::mul{}, {b.constant("scale", numbers(tail)), normal});
      b.output("y", b.add(ops::add{}, {scaled, b.constant("bias", numbers(tail, 9))}));
      constexpr auto all = rules::canonical + rules::normalization;
      const ir::graph g = check_rewrite(b.finish().value(), all, "layer_normalization");
      const auto* op = g[g.order()[0]].op.as<ops::layer_normalization>();
      REQUIRE(op);
      CHECK(op->axis == -axes);
      CHECK(op->epsilon == 1e-3F);
    }
  }
}

TEST_CASE("hard_swish comes from hard_sigmoid of the right slope only") {
  for (const float alpha : {1 / 6.0F, 0.2F}) {
    builder b;
    const auto x = b.input("x", dtype::f32, {"B"});
    ops::hard_sigmoid h;
    h.alpha = alpha;
    b.output("y", b.add(ops::mul{}, {b.add(h, {x}), x}));
    check_rule(b.finish().value(), rules::hard_swish_1,
               alpha == 0.2F ? "hard_sigmoid mul" : "hard_swish");
  }
}
