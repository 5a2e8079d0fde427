#pragma once

#include "tenon/ir/op.hpp"

namespace tenon::inline v0::ir {

namespace op_detail {

TENON_INLINE error unknown_attribute(std::string_view name,
                                     std::span<const std::string_view> known) {
  return fail(code::attribute, "attribute ", quoted(name), " is unknown, expected one of ",
              bracketed(known));
}

}  // namespace op_detail

TENON_INLINE attribute_value any_op::attribute(std::string_view name) const {
  struct finder final : attribute_visitor {
    std::string_view wanted;
    attribute_value found;

    void operator()(std::string_view n, const attribute_value& v, bool) override {
      if (n == wanted) found = v;
    }
  } find;

  find.wanted = name;
  visit(find);
  return find.found;
}

TENON_INLINE std::vector<std::pair<std::string, subgraph>> any_op::bodies() const {
  struct finder final : attribute_visitor {
    std::vector<std::pair<std::string, subgraph>> found;

    void operator()(std::string_view n, const attribute_value& v, bool) override {
      if (const auto* body = std::get_if<subgraph>(&v); body && *body) found.emplace_back(n, *body);
    }
  } find;

  if (has(holds_graphs)) visit(find);
  return std::move(find.found);
}

}  // namespace tenon::inline v0::ir
