#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/symbol/expression.hpp"

#include <algorithm>
#include <compare>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <span>

namespace tenon::inline v0::symbol_detail {

/// constant + sum of coefficient * (atom or product), highest degree first; the working form of the
/// algebra.
struct polynomial {
  inline_vector<term, 6> terms;
  std::int64_t constant = 0;
  symbol_scope* scope = nullptr;
  bool is_valid = true;
};

using factor_list = inline_vector<term, 6>;

inline constexpr std::size_t max_terms = 4096;

/// a / b rounded down for any nonzero b; nothing for b == 0 and for overflow.
inline std::optional<std::int64_t> checked_floordiv(std::int64_t a, std::int64_t b) {
  if (b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min())) return std::nullopt;
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

inline std::strong_ordering order(dim a, dim b);

/// A total order by structure and names alone, so that texts do not depend on the order of
/// creation.
inline std::strong_ordering order_atoms(const expr* a, const expr* b) {
  if (a == b) return std::strong_ordering::equal;
  if (a->kind != b->kind) return a->kind <=> b->kind;
  if (a->kind == form::symbol) {
    if (const auto c = std::strcmp(a->name, b->name) <=> 0; c != 0) return c;
    return a->symbol <=> b->symbol;
  }
  const auto x = a->arguments();
  const auto y = b->arguments();
  if (x.size() != y.size()) return x.size() <=> y.size();
  for (std::size_t i = 0; i < x.size(); ++i)
    if (const auto c = order(x[i], y[i]); c != 0) return c;
  return std::strong_ordering::equal;
}

inline factor_list factors(const expr* monomial) {
  if (monomial->kind == form::product) return factor_list(monomial->terms());
  return factor_list{term{1, monomial}};
}

inline std::int64_t degree(std::span<const term> list) {
  std::int64_t out = 0;
  for (const term t : list) out += t.factor;
  return out;
}

/// Graded lexicographic order of monomials: `less` comes first in a sum.
inline std::strong_ordering order_monomials(const expr* a, const expr* b) {
  if (a == b) return std::strong_ordering::equal;
  if (a->is_atom() && b->is_atom()) return order_atoms(a, b);
  const term one_a{1, a};
  const term one_b{1, b};
  const auto x = a->is_atom() ? std::span(&one_a, 1) : a->terms();
  const auto y = b->is_atom() ? std::span(&one_b, 1) : b->terms();
  if (const auto c = degree(y) <=> degree(x); c != 0) return c;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (const auto c = order_atoms(x[i].what, y[i].what); c != 0) return c;
    if (const auto c = y[i].factor <=> x[i].factor; c != 0) return c;
  }
  return x.size() <=> y.size();
}

inline polynomial to_polynomial(dim d) {
  polynomial out;
  out.scope = d.scope();
  if (d.is_constant()) {
    out.constant = d.constant();
  } else if (d.is_overflow()) {
    out.is_valid = false;
  } else if (d.node()->kind == form::sum) {
    out.terms = d.node()->terms();
    out.constant = d.node()->constant;
  } else {
    out.terms.push_back({1, d.node()});
  }
  return out;
}

inline dim from_polynomial(const polynomial& p) {
  if (!p.is_valid || p.terms.size() > max_terms) return dim::overflow();
  if (p.terms.empty()) return p.constant;
  // The lowest number has no opposite; without it in formulas every sign change is exact.
  constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  bool has_lowest = p.constant == lowest;
  for (const term t : p.terms) has_lowest = has_lowest || t.factor == lowest;
  if (has_lowest) return dim::overflow();
  if (p.terms.size() == 1 && p.constant == 0 && p.terms[0].factor == 1)
    return dim::of(p.terms[0].what);
  expr wanted;
  wanted.kind = form::sum;
  wanted.constant = p.constant;
  wanted.term_data = p.terms.data();
  wanted.term_count = static_cast<std::uint32_t>(p.terms.size());
  return intern(*p.scope, wanted);
}

inline std::strong_ordering order(dim a, dim b) {
  if (a == b) return std::strong_ordering::equal;
  if (a.is_constant() != b.is_constant()) return a.is_constant() <=> b.is_constant();
  const polynomial x = to_polynomial(a);
  const polynomial y = to_polynomial(b);
  for (std::size_t i = 0; i < std::min(x.terms.size(), y.terms.size()); ++i) {
    if (const auto c = order_monomials(x.terms[i].what, y.terms[i].what); c != 0) return c;
    if (const auto c = x.terms[i].factor <=> y.terms[i].factor; c != 0) return c;
  }
  if (const auto c = x.terms.size() <=> y.terms.size(); c != 0) return c;
  return x.constant <=> y.constant;
}

/// The scope of both; dims of different scopes do not mix.
inline symbol_scope* common_scope(symbol_scope* a, symbol_scope* b) {
  TENON_CHECK(!a || !b || a == b);
  return a ? a : b;
}

