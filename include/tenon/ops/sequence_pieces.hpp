#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/ops/sequence_rule.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>

namespace tenon::inline v0::ops {

/// y = the elements of a sequence joined along an axis, or along a new one
struct concat_from_sequence {
  static constexpr op_info info{"concat_from_sequence", ports{"sequence"}, ports{"y"},
                                pure | any_kind | data_dependent};
  std::int64_t axis = 0;
  bool new_axis = false;  ///< stacks the elements along an axis of their own
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &concat_from_sequence::axis, true},
                    attribute{"new_axis", &concat_from_sequence::new_axis});
  static constexpr onnx_import onnx{"ConcatFromSequence", 11};
  friend bool operator==(const concat_from_sequence&, const concat_from_sequence&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_sequence(ctx, 0, "sequence"));
    const fact& x = ctx[0];
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      return {};
    }
    TENON_TRY(const std::size_t at, ctx.axis(axis, x.rank() + (new_axis ? 1 : 0)));
    dims shape = element_of(ctx, x).shape;
    const dim total = ctx.unbacked("joined", dim(interval::highest));
    if (new_axis)
      shape.insert(shape.begin() + at, total);
    else
      shape[at] = total;
    ctx.output(0, x.type, std::move(shape));
    return {};
  }

  /// Fails when an element does not fit the first one; the size along `at` of all of them otherwise.
  result<std::int64_t> joined_size(const std::vector<datum>& items, std::size_t at) const {
    const tensor& first = items[0].as_tensor();
    std::int64_t total = 0;
    for (const datum& item : items) {
      const tensor& t = item.as_tensor();
      bool fits = t.type() == first.type() && t.rank() == first.rank();
      for (std::size_t i = 0; fits && i < t.rank(); ++i)
        fits = t.dim(i) == first.dim(i) || (!new_axis && i == at);
      if (!fits)
        return fail(code::shape, "an element is ", t.str(), ", expected it to fit ", first.str());
      const auto sum = checked_add(total, new_axis ? 1 : t.dim(at));
      if (!sum) return fail(code::resource, "the joined size outgrows 64 bits");
      total = *sum;
    }
    return total;
  }

  status reference(eval_context& ctx) const {
    const auto& items = ctx.input(0).items();
    if (items.empty()) return fail(code::shape, "sequence is empty, expected an element to join");
    const tensor& first = items[0].as_tensor();
    const auto rank = static_cast<std::int64_t>(first.rank()) + (new_axis ? 1 : 0);
    if (axis < -rank || axis >= rank)
      return fail(code::attribute, "axis is ", axis, ", expected ", -rank, " to ", rank - 1);
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    TENON_TRY(const std::int64_t total, joined_size(items, at));
    extents shape = first.dims();
    if (new_axis)
      shape.insert(shape.begin() + at, total);
    else
      shape[at] = total;
    TENON_TRY(tensor y, ctx.output(0, first.type(), shape));
    const std::int64_t outer = size_between(shape, 0, at);
    const std::int64_t row = size_between(shape, at, shape.size());
    std::int64_t start = 0;
    for (const datum& item : items) {
      const tensor& t = item.as_tensor();
      const element_mover move(y, t);
      const std::int64_t run = outer == 0 ? 0 : t.size() / outer;
      for (std::int64_t o = 0; o < outer; ++o) move(o * row + start, o * run, run);
      start += run;
    }
    return {};
  }
};

