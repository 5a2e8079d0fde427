#pragma once

#include "tenon/ir/attribute.hpp"

#include <string>
#include <variant>
#include <vector>

namespace tenon::inline v0::ir {

TENON_INLINE attribute_value::attribute_value() = default;
TENON_INLINE attribute_value::attribute_value(const attribute_value&) = default;
TENON_INLINE attribute_value::attribute_value(attribute_value&&) noexcept = default;
TENON_INLINE attribute_value& attribute_value::operator=(const attribute_value&) = default;
TENON_INLINE attribute_value& attribute_value::operator=(attribute_value&&) noexcept = default;
TENON_INLINE attribute_value::~attribute_value() = default;

namespace attribute_detail {

template <class T, class Text>
std::string list_text(const std::vector<T>& list, const Text& text_of) {
  constexpr std::size_t most_items = 16;
  std::string out = "[";
  for (std::size_t i = 0; i < list.size() && i < most_items; ++i)
    out += cat(i ? ", " : "", text_of(list[i]));
  return out + (list.size() > most_items ? cat(", ... ", list.size(), " in all]") : "]");
}

inline std::string string_text(const std::string& s) {
  return cat("\"", printable_name(s), "\"");
}

}  // namespace attribute_detail

TENON_INLINE std::string to_text(const attribute_value& v) {
  using namespace attribute_detail;
  const auto as_is = [](auto number) { return number; };
  if (const auto* i = std::get_if<std::int64_t>(&v)) return cat(*i);
  if (const auto* f = std::get_if<float>(&v)) return cat(*f);
  if (const auto* s = std::get_if<std::string>(&v)) return string_text(*s);
  if (const auto* is = std::get_if<std::vector<std::int64_t>>(&v)) return list_text(*is, as_is);
  if (const auto* fs = std::get_if<std::vector<float>>(&v)) return list_text(*fs, as_is);
  if (const auto* ss = std::get_if<std::vector<std::string>>(&v))
    return list_text(*ss, string_text);
  if (const auto* t = std::get_if<tensor>(&v)) return t->str();
  if (const auto* ts = std::get_if<std::vector<tensor>>(&v))
    return list_text(*ts, [](const tensor& t) { return t.str(); });
  if (std::holds_alternative<subgraph>(v)) return "graph";
  return "none";
}

}  // namespace tenon::inline v0::ir
