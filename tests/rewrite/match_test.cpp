#include "tenon/rewrite/match.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/branch.hpp"
#include "tenon/ops/cast.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/selection.hpp"
#include "tenon/tensor/complex.hpp"

#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;
namespace rw = tenon::rewrite;

namespace test_patterns {

using namespace tenon::rewrite;

constexpr auto axpy = x * c + y;
constexpr auto twice = x + relu(x);
constexpr auto difference = x - relu(y);
constexpr auto same_scalar = (x * c) + (y * c);
constexpr auto same_tensor = (x * k) + (y * k);
constexpr auto with_tensor = x * k;
constexpr auto with_scalar = x * c;
constexpr auto doubled = x * 2;
constexpr auto chain = neg(relu(exp(x)));
constexpr auto shared_chain = neg(relu(exp(x).shared()).shared());
constexpr auto fork = relu(x) + neg(relu(x));
constexpr auto over_values = op<ops::cast>(op<ops::top_k>(x, k)).any_attribute();
constexpr auto limited = op<ops::clip>(x, maybe(y), maybe(z));
constexpr auto limited_alike = op<ops::clip>(x, maybe(y), maybe(y));
constexpr auto limited_below = op<ops::clip>(x, y);
constexpr auto leak = op<ops::leaky_relu>(x);
constexpr auto any_leak = op<ops::leaky_relu>(x).any_attribute();
constexpr auto two_leaks = op<ops::leaky_relu>(x).any_attribute().as(p) +
                           neg(op<ops::leaky_relu>(y).any_attribute().as(q));
constexpr auto adds = c + (x + (y + (z + (w + (u + v)))));

inline bool is_even(const match& m) {
  return m.fact(x).shape[0].constant() % 2 == 0;
}

constexpr auto even = when("the size is even", is_even, x);

}  // namespace test_patterns

namespace {

using strings = std::vector<std::string>;

tensor f32(std::initializer_list<float> v) {
  return tensor::of<float>({static_cast<std::int64_t>(v.size())}, v);
}

/// A graph with inputs a, b, d of f32[4], and the node that makes its first output.
struct fixture {
  builder build;
  value_id a = build.input("a", dtype::f32, {4}), b = build.input("b", dtype::f32, {4}),
           d = build.input("d", dtype::f32, {4});
  ir::graph graph;

  value_id scalar(float v) { return build.constant("s", tensor::scalar(v)); }

  /// Makes `root` an output; gives its node.
  node_id finish(value_id root) {
    build.output("out", root);
    graph = build.finish().value();
    return graph[root].producer;
  }
};

template <class Pattern> struct outcome {
  rw::near_miss miss;
  rw::matcher matcher;
  const rw::match* found;

  outcome(const ir::graph& g, node_id at, const Pattern& p, std::span<const rw::guard> guards = {})
      : matcher(g, p.steps, guards, &miss), found(matcher.at(at)) {}

  explicit operator bool() const { return found != nullptr; }
};

template <class Pattern> bool matches(const ir::graph& g, node_id at, const Pattern& p) {
  return bool(outcome(g, at, p));
}

template <class Pattern> std::string reason(const ir::graph& g, node_id at, const Pattern& p) {
  const outcome out(g, at, p);
  return out ? "it matches" : out.miss.reason;
}

}  // namespace

TEST_CASE("the one number of a constant is read in every dtype of real numbers") {
  for (int i = 1; i < dtype_count; ++i) {
    const auto type = static_cast<dtype>(i);
    CAPTURE(name_of(type));
    if (type == dtype::string || is_complex(type)) continue;
    for (const double wanted : {1.0, 0.0, -1.0}) {
      if (wanted < 0 && (is_unsigned_integer(type) || type == dtype::boolean)) continue;
      if (type == dtype::f8e8m0 && wanted != 1) continue;
      tensor t(type, {3});
      const double values[] = {wanted, wanted, wanted};
      store_elements<double>(values, t);
      CHECK(rw::splat_of(t) == wanted);
    }
    tensor odd(type, {3});
    const double values[] = {1, 1, type == dtype::f8e8m0 ? 2.0 : 0.0};
    store_elements<double>(values, odd);
    CHECK_FALSE(rw::splat_of(odd));
  }
}

