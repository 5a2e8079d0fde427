#pragma once

#include "tenon/backends/cpu/strided.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/softmax.hpp"

#include <algorithm>

/// Kernels over lines of float tensors: softmax, reductions, positions of extremes.
namespace tenon::inline v0::cpu {

namespace rows_detail {

using namespace strided_detail;
using kernel::prepared;

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
            [&](std::size_t b, std::size_t e) { select<row_kernels>().softmax(args, b, e); });
  return {};
}

inline const char* some_axis(const query& q) {
  return q.is(0, dtype::f32) && q.in(0).rank() != 0 ? nullptr : "needs an f32 tensor with axes";
}

inline std::size_t copy_of_input(const call& c) {
  return c.in(0).bytes();
}

/// Softmax over another axis: turned rows in scratch memory.
template <class Op, bool Logarithm> status run_turned_softmax(const call& c) {
  const around at(c.in(0), c.as<Op>().axis);
  if (c.in(0).count == 0) return {};
  float* turned = reinterpret_cast<float*>(c.scratch);
  turn(c.in(0).as<float>(), turned, at.before, at.at, at.after, *c.threads);
  softmax_args args;
  args.x = args.y = turned;
  args.columns = static_cast<std::size_t>(at.at);
  args.logarithm = Logarithm;
  over_rows(c, at.at,
            [&](std::size_t b, std::size_t e) { select<row_kernels>().softmax(args, b, e); });
  turn(turned, c.out(0).as<float>(), at.before, at.after, at.at, *c.threads);
  return {};
}

template <class Op> const char* known_axes(const query& q) {
  if (!q.is(0, dtype::f32) || q.in(0).rank() == 0 || q.in(0).rank() > max_axes)
    return "needs an f32 tensor with 1 to 16 axes";
  if (!q.has(1)) return q.as<Op>().noop_with_empty_axes ? "reduces nothing" : nullptr;
  if (!q.in(1).is_constant() || q.in(1).type != dtype::i64) return "needs constant axes";
  return q.in(1).constant.size() == 0 ? "needs axes" : nullptr;
}

/// The axes as bits of a number; all bits without axes.
inline result<prepared> axis_mask(const query& q) {
  prepared out;
  out.numbers[0] = q.has(1) ? 0 : -1;
  if (!q.has(1)) return out;
  const auto rank = static_cast<std::int64_t>(q.in(0).rank());
  for (const std::int64_t a : q.in(1).constant.elements<std::int64_t>())
    out.numbers[0] |= std::int64_t{1} << (a < 0 ? a + rank : a);
  return out;
}

/// A reduction as [before, at, after]; when the axes are no neighbours, `turned` puts them last.
struct reduced_shape {
  std::int64_t before = 1, at = 1, after = 1;
  bool is_scattered = false;
  strided_read turned;

  explicit reduced_shape(const call& c) {
    const array_view& x = c.in(0);
    const auto is_reduced = [&](std::size_t a) { return (c.state->numbers[0] >> a & 1) != 0; };
    bool seen = false, ended = false;
    for (std::size_t a = 0; a < x.rank; ++a) {
      if (x.dim(a) == 1) continue;
      is_scattered = is_scattered || (is_reduced(a) && ended);
      ended = ended || (seen && !is_reduced(a));
      seen = seen || is_reduced(a);
      (is_reduced(a) ? at : ended ? after : before) *= x.dim(a);
    }
    if (!is_scattered) return;
    std::array<std::int64_t, max_axes> strides{};
    row_major(x, strides);
    for (const bool reduced : {false, true})
      for (std::size_t a = 0; a < x.rank; ++a)
        if (is_reduced(a) == reduced) turned.push(x.dim(a), strides[a]);
    turned.finish();
    before *= after;
    after = 1;
  }
};

inline std::size_t reduce_scratch(const call& c) {
  return reduced_shape(c).is_scattered ? c.in(0).bytes() : 0;
}

