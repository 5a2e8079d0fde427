#pragma once

#include "tenon/ops/axis_walk.hpp"
#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"
#include "tenon/ops/wrapping.hpp"

namespace tenon::inline v0::ops {

/// The shape rule of running totals: like x, with the axis as a scalar input.
inline status infer_cumulative(infer_context& ctx) {
  TENON_TRY(infer_like_input(ctx, numbers));
  TENON_TRY(require_in(ctx, 1, index_types, "axis"));
  TENON_TRY(require_scalar(ctx, 1, "axis"));
  const auto axis = ctx.numbers(1);
  if (axis && axis->size() == 1 && ctx[0].is_ranked)
    TENON_TRY(ctx.axis(axis->front(), ctx[0].rank()));
  return {};
}

/// Runs `f` along the axis in input 1, from `start`.
template <class T>
void accumulate_lines(
    eval_context& ctx, const tensor& y, T start, T (*f)(T, T), bool exclusive, bool reverse) {
  const elements_as<T> x(ctx[0]);
  elements_into<T> out(y);
  const axis_split split(y.dims(), ctx.integers(1)[0]);
  for (std::int64_t line = 0; line < split.lines(); ++line) {
    T total = start;
    for (std::int64_t i = 0; i < split.length; ++i) {
      const std::int64_t k = reverse ? split.length - 1 - i : i;
      const auto at = static_cast<std::size_t>(split.start(line) + k * split.stride);
      const T next = f(total, x[at]);
      out[at] = exclusive ? total : next;
      total = next;
    }
  }
  out.commit();
}

/// Running totals by element type.
inline status map_cumulative(
    eval_context& ctx, int start, const arithmetic& f, bool exclusive, bool reverse) {
  TENON_TRY(tensor y, ctx.output(0));
  if (y.size() == 0) return {};
  if (is_float(y.type()))
    accumulate_lines<double>(ctx, y, start, f.real, exclusive, reverse);
  else if (is_unsigned_integer(y.type()))
    accumulate_lines<std::uint64_t>(ctx, y, static_cast<std::uint64_t>(start), f.natural, exclusive,
                                    reverse);
  else
    accumulate_lines<std::int64_t>(ctx, y, start, f.whole, exclusive, reverse);
  return {};
}

/// y[i] = x[0] + .. + x[i] along an axis; integers wrap
struct cum_sum {
  static constexpr op_info info{"cum_sum", ports{"x", "axis"}, ports{"y"}};
  bool exclusive = false;  ///< y[i] leaves out x[i]
  bool reverse = false;    ///< from the last element on
  static constexpr auto attributes = attributes_of(attribute{"exclusive", &cum_sum::exclusive},
                                                   attribute{"reverse", &cum_sum::reverse});
  static constexpr onnx_import onnx{"CumSum", 11};
  friend bool operator==(const cum_sum&, const cum_sum&) = default;

  status infer(infer_context& ctx) const { return infer_cumulative(ctx); }

  status reference(eval_context& ctx) const {
    return map_cumulative(ctx, 0,
                          {[](double a, double b) { return a + b; }, &wrapping_add,
                           [](std::uint64_t a, std::uint64_t b) { return a + b; }},
                          exclusive, reverse);
  }
};

/// y[i] = x[0] * .. * x[i] along an axis; integers wrap
struct cum_prod {
  static constexpr op_info info{"cum_prod", ports{"x", "axis"}, ports{"y"}};
  bool exclusive = false;  ///< y[i] leaves out x[i]
  bool reverse = false;    ///< from the last element on
  static constexpr auto attributes = attributes_of(attribute{"exclusive", &cum_prod::exclusive},
                                                   attribute{"reverse", &cum_prod::reverse});
  static constexpr onnx_import onnx{"CumProd", 26};
  friend bool operator==(const cum_prod&, const cum_prod&) = default;

  status infer(infer_context& ctx) const { return infer_cumulative(ctx); }

  status reference(eval_context& ctx) const {
    return map_cumulative(ctx, 1,
                          {[](double a, double b) { return a * b; }, &wrapping_mul,
                           [](std::uint64_t a, std::uint64_t b) { return a * b; }},
                          exclusive, reverse);
  }
};

using cumulative_ops = type_list<cum_prod, cum_sum>;

}  // namespace tenon::inline v0::ops
