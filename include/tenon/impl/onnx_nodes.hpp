#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/formats/onnx/importer.hpp"
#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/append.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_set>
#include <variant>

namespace tenon::inline v0::onnx {

TENON_INLINE status importer::add_nodes(scope& s, std::span<const node_proto> nodes) {
  TENON_TRY(const auto order, sorted(s, nodes));
  for (const std::uint32_t n : order) {
    auto done = add_node(s, nodes[n]);
    if (!done) return std::move(done).failure().in(label_of(nodes[n]));
  }
  return {};
}

TENON_INLINE std::optional<importer::bound_attribute> importer::resolve(
    scope& s, const attribute_proto& a) const {
  if (a.ref_attr_name.empty()) return bound_attribute{&a, &s};
  if (!s.caller) return std::nullopt;
  const auto found = s.caller->attributes.find(a.ref_attr_name);
  if (found == s.caller->attributes.end()) return std::nullopt;
  return found->second;
}

TENON_INLINE result<ir::attribute_value> importer::value_of(const bound_attribute& bound) {
  using kind = attribute_proto::kind;
  const attribute_proto& a = *bound.value;
  const auto missing = [&] {
    return fail(code::attribute, "attribute ", quoted(a.name), " has no value of its type");
  };
  switch (a.type) {
    case kind::f:
      return ir::attribute_value(a.f);
    case kind::i:
      return ir::attribute_value(a.i);
    case kind::s:
      return ir::attribute_value(std::string(a.s));
    case kind::floats:
      return ir::attribute_value(a.floats);
    case kind::ints:
      return ir::attribute_value(a.ints);
    case kind::strings:
      return ir::attribute_value(std::vector<std::string>(a.strings.begin(), a.strings.end()));
    case kind::t: {
      if (!a.t) return missing();
      TENON_TRY(tensor content, tensors_.read(*a.t));
      return ir::attribute_value(std::move(content));
    }
    case kind::sparse: {
      if (!a.sparse) return missing();
      TENON_TRY(tensor content, tensors_.read(*a.sparse));
      return ir::attribute_value(std::move(content));
    }
    case kind::tensors: {
      std::vector<tensor> list;
      for (const tensor_proto& t : a.tensors) {
        TENON_TRY(tensor content, tensors_.read(t));
        list.push_back(std::move(content));
      }
      return ir::attribute_value(std::move(list));
    }
    case kind::type: {
      if (!a.tp) return missing();
      TENON_TRY(const ir::fact declared, declared_fact(*a.tp));
      return ir::attribute_value(declared.str());
    }
    default:
      return fail(code::unsupported, "attribute ", quoted(a.name), " has kind ",
                  static_cast<int>(a.type), ", which is not supported");
  }
}

/// A node as a form: inputs looked up, attributes read, subgraphs left out.
TENON_INLINE result<node_form> importer::form_of(scope& s, const node_proto& node) {
  node_form form;
  form.domain = node.domain == "ai.onnx" ? std::string_view() : node.domain;
  form.op_type = node.op_type;
  form.name = cat(s.prefix, node.name);
  for (const std::string_view name : node.outputs)
    form.outputs.push_back(name.empty() ? std::string() : cat(s.prefix, name));
  const bool has_body = std::any_of(node.attributes.begin(), node.attributes.end(),
                                    [](const attribute_proto& a) { return a.g != nullptr; });
  while (!has_body && !form.outputs.empty() && form.outputs.back().empty()) form.outputs.pop_back();
  if (node.name.empty() && !form.outputs.empty()) form.name = form.outputs[0];
  for (const std::string_view name : node.inputs) {
    value_id v;
    if (!name.empty()) {
      TENON_TRY(v, lookup(s, name));
    }
    form.inputs.push_back(v);
  }
  for (const attribute_proto& a : node.attributes) {
    const auto bound = resolve(s, a);
    if (!bound) {
      if (s.caller) continue;
      return fail(code::attribute, "attribute ", quoted(a.name), " refers to ",
                  quoted(a.ref_attr_name), " outside a function");
    }
    if (form.find(a.name))
      return fail(code::attribute, "attribute ", quoted(a.name), " is given twice");
    if (bound->value->type == attribute_proto::kind::g) continue;
    TENON_TRY(auto value, value_of(*bound));
    form.attributes.push_back({a.name, std::move(value)});
  }
  return form;
}

namespace nodes_detail {

/// Ops that, besides the elementwise ones and views, lead from small contents to sizes; cheap for small inputs.
inline constexpr std::string_view size_ops[] = {
    "concat",     "expand",     "gather",      "range",     "reduce_max", "reduce_mean",
    "reduce_min", "reduce_sum", "reduce_prod", "slice",     "split",      "transpose",
    "tile",       "pad",        "squeeze",     "unsqueeze", "reshape",    "constant_of_shape"};

inline bool leads_to_sizes(const ir::any_op& op) {
  return op.has(ir::pure) && !op.has(ir::holds_graphs) && !op.has(ir::any_kind) &&
         (op.has(ir::elementwise) || op.has(ir::view) ||
          std::find(std::begin(size_ops), std::end(size_ops), op.name()) != std::end(size_ops));
}

inline bool is_small(const ir::fact& f) {
  const auto sizes = f.is_tensor() && f.is_ranked ? to_extents(f.shape) : std::nullopt;
  const auto count =
      sizes ? checked_product(std::span(sizes->data(), sizes->size())) : std::nullopt;
  return count && *count <= ir::max_tracked_elements && f.type != dtype::string;
}

/// Evaluates a node whose inputs are small and known, so that sizes computed from its outputs are numbers.
inline void know_content(const ir::any_op& op,
                         std::span<const ir::fact* const> inputs,
                         std::vector<ir::fact>& outputs) {
  const auto is_open = [](const ir::fact& f) {
    return !f.is_constant() && !(f.has_elements() && ir::numbers_of(*f.elements));
  };
  if (!leads_to_sizes(op) || inputs.empty() ||
      !std::all_of(outputs.begin(), outputs.end(), is_small) ||
      std::none_of(outputs.begin(), outputs.end(), is_open))
    return;
  std::vector<datum> data;
  for (const ir::fact* f : inputs) {
    data.emplace_back();
    if (!f) continue;
    if (!is_small(*f)) return;
    auto content = ir::known_tensor(*f);
    if (!content) return;
    data.back() = *std::move(content);
  }
  std::vector<const datum*> pointers;
  for (std::size_t i = 0; i < data.size(); ++i) pointers.push_back(inputs[i] ? &data[i] : nullptr);
  const auto made = interpreter().evaluate(op, pointers, outputs.size());
  if (!made) return;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if ((*made)[i].is_tensor()) outputs[i] = ir::fact::of_constant((*made)[i].as_tensor());
}

}  // namespace nodes_detail

/// Adds a node whose form is the newest one.
TENON_INLINE result<std::vector<value_id>> importer::add_form(ir::graph& g,
                                                              node_form form,
                                                              std::string_view label) {
  const ir::op_type* type = op_of(form.domain, form.op_type);
  if (!type)
    return fail(code::unsupported, "op ", quoted(form.op_type), " is needed, but not supported");
  ir::any_op op = ir::any_op::make(*type);
  for (const named_attribute& a : form.attributes) TENON_TRY(op.assign(a.name, a.value));
  for (std::size_t i = 0; i < type->attribute_names.size(); ++i)
    if (type->requires_attribute[i] && !form.find(type->attribute_names[i]))
      return fail(code::attribute, "attribute ", quoted(type->attribute_names[i]), " is missing, ",
                  quoted(form.op_type), " requires it");
  while (!form.inputs.empty() && !form.inputs.back()) form.inputs.pop_back();
  std::vector<const ir::fact*> pointers;
  for (const value_id v : form.inputs) pointers.push_back(v ? &g.fact(v) : nullptr);
  TENON_TRY(auto facts, ir::infer_op(op, pointers, form.outputs.size(), g.symbols, label));
  nodes_detail::know_content(op, pointers, facts);
  std::vector<value_id> out;
  for (std::size_t i = 0; i < form.outputs.size(); ++i)
    out.push_back(g.add_value(form.outputs[i], std::move(facts[i])));
  ir::origin from;
  from.nodes.push_back(form.name);
  g.add_node(std::move(form.name), std::move(op), form.inputs, out, std::move(from));
  return out;
}

TENON_INLINE status importer::add_node(scope& s, const node_proto& node) {
  if (const function_proto* function = function_of(node)) return add_call(s, node, *function);
  const bool is_standard = node.domain.empty() || node.domain == "ai.onnx";
  if (is_standard && node.op_type == "Constant") return add_constant_node(s, node);
  TENON_TRY(node_form form, form_of(s, node));
  TENON_TRY(add_bodies(s, node, form));
  const std::string label = label_of(node);
  const auto add = [&](node_form f) { return add_form(*s.graph, std::move(f), label); };
  node_sink sink(*s.graph, add);
  const std::int64_t opset = opset_of(form.domain, s.caller ? s.caller->function : nullptr);
  TENON_TRY(upgrade(form, opset, sink));
  const auto casts = std::move(form.casts);
  TENON_TRY(auto outputs, add(std::move(form)));
  for (const auto& [i, type] : casts) {
    TENON_TRY(outputs[i], sink.add("Cast", cat(node.outputs[i], "/as_declared"), {outputs[i]},
                                   {{"to", static_cast<std::int64_t>(type)}}));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    s.values.emplace(node.outputs[i], outputs[i]);
    TENON_TRY(reconcile(s, node.outputs[i], outputs[i]));
  }
  for (std::size_t i = outputs.size(); i < node.outputs.size(); ++i)
    if (!node.outputs[i].empty()) return fail(code::graph, "has no output number ", i);
  return {};
}

TENON_INLINE status importer::add_constant_node(scope& s, const node_proto& node) {
  if (node.outputs.size() != 1 || node.outputs[0].empty() || !node.inputs.empty())
    return fail(code::graph, "has ", node.inputs.size(), " inputs and ", node.outputs.size(),
                " outputs, expected none and 1");
  tensor content;
  for (const attribute_proto& a : node.attributes) {
    const auto bound = resolve(s, a);
    if (!bound) continue;
    TENON_TRY(const auto value, value_of(*bound));
    if (content) return fail(code::attribute, "has several values, expected one");
    if (const auto* t = std::get_if<tensor>(&value)) content = *t;
    if (const auto* f = std::get_if<float>(&value)) content = tensor::scalar(*f);
    if (const auto* i = std::get_if<std::int64_t>(&value)) content = tensor::scalar(*i);
    if (const auto* text = std::get_if<std::string>(&value)) content = tensor::scalar(*text);
    const auto list = [&]<class T>(const std::vector<T>* values) {
      if (values)
        content = tensor::of<T>({static_cast<std::int64_t>(values->size())}, std::span(*values));
    };
    list(std::get_if<std::vector<float>>(&value));
    list(std::get_if<std::vector<std::int64_t>>(&value));
    list(std::get_if<std::vector<std::string>>(&value));
  }
  if (!content) return fail(code::attribute, "has no value");
  const std::string_view name = node.outputs[0];
  const value_id v = s.graph->add_constant(cat(s.prefix, name), std::move(content));
  s.values.emplace(name, v);
  return reconcile(s, name, v);
}

TENON_INLINE status importer::check_depth(const scope& s) {
  if (s.depth <= wire_state::max_depth) return {};
  return fail(code::graph, "graphs and function calls are nested deeper than ",
              wire_state::max_depth);
}

/// Inlines a call: the nodes of the function with its formal names bound to the actual values.
TENON_INLINE status importer::add_call(scope& s,
                                       const node_proto& node,
                                       const function_proto& function) {
  if (node.inputs.size() > function.inputs.size() || node.outputs.size() > function.outputs.size())
    return fail(code::graph, "has ", node.inputs.size(), " inputs and ", node.outputs.size(),
                " outputs, function ", quoted(function.name), " takes ", function.inputs.size(),
                " and gives ", function.outputs.size());
  call frame;
  frame.function = &function;
  for (const attribute_proto& a : function.default_attributes)
    frame.attributes.insert_or_assign(a.name, bound_attribute{&a, &s});
  for (const attribute_proto& a : node.attributes)
    if (const auto bound = resolve(s, a)) frame.attributes.insert_or_assign(a.name, *bound);
  scope inner;
  inner.graph = s.graph;
  inner.caller = &frame;
  inner.depth = s.depth + 1;
  TENON_TRY(check_depth(inner));
  const std::string_view own = !node.name.empty()     ? node.name
                               : node.outputs.empty() ? function.name
                                                      : node.outputs[0];
  inner.prefix = cat(s.prefix, own, "/");
  for (std::size_t i = 0; i < function.inputs.size(); ++i) {
    value_id v;
    if (i < node.inputs.size() && !node.inputs[i].empty()) {
      TENON_TRY(v, lookup(s, node.inputs[i]));
    }
    if (!inner.values.emplace(function.inputs[i], v).second)
      return fail(code::graph, "function ", quoted(function.name), ": input ",
                  quoted(function.inputs[i]), " is defined twice");
  }
  const std::string where = cat("function ", quoted(function.name));
  auto done = add_nodes(inner, function.nodes);
  if (!done) return std::move(done).failure().in(where);
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    auto v = lookup(inner, function.outputs[i]);
    if (!v) return std::move(v).failure().in(where);
    s.values.emplace(node.outputs[i], *v);
    if (!*v) continue;
    if (s.graph->row(*v).producer && s.graph->row(*v).name.starts_with(inner.prefix))
      s.graph->row(*v).name = cat(s.prefix, node.outputs[i]);
    TENON_TRY(reconcile(s, node.outputs[i], *v));
  }
  return {};
}

