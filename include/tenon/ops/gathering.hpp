#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/type_list.hpp"

#include <optional>

namespace tenon::inline v0::ops {

/// y = x with `axis` indexed by `indices`: shape x[:axis] + indices + x[axis + 1:]
struct gather {
  static constexpr op_info info{"gather", ports{"x", "indices"}, ports{"y"}};
  std::int64_t axis = 0;
  static constexpr auto attributes = attributes_of(attribute{"axis", &gather::axis});
  static constexpr onnx_import onnx{"Gather", 1};
  friend bool operator==(const gather&, const gather&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status gather::infer(infer_context& ctx) const {
  TENON_TRY(require_index_type(ctx, 1, "indices"));
  const fact& x = ctx[0];
  if (!x.is_ranked || !ctx[1].is_ranked) {
    output_unranked(ctx, 0, x.type);
    return {};
  }
  TENON_TRY(const std::size_t at, ctx.axis(axis, x.rank()));
  dims shape;
  for (std::size_t i = 0; i < at; ++i) shape.push_back(x.shape[i]);
  for (const dim d : ctx[1].shape) shape.push_back(d);
  for (std::size_t i = at + 1; i < x.rank(); ++i) shape.push_back(x.shape[i]);
  fact out = fact::of(x.type, std::move(shape));
  const auto content = ctx.elements(0);
  const auto known = ctx.elements(1);
  const auto picks = known ? numbers_of(*known) : std::nullopt;
  if (content && picks && x.rank() == 1 && is_trackable(out)) {
    out.elements.emplace();
    for (const std::int64_t pick : *picks) {
      TENON_TRY(const std::int64_t i,
                checked_index(pick, static_cast<std::int64_t>(content->size()), "indices"));
      out.elements->push_back((*content)[static_cast<std::size_t>(i)]);
    }
  }
  ctx.output(0, std::move(out));
  return {};
}

inline status gather::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor& x = ctx[0];
  const auto rank = static_cast<std::int64_t>(x.rank());
  const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  const std::int64_t outer = size_between(x.dims(), 0, at);
  const std::int64_t inner = size_between(x.dims(), at + 1, x.rank());
  auto picks = ctx.integers(1);
  for (std::int64_t& pick : picks) {
    TENON_TRY(pick, checked_index(pick, x.dim(at), "indices"));
  }
  const element_mover move(y, x);
  std::int64_t to = 0;
  for (std::int64_t o = 0; o < outer; ++o) {
    TENON_TRY(ctx.check_limits());
    for (const std::int64_t i : picks) {
      move(to, (o * x.dim(at) + i) * inner, inner);
      to += inner;
    }
  }
  return {};
}

/// y[i...] = x[i..., indices[i...] at axis, ...]: one input element per index
struct gather_elements {
  static constexpr op_info info{"gather_elements", ports{"x", "indices"}, ports{"y"}};
  std::int64_t axis = 0;
  static constexpr auto attributes = attributes_of(attribute{"axis", &gather_elements::axis});
  static constexpr onnx_import onnx{"GatherElements", 11};
  friend bool operator==(const gather_elements&, const gather_elements&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_index_type(ctx, 1, "indices"));
    if (ctx[0].is_ranked) {
      TENON_TRY(ctx.axis(axis, ctx[0].rank()));
      TENON_TRY(require_rank(ctx, 1, ctx[0].rank(), "indices"));
    }
    fact out = ctx[1].is_ranked ? fact::of(ctx[0].type, ctx[1].shape) : fact::unranked(ctx[0].type);
    ctx.output(0, std::move(out));
    return {};
  }

  status reference(eval_context& ctx) const;
};

/// Fails when an axis of `indices` other than `axis` is longer than that of x.
inline status require_within(const extents& indices, const extents& x, std::size_t axis) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (i != axis && indices[i] > x[i])
      return fail(code::index, "axis ", i, " of indices has size ", indices[i],
                  ", expected at most ", x[i]);
  return {};
}

inline status gather_elements::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor& x = ctx[0];
  const auto at =
      static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(x.rank()) : axis);
  TENON_TRY(require_within(ctx[1].dims(), x.dims(), at));
  const auto picks = ctx.integers(1);
  const element_mover move(y, x);
  extents strides = strides_of(x.dims());
  const std::int64_t step = strides[at];
  strides[at] = 0;
  status out;
  std::int64_t to = 0;
  walk<1>(y.dims(), {strides}, [&](const auto& offset, std::int64_t count, const auto& stride) {
    for (std::int64_t i = 0; i < count && out; ++i, ++to) {
      const auto pick = checked_index(picks[static_cast<std::size_t>(to)], x.dim(at), "indices");
      if (!pick)
        out = pick.failure();
      else
        move(to, offset[0] + i * stride[0] + *pick * step);
    }
  });
  return out;
}