TEST_CASE("what is not one number has none") {
  CHECK_FALSE(rw::splat_of(tensor(dtype::f32, {0})));
  CHECK_FALSE(rw::splat_of(tensor(dtype::f32, {2, 0})));
  CHECK_FALSE(rw::splat_of(tensor::scalar(std::string("1"))));
  CHECK_FALSE(rw::splat_of(tensor::scalar(c64(1, 0))));
  CHECK_FALSE(rw::splat_of(f32({0.0F, -0.0F})));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto number = rw::splat_of(f32({nan, nan}));
  REQUIRE(number);
  CHECK(std::isnan(*number));
  CHECK(rw::splat_of(tensor::scalar(std::int64_t{1} << 40)) == 0x1p40);
}

TEST_CASE("the number of a constant inside of another storage begins at its offset") {
  const tensor whole = f32({7, 3, 3, 9});
  CHECK(rw::splat_of(tensor::over(dtype::f32, {2}, whole.memory(), 4)) == 3.0);
  CHECK(rw::splat_of(tensor::over(dtype::f32, {}, whole.memory(), 12)) == 9.0);
  CHECK_FALSE(rw::splat_of(tensor::over(dtype::f32, {2}, whole.memory(), 8)));
}

TEST_CASE("numbers are compared as exporters write them") {
  using rw::is_number;
  CHECK(is_number(0.5, 0.5, dtype::f32));
  CHECK(is_number(-0.0, 0, dtype::f32));
  CHECK_FALSE(is_number(0.5000001, 0.5, dtype::f32));
  CHECK_FALSE(is_number(1.0 + 1e-6, 1, dtype::f16));
  CHECK(is_number(0.7978846, 0.7978845608, dtype::f32));
  CHECK_FALSE(is_number(0.79789, 0.7978845608, dtype::f32));
  CHECK(is_number(0.79785, 0.7978845608, dtype::f16));
  CHECK_FALSE(is_number(0.7998, 0.7978845608, dtype::f16));
  CHECK(is_number(0.8, 0.7978845608, dtype::bf16));
  CHECK(is_number(-0.7978846, -0.7978845608, dtype::f32));
  CHECK_FALSE(is_number(-0.7978846, 0.7978845608, dtype::f32));
  CHECK_FALSE(is_number(3, 3.0000001, dtype::i64));
  CHECK_FALSE(is_number(std::numeric_limits<double>::quiet_NaN(), 0.1, dtype::f32));
}

TEST_CASE("both orders of nested commutative ops are tried and bindings start anew") {
  using namespace test_patterns;
  for (const int order : {0, 1, 2, 3}) {
    fixture f;
    const auto s = f.scalar(3);
    const auto scaled = f.build.add(ops::mul{}, {order & 1 ? s : f.a, order & 1 ? f.a : s});
    const auto plain = f.build.add(ops::mul{}, {f.b, f.d});
    const node_id root =
        f.finish(f.build.add(ops::add{}, {order & 2 ? plain : scaled, order & 2 ? scaled : plain}));
    const outcome out(f.graph, root, axpy);
    CAPTURE(order);
    REQUIRE_MESSAGE(out, out.miss.reason);
    CHECK((*out.found)[rw::x] == f.a);
    CHECK((*out.found)[rw::y] == plain);
    CHECK(out.found->number(rw::c) == 3);
    CHECK(out.found->content(rw::c).size() == 1);
    CHECK(out.found->root == root);
    CHECK(out.found->nodes().size() == 2);
    CHECK(out.found->nodes()[1] == f.graph[scaled].producer);
    CHECK(out.found->result().str() == "f32[4]");
  }
}

TEST_CASE("a value bound in an order that failed is free in the other one") {
  fixture f;
  const auto r = f.build.add(ops::relu{}, {f.a});
  const node_id root = f.finish(f.build.add(ops::add{}, {r, f.a}));
  const outcome out(f.graph, root, test_patterns::twice);
  REQUIRE_MESSAGE(out, out.miss.reason);
  CHECK((*out.found)[rw::x] == f.a);
}

TEST_CASE("operands of other ops keep their order") {
  fixture f;
  const auto r = f.build.add(ops::relu{}, {f.a}), s = f.build.add(ops::relu{}, {f.a});
  const auto swapped = f.build.add(ops::sub{}, {r, f.b});
  f.build.output("swapped", swapped);
  const node_id root = f.finish(f.build.add(ops::sub{}, {f.b, s}));
  CHECK(matches(f.graph, root, test_patterns::difference));
  CHECK(reason(f.graph, f.graph[swapped].producer, test_patterns::difference) ==
        "an input is not made by relu");
}

