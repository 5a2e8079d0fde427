#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/ir/eval_context.hpp"
#include "tenon/ir/infer_context.hpp"
#include "tenon/ops/apply.hpp"
#include "tenon/ops/type_set.hpp"
#include "tenon/ops/walk.hpp"
#include "tenon/tensor/complex.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace tenon::inline v0::ops {

using namespace ir;

/// Moves runs of elements between tensors of one dtype, strings included.
class element_mover {
 public:
  element_mover(const tensor& to, const tensor& from)
      : to_(to.bytes()),
        from_(from.bytes()),
        size_(size_of(to.type())),
        is_string_(to.type() == dtype::string) {}

  void operator()(std::int64_t to_at, std::int64_t from_at, std::int64_t count = 1) const {
    if (count <= 0) return;
    if (is_string_) {
      const auto* in = reinterpret_cast<const std::string*>(from_) + from_at;
      std::copy(in, in + count, reinterpret_cast<std::string*>(to_) + to_at);
      return;
    }
    std::memcpy(to_ + static_cast<std::size_t>(to_at) * size_,
                from_ + static_cast<std::size_t>(from_at) * size_,
                static_cast<std::size_t>(count) * size_);
  }

 private:
  std::byte* to_;
  const std::byte* from_;
  std::size_t size_;
  bool is_string_;
};

/// A strided reading of row-major elements: element `index` is at offset + sum(index * strides).
struct strided_view {
  extents dims;
  extents strides;
  std::int64_t offset = 0;
};

/// Copies what a view reads, in row-major order of the view.
template <class T> void read_view(const strided_view& v, const T* from, T* to) {
  walk<1>(v.dims, {v.strides}, [&](const auto& at, std::int64_t count, const auto& stride) {
    const T* in = from + (v.offset + at[0]);
    for (std::int64_t i = 0; i < count; ++i) *to++ = in[i * stride[0]];
  });
}

/// Calls `f(T{})` with a type that has the size of the dtype and copies bitwise (strings: std::string).
template <class F> void with_storage_type(dtype type, F&& f) {
  switch (size_of(type)) {
    case 1:
      f(std::uint8_t{});
      return;
    case 2:
      f(std::uint16_t{});
      return;
    case 4:
      f(std::uint32_t{});
      return;
    case 8:
      f(std::uint64_t{});
      return;
    case 16:
      f(c128{});
      return;
    default:
      f(std::string{});
      return;
  }
}

inline void read_view(const strided_view& v, const tensor& from, const tensor& to) {
  with_storage_type(from.type(), [&]<class T>(T) { read_view(v, from.data<T>(), to.data<T>()); });
}

/// The whole tensor as a view.
inline strided_view view_of(const extents& dims) {
  return {dims, strides_of(dims), 0};
}

/// Copies all bytes of equally many elements.
inline void copy_all(const tensor& from, const tensor& to) {
  element_mover(to, from)(0, 0, from.size());
}

/// Output 0 with the elements of input 0 in the same order.
inline status copy_reference(eval_context& ctx) {
  TENON_TRY(tensor y, ctx.output(0));
  if (y.size() != ctx[0].size())
    return fail(code::shape, "output has ", y.size(), " elements, expected ", ctx[0].size());
  copy_all(ctx[0], y);
  return {};
}

/// True for tensors whose content is worth tracking as expressions.
inline bool is_trackable(const fact& f) {
  if ((f.type != dtype::i64 && f.type != dtype::i32) || !f.is_ranked) return false;
  const auto sizes = to_extents(f.shape);
  if (!sizes) return false;
  const auto count = checked_product(std::span(sizes->data(), sizes->size()));
  return count && *count <= max_tracked_elements;
}

/// Output `i` of `shape` with the content that `v` reads from input 0, when that is known.
inline void output_view(infer_context& ctx,
                        dims shape,
                        const std::optional<strided_view>& v,
                        std::size_t i = 0) {
  fact out = fact::of(ctx[0].type, std::move(shape));
  const auto known = ctx.elements(0);
  if (known && v && is_trackable(out)) {
    out.elements.emplace(static_cast<std::size_t>(element_count(v->dims)));
    read_view(*v, known->data(), out.elements->data());
  }
  ctx.output(i, std::move(out));
}