/// a + b * scale.
inline polynomial add_scaled(const polynomial& a, const polynomial& b, std::int64_t scale) {
  polynomial out;
  out.scope = common_scope(a.scope, b.scope);
  out.is_valid = a.is_valid && b.is_valid;
  if (!out.is_valid) return out;
  bool overflow = false;
  const auto muladd = [&](std::int64_t x, std::int64_t y) {
    std::int64_t scaled = 0;
    std::int64_t sum = 0;
    overflow |= __builtin_mul_overflow(y, scale, &scaled);
    overflow |= __builtin_add_overflow(x, scaled, &sum);
    return sum;
  };
  out.terms.reserve(a.terms.size() + b.terms.size());
  const term* x = a.terms.begin();
  const term* y = b.terms.begin();
  while (x != a.terms.end() || y != b.terms.end()) {
    const auto c = y == b.terms.end()   ? std::strong_ordering::less
                   : x == a.terms.end() ? std::strong_ordering::greater
                                        : order_monomials(x->what, y->what);
    const expr* what = c <= 0 ? x->what : y->what;
    const std::int64_t sum = muladd(c <= 0 ? x->factor : 0, c >= 0 ? y->factor : 0);
    if (sum != 0) out.terms.push_back({sum, what});
    x += c <= 0;
    y += c >= 0;
  }
  out.constant = muladd(a.constant, b.constant);
  out.is_valid = !overflow;
  return out;
}

/// The product node of a factor list that is sorted and has positive powers; null when over the
/// limits.
inline const expr* monomial(symbol_scope& scope, const factor_list& list) {
  if (list.size() == 1 && list[0].factor == 1) return list[0].what;
  expr wanted;
  wanted.kind = form::product;
  wanted.term_data = list.data();
  wanted.term_count = static_cast<std::uint32_t>(list.size());
  const dim made = intern(scope, wanted);
  return made.is_overflow() ? nullptr : made.node();
}

inline const expr* multiply_monomials(symbol_scope& scope, const expr* a, const expr* b) {
  const factor_list x = factors(a);
  const factor_list y = factors(b);
  factor_list out;
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < x.size() || k < y.size()) {
    const auto c = k == y.size()   ? std::strong_ordering::less
                   : i == x.size() ? std::strong_ordering::greater
                                   : order_atoms(x[i].what, y[k].what);
    out.push_back(c < 0 ? x[i] : c > 0 ? y[k] : term{x[i].factor + y[k].factor, x[i].what});
    i += c <= 0;
    k += c >= 0;
  }
  return monomial(scope, out);
}

/// Sorts the terms and adds up equal monomials.
inline void collect_terms(polynomial& p) {
  std::sort(p.terms.begin(), p.terms.end(),
            [](term a, term b) { return order_monomials(a.what, b.what) < 0; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < p.terms.size();) {
    term sum = p.terms[i];
    for (++i; i < p.terms.size() && p.terms[i].what == sum.what; ++i)
      if (__builtin_add_overflow(sum.factor, p.terms[i].factor, &sum.factor)) p.is_valid = false;
    if (sum.factor != 0) p.terms[kept++] = sum;
  }
  p.terms.resize(kept);
}

inline polynomial multiply(const polynomial& a, const polynomial& b) {
  polynomial out;
  out.scope = common_scope(a.scope, b.scope);
  out.is_valid =
      a.is_valid && b.is_valid && (a.terms.size() + 1) * (b.terms.size() + 1) <= max_terms;
  const auto add = [&](const expr* what, std::int64_t x, std::int64_t y) {
    std::int64_t factor = 0;
    if (__builtin_mul_overflow(x, y, &factor) || !what)
      out.is_valid = false;
    else if (factor != 0)
      out.terms.push_back({factor, what});
  };
  if (!out.is_valid) return out;
  for (const term x : a.terms) {
    add(x.what, x.factor, b.constant);
    for (const term y : b.terms)
      add(multiply_monomials(*out.scope, x.what, y.what), x.factor, y.factor);
  }
  for (const term y : b.terms) add(y.what, y.factor, a.constant);
  if (__builtin_mul_overflow(a.constant, b.constant, &out.constant)) out.is_valid = false;
  if (out.is_valid) collect_terms(out);
  return out;
}

/// An atom with these arguments.
inline dim make_atom(form kind, std::span<const dim> arguments) {
  expr wanted;
  wanted.kind = kind;
  wanted.argument_data = arguments.data();
  wanted.argument_count = static_cast<std::uint32_t>(arguments.size());
  symbol_scope* scope = nullptr;
  for (const dim a : arguments) scope = common_scope(scope, a.scope());
  return intern(*scope, wanted);
}

/// The greatest monomial that divides both; null for 1.
inline const expr* common_monomial(symbol_scope& scope, const expr* a, const expr* b) {
  if (a == b) return a;
  const factor_list x = factors(a);
  const factor_list y = factors(b);
  factor_list out;
  for (const term t : x)
    for (const term u : y)
      if (t.what == u.what) out.push_back({std::min(t.factor, u.factor), t.what});
  return out.empty() ? nullptr : monomial(scope, out);
}

/// The greatest common divisor, not negative; 1 where that would be 2^63.
inline std::int64_t gcd_of(std::int64_t a, std::int64_t b) {
  const auto magnitude = [](std::int64_t v) {
    return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
  };
  const std::uint64_t out = std::gcd(magnitude(a), magnitude(b));
  return out > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
             ? 1
             : static_cast<std::int64_t>(out);
}

/// The extent that a and b broadcast to; nothing when they do not fit.
constexpr std::optional<std::int64_t> broadcast_values(std::int64_t a, std::int64_t b) {
  if (a == b || b == 1) return a;
  if (a == 1) return b;
  return std::nullopt;
}

/// One step of floordiv, min, max or broadcast of numbers.
inline std::optional<std::int64_t> apply(form kind, std::int64_t a, std::int64_t b) {
  if (kind == form::floordiv) return checked_floordiv(a, b);
  if (kind == form::broadcast) return broadcast_values(a, b);
  return kind == form::min ? std::min(a, b) : std::max(a, b);
}

}  // namespace tenon::inline v0::symbol_detail
