#pragma once

#include "tenon/ops/gathering.hpp"

namespace tenon::inline v0::ops {

/// What scatter does with elements that meet at one place.
enum class scatter_reduction : unsigned char { none, add, mul, max, min };

constexpr std::array<std::string_view, 5> enum_names(scatter_reduction) {
  return {"none", "add", "mul", "max", "min"};
}

/// Folds single elements of one tensor into another of its dtype, rounding after each step.
class element_reducer {
 public:
  element_reducer(const tensor& to, const tensor& from, scatter_reduction how)
      : to_(to), from_(from), move_(to, from), how_(how) {}

  static bool is_defined(dtype type, scatter_reduction how) {
    return how == scatter_reduction::none || is_numeric(type) || type == dtype::boolean;
  }

  void operator()(std::int64_t to_at, std::int64_t from_at, std::int64_t count) const {
    if (how_ == scatter_reduction::none) {
      move_(to_at, from_at, count);
      return;
    }
    with_compute_type(to_.type(), [&]<class T>(T) {
      const auto one = [](const tensor& t, std::int64_t i) {
        return tensor::over(t.type(), {1}, t.memory(), offset_of(t, i));
      };
      for (std::int64_t i = 0; i < count; ++i) {
        T a{}, b{};
        const tensor place = one(to_, to_at + i);
        load_elements<T>(place, std::span<T>(&a, 1));
        load_elements<T>(one(from_, from_at + i), std::span<T>(&b, 1));
        const T folded = fold(a, b);
        store_elements<T>(std::span<const T>(&folded, 1), place);
      }
    });
  }

 private:
  static std::size_t offset_of(const tensor& t, std::int64_t i) {
    return static_cast<std::size_t>(t.bytes() - t.memory().data()) +
           static_cast<std::size_t>(i) * size_of(t.type());
  }

  template <class T> T fold(T a, T b) const {
    using wide = std::conditional_t<std::is_integral_v<T>, std::uint64_t, T>;
    switch (how_) {
      case scatter_reduction::add:
        return static_cast<T>(static_cast<wide>(a) + static_cast<wide>(b));
      case scatter_reduction::mul:
        return static_cast<T>(static_cast<wide>(a) * static_cast<wide>(b));
      case scatter_reduction::max:
        return a != a || a > b ? a : b;
      case scatter_reduction::min:
        return a != a || a < b ? a : b;
      case scatter_reduction::none:
        break;
    }
    return b;
  }

  tensor to_, from_;
  element_mover move_;
  scatter_reduction how_;
};

/// Common checks of the scatters: index type, update dtype, reduction on numbers.
inline status scatter_types(infer_context& ctx, scatter_reduction reduction) {
  TENON_TRY(require_same_type(ctx, 0, 2, "updates"));
  if (!element_reducer::is_defined(ctx[0].type, reduction))
    return fail(code::shape, "x is ", name_of(ctx[0].type), ", expected numbers with a reduction");
  ctx.output(0,
             ctx[0].is_ranked ? fact::of(ctx[0].type, ctx[0].shape) : fact::unranked(ctx[0].type));
  return {};
}

/// y = x with the elements of `updates` put where `indices` says along `axis`
struct scatter_elements {
  static constexpr op_info info{"scatter_elements", ports{"x", "indices", "updates"}, ports{"y"}};
  std::int64_t axis = 0;
  scatter_reduction reduction = scatter_reduction::none;
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &scatter_elements::axis},
                    attribute{"reduction", &scatter_elements::reduction});
  static constexpr std::array<onnx_import, 2> onnx{
      {{"ScatterElements", 11, ""}, {"Scatter", 9, ""}}};
  friend bool operator==(const scatter_elements&, const scatter_elements&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_index_type(ctx, 1, "indices"));
    if (ctx[0].is_ranked) {
      TENON_TRY(ctx.axis(axis, ctx[0].rank()));
      TENON_TRY(require_rank(ctx, 1, ctx[0].rank(), "indices"));
    }
    if (ctx[1].is_ranked && ctx[2].is_ranked)
      TENON_TRY(ctx.require_same(ctx[2].shape, ctx[1].shape, "updates"));
    return scatter_types(ctx, reduction);
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    copy_all(ctx[0], y);
    const auto rank = static_cast<std::int64_t>(y.rank());
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    TENON_TRY(require_within(ctx[1].dims(), y.dims(), at));
    const auto picks = ctx.integers(1);
    const element_reducer put(y, ctx[2], reduction);
    extents strides = strides_of(y.dims());
    const std::int64_t step = strides[at];
    strides[at] = 0;
    status out;
    std::int64_t from = 0;
    walk<1>(ctx[1].dims(), {strides},
            [&](const auto& offset, std::int64_t count, const auto& stride) {
              for (std::int64_t i = 0; i < count && out; ++i, ++from) {
                const auto pick =
                    checked_index(picks[static_cast<std::size_t>(from)], y.dim(at), "indices");
                if (!pick)
                  out = pick.failure();
                else
                  put(offset[0] + i * stride[0] + *pick * step, from, 1);
              }
            });
    return out;
  }
};

/// y = x with slices of `updates` put where the index tuples in the last axis of `indices` say
struct scatter_nd {
  static constexpr op_info info{"scatter_nd", ports{"x", "indices", "updates"}, ports{"y"}};
  scatter_reduction reduction = scatter_reduction::none;
  static constexpr auto attributes = attributes_of(attribute{"reduction", &scatter_nd::reduction});
  static constexpr onnx_import onnx{"ScatterND", 11};
  friend bool operator==(const scatter_nd&, const scatter_nd&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(ctx.require_type(1, {dtype::i64}, "indices"));
    const fact &x = ctx[0], &at = ctx[1];
    if (x.is_ranked && at.is_ranked && at.rank() == 0)
      return fail(code::shape, "indices has shape [], expected rank 1 or more");
    if (x.is_ranked && at.is_ranked && at.shape[at.rank() - 1].is_constant()) {
      const std::int64_t tuple = at.shape[at.rank() - 1].constant();
      if (tuple > static_cast<std::int64_t>(x.rank()))
        return fail(code::shape, "indices has tuples of ", tuple, ", expected at most ", x.rank());
      dims wanted;
      for (std::size_t i = 0; i + 1 < at.rank(); ++i) wanted.push_back(at.shape[i]);
      for (auto i = static_cast<std::size_t>(tuple); i < x.rank(); ++i)
        wanted.push_back(x.shape[i]);
      if (ctx[2].is_ranked) TENON_TRY(ctx.require_same(ctx[2].shape, wanted, "updates"));
    }
    return scatter_types(ctx, reduction);
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    copy_all(ctx[0], y);
    const auto width = static_cast<std::size_t>(ctx[1].dim(ctx[1].rank() - 1));
    const auto picks = ctx.integers(1);
    const extents strides = strides_of(y.dims());
    const std::int64_t run = size_between(y.dims(), width, y.rank());
    const std::int64_t rows = size_between(ctx[1].dims(), 0, ctx[1].rank() - 1);
    const element_reducer put(y, ctx[2], reduction);
    if (run == 0) return {};
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::span<const std::int64_t> tuple(picks.data() + static_cast<std::size_t>(r) * width,
                                                width);
      TENON_TRY(const std::int64_t to, tuple_offset(tuple, y.dims(), strides, 0));
      put(to, r * run, run);
    }
    return {};
  }
};

using scattering_ops = type_list<scatter_elements, scatter_nd>;

}  // namespace tenon::inline v0::ops
