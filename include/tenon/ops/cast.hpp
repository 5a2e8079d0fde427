#pragma once

#include "tenon/ops/convert_tensor.hpp"
#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace tenon::inline v0::ops {

/// Output 0 has the shape of input 0 and another type; small integer content stays known.
inline status infer_conversion(infer_context& ctx, dtype to) {
  TENON_TRY(require_in(ctx, 0, castable, "x"));
  if (!castable.has(to))
    return fail(code::attribute, "to is ", name_of(to), ", expected one of ", castable.str());
  ctx.output(0, ctx[0].is_ranked ? fact::of(to, ctx[0].shape) : fact::unranked(to));
  if (index_types.has(to)) propagate(ctx, [](dim d) { return std::optional(d); });
  return {};
}

/// y = x as another element type; floats truncate to integers, integers wrap, strings are decimal
struct cast {
  static constexpr op_info info{"cast", ports{"x"}, ports{"y"}, pure | elementwise};
  dtype to = dtype::undefined;  ///< required
  bool saturate =
      true;  ///< 8-bit floats: clamp to the largest finite value instead of NaN or infinity
  float_rounding round_mode = float_rounding::up;  ///< for f8e8m0
  static constexpr auto attributes = attributes_of(attribute{"to", &cast::to, true},
                                                   attribute{"saturate", &cast::saturate},
                                                   attribute{"round_mode", &cast::round_mode});
  static constexpr onnx_import onnx{"Cast", 6};
  friend bool operator==(const cast&, const cast&) = default;

  status infer(infer_context& ctx) const { return infer_conversion(ctx, to); }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    return convert_tensor(ctx[0], y, saturate, round_mode);
  }
};

/// y = x as the element type of `like`
struct cast_like {
  static constexpr op_info info{"cast_like", ports{"x", "like"}, ports{"y"}, pure | elementwise};
  bool saturate = true;  ///< as in `cast`
  float_rounding round_mode = float_rounding::up;
  static constexpr auto attributes = attributes_of(attribute{"saturate", &cast_like::saturate},
                                                   attribute{"round_mode", &cast_like::round_mode});
  static constexpr onnx_import onnx{"CastLike", 15};
  friend bool operator==(const cast_like&, const cast_like&) = default;

  status infer(infer_context& ctx) const { return infer_conversion(ctx, ctx[1].type); }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    return convert_tensor(ctx[0], y, saturate, round_mode);
  }
};

/// y = the bits of x seen as another element type of the same width; bits read as bool become 0 or 1
struct bit_cast {
  static constexpr op_info info{"bit_cast", ports{"x"}, ports{"y"}, pure | elementwise};
  dtype to = dtype::undefined;  ///< required
  static constexpr auto attributes = attributes_of(attribute{"to", &bit_cast::to, true});
  static constexpr onnx_import onnx{"BitCast", 26};
  friend bool operator==(const bit_cast&, const bit_cast&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, any_type));
    const dtype from = ctx[0].type;
    if (from == dtype::string || bits_of(from) != bits_of(to) || to == dtype::undefined)
      return fail(code::attribute, "to is ", name_of(to), ", expected a type of the width of ",
                  name_of(from));
    ctx.outputs()[0].type = to;
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto* from = ctx[0].data<std::uint8_t>();
    auto* out = y.data<std::uint8_t>();
    for (std::size_t i = 0; i < y.size_bytes(); ++i)
      out[i] = to == dtype::boolean ? from[i] != 0 : from[i];
    return {};
  }
};

using cast_ops = type_list<bit_cast, cast, cast_like>;

}  // namespace tenon::inline v0::ops
