#pragma once

#include "tenon/symbol/polynomial.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <utility>

namespace tenon::inline v0 {

TENON_INLINE std::uint32_t facts_table::name_source(std::string_view source) {
  if (sources_.empty() || sources_.back() != source) sources_.emplace_back(source);
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

TENON_INLINE facts_table::symbol_facts& facts_table::edit(dim symbol) {
  if (symbol.symbol_id() >= symbols_.size()) symbols_.resize(symbol.symbol_id() + std::size_t{1});
  ++version_;
  return symbols_[symbol.symbol_id()];
}

TENON_INLINE const facts_table::symbol_facts& facts_table::facts_of(dim symbol) const {
  static const symbol_facts nothing;
  return symbol.symbol_id() < symbols_.size() ? symbols_[symbol.symbol_id()] : nothing;
}

TENON_INLINE bool facts_table::mentions(dim d, dim part) {
  if (d == part) return true;
  if (!d.node() || d.node()->depth <= part.node()->depth) return false;
  for (const auto t : d.node()->terms())
    if (mentions(dim::of(t.what), part)) return true;
  for (const dim a : d.node()->arguments())
    if (mentions(a, part)) return true;
  return false;
}

/// zero without common factors; nothing when it can have no integer root.
TENON_INLINE std::optional<dim> facts_table::reduced(dim zero) const {
  using namespace symbol_detail;
  polynomial p = to_polynomial(zero);
  std::int64_t common = 0;
  const expr* shared = p.constant == 0 ? p.terms[0].what : nullptr;
  for (const term t : p.terms) {
    common = gcd_of(common, t.factor);
    if (shared) shared = common_monomial(*p.scope, shared, t.what);
  }
  if (p.constant % common != 0) return std::nullopt;
  zero = *divide_exact(zero, common);
  if (!shared || p.terms.size() < 2) return zero;
  for (const term t : factors(shared))
    for (std::int64_t i = 0; i < t.factor && !range(dim::of(t.what)).contains(0); ++i)
      zero = *divide_exact(zero, dim::of(t.what));
  return zero;
}

/// A symbol with coefficient 1 or -1 that occurs nowhere else: hidden before unbacked before named,
/// later before earlier, so that names of inputs survive.
TENON_INLINE std::optional<dim> facts_table::pick_unknown(dim zero) const {
  using namespace symbol_detail;
  const polynomial p = to_polynomial(zero);
  inline_vector<std::uint32_t, 8> elsewhere;
  for (const term t : p.terms)
    if (t.what->kind != form::symbol) collect_symbols(dim::of(t.what), elsewhere);
  std::optional<dim> best;
  const auto rank = [](const expr* e) { return e->is_hidden ? 2 : e->is_unbacked ? 1 : 0; };
  for (const term t : p.terms) {
    if (t.what->kind != form::symbol || (t.factor != 1 && t.factor != -1)) continue;
    if (std::find(elsewhere.begin(), elsewhere.end(), t.what->symbol) != elsewhere.end()) continue;
    const bool is_better =
        !best || rank(t.what) > rank(best->node()) ||
        (rank(t.what) == rank(best->node()) && t.what->symbol > best->symbol_id());
    if (is_better) best = dim::of(t.what);
  }
  return best;
}

TENON_INLINE bool facts_table::learn_zero(dim zero, std::uint32_t source, int effort) {
  using namespace symbol_detail;
  if (zero.is_overflow()) return true;
  if (zero.is_constant()) return zero.constant() == 0;
  if (!can_be_zero(zero)) return false;
  const auto simple = reduced(zero);
  if (!simple) return false;
  if (const auto known = learn_modulo(*simple, source)) return *known;
  if (const auto unknown = pick_unknown(*simple)) {
    const dim rest = *simple - *unknown;
    const bool is_positive = !mentions(rest, *unknown);
    return solve(*unknown, is_positive ? -rest : *simple + *unknown, source);
  }
  if (const auto known = learn_two_symbols(*simple, source, effort)) return *known;
  return keep_equation(*simple, source);
}

/// zero == +-(x - k * floordiv(x, k) - r), that is x mod k == r.
TENON_INLINE std::optional<bool> facts_table::learn_modulo(dim zero, std::uint32_t source) {
  using namespace symbol_detail;
  for (const term t : to_polynomial(zero).terms) {
    if (t.what->kind != form::floordiv || !t.what->arguments()[1].is_constant()) continue;
    const std::int64_t k = t.what->arguments()[1].constant();
    if (t.factor != k && t.factor != -k) continue;
    const dim x = t.what->arguments()[0];
    const dim claim = t.factor < 0 ? zero : -zero;
    const auto gap = (claim + k * dim::of(t.what) - x).as_constant();
    if (!gap) continue;
    if (*gap > 0 || *gap <= -k) return false;
    return learn_residue(x, {k, -*gap}, source);
  }
  return std::nullopt;
}

/// a * s + b * t + c == 0 with coprime a and b: t has a known remainder modulo |a|.
TENON_INLINE std::optional<bool> facts_table::learn_two_symbols(dim zero,
                                                                std::uint32_t source,
                                                                int effort) {
  using namespace symbol_detail;
  const polynomial p = to_polynomial(zero);
  if (effort == 0 || p.terms.size() != 2 || p.constant == interval::lowest) return std::nullopt;
  const term s = p.terms[0];
  const term t = p.terms[1];
  if (s.what->kind != form::symbol || t.what->kind != form::symbol) return std::nullopt;
  if (s.factor == interval::lowest) return std::nullopt;
  const std::int64_t modulus = s.factor < 0 ? -s.factor : s.factor;
  const auto value = solve_linear(t.factor, -p.constant, modulus);
  if (!value) return false;
  if (!split(dim::of(t.what), *value, source)) return false;
  return learn_zero(fold(zero), source, effort - 1);
}

TENON_INLINE bool facts_table::keep_equation(dim zero, std::uint32_t source) {
  using namespace symbol_detail;
  const polynomial p = to_polynomial(zero);
  const keyed k = key_of(zero);
  if (p.terms.size() == 1 && k.factor != 0) {
    const std::int64_t value = k.constant / -k.factor;
    if (!learn_parts(k.key, interval::point(value), source)) return false;
  }
  equation out{zero, std::nullopt, 0, source};
  const term first = p.terms[0];
  const dim lead = dim::of(first.what);
  const dim rest = first.factor == 1 ? lead - zero : zero + lead;
  if ((first.factor == 1 || first.factor == -1) && !mentions(rest, lead)) {
    out.lead = lead;
    out.rest = rest;
  }
  equations_.push_back(out);
  ++version_;
  return !out.lead || move_facts([&](dim key) { return fold(key) != key; });
}

TENON_INLINE bool facts_table::solve(dim symbol, dim value, std::uint32_t source) {
  if (value.is_overflow()) return true;
  symbol_facts& facts = edit(symbol);
  facts.solved = facts.shortcut = value;
  facts.solved_source = source;
  const interval old = facts.range;
  if (old.lo != interval::lowest &&
      !learn_range(value, {old.lo, interval::highest}, facts.lo_source))
    return false;
  const std::uint32_t hi_source = facts_of(symbol).hi_source;
  if (old.hi != interval::highest &&
      !learn_range(fold(value), {interval::lowest, old.hi}, hi_source))
    return false;
  return fold_again(symbol);
}

/// Learns the facts about larger expressions once more after `symbol` in them was replaced.
TENON_INLINE bool facts_table::fold_again(dim symbol) {
  std::vector<equation> stale;
  const auto is_stale = [&](const equation& fact) { return mentions(fact.zero, symbol); };
  std::ranges::copy_if(equations_, std::back_inserter(stale), is_stale);
  std::erase_if(equations_, is_stale);
  if (!stale.empty()) ++version_;
  if (!move_facts([&](dim key) { return mentions(key, symbol); })) return false;
  for (const equation& fact : stale)
    if (!learn_zero(fold(fact.zero), fact.source, 4)) return false;
  return true;
}

/// Learns the ranges and remainders of the keys that are stale once more, under their folded form.
template <class IsStale> bool facts_table::move_facts(const IsStale& is_stale) {
  std::vector<bound_fact> bounds;
  std::vector<congruence_fact> congruences;
  for (const bound_fact& fact : bounds_)
    if (is_stale(fact.key)) bounds.push_back(fact);
  for (const congruence_fact& fact : congruences_)
    if (is_stale(fact.key)) congruences.push_back(fact);
  if (bounds.empty() && congruences.empty()) return true;
  const auto is_moved = [&](const auto& fact) {
    const auto same = [&](const auto& other) { return other.key == fact.key; };
    return std::ranges::any_of(bounds, same) || std::ranges::any_of(congruences, same);
  };
  std::erase_if(bounds_, is_moved);
  std::erase_if(congruences_, is_moved);
  std::ranges::fill(bound_index_, 0U);
  for (std::uint32_t i = 0; i < bounds_.size(); ++i)
    bound_index_[bounds_[i].key.node()->index] = i + 1;
  ++version_;
  for (const bound_fact& fact : bounds)
    if (!learn_range(fold(fact.key), fact.range, fact.source)) return false;
  for (const congruence_fact& fact : congruences)
    if (!learn_residue(fold(fact.key), fact.value, fact.source)) return false;
  return true;
}

TENON_INLINE bool facts_table::learn_range(dim d, interval wanted, std::uint32_t source) {
  using symbol_detail::add;
  if (d.is_overflow()) return true;
  const interval known = range(d);
  if (intersect(known, wanted).is_empty()) return false;
  if (d.is_constant() || intersect(known, wanted) == known) return true;
  const keyed k = key_of(d);
  if (k.constant == interval::lowest || k.factor == interval::lowest) return true;
  wanted = add(wanted, interval::point(-k.constant));
  if (k.factor < 0) wanted = symbol_detail::scale(wanted, -1);
  wanted = symbol_detail::shrink(wanted, k.factor < 0 ? -k.factor : k.factor);
  if (k.key.is_symbol()) return narrow(k.key, wanted, source);
  return learn_parts(k.key, wanted, source);
}

/// Keeps the range of an expression and passes on what it says about the parts.
TENON_INLINE bool facts_table::learn_parts(dim d, interval wanted, std::uint32_t source) {
  using namespace symbol_detail;
  const std::uint32_t index = d.node()->index;
  if (index >= bound_index_.size()) bound_index_.resize(scope_->size() + 1, 0);
  if (bound_index_[index] == 0) {
    bounds_.push_back({d, wanted, source});
    bound_index_[index] = static_cast<std::uint32_t>(bounds_.size());
  } else {
    bound_fact& known = bounds_[bound_index_[index] - 1];
    known.range = intersect(known.range, wanted);
    known.source = source;
    if (known.range.is_empty()) return false;
  }
  ++version_;
  const expr& e = *d.node();
  const auto arguments = e.arguments();
  if (e.kind == form::floordiv && arguments[1].is_constant()) {
    const std::int64_t k = arguments[1].constant();
    interval x{bound_product(wanted.lo, k), bound_product(wanted.hi, k)};
    x.hi = bound_sum(x.hi, k - 1);
    return learn_range(fold(arguments[0]), x, source);
  }
  interval each;
  if (e.kind == form::max) each.hi = wanted.hi;
  if (e.kind == form::min) each.lo = wanted.lo;
  if (each == interval{}) return true;
  for (const dim a : arguments)
    if (!learn_range(fold(a), each, source)) return false;
  return true;
}

TENON_INLINE bool facts_table::narrow(dim symbol, interval wanted, std::uint32_t source) {
  if (facts_of(symbol).solved) return learn_range(fold(symbol), wanted, source);
  symbol_facts& facts = edit(symbol);
  const bool could_be_zero = facts.range.contains(0);
  if (wanted.lo > facts.range.lo) {
    facts.range.lo = wanted.lo;
    facts.lo_source = source;
  }
  if (wanted.hi < facts.range.hi) {
    facts.range.hi = wanted.hi;
    facts.hi_source = source;
  }
  if (facts.range.is_empty()) return false;
  // Equations with this factor can be divided by it from here on.
  if (!facts.range.is_point())
    return !could_be_zero || facts.range.contains(0) || fold_again(symbol);
  facts.solved = facts.shortcut = facts.range.lo;
  facts.solved_source = source;
  return fold_again(symbol);
}

/// x with factor * x == value (mod modulus); nothing when there is none.
TENON_INLINE std::optional<facts_table::residue> facts_table::solve_linear(std::int64_t factor,
                                                                           std::int64_t value,
                                                                           std::int64_t modulus) {
  factor = floor_mod(factor, modulus);
  value = floor_mod(value, modulus);
  const std::int64_t common = std::gcd(factor, modulus);
  if (value % common != 0) return std::nullopt;
  factor /= common;
  value /= common;
  modulus /= common;
  std::int64_t inverse = 0;
  for (std::int64_t next = 1, a = modulus, b = factor; b != 0;) {
    const std::int64_t q = a / b;
    a = std::exchange(b, a - q * b);
    inverse = std::exchange(next, inverse - q * next);
  }
  // With a factor of 1 the loop leaves 1, with modulus 1 any number will do.
  __extension__ using wide = __int128;
  const wide product = static_cast<wide>(floor_mod(inverse, modulus)) * value;
  return residue{modulus, static_cast<std::int64_t>(product % modulus)};
}

TENON_INLINE bool facts_table::learn_residue(dim d, residue wanted, std::uint32_t source) {
  if (d.is_overflow() || wanted.modulus == 1) return true;
  const residue known = residue_of(d);
  const std::int64_t common = std::gcd(known.modulus, wanted.modulus);
  if (floor_mod(known.remainder, common) != floor_mod(wanted.remainder, common)) return false;
  if (common == wanted.modulus) return true;
  const keyed k = key_of(d);
  const std::int64_t constant = floor_mod(k.constant, wanted.modulus);
  const auto value = solve_linear(k.factor, wanted.remainder - constant, wanted.modulus);
  if (!value) return false;
  if (value->modulus == 1) return true;
  if (k.key.is_symbol()) return split(k.key, *value, source);
  congruences_.push_back({k.key, *value, source});
  ++version_;
  return true;
}

/// symbol := modulus * hidden + remainder.
TENON_INLINE bool facts_table::split(dim symbol, residue value, std::uint32_t source) {
  if (value.modulus == 1) return true;
  const dim hidden = scope_->hidden_symbol();
  symbol_facts& facts = edit(hidden);
  facts.parent = symbol.symbol_id();
  facts.modulus = value.modulus;
  facts.remainder = value.remainder;
  return solve(symbol, value.modulus * hidden + value.remainder, source);
}

}  // namespace tenon::inline v0
