#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/onnx/import.hpp"
#include "tenon/formats/onnx/importer.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/tensor/datum.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace conformance {

using namespace tenon;
namespace fs = std::filesystem;

inline result<datum> to_datum(const onnx::value_proto& value, const ir::fact& declared) {
  onnx::tensor_source tensors;
  std::vector<datum> items;
  for (const auto& t : value.tensors) {
    TENON_TRY(tensor content, tensors.read(t));
    items.emplace_back(std::move(content));
  }
  for (const auto& inner : value.sequences) {
    TENON_TRY(datum item, to_datum(inner, ir::fact::sequence_of(declared)));
    items.push_back(std::move(item));
  }
  if (declared.what == ir::fact::kind::optional)
    return items.empty() ? datum() : std::move(items.front());
  datum out(std::move(items));
  out.declare_element_type(declared.type);
  return out;
}

/// The content of a .pb file, read as what the graph declares for the value.
inline result<datum> read_value(const fs::path& path, const ir::fact& declared) {
  TENON_TRY(const std::string text, read_file(path.string()));
  const auto bytes = std::as_bytes(std::span(text));
  if (declared.is_tensor()) {
    TENON_TRY(const auto proto, onnx::decode_tensor(bytes));
    TENON_TRY(tensor content, onnx::tensor_source().read(proto));
    return datum(std::move(content));
  }
  TENON_TRY(const auto proto, onnx::decode_value(bytes));
  return to_datum(proto, declared);
}

/// Inputs and expected outputs of one run; an absent datum where there is no file.
struct data_set {
  std::vector<datum> inputs, outputs;
};

inline result<std::vector<datum>> read_values(const ir::graph& g,
                                              std::span<const value_id> values,
                                              const fs::path& folder,
                                              std::string_view kind) {
  std::vector<datum> out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const fs::path path = folder / cat(kind, "_", i, ".pb");
    if (!fs::exists(path)) {
      out.emplace_back();
      continue;
    }
    TENON_TRY(datum value, read_value(path, g.fact(values[i])));
    out.push_back(std::move(value));
  }
  return out;
}

inline result<data_set> read_set(const ir::graph& g, const fs::path& folder) {
  data_set out;
  TENON_TRY(out.inputs, read_values(g, g.inputs(), folder, "input"));
  TENON_TRY(out.outputs, read_values(g, g.outputs(), folder, "output"));
  return out;
}

/// Whether the sizes that a model declares are kept.
enum class declared_sizes : bool { forget, keep };

/// Leaves every axis of an input a symbol of its own, and every size of another value to inference.
inline void forget_sizes(onnx::graph_proto& g) {
  const auto innermost = [](onnx::type_proto& type) -> onnx::type_proto& {
    onnx::type_proto* at = &type;
    while (at->element) at = at->element.get();
    return *at;
  };
  for (onnx::value_info_proto& input : g.inputs)
    for (onnx::dimension_proto& d : innermost(input.type).shape) d = {};
  for (onnx::value_info_proto& output : g.outputs) {
    onnx::type_proto& type = innermost(output.type);
    type.has_shape = false;
    type.shape.clear();
  }
  g.value_infos.clear();
}

inline result<ir::graph> import_model(const onnx::model_proto& proto) {
  onnx::tensor_source tensors;
  const onnx::import_options options;
  return onnx::importer(proto, tensors, ops::all_ops(), options).run();
}

/// The model without the sizes that it declares.
inline result<ir::graph> load_symbolic(const fs::path& model) {
  TENON_TRY(const std::string text, read_file(model.string()));
  TENON_TRY(auto proto, onnx::decode_model(std::as_bytes(std::span(text))));
  forget_sizes(*proto.graph);
  return import_model(proto);
}

/// A model whose inputs are partly turned into initializers with the content that a run would give.
struct frozen_model {
  ir::graph graph;
  std::vector<std::size_t> kept;  ///< the inputs that are left, by their old number
};

/// Freezes everything that may decide a shape: all but a first input that is not a list of integers.
inline result<frozen_model> freeze_inputs(const fs::path& model,
                                          const fs::path& set,
                                          declared_sizes sizes = declared_sizes::keep) {
  TENON_TRY(const std::string text, read_file(model.string()));
  TENON_TRY(auto proto, onnx::decode_model(std::as_bytes(std::span(text))));
  if (sizes == declared_sizes::forget) forget_sizes(*proto.graph);
  frozen_model out;
  std::vector<onnx::value_info_proto> left;
  std::vector<std::string> contents;
  auto& inputs = proto.graph->inputs;
  auto& initializers = proto.graph->initializers;
  std::vector<onnx::tensor_proto> made;
  contents.reserve(inputs.size());
  std::size_t number = 0;
  for (onnx::value_info_proto& input : inputs) {
    const bool has_default =
        std::any_of(initializers.begin(), initializers.end(),
                    [&](const onnx::tensor_proto& t) { return t.name == input.name; });
    if (has_default) {
      left.push_back(std::move(input));
      continue;
    }
    const std::size_t i = number++;
    const onnx::type_proto& type = input.type;
    const bool is_list = type.shape.size() < 2 && (type.elem_type == 6 || type.elem_type == 7);
    const fs::path path = set / cat("input_", i, ".pb");
    if ((i == 0 && !is_list) || type.what != onnx::type_proto::kind::tensor || !fs::exists(path)) {
      out.kept.push_back(i);
      left.push_back(std::move(input));
      continue;
    }
    TENON_TRY(contents.emplace_back(), read_file(path.string()));
    TENON_TRY(auto content, onnx::decode_tensor(std::as_bytes(std::span(contents.back()))));
    content.name = input.name;
    made.push_back(std::move(content));
  }
  inputs = std::move(left);
  std::move(made.begin(), made.end(), std::back_inserter(initializers));
  TENON_TRY(out.graph, import_model(proto));
  return out;
}

}  // namespace conformance