TEST_CASE("a slot in two places is one value, or constants of the same content") {
  const auto check = [](tensor left, tensor right, bool as_scalar, bool as_tensor) {
    fixture f;
    const auto one = f.build.add(ops::mul{}, {f.a, f.build.constant("l", std::move(left))});
    const auto two = f.build.add(ops::mul{}, {f.b, f.build.constant("r", std::move(right))});
    const node_id root = f.finish(f.build.add(ops::add{}, {one, two}));
    CHECK(matches(f.graph, root, test_patterns::same_scalar) == as_scalar);
    CHECK(matches(f.graph, root, test_patterns::same_tensor) == as_tensor);
  };
  check(f32({2}), f32({2}), true, true);
  check(f32({2}), f32({3}), false, false);
  check(f32({2}), tensor::scalar(2.0F), false, false);
  check(f32({1, 2, 3, 4}), f32({1, 2, 3, 4}), false, true);
  check(f32({1, 2, 3, 4}), f32({1, 2, 3, 5}), false, false);
  check(f32({2, 2, 2, 2}), f32({2, 2, 2, 2}), false, true);
}

TEST_CASE("equal constants are not one value where any value may stand") {
  for (const bool is_one : {true, false}) {
    fixture f;
    const auto one = f.build.constant("l", f32({2})),
               two = is_one ? one : f.build.constant("r", f32({2}));
    const node_id root = f.finish(f.build.add(ops::add{}, {one, f.build.add(ops::relu{}, {two})}));
    CHECK(matches(f.graph, root, test_patterns::twice) == is_one);
  }
}

TEST_CASE("constants are told apart by their number of elements and their number") {
  const auto check = [](tensor t, strings expected) {
    fixture f;
    const node_id root =
        f.finish(f.build.add(ops::mul{}, {f.a, f.build.constant("c", std::move(t))}));
    CHECK(reason(f.graph, root, test_patterns::with_scalar) == expected[0]);
    CHECK(reason(f.graph, root, test_patterns::with_tensor) == expected[1]);
    CHECK(reason(f.graph, root, test_patterns::doubled) == expected[2]);
  };
  const std::string yes = "it matches", not_one = "an input is not a constant with one element",
                    not_two = "a constant is not 2";
  check(tensor::scalar(2.0F), {yes, yes, yes});
  check(tensor::of<float>({1, 1}, {2}), {yes, yes, yes});
  check(f32({2, 2, 2, 2}), {not_one, yes, yes});
  check(f32({2, 2, 2, 3}), {not_one, yes, not_two});
  check(tensor::scalar(3.0F), {yes, yes, not_two});
  fixture f;
  const node_id root = f.finish(f.build.add(ops::mul{}, {f.a, f.b}));
  CHECK(reason(f.graph, root, test_patterns::with_scalar) == not_one);
  CHECK(reason(f.graph, root, test_patterns::with_tensor) == "an input is not constant");
  CHECK(reason(f.graph, root, test_patterns::doubled) == "an input is not constant, expected 2");
}

TEST_CASE("inputs that may be absent are bound as absent and must agree") {
  struct row {
    bool low, high, limited, alike, below;
  };

  for (const row& r : {row{false, false, true, true, false}, row{true, false, true, false, true},
                       row{false, true, true, false, false}, row{true, true, true, true, false}}) {
    fixture f;
    const auto zero = f.scalar(0);
    std::vector<value_id> in{f.a, r.low ? zero : value_id(), r.high ? zero : value_id()};
    const node_id root = f.finish(f.build.add(ops::clip{}, in, 1)[0]);
    CAPTURE(r.low);
    CAPTURE(r.high);
    const outcome out(f.graph, root, test_patterns::limited);
    REQUIRE(bool(out) == r.limited);
    CHECK(out.found->has(rw::x));
    CHECK(out.found->has(rw::y) == r.low);
    CHECK(out.found->has(rw::z) == r.high);
    CHECK(matches(f.graph, root, test_patterns::limited_alike) == r.alike);
    CHECK(matches(f.graph, root, test_patterns::limited_below) == r.below);
  }
}