/// y = x cut along an axis: into slices of size 1, into chunks of `split`, or into pieces of sizes `split`
struct split_to_sequence {
  static constexpr op_info info{"split_to_sequence", ports{"x", maybe("split")}, ports{"y"},
                                pure | data_dependent};
  std::int64_t axis = 0;
  bool keepdims = true;  ///< without `split`: the slices keep the axis
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &split_to_sequence::axis},
                    attribute{"keepdims", &split_to_sequence::keepdims});
  static constexpr onnx_import onnx{"SplitToSequence", 11};
  friend bool operator==(const split_to_sequence&, const split_to_sequence&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_index_type(ctx, 1, "split"));
    fact element = ctx[0];
    element.constant = {};
    element.elements.reset();
    if (element.is_ranked) {
      TENON_TRY(const std::size_t at, ctx.axis(axis, element.rank()));
      if (!ctx.has(1) && !keepdims)
        element.shape.erase(element.shape.begin() + at);
      else
        element.shape[at] = ctx.has(1) ? dim::overflow() : dim(1);
    }
    ctx.output(0, sequence_like(std::move(element)));
    return {};
  }

  /// Pieces of an axis: of the sizes in a list, or `count` ones of `chunk` of which the last may be smaller.
  struct cuts {
    std::int64_t count = 0, chunk = 1;
    std::vector<std::int64_t> list;

    /// The size of the piece at index `i` that begins at `start` of `total`.
    std::int64_t size(std::int64_t i, std::int64_t start, std::int64_t total) const {
      return list.empty() ? std::min(chunk, total - start) : list[static_cast<std::size_t>(i)];
    }
  };

  /// Bytes that stand for one piece in the memory limit: its place in the list and its bookkeeping.
  static constexpr std::int64_t entry_bytes = 256;

  /// How an axis of size `total` is cut.
  result<cuts> cuts_of(const eval_context& ctx, std::int64_t total) const {
    if (!ctx.has(1)) return cuts{total, 1, {}};
    auto given = ctx.integers(1);
    if (ctx[1].rank() == 1) {
      std::int64_t sum = 0;
      for (const std::int64_t size : given) {
        const auto more = checked_add(sum, size);
        if (size < 0 || !more || *more > total)
          return fail(code::shape, "split is ", bracketed(given),
                      ", expected sizes of at least 0 that sum to ", total);
        sum = *more;
      }
      if (sum != total) return fail(code::shape, "split sums to ", sum, ", expected ", total);
      const std::int64_t count = std::ssize(given);
      return cuts{count, 1, std::move(given)};
    }
    if (given.size() != 1 || given[0] < 1)
      return fail(code::shape, "split is ", bracketed(given), ", expected one size above 0");
    return cuts{ceil_div(total, given[0]), given[0], {}};
  }

  status reference(eval_context& ctx) const {
    const tensor& x = ctx[0];
    const auto rank = static_cast<std::int64_t>(x.rank());
    if (axis < -rank || axis >= rank)
      return fail(code::attribute, "axis is ", axis, ", expected ", -rank, " to ", rank - 1);
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    const std::int64_t total = x.dim(at);
    TENON_TRY(const cuts pieces, cuts_of(ctx, total));
    // Stands for the list of pieces in the memory limit: each is listed, also when it has no elements.
    TENON_TRY(const tensor room, ctx.extra(dtype::u8, extents{pieces.count, entry_bytes}));
    const std::int64_t outer = size_between(x.dims(), 0, at);
    const std::int64_t inner = size_between(x.dims(), at + 1, x.rank());
    std::vector<datum> items;
    std::int64_t start = 0;
    for (std::int64_t i = 0; i < pieces.count; ++i) {
      TENON_TRY(ctx.check_limits());
      const std::int64_t size = pieces.size(i, start, total);
      extents shape = x.dims();
      shape[at] = size;
      if (!ctx.has(1) && !keepdims) shape.erase(shape.begin() + at);
      TENON_TRY(tensor piece, ctx.extra(x.type(), shape));
      const element_mover move(piece, x);
      for (std::int64_t o = 0; o < outer; ++o)
        move(o * size * inner, (o * total + start) * inner, size * inner);
      start += size;
      items.emplace_back(std::move(piece));
    }
    datum out(std::move(items));
    out.declare_element_type(x.type());
    ctx.output(0, std::move(out));
    return {};
  }
};

using sequence_pieces_ops = type_list<concat_from_sequence, split_to_sequence>;

}  // namespace tenon::inline v0::ops