/// y = slices of x named by the index tuples in the last axis of `indices`
struct gather_nd {
  static constexpr op_info info{"gather_nd", ports{"x", "indices"}, ports{"y"}};
  std::int64_t batch_dims = 0;  ///< leading axes that x and indices share
  static constexpr auto attributes = attributes_of(attribute{"batch_dims", &gather_nd::batch_dims});
  static constexpr onnx_import onnx{"GatherND", 11};
  friend bool operator==(const gather_nd&, const gather_nd&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status gather_nd::infer(infer_context& ctx) const {
  TENON_TRY(ctx.require_type(1, {dtype::i64}, "indices"));
  const fact& x = ctx[0];
  const fact& at = ctx[1];
  if (!x.is_ranked || !at.is_ranked || (at.rank() > 0 && !at.shape[at.rank() - 1].is_constant())) {
    output_unranked(ctx, 0, x.type);
    return {};
  }
  if (at.rank() == 0) return fail(code::shape, "indices has shape [], expected rank 1 or more");
  const std::int64_t tuple = at.shape[at.rank() - 1].constant();
  const auto rank = static_cast<std::int64_t>(x.rank());
  if (batch_dims < 0 || batch_dims >= static_cast<std::int64_t>(at.rank()) || batch_dims > rank)
    return fail(code::attribute, "batch_dims is ", batch_dims, ", expected 0 to less than rank ",
                std::min<std::int64_t>(rank + 1, static_cast<std::int64_t>(at.rank())));
  if (tuple > rank - batch_dims)
    return fail(code::shape, "indices has tuples of ", tuple, ", expected at most ",
                rank - batch_dims);
  dims shape;
  for (std::size_t i = 0; i + 1 < at.rank(); ++i) shape.push_back(at.shape[i]);
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch_dims); ++i)
    TENON_TRY(ctx.require_equal(at.shape[i], x.shape[i], "batch size of indices"));
  for (std::int64_t i = batch_dims + tuple; i < rank; ++i)
    shape.push_back(x.shape[static_cast<std::size_t>(i)]);
  ctx.output(0, x.type, std::move(shape));
  return {};
}

/// The element offset of the slice that an index tuple names within `dims` from axis `first` on.
inline result<std::int64_t> tuple_offset(std::span<const std::int64_t> tuple,
                                         const extents& dims,
                                         const extents& strides,
                                         std::size_t first) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < tuple.size(); ++i) {
    TENON_TRY(const std::int64_t at, checked_index(tuple[i], dims[first + i], "indices"));
    out += at * strides[first + i];
  }
  return out;
}

inline status gather_nd::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const tensor& x = ctx[0];
  const auto batch = static_cast<std::size_t>(batch_dims);
  const auto width = static_cast<std::size_t>(ctx[1].dim(ctx[1].rank() - 1));
  const auto picks = ctx.integers(1);
  const extents strides = strides_of(x.dims());
  const std::int64_t run = size_between(x.dims(), batch + width, x.rank());
  const std::int64_t block = size_between(x.dims(), batch, x.rank());
  const std::int64_t batches = size_between(x.dims(), 0, batch);
  const std::int64_t tuples = size_between(ctx[1].dims(), batch, ctx[1].rank() - 1);
  const element_mover move(y, x);
  if (y.empty()) return {};
  for (std::int64_t b = 0; b < batches; ++b)
    for (std::int64_t t = 0; t < tuples; ++t) {
      const std::int64_t row = b * tuples + t;
      const std::span<const std::int64_t> tuple(
          picks.data() + static_cast<std::size_t>(row) * width, width);
      TENON_TRY(const std::int64_t from, tuple_offset(tuple, x.dims(), strides, batch));
      move(row * run, b * block + from, run);
    }
  return {};
}

/// y = rows of x along `axis` (of the flat x when there is none) where `condition` is true
struct compress {
  static constexpr op_info info{"compress", ports{"x", "condition"}, ports{"y"},
                                pure | data_dependent};
  std::optional<std::int64_t> axis = {};
  static constexpr auto attributes = attributes_of(attribute{"axis", &compress::axis});
  static constexpr onnx_import onnx{"Compress", 9};
  friend bool operator==(const compress&, const compress&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(ctx.require_type(1, {dtype::boolean}, "condition"));
    TENON_TRY(require_rank(ctx, 1, 1, "condition"));
    const fact& x = ctx[0];
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      return {};
    }
    if (!axis) {
      ctx.output(0, x.type, dims{ctx.unbacked("compress", product(x.shape))});
      return {};
    }
    TENON_TRY(const std::size_t at, ctx.axis(*axis, x.rank()));
    dims shape = x.shape;
    shape[at] = ctx.unbacked("compress", x.shape[at]);
    ctx.output(0, x.type, std::move(shape));
    return {};
  }

  status reference(eval_context& ctx) const {
    const tensor& x = ctx[0];
    const auto rank = static_cast<std::int64_t>(x.rank());
    const std::size_t at = axis ? static_cast<std::size_t>(*axis < 0 ? *axis + rank : *axis) : 0;
    extents shape = axis ? x.dims() : extents{x.size()};
    if (at >= shape.size())
      return fail(code::attribute, "axis is ", *axis, ", expected less than rank ", rank);
    const std::int64_t size = shape[at];
    std::vector<std::int64_t> picks;
    for (std::int64_t i = 0; i < ctx[1].size(); ++i) {
      if (!ctx[1].data<bool>()[i]) continue;
      if (i >= size)
        return fail(code::index, "condition is true at ", i, ", expected less than ", size);
      picks.push_back(i);
    }
    const std::int64_t outer = size_between(shape, 0, at);
    const std::int64_t inner = size_between(shape, at + 1, shape.size());
    shape[at] = static_cast<std::int64_t>(picks.size());
    TENON_TRY(tensor y, ctx.output(0, x.type(), shape));
    const element_mover move(y, x);
    std::int64_t to = 0;
    for (std::int64_t o = 0; o < outer; ++o)
      for (const std::int64_t pick : picks) {
        move(to, (o * size + pick) * inner, inner);
        to += inner;
      }
    return {};
  }
};

using gathering_ops = type_list<compress, gather, gather_elements, gather_nd>;

}  // namespace tenon::inline v0::ops
