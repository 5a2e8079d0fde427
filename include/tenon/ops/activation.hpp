#pragma once

#include "tenon/ir/infer_context.hpp"
#include "tenon/ops/apply.hpp"

#include <algorithm>

namespace tenon::inline v0::ops {

using namespace ir;

/// y = max(x, 0)
struct relu {
  static constexpr op_info info{"relu", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Relu", 14};
  friend bool operator==(const relu&, const relu&) = default;

  status infer(infer_context& ctx) const {
    ctx.output(0, ctx[0].type, ctx[0].shape);
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_unary(ctx, [](auto v) { return v > 0 ? v : decltype(v){0}; });
  }
};

/// y = x < 0 ? alpha * x : x
struct leaky_relu {
  static constexpr op_info info{"leaky_relu", ports{"x"}, ports{"y"}, pure | elementwise};
  float alpha = 0.01F;  ///< slope for negative x
  static constexpr auto attributes = attributes_of(attribute{"alpha", &leaky_relu::alpha});
  static constexpr onnx_import onnx{"LeakyRelu", 16};
  friend bool operator==(const leaky_relu&, const leaky_relu&) = default;

  status infer(infer_context& ctx) const {
    ctx.output(0, ctx[0].type, ctx[0].shape);
    return {};
  }

  status reference(eval_context& ctx) const {
    return map_unary(ctx, [this](auto v) {
      return v < 0 ? static_cast<decltype(v)>(v * static_cast<decltype(v)>(alpha)) : v;
    });
  }
};

}  // namespace tenon::inline v0::ops
