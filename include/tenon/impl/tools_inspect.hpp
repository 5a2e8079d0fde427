#pragma once

#include "tenon/core/file.hpp"
#include "tenon/core/safe_math.hpp"
#include "tenon/formats/load.hpp"
#include "tenon/formats/onnx/schema.hpp"
#include "tenon/ir/print.hpp"
#include "tenon/symbol/evaluate.hpp"
#include "tenon/symbol/table.hpp"
#include "tenon/tools/command_inspect.hpp"

#include <limits>
#include <map>
#include <variant>

namespace tenon::inline v0::tools {

namespace inspect_detail {

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
        if (!v || g[v].producer || !g.is_constant(v) || is_counted[v.index]) continue;
        is_counted[v.index] = true;
        ++weights;
        parameters += g.fact(v).constant.size();
        weight_bytes += g.fact(v).constant.size_bytes();
      }
      for (const auto& [name, body] : g[n].op.bodies()) {
        ++bodies;
        add(*body);
      }
    }
  }
};

/// A declared type as the file has it.
inline std::string text_of(const onnx::type_proto& t) {
  using kind = onnx::type_proto::kind;
  if (t.what == kind::sequence || t.what == kind::optional)
    return cat(t.what == kind::sequence ? "sequence(" : "optional(",
               t.element ? text_of(*t.element) : "?", ")");
  if (t.what != kind::tensor) return "of another kind";
  std::vector<std::string> sizes;
  for (const onnx::dimension_proto& d : t.shape)
    sizes.push_back(d.value ? cat(*d.value) : d.param.empty() ? "?" : printable_name(d.param));
  return cat(name_of(dtype_numbered(t.elem_type).value_or(dtype::undefined)),
             t.has_shape ? bracketed(sizes) : "[...]");
}

/// Counts of a decoded graph and its bodies.
struct declared_totals {
  std::map<std::string_view, std::size_t> ops;
  std::size_t nodes = 0, bodies = 0, weights = 0;
  std::int64_t parameters = 0;  ///< as many as 64 bits hold

  void add(const onnx::graph_proto& g) {
    nodes += g.nodes.size();
    weights += g.initializers.size();
    for (const onnx::tensor_proto& t : g.initializers) {
      const auto count = checked_product(t.dims);
      const auto sum = count ? checked_add(parameters, *count) : count;
      parameters = sum.value_or(std::numeric_limits<std::int64_t>::max());
    }
    for (const onnx::node_proto& n : g.nodes) {
      ++ops[n.op_type];
      for (const onnx::attribute_proto& a : n.attributes) {
        if (!a.g) continue;
        ++bodies;
        add(*a.g);
      }
    }
  }
};

/// What a file declares, for a model that cannot be imported.
inline result<std::string> declared(std::string_view path) {
  TENON_TRY(const auto file, mapped_file::open(path));
  TENON_TRY(const auto model, onnx::decode_model(file.bytes()));
  if (!model.graph) return std::string();
  const onnx::graph_proto& g = *model.graph;
  std::string out =
      cat("model ", quoted(g.name), "\nproducer ", printable_name(model.producer_name), " ",
          printable_name(model.producer_version), "\n");
  for (const onnx::opset_proto& o : model.opsets)
    out += cat("opset ", o.version, o.domain.empty() ? "" : " of ", printable_name(o.domain), "\n");
  for (const onnx::value_info_proto& v : g.inputs)
    out += cat("input ", printable_name(v.name), ": ", text_of(v.type), "\n");
  for (const onnx::value_info_proto& v : g.outputs)
    out += cat("output ", printable_name(v.name), ": ", text_of(v.type), "\n");
  declared_totals all;
  all.add(g);
  out += cat("nodes ", all.nodes, ", in ", all.bodies, " bodies\n");
  out += cat("weights ", all.weights, ", parameters ", all.parameters, "\n");
  for (const auto& [op, count] : all.ops) out += cat("op ", printable_name(op), " ", count, "\n");
  return out;
}

}  // namespace inspect_detail

TENON_INLINE result<std::string> inspect_command::operator()() const {
  auto loaded = load(path);
  if (!loaded) {
    const error& why = loaded.failure();
    if (why.kind != code::unsupported) return why;
    const auto rest = inspect_detail::declared(path);
    if (!rest) return why;
    return fail(why.kind, "unsupported ", why.message, "\n", *rest);
  }
  const ir::graph& g = *loaded;
  inspect_detail::totals all;
  all.add(g);
  std::string out = cat("model ", quoted(g.name), "\n");
  if (!g.metadata.producer.empty())
    out += cat("producer ", printable_name(g.metadata.producer), "\n");
  if (g.metadata.opset != 0) out += cat("opset ", g.metadata.opset, "\n");
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