template <reduction F> status run_reduce(const call& c) {
  const reduced_shape s(c);
  if (c.out(0).count == 0) return {};
  const row_kernels& t = select<row_kernels>();
  const float* in = c.in(0).as<float>();
  float* out = c.out(0).as<float>();
  constexpr auto kind = static_cast<std::size_t>(F);
  if (s.is_scattered) {
    read_strided(s.turned, sizeof(float), c.in(0).data, c.scratch, *c.threads);
    in = reinterpret_cast<const float*>(c.scratch);
  }
  if (s.after == 1) {
    c.threads->run(s.before, std::max<std::int64_t>(1, elementwise_grain / (s.at + 1)),
                   [&](std::int64_t b, std::int64_t e, int) {
                     t.reduce_rows[kind](in + b * s.at, out + b, static_cast<std::size_t>(e - b),
                                         static_cast<std::size_t>(s.at));
                   });
    return {};
  }
  constexpr std::int64_t block = 256;
  const std::int64_t blocks = (s.after + block - 1) / block;
  c.threads->run(
      s.before * blocks, std::max<std::int64_t>(1, elementwise_grain / (s.at * block + 1)),
      [&](std::int64_t b, std::int64_t e, int) {
        for (std::int64_t i = b; i < e; ++i) {
          const std::int64_t row = i / blocks, first = i % blocks * block;
          t.reduce_columns[kind](in + row * s.at * s.after, static_cast<std::size_t>(s.after),
                                 out + row * s.after, static_cast<std::size_t>(s.at),
                                 static_cast<std::size_t>(first),
                                 static_cast<std::size_t>(std::min(s.after, first + block)));
        }
      });
  return {};
}

/// The index of the largest or smallest element along an axis; NaN counts as extreme.
template <class Op, bool Largest> status run_arg(const call& c) {
  const auto& op = c.as<Op>();
  TENON_TRY(ops::require_elements_along(c.in(0).shape(), op.axis));
  const around s(c.in(0), op.axis);
  const float* x = c.in(0).as<float>();
  auto* y = c.out(0).as<std::int64_t>();
  const bool last_wins = op.select_last_index;
  c.threads->run(c.out(0).count, std::max<std::int64_t>(1, elementwise_grain / (s.at + 1)),
                 [&](std::int64_t b, std::int64_t e, int) {
                   for (std::int64_t line = b; line < e; ++line) {
                     const float* at = x + line / s.after * s.at * s.after + line % s.after;
                     std::int64_t best = 0;
                     float top = at[0];
                     for (std::int64_t i = 1; i < s.at; ++i) {
                       const float v = at[i * s.after];
                       if (top != top && !(last_wins && v != v)) continue;
                       const bool wins =
                           v != v || (Largest ? v > top : v < top) || (last_wins && v == top);
                       top = wins ? v : top;
                       best = wins ? i : best;
                     }
                     y[line] = best;
                   }
                 });
  return {};
}

template <class Op, reduction F> constexpr kernel::entry reduce_entry(const char* name) {
  return {name, ir::id_of<Op>(), known_axes<Op>, axis_mask, reduce_scratch, run_reduce<F>, false};
}

}  // namespace rows_detail

namespace rows {

using namespace rows_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.softmax.f32", ir::id_of<ops::softmax>(), last_axis<ops::softmax>, nullptr, nullptr, run_softmax<false>, true},
    {"cpu.softmax.axis.f32", ir::id_of<ops::softmax>(), some_axis, nullptr, copy_of_input, run_turned_softmax<ops::softmax, false>, false},
    {"cpu.log_softmax.f32", ir::id_of<ops::log_softmax>(), last_axis<ops::log_softmax>, nullptr, nullptr, run_softmax<true>, true},
    {"cpu.log_softmax.axis.f32", ir::id_of<ops::log_softmax>(), some_axis, nullptr, copy_of_input, run_turned_softmax<ops::log_softmax, true>, false},
    reduce_entry<ops::reduce_mean, reduction::mean>("cpu.reduce_mean.f32"),
    reduce_entry<ops::reduce_sum, reduction::sum>("cpu.reduce_sum.f32"),
    reduce_entry<ops::reduce_max, reduction::max>("cpu.reduce_max.f32"),
    reduce_entry<ops::reduce_min, reduction::min>("cpu.reduce_min.f32"),
    reduce_entry<ops::reduce_prod, reduction::prod>("cpu.reduce_prod.f32"),
    reduce_entry<ops::reduce_sum_square, reduction::sum_squares>("cpu.reduce_sum_square.f32"),
    {"cpu.arg_max.f32", ir::id_of<ops::arg_max>(), some_axis, nullptr, nullptr, run_arg<ops::arg_max, true>, false},
    {"cpu.arg_min.f32", ir::id_of<ops::arg_min>(), some_axis, nullptr, nullptr, run_arg<ops::arg_min, false>, false},
};
// clang-format on

}  // namespace rows

}  // namespace tenon::inline v0::cpu
