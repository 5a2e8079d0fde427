#include "tenon/plan/memory.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

namespace {

using namespace tenon;
using slots = std::vector<std::vector<std::uint32_t>>;

constexpr std::uint32_t absent = kernel::call::absent;
constexpr kernel::entry in_place{
    .name = "in place", .op = nullptr, .refuse = nullptr, .in_place = true};

/// A program by hand; the indices of `sizes` are those of the extents.
struct draft {
  plan::program p;

  std::uint32_t value(std::vector<std::uint32_t> sizes, plan::place where = plan::place::arena) {
    dims shape;
    for (const std::uint32_t size : sizes) shape.push_back(p.sizes[size]);
    plan::buffer b;
    b.fact = ir::fact::of(dtype::f32, std::move(shape));
    b.where = where;
    b.sizes = std::move(sizes);
    p.values.push_back(std::move(b));
    return static_cast<std::uint32_t>(p.values.size() - 1);
  }

  std::uint32_t view_of(std::uint32_t source) {
    const std::uint32_t v = value(p.values[source].sizes, plan::place::view);
    p.values[v].source = source;
    step({source}, {v}).what = plan::action::nothing;
    return v;
  }

  plan::step& step(std::vector<std::uint32_t> inputs, std::vector<std::uint32_t> outputs) {
    plan::step& s = p.steps.emplace_back();
    s.inputs = std::move(inputs);
    s.outputs = std::move(outputs);
    return s;
  }

  slots shared(const bindings& typical = {}) {
    plan::share_slots(p, typical);
    return p.slots;
  }
};

}  // namespace

TEST_CASE("plan memory: a chain needs two slots, and a value that is read late keeps its own") {
  draft d;
  d.p.sizes = {dim(8)};
  const auto x = d.value({0}, plan::place::input);
  const auto a = d.value({0}), b = d.value({0}), c = d.value({0}), e = d.value({0});
  const auto y = d.value({0}, plan::place::output);
  d.step({x}, {a});
  d.step({a}, {b});
  SUBCASE("chain") {
    d.step({b, absent}, {c});
    d.step({c}, {e});
    d.step({e}, {y});
    CHECK(d.shared() == slots{{a, c}, {b, e}});
  }
  SUBCASE("late read") {
    d.step({b}, {c});
    d.step({c, a}, {e});
    d.step({e}, {y});
    CHECK(d.shared() == slots{{a}, {b, e}, {c}});
  }
}

TEST_CASE("plan memory: views keep the bytes that they look at") {
  draft d;
  d.p.sizes = {dim(8)};
  const auto a = d.value({0}), b = d.value({0});
  d.step({}, {a});
  const auto v = d.view_of(a), w = d.view_of(v);
  d.step({absent}, {b});
  const auto c = d.value({0}), e = d.value({0});
  d.step({b, w}, {c});
  d.step({c}, {e});
  CHECK(d.shared() == slots{{a}, {b, e}, {c}});
}

TEST_CASE("plan memory: a kernel that works in place takes over an input that ends") {
  draft d;
  d.p.sizes = {dim(8), dim(4)};
  const auto a = d.value({0}), b = d.value({0}), c = d.value({0});
  d.step({}, {a});
  SUBCASE("takes over") {
    d.step({a}, {b}).kernel = &in_place;
    d.step({b}, {c}).kernel = &in_place;
    CHECK(d.shared() == slots{{a, b, c}});
  }
  SUBCASE("not into memory outside of the arena, and what was read is free afterwards") {
    const auto y = d.value({0}, plan::place::output);
    d.step({a}, {y}).kernel = &in_place;
    d.step({}, {b});
    d.step({b}, {c});
    CHECK(d.shared() == slots{{a, b}, {c}});
  }
  SUBCASE("not when it is read later") {
    d.step({a}, {b}).kernel = &in_place;
    d.step({a, b}, {c});
    CHECK(d.shared() == slots{{a}, {b}, {c}});
  }
  SUBCASE("not when it is read twice, also through a view") {
    const auto v = d.view_of(a);
    d.step({a, v}, {b}).kernel = &in_place;
    CHECK(d.shared() == slots{{a}, {b}});
  }
  SUBCASE("not when the sizes differ") {
    const auto small = d.value({1});
    d.step({a}, {small}).kernel = &in_place;
    CHECK(d.shared() == slots{{a}, {small}});
  }
}

TEST_CASE("plan memory: the smallest free slot that typically fits is taken, else the largest") {
  draft d;
  symbol_scope scope;
  const dim n = scope.symbol("n");
  d.p.sizes = {dim(10), dim(1000), dim(100), n};
  const auto tiny = d.value({0}), huge = d.value({1}), middle = d.value({2}), open = d.value({3});
  d.step({}, {tiny, huge, middle});
  d.step({}, {});
  d.p.steps.back().inputs = {tiny, huge, middle};
  d.step({}, {open});
  SUBCASE("fits the middle one") {
    bindings typical;
    typical.set(n, 50);
    CHECK(d.shared(typical) == slots{{tiny}, {huge}, {middle, open}});
  }
  SUBCASE("fits none") {
    bindings typical;
    typical.set(n, 5000);
    CHECK(d.shared(typical) == slots{{tiny}, {huge, open}, {middle}});
  }
  SUBCASE("unknown sizes are taken as 64") {
    CHECK(d.shared() == slots{{tiny}, {huge}, {middle, open}});
  }
}

TEST_CASE(
    "plan memory: an output that nobody reads is free after its step; other places have no slot") {
  draft d;
  d.p.sizes = {dim(8)};
  const auto a = d.value({0}), b = d.value({0}), constant = d.value({0}, plan::place::constant);
  const auto open = d.value({0}, plan::place::dynamic);
  d.step({constant}, {a, open, absent});
  d.step({open}, {b});
  CHECK(d.shared() == slots{{a, b}});
}
