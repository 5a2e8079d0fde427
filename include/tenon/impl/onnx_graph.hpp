#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/mapped_storage.hpp"
#include "tenon/formats/onnx/importer.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace tenon::inline v0::onnx {

/// Names a graph reads but does not define, its subgraphs included; order of first use, with repeats.
TENON_INLINE void importer::free_names(const graph_proto& g, std::vector<std::string_view>& out) {
  std::unordered_set<std::string_view> own;
  for (const value_info_proto& input : g.inputs) own.insert(input.name);
  for (const tensor_proto& t : g.initializers) own.insert(t.name);
  for (const sparse_tensor_proto& t : g.sparse_initializers) own.insert(t.values.name);
  for (const node_proto& node : g.nodes) own.insert(node.outputs.begin(), node.outputs.end());
  std::vector<std::string_view> inner;
  for (const node_proto& node : g.nodes) {
    inner.insert(inner.end(), node.inputs.begin(), node.inputs.end());
    for (const attribute_proto& a : node.attributes)
      if (a.g) free_names(*a.g, inner);
  }
  for (const value_info_proto& output : g.outputs) inner.push_back(output.name);
  for (const std::string_view name : inner)
    if (!name.empty() && own.insert(name).second) out.push_back(name);
}

/// The nodes in an order that reads only what is known; errors for names produced twice and cycles.
TENON_INLINE result<std::vector<std::uint32_t>> importer::sorted(
    scope& s, std::span<const node_proto> nodes) {
  std::unordered_map<std::string_view, std::uint32_t> producers;
  producers.reserve(nodes.size());
  for (std::size_t n = 0; n < nodes.size(); ++n)
    for (const std::string_view name : nodes[n].outputs) {
      if (name.empty()) continue;
      if (s.values.contains(name))
        return fail(code::graph, label_of(nodes[n]), ": output ", quoted(name),
                    " is already an input or initializer");
      const auto [at, is_new] = producers.emplace(name, static_cast<std::uint32_t>(n));
      if (!is_new)
        return fail(code::graph, "value ", quoted(name), " is produced twice, by ",
                    label_of(nodes[at->second]), " and ", label_of(nodes[n]));
    }
  std::vector<std::vector<std::uint32_t>> needs(nodes.size());
  std::vector<std::string_view> captured;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    captured.clear();
    for (const attribute_proto& a : nodes[n].attributes)
      if (a.g) free_names(*a.g, captured);
    const auto need = [&](std::string_view name) {
      const auto at = producers.find(name);
      if (at != producers.end()) needs[n].push_back(at->second);
    };
    for (const std::string_view name : nodes[n].inputs) need(name);
    for (const std::string_view name : captured) need(name);
  }
  enum class mark : unsigned char { fresh, open, done };
  std::vector<mark> marks(nodes.size(), mark::fresh);
  std::vector<std::pair<std::uint32_t, std::size_t>> stack;
  std::vector<std::uint32_t> out;
  out.reserve(nodes.size());
  for (std::uint32_t first = 0; first < nodes.size(); ++first) {
    if (marks[first] != mark::fresh) continue;
    stack.emplace_back(first, 0);
    marks[first] = mark::open;
    while (!stack.empty()) {
      auto& [n, next] = stack.back();
      if (next == needs[n].size()) {
        marks[n] = mark::done;
        out.push_back(n);
        stack.pop_back();
        continue;
      }
      const std::uint32_t producer = needs[n][next++];
      if (marks[producer] == mark::open)
        return fail(code::graph, "cycle: ", label_of(nodes[producer]), " reads what ",
                    label_of(nodes[n]), " makes of its own output");
      if (marks[producer] == mark::done) continue;
      marks[producer] = mark::open;
      stack.emplace_back(producer, 0);
    }
  }
  return out;
}

TENON_INLINE status importer::add_initializers(scope& s, const graph_proto& g) {
  const auto add = [&](std::string_view name, result<tensor> content) -> status {
    if (!content) return std::move(content).failure();
    if (name.empty()) return fail(code::graph, "an initializer has no name");
    const value_id v = s.graph->add_constant(std::string(name), *std::move(content));
    if (!s.values.emplace(name, v).second)
      return fail(code::graph, "initializer ", quoted(name), " is defined twice");
    return {};
  };
  for (const tensor_proto& t : g.initializers) TENON_TRY(add(t.name, tensors_.read(t)));
  for (const sparse_tensor_proto& t : g.sparse_initializers)
    TENON_TRY(add(t.values.name, tensors_.read(t)));
  return {};
}

/// The inputs of the main graph; one that has an initializer is a constant.
TENON_INLINE status importer::add_inputs(scope& s, const graph_proto& g) {
  std::unordered_set<std::string_view> seen;
  std::string constants;
  for (const value_info_proto& input : g.inputs) {
    if (input.name.empty()) return fail(code::graph, "an input has no name");
    if (!seen.insert(input.name).second)
      return fail(code::graph, "input ", quoted(input.name), " is defined twice");
    if (s.values.contains(input.name)) {
      if (constants.size() < 1000)
        constants += cat(constants.empty() ? "" : ", ", printable_name(input.name));
      continue;
    }
    TENON_TRY(ir::fact known, input_fact(input));
    s.values.emplace(input.name, s.graph->add_input(std::string(input.name), std::move(known)));
  }
  if (!constants.empty()) note(cat("inputs with initializers are constants: ", constants));
  return {};
}

