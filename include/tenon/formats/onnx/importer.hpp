#pragma once

#include "tenon/formats/onnx/import_options.hpp"
#include "tenon/formats/onnx/tensor_data.hpp"
#include "tenon/formats/onnx/upgrade.hpp"
#include "tenon/ir/graph.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace tenon::inline v0::onnx {

/// The newest opsets that are understood.
inline constexpr std::int64_t max_opset = 28, max_ml_opset = 5, max_ir_version = 14;

/// Nodes of branches that may be built once more after they did not fit.
inline constexpr std::int64_t max_retried_nodes = 100'000;

/// Builds the graph of a decoded model. Use once.
class importer {
 public:
  importer(const model_proto& model,
           tensor_source& tensors,
           std::span<const ir::op_type* const> ops,
           const import_options& options);

  result<ir::graph> run();

 private:
  struct scope;

  /// An attribute and the scope in which its graphs read names.
  struct bound_attribute {
    const attribute_proto* value = nullptr;
    scope* where = nullptr;
  };

  /// A call of a model-local function.
  struct call {
    const function_proto* function = nullptr;
    std::unordered_map<std::string_view, bound_attribute> attributes;
  };

  /// An outer value that a subgraph reads.
  struct capture {
    std::string_view name;
    value_id outer;
  };

  /// The names that nodes see: of a graph, or of one call of a function.
  struct scope {
    ir::graph* graph = nullptr;
    scope* outer = nullptr;  ///< of a subgraph: where captured names are looked up
    const call* caller = nullptr;
    std::string prefix;  ///< of names inside a function call
    std::unordered_map<std::string_view, value_id> values;
    std::unordered_map<std::string_view, const type_proto*> declared;
    int depth = 0;
  };

  /// What a walk over a function finds before it is inlined.
  struct function_facts {
    bool is_open = false, is_done = false;
    std::int64_t nodes = 0;
    int depth = 0;
  };

  struct missing_op {
    std::string what, nearest;
    std::vector<std::string> nodes;
    std::size_t count = 0;
  };

  // impl/onnx_scan.hpp: what can be refused before anything is built
  status check_opsets() const;
  status check_functions();
  status walk_function(std::size_t first);
  status scan();
  status scan_nodes(std::span<const node_proto> nodes, const function_proto* in, int depth);
  void count_calls(std::span<const node_proto> nodes,
                   std::vector<std::size_t>& callees,
                   std::int64_t& count) const;
  void miss(const node_proto& node);
  error unsupported_ops() const;
  const function_proto* function_of(const node_proto& node) const;
  const ir::op_type* op_of(std::string_view domain, std::string_view name) const;
  std::int64_t opset_of(std::string_view domain, const function_proto* in) const;

  // impl/onnx_types.hpp: declared types and shapes
  result<ir::fact> declared_fact(const type_proto& type);
  dim input_dim(const dimension_proto& d, std::string_view input, std::size_t axis);
  std::optional<dim> named_dim(std::string_view text);
  void declare_symbols();
  status require_size(dim d, std::string_view source);
  result<ir::fact> input_fact(const value_info_proto& info);
  result<ir::fact> body_input_fact(const value_info_proto& info, const ir::fact* given);
  status reconcile(scope& s, std::string_view name, value_id v);
  void note(std::string text);
  void compare_dims(const ir::fact& inferred,
                    const ir::fact& declared,
                    std::string_view name,
                    bool may_learn);

  // impl/onnx_graph.hpp: graphs and nodes
  status add_initializers(scope& s, const graph_proto& g);
  status add_inputs(scope& s, const graph_proto& g);
  status add_outputs(scope& s, const graph_proto& g);
  status add_nodes(scope& s, std::span<const node_proto> nodes);
  result<std::vector<std::uint32_t>> sorted(scope& s, std::span<const node_proto> nodes);
  status add_node(scope& s, const node_proto& node);
  status add_constant_node(scope& s, const node_proto& node);
  status add_call(scope& s, const node_proto& node, const function_proto& function);
  result<value_id> lookup(scope& s, std::string_view name);
  result<node_form> form_of(scope& s, const node_proto& node);
  result<std::vector<value_id>> add_form(ir::graph& g, node_form form, std::string_view label);
  std::optional<bound_attribute> resolve(scope& s, const attribute_proto& a) const;
  result<ir::attribute_value> value_of(const bound_attribute& a);
  status add_bodies(scope& s, const node_proto& node, node_form& form);
  result<ir::subgraph> add_body(scope& s,
                                const graph_proto& g,
                                const node_form& form,
                                std::span<const capture> captured,
                                bool forgets_shapes);
  result<std::vector<capture>> captures_of(scope& s,
                                           std::span<const graph_proto* const> graphs,
                                           bool with_constants);
  result<std::vector<ir::subgraph>> bodies_of(scope& s,
                                              const node_form& form,
                                              std::span<const std::string_view> names,
                                              std::span<const graph_proto* const> graphs,
                                              std::vector<capture>& captured);
  bool may_retry(const graph_proto& g);
  static status check_depth(const scope& s);
  static status set_carried_count(node_form& form);
  static void free_names(const graph_proto& g, std::vector<std::string_view>& out);
  void restore_metadata(ir::graph& g);

  const model_proto& model_;
  tensor_source& tensors_;
  std::span<const ir::op_type* const> ops_;
  const import_options& options_;
  ir::graph graph_;
  std::unordered_map<std::string, const ir::op_type*> op_table_;
  std::unordered_map<std::string, std::size_t> function_table_;
  std::vector<function_facts> function_facts_;
  std::vector<missing_op> missing_;
  std::vector<std::string> notes_;
  std::unordered_set<std::string_view> outputs_;  ///< of the main graph
  std::int64_t retried_nodes_ = 0;                ///< of branches that were built once more
  std::size_t input_symbols_ = 0;                 ///< symbols with a lower id come from inputs
};

/// `node 'Conv_7' (Conv)`, by its first output when it has no name.
std::string label_of(const node_proto& node);

/// Reads a model file with the given ops; weights stay in the mapped file where they are aligned.
result<ir::graph> load_file(std::string_view path,
                            std::span<const ir::op_type* const> ops,
                            const import_options& options);

/// Reads a model from memory, which may be freed afterwards.
result<ir::graph> load_bytes(std::span<const std::byte> bytes,
                             std::span<const ir::op_type* const> ops,
                             const import_options& options);

}  // namespace tenon::inline v0::onnx

#ifndef TENON_COMPILED
#include "tenon/impl/onnx_graph.hpp"
#include "tenon/impl/onnx_nodes.hpp"
#include "tenon/impl/onnx_scan.hpp"
#include "tenon/impl/onnx_types.hpp"
#endif
