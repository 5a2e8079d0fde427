#include "tenon/rules/movement.hpp"

#include "check_rewrite.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

tensor i64(std::initializer_list<std::int64_t> v) {
  return tensor::of<std::int64_t>({static_cast<std::int64_t>(v.size())}, v);
}

// Builds `f(builder, x)` for one input and checks what the movement rules make of it.
template <class F>
ir::graph check_movement(std::initializer_list<declared_dim> shape,
                         F f,
                         std::string_view expected,
                         dtype type = dtype::f32) {
  builder b;
  const auto x = b.input("x", type, shape);
  b.output("y", f(b, x));
  const auto g = b.finish();
  REQUIRE_MESSAGE(g, g.failure().message);
  return check_rewrite(*g, rules::movement, expected);
}

ops::transpose perm(std::vector<std::int64_t> p) {
  ops::transpose t;
  t.perm = std::move(p);
  return t;
}

ops::cast to(dtype t) {
  ops::cast c;
  c.to = t;
  return c;
}

}  // namespace

TEST_CASE("what returns its input disappears") {
  check_movement(
      {"B", 3}, [](builder& b, value_id x) { return b.add(ops::identity{}, {x}); }, "");
  check_movement(
      {"B", 3}, [](builder& b, value_id x) { return b.add(to(dtype::f32), {x}); }, "");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(perm({0, 1}), {x});
      },
      "");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(ops::tile{}, {x, b.constant("r", i64({1, 1}))});
      },
      "");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(ops::pad{}, {x, b.constant("p", i64({0, 0, 0, 0}))});
      },
      "");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(ops::expand{}, {x, b.constant("e", i64({1, 3}))});
      },
      "");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(ops::reshape{}, {x, b.constant("t", i64({-1, 3}))});
      },
      "");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(ops::slice{}, {x, b.constant("s", i64({0})), b.constant("e", i64({3})),
                                    b.constant("a", i64({1}))});
      },
      "");
}

TEST_CASE("dropout disappears at inference unless its mask is used") {
  for (const bool uses_mask : {false, true}) {
    builder b;
    const value_id in[] = {b.input("x", dtype::f32, {"B", 3})};
    const auto out = b.add(ops::dropout{}, in, 2);
    b.output("y", out[0]);
    if (uses_mask) b.output("mask", out[1]);
    check_rewrite(b.finish().value(), rules::movement, uses_mask ? "dropout" : "");
  }
}

TEST_CASE("what changes its input stays") {
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(perm({1, 0}), {x});
      },
      "transpose");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(ops::tile{}, {x, b.constant("r", i64({1, 2}))});
      },
      "tile");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        return b.add(ops::slice{}, {x, b.constant("s", i64({-1})), b.constant("e", i64({-4})),
                                    b.constant("a", i64({1})), b.constant("n", i64({-1}))});
      },
      "slice");
  check_movement(
      {"B", 1},
      [](builder& b, value_id x) {
        return b.add(ops::expand{}, {x, b.constant("e", i64({1, 3}))});
      },
      "expand");
}

TEST_CASE("casts that lose nothing on the way merge") {
  const auto chain = [](dtype first, dtype second) {
    return [=](builder& b, value_id x) { return b.add(to(second), {b.add(to(first), {x})}); };
  };
  check_movement({3}, chain(dtype::f32, dtype::f16), "", dtype::f16);
  check_movement({3}, chain(dtype::i64, dtype::f32), "cast", dtype::i32);
  check_movement({3}, chain(dtype::f16, dtype::f32), "cast cast", dtype::f32);
  check_movement({3}, chain(dtype::i8, dtype::i32), "cast cast", dtype::i32);
  check_movement({3}, chain(dtype::f32, dtype::u8), "cast cast", dtype::i16);
  builder b;
  const auto x = b.input("x", dtype::i32, {3}), like = b.input("like", dtype::f32, {1});
  b.output("y", b.add(ops::cast_like{}, {x, like}));
  check_rewrite(b.finish().value(), rules::movement, "cast");
}

