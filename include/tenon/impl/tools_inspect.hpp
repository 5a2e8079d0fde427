#pragma once

#include "tenon/formats/onnx/import.hpp"
#include "tenon/ir/print.hpp"
#include "tenon/symbol/evaluate.hpp"
#include "tenon/tools/command_inspect.hpp"

#include <map>

namespace tenon::inline v0::tools {

namespace inspect_detail {

class body_finder final : public ir::attribute_visitor {
 public:
  void operator()(std::string_view, const ir::attribute_value& value, bool) override {
    if (const auto* body = std::get_if<ir::subgraph>(&value); body && *body) found.push_back(*body);
  }

  std::vector<ir::subgraph> found;
};

/// Counts of a graph and its bodies.
struct totals {
  std::map<std::string_view, std::size_t> ops;
  std::size_t nodes = 0, bodies = 0, weights = 0;
  std::int64_t parameters = 0;
  std::size_t weight_bytes = 0;
  std::size_t constant_sizes = 0, formulas = 0, data_sizes = 0, unranked = 0;

  /// Counts how the sizes of a value are known.
  void add_sizes(const ir::graph& g, const ir::fact& f) {
    if (!f.is_tensor()) return;
    unranked += f.is_ranked ? 0 : 1;
    for (const dim d : f.shape) {
      inline_vector<std::uint32_t, 8> symbols;
      collect_symbols(d, symbols);
      bool is_data = false;
      for (const std::uint32_t s : symbols) is_data = is_data || g.symbols.scope().is_unbacked(s);
      ++(d.is_constant() ? constant_sizes : is_data ? data_sizes : formulas);
    }
  }

  void add(const ir::graph& g) {
    std::vector<bool> is_counted(g.value_capacity(), false);
    for (const node_id n : g.order()) {
      ++nodes;
      ++ops[g[n].op.name()];
      for (const value_id v : g[n].outputs)
        if (v) add_sizes(g, g.fact(v));
      for (const value_id v : g[n].inputs) {
        if (!v || !g.is_constant(v) || is_counted[v.index]) continue;
        is_counted[v.index] = true;
        ++weights;
        parameters += g.fact(v).constant.size();
        weight_bytes += g.fact(v).constant.size_bytes();
      }
      if (!g[n].op.has(ir::holds_graphs)) continue;
      body_finder inner;
      g[n].op.visit(inner);
      for (const ir::subgraph& body : inner.found) {
        ++bodies;
        add(*body);
      }
    }
  }
};

}  // namespace inspect_detail

TENON_INLINE result<std::string> inspect_command::operator()() const {
  TENON_TRY(const ir::graph g, load_onnx(path));
  inspect_detail::totals all;
  all.add(g);
  std::string out = cat("model ", quoted(g.name), "\n");
  if (!g.metadata.producer.empty())
    out += cat("producer ", printable_name(g.metadata.producer), "\n");
  out += cat("opset ", g.metadata.opset, "\n");
  for (const value_id v : g.inputs())
    out += cat("input ", printable_name(g[v].name), ": ", g.fact(v).str(), "\n");
  for (std::size_t i = 0; i < g.outputs().size(); ++i)
    out += cat("output ", printable_name(g.output_names()[i]), ": ", g.fact(g.outputs()[i]).str(),
               "\n");
  for (const dim d : g.symbols.scope().symbols()) {
    if (g.symbols.scope().find(d.str()) != d) continue;
    out += cat("symbol ", d, ": ", g.symbols.facts().bounds(d), "\n");
  }
  for (const std::string& line : g.symbols.facts().constraints())
    out += cat("constraint ", line, "\n");
  out += cat("nodes ", all.nodes, ", in ", all.bodies, " bodies\n");
  out += cat("weights ", all.weights, ", parameters ", all.parameters, ", ", all.weight_bytes,
             " bytes\n");
  out += cat("sizes ", all.constant_sizes, " constant, ", all.formulas, " by formula, ",
             all.data_sizes, " by data, ", all.unranked, " values of unknown rank\n");
  for (const auto& [op, count] : all.ops) out += cat("op ", op, " ", count, "\n");
  for (const std::string& d : g.metadata.diagnostics) out += cat("note ", d, "\n");
  out += "unsupported none\n";
  return prints_text ? cat(out, ir::to_text(g, {.max_elements = 8})) : out;
}

}  // namespace tenon::inline v0::tools
