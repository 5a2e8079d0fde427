#pragma once

#include "tenon/symbol/shape.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace tenon_test {

using number = std::optional<std::int64_t>;

/// Floor division written out on its own, to compare with.
inline number plain_floordiv(std::int64_t a, std::int64_t b) {
  if (b == 0) return std::nullopt;
  std::int64_t q = a / b;
  while (q * b > a && b > 0) --q;
  while (q * b < a && b < 0) --q;
  return q;
}

/// A dim and, beside it, the value that plain arithmetic gives step by step under fixed symbol
/// values.
struct sample {
  tenon::dim formula;
  number value;
};

/// Builds random formulas from symbols A..E.
class dim_source {
 public:
  dim_source(std::uint64_t seed, tenon::symbol_scope& scope) : random_(seed), scope_(scope) {}

  std::int64_t draw(std::int64_t lo, std::int64_t hi) {
    return std::uniform_int_distribution<std::int64_t>(lo, hi)(random_);
  }

  /// New values for the symbols.
  void draw_values(std::int64_t lo, std::int64_t hi) {
    for (std::size_t i = 0; i < 5; ++i) {
      values_[i] = draw(lo, hi);
      bound_.set(scope_.symbol(names_[i]), values_[i]);
    }
  }

  const tenon::bindings& bound() const { return bound_; }

  sample any_symbol() {
    const auto i = static_cast<std::size_t>(draw(0, 4));
    return {scope_.symbol(names_[i]), values_[i]};
  }

  sample formula(int depth) {
    const std::int64_t pick = depth == 0 ? draw(0, 1) : draw(0, 11);
    if (pick == 0) {
      const std::int64_t v = draw(-4, 9);
      return {v, v};
    }
    if (pick <= 2) return any_symbol();
    const sample a = formula(depth - 1);
    const sample b = formula(depth - 1);
    const bool known = a.value && b.value;
    const std::int64_t x = a.value.value_or(0);
    const std::int64_t y = b.value.value_or(0);
    const auto when = [&](std::int64_t v) { return known ? number(v) : std::nullopt; };
    if (pick <= 4) return {a.formula + b.formula, when(x + y)};
    if (pick == 5) return {a.formula - b.formula, when(x - y)};
    if (pick == 6) return {a.formula * b.formula, when(x * y)};
    if (pick == 7) return {min(a.formula, b.formula), when(std::min(x, y))};
    if (pick == 8) return {max(a.formula, b.formula), when(std::max(x, y))};
    if (pick == 9) {
      const bool fits = x == y || x == 1 || y == 1;
      return {broadcast(a.formula, b.formula), fits ? when(x == 1 ? y : x) : std::nullopt};
    }
    return division(a, draw(0, 2) == 0 ? b : constant(draw(1, 8)), pick == 10);
  }

 private:
  static sample constant(std::int64_t v) { return {v, v}; }

  sample division(const sample& a, const sample& b, bool is_floor) {
    const auto q = a.value && b.value ? plain_floordiv(*a.value, *b.value) : std::nullopt;
    if (is_floor) return {floordiv(a.formula, b.formula), q};
    const bool is_mod = draw(0, 1) == 0;
    const number m = q ? number(*a.value - *q * *b.value) : std::nullopt;
    if (is_mod) return {mod(a.formula, b.formula), m};
    return {ceildiv(a.formula, b.formula), q ? number(*q + (*m != 0)) : std::nullopt};
  }

  std::mt19937_64 random_;
  tenon::symbol_scope& scope_;
  const char* names_[5] = {"A", "B", "C", "D", "E"};
  std::int64_t values_[5] = {};
  tenon::bindings bound_;
};

}  // namespace tenon_test
