#pragma once

#include "tenon/ir/eval_context.hpp"
#include "tenon/ir/infer_context.hpp"
#include "tenon/tensor/convert.hpp"

#include <algorithm>

namespace tenon::inline v0::ir {

TENON_INLINE fact fact_of(const datum& value) {
  if (value.is_tensor()) {
    const tensor& t = value.as_tensor();
    if (is_integer(t.type()) || t.size() <= 16) return fact::of_constant(t);
    fact out;
    out.type = t.type();
    for (const std::int64_t d : t.dims()) out.shape.push_back(dim(d));
    return out;
  }
  fact out = fact::unranked(value.element_type());
  out.what = value.is_sequence() ? fact::kind::sequence : fact::kind::optional;
  return out;
}

TENON_INLINE status eval_context::infer_outputs(std::size_t count) {
  std::vector<fact> facts(inputs_.size());
  std::vector<const fact*> pointers(inputs_.size(), nullptr);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!has(i)) continue;
    facts[i] = fact_of(*inputs_[i]);
    pointers[i] = &facts[i];
  }
  const symbol_context symbols;
  infer_context ctx(pointers, count, symbols);
  TENON_TRY(op_->infer(ctx));
  facts_ = std::move(ctx.outputs());
  return {};
}

TENON_INLINE result<tensor> eval_context::output(std::size_t i) {
  // A trailing output that nobody asked for gets memory that is dropped.
  const bool is_unwanted = i >= outputs_.size() && i < op_->type().outputs.size();
  if (facts_.empty() || (is_unwanted && i >= facts_.size()))
    TENON_TRY(infer_outputs(std::max(outputs_.size(), is_unwanted ? i + 1 : 0)));
  if (i >= facts_.size()) return fail(code::graph, "output ", i, " does not exist");
  const fact& f = facts_[i];
  if (!f.is_ranked) return fail(code::shape, "the rank of output ", i, " is unknown");
  extents dims;
  for (const dim d : f.shape) {
    if (!d.is_constant() || d.constant() < 0)
      return fail(code::shape, "axis ", dims.size(), " of output ", i, " is ",
                  d.is_constant() ? cat(d.constant()) : std::string("unknown"),
                  ", expected a known size of at least 0");
    dims.push_back(d.constant());
  }
  return output(i, f.type, dims);
}

TENON_INLINE std::vector<std::int64_t> eval_context::integers(std::size_t i) const {
  const tensor& t = (*this)[i];
  std::vector<std::int64_t> out(static_cast<std::size_t>(t.size()));
  load_elements<std::int64_t>(t, out);
  return out;
}

}  // namespace tenon::inline v0::ir
