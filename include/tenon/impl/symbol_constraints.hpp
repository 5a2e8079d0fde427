#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/symbol/expression_reader.hpp"
#include "tenon/symbol/polynomial.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>
#include <numeric>

namespace tenon::inline v0 {

TENON_INLINE void facts_table::explain(dim d, inline_vector<std::uint32_t, 8>& sources) const {
  const auto note = [&](std::uint32_t source) {
    if (source != 0 && sources.size() < 4 &&
        std::find(sources.begin(), sources.end(), source) == sources.end())
      sources.push_back(source);
  };
  inline_vector<std::uint32_t, 8> seen;
  collect_symbols(d, seen);
  for (std::size_t i = 0; i < seen.size() && i < 64; ++i) {
    const symbol_facts& facts = facts_of(scope_->symbols()[seen[i]]);
    if (facts.solved) {
      note(facts.solved_source);
      collect_symbols(*facts.solved, seen);
    } else {
      note(facts.lo_source);
      note(facts.hi_source);
    }
  }
  const dim key = key_of(fold(d)).key;
  for (const bound_fact& fact : bounds_)
    if (fact.key == key) note(fact.source);
}

/// `4`, `B is 3 (input 'x' dim 0)`, `B is in [1, 10] (user)`, `H is 32*k (user)`.
TENON_INLINE std::string facts_table::describe(dim d) const {
  if (d.is_constant()) return d.str();
  const dim folded = fold(d);
  const dim simple = unfold(folded);
  const interval r = range(folded);
  const residue m = residue_of(folded);
  std::string out = d.str();
  if (simple.is_constant() || simple != d) out = cat(out, " is ", simple);
  if (!simple.is_constant() && r != interval{})
    out = cat(out, simple != d ? ", " : " is ", "in ", r);
  if (m.modulus > 1) out = cat(out, " with remainder ", m.remainder, " modulo ", m.modulus);
  inline_vector<std::uint32_t, 8> sources;
  explain(d, sources);
  for (std::size_t i = 0; i < sources.size(); ++i)
    out = cat(out, i == 0 ? " (" : "; ", sources_[sources[i]]);
  return sources.empty() ? out : cat(out, ")");
}

TENON_INLINE status facts_table::unify(dim a, dim b, std::string_view source) {
  if (a == b && !a.is_overflow()) return {};
  const dim zero = fold(fold(a) - fold(b));
  if (zero.is_overflow())
    return fail(code::shape, source, ": ", a, " == ", b,
                " cannot be compared: no value within 64 bits");
  if (zero == 0) return {};
  const bool is_clear = zero.is_constant() || !can_be_zero(zero);
  if (is_clear || !learn_zero(zero, name_source(source), 4))
    return fail(code::shape, source, ": ", a, " == ", b, " cannot hold: ", describe(a), " vs ",
                describe(b));
  learned_.push_back({a, relation::equal, b, std::string(source)});
  return {};
}

TENON_INLINE status facts_table::restrict(dim d,
                                          std::int64_t lo,
                                          std::int64_t hi,
                                          std::string_view source) {
  const dim folded = fold(d);
  const interval wanted{lo, hi};
  if (folded.is_overflow())
    return fail(code::range, source, ": ", d, " has no value within 64 bits: expected ", wanted);
  const bool is_clear = intersect(range(folded), wanted).is_empty();
  if (is_clear || !learn_range(folded, wanted, name_source(source)))
    return fail(code::range, source, ": ", d, " is out of range: expected ", wanted, " vs ",
                describe(d));
  if (lo != interval::lowest)
    learned_.push_back({lo, relation::less_equal, d, std::string(source)});
  if (hi != interval::highest)
    learned_.push_back({d, relation::less_equal, hi, std::string(source)});
  return {};
}

TENON_INLINE status facts_table::congruent(dim d,
                                           std::int64_t modulus,
                                           std::int64_t remainder,
                                           std::string_view source) {
  if (modulus <= 0)
    return fail(code::option, source, ": modulus of ", d, ": expected at least 1 vs ", modulus);
  const residue wanted{modulus, floor_mod(remainder, modulus)};
  if (!learn_residue(fold(d), wanted, name_source(source)))
    return fail(code::shape, source, ": ", d, " % ", modulus, " == ", wanted.remainder,
                " cannot hold: ", describe(d));
  learned_.push_back({d - wanted.remainder, relation::divisible, modulus, std::string(source)});
  return {};
}

TENON_INLINE status facts_table::require_pair(dim a,
                                              std::string_view sign,
                                              dim b,
                                              std::string_view source) {
  if (sign == "==" || sign == "=") return unify(a, b, source);
  if (sign[0] == '>') std::swap(a, b);
  const std::int64_t gap = sign.size() == 1 ? 1 : 0;
  if (const auto lo = a.as_constant(); lo && *lo <= interval::highest - gap)
    return restrict(b, *lo + gap, interval::highest, source);
  if (const auto hi = b.as_constant(); hi && *hi >= interval::lowest + gap)
    return restrict(a, interval::lowest, *hi - gap, source);
  return restrict(b - a, gap, interval::highest, source);
}

TENON_INLINE status facts_table::require(std::string_view constraint, std::string_view source) {
  symbol_detail::expression_reader reader(*scope_, constraint);
  inline_vector<dim, 6> sides{reader.sum()};
  inline_vector<std::string_view, 4> signs;
  while (!reader.is_at_end()) {
    signs.push_back(reader.relation());
    if (signs.back().empty()) reader.complain("==, <=, >=, < or >");
    sides.push_back(reader.sum());
  }
  if (signs.empty()) reader.complain("==, <=, >=, < or >");
  if (const auto bad = reader.failure()) return bad->in(source);
  for (std::size_t i = 0; i < signs.size(); ++i)
    TENON_TRY(require_pair(sides[i], signs[i], sides[i + 1], source));
  return {};
}

namespace symbol_detail {

/// `1 <= d <= 10`, `d >= 1`, `d <= 10`; empty without bounds.
inline std::string range_line(dim d, interval r) {
  if (r.lo == interval::lowest && r.hi == interval::highest) return {};
  if (r.lo == interval::lowest) return cat(d, " <= ", r.hi);
  if (r.hi == interval::highest) return cat(d, " >= ", r.lo);
  return cat(r.lo, " <= ", d, " <= ", r.hi);
}

inline void add_line(std::vector<std::string>& lines, std::string line) {
  if (!line.empty()) lines.push_back(std::move(line));
}

}  // namespace symbol_detail

TENON_INLINE void facts_table::symbol_lines(dim symbol, std::vector<std::string>& out) const {
  using symbol_detail::add_line;
  const dim folded = fold(symbol);
  const dim simple = unfold(folded);
  if (simple != symbol) return add_line(out, cat(symbol, " == ", simple));
  if (folded != symbol) {
    const residue m = residue_of(folded);
    add_line(out, cat(symbol, " % ", m.modulus, " == ", m.remainder));
  }
  add_line(out, symbol_detail::range_line(symbol, range(folded)));
}

/// The range of an expression, scaled so that hidden quotients become the symbols they were split
/// from.
TENON_INLINE std::string facts_table::bound_line(const bound_fact& fact) const {
  using namespace symbol_detail;
  std::int64_t factor = 1;
  for (const term t : to_polynomial(fact.key).terms)
    for (const term f : factors(t.what))
      for (dim d = dim::of(f.what); d.is_symbol() && d.node()->is_hidden;
           d = scope_->symbols()[facts_of(d).parent]) {
        const std::int64_t m = facts_of(d).modulus;
        factor = checked_mul(factor, m / std::gcd(m, t.factor)).value_or(1);
      }
  const interval scaled = symbol_detail::scale(fact.range, factor);
  const bool is_exact = is_bound(scaled.lo) == is_bound(fact.range.lo) &&
                        is_bound(scaled.hi) == is_bound(fact.range.hi);
  if (is_exact && !(factor * fact.key).is_overflow())
    return range_line(unfold(factor * fact.key), scaled);
  return range_line(unfold(fact.key), fact.range);
}

TENON_INLINE std::vector<std::string> facts_table::constraints() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    const dim symbol = scope_->symbols()[i];
    if (!symbol.node()->is_hidden) symbol_lines(symbol, out);
  }
  for (const equation& known : equations_) {
    if (known.lead)
      out.push_back(cat(unfold(*known.lead), " == ", unfold(known.rest)));
    else
      out.push_back(cat(unfold(known.zero), " == 0"));
  }
  for (const congruence_fact& fact : congruences_)
    out.push_back(
        cat("(", unfold(fact.key), ") % ", fact.value.modulus, " == ", fact.value.remainder));
  for (const bound_fact& fact : bounds_) symbol_detail::add_line(out, bound_line(fact));
  return out;
}

