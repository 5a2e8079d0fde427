#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/symbol/polynomial.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace tenon::inline v0 {

TENON_INLINE facts_table::keyed facts_table::key_of(dim d) {
  using namespace symbol_detail;
  polynomial p = to_polynomial(d);
  if (p.terms.empty()) return {0, 0, p.constant};
  keyed out;
  out.constant = p.constant;
  p.constant = 0;
  std::int64_t common = 0;
  for (const term t : p.terms) {
    if (t.factor == interval::lowest) return {from_polynomial(p), 1, out.constant};
    common = std::gcd(common, t.factor);
  }
  out.factor = p.terms[0].factor < 0 ? -common : common;
  for (term& t : p.terms) t.factor /= out.factor;
  out.key = from_polynomial(p);
  return out;
}

TENON_INLINE interval facts_table::looked_up(dim d) const {
  if (bounds_.empty()) return {};
  const keyed k = key_of(d);
  const auto* node = k.key.node();
  if (!node || node->index >= bound_index_.size() || bound_index_[node->index] == 0) return {};
  const interval known = bounds_[bound_index_[node->index] - 1].range;
  return symbol_detail::add(symbol_detail::scale(known, k.factor), interval::point(k.constant));
}

TENON_INLINE interval facts_table::range(dim d) const {
  if (d.is_constant()) return interval::point(d.constant());
  if (d.is_overflow()) return {};
  const std::uint32_t index = d.node()->index;
  if (index >= ranges_.size()) ranges_.resize(scope_->size() + 1);
  if (ranges_[index].version == version_) return ranges_[index].value;
  const interval out = range_of_node(d);
  if (index >= ranges_.size()) ranges_.resize(scope_->size() + 1);
  ranges_[index] = {version_, out};
  return out;
}

TENON_INLINE interval facts_table::range_of_node(dim d) const {
  using symbol_detail::form;
  const auto& e = *d.node();
  if (e.kind == form::symbol) return facts_of(d).range;
  if (e.kind == form::sum) return range_of_sum(d, 6);
  if (e.kind == form::product) return intersect(range_of_product(d), looked_up(d));
  const auto arguments = e.arguments();
  interval out = range(arguments[0]);
  if (e.kind == form::floordiv) {
    out = symbol_detail::divide(out, range(arguments[1]));
    return intersect(out, looked_up(d));
  }
  std::int64_t lowest_lo = out.lo;
  interval both = out;
  for (const dim a : arguments.subspan(1)) {
    const interval next = range(a);
    both = hull(both, next);
    lowest_lo = std::min(lowest_lo, next.lo);
    if (e.kind == form::min) out = {std::min(out.lo, next.lo), std::min(out.hi, next.hi)};
    if (e.kind != form::min) out = {std::max(out.lo, next.lo), std::max(out.hi, next.hi)};
  }
  // With no argument below 1, broadcast is max.
  if (e.kind == form::broadcast && lowest_lo < 1) out = both;
  return intersect(out, looked_up(d));
}

TENON_INLINE interval facts_table::range_of_product(dim d) const {
  interval out = interval::point(1);
  for (const auto t : d.node()->terms()) {
    const interval base = range(dim::of(t.what));
    interval power = base;
    for (std::int64_t i = 1; i < t.factor; ++i) power = symbol_detail::multiply(power, base);
    if (t.factor % 2 == 0) power.lo = std::max<std::int64_t>(power.lo, 0);
    out = symbol_detail::multiply(out, power);
  }
  return out;
}

