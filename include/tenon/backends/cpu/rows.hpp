#pragma once

#include "tenon/backends/cpu/broadcast.hpp"
#include "tenon/backends/cpu/kernels/dispatch.hpp"
#include "tenon/kernel/catalog.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/softmax.hpp"

#include <algorithm>

/// Kernels over rows: softmax, normalization, reductions of float tensors.
namespace tenon::inline v0::cpu {

namespace rows_detail {

using kernel::array_view;
using kernel::call;
using kernel::query;

inline std::int64_t last(const array_view& x) {
  return x.rank == 0 ? 1 : x.dim(x.rank - 1);
}

template <class F> void over_rows(const call& c, std::int64_t columns, F&& f) {
  if (c.in(0).count == 0) return;
  const std::int64_t rows = c.in(0).count / columns;
  c.threads->run(rows, std::max<std::int64_t>(1, elementwise_grain / 4 / columns),
                 [&](std::int64_t b, std::int64_t e, int) {
                   f(static_cast<std::size_t>(b), static_cast<std::size_t>(e));
                 });
}

template <class Op> const char* last_axis(const query& q) {
  if (!q.is(0, dtype::f32) || q.in(0).rank() == 0) return "needs an f32 tensor with axes";
  const std::int64_t axis = q.as<Op>().axis;
  return axis == -1 || axis == static_cast<std::int64_t>(q.in(0).rank()) - 1
             ? nullptr
             : "works on the last axis";
}

template <bool Logarithm> status run_softmax(const call& c) {
  softmax_args args;
  args.x = c.in(0).as<float>();
  args.y = c.out(0).as<float>();
  args.columns = static_cast<std::size_t>(last(c.in(0)));
  args.logarithm = Logarithm;
  over_rows(c, last(c.in(0)),
            [&](std::size_t b, std::size_t e) { select_table().softmax(args, b, e); });
  return {};
}

inline const char* layer_norm_last(const query& q) {
  if (const char* reason = last_axis<ops::layer_normalization>(q)) return reason;
  for (std::size_t i = 1; i < 3; ++i)
    if (q.has(i) && (!q.is(i, dtype::f32) || q.in(i).rank() != 1 ||
                     !(q.in(i).shape[0] == q.in(0).shape[q.in(0).rank() - 1])))
      return "needs one scale and bias a column";
  return nullptr;
}

inline status run_layer_norm(const call& c) {
  norm_args args;
  args.x = c.in(0).as<float>();
  args.y = c.out(0).as<float>();
  args.columns = static_cast<std::size_t>(last(c.in(0)));
  args.scale = c.in(1).as<float>();
  if (c.has(2)) args.bias = c.in(2).as<float>();
  args.epsilon = c.as<ops::layer_normalization>().epsilon;
  if (c.has_out(1)) args.mean = c.out(1).as<float>();
  if (c.has_out(2)) args.inverse = c.out(2).as<float>();
  over_rows(c, last(c.in(0)),
            [&](std::size_t b, std::size_t e) { select_table().layer_norm(args, b, e); });
  return {};
}

inline status run_add_layer_norm(const call& c) {
  norm_args args;
  args.x = c.in(0).as<float>();
  args.residual = c.in(1).as<float>();
  args.y = c.out(0).as<float>();
  if (c.has_out(1)) args.sum = c.out(1).as<float>();
  args.columns = static_cast<std::size_t>(last(c.in(0)));
  args.scale = c.in(2).as<float>();
  if (c.has(3)) args.bias = c.in(3).as<float>();
  args.epsilon = c.as<ops::add_layer_norm>().epsilon;
  over_rows(c, last(c.in(0)),
            [&](std::size_t b, std::size_t e) { select_table().layer_norm(args, b, e); });
  return {};
}

inline const char* any_f32(const query& q) {
  return q.is(0, dtype::f32) ? nullptr : "needs f32";
}

/// Reduced axes must be neighbours: [before, reduced, after].
template <class Op> const char* neighbour_axes(const query& q) {
  if (!q.is(0, dtype::f32) || q.in(0).rank() == 0 || q.in(0).rank() > 16)
    return "needs an f32 tensor with axes";
  if (!q.has(1)) return q.as<Op>().noop_with_empty_axes ? "reduces nothing" : nullptr;
  if (!q.in(1).is_constant() || q.in(1).type != dtype::i64) return "needs constant axes";
  const tensor& axes = q.in(1).constant;
  if (axes.size() == 0) return "needs axes";
  unsigned mask = 0;
  for (std::int64_t i = 0; i < axes.size(); ++i) {
    const std::int64_t a = axes.data<std::int64_t>()[i];
    mask |= 1U << (a < 0 ? a + static_cast<std::int64_t>(q.in(0).rank()) : a);
  }
  while (mask % 2 == 0) mask /= 2;
  return (mask & (mask + 1)) == 0 ? nullptr : "needs neighbouring axes";
}

template <reduction F> status run_reduce(const call& c) {
  const array_view& x = c.in(0);
  std::int64_t before = 1, at = 1, after = 1;
  std::array<bool, 16> reduced{};
  reduced.fill(!c.has(1));
  if (c.has(1))
    for (std::int64_t i = 0; i < c.in(1).count; ++i) {
      const std::int64_t a = c.in(1).as<std::int64_t>()[i];
      reduced[static_cast<std::size_t>(a < 0 ? a + x.rank : a)] = true;
    }
  bool seen = false;
  for (std::size_t i = 0; i < x.rank; ++i) {
    (reduced[i] ? at : seen ? after : before) *= x.dim(i);
    seen = seen || reduced[i];
  }
  const kernel_table& t = select_table();
  const float* in = x.as<float>();
  float* out = c.out(0).as<float>();
  if (c.out(0).count == 0) return {};
  constexpr auto kind = static_cast<std::size_t>(F);
  if (after == 1) {
    c.threads->run(before, std::max<std::int64_t>(1, elementwise_grain / (at + 1)),
                   [&](std::int64_t b, std::int64_t e, int) {
                     t.reduce_rows[kind](in + b * at, out + b, static_cast<std::size_t>(e - b),
                                         static_cast<std::size_t>(at));
                   });
    return {};
  }
  c.threads->run(before, std::max<std::int64_t>(1, elementwise_grain / (at * after + 1)),
                 [&](std::int64_t b, std::int64_t e, int) {
                   for (std::int64_t i = b; i < e; ++i)
                     t.reduce_columns[kind](in + i * at * after, static_cast<std::size_t>(after),
                                            out + i * after, static_cast<std::size_t>(at), 0,
                                            static_cast<std::size_t>(after));
                 });
  return {};
}

}  // namespace rows_detail

namespace rows {

using namespace rows_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.softmax.f32", ir::id_of<ops::softmax>(), last_axis<ops::softmax>, nullptr, nullptr, run_softmax<false>, true},
    {"cpu.log_softmax.f32", ir::id_of<ops::log_softmax>(), last_axis<ops::log_softmax>, nullptr, nullptr, run_softmax<true>, true},
    {"cpu.layer_norm.f32", ir::id_of<ops::layer_normalization>(), layer_norm_last, nullptr, nullptr, run_layer_norm, false},
    {"cpu.add_layer_norm.f32", ir::id_of<ops::add_layer_norm>(), any_f32, nullptr, nullptr, run_add_layer_norm, false},
    {"cpu.reduce_mean.f32", ir::id_of<ops::reduce_mean>(), neighbour_axes<ops::reduce_mean>, nullptr, nullptr, run_reduce<reduction::mean>, false},
    {"cpu.reduce_sum.f32", ir::id_of<ops::reduce_sum>(), neighbour_axes<ops::reduce_sum>, nullptr, nullptr, run_reduce<reduction::sum>, false},
    {"cpu.reduce_max.f32", ir::id_of<ops::reduce_max>(), neighbour_axes<ops::reduce_max>, nullptr, nullptr, run_reduce<reduction::max>, false},
    {"cpu.reduce_min.f32", ir::id_of<ops::reduce_min>(), neighbour_axes<ops::reduce_min>, nullptr, nullptr, run_reduce<reduction::min>, false},
};
// clang-format on

}  // namespace rows

}  // namespace tenon::inline v0::cpu