/// Outer values that subgraphs read, by name; constants among them only when asked for.
TENON_INLINE result<std::vector<importer::capture>> importer::captures_of(
    scope& s, std::span<const graph_proto* const> graphs, bool with_constants) {
  std::vector<std::string_view> names;
  for (const graph_proto* g : graphs) free_names(*g, names);
  std::unordered_set<std::string_view> seen;
  std::vector<capture> out;
  for (const std::string_view name : names) {
    if (!seen.insert(name).second) continue;
    TENON_TRY(const value_id v, lookup(s, name));
    if (v && (with_constants || !s.graph->is_constant(v))) out.push_back({name, v});
  }
  return out;
}

/// Builds one subgraph with the captured values as trailing inputs.
TENON_INLINE result<ir::subgraph> importer::add_body(scope& s,
                                                     const graph_proto& g,
                                                     const node_form& form,
                                                     std::span<const capture> captured,
                                                     bool forgets_shapes) {
  ir::graph body;
  body.symbols = s.graph->symbols.for_body();
  body.name = std::string(g.name);
  scope inner;
  inner.graph = &body;
  inner.outer = &s;
  inner.caller = s.caller;
  inner.depth = s.depth + 1;
  TENON_TRY(check_depth(inner));
  const ir::fact counter = ir::fact::of(dtype::i64, {});
  const ir::fact condition = ir::fact::of(dtype::boolean, {});
  const bool is_loop = form.op_type == "Loop";
  for (std::size_t i = 0; i < g.inputs.size(); ++i) {
    const ir::fact* given = is_loop && i < 2    ? (i == 0 ? &counter : &condition)
                            : form.has_input(i) ? &s.graph->fact(form.inputs[i])
                                                : nullptr;
    TENON_TRY(ir::fact known, body_input_fact(g.inputs[i], given));
    const value_id v = body.add_input(std::string(g.inputs[i].name), std::move(known));
    if (g.inputs[i].name.empty() || !inner.values.emplace(g.inputs[i].name, v).second)
      return fail(code::graph, "input ", quoted(g.inputs[i].name), " is empty or defined twice");
  }
  for (const capture& c : captured) {
    ir::fact known = s.graph->fact(c.outer);
    if (forgets_shapes) known = ir::known_kind_of(known);
    inner.values.try_emplace(c.name, body.add_input(std::string(c.name), std::move(known)));
  }
  TENON_TRY(add_initializers(inner, g));
  for (const auto* list : {&g.value_infos, &g.outputs})
    for (const value_info_proto& info : *list) inner.declared.emplace(info.name, &info.type);
  TENON_TRY(add_nodes(inner, g.nodes));
  TENON_TRY(add_outputs(inner, g));
  return ir::subgraph(std::move(body));
}

