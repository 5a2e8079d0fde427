#pragma once

#include "tenon/ops/matmul_reference.hpp"
#include "tenon/ops/quantization_reference.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>

namespace tenon::inline v0::ops {

/// y = saturate(round(x / scale) + zero_point): for the whole tensor, per index of an axis or per block
struct quantize_linear {
  static constexpr op_info info{"quantize_linear", ports{"x", "scale", maybe("zero_point")},
                                ports{"y"}};
  std::int64_t axis = 1;
  std::int64_t block_size = 0;  ///< elements of the axis that share a scale; 0: not blocked
  dtype output_dtype = dtype::undefined;  ///< that of zero_point, else u8
  dtype precision = dtype::undefined;     ///< of the division
  bool saturate = true;                   ///< for 8-bit floats
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &quantize_linear::axis},
                    attribute{"block_size", &quantize_linear::block_size},
                    attribute{"output_dtype", &quantize_linear::output_dtype},
                    attribute{"precision", &quantize_linear::precision},
                    attribute{"saturate", &quantize_linear::saturate});
  static constexpr onnx_import onnx{"QuantizeLinear", 10};
  friend bool operator==(const quantize_linear&, const quantize_linear&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, type_set{dtype::f32, dtype::f16, dtype::bf16, dtype::i32}));
    TENON_TRY(require_in(
        ctx, 1, type_set{dtype::f32, dtype::f16, dtype::bf16, dtype::i32, dtype::f8e8m0}, "scale"));
    dtype type = output_dtype == dtype::undefined ? dtype::u8 : output_dtype;
    if (ctx.has(2)) {
      TENON_TRY(require_in(ctx, 2, quantized_types, "zero_point"));
      if (output_dtype != dtype::undefined && output_dtype != ctx[2].type)
        return fail(code::attribute, "output_dtype is ", name_of(output_dtype),
                    ", expected that of zero_point, ", name_of(ctx[2].type));
      type = ctx[2].type;
    }
    if (!quantized_types.has(type))
      return fail(code::attribute, "output_dtype is ", name_of(type), ", expected one of ",
                  quantized_types.str());
    if (precision != dtype::undefined && !floats.has(precision))
      return fail(code::attribute, "precision is ", name_of(precision), ", expected one of ",
                  floats.str());
    TENON_TRY(require_granularity(ctx, axis, block_size));
    if (!ctx.outputs().empty()) ctx.outputs()[0].type = type;
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const granularity at(ctx[0], ctx[1], axis, block_size);
    const elements_as<double> x(ctx[0]), scale(ctx[1]);
    std::vector<double> zeros(scale.size(), 0.0), quotients(x.size());
    if (ctx.has(2)) load_elements<double>(ctx[2], zeros);
    const dtype type = division_type(ctx[0].type(), ctx[1].type(), precision);
    for (std::size_t i = 0; i < x.size(); ++i)
      quotients[i] = rounded_to(type, rounded_to(type, x[i]) / rounded_to(type, scale[at(i)]));
    store_quantized(
        quotients, y, [&](std::size_t i) { return zeros[at(i)]; }, saturate);
    return {};
  }
};

/// y = (x - zero_point) * scale: for the whole tensor, per index of an axis or per block
struct dequantize_linear {
  static constexpr op_info info{"dequantize_linear", ports{"x", "scale", maybe("zero_point")},
                                ports{"y"}};
  std::int64_t axis = 1;
  std::int64_t block_size = 0;  ///< elements of the axis that share a scale; 0: not blocked
  dtype output_dtype = dtype::undefined;  ///< that of scale
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &dequantize_linear::axis},
                    attribute{"block_size", &dequantize_linear::block_size},
                    attribute{"output_dtype", &dequantize_linear::output_dtype});
  static constexpr onnx_import onnx{"DequantizeLinear", 10};
  friend bool operator==(const dequantize_linear&, const dequantize_linear&) = default;

  status infer(infer_context& ctx) const {
    constexpr type_set results{dtype::f32, dtype::f16, dtype::bf16};
    TENON_TRY(infer_like_input(ctx, quantized_types | type_set{dtype::i32}));
    TENON_TRY(require_in(ctx, 1, results | type_set{dtype::f8e8m0}, "scale"));
    if (ctx.has(2)) TENON_TRY(require_type_of(ctx, 2, 0, "zero_point"));
    const dtype type = output_dtype == dtype::undefined ? ctx[1].type : output_dtype;
    if (!results.has(type))
      return fail(code::attribute, "output_dtype is ", name_of(type), ", expected one of ",
                  results.str());
    TENON_TRY(require_granularity(ctx, axis, block_size));
    if (!ctx.outputs().empty()) ctx.outputs()[0].type = type;
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const granularity at(ctx[0], ctx[1], axis, block_size);
    const elements_as<double> x(ctx[0]), scale(ctx[1]);
    std::vector<double> zeros(scale.size(), 0.0);
    if (ctx.has(2)) load_elements<double>(ctx[2], zeros);
    elements_into<double> out(y);
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = (x[i] - zeros[at(i)]) * scale[at(i)];
    out.commit();
    return {};
  }
};

