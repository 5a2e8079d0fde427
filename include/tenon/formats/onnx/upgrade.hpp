#pragma once

#include "tenon/core/function_ref.hpp"
#include "tenon/ir/graph.hpp"
#include "tenon/tensor/convert.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0::onnx {

/// An attribute on its way from a file into an op.
struct named_attribute {
  std::string_view name;
  ir::attribute_value value;
};

/// A node on its way from a file into a graph: names resolved, still in the form of its opset.
struct node_form {
  std::string_view domain, op_type;
  std::string name;
  std::vector<named_attribute> attributes;
  std::vector<value_id> inputs;
  std::vector<std::string> outputs;                    ///< "" is an unwanted output
  std::vector<std::pair<std::size_t, dtype>> casts{};  ///< outputs of another dtype in the opset

  /// The value of an attribute, or null.
  ir::attribute_value* find(std::string_view attribute) {
    for (named_attribute& a : attributes)
      if (a.name == attribute) return &a.value;
    return nullptr;
  }

  /// Removes an attribute and returns its value; monostate when there is none.
  ir::attribute_value take(std::string_view attribute) {
    for (auto it = attributes.begin(); it != attributes.end(); ++it) {
      if (it->name != attribute) continue;
      ir::attribute_value out = std::move(it->value);
      attributes.erase(it);
      return out;
    }
    return {};
  }

  void set(std::string_view attribute, ir::attribute_value value) {
    if (auto* old = find(attribute))
      *old = std::move(value);
    else
      attributes.push_back({attribute, std::move(value)});
  }

  bool has_input(std::size_t i) const { return i < inputs.size() && inputs[i]; }

  /// Sets input `i`, with absent inputs before it where there are none.
  void set_input(std::size_t i, value_id v) {
    if (inputs.size() <= i) inputs.resize(i + 1);
    inputs[i] = v;
  }
};

/// Where nodes land; upgrades read facts and put helper nodes there.
class node_sink {
 public:
  using add_function = function_ref<result<std::vector<value_id>>(node_form)>;

  node_sink(ir::graph& graph, add_function add) : graph_(&graph), add_(add) {}

  const ir::fact& fact(value_id v) const { return graph_->fact(v); }

  value_id constant(std::string name, tensor content) {
    return graph_->add_constant(std::move(name), std::move(content));
  }

  /// Adds a node of the newest opset and returns its one output.
  result<value_id> add(std::string_view op_type,
                       std::string name,
                       std::vector<value_id> inputs,
                       std::vector<named_attribute> attributes = {}) {
    std::vector<std::string> outputs{name};
    TENON_TRY(auto out, add_({"", op_type, std::move(name), std::move(attributes),
                              std::move(inputs), std::move(outputs)}));
    return out[0];
  }

 private:
  ir::graph* graph_;
  add_function add_;
};

/// Brings a node of an older opset into the newest form: attributes become inputs, old names new ones.
status upgrade(node_form& node, std::int64_t opset, node_sink& sink);

}  // namespace tenon::inline v0::onnx

#ifndef TENON_COMPILED
#include "tenon/impl/onnx_upgrade.hpp"
#endif
