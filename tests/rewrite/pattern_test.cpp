#include "tenon/rewrite/pattern.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/selection.hpp"
#include "tenon/ops/softmax.hpp"
#include "tenon/rewrite/match.hpp"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace test_patterns {

using namespace tenon::rewrite;

constexpr auto nested = relu(x * c + 0.5) - op<ops::clip>(y, 0, maybe(z));
constexpr auto scaled = x * c;
constexpr auto named = op<ops::leaky_relu>(x).any_attribute().as(p);

using all_operators =
    decltype((pow(x, 2) / abs(x) + erf(x) * exp(x)) -
             (neg(x) + reciprocal(x) + relu(x) + sigmoid(x) + softplus(x) + sqrt(x) + tanh(x)));
constexpr all_operators every =
    (pow(x, 2) / abs(x) + erf(x) * exp(x)) -
    (neg(x) + reciprocal(x) + relu(x) + sigmoid(x) + softplus(x) + sqrt(x) + tanh(x));

}  // namespace test_patterns

namespace {

namespace rw = tenon::rewrite;
using rw::c, rw::c1, rw::k, rw::p, rw::q, rw::x, rw::y;
using kind = rw::step::kind;
using names = std::vector<std::string_view>;

template <class... A>
concept matchable = requires(const A&... a) {
  rw::op<ops::add>(a...);
};

static_assert(rw::operands<rw::leaf<0>, rw::leaf<0>> && matchable<rw::leaf<0>, double>);
static_assert(rw::operands<rw::leaf<0>, double> && rw::operands<int, rw::leaf<0>>);
static_assert(!rw::operands<int, double>, "sums of numbers are no patterns");
static_assert(!rw::operands<rw::leaf<0>, std::string_view> &&
              !matchable<rw::leaf<0>, std::string_view>);
static_assert(!rw::operands<rw::leaf<0>, rw::capture<24>>, "the name of a node is no operand");

/// The names of the ops of a pattern or result, "-" for leaves.
template <class Pattern> names ops_of(const Pattern& pattern) {
  names out;
  for (const rw::step& s : pattern.steps) out.push_back(s.type ? s.type->name : "-");
  return out;
}

/// A match of `x * c` over a graph with that constant.
struct scaled_by {
  ir::graph graph;
  rw::matcher find{graph, test_patterns::scaled.steps, {}};
  const rw::match* match;

  explicit scaled_by(tensor constant)
      : graph(made(std::move(constant))), match(find.at(graph.order().back())) {
    REQUIRE(match);
  }

  static ir::graph made(tensor constant) {
    builder b;
    const auto in = b.input("x", constant.type(), {2});
    b.output("y", b.add(ops::mul{}, {in, b.constant("c", std::move(constant))}));
    return b.finish().value();
  }

  template <class Op, class Result> Op make(const Result& result) const {
    const ir::any_op made = result.steps[0].make(*match);
    REQUIRE(made.is<Op>());
    return *made.as<Op>();
  }
};

ops::leaky_relu leak(float alpha) {
  ops::leaky_relu out;
  out.alpha = alpha;
  return out;
}

ops::softmax along(std::int64_t axis) {
  ops::softmax out;
  out.axis = axis;
  return out;
}

}  // namespace

TEST_CASE("a pattern is its steps in pre-order with the size of every subtree") {
  const auto& steps = test_patterns::nested.steps;
  REQUIRE(steps.size() == 11);
  CHECK(ops_of(test_patterns::nested) ==
        names{"sub", "relu", "add", "mul", "-", "-", "-", "clip", "-", "-", "-"});
  const std::vector<int> sizes{11, 6, 5, 3, 1, 1, 1, 4, 1, 1, 1};
  const std::vector<int> children{2, 1, 2, 2, 0, 0, 0, 3, 0, 0, 0};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    CAPTURE(i);
    CHECK(steps[i].size == sizes[i]);
    CHECK(steps[i].children == children[i]);
    CHECK((steps[i].what == kind::op) == (steps[i].type != nullptr));
    CHECK(steps[i].is_optional == (i == 10));
    CHECK_FALSE(steps[i].is_shared);
  }
  CHECK(steps[4].what == kind::value);
  CHECK(steps[5].what == kind::scalar);
  CHECK(steps[5].slot == 8);
  CHECK(steps[6].what == kind::literal);
  CHECK(steps[6].number == 0.5);
  CHECK(steps[9].number == 0);
  CHECK(steps[10].slot == 2);
}

TEST_CASE("operators and functions stand for the op of their name") {
  CHECK(ops_of(test_patterns::every) ==
        names{"sub",      "add", "div",  "pow",        "-",    "-",    "abs", "-",       "mul",
              "erf",      "-",   "exp",  "-",          "add",  "add",  "add", "add",     "add",
              "add",      "neg", "-",    "reciprocal", "-",    "relu", "-",   "sigmoid", "-",
              "softplus", "-",   "sqrt", "-",          "tanh", "-"});
  CHECK(ops_of(2 - x) == names{"sub", "-", "-"});
  CHECK((2 - x).steps[1].number == 2);
  CHECK((x - 2).steps[2].number == 2);
}

