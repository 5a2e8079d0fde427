#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/ops/data.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tenon::inline v0::ops {

/// y of the given shape, every element `value` (f32 0 without one)
struct constant_of_shape {
  static constexpr op_info info{"constant_of_shape", ports{"shape"}, ports{"y"}};
  tensor value = {};  ///< one element
  static constexpr auto attributes = attributes_of(attribute{"value", &constant_of_shape::value});
  static constexpr onnx_import onnx{"ConstantOfShape", 9};
  friend bool operator==(const constant_of_shape&, const constant_of_shape&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(ctx.require_type(0, {dtype::i64}, "shape"));
    if (value && value.size() != 1)
      return fail(code::attribute, "value is ", value.str(), ", expected one element");
    const dtype type = value ? value.type() : dtype::f32;
    const auto sizes = ctx.content(0);
    if (!sizes) {
      output_of_rank(ctx, type, "filled", known_length(ctx, 0));
      return {};
    }
    for (const dim d : *sizes)
      if (d.is_constant() && d.constant() < 0)
        return fail(code::shape, "shape contains ", d, ", expected sizes of at least 0");
    fact out = fact::of(type, dims(std::span<const dim>(*sizes)));
    if (is_trackable(out)) {
      std::int64_t content = 0;
      load_elements<std::int64_t>(value, std::span<std::int64_t>(&content, 1));
      const auto count = static_cast<std::size_t>(product(out.shape).constant());
      out.elements = std::vector<dim>(count, dim(content));
    }
    ctx.output(0, std::move(out));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    if (!value) {
      if (!y.empty()) std::memset(y.bytes(), 0, y.size_bytes());
      return {};
    }
    const element_mover move(y, value);
    for (std::int64_t i = 0; i < y.size(); ++i) move(i, 0);
    return {};
  }
};

/// y = start, start + delta, ... below limit
struct range {
  static constexpr op_info info{"range", ports{"start", "limit", "delta"}, ports{"y"}};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"Range", 11};
  friend bool operator==(const range&, const range&) = default;

  status infer(infer_context& ctx) const;

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const bool known = with_compute_type(y.type(), [&]<class T>(T) {
      using sum = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;
      const elements_as<T> start(ctx[0]), delta(ctx[2]);
      elements_into<T> out(y);
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<T>(static_cast<sum>(start[0]) +
                                static_cast<sum>(i) * static_cast<sum>(delta[0]));
      out.commit();
    });
    if (!known) return no_such_type(y.type());
    return {};
  }
};

namespace range_detail {

/// Number of elements of a range of known scalars.
inline result<std::int64_t> count(const tensor& start, const tensor& limit, const tensor& delta) {
  double from = 0, to = 0, step = 0;
  load_elements<double>(start, std::span<double>(&from, 1));
  load_elements<double>(limit, std::span<double>(&to, 1));
  load_elements<double>(delta, std::span<double>(&step, 1));
  if (is_integer(start.type())) {
    std::int64_t a = 0, b = 0, d = 0;
    load_elements<std::int64_t>(start, std::span<std::int64_t>(&a, 1));
    load_elements<std::int64_t>(limit, std::span<std::int64_t>(&b, 1));
    load_elements<std::int64_t>(delta, std::span<std::int64_t>(&d, 1));
    if (d == 0) return fail(code::shape, "delta is 0, expected another number");
    if (d > 0 ? b <= a : b >= a) return 0;
    const auto gap = d > 0 ? static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a)
                           : static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
    const auto stride = d > 0 ? static_cast<std::uint64_t>(d) : 0 - static_cast<std::uint64_t>(d);
    const std::uint64_t n = (gap - 1) / stride + 1;
    if (n > static_cast<std::uint64_t>(INT64_MAX))
      return fail(code::resource, "range has ", n, " elements");
    return static_cast<std::int64_t>(n);
  }
  if (step == 0 || step != step)
    return fail(code::shape, "delta is ", step, ", expected another number");
  const double n = std::ceil((to - from) / step);
  if (n != n || n > 0x1p62)
    return fail(code::resource, "range has ", n, " elements, expected at most 2^62");
  return n < 0 ? 0 : static_cast<std::int64_t>(n);
}

}  // namespace range_detail

