#pragma once

#include "tenon/formats/onnx/importer.hpp"

#include <algorithm>
#include <limits>

namespace tenon::inline v0::onnx {

namespace scan_detail {

/// Standard names of domains: the default one is empty.
inline std::string_view plain_domain(std::string_view domain) {
  return domain == "ai.onnx" ? std::string_view() : domain;
}

inline std::string key_of(std::string_view domain, std::string_view name) {
  return cat(plain_domain(domain), "/", name);
}

inline std::string function_key(std::string_view domain,
                                std::string_view name,
                                std::string_view overload) {
  return cat(plain_domain(domain), "/", name, "/", overload);
}

/// A few letters apart, fewer for short names.
inline bool is_near(std::string_view a, std::string_view b) {
  return edit_distance(a, b) <= std::min<std::size_t>(2, b.size() / 4);
}

}  // namespace scan_detail

TENON_INLINE std::string label_of(const node_proto& node) {
  const bool has_name = !node.name.empty();
  const std::string_view name = has_name               ? node.name
                                : node.outputs.empty() ? std::string_view("?")
                                                       : node.outputs[0];
  return cat(has_name ? "node " : "node of ", quoted(name), " (", printable_name(node.op_type),
             ")");
}

TENON_INLINE importer::importer(const model_proto& model,
                                tensor_source& tensors,
                                std::span<const ir::op_type* const> ops,
                                const import_options& options)
    : model_(model), tensors_(tensors), ops_(ops), options_(options) {
  for (const ir::op_type* type : ops_)
    for (const ir::onnx_import& form : type->onnx)
      op_table_.try_emplace(scan_detail::key_of(form.domain, form.name), type);
}

TENON_INLINE const ir::op_type* importer::op_of(std::string_view domain,
                                                std::string_view name) const {
  const auto found = op_table_.find(scan_detail::key_of(domain, name));
  return found == op_table_.end() ? nullptr : found->second;
}

TENON_INLINE const function_proto* importer::function_of(const node_proto& node) const {
  if (function_table_.empty()) return nullptr;
  const auto found =
      function_table_.find(scan_detail::function_key(node.domain, node.op_type, node.overload));
  return found == function_table_.end() ? nullptr : &model_.functions[found->second];
}

TENON_INLINE std::int64_t importer::opset_of(std::string_view domain,
                                             const function_proto* in) const {
  using scan_detail::plain_domain;
  if (in)
    for (const opset_proto& o : in->opsets)
      if (plain_domain(o.domain) == plain_domain(domain)) return o.version;
  for (const opset_proto& o : model_.opsets)
    if (plain_domain(o.domain) == plain_domain(domain)) return o.version;
  return model_.ir_version < 3 || !plain_domain(domain).empty() ? 1 : 0;
}

TENON_INLINE status importer::check_opsets() const {
  using scan_detail::plain_domain;
  if (model_.ir_version > max_ir_version)
    return fail(code::unsupported, "ir_version is ", model_.ir_version, ", expected at most ",
                max_ir_version);
  const auto check = [](const std::vector<opset_proto>& opsets) -> status {
    for (const opset_proto& o : opsets) {
      const std::string_view domain = plain_domain(o.domain);
      const std::int64_t newest = domain.empty()           ? max_opset
                                  : domain == "ai.onnx.ml" ? max_ml_opset
                                                           : std::numeric_limits<int>::max();
      if (o.version < 1 || o.version > newest)
        return fail(code::unsupported, "opset ", o.version, " of domain ",
                    quoted(domain.empty() ? "ai.onnx" : domain), " is unknown, expected 1 to ",
                    newest);
    }
    return {};
  };
  TENON_TRY(check(model_.opsets));
  for (const function_proto& f : model_.functions) TENON_TRY(check(f.opsets));
  return {};
}

TENON_INLINE void importer::count_calls(std::span<const node_proto> nodes,
                                        std::vector<std::size_t>& callees,
                                        std::int64_t& count) const {
  for (const node_proto& node : nodes) {
    ++count;
    if (const function_proto* f = function_of(node))
      callees.push_back(static_cast<std::size_t>(f - model_.functions.data()));
    for (const attribute_proto& a : node.attributes)
      if (a.g) count_calls(a.g->nodes, callees, count);
  }
}

/// Counts what function `first` expands to, callees first, without recursion.
TENON_INLINE status importer::walk_function(std::size_t first) {
  struct visit {
    std::size_t function;
    std::vector<std::size_t> callees;
    std::size_t next = 0;
  };

  std::vector<visit> open;
  const auto enter = [&](std::size_t f) {
    open.push_back({f, {}, 0});
    function_facts_[f].is_open = true;
    count_calls(model_.functions[f].nodes, open.back().callees, function_facts_[f].nodes);
  };
  enter(first);
  while (!open.empty()) {
    visit& top = open.back();
    function_facts& facts = function_facts_[top.function];
    if (top.next == top.callees.size()) {
      facts.is_open = false;
      facts.is_done = true;
      open.pop_back();
      continue;
    }
    const std::size_t callee = top.callees[top.next];
    function_facts& inner = function_facts_[callee];
    const std::string_view name = model_.functions[callee].name;
    if (inner.is_open) return fail(code::graph, "function ", quoted(name), " is recursive");
    if (!inner.is_done) {
      enter(callee);
      continue;
    }
    ++top.next;
    facts.depth = std::max(facts.depth, inner.depth + 1);
    facts.nodes = std::min(facts.nodes + inner.nodes, std::int64_t{1} << 60);
    if (facts.depth >= wire_state::max_depth)
      return fail(code::resource, "function ", quoted(model_.functions[top.function].name),
                  ": calls are nested deeper than ", wire_state::max_depth);
  }
  return {};
}

TENON_INLINE status importer::check_functions() {
  for (std::size_t i = 0; i < model_.functions.size(); ++i) {
    const function_proto& f = model_.functions[i];
    if (!function_table_.emplace(scan_detail::function_key(f.domain, f.name, f.overload), i).second)
      return fail(code::graph, "function ", quoted(f.name), " is defined twice");
  }
  function_facts_.resize(model_.functions.size());
  for (std::size_t i = 0; i < model_.functions.size(); ++i)
    if (!function_facts_[i].is_done) TENON_TRY(walk_function(i));
  std::vector<std::size_t> callees;
  std::int64_t nodes = 0;
  count_calls(model_.graph->nodes, callees, nodes);
  std::size_t largest = 0;
  for (const std::size_t f : callees) {
    nodes = std::min(nodes + function_facts_[f].nodes, std::int64_t{1} << 60);
    if (function_facts_[f].nodes > function_facts_[largest].nodes) largest = f;
  }
  if (nodes > options_.max_nodes)
    return fail(
        code::resource, "expansion of functions",
        callees.empty() ? std::string() : cat(" such as ", quoted(model_.functions[largest].name)),
        " gives ", nodes, " nodes, the limit is ", options_.max_nodes);
  return {};
}

TENON_INLINE void importer::miss(const node_proto& node) {
  constexpr std::size_t shown = 8;
  std::string what = quoted(node.op_type);
  if (!scan_detail::plain_domain(node.domain).empty())
    what += cat(" of domain ", quoted(node.domain));
  auto at = std::find_if(missing_.begin(), missing_.end(),
                         [&](const missing_op& m) { return m.what == what; });
  if (at == missing_.end()) {
    std::vector<std::string_view> near;
    for (const ir::op_type* type : ops_)
      for (const ir::onnx_import& form : type->onnx)
        if (scan_detail::is_near(form.name, node.op_type) && near.size() < 3)
          near.push_back(form.name);
    const std::string hint = near.empty() ? "" : cat(" (nearest: ", join(near), ")");
    at = missing_.insert(missing_.end(), {what, hint, {}, 0});
  }
  if (++at->count <= shown)
    at->nodes.push_back(quoted(!node.name.empty()     ? node.name
                               : node.outputs.empty() ? std::string_view()
                                                      : node.outputs[0]));
}

TENON_INLINE error importer::unsupported_ops() const {
  std::string list;
  bool has_domain = false;
  for (const missing_op& m : missing_) {
    has_domain = has_domain || m.what.find(" of domain ") != std::string::npos;
    list += cat(list.empty() ? "" : "; ", m.what, m.nearest, " in ", join(m.nodes));
    if (m.count > m.nodes.size()) list += cat(" and ", m.count - m.nodes.size(), " more");
  }
  return fail(code::unsupported, missing_.size(), missing_.size() == 1 ? " op is" : " ops are",
              " not supported: ", list,
              has_domain ? "; for ops of your own pass a table with them to onnx::load_file" : "");
}

TENON_INLINE status importer::scan_nodes(std::span<const node_proto> nodes,
                                         const function_proto* in,
                                         int depth) {
  if (depth > wire_state::max_depth)
    return fail(code::graph, "graphs are nested deeper than ", wire_state::max_depth);
  for (const node_proto& node : nodes) {
    if (node.op_type.empty()) return fail(code::graph, label_of(node), ": op_type is empty");
    const bool is_standard = scan_detail::plain_domain(node.domain).empty();
    if (!function_of(node)) {
      const bool is_known =
          (is_standard && (node.op_type == "Constant" || node.op_type == "Scatter" ||
                           node.op_type == "Upsample")) ||
          op_of(node.domain, node.op_type) != nullptr;
      if (!is_known) miss(node);
      if (is_standard && opset_of({}, in) == 0)
        return fail(code::graph, "opset of domain 'ai.onnx' is not given, but ", label_of(node),
                    " needs it");
    }
    for (const attribute_proto& a : node.attributes)
      if (a.g) TENON_TRY(scan_nodes(a.g->nodes, in, depth + 1));
  }
  return {};
}

TENON_INLINE status importer::scan() {
  TENON_TRY(check_opsets());
  TENON_TRY(check_functions());
  TENON_TRY(scan_nodes(model_.graph->nodes, nullptr, 0));
  std::vector<bool> is_reached(model_.functions.size(), false);
  std::vector<std::size_t> open;
  std::int64_t count = 0;
  count_calls(model_.graph->nodes, open, count);
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (is_reached[at]) continue;
    is_reached[at] = true;
    const function_proto& f = model_.functions[at];
    auto done = scan_nodes(f.nodes, &f, 0);
    if (!done) return std::move(done).failure().in(cat("function ", quoted(f.name)));
    count_calls(f.nodes, open, count);
  }
  if (!missing_.empty()) return unsupported_ops();
  return {};
}

}  // namespace tenon::inline v0::onnx