/// Loop, Scan, SequenceMap: how many inputs are carried from turn to turn, before captures are appended.
TENON_INLINE status importer::set_carried_count(node_form& form) {
  auto count = static_cast<std::int64_t>(form.inputs.size());
  if (form.op_type == "Loop") {
    count = std::max<std::int64_t>(count - 2, 0);
    form.inputs.resize(std::max<std::size_t>(form.inputs.size(), 2));
  } else if (form.op_type == "Scan") {
    const auto* scanned = form.find("num_scan_inputs");
    const auto* number = scanned ? std::get_if<std::int64_t>(scanned) : nullptr;
    if (!number || *number < 0 || *number > count)
      return fail(code::attribute, "attribute 'num_scan_inputs' is ",
                  scanned ? ir::to_text(*scanned) : std::string("missing"), ", expected 0 to ",
                  count);
    count -= *number;
  } else if (form.op_type != "SequenceMap") {
    return {};
  }
  form.set("carried_count", count);
  return {};
}

/// Charges building a branch once more: nested branches that never fit would be built 4 times a level.
TENON_INLINE bool importer::may_retry(const graph_proto& g) {
  std::vector<std::size_t> callees;
  count_calls(g.nodes, callees, ++retried_nodes_);
  for (const std::size_t f : callees) retried_nodes_ += function_facts_[f].nodes;
  return retried_nodes_ <= max_retried_nodes;
}

