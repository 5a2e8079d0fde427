#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/formats/torch/importer.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::inline v0::pt2 {

namespace network_detail {

using ids = std::vector<std::int64_t>;

/// A list of one number for each spatial axis; one number alone means all.
inline ids per_axis(call& c, std::string_view name, std::int64_t axes, std::int64_t otherwise) {
  ids out = c.integers(name, {});
  if (out.empty()) out.assign(1, otherwise);
  if (out.size() == 1) out.resize(static_cast<std::size_t>(axes), out[0]);
  if (out.size() != static_cast<std::size_t>(axes))
    c.fail_with(code::attribute, cat("argument ", quoted(name), " is ", bracketed(out),
                                     ": expected ", axes, " numbers"));
  return out;
}

/// The same padding before and after each axis, as ONNX lists it.
inline ids both_sides(const ids& pads) {
  ids out = pads;
  out.insert(out.end(), pads.begin(), pads.end());
  return out;
}

/// Number of spatial axes that a weight or the name of an operator says, never less than 1.
inline std::int64_t spatial_axes(call& c, value_id weight) {
  const std::int64_t axes = c.rank(weight) - 2;
  if (axes < 1 || axes > 3)
    c.fail_with(code::shape, cat("weight has rank ", c.rank(weight), ": expected 3 to 5"));
  return std::max<std::int64_t>(axes, 1);
}

/// Pads of `padding='same'`: the smaller half comes first.
inline ids same_pads(call& c, value_id weight, const ids& dilations) {
  ids out(2 * dilations.size(), 0);
  for (std::size_t i = 0; i < dilations.size(); ++i) {
    const auto kernel =
        i + 2 < c.fact(weight).rank() ? c.fact(weight).shape[i + 2].as_constant() : std::nullopt;
    const auto total = checked_mul(dilations[i], kernel.value_or(1) - 1);
    if (!total) {
      c.fail_with(code::attribute, cat("dilation is ", dilations[i]));
      return out;
    }
    out[i] = *total / 2;
    out[dilations.size() + i] = *total - *total / 2;
  }
  return out;
}

/// An input without a batch axis gets one for the time of `f`.
template <class F> void with_batch(call& c, value_id x, std::int64_t axes, F&& f) {
  if (c.rank(x) != axes + 1) return c.output(f(x));
  c.output(c.add("Squeeze", {f(c.add("Unsqueeze", {x, c.ints({0})})), c.ints({0})}));
}

inline void convolution(call& c) {
  const value_id x = c.tensor_at("input"), w = c.tensor_at("weight"), b = c.optional_tensor("bias");
  const std::int64_t axes = spatial_axes(c, w);
  const ids strides = per_axis(c, "stride", axes, 1), dilations = per_axis(c, "dilation", axes, 1);
  const bool is_transposed = c.row().form == "ConvTranspose" || c.flag("transposed");
  const std::int64_t group = c.integer("groups", 1);
  const ids more = per_axis(c, "output_padding", axes, 0);
  ids pads;
  if (c.row().form == "padding") {
    const bool is_same = c.text("padding") == "same";
    pads = is_same ? same_pads(c, w, dilations) : ids(2 * static_cast<std::size_t>(axes), 0);
  } else {
    pads = both_sides(per_axis(c, "padding", axes, 0));
  }
  with_batch(c, x, axes, [&](value_id in) {
    if (!is_transposed)
      return c.add(
          "Conv", {in, w, b},
          {{"strides", strides}, {"pads", pads}, {"dilations", dilations}, {"group", group}});
    return c.add("ConvTranspose", {in, w, b},
                 {{"strides", strides},
                  {"pads", pads},
                  {"dilations", dilations},
                  {"group", group},
                  {"output_padding", more}});
  });
}

/// A scale or bias, or ones or zeros like `other` when there is none.
inline value_id weight_or(call& c, std::string_view name, double value, extents shape, dtype type) {
  return c.has(name) ? c.tensor_at(name) : c.filled(std::move(shape), value, type);
}

/// The size of an axis, which must be a number.
inline extents channels_of(call& c, value_id v, std::size_t axis) {
  const dims& shape = c.fact(v).shape;
  const auto size = axis < shape.size() ? shape[axis].as_constant() : std::nullopt;
  if (!size) c.fail_with(code::unsupported, "has no weights, and its channels are no number");
  return {size.value_or(0)};
}

/// (x - mean) / sqrt(variance + epsilon) with the statistics of each channel of the batch.
inline void norm_of_batch(call& c, value_id x) {
  ids axes, shape(static_cast<std::size_t>(std::max<std::int64_t>(c.rank(x), 2)), 1);
  for (std::int64_t a = 0; a < c.rank(x); ++a)
    if (a != 1) axes.push_back(a);
  shape[1] = -1;
  const value_id over = c.ints(axes), per_channel = c.ints(shape);
  const value_id off = c.add("Sub", {x, c.add("ReduceMean", {x, over})});
  const value_id variance = c.add("ReduceMean", {c.add("Mul", {off, off}), over});
  const value_id epsilon = c.number(c.real("eps", 1e-5), c.type_of(x));
  value_id out = c.add("Div", {off, c.add("Sqrt", {c.add("Add", {variance, epsilon})})});
  if (c.has("weight"))
    out = c.add("Mul", {out, c.add("Reshape", {c.tensor_at("weight"), per_channel})});
  if (c.has("bias"))
    out = c.add("Add", {out, c.add("Reshape", {c.tensor_at("bias"), per_channel})});
  c.output(out);
}

inline void batch_norm(call& c) {
  const value_id x = c.tensor_at("input");
  const bool is_training = c.flag("training");
  if (!c.has("running_mean")) return norm_of_batch(c, x);
  if (is_training)
    return c.fail_with(code::unsupported,
                       "updates its statistics from the batch: expected a model in eval mode");
  const value_id mean = c.tensor_at("running_mean"), variance = c.tensor_at("running_var");
  const extents shape = channels_of(c, mean, 0);
  const value_id scale = weight_or(c, "weight", 1, shape, c.type_of(mean));
  const value_id bias = weight_or(c, "bias", 0, shape, c.type_of(mean));
  c.output(c.add("BatchNormalization", {x, scale, bias, mean, variance},
                 {{"epsilon", static_cast<float>(c.real("eps", 1e-5))}}));
}

inline void instance_norm(call& c) {
  const value_id x = c.tensor_at("input");
  c.ignore({"running_mean", "running_var"});
  if (!c.flag("use_input_stats", true))
    return c.fail_with(code::unsupported, "uses running statistics: expected those of the input");
  const extents shape = channels_of(c, x, 1);
  const value_id scale = weight_or(c, "weight", 1, shape, c.type_of(x));
  const value_id bias = weight_or(c, "bias", 0, shape, c.type_of(x));
  c.output(c.add("InstanceNormalization", {x, scale, bias},
                 {{"epsilon", static_cast<float>(c.real("eps", 1e-5))}}));
}

inline void layer_norm(call& c) {
  const value_id x = c.tensor_at("input");
  const ids shape = c.integers("normalized_shape");
  const extents sizes(shape.begin(), shape.end());
  const value_id scale = weight_or(c, "weight", 1, sizes, c.type_of(x));
  const value_id bias = c.optional_tensor("bias");
  const bool is_rms = c.row().form == "RMSNormalization";
  const double tiny = c.type_of(x) == dtype::f32 ? 0x1p-23 : 0x1p-52;
  const double epsilon = c.real("eps", is_rms ? tiny : 1e-5);
  c.output(c.add(c.row().form, {x, scale, bias},
                 {{"axis", -static_cast<std::int64_t>(shape.size())},
                  {"epsilon", static_cast<float>(epsilon)}}));
}

inline void group_norm(call& c) {
  const value_id x = c.tensor_at("input");
  c.ignore({"N", "C", "HxW"});
  const std::int64_t groups = c.integer(c.has("group") ? "group" : "num_groups");
  const extents shape = channels_of(c, x, 1);
  const value_id scale = weight_or(c, "weight", 1, shape, c.type_of(x));
  const value_id bias = weight_or(c, "bias", 0, shape, c.type_of(x));
  c.output(c.add("GroupNormalization", {x, scale, bias},
                 {{"num_groups", groups}, {"epsilon", static_cast<float>(c.real("eps", 1e-5))}}));
}

inline void linear(call& c) {
  const value_id x = c.tensor_at("input"), w = c.tensor_at("weight"), b = c.optional_tensor("bias");
  if (c.rank(x) == 2 && c.rank(w) == 2)
    return c.output(c.add("Gemm", {x, w, b}, {{"transB", std::int64_t{1}}}));
  const value_id turned = c.rank(w) == 2 ? c.add("Transpose", {w}, {{"perm", ids{1, 0}}}) : w;
  const value_id product = c.add("MatMul", {x, turned});
  c.output(b ? c.add("Add", {product, b}) : product);
}

/// mm, bmm, matmul, mv, dot
inline void matmul(call& c) {
  const std::string_view second = c.has("mat2")     ? "mat2"
                                  : c.has("vec")    ? "vec"
                                  : c.has("tensor") ? "tensor"
                                                    : "other";
  c.output(c.add("MatMul", {c.tensor_at("self"), c.tensor_at(second)}));
}

inline value_id scaled(call& c, value_id v, double factor) {
  return factor == 1 ? v : c.add("Mul", {v, c.number(factor, c.type_of(v))});
}

/// beta * self + alpha * a @ b: addmm as Gemm, baddbmm and addmv spelled out.
inline void add_matmul(call& c) {
  const value_id start = c.tensor_at("self");
  const double beta = c.real("beta", 1.0), alpha = c.real("alpha", 1.0);
  if (c.row().form == "Gemm")
    return c.output(
        c.add("Gemm", {c.tensor_at("mat1"), c.tensor_at("mat2"), start},
              {{"alpha", static_cast<float>(alpha)}, {"beta", static_cast<float>(beta)}}));
  const bool is_vector = c.has("vec");
  const value_id a = c.tensor_at(is_vector ? "mat" : "batch1");
  const value_id product = c.add("MatMul", {a, c.tensor_at(is_vector ? "vec" : "batch2")});
  c.output(c.add("Add", {scaled(c, start, beta), scaled(c, product, alpha)}));
}

inline void einsum(call& c) {
  const std::string equation(c.text("equation"));
  c.ignore({"path"});
  c.output(c.add_many("Einsum", c.tensors("tensors"), {{"equation", equation}}, 1)[0]);
}

/// max_pool1d, max_pool2d, ...; the row says how many axes.
inline void max_pool(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axes = c.row().form[0] - '0';
  const ids kernel = per_axis(c, "kernel_size", axes, 1), given = c.integers("stride", {});
  const ids strides = given.empty() ? kernel : per_axis(c, "stride", axes, 1);
  const ids pads = both_sides(per_axis(c, "padding", axes, 0));
  const ids dilations = per_axis(c, "dilation", axes, 1);
  const std::int64_t ceil = c.flag("ceil_mode");
  with_batch(c, x, axes, [&](value_id in) {
    return c.add("MaxPool", {in},
                 {{"kernel_shape", kernel},
                  {"strides", strides},
                  {"pads", pads},
                  {"dilations", dilations},
                  {"ceil_mode", ceil}});
  });
}

inline void average_pool(call& c) {
  const value_id x = c.tensor_at("self");
  const std::int64_t axes = c.row().form[0] - '0';
  const ids kernel = per_axis(c, "kernel_size", axes, 1), given = c.integers("stride", {});
  const ids strides = given.empty() ? kernel : per_axis(c, "stride", axes, 1);
  const ids pads = both_sides(per_axis(c, "padding", axes, 0));
  const std::int64_t ceil = c.flag("ceil_mode"), counts_pads = c.flag("count_include_pad", true);
  with_batch(c, x, axes, [&](value_id in) {
    return c.add("AveragePool", {in},
                 {{"kernel_shape", kernel},
                  {"strides", strides},
                  {"pads", pads},
                  {"count_include_pad", counts_pads},
                  {"ceil_mode", ceil}});
  });
}

/// Pooling to given sizes: to 1 along all axes, or windows that divide the input.
inline void adaptive_pool(call& c) {
  const bool is_max = c.row().form.ends_with("max");
  const value_id x = c.tensor_at("self");
  const std::int64_t axes = c.row().form[0] - '0';
  const ids sizes = per_axis(c, "output_size", axes, 1);
  bool is_global = true;
  for (const std::int64_t s : sizes) is_global = is_global && s == 1;
  const dims& shape = c.fact(x).shape;
  if (is_global)
    return with_batch(c, x, axes, [&](value_id in) {
      return c.add(is_max ? "GlobalMaxPool" : "GlobalAveragePool", {in});
    });
  ids kernel;
  for (std::size_t i = 0; i < sizes.size() && sizes.size() < shape.size(); ++i) {
    const auto in = shape[shape.size() - sizes.size() + i].as_constant();
    if (!in || sizes[i] < 1 || *in % sizes[i] != 0)
      return c.fail_with(code::unsupported,
                         cat("pools to size ", sizes[i], ", which is no divisor of ",
                             shape[shape.size() - sizes.size() + i]));
    kernel.push_back(*in / sizes[i]);
  }
  with_batch(c, x, axes, [&](value_id in) {
    return c.add(is_max ? "MaxPool" : "AveragePool", {in},
                 {{"kernel_shape", kernel}, {"strides", kernel}});
  });
}

/// upsample_nearest*, upsample_bilinear2d, ...: to sizes, or by factors that torch then also computes with.
inline void upsample(call& c) {
  const value_id x = c.tensor_at(c.first());
  const bool is_nearest = c.row().form == "nearest";
  const bool aligns = !is_nearest && c.flag("align_corners");
  const std::string coordinates = is_nearest ? "asymmetric"
                                  : aligns   ? "align_corners"
                                             : "half_pixel";
  const auto axes = static_cast<std::size_t>(std::max<std::int64_t>(c.rank(x) - 2, 0));
  value_id scales, sizes;
  if (c.has("output_size")) {
    const value_id parts[] = {c.shape_of(x, 0, 2), c.sizes("output_size")};
    sizes = c.add_many("Concat", parts, {{"axis", std::int64_t{0}}}, 1)[0];
    for (const std::string_view name :
         {"scales", "scales_h", "scales_w", "scales_d", "scale_factors"})
      if (c.has(name))
        return c.fail_with(code::unsupported, "is given a size and factors: expected one of them");
  } else {
    const std::vector<double> given = c.reals("scale_factors");
    std::vector<float> all(2, 1.0F);
    for (const double s : given) all.push_back(static_cast<float>(s));
    all.resize(axes + 2, all.back());
    scales = c.constant(
        tensor::of<float>({static_cast<std::int64_t>(all.size())}, std::span<const float>(all)));
  }
  c.output(c.add("Resize", {x, value_id(), scales, sizes},
                 {{"mode", std::string(c.row().form)},
                  {"cubic_coeff_a", -0.75F},
                  {"nearest_mode", std::string("floor")},
                  {"coordinate_transformation_mode", coordinates}}));
}

/// Repeats the heads of keys or values for grouped queries.
inline value_id repeated_heads(call& c, value_id kv, value_id q) {
  const dims &have = c.fact(kv).shape, &want = c.fact(q).shape;
  if (have.size() != 4 || want.size() != 4 || !have[1].is_constant() || !want[1].is_constant() ||
      have[1].constant() < 1 || want[1].constant() % have[1].constant() != 0) {
    c.fail_with(code::unsupported, "groups queries whose heads are no known multiple");
    return kv;
  }
  const std::int64_t times = want[1].constant() / have[1].constant();
  if (times == 1) return kv;
  const std::int64_t all = want[1].constant();
  const value_id spread =
      c.add("Expand", {c.add("Unsqueeze", {kv, c.ints({2})}), c.ints({1, 1, times, 1, 1})});
  const value_id parts[] = {c.shape_of(kv, 0, 1), c.ints({all}), c.shape_of(kv, 2, 4)};
  return c.add("Reshape", {spread, c.add_many("Concat", parts, {{"axis", std::int64_t{0}}}, 1)[0]});
}

/// What is added to the scores: the mask, -inf where a boolean one is false, the causal triangle.
inline value_id masked(call& c, value_id scores, value_id q, value_id k) {
  const dtype type = c.type_of(scores);
  const value_id nothing = c.number(-INFINITY, type);
  if (c.flag("is_causal") && c.has("attn_mask")) {
    c.fail_with(code::unsupported, "has a mask and is causal: expected one of them");
    return scores;
  }
  if (c.flag("is_causal")) {
    const value_id sizes[] = {c.shape_of(q, c.rank(q) - 2, c.rank(q) - 1),
                              c.shape_of(k, c.rank(k) - 2, c.rank(k) - 1)};
    const value_id shape = c.add_many("Concat", sizes, {{"axis", std::int64_t{0}}}, 1)[0];
    const value_id ones = c.add("Expand", {c.number(1, dtype::boolean), shape});
    const value_id seen = c.add("Trilu", {ones}, {{"upper", std::int64_t{0}}});
    return c.add("Where", {seen, scores, nothing});
  }
  if (!c.has("attn_mask")) return scores;
  const value_id mask = c.tensor_at("attn_mask");
  if (c.type_of(mask) == dtype::boolean) return c.add("Where", {mask, scores, nothing});
  return c.add("Add", {scores, c.cast(mask, type)});
}

/// softmax(scale q k' + mask) v; a row that sees nothing is 0, as in torch.
inline void attention(call& c) {
  const value_id q = c.tensor_at("query");
  value_id k = c.tensor_at("key"), v = c.tensor_at("value");
  if (c.real("dropout_p", 0.0) != 0)
    return c.fail_with(code::unsupported, "drops at random: expected a model in eval mode");
  if (c.flag("enable_gqa")) {
    k = repeated_heads(c, k, q);
    v = repeated_heads(c, v, q);
  }
  const std::int64_t rank = c.rank(k);
  if (rank < 2) return c.fail_with(code::shape, "keys have no rows");
  const auto size = c.fact(q).shape.empty() ? std::nullopt : c.fact(q).shape.back().as_constant();
  if (!c.has("scale") && !size.value_or(0))
    return c.fail_with(code::unsupported, "queries have a last size that is no number");
  const double scale = c.has("scale") ? c.real("scale") : 1 / std::sqrt(static_cast<double>(*size));
  ids order;
  for (std::int64_t a = 0; a < rank; ++a) order.push_back(a);
  std::swap(order[static_cast<std::size_t>(rank - 1)], order[static_cast<std::size_t>(rank - 2)]);
  const value_id turned = c.add("Transpose", {k}, {{"perm", order}});
  const value_id scores = scaled(c, c.add("MatMul", {q, turned}), scale);
  value_id parts = c.add("Softmax", {masked(c, scores, q, k)}, {{"axis", std::int64_t{-1}}});
  const bool may_see_nothing =
      c.is_tensor("attn_mask") && c.type_of(c.optional_tensor("attn_mask")) == dtype::boolean;
  if (may_see_nothing)
    parts = c.add("Where", {c.add("IsNaN", {parts}), c.number(0, c.type_of(parts)), parts});
  c.output(c.add("MatMul", {parts, v}));
}

inline constexpr auto rows = sorted({
    {"aten.conv1d", convolution},
    {"aten.conv2d", convolution},
    {"aten.conv3d", convolution},
    {"aten.conv1d.padding", convolution, "padding"},
    {"aten.conv2d.padding", convolution, "padding"},
    {"aten.conv3d.padding", convolution, "padding"},
    {"aten.convolution", convolution},
    {"aten._convolution", convolution},
    {"aten.conv_transpose1d", convolution, "ConvTranspose"},
    {"aten.conv_transpose2d", convolution, "ConvTranspose"},
    {"aten.conv_transpose3d", convolution, "ConvTranspose"},
    {"aten.batch_norm", batch_norm},
    {"aten.native_batch_norm", batch_norm},
    {"aten.cudnn_batch_norm", batch_norm},
    {"aten._native_batch_norm_legit", batch_norm},
    {"aten._native_batch_norm_legit_no_training", batch_norm},
    {"aten.instance_norm", instance_norm},
    {"aten.layer_norm", layer_norm, "LayerNormalization"},
    {"aten.native_layer_norm", layer_norm, "LayerNormalization"},
    {"aten.rms_norm", layer_norm, "RMSNormalization"},
    {"aten.group_norm", group_norm},
    {"aten.native_group_norm", group_norm},
    {"aten.linear", linear},
    {"aten.mm", matmul},
    {"aten.bmm", matmul},
    {"aten.matmul", matmul},
    {"aten.mv", matmul},
    {"aten.dot", matmul},
    {"aten.addmm", add_matmul, "Gemm"},
    {"aten.baddbmm", add_matmul},
    {"aten.addmv", add_matmul},
    {"aten.einsum", einsum},
    {"aten.max_pool1d", max_pool, "1"},
    {"aten.max_pool2d", max_pool, "2"},
    {"aten.max_pool3d", max_pool, "3"},
    {"aten.max_pool2d_with_indices", max_pool, "2"},
    {"aten.max_pool3d_with_indices", max_pool, "3"},
    {"aten.avg_pool1d", average_pool, "1"},
    {"aten.avg_pool2d", average_pool, "2"},
    {"aten.avg_pool3d", average_pool, "3"},
    {"aten.adaptive_avg_pool1d", adaptive_pool, "1"},
    {"aten.adaptive_avg_pool2d", adaptive_pool, "2"},
    {"aten.adaptive_avg_pool3d", adaptive_pool, "3"},
    {"aten._adaptive_avg_pool2d", adaptive_pool, "2"},
    {"aten._adaptive_avg_pool3d", adaptive_pool, "3"},
    {"aten.adaptive_max_pool1d", adaptive_pool, "1 max"},
    {"aten.adaptive_max_pool2d", adaptive_pool, "2 max"},
    {"aten.adaptive_max_pool3d", adaptive_pool, "3 max"},
    {"aten.upsample_nearest1d", upsample, "nearest"},
    {"aten.upsample_nearest2d", upsample, "nearest"},
    {"aten.upsample_nearest3d", upsample, "nearest"},
    {"aten.upsample_linear1d", upsample, "linear"},
    {"aten.upsample_bilinear2d", upsample, "linear"},
    {"aten.upsample_trilinear3d", upsample, "linear"},
    {"aten.upsample_bicubic2d", upsample, "cubic"},
    {"aten.scaled_dot_product_attention", attention},
    {"aten._scaled_dot_product_flash_attention_for_cpu", attention},
});

}  // namespace network_detail

TENON_INLINE std::span<const operator_row> network_rows() {
  return network_detail::rows;
}

}  // namespace tenon::inline v0::pt2
