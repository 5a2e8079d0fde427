#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

namespace tenon::inline v0::ops {

/// y = indices of nonzero elements, one column each: i64[rank, count]
struct non_zero {
  static constexpr op_info info{"non_zero", ports{"x"}, ports{"y"}, pure | data_dependent};
  static constexpr auto attributes = attributes_of();
  static constexpr onnx_import onnx{"NonZero", 9};
  friend bool operator==(const non_zero&, const non_zero&) = default;

  status infer(infer_context& ctx) const {
    if (!ctx[0].is_ranked) {
      output_unranked(ctx, 0, dtype::i64);
      return {};
    }
    ctx.output(0, dtype::i64,
               dims{dim(static_cast<std::int64_t>(ctx[0].rank())),
                    ctx.unbacked("nonzero", product(ctx[0].shape))});
    return {};
  }

  status reference(eval_context& ctx) const;
};

/// Whether each element differs from zero (strings: from the empty string).
inline std::vector<bool> nonzero_mask(const tensor& x) {
  std::vector<bool> out(static_cast<std::size_t>(x.size()));
  if (x.type() == dtype::string) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = !x.data<std::string>()[i].empty();
  } else if (is_complex(x.type())) {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = x.type() == dtype::c64 ? x.data<c64>()[i] != c64() : x.data<c128>()[i] != c128();
  } else {
    with_compute_type(x.type(), [&]<class T>(T) {
      const elements_as<T> in(x);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = in[i] != T{};
    });
  }
  return out;
}

/// Flat indices of the elements that differ from zero, ascending.
inline std::vector<std::int64_t> nonzero_places(const tensor& x) {
  std::vector<std::int64_t> out;
  if (x.type() != dtype::boolean) {
    const std::vector<bool> mask = nonzero_mask(x);
    for (std::size_t i = 0; i < mask.size(); ++i)
      if (mask[i]) out.push_back(static_cast<std::int64_t>(i));
    return out;
  }
  const std::byte* bytes = x.bytes();
  std::int64_t i = 0;
  while (i < x.size()) {
    std::uint64_t word = 0;
    if (x.size() - i >= 8) std::memcpy(&word, bytes + i, 8);
    const std::int64_t end = std::min(x.size(), i + 8);
    if (word == 0 && end == i + 8) i = end;
    for (; i < end; ++i)
      if (bytes[i] != std::byte{}) out.push_back(i);
  }
  return out;
}

inline status non_zero::reference(eval_context& ctx) const {
  const std::vector<std::int64_t> places = nonzero_places(ctx[0]);
  const auto count = static_cast<std::int64_t>(places.size());
  const auto rank = static_cast<std::int64_t>(ctx[0].rank());
  TENON_TRY(tensor y, ctx.output(0, dtype::i64, {rank, count}));
  const extents strides = strides_of(ctx[0].dims());
  for (std::size_t a = 0; a < strides.size(); ++a) {
    std::int64_t* row = y.data<std::int64_t>() + static_cast<std::int64_t>(a) * count;
    for (std::int64_t i = 0; i < count; ++i)
      row[i] = places[static_cast<std::size_t>(i)] / strides[a] % ctx[0].dim(a);
  }
  return {};
}

/// The k largest or smallest elements along an axis, ties by lower index, NaN as the largest
struct top_k {
  static constexpr op_info info{"top_k", ports{"x", "k"}, ports{"values", "indices"}};
  std::int64_t axis = -1;
  bool largest = true;
  bool sorted = true;  ///< the result is sorted either way
  static constexpr auto attributes = attributes_of(attribute{"axis", &top_k::axis},
                                                   attribute{"largest", &top_k::largest},
                                                   attribute{"sorted", &top_k::sorted});
  static constexpr onnx_import onnx{"TopK", 10};
  friend bool operator==(const top_k&, const top_k&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(ctx.require_type(1, {dtype::i64}, "k"));
    const fact& x = ctx[0];
    if (!is_numeric(x.type))
      return fail(code::shape, "x is ", name_of(x.type), ", expected a numeric type");
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      output_unranked(ctx, 1, dtype::i64);
      return {};
    }
    TENON_TRY(const std::size_t at, ctx.axis(axis, x.rank()));
    const auto k = ctx.content(1);
    if (k && k->size() != 1) return fail(code::shape, "k has ", k->size(), " elements, expected 1");
    dims shape = x.shape;
    shape[at] = k ? k->front() : ctx.unbacked("topk", x.shape[at]);
    if (k) {
      const dim wanted = k->front(), size = x.shape[at];
      if (wanted.is_constant() &&
          (wanted.constant() < 0 || (size.is_constant() && wanted.constant() > size.constant())))
        return fail(code::shape, "k is ", wanted, ", expected 0 to ", size);
      TENON_TRY(ctx.require_at_most(wanted, size, "k"));
    }
    ctx.output(0, x.type, shape);
    ctx.output(1, dtype::i64, shape);
    return {};
  }

  status reference(eval_context& ctx) const;
};