/// The sum of the ranges of the terms, tightened by what correlates them: a common factor, a
/// division or a choice that can be replaced by its linear bounds. Each round of effort removes one
/// atom.
TENON_INLINE interval facts_table::range_of_sum(dim d, int effort) const {
  using namespace symbol_detail;
  if (d.is_constant() || d.is_overflow() || d.node()->kind != form::sum) return range(d);
  const expr& e = *d.node();
  interval out = interval::point(e.constant);
  for (const term t : e.terms())
    out = symbol_detail::add(out, symbol_detail::scale(range(dim::of(t.what)), t.factor));
  out = intersect(out, looked_up(d));
  if (effort == 0 || e.term_count < 2) return out;
  for (const term t : e.terms()) {
    const dim atom = dim::of(t.what);
    if (t.what->kind == form::floordiv && t.what->arguments()[1].is_constant())
      return intersect(out, relax_quotient(d, atom, t.factor, effort - 1));
    if (t.what->kind == form::min || t.what->kind == form::max || t.what->kind == form::broadcast)
      return intersect(out, relax_choice(d, atom, t.factor, effort - 1));
  }
  if (e.terms()[0].what->kind != form::product) return out;
  for (const term t : e.terms()[0].what->terms()) {
    const auto rest = divide_exact(d, dim::of(t.what));
    if (!rest) continue;
    const interval other = range_of_sum(*rest, effort - 1);
    return intersect(out, symbol_detail::multiply(range(dim::of(t.what)), other));
  }
  return out;
}

/// d has the term factor * floordiv(x, k); k * d == k * rest + factor * (x - x mod k).
TENON_INLINE interval facts_table::relax_quotient(dim d,
                                                  dim atom,
                                                  std::int64_t factor,
                                                  int effort) const {
  const dim x = atom.node()->arguments()[0];
  const std::int64_t k = atom.node()->arguments()[1].constant();
  const dim linear = k * (d - factor * atom) + factor * x;
  const interval remainder = symbol_detail::scale({1 - k, 0}, factor);
  return symbol_detail::shrink(symbol_detail::add(range_of_sum(linear, effort), remainder), k);
}

/// d has the term factor * atom, and the atom equals one of its arguments.
TENON_INLINE interval facts_table::relax_choice(dim d,
                                                dim atom,
                                                std::int64_t factor,
                                                int effort) const {
  using symbol_detail::form;
  const dim rest = d - factor * atom;
  std::optional<interval> out;
  std::int64_t highest_lo = interval::lowest;
  std::int64_t lowest_hi = interval::highest;
  for (const dim a : atom.node()->arguments()) {
    const interval next = range_of_sum(rest + factor * a, effort);
    out = out ? hull(*out, next) : next;
    highest_lo = std::max(highest_lo, next.lo);
    lowest_hi = std::min(lowest_hi, next.hi);
  }
  const form kind = atom.node()->kind;
  if (kind == form::broadcast) return *out;
  if ((kind == form::max) == (factor > 0)) return {highest_lo, out->hi};
  return {out->lo, lowest_hi};
}

TENON_INLINE facts_table::residue facts_table::add(residue a, residue b) {
  const std::int64_t modulus = std::gcd(a.modulus, b.modulus);
  const auto sum = checked_add(a.remainder, b.remainder);
  if (!sum) return {};
  return {modulus, modulus == 0 ? *sum : floor_mod(*sum, modulus)};
}

TENON_INLINE facts_table::residue facts_table::multiply(residue a, residue b) {
  const auto mm = checked_mul(a.modulus, b.modulus);
  const auto mr = checked_mul(a.modulus, b.remainder);
  const auto rm = checked_mul(a.remainder, b.modulus);
  const auto rr = checked_mul(a.remainder, b.remainder);
  if (!mm || !mr || !rm || !rr || *mr == interval::lowest || *rm == interval::lowest) return {};
  const std::int64_t modulus = std::gcd(*mm, std::gcd(*mr, *rm));
  return {modulus, modulus == 0 ? *rr : floor_mod(*rr, modulus)};
}

TENON_INLINE facts_table::residue facts_table::join(residue a, residue b) {
  const auto gap = checked_add(a.remainder, b.remainder < 0 ? 0 : -b.remainder);
  if (!gap || b.remainder < 0 || *gap == interval::lowest) return {};
  const std::int64_t modulus = std::gcd(std::gcd(a.modulus, b.modulus), *gap);
  return {modulus, modulus == 0 ? a.remainder : floor_mod(a.remainder, modulus)};
}

