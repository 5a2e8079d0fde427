#pragma once

#include "tenon/ops/data.hpp"

namespace tenon::inline v0::ops {

/// Fails unless input `i` is a sequence.
inline status require_sequence(const infer_context& ctx, std::size_t i, std::string_view what) {
  if (ctx[i].what == fact::kind::sequence) return {};
  return fail(code::shape, what, " is ", ctx[i].str(), ", expected a sequence");
}

/// Fails unless input `i` is absent or one integer.
inline status require_position(infer_context& ctx, std::size_t i) {
  if (!ctx.has(i)) return {};
  TENON_TRY(require_index_type(ctx, i, "position"));
  return require_scalar(ctx, i, "position");
}

/// What holds for one element of a sequence or optional: only sizes that are numbers are the same for all.
inline fact element_of(infer_context& ctx, const fact& whole) {
  fact out = whole;
  out.what = whole.what == fact::kind::optional && whole.holds_sequence ? fact::kind::sequence
                                                                        : fact::kind::tensor;
  out.holds_sequence = false;
  if (out.is_tensor())
    for (dim& d : out.shape)
      if (!d.is_constant()) d = ctx.unbacked("item", dim(interval::highest));
  return out;
}

/// A sequence of tensors like `element`; sizes that are no numbers may differ from one to the next.
inline fact sequence_like(fact element) {
  for (dim& d : element.shape)
    if (!d.is_constant()) d = dim::overflow();
  return fact::sequence_of(std::move(element));
}

/// Widens what holds for the elements of a sequence by another element.
inline status add_element(fact& sequence, const fact& element, std::string_view what) {
  if (!element.is_tensor() || element.type != sequence.type)
    return fail(code::shape, what, " is ", element.str(), ", expected a tensor of ",
                name_of(sequence.type));
  if (!sequence.is_ranked) return {};
  if (!element.is_ranked || element.rank() != sequence.rank()) {
    sequence.is_ranked = false;
    sequence.shape.clear();
    return {};
  }
  for (std::size_t i = 0; i < sequence.rank(); ++i)
    if (sequence.shape[i] != element.shape[i]) sequence.shape[i] = dim::overflow();
  return {};
}

/// The place that input `i` names in a sequence of `size` elements, or `otherwise` when it is absent.
inline result<std::size_t> position_in(const eval_context& ctx,
                                       std::size_t i,
                                       std::size_t size,
                                       std::size_t otherwise) {
  if (!ctx.has(i)) return otherwise;
  const auto given = ctx.integers(i);
  if (given.size() != 1)
    return fail(code::shape, "position has ", given.size(), " elements, expected 1");
  TENON_TRY(const std::int64_t at,
            checked_index(given[0], static_cast<std::int64_t>(size), "position"));
  return static_cast<std::size_t>(at);
}

/// A copy of a sequence that keeps its element type when it gets empty.
inline datum copy_of_sequence(const datum& sequence) {
  datum out = sequence;
  out.declare_element_type(sequence.element_type());
  return out;
}

}  // namespace tenon::inline v0::ops
