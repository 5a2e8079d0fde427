#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/cast.hpp"
#include "tenon/ops/comparison.hpp"
#include "tenon/ops/elementwise.hpp"

#include <limits>

#include "backends/kernel_checks.hpp"
#include <doctest/doctest.h>

namespace ops = tenon::ops;

namespace kernel_checks {

namespace {

const std::vector<extents>& shapes() {
  static const std::vector<extents> all{{}, {0}, {1}, {3}, {17}, {2, 3, 5}, {40000}};
  return all;
}

void add_unary(cases& out, const tenon::ir::any_op& op, double low = -4, double high = 4) {
  for (const extents& s : shapes()) out.push_back({op, {reals(s, 1, low, high)}});
}

/// Pairs of shapes that broadcast.
const std::vector<std::pair<extents, extents>>& pairs() {
  static const std::vector<std::pair<extents, extents>> all{{{}, {}},
                                                            {{0, 3}, {3}},
                                                            {{7}, {7}},
                                                            {{5, 7}, {7}},
                                                            {{5, 7}, {5, 1}},
                                                            {{5, 1}, {1, 7}},
                                                            {{}, {4, 3}},
                                                            {{4, 3}, {1}},
                                                            {{2, 1, 5}, {3, 1}},
                                                            {{33, 65}, {33, 65}},
                                                            {{2, 3, 4, 5}, {3, 1, 5}},
                                                            {{1, 1}, {1}}};
  return all;
}

void add_binary(cases& out, const tenon::ir::any_op& op, double low = -4, double high = 4) {
  for (const auto& [a, b] : pairs())
    out.push_back({op, {reals(a, 1, low, high), reals(b, 2, low, high)}});
}

void add_whole(cases& out, const tenon::ir::any_op& op, dtype type) {
  for (const auto& [a, b] : pairs())
    out.push_back(
        {op,
         {wholes(type, a, 1, type == dtype::boolean ? 0 : -3, type == dtype::boolean ? 1 : 3),
          wholes(type, b, 2, type == dtype::boolean ? 0 : -3, type == dtype::boolean ? 1 : 3)}});
}

tensor specials() {
  const float inf = std::numeric_limits<float>::infinity();
  return list({0.0F, -0.0F, inf, -inf, std::nanf(""), 1.0F, -1.0F, 3e38F, -3e38F, 2.5F, -0.5F});
}

void add_activations(cases& out) {
  add_unary(out, ops::leaky_relu{0.1F});
  add_unary(out, ops::hard_sigmoid{});
  ops::gelu tanh_form;
  tanh_form.approximate = ops::gelu_form::tanh;
  add_unary(out, ops::gelu{});
  add_unary(out, tanh_form);
  add_unary(out, ops::swish{});
  for (const tenon::ir::any_op& op :
       {tenon::ir::any_op(ops::minimum{}), tenon::ir::any_op(ops::maximum{})}) {
    add_binary(out, op);
    out.push_back({op, {specials()}});
    out.push_back({op, {reals({3, 1, 5}, 1), reals({4, 1}, 2), reals({5}, 3), reals({}, 4)}});
    out.push_back({op, {reals({1}, 1), reals({1}, 2), reals({1000}, 3)}});
    out.push_back({op, {reals({9, 1}, 1), reals({9, 1}, 2), reals({9, 70}, 3)}});
  }
  for (const extents& s : shapes()) {
    out.push_back({ops::clip{}, {reals(s, 3), tensor::scalar(-0.25F), tensor::scalar(0.5F)}});
    out.push_back({ops::clip{}, {reals(s, 3), datum(), tensor::scalar(0.5F)}});
    out.push_back({ops::clip{}, {reals(s, 3)}});
  }
  for (const tenon::ir::any_op& op :
       {tenon::ir::any_op(ops::relu{}), tenon::ir::any_op(ops::abs{}),
        tenon::ir::any_op(ops::neg{}), tenon::ir::any_op(ops::clip{}),
        tenon::ir::any_op(ops::floor{}), tenon::ir::any_op(ops::round{}),
        tenon::ir::any_op(ops::is_nan{}), tenon::ir::any_op(ops::sigmoid{}),
        tenon::ir::any_op(ops::tanh{})})
    out.push_back({op, {specials()}});
}

void add_selections(cases& out) {
  for (const dtype t : {dtype::f32, dtype::i64, dtype::boolean})
    for (const auto& [a, b] : pairs()) {
      const auto value = [&](const extents& s, unsigned seed) {
        return t == dtype::f32 ? reals(s, seed) : wholes(t, s, seed, 0, 1);
      };
      out.push_back({ops::where{}, {wholes(dtype::boolean, a, 5, 0, 1), value(b, 1), value(a, 2)}});
      out.push_back(
          {ops::where{}, {wholes(dtype::boolean, b, 5, 0, 1), value({}, 1), value(a, 2)}});
    }
}

void add_casts(cases& out) {
  const dtype types[] = {dtype::f32, dtype::i64, dtype::i32, dtype::boolean, dtype::u8, dtype::i8};
  for (const dtype from : types)
    for (const dtype to : types) {
      ops::cast op;
      op.to = to;
      for (const extents& s : {extents{}, extents{0}, extents{7, 5}})
        out.push_back(
            {op,
             {from == dtype::f32       ? reals(s, 1, -100, 100)
              : from == dtype::boolean ? wholes(from, s, 1, 0, 1)
                                       : wholes(from, s, 1, from == dtype::u8 ? 0 : -100, 100)}});
    }
}

}  // namespace

cases pointwise_cases() {
  cases out;
  add_unary(out, ops::relu{});
  add_unary(out, ops::sigmoid{}, -20, 20);
  add_unary(out, ops::tanh{}, -12, 12);
  add_unary(out, ops::exp{});
  add_unary(out, ops::log{}, 1e-3, 50);
  add_unary(out, ops::erf{});
  add_unary(out, ops::sqrt{}, 0, 50);
  add_unary(out, ops::reciprocal{}, 0.1, 3);
  add_unary(out, ops::neg{});
  add_unary(out, ops::abs{});
  add_unary(out, ops::floor{});
  add_unary(out, ops::ceil{});
  add_unary(out, ops::round{});
  add_unary(out, ops::sin{});
  add_unary(out, ops::cos{});
  add_unary(out, ops::hard_swish{});
  add_unary(out, ops::is_nan{});
  add_activations(out);
  add_binary(out, ops::add{});
  add_binary(out, ops::sub{});
  add_binary(out, ops::mul{});
  add_binary(out, ops::div{}, 0.5, 3);
  add_binary(out, ops::pow{}, 0.1, 3);
  for (const tenon::ir::any_op& op : {tenon::ir::any_op(ops::add{}), tenon::ir::any_op(ops::sub{}),
                                      tenon::ir::any_op(ops::mul{})})
    add_whole(out, op, dtype::i64);
  for (const tenon::ir::any_op& op :
       {tenon::ir::any_op(ops::equal{}), tenon::ir::any_op(ops::less{}),
        tenon::ir::any_op(ops::greater{}), tenon::ir::any_op(ops::less_or_equal{}),
        tenon::ir::any_op(ops::greater_or_equal{})}) {
    add_binary(out, op);
    add_whole(out, op, dtype::i64);
    out.push_back({op, {specials(), tensor::scalar(0.0F)}});
  }
  add_whole(out, ops::logical_and{}, dtype::boolean);
  add_whole(out, ops::logical_or{}, dtype::boolean);
  for (const extents& s : shapes())
    out.push_back({ops::logical_not{}, {wholes(dtype::boolean, s, 1, 0, 1)}});
  add_selections(out);
  add_casts(out);
  return out;
}

}  // namespace kernel_checks

TEST_CASE("pointwise kernels agree with the reference") {
  kernel_checks::check_all(kernel_checks::pointwise_cases());
}
