#pragma once

#include "tenon/backends/cpu/broadcast.hpp"
#include "tenon/backends/cpu/kernels/dispatch.hpp"
#include "tenon/kernel/catalog.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/cast.hpp"
#include "tenon/ops/comparison.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/tensor/convert.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

/// Elementwise kernels: unary and binary float functions by the ISA tables, integers and masks by plain loops.
namespace tenon::inline v0::cpu {

using kernel::call;
using kernel::query;

namespace pointwise_detail {

inline const char* float_unary(const query& q) {
  return q.is(0, dtype::f32) ? nullptr : "needs an f32 tensor of known rank";
}

inline void map(const call& c, unary f, float p = 0, float q = 0) {
  const auto kernel = select<pointwise_kernels>().map[static_cast<std::size_t>(f)];
  const float* x = c.in(0).as<float>();
  float* y = c.out(0).as<float>();
  c.threads->run(c.out(0).count, elementwise_grain, [&](std::int64_t begin, std::int64_t end, int) {
    kernel(x + begin, y + begin, static_cast<std::size_t>(end - begin), p, q);
  });
}

template <class Op, unary F> constexpr kernel::entry unary_entry(const char* name) {
  return {name,
          ir::id_of<Op>(),
          float_unary,
          nullptr,
          nullptr,
          [](const call& c) -> status {
            map(c, F);
            return {};
          },
          true};
}

inline status run_leaky_relu(const call& c) {
  map(c, unary::leaky_relu, c.as<ops::leaky_relu>().alpha);
  return {};
}

inline status run_hard_sigmoid(const call& c) {
  const auto& op = c.as<ops::hard_sigmoid>();
  map(c, unary::hard_sigmoid, op.alpha, op.beta);
  return {};
}

inline status run_gelu(const call& c) {
  map(c,
      c.as<ops::gelu>().approximate == ops::gelu_form::tanh ? unary::gelu_tanh : unary::gelu_erf);
  return {};
}

inline const char* plain_swish(const query& q) {
  return q.as<ops::swish>().alpha == 1.0F ? float_unary(q) : "needs alpha 1";
}

inline status run_clip(const call& c) {
  float low = -std::numeric_limits<float>::infinity(), high = -low;
  if (c.has(1)) low = *c.in(1).as<float>();
  if (c.has(2)) high = *c.in(2).as<float>();
  map(c, unary::clip, low, high);
  return {};
}

template <class Op> const char* same_binary(const query& q) {
  if (!q.has(0) || !q.has(1) || !q.in(0).is_ranked || !q.in(1).is_ranked)
    return "needs tensors of known rank";
  return q.in(0).type == q.in(1).type ? nullptr : "needs operands of one dtype";
}

inline const char* float_binary(const query& q) {
  return q.is(0, dtype::f32) && q.is(1, dtype::f32) ? nullptr : "needs f32 tensors of known rank";
}

/// y = F(left, right) with numpy broadcast; y may have more axes than both.
template <binary F>
status run_zip(const kernel::array_view& left,
               const kernel::array_view& right,
               const kernel::array_view& y,
               kernel::parallel& threads) {
  broadcast_plan<2> plan;
  if (!plan.build(y, {&left, &right})) return fail(code::unsupported, "more than 16 axes");
  const auto kernel = select<pointwise_kernels>().zip[static_cast<std::size_t>(F)];
  const bool is_left_fixed = plan.stride[0][0] == 0, is_right_fixed = plan.stride[1][0] == 0;
  const operands form = is_left_fixed    ? operands::left_scalar
                        : is_right_fixed ? operands::right_scalar
                                         : operands::full;
  const float *a = left.as<float>(), *b = right.as<float>();
  run_broadcast(plan, threads, [&](const auto& at, std::int64_t first, std::int64_t count) {
    float* to = y.as<float>() + first;
    if (is_left_fixed && is_right_fixed) {
      kernel(a + at[0], b + at[1], to, 1, operands::full);
      std::fill_n(to + 1, count - 1, *to);
    } else {
      kernel(a + at[0], b + at[1], to, static_cast<std::size_t>(count), form);
    }
  });
  return {};
}

template <binary F> status run_float_binary(const call& c) {
  return run_zip<F>(c.in(0), c.in(1), c.out(0), *c.threads);
}

template <class Op, binary F> constexpr kernel::entry binary_entry(const char* name) {
  return {name, ir::id_of<Op>(), float_binary, nullptr, nullptr, run_float_binary<F>, true};
}

inline const char* float_list(const query& q) {
  for (std::size_t i = 0; i < q.inputs.size(); ++i)
    if (!q.is(i, dtype::f32)) return "needs f32 tensors of known rank";
  return q.inputs.empty() ? "needs an operand" : nullptr;
}

/// y = F(F(in 0, in 1), in 2) and so on.
template <binary F> status run_float_list(const call& c) {
  const std::size_t first = c.inputs.size() > 1 ? 1 : 0;
  for (std::size_t i = first; i < c.inputs.size(); ++i)
    TENON_TRY(run_zip<F>(i < 2 ? c.in(0) : c.out(0), c.in(i), c.out(0), *c.threads));
  return {};
}

/// y = F(a, b) for T elements with numpy broadcast.
template <class T, class R, class F> status run_plain_binary(const call& c) {
  broadcast_plan<2> plan;
  if (!plan.build(c.out(0), {&c.in(0), &c.in(1)}))
    return fail(code::unsupported, "more than 16 axes");
  const T *a = c.in(0).as<T>(), *b = c.in(1).as<T>();
  R* y = c.out(0).as<R>();
  const std::int64_t sa = plan.stride[0][0], sb = plan.stride[1][0];
  run_broadcast(plan, *c.threads, [&](const auto& at, std::int64_t to, std::int64_t count) {
    const T *pa = a + at[0], *pb = b + at[1];
    R* py = y + to;
    if (sa == 1 && sb == 1)
      for (std::int64_t i = 0; i < count; ++i) py[i] = F{}(pa[i], pb[i]);
    else
      for (std::int64_t i = 0; i < count; ++i) py[i] = F{}(pa[i * sa], pb[i * sb]);
  });
  return {};
}

template <dtype T> const char* binary_of(const query& q) {
  return q.is(0, T) && q.is(1, T) ? nullptr : "needs tensors of another dtype";
}

template <class Op, dtype Type, class T, class R, class F>
constexpr kernel::entry plain_entry(const char* name) {
  return {name, ir::id_of<Op>(), binary_of<Type>, nullptr, nullptr, run_plain_binary<T, R, F>,
          false};
}

template <class T> struct wrapped_add {
  T operator()(T a, T b) const {
    return static_cast<T>(std::make_unsigned_t<T>(a) + std::make_unsigned_t<T>(b));
  }
};

template <class T> struct wrapped_sub {
  T operator()(T a, T b) const {
    return static_cast<T>(std::make_unsigned_t<T>(a) - std::make_unsigned_t<T>(b));
  }
};

template <class T> struct wrapped_mul {
  T operator()(T a, T b) const {
    return static_cast<T>(std::make_unsigned_t<T>(a) * std::make_unsigned_t<T>(b));
  }
};

struct is_equal {
  template <class T> bool operator()(T a, T b) const { return a == b; }
};

struct is_less {
  template <class T> bool operator()(T a, T b) const { return a < b; }
};

struct is_greater {
  template <class T> bool operator()(T a, T b) const { return a > b; }
};

struct is_less_or_equal {
  template <class T> bool operator()(T a, T b) const { return a <= b; }
};

struct is_greater_or_equal {
  template <class T> bool operator()(T a, T b) const { return a >= b; }
};

struct both {
  bool operator()(bool a, bool b) const { return a && b; }
};

struct either {
  bool operator()(bool a, bool b) const { return a || b; }
};

inline status run_is_nan(const call& c) {
  const float* x = c.in(0).as<float>();
  bool* y = c.out(0).as<bool>();
  c.threads->run(c.out(0).count, elementwise_grain, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = x[i] != x[i];
  });
  return {};
}

inline status run_not(const call& c) {
  const bool* x = c.in(0).as<bool>();
  bool* y = c.out(0).as<bool>();
  for (std::int64_t i = 0; i < c.out(0).count; ++i) y[i] = !x[i];
  return {};
}

template <class T> void select(const call& c, const broadcast_plan<3>& plan) {
  const bool* condition = c.in(0).as<bool>();
  const T *a = c.in(1).as<T>(), *b = c.in(2).as<T>();
  T* y = c.out(0).as<T>();
  const std::int64_t sc = plan.stride[0][0], sa = plan.stride[1][0], sb = plan.stride[2][0];
  run_broadcast(plan, *c.threads, [&](const auto& at, std::int64_t to, std::int64_t count) {
    const bool* pc = condition + at[0];
    const T *pa = a + at[1], *pb = b + at[2];
    T* py = y + to;
    if (sc == 1 && sa == 0 && sb == 1) {
      const T fixed = *pa;
      for (std::int64_t i = 0; i < count; ++i) py[i] = pc[i] ? fixed : pb[i];
    } else {
      for (std::int64_t i = 0; i < count; ++i) py[i] = pc[i * sc] ? pa[i * sa] : pb[i * sb];
    }
  });
}

inline const char* where_any(const query& q) {
  if (!q.is(0, dtype::boolean) || !q.has(1) || !q.has(2)) return "needs a bool condition";
  if (!q.in(1).is_ranked || !q.in(2).is_ranked) return "needs tensors of known rank";
  if (q.in(1).type != q.in(2).type) return "needs operands of one dtype";
  const std::size_t bytes = size_of(q.in(1).type);
  return q.in(1).type != dtype::string && (bytes == 1 || bytes == 4 || bytes == 8)
             ? nullptr
             : "needs 1, 4 or 8 bytes";
}

inline status run_where(const call& c) {
  broadcast_plan<3> plan;
  if (!plan.build(c.out(0), {&c.in(0), &c.in(1), &c.in(2)}))
    return fail(code::unsupported, "more than 16 axes");
  switch (size_of(c.out(0).type)) {
    case 1:
      select<std::uint8_t>(c, plan);
      break;
    case 4:
      select<std::uint32_t>(c, plan);
      break;
    default:
      select<std::uint64_t>(c, plan);
      break;
  }
  return {};
}

template <class From, class To> void convert(const call& c) {
  const From* x = c.in(0).as<From>();
  To* y = c.out(0).as<To>();
  c.threads->run(c.out(0).count, elementwise_grain, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = number_cast<To>(x[i]);
  });
}