/// Builds all subgraphs of a node over the same captured values.
TENON_INLINE result<std::vector<ir::subgraph>> importer::bodies_of(
    scope& s,
    const node_form& form,
    std::span<const std::string_view> names,
    std::span<const graph_proto* const> graphs,
    std::vector<capture>& captured) {
  std::vector<ir::subgraph> out;
  for (std::size_t i = 0; i < graphs.size(); ++i) {
    auto body = add_body(s, *graphs[i], form, captured, false);
    // A branch that is never taken may not fit the shapes around it.
    const bool misfits = form.op_type == "If" && !body && body.failure().kind == code::shape;
    if (misfits && may_retry(*graphs[i])) body = add_body(s, *graphs[i], form, captured, true);
    if (misfits && !body) {
      bool may_all = true;
      for (const graph_proto* g : graphs) may_all = may_all && may_retry(*g);
      if (may_all) {
        TENON_TRY(auto more, captures_of(s, graphs, true));
        std::swap(captured, more);
        if (captured.size() != more.size()) return bodies_of(s, form, names, graphs, captured);
      }
    }
    if (!body) return std::move(body).failure().in(names[i]);
    out.push_back(*std::move(body));
  }
  return out;
}

/// Builds the subgraphs of a node; what they capture becomes trailing inputs of all of them and of the node.
TENON_INLINE status importer::add_bodies(scope& s, const node_proto& node, node_form& form) {
  std::vector<std::string_view> names;
  std::vector<const graph_proto*> graphs;
  for (const attribute_proto& a : node.attributes) {
    const auto bound = resolve(s, a);
    if (!bound || bound->value->type != attribute_proto::kind::g) continue;
    if (!bound->value->g)
      return fail(code::attribute, "attribute ", quoted(a.name), " has no graph");
    if (bound->where != &s)
      return fail(code::unsupported, "attribute ", quoted(a.name),
                  " is a graph that a caller hands to a function");
    names.push_back(a.name);
    graphs.push_back(bound->value->g.get());
  }
  if (graphs.empty()) return {};
  TENON_TRY(auto captured, captures_of(s, graphs, false));
  TENON_TRY(auto bodies, bodies_of(s, form, names, graphs, captured));
  for (std::size_t i = 0; i < bodies.size(); ++i) form.set(names[i], std::move(bodies[i]));
  TENON_TRY(set_carried_count(form));
  for (const capture& c : captured) form.inputs.push_back(c.outer);
  return {};
}

}  // namespace tenon::inline v0::onnx
