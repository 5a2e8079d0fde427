#pragma once

#include "tenon/symbol/polynomial.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>
#include <numeric>

namespace tenon::inline v0 {

// Folding replaces solved symbols, and a symbol with known remainder by modulus * hidden +
// remainder, so that the algebra itself does the rest. Unfolding puts floordiv(symbol, modulus) for
// the hidden symbol.

/// Follows the solutions of a symbol with an own stack: chains may be as long as the graph.
TENON_INLINE void facts_table::resolve(dim symbol) const {
  const auto is_known = [&](dim s) {
    const std::uint32_t index = s.node()->index;
    if (index >= folded_.size()) folded_.resize(scope_->size() + 1);
    return folded_[index].version == version_;
  };
  std::vector<dim> pending{symbol};
  while (!pending.empty()) {
    const dim top = pending.back();
    const symbol_facts& facts = facts_of(top);
    if (is_known(top)) {
      pending.pop_back();
      continue;
    }
    const std::size_t before = pending.size();
    if (facts.shortcut) {
      inline_vector<std::uint32_t, 8> inner;
      collect_symbols(*facts.shortcut, inner);
      for (const std::uint32_t id : inner)
        if (!is_known(scope_->symbols()[id])) pending.push_back(scope_->symbols()[id]);
    }
    if (pending.size() != before) continue;
    dim value = top;
    if (facts.shortcut) {
      const dim folded = fold_node(*facts.shortcut);
      if (!folded.is_overflow()) facts.shortcut = folded;
      value = *facts.shortcut;
    }
    folded_[top.node()->index] = {version_, value};
    pending.pop_back();
  }
}

TENON_INLINE dim facts_table::simplify(dim d) const {
  if (!d.node() || d.is_overflow()) return d;
  const std::uint32_t index = d.node()->index;
  if (index < simplified_.size() && simplified_[index].version == version_)
    return simplified_[index].value;
  const dim out = unfold(fold(d));
  if (index >= simplified_.size()) simplified_.resize(scope_->size() + 1);
  simplified_[index] = {version_, out};
  return out;
}

TENON_INLINE dim facts_table::fold(dim d) const {
  if (!d.node() || d.is_overflow()) return d;
  const std::uint32_t index = d.node()->index;
  if (index < folded_.size() && folded_[index].version == version_) return folded_[index].value;
  inline_vector<std::uint32_t, 8> symbols;
  collect_symbols(d, symbols);
  for (const std::uint32_t id : symbols) resolve(scope_->symbols()[id]);
  return fold_node(d);
}

TENON_INLINE dim facts_table::fold_node(dim d) const {
  if (!d.node() || d.is_overflow()) return d;
  if (d.is_symbol()) resolve(d);
  const std::uint32_t index = d.node()->index;
  if (index >= folded_.size()) folded_.resize(scope_->size() + 1);
  if (folded_[index].version == version_) return folded_[index].value;
  dim out = d;
  for (int rounds = 0; rounds < 4; ++rounds) {
    const dim next = fold_step(out);
    if (next == out) break;
    out = next;
  }
  if (index >= folded_.size()) folded_.resize(scope_->size() + 1);
  folded_[index] = {version_, out};
  return out;
}

TENON_INLINE dim facts_table::fold_step(dim d) const {
  using namespace symbol_detail;
  if (!d.node() || d.is_overflow()) return d;
  const expr& e = *d.node();
  if (e.kind == form::symbol) return fold_node(d);
  if (!e.is_atom()) return fold_terms(d);
  dim out = fold_node(e.argument_data[0]);
  for (std::size_t i = 1; i < e.argument_count; ++i) {
    const dim next = fold_node(e.argument_data[i]);
    if (e.kind == form::floordiv) out = make_floordiv(out, next);
    if (e.kind == form::min) out = make_min(out, next);
    if (e.kind == form::max) out = make_max(out, next);
    if (e.kind == form::broadcast) out = make_broadcast(out, next);
  }
  if (!out.node() || out.is_overflow() || !out.node()->is_atom()) return out;
  return rewrite(fold_atom(out));
}

TENON_INLINE dim facts_table::fold_atom(dim d) const {
  using symbol_detail::form;
  const form kind = d.node()->kind;
  if (kind == form::symbol) return d;
  if (const interval r = range(d); r.is_point()) return r.lo;
  if (kind == form::broadcast) return fold_broadcast(d);
  return kind == form::floordiv ? d : fold_extreme(d);
}

/// Drops the arguments of min or max that another one always beats.
TENON_INLINE dim facts_table::fold_extreme(dim d) const {
  using namespace symbol_detail;
  const auto arguments = d.node()->arguments();
  if (arguments.size() > 8) return d;
  const bool is_max = d.node()->kind == form::max;
  inline_vector<dim, 6> kept(arguments);
  for (std::size_t i = 0; i < kept.size();) {
    bool loses = false;
    for (std::size_t k = 0; k < kept.size() && !loses; ++k) {
      if (k == i) continue;
      const interval lead = range(is_max ? kept[k] - kept[i] : kept[i] - kept[k]);
      loses = lead.lo >= 0;
    }
    if (loses)
      kept.erase(kept.begin() + i);
    else
      ++i;
  }
  if (kept.size() == arguments.size()) return d;
  dim out = kept[0];
  for (const dim a : kept) out = is_max ? max(out, a) : min(out, a);
  return out;
}

namespace symbol_detail {

/// min(b, c, ...) with b among `all` and constants c of at least 1: where it broadcasts with b, b is the extent.
inline bool is_capped(dim a, std::span<const dim> all) {
  if (a.is_constant() || a.is_overflow() || a.node()->kind != form::min) return false;
  bool is_there = false;
  for (const dim part : a.node()->arguments()) {
    if (part.is_constant() && part.constant() >= 1) continue;
    if (is_there || std::find(all.begin(), all.end(), part) == all.end()) return false;
    is_there = true;
  }
  return is_there;
}

}  // namespace symbol_detail

TENON_INLINE dim facts_table::fold_broadcast(dim d) const {
  dim out = 1;
  const auto all = d.node()->arguments();
  for (const dim a : all) {
    const interval r = range(a);
    if (r.lo >= 2 || r.hi <= 0) return a;
    if (symbol_detail::is_capped(a, all)) continue;
    if (r != interval::point(1)) out = broadcast(out, a);
  }
  return out;
}

TENON_INLINE dim facts_table::fold_terms(dim d) const {
  using namespace symbol_detail;
  const expr& e = *d.node();
  polynomial total = to_polynomial(e.kind == form::sum ? e.constant : 1);
  total.scope = e.scope;
  bool is_same = true;
  for (const term t : e.terms()) {
    const dim part = fold_node(dim::of(t.what));
    is_same = is_same && part.node() == t.what;
    const polynomial p = to_polynomial(part);
    if (e.kind == form::sum) total = add_scaled(total, p, t.factor);
    for (std::int64_t i = 0; e.kind == form::product && i < t.factor; ++i)
      total = symbol_detail::multiply(total, p);
  }
  return rewrite(is_same ? d : from_polynomial(total));
}

/// Applies lead -> rest of the equations, and k * floordiv(x, k) -> x - r where x mod k == r is
/// known.
TENON_INLINE dim facts_table::rewrite(dim d) const {
  if (equations_.empty() && congruences_.empty()) return d;
  for (int rounds = 0; rounds < 32; ++rounds) {
    const dim next = rewrite_once(d);
    if (next == d || next.is_overflow()) break;
    d = next;
  }
  return d;
}

TENON_INLINE dim facts_table::rewrite_once(dim d) const {
  using namespace symbol_detail;
  for (const term t : to_polynomial(d).terms) {
    const dim what = dim::of(t.what);
    for (const equation& known : equations_) {
      if (!known.lead) continue;
      if (const auto q = divide_exact(what, *known.lead))
        return d + t.factor * (*q * known.rest - what);
    }
    if (t.what->kind != form::floordiv || !t.what->arguments()[1].is_constant()) continue;
    const std::int64_t k = t.what->arguments()[1].constant();
    const dim x = t.what->arguments()[0];
    const residue r = residue_of(x);
    if (t.factor % k == 0 && r.modulus % k == 0)
      return d + t.factor / k * (x - floor_mod(r.remainder, k)) - t.factor * what;
  }
  return d;
}

TENON_INLINE dim facts_table::unfold(dim d) const {
  using namespace symbol_detail;
  if (!d.node() || d.is_overflow()) return d;
  const expr& e = *d.node();
  if (e.kind == form::sum) {
    dim out = e.constant;
    for (const term t : e.terms()) out += unfold_term(t.factor, dim::of(t.what));
    return out;
  }
  if (e.kind == form::symbol && !e.is_hidden) return d;
  return unfold_term(1, d);
}

/// For the hidden h of s == m * h + r with g = gcd(factor, m): factor * h is factor / g *
/// (floordiv(s, m / g) - r / (m / g)).
TENON_INLINE dim facts_table::unfold_term(std::int64_t factor, dim monomial) const {
  using namespace symbol_detail;
  const expr& e = *monomial.node();
  if (e.kind == form::symbol && !e.is_hidden) return factor * monomial;
  if (e.is_atom() && e.kind != form::symbol) {
    dim out = unfold(e.argument_data[0]);
    for (std::size_t i = 1; i < e.argument_count; ++i) {
      const dim next = unfold(e.argument_data[i]);
      if (e.kind == form::floordiv) out = make_floordiv(out, next);
      if (e.kind == form::min) out = make_min(out, next);
      if (e.kind == form::max) out = make_max(out, next);
      if (e.kind == form::broadcast) out = make_broadcast(out, next);
    }
    return factor * out;
  }
  dim latest;
  for (const term t : factors(&e))
    if (t.what->is_hidden && (!latest.node() || t.what->symbol > latest.symbol_id()))
      latest = dim::of(t.what);
  if (!latest.node()) {
    dim out = factor;
    for (const term t : e.terms())
      for (std::int64_t i = 0; i < t.factor; ++i) out *= unfold(dim::of(t.what));
    return out;
  }
  const symbol_facts& hidden = facts_of(latest);
  const dim whole = scope_->symbols()[hidden.parent];
  const std::int64_t common = std::gcd(factor, hidden.modulus);
  const std::int64_t k = hidden.modulus / common;
  const dim quotient = floordiv(whole, k) - floor_div(hidden.remainder, k);
  return unfold(factor / common * quotient * *divide_exact(monomial, latest));
}

}  // namespace tenon::inline v0
