#pragma once

#include "tenon/symbol/evaluate.hpp"
#include "tenon/symbol/polynomial.hpp"

#include <algorithm>
#include <optional>

namespace tenon::inline v0 {

namespace symbol_detail {

inline std::optional<std::int64_t> evaluate_atom(const expr& e, const bindings& values) {
  if (e.kind == form::symbol) return values[e.symbol];
  auto out = evaluate(e.argument_data[0], values);
  for (std::size_t i = 1; i < e.argument_count && out; ++i) {
    const auto next = evaluate(e.argument_data[i], values);
    if (!next) return std::nullopt;
    out = apply(e.kind, *out, *next);
  }
  return out;
}

inline std::optional<std::int64_t> evaluate_terms(const expr& e, const bindings& values) {
  std::int64_t out = e.kind == form::sum ? e.constant : 1;
  for (const term t : e.terms()) {
    const auto value = evaluate(dim::of(t.what), values);
    if (!value) return std::nullopt;
    std::int64_t scaled = 0;
    bool overflow = false;
    if (e.kind == form::sum) {
      overflow |= __builtin_mul_overflow(*value, t.factor, &scaled);
      overflow |= __builtin_add_overflow(out, scaled, &out);
    }
    if (e.kind == form::product)
      for (std::int64_t i = 0; i < t.factor; ++i)
        overflow |= __builtin_mul_overflow(out, *value, &out);
    if (overflow) return std::nullopt;
  }
  return out;
}

}  // namespace symbol_detail

TENON_INLINE std::optional<std::int64_t> evaluate(dim d, const bindings& values) {
  if (d.is_constant()) return d.constant();
  if (d.is_overflow()) return std::nullopt;
  const auto& e = *d.node();
  return e.is_atom() ? symbol_detail::evaluate_atom(e, values)
                     : symbol_detail::evaluate_terms(e, values);
}

TENON_INLINE void collect_symbols(dim d, inline_vector<std::uint32_t, 8>& out) {
  if (!d.node()) return;
  const auto& e = *d.node();
  if (e.kind == symbol_detail::form::symbol) {
    if (std::find(out.begin(), out.end(), e.symbol) == out.end()) out.push_back(e.symbol);
    return;
  }
  for (const auto t : e.terms()) collect_symbols(dim::of(t.what), out);
  for (const dim a : e.arguments()) collect_symbols(a, out);
}

namespace symbol_detail {

/// Rebuilds d bottom-up with `atom(expr)` giving the new symbols; unchanged parts are kept as they
/// are.
template <class SymbolValue> dim rebuild(dim d, const SymbolValue& value_of) {
  if (!d.node() || d.is_overflow()) return d;
  const expr& e = *d.node();
  if (e.kind == form::symbol) return value_of(d);
  if (e.is_atom()) {
    dim out = rebuild(e.argument_data[0], value_of);
    bool same = out == e.argument_data[0];
    for (std::size_t i = 1; i < e.argument_count; ++i) {
      const dim next = rebuild(e.argument_data[i], value_of);
      same = same && next == e.argument_data[i];
      if (same && i + 1 == e.argument_count) return d;
      if (e.kind == form::floordiv) out = make_floordiv(out, next);
      if (e.kind == form::min) out = make_min(out, next);
      if (e.kind == form::max) out = make_max(out, next);
      if (e.kind == form::broadcast) out = make_broadcast(out, next);
    }
    return out;
  }
  polynomial total = to_polynomial(e.kind == form::sum ? e.constant : 1);
  total.scope = e.scope;
  bool same = true;
  for (const term t : e.terms()) {
    const dim part = rebuild(dim::of(t.what), value_of);
    same = same && part.node() == t.what;
    if (e.kind == form::sum) {
      total = add_scaled(total, to_polynomial(part), t.factor);
    } else {
      for (std::int64_t i = 0; i < t.factor; ++i) total = multiply(total, to_polynomial(part));
    }
  }
  return same ? d : from_polynomial(total);
}

}  // namespace symbol_detail

TENON_INLINE dim substitute(dim d, const substitution& by) {
  return symbol_detail::rebuild(
      d, [&](dim symbol) { return by[symbol.symbol_id()].value_or(symbol); });
}

}  // namespace tenon::inline v0