namespace symbol_detail {

inline bool holds(relation kind, std::int64_t a, std::int64_t b) {
  if (kind == relation::equal) return a == b;
  if (kind == relation::less_equal) return a <= b;
  if (kind == relation::broadcastable) return broadcast_values(a, b).has_value();
  return b == -1 || (b != 0 && a % b == 0);
}

inline std::string claim_text(const check& claim) {
  if (claim.kind == relation::equal) return cat(claim.a, " == ", claim.b);
  if (claim.kind == relation::less_equal) return cat(claim.a, " <= ", claim.b);
  if (claim.kind == relation::divisible) return cat("(", claim.a, ") % (", claim.b, ") == 0");
  return cat(claim.a, " broadcasts with ", claim.b);
}

inline bool is_bound(dim d, const bindings& values) {
  inline_vector<std::uint32_t, 8> symbols;
  collect_symbols(d, symbols);
  return std::all_of(symbols.begin(), symbols.end(),
                     [&](std::uint32_t id) { return values[id].has_value(); });
}

}  // namespace symbol_detail

TENON_INLINE status facts_table::check_all(std::span<const check> claims,
                                           const bindings& values) const {
  for (const check& claim : claims) {
    const auto a = evaluate(claim.a, values);
    const auto b = evaluate(claim.b, values);
    if (a && b) {
      if (symbol_detail::holds(claim.kind, *a, *b)) continue;
      return fail(code::input, claim.source, ": ", symbol_detail::claim_text(claim),
                  " does not hold: ", *a, " vs ", *b);
    }
    const bool is_bound =
        symbol_detail::is_bound(claim.a, values) && symbol_detail::is_bound(claim.b, values);
    if (is_bound)
      return fail(code::input, claim.source, ": ", symbol_detail::claim_text(claim),
                  " has no value: overflow, division by zero or extents that do not broadcast");
  }
  return {};
}

TENON_INLINE void facts_table::defer(check claim) {
  const std::size_t hash =
      (claim.a.hash() * 31 + claim.b.hash()) * 31 + static_cast<std::size_t>(claim.kind);
  const auto [at, is_new] =
      deferred_index_.try_emplace(hash, static_cast<std::uint32_t>(deferred_.size()));
  if (!is_new) {
    const check& known = deferred_[at->second];
    if (known.a == claim.a && known.b == claim.b && known.kind == claim.kind) return;
    at->second = static_cast<std::uint32_t>(deferred_.size());
  }
  deferred_.push_back(std::move(claim));
}

TENON_INLINE status facts_table::check_deferred(const bindings& values) const {
  return check_all(deferred_, values);
}

TENON_INLINE status facts_table::check_facts(const bindings& values) const {
  return check_all(learned_, values);
}

}  // namespace tenon::inline v0
