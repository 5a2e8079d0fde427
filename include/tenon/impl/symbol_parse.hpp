#pragma once

#include "tenon/symbol/expression_reader.hpp"
#include "tenon/symbol/polynomial.hpp"
#include "tenon/symbol/scope.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0 {

namespace symbol_detail {

inline bool is_plain_name(std::string_view name) {
  if (name.empty() || !is_name_start(name[0])) return false;
  for (const char c : name)
    if (!is_name_part(c)) return false;
  return true;
}

inline void print_name(std::string& out, std::string_view name) {
  if (is_plain_name(name)) {
    out += name;
    return;
  }
  out += '"';
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

inline void print(std::string& out, dim d);

inline void print_atom(std::string& out, const expr& e) {
  if (e.kind == form::symbol) return print_name(out, e.name);
  constexpr std::string_view names[] = {"overflow", "", "floordiv", "min", "max", "broadcast"};
  out += names[static_cast<std::size_t>(e.kind)];
  out += '(';
  for (std::size_t i = 0; i < e.argument_count; ++i) {
    if (i > 0) out += ", ";
    print(out, e.argument_data[i]);
  }
  out += ')';
}

inline void print_monomial(std::string& out, const expr& e) {
  if (e.kind != form::product) return print_atom(out, e);
  bool first = true;
  for (const term t : e.terms()) {
    for (std::int64_t i = 0; i < t.factor; ++i) {
      if (!first) out += '*';
      first = false;
      print_atom(out, *t.what);
    }
  }
}

inline std::string magnitude(std::int64_t v) {
  std::string out = cat(v);
  return v < 0 ? out.substr(1) : out;
}

/// factor * mod(x, k), found in a sum as factor * x - factor * k * floordiv(x, k).
struct mod_part {
  std::int64_t factor = 0;
  dim x;
  dim k;
};

/// Takes one mod out of the sum when all of it is there.
inline std::optional<mod_part> take_mod(polynomial& p) {
  for (const term t : p.terms) {
    if (t.what->kind != form::floordiv || !t.what->arguments()[1].is_constant()) continue;
    const std::int64_t k = t.what->arguments()[1].constant();
    if (t.factor % k != 0) continue;
    const mod_part out{-(t.factor / k), t.what->arguments()[0], k};
    polynomial rest = add_scaled(p, to_polynomial(dim::of(t.what)), -t.factor);
    const polynomial x = to_polynomial(out.x);
    const std::size_t before = rest.terms.size();
    rest = add_scaled(rest, x, -out.factor);
    if (!rest.is_valid || rest.terms.size() + x.terms.size() != before) continue;
    p = rest;
    return out;
  }
  return std::nullopt;
}

class sum_printer {
 public:
  explicit sum_printer(std::string& out) : out_(out) {}

  void sign(std::int64_t factor) {
    out_ += is_first_ ? (factor < 0 ? "-" : "") : (factor < 0 ? " - " : " + ");
    is_first_ = false;
  }

  void factor(std::int64_t v) {
    sign(v);
    if (v != 1 && v != -1) (out_ += magnitude(v)) += '*';
  }

 private:
  std::string& out_;
  bool is_first_ = true;
};

inline void print_sum(std::string& out, const expr& e) {
  polynomial p = to_polynomial(dim::of(&e));
  std::vector<mod_part> mods;
  while (const auto part = take_mod(p)) mods.push_back(*part);
  sum_printer printer(out);
  for (const term t : p.terms) {
    printer.factor(t.factor);
    print_monomial(out, *t.what);
  }
  for (const mod_part& part : mods) {
    printer.factor(part.factor);
    out += "mod(";
    print(out, part.x);
    out += ", ";
    print(out, part.k);
    out += ')';
  }
  if (p.constant == 0) return;
  printer.sign(p.constant);
  out += magnitude(p.constant);
}

inline void print(std::string& out, dim d) {
  if (d.is_constant()) {
    out += cat(d.constant());
    return;
  }
  const expr& e = *d.node();
  if (e.kind == form::overflow)
    out += "overflow()";
  else if (e.kind == form::sum)
    print_sum(out, e);
  else
    print_monomial(out, e);
}

}  // namespace symbol_detail

TENON_INLINE std::string dim::str() const {
  std::string out;
  symbol_detail::print(out, *this);
  return out;
}

TENON_INLINE result<dim> symbol_scope::parse(std::string_view text) {
  symbol_detail::expression_reader reader{*this, text};
  const dim out = reader.sum();
  if (!reader.is_at_end()) reader.complain("an operator or the end of the text");
  if (auto bad = reader.failure()) return *std::move(bad);
  return out;
}

namespace symbol_detail {

inline dim import_node(symbol_scope& into, dim d);

inline dim import_atom(symbol_scope& into, const expr& e) {
  if (e.kind == form::symbol) {
    if (const auto known = into.find(e.name)) return *known;
    return into.declare(e.name, e.is_unbacked);
  }
  dim out = import_node(into, e.argument_data[0]);
  for (std::size_t i = 1; i < e.argument_count; ++i) {
    const dim next = import_node(into, e.argument_data[i]);
    if (e.kind == form::floordiv) out = make_floordiv(out, next);
    if (e.kind == form::min) out = make_min(out, next);
    if (e.kind == form::max) out = make_max(out, next);
    if (e.kind == form::broadcast) out = make_broadcast(out, next);
  }
  return out;
}

inline dim import_node(symbol_scope& into, dim d) {
  if (!d.node() || d.is_overflow() || d.scope() == &into) return d;
  const expr& e = *d.node();
  if (e.is_atom()) return import_atom(into, e);
  dim out = e.kind == form::sum ? e.constant : 1;
  for (const term t : e.terms()) {
    if (e.kind == form::sum) {
      out += t.factor * import_node(into, dim::of(t.what));
      continue;
    }
    const dim base = import_node(into, dim::of(t.what));
    for (std::int64_t i = 0; i < t.factor; ++i) out *= base;
  }
  return out;
}

}  // namespace symbol_detail

TENON_INLINE dim symbol_scope::import(dim foreign) {
  return symbol_detail::import_node(*this, foreign);
}

}  // namespace tenon::inline v0
