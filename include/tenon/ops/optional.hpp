#pragma once

#include "tenon/ops/sequence_rule.hpp"
#include "tenon/ops/type_list.hpp"

namespace tenon::inline v0::ops {

/// y = an optional that holds `x`, or nothing of type `type`
struct optional {
  static constexpr op_info info{"optional", ports{maybe("x")}, ports{"y"}, pure | any_kind};
  std::string type = {};  ///< such as `f32[...]` or `sequence(f32[...])`; without x
  static constexpr auto attributes = attributes_of(attribute{"type", &optional::type});
  static constexpr onnx_import onnx{"Optional", 15};
  friend bool operator==(const optional&, const optional&) = default;

  status infer(infer_context& ctx) const {
    if (!ctx.has(0)) {
      TENON_TRY(fact nothing, named());
      ctx.output(0, std::move(nothing));
      return {};
    }
    fact out = ctx[0];
    if (out.what == fact::kind::optional)
      return fail(code::shape, "x is ", out.str(), ", expected a tensor or a sequence");
    out.holds_sequence = out.what == fact::kind::sequence;
    out.what = fact::kind::optional;
    out.constant = {};
    out.elements.reset();
    ctx.output(0, std::move(out));
    return {};
  }

  /// The optional of the element type that `type` names; its shape is not read.
  result<fact> named() const {
    std::string_view text = type;
    const bool is_sequence = text.starts_with("sequence(");
    if (is_sequence) text.remove_prefix(9);
    const auto known = dtype_named(text.substr(0, text.find('[')));
    if (!known || *known == dtype::undefined)
      return fail(code::attribute, "type is ", quoted(type),
                  ", expected a tensor or sequence type because x is absent");
    fact out = fact::unranked(*known);
    out.what = fact::kind::optional;
    out.holds_sequence = is_sequence;
    return out;
  }

  status reference(eval_context& ctx) const {
    ctx.output(0, ctx.given(0));
    return {};
  }
};

/// y = whether an optional holds something; tensors and sequences do
struct optional_has_element {
  static constexpr op_info info{"optional_has_element", ports{maybe("x")}, ports{"y"},
                                pure | any_kind};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"OptionalHasElement", 15};
  friend bool operator==(const optional_has_element&, const optional_has_element&) = default;

  status infer(infer_context& ctx) const {
    ctx.output(0, dtype::boolean, {});
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0, dtype::boolean, extents{}));
    *y.data<bool>() = ctx.has(0);
    return {};
  }
};

/// y = what an optional holds, which must be something; tensors and sequences hold themselves
struct optional_get_element {
  static constexpr op_info info{"optional_get_element", ports{"x"}, ports{"y"}, pure | any_kind};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"OptionalGetElement", 15};
  friend bool operator==(const optional_get_element&, const optional_get_element&) = default;

  status infer(infer_context& ctx) const {
    ctx.output(0, ctx[0].what == fact::kind::optional ? element_of(ctx, ctx[0]) : ctx[0]);
    return {};
  }

  status reference(eval_context& ctx) const {
    if (!ctx.has(0)) return fail(code::input, "x holds nothing, expected an element");
    ctx.output(0, ctx.input(0));
    return {};
  }
};

using optional_ops = type_list<optional, optional_has_element, optional_get_element>;

}  // namespace tenon::inline v0::ops
