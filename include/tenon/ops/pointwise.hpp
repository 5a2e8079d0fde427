#pragma once

#include "tenon/core/function_ref.hpp"
#include "tenon/ops/apply.hpp"
#include "tenon/ops/type_set.hpp"

#include <optional>
#include <vector>

namespace tenon::inline v0::ops {

/// Output 0 has the type and shape of input 0, whose type must be one of `types`.
inline status infer_like_input(infer_context& ctx, type_set types) {
  TENON_TRY(require_in(ctx, 0, types, "x"));
  ctx.output(0,
             ctx[0].is_ranked ? fact::of(ctx[0].type, ctx[0].shape) : fact::unranked(ctx[0].type));
  return {};
}

/// Output 0 has element type `type` and the numpy broadcast of the shapes of all inputs.
inline status infer_broadcast(infer_context& ctx, dtype type) {
  dims shape;
  for (std::size_t i = 0; i < ctx.size(); ++i) {
    if (!ctx[i].is_ranked) {
      ctx.output(0, fact::unranked(type));
      return {};
    }
    if (i == 0) {
      shape = ctx[0].shape;
    } else {
      TENON_TRY(shape, ctx.broadcast(shape, ctx[i].shape, "inputs"));
    }
  }
  ctx.output(0, type, std::move(shape));
  return {};
}

/// All inputs have one type out of `types`; output 0 has element type `out` (that of the inputs when
/// undefined) and their broadcast shape.
inline status infer_same_types(infer_context& ctx, type_set types, dtype out = dtype::undefined) {
  for (std::size_t i = 0; i < ctx.size(); ++i) {
    const std::string what = cat("input ", i);
    TENON_TRY(require_in(ctx, i, types, what));
    TENON_TRY(require_type_of(ctx, i, 0, what));
  }
  return infer_broadcast(ctx, out == dtype::undefined ? ctx[0].type : out);
}

/// Keeps `content` as the known content of output 0 when it is a small vector or scalar of integers.
inline void set_elements(infer_context& ctx, std::vector<dim> content) {
  if (ctx.outputs().empty()) return;
  fact& out = ctx.outputs()[0];
  if (!index_types.has(out.type) || !out.is_ranked || out.rank() > 1) return;
  if (static_cast<std::int64_t>(content.size()) > max_tracked_elements) return;
  for (const dim d : content) {
    if (d.is_overflow()) return;
    if (!d.is_constant() || out.type == dtype::i64) continue;
    if (d.constant() != static_cast<std::int32_t>(d.constant())) return;
  }
  out.elements = std::move(content);
}

/// Propagates known small integer content through a unary op.
inline void propagate(infer_context& ctx, function_ref<std::optional<dim>(dim)> f) {
  const auto x = ctx.elements(0);
  if (!x) return;
  std::vector<dim> content;
  for (const dim d : *x) {
    const auto value = f(d);
    if (!value) return;
    content.push_back(*value);
  }
  set_elements(ctx, std::move(content));
}

/// Propagates known small integer content through an op that folds its broadcast inputs pairwise.
inline void propagate(infer_context& ctx, function_ref<std::optional<dim>(dim, dim)> f) {
  auto content = ctx.elements(0);
  for (std::size_t k = 1; k < ctx.size() && content; ++k) {
    const auto right = ctx.elements(k);
    if (!right) return;
    const std::size_t l = content->size(), r = right->size();
    if (l != r && l != 1 && r != 1) return;
    std::vector<dim> next;
    for (std::size_t i = 0; i < (l == 1 ? r : l); ++i) {
      const auto value = f((*content)[l == 1 ? 0 : i], (*right)[r == 1 ? 0 : i]);
      if (!value) return;
      next.push_back(*value);
    }
    content = std::move(next);
  }
  if (content) set_elements(ctx, *std::move(content));
}

/// y[i] = f(x[i]) computed in double and rounded once to the float type of y.
inline status map_real(eval_context& ctx, function_ref<double(double)> f) {
  TENON_TRY(tensor y, ctx.output(0));
  const elements_as<double> x(ctx[0]);
  elements_into<double> out(y);
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = f(x[i]);
  out.commit();
  return {};
}

/// The three meanings of a unary op on numbers.
struct number_function {
  double (*real)(double);
  std::int64_t (*whole)(std::int64_t);
  std::uint64_t (*natural)(std::uint64_t);
};

/// y[i] = f(x[i]) in double, int64 or uint64 by the element type.
inline status map_number(eval_context& ctx, const number_function& f) {
  const dtype type = ctx[0].type();
  if (is_float(type)) return map_real(ctx, f.real);
  TENON_TRY(tensor y, ctx.output(0));
  const auto run = [&]<class T>(T (*g)(T)) {
    const elements_as<T> x(ctx[0]);
    elements_into<T> out(y);
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = g(x[i]);
    out.commit();
  };
  if (is_unsigned_integer(type))
    run(f.natural);
  else
    run(f.whole);
  return {};
}

/// The three meanings of a binary op on numbers.
struct arithmetic {
  double (*real)(double, double);
  std::int64_t (*whole)(std::int64_t, std::int64_t);
  std::uint64_t (*natural)(std::uint64_t, std::uint64_t);
};

/// acc[i] = f(acc[i], x[i]) with x broadcast to `to`.
template <class T> void fold_broadcast(const tensor& x, const extents& to, T* acc, T (*f)(T, T)) {
  const elements_as<T> in(x);
  walk<1>(to, {broadcast_strides(x.dims(), to)},
          [&](const auto& offset, std::int64_t count, const auto& stride) {
            const T* from = in.data() + offset[0];
            for (std::int64_t i = 0; i < count; ++i, ++acc) *acc = f(*acc, from[i * stride[0]]);
          });
}

/// Folds all inputs pairwise from the left; `finish` maps each result when given.
template <class T> void fold_inputs(eval_context& ctx, const tensor& y, T (*f)(T, T)) {
  elements_into<T> out(y);
  fold_broadcast<T>(ctx[0], y.dims(), out.data(), [](T, T v) { return v; });
  for (std::size_t i = 1; i < ctx.size(); ++i) fold_broadcast<T>(ctx[i], y.dims(), out.data(), f);
  out.commit();
}

/// y = f(..f(a, b).., z) with numpy broadcast in double, int64 or uint64 by the element type.
inline status map_arithmetic(eval_context& ctx, const arithmetic& f) {
  TENON_TRY(tensor y, ctx.output(0));
  const dtype type = ctx[0].type();
  if (is_float(type))
    fold_inputs<double>(ctx, y, f.real);
  else if (is_unsigned_integer(type))
    fold_inputs<std::uint64_t>(ctx, y, f.natural);
  else
    fold_inputs<std::int64_t>(ctx, y, f.whole);
  return {};
}

/// Fails when an integer tensor holds a zero that something would be divided by.
inline status require_no_zero(const tensor& divisor, std::string_view what) {
  const elements_as<std::int64_t> d(divisor);
  for (std::size_t i = 0; i < d.size(); ++i)
    if (d[i] == 0)
      return fail(code::index, "division by zero: ", what, " holds 0 at element ", i,
                  ", expected nonzero integers");
  return {};
}

/// An op of one float tensor without attributes: `Derived::of` maps one number.
template <class Derived> struct real_function {
  static constexpr auto attributes = attributes_of();
  friend bool operator==(const real_function&, const real_function&) = default;

  status infer(infer_context& ctx) const { return infer_like_input(ctx, floats); }

  status reference(eval_context& ctx) const { return map_real(ctx, &Derived::of); }
};

/// What ops without attributes have in common.
struct plain_op {
  static constexpr auto attributes = attributes_of();
  friend bool operator==(const plain_op&, const plain_op&) = default;
};

}  // namespace tenon::inline v0::ops
