#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/symbol/evaluate.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace tenon::inline v0 {

/// Whether `symbol` is in `d` at most as a plain factor of some terms, so that a value of d gives its own.
inline bool is_linear_in(dim d, std::uint32_t symbol) {
  if (!d.node()) return true;
  const symbol_detail::expr& e = *d.node();
  if (e.kind == symbol_detail::form::symbol) return true;
  if (e.is_atom()) {
    inline_vector<std::uint32_t, 8> inside;
    collect_symbols(d, inside);
    return std::find(inside.begin(), inside.end(), symbol) == inside.end();
  }
  for (const symbol_detail::term t : e.terms()) {
    const dim part = dim::of(t.what);
    if (!is_linear_in(part, symbol)) return false;
    const bool is_it = part.is_symbol() && part.symbol_id() == symbol;
    if (e.kind == symbol_detail::form::product && is_it && t.factor != 1) return false;
  }
  return true;
}

/// The one symbol of `d` without a value, when d is linear in it; `is_known(symbol)` says which have one.
template <class IsKnown> std::optional<std::uint32_t> solvable_symbol(dim d, IsKnown is_known) {
  inline_vector<std::uint32_t, 8> symbols;
  collect_symbols(d, symbols);
  std::optional<std::uint32_t> open;
  for (const std::uint32_t s : symbols) {
    if (is_known(s)) continue;
    if (open) return std::nullopt;
    open = s;
  }
  return open && is_linear_in(d, *open) ? open : std::nullopt;
}

/// What an equation said about a symbol.
enum class solved : unsigned char {
  yes,   ///< the expression has the value now
  open,  ///< several symbols of it are unknown, or it is not linear in the unknown one
  no,    ///< no size makes it so
};

/// Makes `d` have a value of at least 0 by giving its one unknown symbol a size; any size does where d does not depend
/// on it.
inline solved solve(dim d, std::int64_t value, bindings& sizes) {
  if (const auto known = evaluate(d, sizes)) return *known == value ? solved::yes : solved::no;
  const auto symbol = solvable_symbol(d, [&](std::uint32_t s) { return sizes[s].has_value(); });
  if (!symbol) return solved::open;
  if (value < 0) return solved::no;
  const auto value_at = [&](std::int64_t size) {
    sizes.set(*symbol, size);
    return evaluate(d, sizes);
  };
  const auto at_zero = value_at(0), at_one = value_at(1);
  std::int64_t size = 1;
  if (at_zero && at_one && *at_one != *at_zero) {
    const auto rise = checked_sub(*at_one, *at_zero), way = checked_sub(value, *at_zero);
    size = rise && way ? *way / *rise : -1;
  }
  if (size >= 0 && value_at(size) == value) return solved::yes;
  sizes.reset(*symbol);
  return solved::no;
}

}  // namespace tenon::inline v0
