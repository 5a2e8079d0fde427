#pragma once

#include "tenon/ops/data.hpp"

#include <optional>
#include <vector>

namespace tenon::inline v0::ops {

namespace reshape_detail {

/// What is left of `total / part` after cancelling equal sizes and factors.
struct quotient {
  dim total = 1;
  dim part = 1;
};

inline quotient cancel(const dims& from, const dims& by) {
  std::vector<bool> used(by.size(), false);
  quotient out;
  for (const dim d : from) {
    std::size_t i = 0;
    while (i < by.size() && (used[i] || !(by[i] == d))) ++i;
    if (i < by.size())
      used[i] = true;
    else
      out.total *= d;
  }
  for (std::size_t i = 0; i < by.size(); ++i)
    if (!used[i]) out.part *= by[i];
  return out;
}

/// The size that -1 stands for.
inline result<dim> rest(infer_context& ctx, const dims& from, const dims& known) {
  const quotient q = cancel(from, known);
  if (q.part.is_constant() && q.part.constant() == 0) {
    if (q.total.is_constant() && q.total.constant() != 0)
      return fail(code::shape, "shape ", bracketed(from), " cannot become ", bracketed(known),
                  " and -1: division by zero elements");
    return dim(0);
  }
  if (q.total.is_constant() && q.part.is_constant()) {
    if (q.total.constant() % q.part.constant() != 0)
      return fail(code::shape, "the element count of ", bracketed(from), " is not a multiple of ",
                  product(known));
    return q.total.constant() / q.part.constant();
  }
  if (const auto exact = divide_exact(q.total, q.part)) return *exact;
  const dim size = floordiv(q.total, q.part);
  TENON_TRY(ctx.require_equal(size * q.part, q.total, "element count"));
  return size;
}

}  // namespace reshape_detail

/// The shape of `x` reshaped to `wanted` (ONNX Reshape); nothing when x has no known rank and one is needed.
inline result<std::optional<dims>> reshape_rule(infer_context& ctx,
                                                const fact& x,
                                                std::span<const dim> wanted,
                                                bool allow_zero) {
  dims known, out;
  std::optional<std::size_t> rest_at;
  bool has_zero = false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    dim d = wanted[i];
    if (d == dim(-1)) {
      if (rest_at) return fail(code::shape, "shape ", bracketed(wanted), " has -1 twice");
      rest_at = i;
      out.push_back(d);
      continue;
    }
    if (d.is_constant() && d.constant() < -1)
      return fail(code::shape, "shape contains ", d, ", expected -1 or more");
    if (d == dim(0)) {
      has_zero = true;
      if (!allow_zero) {
        if (!x.is_ranked) return std::optional<dims>();
        if (i >= x.rank())
          return fail(code::shape, "shape ", bracketed(wanted), " copies axis ", i, " of ",
                      bracketed(x.shape));
        d = x.shape[i];
      }
    }
    known.push_back(d);
    out.push_back(d);
  }
  if (rest_at && has_zero && allow_zero)
    return fail(code::shape, "shape ", bracketed(wanted), " has both 0 and -1 with allowzero");
  if (!x.is_ranked) return rest_at ? std::optional<dims>() : std::optional(out);
  if (rest_at) {
    TENON_TRY(out[*rest_at], reshape_detail::rest(ctx, x.shape, known));
    return std::optional(out);
  }
  const auto q = reshape_detail::cancel(x.shape, known);
  if (!(q.total == q.part)) {
    const auto same = ctx.require_equal(product(x.shape), product(known), "element count");
    if (!same)
      return fail(code::shape, "shape ", bracketed(x.shape), " cannot become ", bracketed(known),
                  ": ", product(x.shape), " vs ", product(known), " elements");
  }
  return std::optional(out);
}

}  // namespace tenon::inline v0::ops