TENON_INLINE facts_table::residue facts_table::residue_of_atom(dim d) const {
  using symbol_detail::form;
  const auto& e = *d.node();
  if (e.kind == form::symbol) return {};
  const auto arguments = e.arguments();
  residue out = residue_of(arguments[0]);
  if (e.kind == form::floordiv) {
    if (!arguments[1].is_constant()) return {};
    const std::int64_t k = arguments[1].constant();
    if (out.modulus % k != 0) return {};
    return {out.modulus / k, floor_div(out.remainder, k)};
  }
  for (const dim a : arguments.subspan(1)) out = join(out, residue_of(a));
  return out;
}

TENON_INLINE facts_table::residue facts_table::residue_of(dim d) const {
  using namespace symbol_detail;
  if (d.is_constant()) return {0, d.constant()};
  if (d.is_overflow()) return {};
  const expr& e = *d.node();
  residue out{0, e.kind == form::sum ? e.constant : 1};
  if (e.is_atom()) out = residue_of_atom(d);
  for (const term t : e.terms()) {
    const residue part = residue_of(dim::of(t.what));
    if (e.kind == form::sum) out = add(out, multiply(part, {0, t.factor}));
    for (std::int64_t i = 0; e.kind == form::product && i < t.factor; ++i)
      out = multiply(out, part);
  }
  if (congruences_.empty()) return out;
  const keyed k = key_of(d);
  for (const congruence_fact& fact : congruences_) {
    if (fact.key != k.key) continue;
    const residue known = add(multiply(fact.value, {0, k.factor}), {0, k.constant});
    if (known.modulus > out.modulus && out.modulus != 0) out = known;
  }
  return out;
}

TENON_INLINE bool facts_table::can_be_zero(dim folded) const {
  if (!range(folded).contains(0)) return false;
  const residue r = residue_of(folded);
  return r.modulus == 0 ? r.remainder == 0 : floor_mod(r.remainder, r.modulus) == 0;
}

TENON_INLINE truth facts_table::is_equal(dim a, dim b) const {
  if (a.is_overflow() || b.is_overflow()) return truth::unknown;
  if (a == b) return truth::yes;
  const dim zero = fold(fold(a) - fold(b));
  if (zero.is_overflow()) return truth::unknown;
  if (zero.is_constant()) return zero.constant() == 0 ? truth::yes : truth::no;
  const interval r = range(zero);
  if (r == interval::point(0)) return truth::yes;
  if (!can_be_zero(zero)) return truth::no;
  for (const equation& known : equations_)
    if (divide_exact(zero, known.zero)) return truth::yes;
  return truth::unknown;
}

TENON_INLINE truth facts_table::is_less_equal(dim a, dim b) const {
  if (a.is_overflow() || b.is_overflow()) return truth::unknown;
  if (a == b) return truth::yes;
  const interval gap = range(fold(fold(b) - fold(a)));
  return gap.lo >= 0 ? truth::yes : gap.hi < 0 ? truth::no : truth::unknown;
}

TENON_INLINE truth facts_table::is_divisible(dim d, std::int64_t divisor) const {
  if (divisor == 0 || divisor == interval::lowest || d.is_overflow()) return truth::unknown;
  divisor = divisor < 0 ? -divisor : divisor;
  const residue r = residue_of(fold(d));
  const std::int64_t common = std::gcd(r.modulus, divisor);
  if (floor_mod(r.remainder, common) != 0) return truth::no;
  return common == divisor ? truth::yes : truth::unknown;
}

TENON_INLINE truth facts_table::is_broadcastable(dim a, dim b) const {
  const truth claims[] = {is_equal(a, b), is_equal(a, 1), is_equal(b, 1)};
  if (std::ranges::find(claims, truth::yes) != std::end(claims)) return truth::yes;
  if (std::ranges::find(claims, truth::unknown) != std::end(claims)) return truth::unknown;
  return truth::no;
}

TENON_INLINE truth facts_table::holds(const check& claim) const {
  if (claim.kind == relation::less_equal) return is_less_equal(claim.a, claim.b);
  if (claim.kind == relation::broadcastable) return is_broadcastable(claim.a, claim.b);
  if (claim.kind == relation::equal) return is_equal(claim.a, claim.b);
  if (const auto divisor = simplify(claim.b).as_constant()) return is_divisible(claim.a, *divisor);
  return divide_exact(fold(claim.a), fold(claim.b)) ? truth::yes : truth::unknown;
}

}  // namespace tenon::inline v0
