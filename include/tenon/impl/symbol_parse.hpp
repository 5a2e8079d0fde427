#pragma once

#include "tenon/symbol/dim.hpp"
#include "tenon/symbol/expression_reader.hpp"
#include "tenon/symbol/scope.hpp"

#include <span>
#include <string>

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

inline void print(std::string& out, dim d) {
  if (d.is_constant()) {
    out += cat(d.constant());
    return;
  }
  const expr& e = *d.node();
  if (e.kind == form::overflow) {
    out += "overflow()";
    return;
  }
  if (e.kind != form::sum) return print_monomial(out, e);
  bool first = true;
  const auto sign = [&](std::int64_t v) {
    out += first ? (v < 0 ? "-" : "") : (v < 0 ? " - " : " + ");
    first = false;
  };
  for (const term t : e.terms()) {
    sign(t.factor);
    if (t.factor != 1 && t.factor != -1) (out += magnitude(t.factor)) += '*';
    print_monomial(out, *t.what);
  }
  if (e.constant == 0) return;
  sign(e.constant);
  out += magnitude(e.constant);
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