TENON_INLINE status importer::add_outputs(scope& s, const graph_proto& g) {
  std::unordered_set<std::string_view> seen;
  for (const value_info_proto& output : g.outputs) {
    if (!seen.insert(output.name).second)
      return fail(code::graph, "output ", quoted(output.name), " is defined twice");
    auto v = lookup(s, output.name);
    if (!v)
      return fail(code::graph, "output ", quoted(output.name),
                  " is produced by no node, input or initializer");
    s.graph->add_output(*v, std::string(output.name));
  }
  return {};
}

/// The value of a name as a value of this scope's graph; an outer constant is shared with it.
TENON_INLINE result<value_id> importer::lookup(scope& s, std::string_view name) {
  if (const auto found = s.values.find(name); found != s.values.end()) return found->second;
  if (!s.outer)
    return fail(code::graph, quoted(name), " is produced by no node, input or initializer");
  TENON_TRY(const value_id outer, lookup(*s.outer, name));
  if (!outer) return outer;
  const ir::fact& known = s.outer->graph->fact(outer);
  TENON_CHECK(known.is_constant());  // all others are inputs of the subgraph already
  const value_id inner = s.graph->add_constant(std::string(name), known.constant);
  s.values.emplace(name, inner);
  return inner;
}

/// Puts `tenon.constraints` back into the facts and keeps the other properties.
TENON_INLINE void importer::restore_metadata(ir::graph& g) {
  ir::graph_metadata& out = g.metadata;
  out.producer = cat(model_.producer_name, model_.producer_version.empty() ? "" : " ",
                     model_.producer_version);
  out.doc = std::string(model_.doc);
  out.opset = opset_of({}, nullptr);
  for (const auto& [key, value] : model_.metadata) {
    out.properties.emplace_back(key, value);
    if (key != "tenon.constraints") continue;
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t end = std::min(value.find('\n', at), value.size());
      const std::string_view line = value.substr(at, end - at);
      at = end + 1;
      if (line.empty()) continue;
      const auto learned = g.symbols.facts().require(line, "model file");
      if (!learned) note(cat("constraint ", quoted(line), ": ", learned.failure().message));
    }
  }
}

TENON_INLINE result<ir::graph> importer::run() {
  if (!model_.graph) return fail(code::graph, "the model has no graph");
  TENON_TRY(scan());
  const graph_proto& g = *model_.graph;
  graph_.name = std::string(g.name);
  scope s;
  s.graph = &graph_;
  declare_symbols();
  TENON_TRY(add_initializers(s, g));
  TENON_TRY(add_inputs(s, g));
  input_symbols_ = graph_.symbols.scope().symbols().size();
  restore_metadata(graph_);
  for (const value_info_proto& output : g.outputs) outputs_.insert(output.name);
  for (const auto* list : {&g.value_infos, &g.outputs})
    for (const value_info_proto& info : *list) s.declared.emplace(info.name, &info.type);
  TENON_TRY(add_nodes(s, g.nodes));
  TENON_TRY(add_outputs(s, g));
  if (graph_.outputs().empty()) return fail(code::graph, "the graph has no outputs");
  graph_.metadata.diagnostics = std::move(notes_);
  return std::move(graph_);
}

namespace import_detail {

inline result<ir::graph> read_model(std::span<const std::byte> bytes,
                                    tensor_source& tensors,
                                    std::span<const ir::op_type* const> ops,
                                    const import_options& options) {
  const auto model = decode_model(bytes);
  if (!model) return model.failure();
  tensors.limit_dense_bytes(options.max_dense_bytes);
  return importer(*model, tensors, ops, options).run();
}

}  // namespace import_detail

TENON_INLINE result<ir::graph> load_file(std::string_view path,
                                         std::span<const ir::op_type* const> ops,
                                         const import_options& options) {
  auto file = mapped_file::open(path);
  if (!file) return std::move(file).failure().in("onnx");
  const auto bytes = file->bytes();
  tensor_source tensors(storage_of(*std::move(file)));
  if (options.external_data) {
    tensors.allow_resolver(*options.external_data);
  } else {
    const std::size_t slash = path.rfind('/');
    tensors.allow_folder(slash == path.npos ? "." : std::string(path.substr(0, slash + 1)));
  }
  auto out = import_detail::read_model(bytes, tensors, ops, options);
  if (!out) return std::move(out).failure().in(cat("onnx: ", printable_name(path)));
  out->metadata.file = std::string(path);
  return out;
}

TENON_INLINE result<ir::graph> load_bytes(std::span<const std::byte> bytes,
                                          std::span<const ir::op_type* const> ops,
                                          const import_options& options) {
  tensor_source tensors;
  if (options.external_data) tensors.allow_resolver(*options.external_data);
  auto out = import_detail::read_model(bytes, tensors, ops, options);
  if (!out) return std::move(out).failure().in(cat("onnx: ", printable_name(options.name)));
  return out;
}

}  // namespace tenon::inline v0::onnx