TEST_CASE("views become one reshape with a constant target") {
  check_movement(
      {"B", 3, 4}, [](builder& b, value_id x) { return b.add(ops::flatten{}, {x}); }, "reshape");
  check_movement(
      {"B", 3, 1, 4},
      [](builder& b, value_id x) {
        return b.add(ops::squeeze{}, {x, b.constant("a", i64({2}))});
      },
      "reshape");
  check_movement(
      {2, "B", 4},
      [](builder& b, value_id x) {
        const auto u = b.add(ops::unsqueeze{}, {x, b.constant("a", i64({1}))});
        return b.add(ops::reshape{}, {u, b.constant("t", i64({-1, 8}))});
      },
      "reshape");
  check_movement(
      {"B", 3},
      [](builder& b, value_id x) {
        const auto u = b.add(ops::unsqueeze{}, {x, b.constant("a", i64({0}))});
        return b.add(ops::squeeze{}, {u, b.constant("c", i64({0}))});
      },
      "");
  check_movement(
      {"B", "S", 1},
      [](builder& b, value_id x) {
        return b.add(ops::squeeze{}, {x, b.constant("a", i64({2}))});
      },
      "reshape");
  // The sizes of B and S have no places of their own in [1, B, S]: -1 could mean either for 0 elements.
  check_movement(
      {"B", "S"},
      [](builder& b, value_id x) {
        return b.add(ops::unsqueeze{}, {x, b.constant("a", i64({0}))});
      },
      "unsqueeze");
}

TEST_CASE("a target computed from the shape becomes constant") {
  check_movement(
      {"B", "S", 12},
      [](builder& b, value_id x) {
        const auto shape = b.add(ops::shape_of{}, {x});
        const auto head =
            b.add(ops::slice{}, {shape, b.constant("s", i64({0})), b.constant("e", i64({2}))});
        ops::concat join;
        join.axis = 0;
        const auto target = b.add(join, {head, b.constant("r", i64({3, 4}))});
        return b.add(ops::reshape{}, {x, target});
      },
      "reshape");
}

TEST_CASE("transposes merge, cancel or are views") {
  const auto twice = [](std::vector<std::int64_t> p, std::vector<std::int64_t> q) {
    return [=](builder& b, value_id x) { return b.add(perm(q), {b.add(perm(p), {x})}); };
  };
  check_movement({"B", 3, 4}, twice({0, 2, 1}, {0, 2, 1}), "");
  const ir::graph merged = check_movement({"B", 3, 4}, twice({2, 0, 1}, {0, 2, 1}), "transpose");
  CHECK(merged[merged.order()[0]].op.as<ops::transpose>()->perm ==
        std::vector<std::int64_t>{2, 1, 0});
  check_movement(
      {2, 1, 4},
      [](builder& b, value_id x) {
        return b.add(perm({1, 0, 2}), {x});
      },
      "reshape");
  check_movement(
      {3, 1, 4},
      [](builder& b, value_id x) {
        return b.add(perm({2, 1, 0}), {x});
      },
      "transpose");
}

TEST_CASE("concat drops what adds nothing and takes in concats of its own") {
  const auto concat = [](builder& b, std::vector<value_id> in) {
    ops::concat join;
    join.axis = -1;
    return b.add(join, in, 1)[0];
  };
  check_movement(
      {"B", 3}, [&](builder& b, value_id x) { return concat(b, {x}); }, "");
  check_movement(
      {"B", 3},
      [&](builder& b, value_id x) {
        return concat(b, {concat(b, {x, x}), x});
      },
      "concat");
  check_movement(
      {2, 3},
      [&](builder& b, value_id x) {
        return concat(b, {x, b.constant("empty", tensor(dtype::f32, {2, 0})), x});
      },
      "concat");
  check_movement(
      {"B", 3}, [](builder& b, value_id x) { return b.add(ops::split{}, {x}); }, "");
}