inline status range::infer(infer_context& ctx) const {
  for (std::size_t i = 0; i < 3; ++i) {
    TENON_TRY(require_same_type(ctx, 0, i, info.inputs.items[i].name));
    const bool single =
        !ctx[i].is_ranked || !all_constant(ctx[i].shape) || product(ctx[i].shape) == dim(1);
    if (!single)
      return fail(code::shape, info.inputs.items[i].name, " has shape ", bracketed(ctx[i].shape),
                  ", expected a scalar");
  }
  const dtype type = ctx[0].type;
  if (!is_numeric(type))
    return fail(code::shape, "start is ", name_of(type), ", expected a number");
  const auto start = ctx.content(0), limit = ctx.content(1), delta = ctx.content(2);
  if (ctx[0].is_constant() && ctx[1].is_constant() && ctx[2].is_constant()) {
    TENON_TRY(const std::int64_t n,
              range_detail::count(ctx[0].constant, ctx[1].constant, ctx[2].constant));
    fact out = fact::of(type, dims{dim(n)});
    if (start && delta && is_trackable(out)) {
      out.elements.emplace();
      for (std::int64_t i = 0; i < n; ++i)
        out.elements->push_back((*start)[0] + (*delta)[0] * dim(i));
    }
    ctx.output(0, std::move(out));
    return {};
  }
  if (start && limit && delta && (*delta)[0].is_constant() && (*delta)[0].constant() != 0 &&
      (*delta)[0].constant() != INT64_MIN) {
    const std::int64_t step = (*delta)[0].constant();
    const dim gap = step > 0 ? (*limit)[0] - (*start)[0] : (*start)[0] - (*limit)[0];
    const dim n = ctx.facts().simplify(max(ceildiv(gap, step > 0 ? step : -step), 0));
    fact out = fact::of(type, dims{n});
    if (is_trackable(out)) {
      out.elements.emplace();
      for (std::int64_t i = 0; i < n.constant(); ++i)
        out.elements->push_back((*start)[0] + (*delta)[0] * dim(i));
    }
    ctx.output(0, std::move(out));
    return {};
  }
  ctx.output(0, type, dims{ctx.unbacked("range", dim(interval::highest))});
  return {};
}

/// y = a matrix like x with ones on diagonal k
struct eye_like {
  static constexpr op_info info{"eye_like", ports{"x"}, ports{"y"}};
  dtype type = dtype::undefined;  ///< undefined: that of x
  std::int64_t k = 0;             ///< diagonal: above the main one when positive
  static constexpr auto attributes =
      attributes_of(attribute{"dtype", &eye_like::type}, attribute{"k", &eye_like::k});
  static constexpr onnx_import onnx{"EyeLike", 9};
  friend bool operator==(const eye_like&, const eye_like&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_rank(ctx, 0, 2, "x"));
    const dtype out = type == dtype::undefined ? ctx[0].type : type;
    if (!is_numeric(out) && out != dtype::boolean)
      return fail(code::attribute, "dtype is ", name_of(out), ", expected a number type");
    ctx.output(0, ctx[0].is_ranked ? fact::of(out, ctx[0].shape) : fact::unranked(out));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    std::vector<float> content(static_cast<std::size_t>(y.size()), 0.0F);
    for (std::int64_t r = 0; r < y.dim(0); ++r) {
      const auto c = checked_add(r, k);
      if (c && *c >= 0 && *c < y.dim(1))
        content[static_cast<std::size_t>(r * y.dim(1) + *c)] = 1.0F;
    }
    store_elements<float>(std::span<const float>(content), y);
    return {};
  }
};

/// y = x with the part above (upper false) or below (upper true) diagonal k set to zero
struct trilu {
  static constexpr op_info info{"trilu", ports{"x", maybe("k")}, ports{"y"}};
  bool upper = true;
  static constexpr auto attributes = attributes_of(attribute{"upper", &trilu::upper});
  static constexpr onnx_import onnx{"Trilu", 14};
  friend bool operator==(const trilu&, const trilu&) = default;

  status infer(infer_context& ctx) const {
    if (ctx.has(1)) TENON_TRY(ctx.require_type(1, {dtype::i64}, "k"));
    if (ctx[0].is_ranked && ctx[0].rank() < 2)
      return fail(code::shape, "x has shape ", bracketed(ctx[0].shape),
                  ", expected rank 2 or more");
    ctx.output(
        0, ctx[0].is_ranked ? fact::of(ctx[0].type, ctx[0].shape) : fact::unranked(ctx[0].type));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    if (y.empty()) return {};
    const auto given = ctx.has(1) ? ctx.integers(1) : std::vector<std::int64_t>{0};
    if (given.size() != 1)
      return fail(code::shape, "k has ", given.size(), " elements, expected 1");
    const std::int64_t k = std::clamp(given[0], -(std::int64_t{1} << 62), std::int64_t{1} << 62);
    const std::int64_t rows = y.dim(y.rank() - 2), columns = y.dim(y.rank() - 1);
    if (y.type() != dtype::string) std::memset(y.bytes(), 0, y.size_bytes());
    const element_mover move(y, ctx[0]);
    for (std::int64_t row = 0; row < y.size() / columns; ++row) {
      const std::int64_t r = row % rows;
      const std::int64_t diagonal = std::clamp<std::int64_t>(r + k, -1, columns);
      const std::int64_t from = upper ? std::max<std::int64_t>(diagonal, 0) : 0;
      const std::int64_t to = upper ? columns : std::min(diagonal + 1, columns);
      move(row * columns + from, row * columns + from, to - from);
    }
    return {};
  }
};

