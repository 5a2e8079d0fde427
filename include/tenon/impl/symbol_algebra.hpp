#pragma once

#include "tenon/symbol/polynomial.hpp"

#include <algorithm>
#include <memory>
#include <optional>

namespace tenon::inline v0::symbol_detail {

TENON_INLINE dim make_sum(dim a, dim b, std::int64_t scale_b) {
  return from_polynomial(add_scaled(to_polynomial(a), to_polynomial(b), scale_b));
}

TENON_INLINE dim make_product(dim a, dim b) {
  if (a.is_overflow() || b.is_overflow()) return dim::overflow();
  if (a == 0 || b == 0) return 0;
  if (a == 1) return b;
  if (b == 1) return a;
  return from_polynomial(multiply(to_polynomial(a), to_polynomial(b)));
}

using argument_list = inline_vector<dim, 6>;

/// Arguments of both, nested forms of the same kind opened, sorted, each once, constants last.
inline argument_list gather(form kind, dim a, dim b) {
  argument_list out;
  for (const dim d : {a, b}) {
    if (d.node() && d.node()->kind == kind)
      for (const dim inner : d.node()->arguments()) out.push_back(inner);
    else
      out.push_back(d);
  }
  std::sort(out.begin(), out.end(), [](dim x, dim y) { return order(x, y) < 0; });
  out.resize(static_cast<std::size_t>(std::unique(out.begin(), out.end()) - out.begin()));
  return out;
}

/// Drops each argument that differs from another one by a constant in the losing direction.
/// The sign of a - b where it is known.
inline std::optional<int> sign_between(dim a, dim b) {
  if (a.is_constant() && b.is_constant())
    return (a.constant() > b.constant()) - (a.constant() < b.constant());
  const auto gap = (a - b).as_constant();
  return gap ? std::optional((*gap > 0) - (*gap < 0)) : std::nullopt;
}

inline dim make_extreme(form kind, dim a, dim b) {
  if (a.is_overflow() || b.is_overflow()) return dim::overflow();
  const bool is_max = kind == form::max;
  const argument_list all = gather(kind, a, b);
  argument_list kept;
  for (const dim candidate : all) {
    bool loses = false;
    for (std::size_t i = 0; i < kept.size() && !loses;) {
      const auto sign = sign_between(candidate, kept[i]);
      loses = sign && (*sign > 0) != is_max;
      if (sign && !loses)
        kept.erase(kept.begin() + i);
      else
        ++i;
    }
    if (!loses) kept.push_back(candidate);
  }
  if (kept.size() == 1) return kept[0];
  return make_atom(kind, {kept.data(), kept.size()});
}

TENON_INLINE dim make_min(dim a, dim b) {
  return make_extreme(form::min, a, b);
}

TENON_INLINE dim make_max(dim a, dim b) {
  return make_extreme(form::max, a, b);
}

TENON_INLINE dim make_broadcast(dim a, dim b) {
  if (a.is_overflow() || b.is_overflow()) return dim::overflow();
  const argument_list all = gather(form::broadcast, a, b);
  argument_list kept;
  std::optional<std::int64_t> extent;
  for (const dim d : all) {
    if (!d.is_constant())
      kept.push_back(d);
    else if (d != 1 && extent)
      return dim::overflow();
    else if (d != 1)
      extent = d.constant();
  }
  if (extent) return *extent;
  if (kept.empty()) return 1;
  if (kept.size() == 1) return kept[0];
  return make_atom(form::broadcast, {kept.data(), kept.size()});
}

}  // namespace tenon::inline v0::symbol_detail
