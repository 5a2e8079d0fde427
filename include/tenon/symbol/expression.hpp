#pragma once

#include "tenon/core/check.hpp"
#include "tenon/core/inline_vector.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon::inline v0 {

class dim;
class symbol_scope;

namespace symbol_detail {

struct expr;

/// The unique node of the scope with this content.
dim intern(symbol_scope& scope, const expr& wanted);

/// The symbol of that name, made when missing.
dim symbol_named(symbol_scope& scope, std::string_view name);

dim make_sum(dim a, dim b, std::int64_t scale_b);
dim make_product(dim a, dim b);
dim make_floordiv(dim a, dim b);
dim make_ceildiv(dim a, dim b);
dim make_mod(dim a, dim b);
dim make_min(dim a, dim b);
dim make_max(dim a, dim b);
dim make_broadcast(dim a, dim b);

}  // namespace symbol_detail

/// An extent: a 64-bit constant or an interned canonical expression over the symbols of one scope.
/// A value: copying is free; the scope must outlive it. Equal expressions compare equal by pointer.
class dim {
 public:
  constexpr dim() = default;

  constexpr dim(std::int64_t value) : value_(value) {}

  /// An interned node of a scope; made by the algebra.
  static constexpr dim of(const symbol_detail::expr* node) {
    dim out;
    out.node_ = node;
    return out;
  }

  /// The dim without a value: overflow, division by zero, conflicting broadcast, too large a
  /// formula.
  static constexpr dim overflow();

  constexpr bool is_constant() const { return node_ == nullptr; }

  /// Only when `is_constant()`.
  constexpr std::int64_t constant() const { return value_; }

  constexpr std::optional<std::int64_t> as_constant() const {
    return is_constant() ? std::optional(value_) : std::nullopt;
  }

  /// A plain symbol.
  constexpr bool is_symbol() const;

  /// True for the dim without a value; everything computed from it has no value either.
  constexpr bool is_overflow() const;

  /// The dense number of a plain symbol in its scope; only when `is_symbol()`.
  constexpr std::uint32_t symbol_id() const;

  /// Null for constants and for the dim without a value.
  constexpr symbol_scope* scope() const;

  constexpr std::size_t hash() const;

  /// Canonical text such as `2*B + floordiv(H + 1, 2)`; `symbol_scope::parse` reads it back.
  std::string str() const;

  constexpr const symbol_detail::expr* node() const { return node_; }

  friend constexpr bool operator==(dim a, dim b) {
    return a.node_ == b.node_ && a.value_ == b.value_;
  }

  friend dim operator+(dim a, dim b) { return symbol_detail::make_sum(a, b, 1); }

  friend dim operator-(dim a, dim b) { return symbol_detail::make_sum(a, b, -1); }

  friend dim operator-(dim a) { return symbol_detail::make_sum(0, a, -1); }

  friend dim operator*(dim a, dim b) { return symbol_detail::make_product(a, b); }

  dim& operator+=(dim other) { return *this = *this + other; }

  dim& operator-=(dim other) { return *this = *this - other; }

  dim& operator*=(dim other) { return *this = *this * other; }

  /// a / b rounded towards minus infinity.
  friend dim floordiv(dim a, dim b) { return symbol_detail::make_floordiv(a, b); }

  /// a / b rounded towards plus infinity.
  friend dim ceildiv(dim a, dim b) { return symbol_detail::make_ceildiv(a, b); }

  /// a - b * floordiv(a, b).
  friend dim mod(dim a, dim b) { return symbol_detail::make_mod(a, b); }

  friend dim min(dim a, dim b) { return symbol_detail::make_min(a, b); }

  friend dim max(dim a, dim b) { return symbol_detail::make_max(a, b); }

  /// The extent after broadcasting: the one that is not 1. Whether a and b fit is for the caller to
  /// check.
  friend dim broadcast(dim a, dim b) { return symbol_detail::make_broadcast(a, b); }

 private:
  const symbol_detail::expr* node_ = nullptr;
  std::int64_t value_ = 0;
};

/// a / b when b divides a as a polynomial (b taken as nonzero), else nothing.
std::optional<dim> divide_exact(dim a, dim b);

namespace symbol_detail {

enum class form : std::uint8_t { overflow, symbol, floordiv, min, max, broadcast, product, sum };

/// In a sum: coefficient times `what`; in a product: `what` to the power of the factor.
struct term {
  std::int64_t factor = 0;
  const expr* what = nullptr;

  friend constexpr bool operator==(term, term) = default;
};

/// An immutable node, unique in its scope. Symbols, floordiv, min, max and broadcast are atoms.
struct expr {
  form kind = form::overflow;
  bool is_unbacked = false;
  bool is_hidden = false;       ///< a symbol of the library itself, never printed
  std::uint32_t symbol = 0;     ///< dense symbol number
  std::uint32_t index = 0;      ///< dense number among all nodes of the scope
  std::uint32_t tree_size = 1;  ///< nodes when written out
  std::uint32_t depth = 1;
  std::uint32_t term_count = 0;
  std::uint32_t argument_count = 0;
  std::uint64_t hash = 0;     ///< of the structure and the names, the same in every scope
  std::int64_t constant = 0;  ///< of a sum
  const term* term_data = nullptr;
  const dim* argument_data = nullptr;
  const char* name = nullptr;  ///< zero-terminated, of a symbol
  symbol_scope* scope = nullptr;

  constexpr std::span<const term> terms() const { return {term_data, term_count}; }

  constexpr std::span<const dim> arguments() const { return {argument_data, argument_count}; }

  constexpr bool is_atom() const { return kind < form::product; }
};

inline constexpr expr overflow_node{};

}  // namespace symbol_detail

constexpr dim dim::overflow() {
  return of(&symbol_detail::overflow_node);
}

constexpr bool dim::is_symbol() const {
  return node_ && node_->kind == symbol_detail::form::symbol;
}

constexpr bool dim::is_overflow() const {
  return node_ && node_->kind == symbol_detail::form::overflow;
}

constexpr std::uint32_t dim::symbol_id() const {
  return node_->symbol;
}

constexpr symbol_scope* dim::scope() const {
  return node_ ? node_->scope : nullptr;
}

constexpr std::size_t dim::hash() const {
  const std::uint64_t seed = node_ ? node_->hash : static_cast<std::uint64_t>(value_);
  std::uint64_t x = seed + 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return static_cast<std::size_t>(x ^ (x >> 31));
}

}  // namespace tenon::inline v0
