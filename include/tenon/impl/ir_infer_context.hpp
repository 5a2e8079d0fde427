#pragma once

#include "tenon/ir/infer_context.hpp"
#include "tenon/tensor/convert.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon::inline v0::ir {

namespace infer_detail {

inline std::optional<std::vector<dim>> content_of(const fact& f) {
  if (f.has_elements()) return f.elements;
  if (!f.is_constant() || !is_integer(f.type)) return std::nullopt;
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(f.constant.size()));
  load_elements<std::int64_t>(f.constant, numbers);
  return std::vector<dim>(numbers.begin(), numbers.end());
}

}  // namespace infer_detail

TENON_INLINE std::optional<std::vector<dim>> infer_context::elements(std::size_t i) const {
  if (!has(i)) return std::nullopt;
  const fact& f = (*this)[i];
  if (f.is_constant() && f.constant.size() > max_tracked_elements) return std::nullopt;
  return infer_detail::content_of(f);
}

TENON_INLINE std::optional<std::vector<dim>> infer_context::content(std::size_t i) {
  if (!has(i)) return std::nullopt;
  auto known = infer_detail::content_of((*this)[i]);
  is_left_to_run_ |= !known;
  return known;
}

TENON_INLINE std::optional<std::vector<std::int64_t>> infer_context::numbers(std::size_t i) {
  const auto known = content(i);
  auto out = known ? numbers_of(*known) : std::nullopt;
  is_left_to_run_ |= has(i) && !out;
  return out;
}

TENON_INLINE result<std::size_t> infer_context::axis(std::int64_t a,
                                                     std::size_t rank,
                                                     std::string_view what) const {
  const auto r = static_cast<std::int64_t>(rank);
  if (a < -r || a >= r)
    return fail(code::attribute, what, " is ", a, ", expected ", -r, " to ", r - 1, " for rank ",
                rank);
  return static_cast<std::size_t>(a < 0 ? a + r : a);
}

TENON_INLINE status infer_context::require_type(std::size_t i,
                                                std::initializer_list<dtype> types,
                                                std::string_view what) const {
  if (!(*this)[i].is_tensor())
    return fail(code::shape, what, " is ", (*this)[i].str(), ", expected a tensor");
  for (const dtype t : types)
    if ((*this)[i].type == t) return {};
  std::string expected;
  for (const dtype t : types) expected += cat(expected.empty() ? "" : ", ", name_of(t));
  return fail(code::shape, what, " is ", name_of((*this)[i].type), ", expected ", expected);
}

TENON_INLINE dim infer_context::unbacked(std::string_view prefix, dim bound) {
  const dim symbol = scope().fresh(prefix);
  static_cast<void>(facts().restrict(symbol, 0, facts().bounds(bound).hi, node));
  return symbol;
}

TENON_INLINE status infer_context::require_equal(dim a, dim b, std::string_view what) {
  if (a == b) return {};
  switch (facts().is_equal(a, b)) {
    case truth::yes:
      return {};
    case truth::no:
      return fail(code::shape, what, " is ", a, ", expected ", b);
    case truth::unknown:
      break;
  }
  defer(a, relation::equal, b, what);
  return {};
}

TENON_INLINE status infer_context::require_at_most(dim a, dim b, std::string_view what) {
  const truth known = facts().is_less_equal(a, b);
  if (known == truth::no) return fail(code::shape, what, " is ", a, ", expected at most ", b);
  if (known == truth::unknown) defer(a, relation::less_equal, b, what);
  return {};
}

TENON_INLINE status infer_context::require_same(const dims& a,
                                                const dims& b,
                                                std::string_view what) {
  if (a.size() != b.size())
    return fail(code::shape, what, " has shape ", bracketed(a), ", expected ", bracketed(b));
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto same = require_equal(a[i], b[i], what);
    if (!same)
      return fail(code::shape, what, " has shape ", bracketed(a), ", expected ", bracketed(b));
  }
  return {};
}

TENON_INLINE result<dim> infer_context::broadcast_dim(dim a, dim b, std::string_view what) {
  if (a == b) return a;
  if (a.is_constant() && a.constant() == 1) return b;
  if (b.is_constant() && b.constant() == 1) return a;
  if (facts().is_equal(a, b) == truth::yes) return a;
  if (a.is_constant() && b.is_constant())
    return fail(code::shape, what, " has sizes ", a, " and ", b, " that do not broadcast");
  defer(a, relation::broadcastable, b, what);
  if (a.is_constant()) return a;
  if (b.is_constant()) return b;
  return facts().simplify(symbol_detail::make_broadcast(a, b));
}

TENON_INLINE result<dims> infer_context::broadcast(const dims& a,
                                                   const dims& b,
                                                   std::string_view what) {
  const std::size_t rank = std::max(a.size(), b.size());
  dims out;
  for (std::size_t i = 0; i < rank; ++i) {
    const dim da = i + a.size() >= rank ? a[i + a.size() - rank] : dim(1);
    const dim db = i + b.size() >= rank ? b[i + b.size() - rank] : dim(1);
    auto size = broadcast_dim(da, db, what);
    if (!size)
      return fail(code::shape, what, ": shapes ", bracketed(a), " and ", bracketed(b),
                  " do not broadcast");
    out.push_back(*size);
  }
  return out;
}

}  // namespace tenon::inline v0::ir
