#pragma once

#include "tenon/symbol/polynomial.hpp"

#include <numeric>
#include <optional>

namespace tenon::inline v0::symbol_detail {

/// Divisors of nested divisions are merged up to this, so that numerators stay far from overflow.
inline constexpr std::int64_t max_merged_divisor = std::int64_t{1} << 31;

/// a / b as monomials; `is_divisible` false when b does not divide a; `what` null when they are
/// equal.
struct monomial_quotient {
  bool is_divisible = false;
  const expr* what = nullptr;
};

inline monomial_quotient divide_monomials(symbol_scope& scope, const expr* a, const expr* b) {
  if (a == b) return {true, nullptr};
  const factor_list x = factors(a);
  const factor_list y = factors(b);
  factor_list out;
  std::size_t k = 0;
  for (const term t : x) {
    std::int64_t power = t.factor;
    if (k < y.size() && y[k].what == t.what) power -= y[k++].factor;
    if (power < 0) return {};
    if (power > 0) out.push_back({power, t.what});
  }
  if (k < y.size()) return {};
  return {true, out.empty() ? nullptr : monomial(scope, out)};
}

inline void add_term(polynomial& p, std::int64_t factor, const expr* what) {
  if (what)
    p.terms.push_back({factor, what});
  else
    p.constant += factor;
}

/// The greatest coefficient and monomial that divide every term of p.
struct content {
  std::int64_t factor = 0;  ///< positive; 0 only for the zero polynomial
  const expr* what = nullptr;
};

inline content content_of(const polynomial& p) {
  content out{gcd_of(p.constant, 0), nullptr};
  if (p.terms.empty()) return out;
  if (p.constant == 0) out.what = p.terms[0].what;
  for (const term t : p.terms) {
    out.factor = gcd_of(out.factor, t.factor);
    if (out.what) out.what = common_monomial(*p.scope, out.what, t.what);
  }
  return out;
}

/// p / (factor * what) where that divides p.
inline polynomial divide_content(const polynomial& p, content by) {
  polynomial out;
  out.scope = p.scope;
  out.constant = p.constant / by.factor;
  for (const term t : p.terms) {
    const auto q =
        by.what ? divide_monomials(*p.scope, t.what, by.what) : monomial_quotient{true, t.what};
    add_term(out, t.factor / by.factor, q.what);
  }
  return out;
}

/// Polynomial long division without remainder, in the graded order of monomials.
inline std::optional<polynomial> divide_polynomials(polynomial a, const polynomial& b) {
  polynomial quotient;
  quotient.scope = common_scope(a.scope, b.scope);
  for (std::size_t steps = 0; steps < 256; ++steps) {
    if (!a.is_valid) return std::nullopt;
    if (a.terms.empty() && a.constant == 0) {
      collect_terms(quotient);
      return quotient;
    }
    polynomial step;
    step.scope = quotient.scope;
    const std::int64_t lead = b.terms.empty() ? b.constant : b.terms[0].factor;
    const std::int64_t top = a.terms.empty() ? a.constant : a.terms[0].factor;
    const auto factor = checked_floordiv(top, lead);
    if (!factor || top % lead != 0) return std::nullopt;
    monomial_quotient q{true, a.terms.empty() ? nullptr : a.terms[0].what};
    if (!b.terms.empty()) {
      if (a.terms.empty()) return std::nullopt;
      q = divide_monomials(*quotient.scope, a.terms[0].what, b.terms[0].what);
    }
    if (!q.is_divisible) return std::nullopt;
    add_term(step, *factor, q.what);
    add_term(quotient, *factor, q.what);
    a = add_scaled(a, multiply(step, b), -1);
  }
  return std::nullopt;
}

inline dim floordiv_by_constant(const polynomial& a, std::int64_t k);

/// floordiv(floordiv(x, j) + rest, k) -> floordiv(x + j * rest, j * k), for the only such term.
inline std::optional<dim> merge_nested(const polynomial& p, std::int64_t k) {
  const expr* nested = nullptr;
  for (const term t : p.terms) {
    if (t.what->kind != form::floordiv || t.factor != 1) continue;
    if (!t.what->arguments()[1].is_constant()) continue;
    if (nested) return std::nullopt;
    nested = t.what;
  }
  if (!nested) return std::nullopt;
  const std::int64_t j = nested->arguments()[1].constant();
  if (j > max_merged_divisor / k) return std::nullopt;
  const polynomial rest = add_scaled(p, to_polynomial(dim::of(nested)), -1);
  const polynomial merged = add_scaled(to_polynomial(nested->arguments()[0]), rest, j);
  const dim out = floordiv_by_constant(merged, j * k);
  return out.is_overflow() ? std::nullopt : std::optional(out);
}

/// k > 0. Splits off what k divides, cancels the common factor, merges nested divisions.
inline dim floordiv_by_constant(const polynomial& a, std::int64_t k) {
  if (!a.is_valid) return dim::overflow();
  polynomial whole;
  polynomial rest;
  whole.scope = rest.scope = a.scope;
  std::int64_t common = k;
  for (const term t : a.terms) {
    const std::int64_t q = floor_div(t.factor, k);
    const std::int64_t r = t.factor - q * k;
    if (q != 0) whole.terms.push_back({q, t.what});
    if (r != 0) rest.terms.push_back({r, t.what});
    common = std::gcd(common, r);
  }
  whole.constant = floor_div(a.constant, k);
  rest.constant = a.constant - whole.constant * k;
  if (rest.terms.empty()) return from_polynomial(whole);
  for (term& t : rest.terms) t.factor /= common;
  rest.constant /= common;
  k /= common;
  const dim split = from_polynomial(whole);
  if (k == 1) return split + from_polynomial(rest);
  if (const auto merged = merge_nested(rest, k)) return split + *merged;
  const dim arguments[] = {from_polynomial(rest), k};
  if (arguments[0].is_overflow()) return dim::overflow();
  return split + make_atom(form::floordiv, arguments);
}

/// Terms of a that the single term b divides move to `whole` (divided), the others stay.
inline polynomial split_multiples(polynomial& a, const polynomial& b) {
  polynomial whole;
  whole.scope = a.scope;
  if (b.constant != 0 || b.terms.size() != 1) return whole;
  std::size_t kept = 0;
  for (const term t : a.terms) {
    const auto q = divide_monomials(*a.scope, t.what, b.terms[0].what);
    const auto factor = checked_floordiv(t.factor, b.terms[0].factor);
    if (q.is_divisible && factor && t.factor % b.terms[0].factor == 0)
      add_term(whole, *factor, q.what);
    else
      a.terms[kept++] = t;
  }
  a.terms.resize(kept);
  collect_terms(whole);
  return whole;
}

inline dim floordiv_by_expression(polynomial a, polynomial b) {
  a.scope = b.scope = common_scope(a.scope, b.scope);
  if (const auto exact = divide_polynomials(a, b)) return from_polynomial(*exact);
  const dim whole = from_polynomial(split_multiples(a, b));
  if (a.terms.empty() && a.constant == 0) return whole;
  const content of_a = content_of(a);
  const content of_b = content_of(b);
  content shared{gcd_of(of_a.factor, of_b.factor), nullptr};
  if (of_a.what && of_b.what) shared.what = common_monomial(*a.scope, of_a.what, of_b.what);
  a = divide_content(a, shared);
  b = divide_content(b, shared);
  if (b.terms.empty()) {
    const dim numerator = from_polynomial(a);
    return whole + make_floordiv(numerator, b.constant);
  }
  const dim arguments[] = {from_polynomial(a), from_polynomial(b)};
  if (arguments[0].is_overflow() || arguments[1].is_overflow()) return dim::overflow();
  return whole + make_atom(form::floordiv, arguments);
}

TENON_INLINE dim make_floordiv(dim a, dim b) {
  if (a.is_overflow() || b.is_overflow() || b == 0) return dim::overflow();
  if (b == 1) return a;
  if (a.is_constant() && b.is_constant()) {
    const auto out = checked_floordiv(a.constant(), b.constant());
    return out ? dim(*out) : dim::overflow();
  }
  if (!b.is_constant()) return floordiv_by_expression(to_polynomial(a), to_polynomial(b));
  if (b.constant() > 0) return floordiv_by_constant(to_polynomial(a), b.constant());
  return make_floordiv(-a, -b);
}

TENON_INLINE dim make_ceildiv(dim a, dim b) {
  if (b.is_constant() && !b.is_overflow() && b.constant() > 0) return make_floordiv(a + (b - 1), b);
  return -make_floordiv(-a, b);
}

TENON_INLINE dim make_mod(dim a, dim b) {
  return a - b * make_floordiv(a, b);
}

}  // namespace tenon::inline v0::symbol_detail

namespace tenon::inline v0 {

TENON_INLINE std::optional<dim> divide_exact(dim a, dim b) {
  using namespace symbol_detail;
  if (a.is_overflow() || b.is_overflow() || b == 0) return std::nullopt;
  const auto out = divide_polynomials(to_polynomial(a), to_polynomial(b));
  if (!out) return std::nullopt;
  const dim quotient = from_polynomial(*out);
  return quotient.is_overflow() ? std::nullopt : std::optional(quotient);
}

}  // namespace tenon::inline v0