inline constexpr std::array<dtype, 6> cast_types{dtype::f32,     dtype::i64, dtype::i32,
                                                 dtype::boolean, dtype::u8,  dtype::i8};

inline const char* cast_plain(const query& q) {
  const auto known = [](dtype t) {
    return std::find(cast_types.begin(), cast_types.end(), t) != cast_types.end();
  };
  if (!q.has(0) || !q.in(0).is_tensor() || !q.in(0).is_ranked)
    return "needs a tensor of known rank";
  return known(q.in(0).type) && known(q.out(0).type) ? nullptr
                                                     : "needs f32, i64, i32, bool, u8 or i8";
}

template <class F> void with_cast_type(dtype t, F&& f) {
  switch (t) {
    case dtype::f32:
      f(float{});
      break;
    case dtype::i64:
      f(std::int64_t{});
      break;
    case dtype::i32:
      f(std::int32_t{});
      break;
    case dtype::boolean:
      f(bool{});
      break;
    case dtype::u8:
      f(std::uint8_t{});
      break;
    default:
      f(std::int8_t{});
      break;
  }
}

inline status run_cast(const call& c) {
  if (c.in(0).type == c.out(0).type) {
    std::memcpy(c.out(0).data, c.in(0).data, c.in(0).bytes());
    return {};
  }
  with_cast_type(c.in(0).type, [&]<class From>(From) {
    with_cast_type(c.out(0).type, [&]<class To>(To) { convert<From, To>(c); });
  });
  return {};
}

}  // namespace pointwise_detail