namespace selection_detail {

template <class T> bool is_nan(T v) {
  return v != v;
}

/// a before b in ascending order, NaN last.
template <class T> bool is_less(T a, T b) {
  if (is_nan(a) || is_nan(b)) return !is_nan(a) && is_nan(b);
  return a < b;
}

}  // namespace selection_detail

inline status top_k::reference(eval_context& ctx) const {
  TENON_TRY(tensor values, ctx.output(0));
  TENON_TRY(tensor indices, ctx.output(1, dtype::i64, values.dims()));
  const tensor& x = ctx[0];
  const auto rank = static_cast<std::int64_t>(x.rank());
  const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  const std::int64_t outer = size_between(x.dims(), 0, at), size = x.dim(at), k = values.dim(at);
  const std::int64_t inner = size_between(x.dims(), at + 1, x.rank());
  const element_mover move(values, x);
  status out;
  with_compute_type(x.type(), [&]<class T>(T) {
    const elements_as<T> in(x);
    std::vector<std::int64_t> order(static_cast<std::size_t>(size));
    for (std::int64_t lane = 0; lane < outer * inner && out; ++lane) {
      const std::int64_t base = lane / inner * size * inner + lane % inner;
      const auto value = [&](std::int64_t i) {
        return in[static_cast<std::size_t>(base + i * inner)];
      };
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](auto a, auto b) {
        const T va = value(a), vb = value(b);
        if (selection_detail::is_less(va, vb)) return !largest;
        if (selection_detail::is_less(vb, va)) return largest;
        return a < b;
      });
      for (std::int64_t i = 0; i < k; ++i) {
        const std::int64_t to = lane / inner * k * inner + i * inner + lane % inner;
        move(to, base + order[static_cast<std::size_t>(i)] * inner);
        indices.data<std::int64_t>()[to] = order[static_cast<std::size_t>(i)];
      }
      out = ctx.check_limits();
    }
  });
  return out;
}

/// Distinct elements (or slices along `axis`) with first positions, inverse and counts
struct unique {
  static constexpr op_info info{"unique", ports{"x"}, ports{"y", "indices", "inverse", "counts"},
                                pure | data_dependent};
  std::optional<std::int64_t> axis = {};  ///< none: of the flat x
  bool sorted = true;                     ///< ascending; else in order of first appearance
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &unique::axis}, attribute{"sorted", &unique::sorted});
  static constexpr onnx_import onnx{"Unique", 11};
  friend bool operator==(const unique&, const unique&) = default;

  status infer(infer_context& ctx) const {
    const fact& x = ctx[0];
    if (!x.is_ranked) {
      output_unranked(ctx, 0, x.type);
      for (std::size_t i = 1; i < 4; ++i) output_unranked(ctx, i, dtype::i64);
      return {};
    }
    dim total = product(x.shape);
    dims shape{total};
    std::size_t at = 0;
    if (axis) {
      TENON_TRY(at, ctx.axis(*axis, x.rank()));
      total = x.shape[at];
      shape = x.shape;
    }
    const dim count = ctx.unbacked("unique", total);
    shape[at] = count;
    ctx.output(0, x.type, std::move(shape));
    ctx.output(1, dtype::i64, dims{count});
    ctx.output(2, dtype::i64, dims{total});
    ctx.output(3, dtype::i64, dims{count});
    return {};
  }

  status reference(eval_context& ctx) const;
};