/// Output 0 of `shape` with the content of input 0 in the same order.
inline void output_reshaped(infer_context& ctx, dims shape) {
  fact out = fact::of(ctx[0].type, std::move(shape));
  if (auto known = ctx.elements(0); known && is_trackable(out)) out.elements = std::move(known);
  ctx.output(0, std::move(out));
}

inline void output_unranked(infer_context& ctx, std::size_t i, dtype type) {
  ctx.output(i, fact::unranked(type));
}

/// Number of elements of a list when its size is known: one for a scalar, unknown for other ranks.
inline std::optional<std::int64_t> known_length(infer_context& ctx, std::size_t i) {
  if (!ctx.has(i) || !ctx[i].is_ranked) return std::nullopt;
  if (ctx[i].rank() == 0) return 1;
  return ctx[i].rank() == 1 ? ctx[i].shape[0].as_constant() : std::nullopt;
}

/// Longer shapes that only the run knows make a value of unknown rank.
inline constexpr std::int64_t max_unknown_sizes = 16;

/// `count` sizes that only the run knows.
inline dims unknown_sizes(infer_context& ctx, std::string_view prefix, std::size_t count) {
  dims out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(ctx.unbacked(prefix, dim(interval::highest)));
  return out;
}

/// Output 0 of `rank` sizes that only the run knows; of unknown rank when there is none or it is too high.
inline void output_of_rank(infer_context& ctx,
                           dtype type,
                           std::string_view prefix,
                           std::optional<std::int64_t> rank) {
  if (!rank || *rank < 0 || *rank > max_unknown_sizes)
    output_unranked(ctx, 0, type);
  else
    ctx.output(0, type, unknown_sizes(ctx, prefix, static_cast<std::size_t>(*rank)));
}

/// Distinct normalised axes; errors name `what`.
inline result<std::vector<std::size_t>> distinct_axes(const infer_context& ctx,
                                                      std::span<const std::int64_t> axes,
                                                      std::size_t rank,
                                                      std::string_view what = "axes") {
  std::vector<std::size_t> out;
  std::vector<bool> seen(rank, false);
  for (const std::int64_t a : axes) {
    TENON_TRY(const std::size_t axis, ctx.axis(a, rank, what));
    if (seen[axis])
      return fail(code::attribute, what, " contains ", a, " twice, expected distinct axes");
    seen[axis] = true;
    out.push_back(axis);
  }
  return out;
}

/// Fails unless input `i` is an i32 or i64 tensor.
inline status require_index_type(const infer_context& ctx, std::size_t i, std::string_view what) {
  if (!ctx.has(i)) return {};
  return ctx.require_type(i, {dtype::i64, dtype::i32}, what);
}

/// Fails unless input `i` is a float tensor.
inline status require_float(const infer_context& ctx, std::size_t i, std::string_view what) {
  if (!ctx.has(i) || is_float(ctx[i].type)) return {};
  return fail(code::shape, what, " is ", name_of(ctx[i].type), ", expected a float type");
}

/// Fails unless inputs `i` and `j` have one dtype.
inline status require_same_type(const infer_context& ctx,
                                std::size_t i,
                                std::size_t j,
                                std::string_view what) {
  if (!ctx.has(i) || !ctx.has(j) || ctx[i].type == ctx[j].type) return {};
  return fail(code::shape, what, " is ", name_of(ctx[j].type), ", expected ", name_of(ctx[i].type));
}

/// A data index with -size <= v < size as 0 <= v < size; `code::index` otherwise.
inline result<std::int64_t> checked_index(std::int64_t v,
                                          std::int64_t size,
                                          std::string_view what) {
  if (v < -size || v >= size)
    return fail(code::index, what, " contains ", v, ", expected ", -size, " to ", size - 1);
  return v < 0 ? v + size : v;
}

/// The product of sizes [from, to) of concrete extents.
inline std::int64_t size_between(const extents& dims, std::size_t from, std::size_t to) {
  std::int64_t out = 1;
  for (std::size_t i = from; i < to; ++i) out *= dims[i];
  return out;
}

}  // namespace tenon::inline v0::ops
