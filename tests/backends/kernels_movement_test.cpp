#include "tenon/ops/gathering.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/slicing.hpp"

#include <cstring>

#include "backends/kernel_checks.hpp"
#include <doctest/doctest.h>

namespace ops = tenon::ops;

namespace kernel_checks {

namespace {

constexpr dtype byte_types[] = {dtype::u8, dtype::f16, dtype::f32, dtype::i64, dtype::c128};

tensor numbers(dtype t, const extents& s) {
  if (t != dtype::c128) return t == dtype::f32 ? reals(s, 1) : wholes(t, s, 1, 0, 100);
  tensor out(t, s);
  const tensor from = reals({out.size() * 4}, 1);
  if (out.size() != 0) std::memcpy(out.bytes(), from.bytes(), out.size_bytes());
  return out;
}

tensor indices(std::initializer_list<std::int64_t> values) {
  return list(values);
}

void add_transposes(cases& out) {
  for (const dtype t : byte_types) {
    out.push_back({ops::transpose{}, {numbers(t, {5, 7})}});
    out.push_back({ops::transpose{{0, 2, 3, 1}}, {numbers(t, {2, 35, 3, 9})}});
    out.push_back({ops::transpose{{0, 3, 1, 2}}, {numbers(t, {2, 5, 9, 33})}});
    out.push_back({ops::transpose{{0, 2, 1, 3}}, {numbers(t, {2, 5, 3, 16})}});
    out.push_back({ops::transpose{{2, 0, 1}}, {numbers(t, {0, 4, 3})}});
    out.push_back({ops::expand{}, {numbers(t, {3, 1, 5}), indices({2, 1, 4, 1})}, 2});
    out.push_back({ops::expand{}, {numbers(t, {1}), indices({70})}, 2});
  }
}

void add_pieces(cases& out) {
  for (const dtype t : byte_types)
    for (const std::int64_t axis : {0, 1, -1}) {
      const tensor a = numbers(t, {3, 4, 5});
      out.push_back({ops::concat{axis}, {a, a, a}});
      out.push_back({ops::concat{axis}, {a}});
      ops::split op;
      op.axis = axis;
      op.num_outputs = 2;
      out.push_back({op, {numbers(t, {4, 6, 5})}, 0, 2});
      out.push_back({ops::gather{axis}, {a, indices({0, -1, 2, 2})}});
      out.push_back({ops::gather{axis}, {a, wholes(dtype::i32, {2, 2}, 3, -3, 2)}});
      out.push_back({.op = ops::gather{axis}, .inputs = {a, indices({9})}, .fails = true});
    }
  const tensor x = reals({6, 7, 9}, 1);
  out.push_back({ops::slice{}, {x, indices({1, 2}), indices({5, 7})}, 6});
  out.push_back({ops::slice{},
                 {x, indices({-1, 0}), indices({-90, 90}), indices({2, 0}), indices({-2, 3})},
                 30});
  out.push_back({ops::slice{}, {x, indices({4}), indices({4}), indices({1})}, 14});
}

void add_pads(cases& out) {
  for (const dtype t : byte_types) {
    for (const auto mode : {ops::pad_mode::constant, ops::pad_mode::edge, ops::pad_mode::reflect,
                            ops::pad_mode::wrap}) {
      out.push_back({ops::pad{mode}, {numbers(t, {3, 4, 5}), indices({0, 1, 2, 1, 0, 3})}, 2});
      out.push_back({ops::pad{mode}, {numbers(t, {2, 3, 40}), indices({0, 0, 9, 0, 2, 0})}, 2});
      out.push_back({ops::pad{mode}, {numbers(t, {4, 5}), indices({-1, 2, 2, -1})}, 2});
      out.push_back(
          {ops::pad{mode}, {numbers(t, {4, 5}), indices({2, 1}), datum(), indices({-1})}, 10});
    }
    const tensor fill = numbers(t, {});
    out.push_back({ops::pad{}, {numbers(t, {2, 3}), indices({1, 1, 1, 1}), fill}, 2});
    out.push_back({ops::pad{}, {numbers(t, {2, 0}), indices({1, 1, 1, 1}), fill}, 2});
  }
}

}  // namespace

cases movement_cases() {
  cases out;
  add_transposes(out);
  add_pieces(out);
  add_pads(out);
  return out;
}

}  // namespace kernel_checks

TEST_CASE("kernels that move bytes agree with the reference") {
  kernel_checks::check_all(kernel_checks::movement_cases());
}
