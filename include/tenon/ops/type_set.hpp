#pragma once

#include "tenon/ir/infer_context.hpp"

#include <cstdint>
#include <string>

namespace tenon::inline v0::ops {

using namespace ir;

/// A set of element types: one bit per dtype number.
struct type_set {
  std::uint32_t bits = 0;

  constexpr type_set() = default;

  template <class... D>

  requires(std::is_same_v<D, dtype>&&...) constexpr explicit type_set(D... types)
      : bits((0U | ... | bit(types))) {}

  constexpr bool has(dtype type) const { return (bits & bit(type)) != 0; }

  friend constexpr type_set operator|(type_set a, type_set b) {
    a.bits |= b.bits;
    return a;
  }

  /// `f32, f64`
  std::string str() const {
    std::string out;
    for (int i = 1; i < dtype_count; ++i)
      if (has(static_cast<dtype>(i)))
        out += cat(out.empty() ? "" : ", ", name_of(static_cast<dtype>(i)));
    return out;
  }

 private:
  static constexpr std::uint32_t bit(dtype type) {
    return std::uint32_t{1} << static_cast<std::uint32_t>(type);
  }
};

inline constexpr type_set floats{dtype::f16, dtype::bf16, dtype::f32, dtype::f64};
inline constexpr type_set signed_integers{dtype::i8, dtype::i16, dtype::i32, dtype::i64};
inline constexpr type_set unsigned_integers{dtype::u8, dtype::u16, dtype::u32, dtype::u64};
inline constexpr type_set integers = signed_integers | unsigned_integers;
inline constexpr type_set numbers = floats | integers;
inline constexpr type_set index_types{dtype::i32, dtype::i64};
inline constexpr type_set booleans{dtype::boolean};
inline constexpr type_set strings{dtype::string};
inline constexpr type_set complexes{dtype::c64, dtype::c128};
inline constexpr type_set byte_floats{dtype::f8e4m3fn, dtype::f8e4m3fnuz, dtype::f8e5m2,
                                      dtype::f8e5m2fnuz};  ///< the four 8-bit floats with a sign
inline constexpr type_set narrow_integers{dtype::i4, dtype::u4, dtype::i2, dtype::u2};
inline constexpr type_set narrow_floats{dtype::f4e2m1, dtype::f8e8m0};
inline constexpr type_set castable =
    numbers | booleans | strings | byte_floats | narrow_integers | narrow_floats;
inline constexpr type_set any_type = castable | complexes;

/// Fails unless input `i` is a tensor of one of `types`.
inline status require_in(const infer_context& ctx,
                         std::size_t i,
                         type_set types,
                         std::string_view what) {
  const fact& f = ctx[i];
  if (!f.is_tensor()) return fail(code::shape, what, " is a ", f.str(), ", expected a tensor");
  if (types.has(f.type)) return {};
  return fail(code::shape, what, " has element type ", name_of(f.type), ", expected one of ",
              types.str());
}

/// Fails unless input `i` is a tensor of the element type of input `like`.
inline status require_type_of(const infer_context& ctx,
                              std::size_t i,
                              std::size_t like,
                              std::string_view what) {
  type_set types(ctx[like].type);
  return require_in(ctx, i, types, what);
}

/// Fails when input `i` is given with a known rank that is not `rank`.
inline status require_rank(const infer_context& ctx,
                           std::size_t i,
                           std::size_t rank,
                           std::string_view what) {
  if (!ctx.has(i) || !ctx[i].is_ranked || ctx[i].rank() == rank) return {};
  return fail(code::shape, what, " has shape ", bracketed(ctx[i].shape), ", expected rank ", rank);
}

/// Fails when the shape of input `i` is known and has other than one element.
inline status require_scalar(infer_context& ctx, std::size_t i, std::string_view what) {
  if (!ctx[i].is_ranked) return {};
  if (ctx[i].rank() > 1)
    return fail(code::shape, what, " has shape ", bracketed(ctx[i].shape), ", expected a scalar");
  return ctx[i].rank() == 0 ? status() : ctx.require_equal(ctx[i].shape[0], dim(1), what);
}

}  // namespace tenon::inline v0::ops
