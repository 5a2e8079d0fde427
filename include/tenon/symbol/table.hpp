#pragma once

#include "tenon/core/result.hpp"
#include "tenon/symbol/dim.hpp"
#include "tenon/symbol/evaluate.hpp"
#include "tenon/symbol/interval.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenon::inline v0 {

/// What can be said about a claim on all values that the facts allow.
enum class truth : unsigned char { yes, no, unknown };

/// What a check demands of its two sides.
enum class relation : unsigned char {
  equal,          ///< a == b
  less_equal,     ///< a <= b
  divisible,      ///< b divides a
  broadcastable,  ///< a == b, or one of them is 1
};

/// A claim that is evaluated when symbols are bound; `source` says who demanded it.
struct check {
  dim a;
  relation kind = relation::equal;
  dim b;
  std::string source;
};

/// What is known about the symbols of one scope: equalities, intervals, congruences, product
/// equalities, each with its source. Questions cache and extend the scope: one thread at a time.
class facts_table {
 public:
  explicit facts_table(scope_ref scope) : scope_(std::move(scope)) { name_source(""); }

  symbol_scope& scope() const { return *scope_; }

  const scope_ref& owner() const { return scope_; }

  /// Learns a == b; an error names both sources when that contradicts what is known.
  status unify(dim a, dim b, std::string_view source);

  /// Learns lo <= d <= hi; `interval::lowest` and `interval::highest` mean no bound.
  status restrict(dim d, std::int64_t lo, std::int64_t hi, std::string_view source);

  /// Learns d mod modulus == remainder, modulus > 0.
  status congruent(dim d, std::int64_t modulus, std::int64_t remainder, std::string_view source);

  /// Learns a constraint in text: `H % 32 == 0`, `B*S <= 8192`, `a == b`, `1 <= B <= 10`.
  status require(std::string_view constraint, std::string_view source);

  /// d rewritten with all facts; two dims that are known to be equal get the same result.
  dim simplify(dim d) const;

  interval bounds(dim d) const { return range(fold(d)); }

  truth is_equal(dim a, dim b) const;
  truth is_less_equal(dim a, dim b) const;

  /// Whether the nonzero divisor divides d.
  truth is_divisible(dim d, std::int64_t divisor) const;

  /// Whether d >= 1.
  truth is_positive(dim d) const { return is_less_equal(1, d); }

  /// Whether a == b or one of them is 1.
  truth is_broadcastable(dim a, dim b) const;

  truth holds(const check& claim) const;

  /// Keeps a claim that is not decided here for `check_deferred`; of equal ones the first.
  void defer(check claim);

  std::span<const check> deferred() const { return deferred_; }

  /// Evaluates the deferred checks whose symbols are all bound; the first that fails is an error.
  status check_deferred(const bindings& values) const;

  /// The same for every learned fact: values must not contradict what the plan relies on.
  status check_facts(const bindings& values) const;

  std::span<const check> learned() const { return learned_; }

  /// Every fact as a line that `require` reads back.
  std::vector<std::string> constraints() const;

 private:
  struct symbol_facts {
    interval range;
    std::uint32_t lo_source = 0;
    std::uint32_t hi_source = 0;
    std::optional<dim> solved;            ///< as it was learned
    mutable std::optional<dim> shortcut;  ///< `solved` with its own symbols replaced
    std::uint32_t solved_source = 0;
    std::uint32_t parent = 0;  ///< of a hidden symbol h: parent == modulus * h + remainder
    std::int64_t modulus = 0;  ///< 0 for a symbol that is not hidden
    std::int64_t remainder = 0;
  };

  /// Of an expression that is not a symbol, without constant and with positive first coefficient.
  struct bound_fact {
    dim key;
    interval range;
    std::uint32_t source = 0;
  };

  /// The values remainder + modulus * n; modulus 0 means exactly the remainder.
  struct residue {
    std::int64_t modulus = 1;
    std::int64_t remainder = 0;
  };

  struct congruence_fact {
    dim key;
    residue value;
    std::uint32_t source = 0;
  };

  /// zero == 0 where that could not be solved for a symbol; then lead == rest when there is a lead.
  struct equation {
    dim zero;
    std::optional<dim> lead;
    dim rest;
    std::uint32_t source = 0;
  };