namespace pointwise {

using namespace pointwise_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    unary_entry<ops::relu, unary::relu>("cpu.relu.f32"),
    unary_entry<ops::sigmoid, unary::sigmoid>("cpu.sigmoid.f32"),
    unary_entry<ops::tanh, unary::tanh>("cpu.tanh.f32"),
    unary_entry<ops::exp, unary::exp>("cpu.exp.f32"),
    unary_entry<ops::log, unary::log>("cpu.log.f32"),
    unary_entry<ops::erf, unary::erf>("cpu.erf.f32"),
    unary_entry<ops::sqrt, unary::sqrt>("cpu.sqrt.f32"),
    unary_entry<ops::reciprocal, unary::recip>("cpu.reciprocal.f32"),
    unary_entry<ops::neg, unary::neg>("cpu.neg.f32"),
    unary_entry<ops::abs, unary::abs>("cpu.abs.f32"),
    unary_entry<ops::floor, unary::floor>("cpu.floor.f32"),
    unary_entry<ops::ceil, unary::ceil>("cpu.ceil.f32"),
    unary_entry<ops::round, unary::round>("cpu.round.f32"),
    unary_entry<ops::sin, unary::sin>("cpu.sin.f32"),
    unary_entry<ops::cos, unary::cos>("cpu.cos.f32"),
    unary_entry<ops::hard_swish, unary::hard_swish>("cpu.hard_swish.f32"),
    {"cpu.leaky_relu.f32", ir::id_of<ops::leaky_relu>(), float_unary, nullptr, nullptr, run_leaky_relu, true},
    {"cpu.hard_sigmoid.f32", ir::id_of<ops::hard_sigmoid>(), float_unary, nullptr, nullptr, run_hard_sigmoid, true},
    {"cpu.gelu.f32", ir::id_of<ops::gelu>(), float_unary, nullptr, nullptr, run_gelu, true},
    {"cpu.clip.f32", ir::id_of<ops::clip>(), float_unary, nullptr, nullptr, run_clip, true},
    {"cpu.swish.f32", ir::id_of<ops::swish>(), plain_swish, nullptr, nullptr, [](const call& c) -> status { map(c, unary::silu); return {}; }, true},
    {"cpu.min.f32", ir::id_of<ops::minimum>(), float_list, nullptr, nullptr, run_float_list<binary::min>, false},
    {"cpu.max.f32", ir::id_of<ops::maximum>(), float_list, nullptr, nullptr, run_float_list<binary::max>, false},
    binary_entry<ops::add, binary::add>("cpu.add.f32"),
    binary_entry<ops::sub, binary::sub>("cpu.sub.f32"),
    binary_entry<ops::mul, binary::mul>("cpu.mul.f32"),
    binary_entry<ops::div, binary::div>("cpu.div.f32"),
    binary_entry<ops::pow, binary::pow>("cpu.pow.f32"),
    plain_entry<ops::add, dtype::i64, std::int64_t, std::int64_t, wrapped_add<std::int64_t>>("cpu.add.i64"),
    plain_entry<ops::sub, dtype::i64, std::int64_t, std::int64_t, wrapped_sub<std::int64_t>>("cpu.sub.i64"),
    plain_entry<ops::mul, dtype::i64, std::int64_t, std::int64_t, wrapped_mul<std::int64_t>>("cpu.mul.i64"),
    plain_entry<ops::equal, dtype::i64, std::int64_t, bool, is_equal>("cpu.equal.i64"),
    plain_entry<ops::equal, dtype::f32, float, bool, is_equal>("cpu.equal.f32"),
    plain_entry<ops::less, dtype::i64, std::int64_t, bool, is_less>("cpu.less.i64"),
    plain_entry<ops::less, dtype::f32, float, bool, is_less>("cpu.less.f32"),
    plain_entry<ops::greater, dtype::i64, std::int64_t, bool, is_greater>("cpu.greater.i64"),
    plain_entry<ops::greater, dtype::f32, float, bool, is_greater>("cpu.greater.f32"),
    plain_entry<ops::less_or_equal, dtype::i64, std::int64_t, bool, is_less_or_equal>("cpu.less_or_equal.i64"),
    plain_entry<ops::less_or_equal, dtype::f32, float, bool, is_less_or_equal>("cpu.less_or_equal.f32"),
    plain_entry<ops::greater_or_equal, dtype::i64, std::int64_t, bool, is_greater_or_equal>("cpu.greater_or_equal.i64"),
    plain_entry<ops::greater_or_equal, dtype::f32, float, bool, is_greater_or_equal>("cpu.greater_or_equal.f32"),
    plain_entry<ops::logical_and, dtype::boolean, bool, bool, both>("cpu.and.bool"),
    plain_entry<ops::logical_or, dtype::boolean, bool, bool, either>("cpu.or.bool"),
    {"cpu.not.bool", ir::id_of<ops::logical_not>(), [](const query& q) -> const char* { return q.is(0, dtype::boolean) ? nullptr : "needs bool"; }, nullptr, nullptr, run_not, true},
    {"cpu.is_nan.f32", ir::id_of<ops::is_nan>(), float_unary, nullptr, nullptr, run_is_nan, false},
    {"cpu.where.any", ir::id_of<ops::where>(), where_any, nullptr, nullptr, run_where, false},
    {"cpu.cast.any", ir::id_of<ops::cast>(), cast_plain, nullptr, nullptr, run_cast, false},
};
// clang-format on

}  // namespace pointwise

}  // namespace tenon::inline v0::cpu