TEST_CASE("what is wrong with an absent or an additional input is said") {
  fixture f;
  const auto zero = f.scalar(0);
  const value_id high[] = {f.a, value_id(), zero};
  const auto capped = f.build.add(ops::clip{}, high, 1)[0];
  f.build.output("capped", capped);
  const value_id all[] = {f.a, zero, zero};
  const node_id root = f.finish(f.build.add(ops::clip{}, all, 1)[0]);
  CHECK(reason(f.graph, root, test_patterns::limited_below) ==
        "there is an input more than in the pattern");
  CHECK(reason(f.graph, f.graph[capped].producer, test_patterns::limited_alike) ==
        "an input is absent in one place only");
  builder b;
  const value_id none[] = {b.input("a", dtype::f32, {4})};
  const auto bare = b.add(ops::clip{}, none, 1)[0];
  b.output("y", bare);
  const ir::graph g = b.finish().value();
  CHECK(reason(g, g[bare].producer, test_patterns::limited_below) == "an input is absent");
}

TEST_CASE("values inside of a match have no other readers unless the pattern shares them") {
  enum reader { nobody, node, output, branch };

  for (const reader who : {nobody, node, output, branch}) {
    for (const bool is_inner : {false, true}) {
      fixture f;
      const auto e = f.build.add(ops::exp{}, {f.a}), r = f.build.add(ops::relu{}, {e});
      const value_id read = is_inner ? e : r;
      if (who == node) f.build.output("other", f.build.add(ops::abs{}, {read}));
      if (who == output) f.build.output("other", read);
      if (who == branch) {
        builder body;
        body.output("y", body.add(ops::abs{}, {body.input("captured", dtype::f32, {4})}));
        const ir::subgraph same(body.finish().value());
        ops::if_ either;
        either.then_branch = same;
        either.else_branch = same;
        f.build.output("other",
                       f.build.add(either, {f.build.input("c", dtype::boolean, {}), read}));
      }
      const node_id root = f.finish(f.build.add(ops::neg{}, {r}));
      CAPTURE(int(who));
      CAPTURE(is_inner);
      const outcome out(f.graph, root, test_patterns::chain);
      CHECK(bool(out) == (who == nobody));
      if (!out) {
        CHECK(out.miss.reason == "a value inside the pattern is used elsewhere");
        CHECK(out.miss.at == f.graph[read].producer);
        CHECK(out.miss.depth == 3);
      }
      CHECK(matches(f.graph, root, test_patterns::shared_chain));
    }
  }
}

TEST_CASE("one node may stand in two places of a pattern") {
  for (const bool is_one : {true, false}) {
    fixture f;
    const auto one = f.build.add(ops::relu{}, {f.a}),
               two = is_one ? one : f.build.add(ops::relu{}, {f.a});
    const node_id root = f.finish(f.build.add(ops::add{}, {one, f.build.add(ops::neg{}, {two})}));
    CHECK(matches(f.graph, root, test_patterns::fork));
  }
}

TEST_CASE("only the first output of a node is matched, and the others are not read") {
  enum use { values, indices, both, listed };

  for (const use u : {values, indices, both, listed}) {
    fixture f;
    const value_id in[] = {f.a, f.build.constant("k", tensor::of<std::int64_t>({1}, {2}))};
    const auto top = f.build.add(ops::top_k{}, in, 2);
    ops::cast to;
    to.to = dtype::f64;
    const value_id read = top[u == indices ? 1 : 0];
    if (u == both) f.build.output("i", f.build.add(ops::neg{}, {top[1]}));
    if (u == listed) f.build.output("i", top[1]);
    const node_id root = f.finish(f.build.add(to, {read}));
    CAPTURE(int(u));
    CHECK(reason(f.graph, root, test_patterns::over_values) ==
          (u == values    ? "it matches"
           : u == indices ? "an input is not made by top_k"
                          : "a value inside the pattern is used elsewhere"));
  }
}

TEST_CASE("attributes are the defaults unless the pattern says otherwise") {
  for (const float alpha : {0.01F, 0.2F}) {
    fixture f;
    ops::leaky_relu op;
    op.alpha = alpha;
    const node_id root = f.finish(f.build.add(op, {f.a}));
    CHECK(matches(f.graph, root, test_patterns::leak) == (alpha == 0.01F));
    CHECK(matches(f.graph, root, test_patterns::any_leak));
  }
}

