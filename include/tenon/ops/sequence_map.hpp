#pragma once

#include "tenon/ops/branch.hpp"
#include "tenon/ops/sequence_rule.hpp"

namespace tenon::inline v0::ops {

/// y... = the outputs of the body for each element of the first sequence, with the elements of the other
/// sequences beside it and the tensors as they are
struct sequence_map {
  static constexpr op_info info{"sequence_map", ports{"sequence", many("value")}, ports{many("y")},
                                pure | holds_graphs | any_kind};
  subgraph body = {};              ///< inputs: elements and tensors..., captures...
  std::int64_t carried_count = 1;  ///< inputs that are no captures
  static constexpr auto attributes =
      attributes_of(attribute{"body", &sequence_map::body, true},
                    attribute{"carried_count", &sequence_map::carried_count});
  static constexpr onnx_import onnx{"SequenceMap", 17};
  friend bool operator==(const sequence_map&, const sequence_map&) = default;

  bool is_own(std::size_t i) const { return static_cast<std::int64_t>(i) < carried_count; }

  status infer(infer_context& ctx) const {
    TENON_TRY(require_sequence(ctx, 0, "sequence"));
    std::vector<fact> inputs;
    for (std::size_t i = 0; i < ctx.size(); ++i) {
      if (!ctx.has(i)) return fail(code::graph, "input ", i, " is absent");
      const bool is_cut = is_own(i) && ctx[i].what == fact::kind::sequence;
      inputs.push_back(is_cut ? element_of(ctx, ctx[i]) : ctx[i]);
    }
    TENON_TRY(const auto outputs, infer_body(ctx, body, inputs, "body"));
    if (outputs.size() != ctx.output_count())
      return fail(code::graph, "body has ", outputs.size(), " outputs, expected ",
                  ctx.output_count());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i].is_tensor())
        return fail(code::shape, "output ", i, " of the body is ", outputs[i].str(),
                    ", expected a tensor");
      ctx.output(i, sequence_like(outputs[i]));
    }
    return {};
  }

  status reference(eval_context& ctx) const {
    const std::size_t count = ctx.input(0).items().size();
    std::vector<datum> inputs;
    for (std::size_t i = 0; i < ctx.size(); ++i) {
      inputs.push_back(ctx.given(i));
      if (is_own(i) && inputs[i].is_sequence() && inputs[i].items().size() != count)
        return fail(code::shape, "input ", i, " has ", inputs[i].items().size(),
                    " elements, expected ", count);
    }
    std::vector<std::vector<datum>> made(ctx.output_count());
    for (std::size_t turn = 0; turn < count; ++turn) {
      TENON_TRY(ctx.check_limits());
      for (std::size_t i = 0; i < ctx.size(); ++i)
        if (is_own(i) && ctx.given(i).is_sequence()) inputs[i] = ctx.input(i).items()[turn];
      TENON_TRY(auto outputs, ctx.run(*body, inputs));
      if (outputs.size() != made.size())
        return fail(code::graph, "body has ", outputs.size(), " outputs, expected ", made.size());
      for (std::size_t i = 0; i < made.size(); ++i) made[i].push_back(std::move(outputs[i]));
    }
    for (std::size_t i = 0; i < made.size(); ++i) {
      datum out(std::move(made[i]));
      if (count == 0) out.declare_element_type(body->fact(body->outputs()[i]).type);
      ctx.output(i, std::move(out));
    }
    return {};
  }
};

}  // namespace tenon::inline v0::ops
