#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/symbol/evaluate.hpp"
#include "tenon/symbol/table.hpp"
#include "tenon/tensor/convert.hpp"

#include "case_data.hpp"

namespace conformance {

/// The sizes that the inputs of a run give to the symbols of their axes.
inline bindings sizes_of(const ir::graph& g, std::span<const datum> inputs) {
  bindings out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::fact& f = g.fact(g.inputs()[i]);
    if (!f.is_tensor() || !f.is_ranked || !inputs[i].is_tensor()) continue;
    const extents& found = inputs[i].as_tensor().dims();
    for (std::size_t k = 0; k < f.rank() && k < found.size(); ++k)
      if (f.shape[k].is_symbol()) out.set(f.shape[k], found[k]);
  }
  return out;
}

/// Whether a number is what an expression promised: its value, or within its bounds when data decides it.
inline bool is_promised(const ir::graph& g, dim d, const bindings& sizes, std::int64_t found) {
  if (const auto value = evaluate(d, sizes)) return *value == found;
  inline_vector<std::uint32_t, 8> symbols;
  collect_symbols(d, symbols);
  bool is_open = d.is_overflow();
  for (const std::uint32_t s : symbols) is_open = is_open || !sizes[s];
  const interval range = g.symbols.facts().bounds(d);
  return is_open && found >= range.lo && found <= range.hi;
}

/// Fails when rank, sizes or small content of a value are not what was inferred before the run.
inline status check_promise(const ir::graph& g,
                            const ir::fact& f,
                            const bindings& sizes,
                            const tensor& found) {
  const auto broken = [&] {
    return fail(code::shape, "inferred as ", f.str(), ", found ", found.str());
  };
  if (!f.is_ranked) return {};
  if (f.rank() != found.rank()) return broken();
  for (std::size_t k = 0; k < f.rank(); ++k)
    if (!is_promised(g, f.shape[k], sizes, found.dim(k))) return broken();
  if (!f.has_elements()) return {};
  std::vector<std::int64_t> content(static_cast<std::size_t>(found.size()));
  load_elements<std::int64_t>(found, content);
  if (content.size() != f.elements->size()) return broken();
  for (std::size_t k = 0; k < content.size(); ++k)
    if (!is_promised(g, (*f.elements)[k], sizes, content[k]))
      return fail(code::shape, "element ", k, " inferred as ", (*f.elements)[k], ", found ",
                  content[k]);
  return {};
}

/// Fails when the outputs of a run are not what was inferred for symbolic inputs.
inline status check_promises(const ir::graph& g, const data_set& data) {
  const bindings sizes = sizes_of(g, data.inputs);
  for (std::size_t i = 0; i < data.outputs.size(); ++i) {
    const ir::fact& f = g.fact(g.outputs()[i]);
    if (!f.is_tensor() || !data.outputs[i].is_tensor()) continue;
    auto kept = check_promise(g, f, sizes, data.outputs[i].as_tensor());
    if (!kept) return std::move(kept).failure().in(cat("output ", i));
  }
  return {};
}

}  // namespace conformance