/// y = x quantized to u8 by the scale and zero point that cover its range and 0
struct dynamic_quantize_linear : plain_op {
  static constexpr op_info info{"dynamic_quantize_linear", ports{"x"},
                                ports{"y", "scale", "zero_point"}};
  static constexpr onnx_import onnx{"DynamicQuantizeLinear", 11};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, type_set{dtype::f32}));
    ctx.outputs()[0].type = dtype::u8;
    ctx.output(1, dtype::f32, dims{});
    ctx.output(2, dtype::u8, dims{});
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    TENON_TRY(tensor scale_out, ctx.output(1));
    TENON_TRY(tensor zero_out, ctx.output(2));
    const auto x = ctx[0].elements<const float>();
    float low = 0, high = 0;
    for (const float v : x) {
      low = std::min(low, v);
      high = std::max(high, v);
    }
    const float scale = (high == low ? 1.0F : high - low) / 255.0F;
    const integer_range range(dtype::u8);
    const double zero = range.quantized(std::clamp(-low / scale, 0.0F, 255.0F), 0);
    for (std::size_t i = 0; i < x.size(); ++i)
      y.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(range.quantized(x[i] / scale, zero));
    *scale_out.data<float>() = scale;
    *zero_out.data<std::uint8_t>() = static_cast<std::uint8_t>(zero);
    return {};
  }
};

/// y = quantize(dequantize(a) times dequantize(b)), with scales per tensor, per row of a or column of b
struct qlinear_matmul : plain_op {
  static constexpr op_info info{"qlinear_matmul",
                                ports{"a", "a_scale", "a_zero_point", "b", "b_scale",
                                      "b_zero_point", "y_scale", "y_zero_point"},
                                ports{"y"}};
  static constexpr onnx_import onnx{"QLinearMatMul", 10};

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

 private:
  static std::vector<double> spread(const tensor& parameter, const extents& to, bool rows);
};

inline status qlinear_matmul::infer(infer_context& ctx) const {
  constexpr type_set types = type_set{dtype::i8, dtype::u8} | byte_floats;
  for (const std::size_t i : {0U, 3U, 7U}) TENON_TRY(require_in(ctx, i, types, cat("input ", i)));
  for (const std::size_t i : {1U, 4U, 6U})
    TENON_TRY(require_in(ctx, i, type_set{dtype::f32, dtype::f16, dtype::bf16}, cat("input ", i)));
  TENON_TRY(require_zero_point(ctx, 2, 0, true));
  TENON_TRY(require_zero_point(ctx, 5, 3, false));
  TENON_TRY(infer_product(ctx, 0, 3, ctx[7].type));
  if (ctx.outputs().empty() || !ctx.outputs()[0].is_ranked) return {};
  const dims shape = ctx.outputs()[0].shape;
  for (const std::size_t i : {1U, 4U, 6U, 7U}) {
    if (!ctx[i].is_ranked || ctx[i].rank() == 0) continue;
    dims as = ctx[i].shape;
    if (i != 4 && as.size() == 1 && shape.size() > 1 && as[0] != dim(1)) as.push_back(dim(1));
    if (as.size() == 1 && as[0] == dim(1)) continue;
    TENON_TRY(const dims both, ctx.broadcast(as, shape, cat("input ", i)));
    TENON_TRY(ctx.require_same(both, shape, cat("input ", i, ", broadcast to y,")));
  }
  return {};
}

inline std::vector<double> qlinear_matmul::spread(const tensor& parameter,
                                                  const extents& to,
                                                  bool rows) {
  tensor p = parameter;
  if (p.size() == 1)
    p = p.reshaped({});
  else if (rows && p.rank() == 1 && to.size() > 1)
    p = p.reshaped({p.dim(0), 1});
  std::vector<double> out(static_cast<std::size_t>(element_count(to)));
  fold_broadcast<double>(p, to, out.data(), [](double, double v) { return v; });
  return out;
}

inline status qlinear_matmul::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const auto less_zero = [&](std::size_t i, bool rows) {
    std::vector<double> out = spread(ctx[i + 2], ctx[i].dims(), rows);
    const elements_as<double> x(ctx[i]);
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = x[k] - out[k];
    return out;
  };
  const auto a = less_zero(0, true), b = less_zero(3, false);
  std::vector<double> out(static_cast<std::size_t>(y.size()), 0.0);
  TENON_TRY(
      multiply_batches<double>(ctx, a.data(), ctx[0].dims(), b.data(), ctx[3].dims(), out.data()));
  const auto a_scale = spread(ctx[1], y.dims(), true), b_scale = spread(ctx[4], y.dims(), false);
  const auto y_scale = spread(ctx[6], y.dims(), true), zero = spread(ctx[7], y.dims(), true);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] *= a_scale[i] * b_scale[i] / y_scale[i];
  store_quantized(
      out, y, [&](std::size_t i) { return zero[i]; }, true);
  return {};
}

using quantization_ops =
    type_list<dequantize_linear, dynamic_quantize_linear, qlinear_matmul, quantize_linear>;

}  // namespace tenon::inline v0::ops
