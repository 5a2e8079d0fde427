#pragma once

#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace tenon::inline v0::ops {

/// y = the bits that are set in both a and b
struct bitwise_and : plain_op {
  static constexpr op_info info{"bitwise_and", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"BitwiseAnd", 18};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, integers); }

  status reference(eval_context& ctx) const {
    return map_arithmetic(ctx, {nullptr, [](std::int64_t a, std::int64_t b) { return a & b; },
                                [](std::uint64_t a, std::uint64_t b) { return a & b; }});
  }
};

/// y = the bits that are set in a or b
struct bitwise_or : plain_op {
  static constexpr op_info info{"bitwise_or", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"BitwiseOr", 18};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, integers); }

  status reference(eval_context& ctx) const {
    return map_arithmetic(ctx, {nullptr, [](std::int64_t a, std::int64_t b) { return a | b; },
                                [](std::uint64_t a, std::uint64_t b) { return a | b; }});
  }
};

/// y = the bits that differ between a and b
struct bitwise_xor : plain_op {
  static constexpr op_info info{"bitwise_xor", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"BitwiseXor", 18};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, integers); }

  status reference(eval_context& ctx) const {
    return map_arithmetic(ctx, {nullptr, [](std::int64_t a, std::int64_t b) { return a ^ b; },
                                [](std::uint64_t a, std::uint64_t b) { return a ^ b; }});
  }
};

/// y = x with every bit flipped
struct bitwise_not : plain_op {
  static constexpr op_info info{"bitwise_not", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"BitwiseNot", 18};

  status infer(infer_context& ctx) const { return infer_like_input(ctx, integers); }

  status reference(eval_context& ctx) const {
    return map_number(
        ctx, {nullptr, [](std::int64_t x) { return ~x; }, [](std::uint64_t x) { return ~x; }});
  }
};

/// Towards which end `bit_shift` moves the bits.
enum class shift_direction : unsigned char { left, right };

constexpr auto enum_names(shift_direction) {
  return std::array<std::string_view, 2>{"LEFT", "RIGHT"};
}

/// y = x << count or x >> count; right shifts of signed integers keep the sign, counts outside the
/// width leave only sign bits
struct bit_shift {
  static constexpr op_info info{"bit_shift", ports{"x", "count"}, ports{"y"}, pure | elementwise};
  std::optional<shift_direction> direction{};  ///< required
  static constexpr auto attributes =
      attributes_of(attribute{"direction", &bit_shift::direction, true});
  static constexpr onnx_import onnx{"BitShift", 11};
  friend bool operator==(const bit_shift&, const bit_shift&) = default;

  status infer(infer_context& ctx) const {
    if (!direction) return fail(code::attribute, "direction is missing, expected LEFT or RIGHT");
    return infer_same_types(ctx, integers);
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const bool left = *direction == shift_direction::left;
    if (is_unsigned_integer(y.type())) {
      fold_inputs<std::uint64_t>(ctx, y, left ? &left_of<std::uint64_t> : &right_of<std::uint64_t>);
      return {};
    }
    fold_inputs<std::int64_t>(ctx, y, left ? &left_of<std::int64_t> : &right_of<std::int64_t>);
    return {};
  }

 private:
  static bool is_outside(std::int64_t count) { return count < 0 || count > 63; }

  static bool is_outside(std::uint64_t count) { return count > 63; }

  template <class T> static T left_of(T x, T count) {
    return is_outside(count) ? T{0} : static_cast<T>(static_cast<std::uint64_t>(x) << count);
  }

  template <class T> static T right_of(T x, T count) {
    return is_outside(count) ? T(x < T{0} ? -1 : 0) : T(x >> count);
  }
};

using bitwise_ops = type_list<bit_shift, bitwise_and, bitwise_not, bitwise_or, bitwise_xor>;

}  // namespace tenon::inline v0::ops