TEST_CASE("what a pattern binds is known before it runs") {
  static_assert((x + y).binds == 3);
  static_assert((x + 1).binds == 1);
  static_assert((x * c + k).binds == (1U | 1U << 8 | 1U << 16));
  static_assert(rw::maybe(y).binds == y.binds);
  static_assert(test_patterns::named.binds == (1U | 1U << 24));
  static_assert(rw::emit<ops::leaky_relu>(x).with<&ops::leaky_relu::alpha>(c1).binds ==
                (1U | 1U << 9));
  static_assert(rw::emit<ops::leaky_relu>(x).like(q).binds == (1U | 1U << 25));
  static_assert(rw::leaf<15>().steps[0].what == kind::scalar);
  static_assert(rw::leaf<7>().steps[0].what == kind::value);
  static_assert(rw::leaf<23>().steps[0].what == kind::tensor);
  CHECK_FALSE(y.steps[0].is_optional);
}

TEST_CASE("a node of a pattern accepts its own op with the attributes that are asked for") {
  const auto accepts = [](const auto& pattern, const ir::any_op& op) {
    return pattern.steps[0].accepts(op);
  };
  const auto plain = rw::op<ops::leaky_relu>(x);
  CHECK(accepts(plain, ops::leaky_relu{}));
  CHECK_FALSE(accepts(plain, leak(0.5F)));
  CHECK_FALSE(accepts(plain, ops::relu{}));
  const auto second = rw::op<ops::softmax>(x).where<&ops::softmax::axis, 1>();
  CHECK(accepts(second, along(1)));
  CHECK_FALSE(accepts(second, along(2)));
  CHECK_FALSE(accepts(second, ops::softmax{}));
  CHECK_FALSE(bool(plain.any_attribute().steps[0].accepts));
  CHECK(bool(plain.steps[0].accepts));
}

TEST_CASE("several demands hold together, and the rest has its defaults") {
  const auto one = rw::op<ops::top_k>(x, y).where<&ops::top_k::axis, 1>();
  const auto two = one.where<&ops::top_k::largest, false>();
  ops::top_k op;
  op.axis = 1;
  CHECK(one.steps[0].accepts(op));
  CHECK_FALSE(two.steps[0].accepts(op));
  op.largest = false;
  CHECK_FALSE(one.steps[0].accepts(op));
  CHECK(two.steps[0].accepts(op));
  const scaled_by at(tensor::scalar(1.0F));
  CHECK(at.make<ops::top_k>(two) == op);
  op.sorted = false;
  CHECK_FALSE(two.steps[0].accepts(op));
}

TEST_CASE("sharing and naming a node leave everything else as it was") {
  constexpr auto plain = rw::op<ops::softmax>(x).where<&ops::softmax::axis, 1>();
  constexpr auto made = plain.shared().as(q);
  CHECK(made.steps[0].is_shared);
  CHECK(made.steps[0].capture == q.slot);
  CHECK(made.steps[0].accepts(along(1)));
  CHECK_FALSE(made.steps[0].accepts(along(2)));
  CHECK_FALSE(made.steps[1].is_shared);
  CHECK_FALSE(plain.steps[0].is_shared);
  CHECK(plain.steps[0].capture == rw::step::no_capture);
}

TEST_CASE("an attribute of a result comes from a constant, a literal, a function or its default") {
  const scaled_by at(tensor::of<double>({1}, {0.25}));
  CHECK(rw::scalar_of(*at.match, c.slot) == 0.25);
  const auto result = rw::emit<ops::leaky_relu>(x);
  CHECK(at.make<ops::leaky_relu>(result) == ops::leaky_relu{});
  CHECK(at.make<ops::leaky_relu>(result.with<&ops::leaky_relu::alpha>(c)) == leak(0.25F));
  const auto line = rw::emit<ops::softmax>(x);
  CHECK(at.make<ops::softmax>(line.with<&ops::softmax::axis, 4>()) == along(4));
  constexpr auto twice = [](const rw::match& m) { return static_cast<float>(2 * m.number(c)); };
  CHECK(at.make<ops::leaky_relu>(result.computed<&ops::leaky_relu::alpha, twice>()) == leak(0.5F));
  const auto last = line.with<&ops::softmax::axis>(c).with<&ops::softmax::axis, 8>();
  CHECK(at.make<ops::softmax>(last) == along(8));
}

TEST_CASE("an integer attribute from a constant that no integer is near stays defined") {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  const auto axis_of = [](double number) {
    const scaled_by at(tensor::scalar(number));
    return at.make<ops::softmax>(rw::emit<ops::softmax>(x).with<&ops::softmax::axis>(c)).axis;
  };
  CHECK(axis_of(3) == 3);
  CHECK(axis_of(-2.75) == -2);
  CHECK(axis_of(1e300) == lowest);
  CHECK(axis_of(std::numeric_limits<double>::quiet_NaN()) == lowest);
  CHECK(axis_of(-std::numeric_limits<double>::infinity()) == lowest);
}

TEST_CASE("a result like a captured node has all of its attributes, another op none") {
  builder b;
  const auto v = b.add(leak(7), {b.input("x", dtype::f32, {2})});
  b.output("y", v);
  const ir::graph g = b.finish().value();
  rw::matcher find(g, test_patterns::named.steps, {});
  const auto* match = find.at(g[v].producer);
  REQUIRE(match);
  const ir::any_op same = rw::emit<ops::leaky_relu>(x).like(p).steps[0].make(*match);
  REQUIRE(same.is<ops::leaky_relu>());
  CHECK(same.as<ops::leaky_relu>()->alpha == 7);
  const ir::any_op other = rw::emit<ops::selu>(x).like(p).steps[0].make(*match);
  REQUIRE(other.is<ops::selu>());
  CHECK(*other.as<ops::selu>() == ops::selu{});
}
