#pragma once

#include "tenon/formats/onnx/export_options.hpp"
#include "tenon/formats/onnx/wire.hpp"
#include "tenon/ir/graph.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace tenon::inline v0::onnx {

/// Receives the bytes of tensors that are kept outside the model file.
class external_sink {
 public:
  /// Appends bytes and returns where they begin.
  virtual result<std::int64_t> append(std::span<const std::byte> bytes) = 0;

  virtual std::string_view location() const = 0;

 protected:
  ~external_sink() = default;
};

/// Hands out names, each once: the wanted one, or that with a number behind it.
class unique_names {
 public:
  std::string take(std::string_view wanted);

 private:
  std::unordered_set<std::string> used_;
  std::unordered_map<std::string, std::uint32_t> next_suffix_;
};

/// Writes one graph. Use once.
class exporter {
 public:
  exporter(const ir::graph& g, const export_options& options, external_sink* external)
      : graph_(g), options_(options), external_(external) {}

  result<std::string> run();

 private:
  /// Names of the values of one graph.
  struct scope {
    const ir::graph* graph = nullptr;
    std::vector<std::string> names;
    std::vector<value_id> constants;  ///< to be written as initializers
    bool is_main = false;
    std::size_t own_inputs = 0;  ///< inputs that are not captures
    std::vector<std::pair<std::string, std::string>>
        copies;  ///< Identity nodes for outputs: from, to
    std::vector<std::string> outputs;
  };

  void survey(const ir::graph& g, int depth);
  void require_type(const ir::fact& f);
  void name_values(scope& s, std::span<const std::string> captured);
  void name_outputs(scope& s);
  std::string initializer_name(const scope& s, value_id v);
  status write_graph(scope& s);
  status write_nodes(scope& s);
  status write_node(const scope& s, node_id n);
  status write_attribute(std::string_view op_type,
                         std::string_view name,
                         const ir::attribute_value& value,
                         std::span<const std::string> captured);
  void write_held_type(std::string_view name, const ir::fact& optional);
  status write_tensor(std::uint32_t field, std::string_view name, const tensor& t);
  void write_value_info(std::uint32_t field, std::string_view name, const ir::fact& f);
  void write_type(const ir::fact& f);
  void write_shape(const ir::fact& f);
  void write_properties();
  void write_pair(std::uint32_t field, std::string_view key, std::string_view value);

  const ir::graph& graph_;
  const export_options& options_;
  external_sink* external_;
  wire_writer out_;
  unique_names value_names_, node_names_;
  std::map<std::string, std::int64_t, std::less<>> opsets_;
  std::vector<std::string> without_form_;
  std::unordered_multimap<const std::byte*, std::pair<tensor, std::string>> shared_;
};

}  // namespace tenon::inline v0::onnx

#ifndef TENON_COMPILED
#include "tenon/impl/onnx_export.hpp"
#endif