TEST_CASE("captured nodes are those of the order that matched") {
  for (const bool is_swapped : {false, true}) {
    fixture f;
    ops::leaky_relu mild, steep;
    mild.alpha = 0.5F;
    steep.alpha = 3;
    const auto left = f.build.add(mild, {f.a}),
               right = f.build.add(ops::neg{}, {f.build.add(steep, {f.b})});
    const node_id root =
        f.finish(f.build.add(ops::add{}, {is_swapped ? right : left, is_swapped ? left : right}));
    const outcome out(f.graph, root, test_patterns::two_leaks);
    REQUIRE_MESSAGE(out, out.miss.reason);
    CHECK(out.found->op<ops::leaky_relu>(rw::p).alpha == 0.5F);
    CHECK(out.found->op<ops::leaky_relu>(rw::q).alpha == 3);
    CHECK(out.found->captured(rw::p.slot) == f.graph[left].producer);
    CHECK(rw::captured_op(*out.found, rw::q.slot).is<ops::leaky_relu>());
    CHECK((*out.found)[rw::x] == f.a);
    CHECK((*out.found)[rw::y] == f.b);
  }
}

TEST_CASE("guards see a complete match, and the first that fails is named") {
  for (const std::int64_t size : {4, 5}) {
    builder b;
    const auto y = b.add(
        ops::neg{}, {b.add(ops::relu{}, {b.add(ops::exp{}, {b.input("a", dtype::f32, {size})})})});
    b.output("y", y);
    const ir::graph g = b.finish().value();
    const rw::guard guards[] = {test_patterns::even};
    const outcome out(g, g[y].producer, test_patterns::chain, guards);
    CHECK(bool(out) == (size == 4));
    if (out) continue;
    CHECK(out.miss.reason == "it does not hold that the size is even");
    CHECK(out.miss.depth == 3);
    CHECK(out.miss.at == g[y].producer);
  }
}

TEST_CASE("the nearest miss is the deepest one") {
  fixture f;
  const auto near = f.build.add(ops::relu{}, {f.build.add(ops::abs{}, {f.a})});
  const node_id root = f.finish(f.build.add(ops::neg{}, {near}));
  rw::near_miss miss;
  rw::matcher chain(f.graph, test_patterns::chain.steps, {}, &miss);
  CHECK_FALSE(chain.at(root));
  CHECK(miss.depth == 2);
  CHECK(miss.reason == "the op is not exp");
  CHECK(f.graph[miss.at].op.is<ops::abs>());
  CHECK_FALSE(chain.at(f.graph[near].producer));
  CHECK(miss.depth == 2);
  CHECK(miss.reason == "the op is not exp");
}

TEST_CASE("a matcher that is used again forgets the match before") {
  fixture f;
  const auto one = f.build.add(ops::mul{}, {f.a, f.scalar(2)}),
             two = f.build.add(ops::mul{}, {f.scalar(5), f.b}),
             three = f.build.add(ops::mul{}, {f.b, f.d});
  f.build.output("one", one);
  f.build.output("two", two);
  const node_id last = f.finish(three);
  rw::matcher scaled(f.graph, test_patterns::with_scalar.steps, {});
  const auto* found = scaled.at(f.graph[one].producer);
  REQUIRE(found);
  CHECK(found->number(rw::c) == 2);
  CHECK_FALSE(scaled.at(last));
  found = scaled.at(f.graph[two].producer);
  REQUIRE(found);
  CHECK((*found)[rw::x] == f.b);
  CHECK(found->number(rw::c) == 5);
  CHECK(found->nodes().size() == 1);
}

TEST_CASE("sums nested in both operands find the constant wherever it stands") {
  for (const bool has_constant : {true, false}) {
    fixture f;
    auto sum = f.build.add(ops::add{}, {f.a, f.b});
    for (int i = 0; i < 4; ++i) sum = f.build.add(ops::add{}, {sum, f.d});
    const node_id root = f.finish(f.build.add(ops::add{}, {sum, has_constant ? f.scalar(1) : f.a}));
    CHECK(matches(f.graph, root, test_patterns::adds) == has_constant);
  }
}
