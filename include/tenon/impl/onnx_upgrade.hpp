#pragma once

#include "tenon/formats/onnx/upgrade.hpp"
#include "tenon/tensor/convert.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <variant>

namespace tenon::inline v0::onnx {

namespace upgrade_detail {

using ir::attribute_value;
using integers = std::vector<std::int64_t>;

/// One op whose old nodes need work: nodes of opsets below `below`.
struct rule {
  std::string_view op_type;
  std::int64_t below;
  status (*apply)(node_form&, std::int64_t opset, node_sink&);
};

inline error wrong(std::string_view name, const attribute_value& v, std::string_view expected) {
  return fail(code::attribute, "attribute ", quoted(name), " is ", ir::to_text(v), ", expected ",
              expected);
}

inline value_id int_vector(node_form& node,
                           std::string_view suffix,
                           std::span<const std::int64_t> values,
                           node_sink& sink) {
  const extents dims{static_cast<std::int64_t>(values.size())};
  return sink.constant(cat(node.name, "/", suffix), tensor::of<std::int64_t>(dims, values));
}

/// The integers of an attribute, taken out of the node; nothing when it is absent.
inline result<std::optional<integers>> take_ints(node_form& node, std::string_view name) {
  const attribute_value value = node.take(name);
  if (std::holds_alternative<std::monostate>(value)) return std::optional<integers>();
  const auto* ints = std::get_if<integers>(&value);
  if (!ints) return wrong(name, value, "a list of integers");
  return std::optional<integers>(*ints);
}

inline result<std::int64_t> take_int(node_form& node, std::string_view name, std::int64_t missing) {
  const attribute_value value = node.take(name);
  if (std::holds_alternative<std::monostate>(value)) return missing;
  const auto* number = std::get_if<std::int64_t>(&value);
  if (!number) return wrong(name, value, "an integer");
  return *number;
}

inline result<std::optional<float>> take_float(node_form& node, std::string_view name) {
  const attribute_value value = node.take(name);
  if (std::holds_alternative<std::monostate>(value)) return std::optional<float>();
  const auto* number = std::get_if<float>(&value);
  if (!number) return wrong(name, value, "a float");
  return std::optional<float>(*number);
}

/// Turns a list attribute into input number `port`.
inline status ints_to_input(node_form& node,
                            std::string_view attribute,
                            std::size_t port,
                            node_sink& sink) {
  TENON_TRY(const auto values, take_ints(node, attribute));
  if (values) node.set_input(port, int_vector(node, attribute, *values, sink));
  return {};
}

/// A scalar of the dtype of input 0.
inline result<value_id> scalar_like(node_form& node,
                                    std::string_view suffix,
                                    float value,
                                    node_sink& sink) {
  const dtype type = node.has_input(0) ? sink.fact(node.inputs[0]).type : dtype::f32;
  TENON_TRY(tensor out, tensor::make(type, {}));
  const bool known =
      with_element_type(type, [&]<class T>(T) { *out.data<T>() = number_cast<T>(value); });
  if (!known) return fail(code::shape, "input is ", name_of(type), ", expected numbers");
  return sink.constant(cat(node.name, "/", suffix), std::move(out));
}

inline result<std::size_t> rank_of(node_form& node, std::size_t port, node_sink& sink) {
  if (!node.has_input(port) || !sink.fact(node.inputs[port]).is_ranked)
    return fail(code::unsupported, "the old form of ", node.op_type, " needs the rank of input ",
                port, ", which is not known");
  return sink.fact(node.inputs[port]).rank();
}

/// Opset < 7: `broadcast` and `axis` say where input 1 lies in input 0.
inline status binary_broadcast(node_form& node, std::int64_t, node_sink& sink) {
  TENON_TRY(const std::int64_t broadcast, take_int(node, "broadcast", 0));
  const bool has_axis = node.find("axis") != nullptr;
  TENON_TRY(std::int64_t axis, take_int(node, "axis", 0));
  if (broadcast == 0 || !has_axis) return {};
  TENON_TRY(const std::size_t rank, rank_of(node, 0, sink));
  TENON_TRY(const std::size_t inner, rank_of(node, 1, sink));
  if (axis < 0) axis += static_cast<std::int64_t>(rank);
  const std::int64_t extra =
      static_cast<std::int64_t>(rank) - axis - static_cast<std::int64_t>(inner);
  if (axis < 0 || extra < 0)
    return fail(code::attribute, "attribute 'axis' is ", axis, ", expected 0 to ",
                static_cast<std::int64_t>(rank) - static_cast<std::int64_t>(inner));
  if (extra == 0) return {};
  integers axes;
  for (std::int64_t i = 0; i < extra; ++i) axes.push_back(static_cast<std::int64_t>(inner) + i);
  TENON_TRY(node.inputs[1], sink.add("Unsqueeze", cat(node.name, "/aligned"),
                                     {node.inputs[1], int_vector(node, "axes", axes, sink)}));
  return {};
}

inline status prelu(node_form& node, std::int64_t, node_sink& sink) {
  if (!node.has_input(1) || !sink.fact(node.inputs[1]).is_ranked) return {};
  const auto& slopes = sink.fact(node.inputs[1]);
  if (slopes.rank() != 1 || slopes.shape[0] == dim(1)) return {};
  TENON_TRY(const std::size_t rank, rank_of(node, 0, sink));
  integers axes;
  for (std::size_t i = 1; i + 1 < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (axes.empty()) return {};
  TENON_TRY(node.inputs[1], sink.add("Unsqueeze", cat(node.name, "/aligned"),
                                     {node.inputs[1], int_vector(node, "axes", axes, sink)}));
  return {};
}

inline status axes_to_input(node_form& node, std::int64_t, node_sink& sink) {
  return ints_to_input(node, "axes", 1, sink);
}

inline status reshape(node_form& node, std::int64_t, node_sink& sink) {
  return ints_to_input(node, "shape", 1, sink);
}

inline status split(node_form& node, std::int64_t opset, node_sink& sink) {
  if (opset < 13) TENON_TRY(ints_to_input(node, "split", 1, sink));
  if (!node.has_input(1)) node.set("num_outputs", static_cast<std::int64_t>(node.outputs.size()));
  return {};
}

inline status pad(node_form& node, std::int64_t, node_sink& sink) {
  if (node.find("paddings")) {
    TENON_TRY(ints_to_input(node, "paddings", 1, sink));
  } else {
    TENON_TRY(ints_to_input(node, "pads", 1, sink));
  }
  TENON_TRY(const auto value, take_float(node, "value"));
  if (!value || *value == 0) return {};
  TENON_TRY(const value_id fill, scalar_like(node, "value", *value, sink));
  node.set_input(2, fill);
  return {};
}

inline status clip(node_form& node, std::int64_t, node_sink& sink) {
  constexpr float top = std::numeric_limits<float>::max();
  TENON_TRY(const auto low, take_float(node, "min"));
  if (low && *low > -top) {
    TENON_TRY(const value_id limit, scalar_like(node, "min", *low, sink));
    node.set_input(1, limit);
  }
  TENON_TRY(const auto high, take_float(node, "max"));
  if (high && *high < top) {
    TENON_TRY(const value_id limit, scalar_like(node, "max", *high, sink));
    node.set_input(2, limit);
  }
  return {};
}

inline status dropout(node_form& node, std::int64_t opset, node_sink& sink) {
  const bool has_mask = node.outputs.size() > 1 && !node.outputs[1].empty();
  if (opset < 10 && has_mask && node.has_input(0))
    node.casts.emplace_back(1, sink.fact(node.inputs[0]).type);
  node.take("is_test");
  TENON_TRY(const auto ratio, take_float(node, "ratio"));
  if (!ratio) return {};
  node.set_input(1, sink.constant(cat(node.name, "/ratio"), tensor::scalar(*ratio)));
  return {};
}

inline status top_k(node_form& node, std::int64_t, node_sink& sink) {
  TENON_TRY(const std::int64_t k, take_int(node, "k", -1));
  node.set_input(1, int_vector(node, "k", {&k, 1}, sink));
  return {};
}

inline status slice(node_form& node, std::int64_t, node_sink& sink) {
  TENON_TRY(ints_to_input(node, "starts", 1, sink));
  TENON_TRY(ints_to_input(node, "ends", 2, sink));
  return ints_to_input(node, "axes", 3, sink);
}

/// Names that Resize and Upsample had no attributes for; scales below 1 rounded up.
inline void as_old_resize(node_form& node, node_sink& sink) {
  bool shrinks = false;
  if (node.has_input(2) && sink.fact(node.inputs[2]).is_constant()) {
    const elements_as<float> scales(sink.fact(node.inputs[2]).constant);
    for (std::size_t i = 0; i < scales.size(); ++i) shrinks = shrinks || scales[i] < 1;
  }
  if (auto* mode = node.find("mode"))
    if (const auto* text = std::get_if<std::string>(mode); text && *text == "bilinear")
      *mode = std::string("linear");
  node.op_type = "Resize";
  node.set("coordinate_transformation_mode", std::string("asymmetric"));
  node.set("nearest_mode", std::string(shrinks ? "ceil" : "floor"));
}

inline status upsample(node_form& node, std::int64_t, node_sink& sink) {
  value_id scales = node.has_input(1) ? node.inputs[1] : value_id();
  std::vector<float> factors;
  const attribute_value list = node.take("scales");
  TENON_TRY(const auto height, take_float(node, "height_scale"));
  TENON_TRY(const auto width, take_float(node, "width_scale"));
  if (const auto* given = std::get_if<std::vector<float>>(&list)) factors = *given;
  if (height && width) factors = {1, 1, *height, *width};
  if (!factors.empty())
    scales = sink.constant(cat(node.name, "/scales"),
                           tensor::of<float>({static_cast<std::int64_t>(factors.size())}, factors));
  if (!scales) return fail(code::attribute, "scales are missing");
  node.inputs.resize(1);
  node.set_input(2, scales);
  as_old_resize(node, sink);
  return {};
}

inline status resize(node_form& node, std::int64_t opset, node_sink& sink) {
  if (opset < 11) {
    const value_id scales = node.has_input(1) ? node.inputs[1] : value_id();
    node.inputs.resize(1);
    node.set_input(2, scales);
    as_old_resize(node, sink);
    return {};
  }
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (!node.has_input(i)) continue;
    const auto& known = sink.fact(node.inputs[i]);
    if (known.is_constant() && known.constant.empty()) node.inputs[i] = {};
  }
  return {};
}

inline status batch_normalization(node_form& node, std::int64_t opset, node_sink&) {
  node.take("is_test");
  TENON_TRY(const std::int64_t spatial, take_int(node, "spatial", 1));
  if (spatial == 0) return fail(code::unsupported, "spatial = 0 is not supported");
  std::size_t wanted = 0;
  for (const std::string& name : node.outputs) wanted += !name.empty();
  if (opset < 14 && wanted > 1)
    return fail(code::unsupported, "training outputs of opset ", opset, " are not supported");
  node.outputs.resize(1);
  return {};
}

/// Opset < 13: the input is a matrix, cut at `axis`.
inline status flattened_softmax(node_form& node, std::int64_t, node_sink& sink) {
  TENON_TRY(const std::int64_t axis, take_int(node, "axis", 1));
  if (!node.has_input(0)) return {};
  const value_id x = node.inputs[0];
  const auto& known = sink.fact(x);
  const auto rank = static_cast<std::int64_t>(known.rank());
  if (known.is_ranked && (axis < -rank || axis > rank || (rank == 0 && axis != 0)))
    return fail(code::attribute, "attribute 'axis' is ", axis, ", expected ", -rank, " to ",
                rank - 1);
  if (axis == -1 || (known.is_ranked && axis == rank - 1)) {
    node.set("axis", std::int64_t{-1});
    return {};
  }
  bool may_be_empty = !known.is_ranked;
  for (const dim d : known.shape) may_be_empty = may_be_empty || !d.is_constant() || d == dim(0);
  TENON_TRY(const value_id shape, sink.add("Shape", cat(node.name, "/shape"), {x}));
  TENON_TRY(const value_id matrix,
            sink.add("Flatten", cat(node.name, "/matrix"), {x}, {{"axis", axis}}));
  TENON_TRY(const value_id y, sink.add(node.op_type, cat(node.name, "/rows"), {matrix},
                                       {{"axis", std::int64_t{-1}}}));
  if (may_be_empty) node.set("allowzero", std::int64_t{1});
  node.op_type = "Reshape";
  node.inputs = {y, shape};
  return {};
}

inline status cast(node_form& node, std::int64_t, node_sink&) {
  constexpr std::string_view names[] = {
      "UNDEFINED", "FLOAT", "UINT8",   "INT8",   "UINT16", "INT16",  "INT32",     "INT64",
      "STRING",    "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128"};
  auto* to = node.find("to");
  const auto* text = to ? std::get_if<std::string>(to) : nullptr;
  if (!text) return {};
  for (std::size_t i = 1; i < std::size(names); ++i)
    if (names[i] == *text) {
      *to = static_cast<std::int64_t>(i);
      return {};
    }
  return wrong("to", *to, "the name of an element type");
}

inline status scatter(node_form& node, std::int64_t, node_sink&) {
  node.op_type = "ScatterElements";
  return {};
}

inline status recurrent(node_form& node, std::int64_t, node_sink&) {
  node.take("output_sequence");
  return {};
}

inline status gemm(node_form& node, std::int64_t, node_sink&) {
  node.take("broadcast");
  return {};
}

inline status concat(node_form& node, std::int64_t, node_sink&) {
  if (!node.find("axis")) node.set("axis", std::int64_t{1});
  return {};
}

inline status lp_norm_order(node_form& node, std::int64_t, node_sink&) {
  TENON_TRY(const auto p, take_float(node, "p"));
  if (!p) return {};
  if (!(*p >= 1 && *p < 0x1p31F) || *p != std::floor(*p))
    return wrong("p", *p, "a whole number of at least 1");
  node.set("p", static_cast<std::int64_t>(*p));
  return {};
}

inline status selu(node_form& node, std::int64_t, node_sink&) {
  if (!node.find("alpha")) node.set("alpha", 1.6732F);
  if (!node.find("gamma")) node.set("gamma", 1.0507F);
  return {};
}

inline status tile(node_form& node, std::int64_t, node_sink& sink) {
  TENON_TRY(const std::size_t rank, rank_of(node, 0, sink));
  if (!node.has_input(1) || !node.has_input(2))
    return fail(code::graph, "has ", node.inputs.size(), " inputs, expected 3");
  const auto &count = sink.fact(node.inputs[1]), &axis = sink.fact(node.inputs[2]);
  if (!count.is_constant() || !axis.is_constant() || count.constant.size() != 1 ||
      axis.constant.size() != 1)
    return fail(code::unsupported,
                "tiles and axis of Tile before opset 6 must be constant scalars");
  integers repeats(rank, 1), numbers(2);
  load_elements<std::int64_t>(count.constant, std::span(numbers).subspan(0, 1));
  load_elements<std::int64_t>(axis.constant, std::span(numbers).subspan(1, 1));
  if (numbers[1] < 0 || numbers[1] >= static_cast<std::int64_t>(rank))
    return fail(code::attribute, "axis is ", numbers[1], ", expected 0 to ",
                static_cast<std::int64_t>(rank) - 1);
  repeats[static_cast<std::size_t>(numbers[1])] = numbers[0];
  node.inputs.resize(1);
  node.set_input(1, int_vector(node, "repeats", repeats, sink));
  return {};
}

/// Opset 18: one scale and bias per group; now one per channel.
inline status group_normalization(node_form& node, std::int64_t, node_sink& sink) {
  const auto* groups_value = node.find("num_groups");
  const auto* groups = groups_value ? std::get_if<std::int64_t>(groups_value) : nullptr;
  TENON_TRY(const std::size_t rank, rank_of(node, 0, sink));
  const dim channels = rank > 1 ? sink.fact(node.inputs[0]).shape[1] : dim(0);
  if (!groups || *groups < 1 || !channels.is_constant() || channels.constant() % *groups != 0)
    return fail(code::attribute, "num_groups must divide the known number of channels ", channels);
  const std::int64_t first_axis = 1, all = -1;
  const std::int64_t wide[] = {*groups, channels.constant() / *groups};
  for (std::size_t i = 1; i < 3 && node.has_input(i); ++i) {
    const std::string name = cat(node.name, "/per_channel", i);
    TENON_TRY(value_id v,
              sink.add("Unsqueeze", cat(name, "/column"),
                       {node.inputs[i], int_vector(node, "axes", {&first_axis, 1}, sink)}));
    TENON_TRY(v, sink.add("Expand", cat(name, "/wide"), {v, int_vector(node, "wide", wide, sink)}));
    TENON_TRY(node.inputs[i],
              sink.add("Reshape", name, {v, int_vector(node, "flat", {&all, 1}, sink)}));
  }
  return {};
}

inline status dft(node_form& node, std::int64_t, node_sink& sink) {
  TENON_TRY(const std::int64_t axis, take_int(node, "axis", 1));
  node.set_input(2, sink.constant(cat(node.name, "/axis"), tensor::scalar(axis)));
  return {};
}

inline status roi_align(node_form& node, std::int64_t, node_sink&) {
  if (!node.find("coordinate_transformation_mode"))
    node.set("coordinate_transformation_mode", std::string("output_half_pixel"));
  return {};
}

inline status grid_sample(node_form& node, std::int64_t, node_sink&) {
  if (auto* mode = node.find("mode"))
    if (const auto* text = std::get_if<std::string>(mode)) {
      if (*text == "bilinear")
        *mode = std::string("linear");
      else if (*text == "bicubic")
        *mode = std::string("cubic");
    }
  return {};
}

inline status scan(node_form&, std::int64_t opset, node_sink&) {
  return fail(code::unsupported, "Scan of opset ", opset, " (with batches) is not supported");
}

inline constexpr rule rules[] = {
    {"Add", 7, binary_broadcast},
    {"And", 7, binary_broadcast},
    {"BatchNormalization", 14, batch_normalization},
    {"Cast", 6, cast},
    {"Clip", 11, clip},
    {"Concat", 4, concat},
    {"DFT", 20, dft},
    {"Div", 7, binary_broadcast},
    {"Dropout", 12, dropout},
    {"Equal", 7, binary_broadcast},
    {"GRU", 7, recurrent},
    {"Gemm", 7, gemm},
    {"GlobalLpPool", 2, lp_norm_order},
    {"Greater", 7, binary_broadcast},
    {"GridSample", 20, grid_sample},
    {"GroupNormalization", 21, group_normalization},
    {"Hardmax", 13, flattened_softmax},
    {"LSTM", 7, recurrent},
    {"Less", 7, binary_broadcast},
    {"LogSoftmax", 13, flattened_softmax},
    {"LpPool", 2, lp_norm_order},
    {"Mul", 7, binary_broadcast},
    {"Or", 7, binary_broadcast},
    {"PRelu", 7, prelu},
    {"Pad", 11, pad},
    {"Pow", 7, binary_broadcast},
    {"RNN", 7, recurrent},
    {"ReduceL1", 18, axes_to_input},
    {"ReduceL2", 18, axes_to_input},
    {"ReduceLogSum", 18, axes_to_input},
    {"ReduceLogSumExp", 18, axes_to_input},
    {"ReduceMax", 18, axes_to_input},
    {"ReduceMean", 18, axes_to_input},
    {"ReduceMin", 18, axes_to_input},
    {"ReduceProd", 18, axes_to_input},
    {"ReduceSum", 13, axes_to_input},
    {"ReduceSumSquare", 18, axes_to_input},
    {"Reshape", 5, reshape},
    {"Resize", 99, resize},
    {"RoiAlign", 16, roi_align},
    {"Scan", 9, scan},
    {"Scatter", 99, scatter},
    {"Selu", 6, selu},
    {"Slice", 10, slice},
    {"Softmax", 13, flattened_softmax},
    {"Split", 18, split},
    {"Squeeze", 13, axes_to_input},
    {"Sub", 7, binary_broadcast},
    {"Tile", 6, tile},
    {"TopK", 10, top_k},
    {"Unsqueeze", 13, axes_to_input},
    {"Upsample", 99, upsample},
    {"Xor", 7, binary_broadcast},
};

/// LabelEncoder-1: one list of strings, indexed by position.
inline status label_encoder(node_form& node, node_sink& sink) {
  const attribute_value classes = node.take("classes_strings");
  const auto* names = std::get_if<std::vector<std::string>>(&classes);
  if (!names) return {};
  integers numbers;
  for (std::size_t i = 0; i < names->size(); ++i) numbers.push_back(static_cast<std::int64_t>(i));
  const bool is_text = node.has_input(0) && sink.fact(node.inputs[0]).type == dtype::string;
  node.set(is_text ? "keys_strings" : "values_strings", *names);
  node.set(is_text ? "values_int64s" : "keys_int64s", std::move(numbers));
  return {};
}

}  // namespace upgrade_detail

TENON_INLINE status upgrade(node_form& node, std::int64_t opset, node_sink& sink) {
  using namespace upgrade_detail;
  if (node.domain == "ai.onnx.ml") {
    if (node.op_type == "LabelEncoder" && opset < 2) return label_encoder(node, sink);
    return {};
  }
  if (!node.domain.empty()) return {};
  if (opset < 8) node.take("consumed_inputs");
  for (const rule& r : rules)
    if (r.op_type == node.op_type && opset < r.below) return r.apply(node, opset, sink);
  return {};
}

}  // namespace tenon::inline v0::onnx
