#pragma once

#include "tenon/ops/data.hpp"

#include <algorithm>
#include <optional>

namespace tenon::inline v0::ops {

/// What holds for a value that comes from either of two facts; sizes that differ become unbacked.
inline result<fact> merged(infer_context& ctx,
                           const fact& a,
                           const fact& b,
                           std::string_view what) {
  if (a.type != b.type || a.what != b.what || a.holds_sequence != b.holds_sequence)
    return fail(code::shape, what, " is ", a.str(), " in one branch and ", b.str(),
                " in the other");
  fact out = a;
  out.constant = {};
  const bool same_content = a.elements && a.elements == b.elements;
  if (!same_content) out.elements.reset();
  if (a.is_constant() && b.is_constant() && identical(a.constant, b.constant))
    out.constant = a.constant;
  if (!a.is_ranked || !b.is_ranked || a.rank() != b.rank()) {
    out.is_ranked = false;
    out.shape.clear();
    out.elements.reset();
    return out;
  }
  for (std::size_t i = 0; i < a.rank(); ++i) {
    if (a.shape[i] == b.shape[i]) continue;
    if (!a.is_tensor()) {
      out.shape[i] = dim::overflow();
      continue;
    }
    const interval ra = ctx.facts().bounds(a.shape[i]), rb = ctx.facts().bounds(b.shape[i]);
    out.shape[i] = ctx.unbacked("branch", dim(std::max(ra.hi, rb.hi)));
  }
  return out;
}

/// The outputs of a body for input facts; fails when there is none or nothing can infer it.
inline result<std::vector<fact>> infer_body(infer_context& ctx,
                                            const subgraph& body,
                                            std::span<const fact> inputs,
                                            std::string_view name) {
  if (!body) return fail(code::attribute, "attribute '", name, "' is missing, expected a graph");
  if (body->inputs().size() != inputs.size())
    return fail(code::graph, name, " has ", body->inputs().size(), " inputs, expected ",
                inputs.size());
  if (!ctx.infer_subgraph) return fail(code::unsupported, "no inference of subgraphs here");
  return ctx.infer_subgraph(*body, inputs, ctx.symbols(), ctx.depth + 1);
}

/// A bool of a tensor with one element.
inline result<bool> truth_of(const datum& value, std::string_view what) {
  if (!value.is_tensor() || value.as_tensor().type() != dtype::boolean ||
      value.as_tensor().size() != 1)
    return fail(code::shape, what, " is ", value.str(), ", expected one bool");
  return *value.as_tensor().data<bool>();
}

/// y... = then_branch(captures...) when cond holds, else else_branch(captures...); a branch whose shapes
/// do not fit the captured values is one that is not taken for them
struct if_ {
  static constexpr op_info info{"if", ports{"cond", many("capture")}, ports{many("y")},
                                pure | holds_graphs | data_dependent | any_kind};
  subgraph then_branch = {};  ///< inputs: all captures in order
  subgraph else_branch = {};  ///< inputs: all captures in order
  static constexpr auto attributes =
      attributes_of(attribute{"else_branch", &if_::else_branch, true},
                    attribute{"then_branch", &if_::then_branch, true});
  static constexpr onnx_import onnx{"If", 1};
  friend bool operator==(const if_&, const if_&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(ctx.require_type(0, {dtype::boolean}, "cond"));
    std::vector<fact> inputs;
    for (std::size_t i = 1; i < ctx.size(); ++i) {
      if (!ctx.has(i)) return fail(code::graph, "capture ", i - 1, " is absent");
      inputs.push_back(ctx[i]);
    }
    std::optional<bool> known;
    if (ctx[0].is_constant() && ctx[0].constant.size() == 1) known = *ctx[0].constant.data<bool>();
    if (known) {
      TENON_TRY(auto taken, infer_body(ctx, *known ? then_branch : else_branch, inputs,
                                       *known ? "then_branch" : "else_branch"));
      if (taken.size() != ctx.output_count())
        return fail(code::graph, "branch has ", taken.size(), " outputs, expected ",
                    ctx.output_count());
      for (std::size_t i = 0; i < taken.size(); ++i) ctx.output(i, std::move(taken[i]));
      return {};
    }
    auto first = infer_body(ctx, then_branch, inputs, "then_branch");
    auto second = infer_body(ctx, else_branch, inputs, "else_branch");
    if (!first && second && first.failure().kind == code::shape) first = second;
    if (first && !second && second.failure().kind == code::shape) second = first;
    TENON_TRY(auto yes, std::move(first));
    TENON_TRY(auto no, std::move(second));
    if (yes.size() != ctx.output_count() || no.size() != ctx.output_count())
      return fail(code::graph, "branches have ", yes.size(), " and ", no.size(),
                  " outputs, expected ", ctx.output_count());
    for (std::size_t i = 0; i < yes.size(); ++i) {
      TENON_TRY(fact both, merged(ctx, yes[i], no[i], cat("output ", i)));
      ctx.output(i, std::move(both));
    }
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(const bool taken, truth_of(ctx.input(0), "cond"));
    std::vector<datum> inputs;
    for (std::size_t i = 1; i < ctx.size(); ++i) inputs.push_back(ctx.given(i));
    TENON_TRY(auto outputs, ctx.run(taken ? *then_branch : *else_branch, inputs));
    for (std::size_t i = 0; i < outputs.size(); ++i) ctx.output(i, std::move(outputs[i]));
    return {};
  }
};

/// The pieces of a scan output, joined once at the end: one slice per iteration along a new axis.
class scan_pieces {
 public:
  status add(const datum& piece) {
    if (!piece.is_tensor())
      return fail(code::shape, "a scan output is ", piece.str(), ", expected a tensor");
    const tensor& t = piece.as_tensor();
    if (!pieces_.empty() && (t.type() != pieces_[0].type() || !(t.dims() == pieces_[0].dims())))
      return fail(code::shape, "a scan output is ", t.str(), ", expected ", pieces_[0].str(),
                  " as in the first iteration");
    pieces_.push_back(t);
    return {};
  }

