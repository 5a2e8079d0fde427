#include "tenon/rules/layout.hpp"

#include "tenon/rules/matmul.hpp"

#include "check_rewrite.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

constexpr auto motion_rules = rules::layout + rules::movement;

tensor i64(std::initializer_list<std::int64_t> v) {
  return tensor::of<std::int64_t>({static_cast<std::int64_t>(v.size())}, v);
}

ops::transpose perm(std::vector<std::int64_t> p) {
  ops::transpose t;
  t.perm = std::move(p);
  return t;
}

// [B, 3, 4, 5] to channels last, `f`, and back: the transposes must be gone.
template <class F> void check_cancels(F f, std::string_view expected) {
  builder b;
  const auto x = b.input("x", dtype::f32, {"B", 3, 4, 5});
  const auto inner = f(b, b.add(perm({0, 2, 3, 1}), {x}));
  b.output("y", b.add(perm({0, 3, 1, 2}), {inner}));
  const auto g = b.finish();
  REQUIRE_MESSAGE(g, g.failure().message);
  check_rewrite(*g, motion_rules, expected);
}

}  // namespace

TEST_CASE("transposes cancel across elementwise ops") {
  check_cancels([](builder& b, value_id x) { return b.add(ops::relu{}, {x}); }, "relu");
  check_cancels(
      [](builder& b, value_id x) {
        return b.add(ops::mul{}, {b.constant("k", numbers({3})), b.add(ops::exp{}, {x})});
      },
      "exp mul");
  check_cancels(
      [](builder& b, value_id x) {
        return b.add(ops::add{}, {x, b.constant("k", numbers({4, 1, 3}))});
      },
      "add");
  check_cancels(
      [](builder& b, value_id x) {
        const value_id in[] = {x, b.constant("low", tensor::scalar(0.0F)),
                               b.constant("high", tensor::scalar(1.0F))};
        return b.add(ops::clip{}, in, 1)[0];
      },
      "clip");
}

TEST_CASE("two operands transposed alike move together") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"B", 3, 4}), z = b.input("z", dtype::f32, {"B", 3, 4});
  const auto sum = b.add(ops::add{}, {b.add(perm({0, 2, 1}), {x}), b.add(perm({0, 2, 1}), {z})});
  b.output("y", b.add(perm({0, 2, 1}), {sum}));
  check_rewrite(b.finish().value(), motion_rules, "add");

  builder d;
  const auto p = d.input("p", dtype::f32, {"B", 3, 4}), q = d.input("q", dtype::f32, {"B", 4, 3});
  d.output("y", d.add(ops::add{}, {d.add(perm({0, 2, 1}), {p}), q}));
  check_rewrite(d.finish().value(), motion_rules, "transpose add");
}

TEST_CASE("transposes pass ops along axes") {
  check_cancels(
      [](builder& b, value_id x) {
        ops::softmax s;
        s.axis = -1;
        return b.add(s, {x});
      },
      "softmax");
  check_cancels(
      [](builder& b, value_id x) {
        return b.add(ops::pad{}, {x, b.constant("p", i64({0, 1, 2, 0, 0, 3, 0, 0}))});
      },
      "pad");
  check_cancels(
      [](builder& b, value_id x) {
        return b.add(ops::reduce_mean{}, {x, b.constant("a", i64({1, 2}))});
      },
      "reduce_mean");
  builder b;
  const auto x = b.input("x", dtype::f32, {"B", 3, 4}), z = b.input("z", dtype::f32, {"B", 3, 4});
  ops::concat join;
  join.axis = 2;
  const auto both = b.add(join, {b.add(perm({0, 2, 1}), {x}), b.add(perm({0, 2, 1}), {z})});
  b.output("y", b.add(perm({0, 2, 1}), {both}));
  check_rewrite(b.finish().value(), motion_rules, "concat");
}

TEST_CASE("a reduction that drops axes leaves the order of the rest") {
  for (const std::int64_t axis : {0, 1, 2, 3}) {
    builder b;
    ops::reduce_sum reduce;
    reduce.keepdims = false;
    const auto x = b.add(perm({2, 0, 3, 1}), {b.input("x", dtype::f32, {"B", 3, 4, 5})});
    b.output("y", b.add(reduce, {x, b.constant("a", i64({axis}))}));
    check_rewrite(b.finish().value(), motion_rules, "reduce_sum transpose");
  }
}

TEST_CASE("a transpose with several readers stays") {
  builder b;
  const auto t = b.add(perm({1, 0}), {b.input("x", dtype::f32, {"B", 3})});
  b.output("y", b.add(ops::relu{}, {t}));
  b.output("z", t);
  check_rewrite(b.finish().value(), motion_rules, "transpose relu");
}

TEST_CASE("matrix products take in bias and transposes") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"B", 3});
  const auto product = b.add(ops::matmul{}, {x, b.constant("w", numbers({3, 4}))});
  b.output("y", b.add(ops::add{}, {product, b.constant("b", numbers({4}))}));
  check_rewrite(b.finish().value(), rules::matmul, "gemm");

  builder d;
  const auto p = d.add(perm({1, 0}), {d.input("p", dtype::f32, {3, "B"})});
  const auto q = d.add(ops::transpose{}, {d.input("q", dtype::f32, {4, 3})});
  const auto both = d.add(ops::matmul{}, {p, q});
  d.output("y", d.add(ops::add{}, {both, d.constant("b", numbers({4}))}));
  const ir::graph g = check_rewrite(d.finish().value(), rules::matmul, "gemm");
  CHECK(g[g.order()[0]].op.as<ops::gemm>()->transA);
  CHECK(g[g.order()[0]].op.as<ops::gemm>()->transB);

  builder e;
  const auto batch = e.add(
      ops::matmul{}, {e.input("x", dtype::f32, {"B", 2, 3}), e.constant("w", numbers({3, 4}))});
  e.output("y", e.add(ops::add{}, {batch, e.constant("b", numbers({4}))}));
  check_rewrite(e.finish().value(), rules::matmul, "matmul add");
}
