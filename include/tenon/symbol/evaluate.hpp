#pragma once

#include "tenon/symbol/dim.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace tenon::inline v0 {

/// Values of the symbols of one scope; every 64-bit value but the lowest.
class bindings {
 public:
  void set(dim symbol, std::int64_t value) { set(symbol.symbol_id(), value); }

  void set(std::uint32_t symbol, std::int64_t value) {
    if (symbol >= values_.size()) values_.resize(symbol + std::size_t{1}, unbound);
    values_[symbol] = value;
  }

  std::optional<std::int64_t> operator[](std::uint32_t symbol) const {
    if (symbol >= values_.size() || values_[symbol] == unbound) return std::nullopt;
    return values_[symbol];
  }

  /// Forgets the value of a symbol.
  void reset(std::uint32_t symbol) {
    if (symbol < values_.size()) values_[symbol] = unbound;
  }

  /// Forgets every value, keeps the memory.
  void clear() { values_.clear(); }

 private:
  static constexpr std::int64_t unbound = std::numeric_limits<std::int64_t>::min();
  std::vector<std::int64_t> values_;
};

/// A replacement for symbols of one scope.
class substitution {
 public:
  void set(dim symbol, dim value) {
    const std::uint32_t id = symbol.symbol_id();
    if (id >= values_.size()) values_.resize(id + std::size_t{1});
    values_[id] = value;
  }

  std::optional<dim> operator[](std::uint32_t symbol) const {
    return symbol < values_.size() ? values_[symbol] : std::nullopt;
  }

 private:
  std::vector<std::optional<dim>> values_;
};

/// The value; nothing for an unbound symbol, overflow, division by zero, or a broadcast that does
/// not fit.
std::optional<std::int64_t> evaluate(dim d, const bindings& values);

/// Appends the ids of the symbols in d, each once.
void collect_symbols(dim d, inline_vector<std::uint32_t, 8>& out);

/// d with symbols replaced, in canonical form.
dim substitute(dim d, const substitution& by);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/symbol_evaluate.hpp"
#endif
