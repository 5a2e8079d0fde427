#pragma once

#include "tenon/ops/sequence_rule.hpp"
#include "tenon/ops/type_list.hpp"

namespace tenon::inline v0::ops {

/// y = [x...], tensors of one element type
struct sequence_construct {
  static constexpr op_info info{"sequence_construct", ports{many("x")}, ports{"y"}};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"SequenceConstruct", 11};
  friend bool operator==(const sequence_construct&, const sequence_construct&) = default;

  status infer(infer_context& ctx) const {
    if (!ctx.has(0)) return fail(code::graph, "has no inputs, expected at least one");
    fact out = sequence_like(ctx[0]);
    for (std::size_t i = 1; i < ctx.size(); ++i) {
      if (!ctx.has(i)) return fail(code::graph, "input ", i, " is absent");
      TENON_TRY(add_element(out, ctx[i], cat("input ", i)));
    }
    ctx.output(0, std::move(out));
    return {};
  }

  status reference(eval_context& ctx) const {
    std::vector<datum> items;
    for (std::size_t i = 0; i < ctx.size(); ++i) items.push_back(ctx.input(i));
    ctx.output(0, datum(std::move(items)));
    return {};
  }
};

/// y = []
struct sequence_empty {
  static constexpr op_info info{"sequence_empty", ports<0>{}, ports{"y"}};
  tenon::dtype dtype = tenon::dtype::f32;  ///< of the elements
  static constexpr auto attributes = attributes_of(attribute{"dtype", &sequence_empty::dtype});
  static constexpr onnx_import onnx{"SequenceEmpty", 11};
  friend bool operator==(const sequence_empty&, const sequence_empty&) = default;

  status infer(infer_context& ctx) const {
    if (dtype == tenon::dtype::undefined)
      return fail(code::attribute, "dtype is undefined, expected an element type");
    ctx.output(0, fact::sequence_of(fact::unranked(dtype)));
    return {};
  }

  status reference(eval_context& ctx) const {
    datum out{std::vector<datum>()};
    out.declare_element_type(dtype);
    ctx.output(0, std::move(out));
    return {};
  }
};

/// y = sequence[position]
struct sequence_at {
  static constexpr op_info info{"sequence_at", ports{"sequence", "position"}, ports{"y"},
                                pure | any_kind | data_dependent};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"SequenceAt", 11};
  friend bool operator==(const sequence_at&, const sequence_at&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_sequence(ctx, 0, "sequence"));
    TENON_TRY(require_position(ctx, 1));
    ctx.output(0, element_of(ctx, ctx[0]));
    return {};
  }

  status reference(eval_context& ctx) const {
    const auto& items = ctx.input(0).items();
    TENON_TRY(const std::size_t at, position_in(ctx, 1, items.size(), 0));
    ctx.output(0, items[at]);
    return {};
  }
};

/// y = sequence with `x` before `position`, at the end without one
struct sequence_insert {
  static constexpr op_info info{"sequence_insert", ports{"sequence", "x", maybe("position")},
                                ports{"y"}, pure | any_kind};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"SequenceInsert", 11};
  friend bool operator==(const sequence_insert&, const sequence_insert&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_sequence(ctx, 0, "sequence"));
    TENON_TRY(require_position(ctx, 2));
    fact out = ctx[0];
    TENON_TRY(add_element(out, ctx[1], "x"));
    ctx.output(0, std::move(out));
    return {};
  }

  status reference(eval_context& ctx) const {
    datum out = copy_of_sequence(ctx.input(0));
    auto& items = out.items();
    std::size_t at = items.size();
    if (ctx.has(2)) {
      const auto size = static_cast<std::int64_t>(items.size());
      const auto given = ctx.integers(2);
      if (given.size() != 1 || given[0] < -size || given[0] > size)
        return fail(code::index, "position is ", bracketed(given), ", expected ", -size, " to ",
                    size);
      at = static_cast<std::size_t>(given[0] < 0 ? given[0] + size : given[0]);
    }
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), ctx.input(1));
    ctx.output(0, std::move(out));
    return {};
  }
};

/// y = sequence without the element at `position`, without the last one when there is no position
struct sequence_erase {
  static constexpr op_info info{"sequence_erase", ports{"sequence", maybe("position")}, ports{"y"},
                                pure | any_kind};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"SequenceErase", 11};
  friend bool operator==(const sequence_erase&, const sequence_erase&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_sequence(ctx, 0, "sequence"));
    TENON_TRY(require_position(ctx, 1));
    ctx.output(0, ctx[0]);
    return {};
  }

  status reference(eval_context& ctx) const {
    datum out = copy_of_sequence(ctx.input(0));
    auto& items = out.items();
    if (items.empty()) return fail(code::index, "sequence is empty, expected an element to erase");
    TENON_TRY(const std::size_t at, position_in(ctx, 1, items.size(), items.size() - 1));
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
    ctx.output(0, std::move(out));
    return {};
  }
};

/// y = how many elements a sequence has
struct sequence_length {
  static constexpr op_info info{"sequence_length", ports{"sequence"}, ports{"y"}, pure | any_kind};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"SequenceLength", 11};
  friend bool operator==(const sequence_length&, const sequence_length&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_sequence(ctx, 0, "sequence"));
    ctx.output(0, dtype::i64, {});
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0, dtype::i64, extents{}));
    *y.data<std::int64_t>() = static_cast<std::int64_t>(ctx.input(0).items().size());
    return {};
  }
};

using sequence_ops = type_list<sequence_construct,
                               sequence_empty,
                               sequence_at,
                               sequence_insert,
                               sequence_erase,
                               sequence_length>;

}  // namespace tenon::inline v0::ops