/// y = x with the first sequence_lens[b] steps of each batch entry reversed
struct reverse_sequence {
  static constexpr op_info info{"reverse_sequence", ports{"x", "sequence_lens"}, ports{"y"}};
  std::int64_t batch_axis = 1;
  std::int64_t time_axis = 0;
  static constexpr auto attributes =
      attributes_of(attribute{"batch_axis", &reverse_sequence::batch_axis},
                    attribute{"time_axis", &reverse_sequence::time_axis});
  static constexpr onnx_import onnx{"ReverseSequence", 10};
  friend bool operator==(const reverse_sequence&, const reverse_sequence&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(ctx.require_type(1, {dtype::i64}, "sequence_lens"));
    if (batch_axis + time_axis != 1 || batch_axis < 0 || time_axis < 0)
      return fail(code::attribute, "batch_axis and time_axis are ", batch_axis, " and ", time_axis,
                  ", expected 0 and 1 or 1 and 0");
    const fact& x = ctx[0];
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      return {};
    }
    if (x.rank() < 2)
      return fail(code::shape, "x has shape ", bracketed(x.shape), ", expected rank 2 or more");
    if (ctx[1].is_ranked)
      TENON_TRY(ctx.require_same(ctx[1].shape, dims{x.shape[static_cast<std::size_t>(batch_axis)]},
                                 "sequence_lens"));
    ctx.output(0, x.type, x.shape);
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto lengths = ctx.integers(1);
    const std::int64_t run = size_between(y.dims(), 2, y.rank());
    const std::int64_t steps = y.dim(static_cast<std::size_t>(time_axis));
    const element_mover move(y, ctx[0]);
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      if (lengths[b] < 0 || lengths[b] > steps)
        return fail(code::index, "sequence_lens contains ", lengths[b], ", expected 0 to ", steps);
      const auto place = [&](std::int64_t t) {
        const auto batch = static_cast<std::int64_t>(b);
        return (time_axis == 0 ? t * y.dim(1) + batch : batch * y.dim(1) + t) * run;
      };
      for (std::int64_t t = 0; t < steps; ++t)
        move(place(t), place(t < lengths[b] ? lengths[b] - 1 - t : t), run);
    }
    return {};
  }
};

/// y = `on` where indices say and `off` elsewhere, on a new axis of size depth; other indices give all off
struct one_hot {
  static constexpr op_info info{"one_hot", ports{"indices", "depth", "values"}, ports{"y"}};
  std::int64_t axis = -1;  ///< of the new axis in the output
  static constexpr auto attributes = attributes_of(attribute{"axis", &one_hot::axis});
  static constexpr onnx_import onnx{"OneHot", 9};
  friend bool operator==(const one_hot&, const one_hot&) = default;

  status infer(infer_context& ctx) const {
    for (std::size_t i = 0; i < 2; ++i)
      if (!is_numeric(ctx[i].type))
        return fail(code::shape, info.inputs.items[i].name, " is ", name_of(ctx[i].type),
                    ", expected a number");
    if (ctx[2].is_ranked) TENON_TRY(ctx.require_same(ctx[2].shape, dims{2}, "values"));
    if (!ctx[0].is_ranked) {
      output_unranked(ctx, 0, ctx[2].type);
      return {};
    }
    TENON_TRY(const std::size_t at, ctx.axis(axis, ctx[0].rank() + 1));
    dim depth = 0;
    if (const auto known = ctx.content(1); known && known->size() == 1)
      depth = known->front();
    else if (ctx[1].is_constant() && ctx[1].constant.size() == 1)
      depth = static_cast<std::int64_t>(number_of(ctx[1].constant));
    else
      depth = ctx.unbacked("one_hot", dim(interval::highest));
    if (depth.is_constant() && depth.constant() < 0)
      return fail(code::shape, "depth is ", depth, ", expected at least 0");
    dims shape = ctx[0].shape;
    shape.insert(shape.begin() + at, depth);
    ctx.output(0, ctx[2].type, std::move(shape));
    return {};
  }

  static std::int64_t number_of(const tensor& t) {
    std::int64_t out = 0;
    load_elements<std::int64_t>(t, std::span<std::int64_t>(&out, 1));
    return out;
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto rank = static_cast<std::int64_t>(y.rank());
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    const std::int64_t depth = y.dim(at), inner = size_between(y.dims(), at + 1, y.rank());
    const element_mover move(y, ctx[2]);
    for (std::int64_t i = 0; i < y.size(); ++i) move(i, 0);
    const auto picks = ctx.integers(0);
    for (std::size_t i = 0; i < picks.size(); ++i) {
      if (picks[i] < -depth || picks[i] >= depth) continue;
      const std::int64_t pick = picks[i] < 0 ? picks[i] + depth : picks[i];
      const auto lane = static_cast<std::int64_t>(i);
      move((lane / inner * depth + pick) * inner + lane % inner, 1);
    }
    return {};
  }
};

using generator_ops =
    type_list<constant_of_shape, eye_like, one_hot, range, reverse_sequence, trilu>;

}  // namespace tenon::inline v0::ops