  template <class T> struct memo_entry {
    std::uint32_t version = 0;
    T value{};
  };

  /// d == factor * key + constant, the key with coprime coefficients, the first one positive.
  struct keyed {
    dim key;
    std::int64_t factor = 1;
    std::int64_t constant = 0;
  };

  std::uint32_t name_source(std::string_view source);
  symbol_facts& edit(dim symbol);
  const symbol_facts& facts_of(dim symbol) const;
  static keyed key_of(dim d);
  static bool mentions(dim d, dim part);

  dim fold(dim d) const;
  dim fold_node(dim d) const;
  dim fold_step(dim d) const;
  dim fold_atom(dim d) const;
  dim fold_extreme(dim d) const;
  dim fold_broadcast(dim d) const;
  dim fold_terms(dim d) const;
  dim rewrite(dim d) const;
  dim rewrite_once(dim d) const;
  void resolve(dim symbol) const;
  dim unfold(dim d) const;
  dim unfold_term(std::int64_t factor, dim monomial) const;

  interval range(dim d) const;
  interval range_of_node(dim d) const;
  interval range_of_product(dim d) const;
  interval range_of_sum(dim d, int effort) const;
  interval relax_quotient(dim d, dim atom, std::int64_t factor, int effort) const;
  interval relax_choice(dim d, dim atom, std::int64_t factor, int effort) const;
  interval looked_up(dim d) const;
  residue residue_of(dim d) const;
  residue residue_of_atom(dim d) const;
  static residue add(residue a, residue b);
  static residue multiply(residue a, residue b);
  static residue join(residue a, residue b);
  static std::optional<residue> solve_linear(std::int64_t factor,
                                             std::int64_t value,
                                             std::int64_t modulus);
  bool can_be_zero(dim folded) const;

  void explain(dim d, inline_vector<std::uint32_t, 8>& sources) const;
  std::string describe(dim d) const;
  std::string bound_line(const bound_fact& fact) const;
  void symbol_lines(dim symbol, std::vector<std::string>& out) const;
  status require_pair(dim a, std::string_view sign, dim b, std::string_view source);
  status check_all(std::span<const check> claims, const bindings& values) const;

  // These answer whether the new fact agrees with the others.
  bool learn_zero(dim zero, std::uint32_t source, int effort);
  std::optional<dim> reduced(dim zero) const;
  std::optional<bool> learn_modulo(dim zero, std::uint32_t source);
  std::optional<bool> learn_two_symbols(dim zero, std::uint32_t source, int effort);
  bool keep_equation(dim zero, std::uint32_t source);
  std::optional<dim> pick_unknown(dim zero) const;
  bool solve(dim symbol, dim value, std::uint32_t source);
  bool learn_range(dim d, interval wanted, std::uint32_t source);
  bool learn_parts(dim d, interval wanted, std::uint32_t source);
  bool narrow(dim symbol, interval wanted, std::uint32_t source);
  bool learn_residue(dim d, residue wanted, std::uint32_t source);
  bool split(dim symbol, residue value, std::uint32_t source);
  bool fold_again(dim symbol);
  template <class IsStale> bool move_facts(const IsStale& is_stale);

  scope_ref scope_;
  std::vector<symbol_facts> symbols_;
  std::vector<bound_fact> bounds_;
  std::vector<std::uint32_t>
      bound_index_;  ///< by number of the key's node: 1 + position in bounds_
  std::vector<congruence_fact> congruences_;
  std::vector<equation> equations_;
  std::vector<std::string> sources_;
  std::vector<check> deferred_;
  std::unordered_map<std::size_t, std::uint32_t>
      deferred_index_;  ///< by hash: the last position in deferred_
  std::vector<check> learned_;
  std::uint32_t version_ = 1;
  mutable std::vector<memo_entry<dim>> folded_;
  mutable std::vector<memo_entry<dim>> simplified_;
  mutable std::vector<memo_entry<interval>> ranges_;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/symbol_bounds.hpp"
#include "tenon/impl/symbol_constraints.hpp"
#include "tenon/impl/symbol_facts.hpp"
#include "tenon/impl/symbol_simplify.hpp"
#endif
