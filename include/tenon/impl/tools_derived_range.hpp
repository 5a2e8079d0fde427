#pragma once

#include "tenon/symbol/table.hpp"
#include "tenon/tools/command_quickstart.hpp"

#include <algorithm>

namespace tenon::inline v0::tools {

namespace derived_detail {

/// A usual size of a dim of an input: pixels of images, steps of sequences.
inline std::int64_t usual_size(const ir::fact& f, std::size_t axis) {
  if (f.rank() == 4 && axis >= 2) return 224;
  return f.rank() == 4 ? 3 : 64;
}

inline std::int64_t clamped(const facts_table& facts, dim d, std::int64_t size) {
  const interval known = facts.bounds(d);
  return std::min(std::max(size, known.lo), known.hi);
}

}  // namespace derived_detail

TENON_INLINE result<derived_range> derived_range::of(const ir::graph& g, const bindings& given) {
  derived_range out;
  const facts_table& facts = g.symbols.facts();
  TENON_TRY(input_shapes(g));
  for (const value_id v : g.inputs()) {
    const ir::fact& f = g.fact(v);
    if (f.rank() == 0 || !f.shape[0].is_symbol() || given[f.shape[0].symbol_id()]) continue;
    if (std::find(out.batches_.begin(), out.batches_.end(), f.shape[0]) == out.batches_.end())
      out.batches_.push_back(f.shape[0]);
  }
  for (const dim d : out.batches_) {
    out.lowest_ = derived_detail::clamped(facts, d, out.lowest_);
    out.highest_ = derived_detail::clamped(facts, d, out.highest_);
  }
  out.others_ = given;
  for (const value_id v : g.inputs()) {
    const ir::fact& f = g.fact(v);
    for (std::size_t k = 0; k < f.rank(); ++k) {
      const dim d = f.shape[k];
      const bool is_batch =
          std::find(out.batches_.begin(), out.batches_.end(), d) != out.batches_.end();
      if (!d.is_symbol() || is_batch || out.others_[d.symbol_id()]) continue;
      out.others_.set(d, derived_detail::clamped(facts, d, derived_detail::usual_size(f, k)));
    }
  }
  out.is_dynamic_ = !out.batches_.empty();
  TENON_TRY(out.range_.min, out.shapes(g, out.lowest_));
  TENON_TRY(out.range_.max, out.shapes(g, out.highest_));
  for (const std::int64_t batch : {5, 8}) {
    if (!out.is_dynamic_) break;
    TENON_TRY(auto point, out.shapes(g, out.allowed(batch)));
    out.range_.opts.push_back(std::move(point));
  }
  return out;
}

TENON_INLINE std::int64_t derived_range::allowed(std::int64_t batch) const {
  return std::min(std::max(batch, lowest_), highest_);
}

TENON_INLINE bindings derived_range::sizes(std::int64_t batch) const {
  bindings out = others_;
  for (const dim d : batches_) out.set(d, batch);
  return out;
}

TENON_INLINE result<std::vector<extents>> derived_range::shapes(const ir::graph& g,
                                                                std::int64_t batch) const {
  std::vector<extents> out;
  const bindings values = sizes(batch);
  for (const value_id v : g.inputs()) {
    const auto one = evaluate(g.fact(v).shape, values);
    if (!one)
      return fail(code::range, "input ", quoted(g[v].name), " is ", g.fact(v).str(),
                  ": its sizes are not known; give --dim SYMBOL=SIZE");
    out.push_back(*one);
  }
  return out;
}

}  // namespace tenon::inline v0::tools