namespace selection_detail {

/// Slices along one axis of a tensor, compared element by element.
template <class T> struct slices {
  const T* data;
  std::int64_t outer, size, inner;

  int compare(std::int64_t a, std::int64_t b) const {
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < inner; ++i) {
        const T& left = data[(o * size + a) * inner + i];
        const T& right = data[(o * size + b) * inner + i];
        if constexpr (std::is_same_v<T, std::string>) {
          if (const int c = left.compare(right)) return c;
        } else {
          if (is_less(left, right)) return -1;
          if (is_less(right, left)) return 1;
        }
      }
    return 0;
  }
};

/// Groups of equal slices: their first members, in the order asked for, and the group of each slice.
struct groups {
  std::vector<std::int64_t> first = {}, inverse = {}, counts = {};
};

template <class T> groups group(const slices<T>& s, bool sorted) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(s.size));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return s.compare(a, b) < 0; });
  groups out;
  out.inverse.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || s.compare(order[i - 1], order[i]) != 0) {
      out.first.push_back(order[i]);
      out.counts.push_back(0);
    }
    ++out.counts.back();
    out.inverse[static_cast<std::size_t>(order[i])] =
        static_cast<std::int64_t>(out.first.size()) - 1;
  }
  if (sorted) return out;
  std::vector<std::size_t> rank(out.first.size());
  std::iota(rank.begin(), rank.end(), std::size_t{0});
  std::sort(rank.begin(), rank.end(), [&](auto a, auto b) { return out.first[a] < out.first[b]; });
  groups by_position;
  std::vector<std::int64_t> place(rank.size());
  for (std::size_t i = 0; i < rank.size(); ++i) {
    by_position.first.push_back(out.first[rank[i]]);
    by_position.counts.push_back(out.counts[rank[i]]);
    place[rank[i]] = static_cast<std::int64_t>(i);
  }
  for (const std::int64_t g : out.inverse)
    by_position.inverse.push_back(place[static_cast<std::size_t>(g)]);
  return by_position;
}

}  // namespace selection_detail

inline status unique::reference(eval_context& ctx) const {
  const tensor& x = ctx[0];
  const auto rank = static_cast<std::int64_t>(x.rank());
  const std::size_t at = axis ? static_cast<std::size_t>(*axis < 0 ? *axis + rank : *axis) : 0;
  extents shape = axis ? x.dims() : extents{x.size()};
  if (at >= shape.size())
    return fail(code::attribute, "axis is ", *axis, ", expected ", -rank, " to ", rank - 1);
  const std::int64_t outer = size_between(shape, 0, at), size = shape[at];
  const std::int64_t inner = size_between(shape, at + 1, shape.size());
  selection_detail::groups found;
  if (x.type() == dtype::string)
    found = group(selection_detail::slices<std::string>{x.data<std::string>(), outer, size, inner},
                  sorted);
  else if (!with_compute_type(x.type(), [&]<class T>(T) {
             const elements_as<T> in(x);
             found = group(selection_detail::slices<T>{in.data(), outer, size, inner}, sorted);
           }))
    return no_such_type(x.type());
  const auto count = static_cast<std::int64_t>(found.first.size());
  shape[at] = count;
  TENON_TRY(tensor y, ctx.output(0, x.type(), shape));
  const element_mover move(y, x);
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t i = 0; i < count; ++i)
      move((o * count + i) * inner, (o * size + found.first[static_cast<std::size_t>(i)]) * inner,
           inner);
  const std::vector<std::int64_t>* lists[] = {&found.first, &found.inverse, &found.counts};
  for (std::size_t i = 0; i < 3; ++i) {
    TENON_TRY(tensor list,
              ctx.output(i + 1, dtype::i64, {static_cast<std::int64_t>(lists[i]->size())}));
    std::copy(lists[i]->begin(), lists[i]->end(), list.data<std::int64_t>());
  }
  return {};
}

using selection_ops = type_list<non_zero, top_k, unique>;

}  // namespace tenon::inline v0::ops
