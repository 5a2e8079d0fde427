#pragma once

#include "tenon/formats/onnx/wire.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0::onnx {

struct graph_proto;
struct type_proto;

/// Key and value of metadata or external data.
using string_pair = std::pair<std::string_view, std::string_view>;

/// TensorProto; views live as long as the decoded bytes.
struct tensor_proto {
  std::string_view name;
  std::vector<std::int64_t> dims;
  std::int32_t data_type = 0;
  bool is_external = false;
  bool is_segment = false;
  std::optional<std::string_view> raw_data;
  std::vector<float> float_data;
  std::vector<std::int32_t> int32_data;
  std::vector<std::int64_t> int64_data;
  std::vector<double> double_data;
  std::vector<std::uint64_t> uint64_data;
  std::vector<std::string_view> string_data;
  std::vector<string_pair> external_data;
};

/// SparseTensorProto: the named tensor in coordinate form.
struct sparse_tensor_proto {
  tensor_proto values;
  tensor_proto indices;
  std::vector<std::int64_t> dims;
};

/// A size of a declared shape: a number, the text of a symbol, or neither.
struct dimension_proto {
  std::optional<std::int64_t> value;
  std::string_view param;
};

/// TypeProto with its one member flattened.
struct type_proto {
  enum class kind : unsigned char { none, tensor, sparse, sequence, optional, map, opaque };

  kind what = kind::none;
  bool has_shape = false;
  std::int32_t elem_type = 0;
  std::vector<dimension_proto> shape;
  std::unique_ptr<type_proto> element;  ///< of a sequence or optional; the value type of a map
};

struct value_info_proto {
  std::string_view name;
  type_proto type;
};

/// AttributeProto.
struct attribute_proto {
  enum class kind : unsigned char {
    undefined = 0,
    f = 1,
    i = 2,
    s = 3,
    t = 4,
    g = 5,
    floats = 6,
    ints = 7,
    strings = 8,
    tensors = 9,
    graphs = 10,
    sparse = 11,
    sparses = 12,
    type = 13,
    types = 14,
  };

  std::string_view name;
  std::string_view ref_attr_name;
  kind type = kind::undefined;
  float f = 0;
  std::int64_t i = 0;
  std::string_view s;
  std::unique_ptr<tensor_proto> t;
  std::unique_ptr<graph_proto> g;
  std::unique_ptr<sparse_tensor_proto> sparse;
  std::unique_ptr<type_proto> tp;
  std::vector<float> floats;
  std::vector<std::int64_t> ints;
  std::vector<std::string_view> strings;
  std::vector<tensor_proto> tensors;
};

/// NodeProto.
struct node_proto {
  std::string_view name, op_type, domain, overload, doc;
  std::vector<std::string_view> inputs, outputs;
  std::vector<attribute_proto> attributes;
  std::vector<string_pair> metadata;
};

/// GraphProto.
struct graph_proto {
  std::string_view name, doc;
  std::vector<node_proto> nodes;
  std::vector<tensor_proto> initializers;
  std::vector<sparse_tensor_proto> sparse_initializers;
  std::vector<value_info_proto> inputs, outputs, value_infos;
};

struct opset_proto {
  std::string_view domain;
  std::int64_t version = 0;
};

/// FunctionProto.
struct function_proto {
  std::string_view name, domain, overload;
  std::vector<std::string_view> inputs, outputs, attributes;
  std::vector<attribute_proto> default_attributes;
  std::vector<node_proto> nodes;
  std::vector<opset_proto> opsets;
};

/// ModelProto.
struct model_proto {
  std::int64_t ir_version = 0;
  std::string_view producer_name, producer_version, domain, doc;
  std::vector<opset_proto> opsets;
  std::unique_ptr<graph_proto> graph;
  std::vector<function_proto> functions;
  std::vector<string_pair> metadata;
  bool has_training_info = false;
};

/// SequenceProto or OptionalProto of test data: the tensors and sequences in it.
struct value_proto {
  std::string_view name;
  std::int32_t elem_type = 0;
  std::vector<tensor_proto> tensors;
  std::vector<value_proto> sequences;
};

/// Decodes a ModelProto; `format` gives byte offset and field path. The result views `bytes`.
result<model_proto> decode_model(std::span<const std::byte> bytes);

/// Decodes a lone TensorProto, as in test data.
result<tensor_proto> decode_tensor(std::span<const std::byte> bytes);

/// Decodes a lone SequenceProto or OptionalProto, as in test data.
result<value_proto> decode_value(std::span<const std::byte> bytes);

}  // namespace tenon::inline v0::onnx

#ifndef TENON_COMPILED
#include "tenon/impl/onnx_decode.hpp"
#endif
