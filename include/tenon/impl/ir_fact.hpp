#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/ir/fact.hpp"

#include <string>
#include <utility>

namespace tenon::inline v0::ir {

TENON_INLINE std::optional<std::vector<std::int64_t>> numbers_of(std::span<const dim> content) {
  std::vector<std::int64_t> out;
  for (const dim d : content) {
    if (!d.is_constant()) return std::nullopt;
    out.push_back(d.constant());
  }
  return out;
}

TENON_INLINE std::optional<tensor> known_tensor(const fact& f) {
  if (f.is_constant()) return f.constant;
  const auto sizes = f.is_tensor() && f.is_ranked ? to_extents(f.shape) : std::nullopt;
  const auto content = sizes && f.has_elements() ? numbers_of(*f.elements) : std::nullopt;
  if (!content || checked_product(std::span(sizes->data(), sizes->size())) != std::ssize(*content))
    return std::nullopt;
  tensor out(f.type, *sizes);
  for (std::size_t i = 0; i < content->size(); ++i) {
    if (f.type == dtype::i64)
      out.data<std::int64_t>()[i] = (*content)[i];
    else if (f.type == dtype::i32)
      out.data<std::int32_t>()[i] = static_cast<std::int32_t>((*content)[i]);
    else if (f.type == dtype::boolean)
      out.data<bool>()[i] = (*content)[i] != 0;
    else
      return std::nullopt;
  }
  return out;
}

TENON_INLINE fact fact::of_constant(tensor content) {
  fact out;
  out.type = content.type();
  for (const std::int64_t d : content.dims()) out.shape.push_back(dim(d));
  if ((content.type() == dtype::i64 || content.type() == dtype::i32) &&
      content.size() <= max_tracked_elements && content.rank() <= 1) {
    out.elements.emplace();
    for (std::int64_t i = 0; i < content.size(); ++i)
      out.elements->push_back(dim(content.type() == dtype::i64 ? content.data<std::int64_t>()[i]
                                                               : content.data<std::int32_t>()[i]));
  }
  out.constant = std::move(content);
  return out;
}

TENON_INLINE std::string fact::str() const {
  std::string inner = cat(name_of(type), is_ranked ? bracketed(shape) : std::string("[...]"));
  if (what == kind::sequence) return cat("sequence(", inner, ")");
  if (what == kind::optional)
    return holds_sequence ? cat("optional(sequence(", inner, "))") : cat("optional(", inner, ")");
  return inner;
}

}  // namespace tenon::inline v0::ir
