#pragma once

#include "tenon/formats/json.hpp"
#include "tenon/tensor/dtype.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// What torch.export.save writes, as torch/_export/serde/schema.yaml defines it. Texts stay in the JSON document.
namespace tenon::inline v0::pt2 {

/// The major schema version that is understood (torch 2.8 to 2.15 write 8).
inline constexpr std::int64_t schema_major = 8;

/// SymInt: a number, or an expression over symbols as sympy's srepr.
struct sym_int {
  std::optional<std::int64_t> value;
  std::string_view expression;
};

/// TensorMeta of a strided tensor.
struct tensor_meta {
  dtype type = dtype::undefined;  ///< undefined for a ScalarType without a counterpart
  std::vector<sym_int> sizes, strides;
  sym_int offset;
};

/// Argument: one value or a list of values of one kind.
struct argument {
  enum class kind : unsigned char { none, tensor, integer, real, boolean, text, type, other };

  /// A number, or the name of a value that the program computes; an absent tensor has neither.
  struct item {
    std::string_view name;
    std::int64_t number = 0;
    double real = 0;
  };

  kind what = kind::none;
  bool is_list = false;
  std::string_view tag;  ///< `as_tensor`
  std::vector<item> items;
};

struct named_argument {
  std::string_view name;
  argument value;
};

struct node {
  std::string_view target;  ///< `torch.ops.aten.relu.default`
  std::string_view name;
  std::vector<named_argument> inputs;
  std::vector<argument> outputs;
};

/// InputSpec: `parameter`, `buffer`, `tensor_constant` (with the name of the data), `user_input`, ...
struct input_spec {
  std::string_view what;
  argument value;
  std::string_view data;
};

/// OutputSpec: `user_output`, or a mutation with what it changes.
struct output_spec {
  std::string_view what;
  argument value;
  std::string_view target;
};

/// RangeConstraint of a symbol.
struct symbol_range {
  std::string_view symbol;
  std::optional<std::int64_t> lo, hi;
};

/// ExportedProgram.
struct program {
  std::string_view torch_version;
  std::vector<node> nodes;
  std::unordered_map<std::string_view, tensor_meta> tensors;
  std::vector<input_spec> inputs;
  std::vector<output_spec> outputs;
  std::vector<symbol_range> ranges;
  std::deque<std::string> names;  ///< of values of inlined graphs
};

/// PayloadMeta: where the bytes of a weight lie.
struct payload {
  std::string_view path;
  bool is_pickled = false;
  std::optional<tensor_meta> meta;
};

/// The dtype of a ScalarType; undefined when there is no counterpart.
dtype dtype_of_scalar(std::int64_t number);

/// The program of `models/NAME.json`; errors name the field.
result<program> decode_program(json_value root);

/// PayloadConfig: the weights by name.
result<std::unordered_map<std::string_view, payload>> decode_payloads(json_value root);

}  // namespace tenon::inline v0::pt2

#ifndef TENON_COMPILED
#include "tenon/impl/torch_schema.hpp"
#endif