  /// Joins along `axis` of the result, from last to first when `reversed`; `empty` gives dtype and shape of no piece.
  status join(eval_context& ctx,
              std::size_t output,
              std::int64_t axis,
              bool reversed,
              const tensor& empty) const {
    const tensor& like = pieces_.empty() ? empty : pieces_[0];
    const auto rank = static_cast<std::int64_t>(like.rank()) + 1;
    if (axis < -rank || axis >= rank)
      return fail(code::attribute, "scan output axis is ", axis, ", expected ", -rank, " to ",
                  rank - 1);
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    const auto count = static_cast<std::int64_t>(pieces_.size());
    extents shape = like.dims();
    shape.insert(shape.begin() + at, count);
    TENON_TRY(tensor y, ctx.output(output, like.type(), shape));
    const std::int64_t outer = size_between(shape, 0, at);
    const std::int64_t inner = size_between(shape, at + 1, shape.size());
    for (std::int64_t p = 0; p < count; ++p) {
      const element_mover move(y, pieces_[static_cast<std::size_t>(reversed ? count - 1 - p : p)]);
      for (std::int64_t o = 0; o < outer; ++o) move((o * count + p) * inner, o * inner, inner);
    }
    return {};
  }

 private:
  std::vector<tensor> pieces_;
};

/// Dtype and sizes (0 where unknown) of a body output, without bytes; for scan outputs of no iteration.
inline tensor piece_like(const graph& body, std::size_t output) {
  const fact& f = body.fact(body.outputs()[output]);
  extents shape;
  if (f.is_ranked)
    for (const dim d : f.shape)
      shape.push_back(d.is_constant() && d.constant() >= 0 ? d.constant() : 0);
  return tensor::over(f.type == dtype::undefined ? dtype::f32 : f.type, shape, storage());
}

}  // namespace tenon::inline v0::ops
