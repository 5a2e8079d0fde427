#pragma once

#include "tenon/core/config.hpp"
#include "tenon/core/safe_math.hpp"
#include "tenon/core/text.hpp"
#include "tenon/ir/op.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <variant>
#include <vector>

namespace tenon::inline v0::onnx {

namespace export_detail {

/// Attributes that ONNX does not require and runtimes do, though they have the default of the op struct.
inline constexpr std::string_view always[] = {"TreeEnsemble.n_targets",
                                              "TreeEnsembleRegressor.n_targets"};

struct late_attribute {
  std::string_view name;
  std::int64_t opset;
};

/// Attributes that appeared after opset 21.
inline constexpr late_attribute late[] = {{"Attention.right_window_size", 25},
                                          {"Attention.left_window_size", 25},
                                          {"Cast.round_mode", 24},
                                          {"CastLike.round_mode", 24},
                                          {"DequantizeLinear.output_dtype", 23},
                                          {"QuantizeLinear.precision", 23},
                                          {"SpaceToDepth.mode", 28}};

struct late_input {
  std::string_view op;
  std::size_t index;
  std::int64_t opset;
};

/// Inputs that appeared after opset 21 and after their op.
inline constexpr late_input late_inputs[] = {{"Attention", 6, 24}};  // nonpad_kv_seqlen

inline std::int64_t ir_version_of(std::int64_t opset) {
  return opset <= 22 ? 10 : opset == 23 ? 11 : opset == 24 ? 12 : opset <= 27 ? 13 : 14;
}

/// Names of the library's own attributes, which ONNX does not have.
inline bool is_internal(std::string_view attribute) {
  return attribute == "carried_count";
}

/// An attribute that has to be written.
struct visited {
  std::string_view name;
  ir::attribute_value value;
  bool is_default;
};

class collector final : public ir::attribute_visitor {
 public:
  void operator()(std::string_view name,
                  const ir::attribute_value& value,
                  bool is_default) override {
    if (!is_internal(name) && !std::holds_alternative<std::monostate>(value))
      items.push_back({name, value, is_default});
  }

  std::vector<visited> items;
};

/// Whether a file must give an attribute also where it has the default of the op struct.
inline bool is_required(const ir::op_type& type, std::string_view op_type, std::string_view name) {
  for (std::size_t i = 0; i < type.attribute_names.size(); ++i)
    if (type.attribute_names[i] == name && type.requires_attribute[i]) return true;
  return std::find(std::begin(always), std::end(always), cat(op_type, ".", name)) !=
         std::end(always);
}

inline std::vector<visited> attributes_of(const ir::any_op& op, std::string_view op_type) {
  collector all;
  op.visit(all);
  std::erase_if(all.items, [&](const visited& a) {
    return a.is_default && !is_required(op.type(), op_type, a.name);
  });
  return std::move(all.items);
}

/// Whether the last window of a pooling may start behind its input; opset 22 leaves that one out.
inline bool may_start_in_padding(const ir::any_op& op) {
  using list = std::vector<std::int64_t>;
  const auto ceil_mode = op.attribute("ceil_mode");
  const auto* rounds_up = std::get_if<std::int64_t>(&ceil_mode);
  if (!rounds_up || *rounds_up == 0) return false;
  const auto list_of = [&](std::string_view name) {
    auto value = op.attribute(name);
    const auto* found = std::get_if<list>(&value);
    return found ? *found : list();
  };
  // Lists of an op whose input has no known rank may be short, and their numbers large.
  const auto at = [](const list& values, std::size_t i, std::int64_t otherwise) {
    return i < values.size() ? values[i] : otherwise;
  };
  const list kernel = list_of("kernel_shape"), pads = list_of("pads"), strides = list_of("strides"),
             dilations = list_of("dilations");
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const auto last = checked_add(kernel[i], -1);
    const auto reach = last ? checked_mul(*last, at(dilations, i, 1)) : last;
    const auto step = checked_add(at(pads, kernel.size() + i, 0), at(strides, i, 1));
    if (!reach || !step || (*step > *reach && *step - 1 > *reach)) return true;
  }
  return false;
}

/// How many trailing inputs of a node its subgraphs capture.
inline std::size_t capture_count(const ir::any_op& op, std::size_t inputs) {
  std::int64_t own = 1;
  const auto number = [&](std::string_view name) {
    const auto value = op.attribute(name);
    const auto* n = std::get_if<std::int64_t>(&value);
    return n ? *n : 0;
  };
  const std::string_view name = op.type().onnx.empty() ? "" : op.type().onnx[0].name;
  if (name == "Loop") own = 2 + number("carried_count");
  if (name == "Scan") own = number("carried_count") + number("num_scan_inputs");
  if (name == "SequenceMap") own = number("carried_count");
  return inputs - std::min(inputs, static_cast<std::size_t>(std::max<std::int64_t>(own, 0)));
}

}  // namespace export_detail

}  // namespace tenon::inline v0::onnx
