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

TENON_INLINE std::string to_text(const attribute_value& v) {
  if (const auto* i = std::get_if<std::int64_t>(&v)) return cat(*i);
  if (const auto* f = std::get_if<float>(&v)) return cat(*f);
  if (const auto* s = std::get_if<std::string>(&v)) return cat("\"", printable_name(*s), "\"");
  if (const auto* is = std::get_if<std::vector<std::int64_t>>(&v)) return bracketed(*is);
  if (const auto* fs = std::get_if<std::vector<float>>(&v)) return bracketed(*fs);
  if (const auto* ss = std::get_if<std::vector<std::string>>(&v)) return bracketed(*ss);
  if (const auto* t = std::get_if<tensor>(&v)) return t->str();
  if (std::holds_alternative<subgraph>(v)) return "graph";
  return "none";
}

}  // namespace tenon::inline v0::ir
