#pragma once

#include "tenon/ops/einsum_equation.hpp"
#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"
#include "tenon/ops/wrapping.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace tenon::inline v0::ops {

/// y[output labels] = the sum over all other labels of the product of the inputs
struct einsum {
  static constexpr op_info info{"einsum", ports{many("x")}, ports{"y"}};
  std::string equation{};  ///< such as `bij,bjk->bik`; required
  static constexpr auto attributes = attributes_of(attribute{"equation", &einsum::equation, true});
  static constexpr onnx_import onnx{"Einsum", 12};
  friend bool operator==(const einsum&, const einsum&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

 private:
  template <class T>
  status run(eval_context& ctx, const einsum_equation& parsed, const tensor& y) const;
};

inline status einsum::infer(infer_context& ctx) const {
  std::vector<std::size_t> ranks;
  bool is_ranked = true;
  for (std::size_t i = 0; i < ctx.size(); ++i) {
    TENON_TRY(require_in(ctx, i, numbers, cat("input ", i)));
    TENON_TRY(require_type_of(ctx, i, 0, cat("input ", i)));
    ranks.push_back(ctx[i].rank());
    is_ranked = is_ranked && ctx[i].is_ranked;
  }
  if (!is_ranked) {
    ctx.output(0, fact::unranked(ctx[0].type));
    return {};
  }
  TENON_TRY(const einsum_equation parsed, einsum_equation::parse(equation, ranks));
  std::vector<std::pair<int, dim>> sizes;
  const auto entry = [&](int label) -> dim* {
    for (auto& [l, d] : sizes)
      if (l == label) return &d;
    return nullptr;
  };
  for (std::size_t i = 0; i < ctx.size(); ++i) {
    for (std::size_t k = 0; k < ranks[i]; ++k) {
      const int label = parsed.operands[i][k];
      dim* known = entry(label);
      if (!known) {
        sizes.emplace_back(label, ctx[i].shape[k]);
      } else {
        TENON_TRY(*known, ctx.broadcast_dim(*known, ctx[i].shape[k], "a label of the equation"));
      }
    }
  }
  dims shape;
  for (const int label : parsed.output) shape.push_back(*entry(label));
  ctx.output(0, ctx[0].type, std::move(shape));
  return {};
}

namespace einsum_detail {

/// The loops of a summation: output labels first, each with its size and the stride of every operand.
struct loops {
  std::vector<int> labels;
  extents sizes;
  std::vector<extents> strides;  ///< [operand][loop]

  loops(const einsum_equation& parsed, const eval_context& ctx) : labels(parsed.output) {
    for (const auto& term : parsed.operands)
      for (const int label : term)
        if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
    sizes.resize(labels.size(), 1);
    for (std::size_t i = 0; i < parsed.operands.size(); ++i) {
      const extents own = strides_of(ctx[i].dims());
      extents steps(labels.size(), 0);
      for (std::size_t k = 0; k < own.size(); ++k) {
        const auto at = static_cast<std::size_t>(
            std::find(labels.begin(), labels.end(), parsed.operands[i][k]) - labels.begin());
        if (ctx[i].dim(k) == 1) continue;
        steps[at] += own[k];
        sizes[at] = ctx[i].dim(k);
      }
      strides.push_back(std::move(steps));
    }
  }
};

/// Moves to the next index of loops [first, last); false after the last one.
inline bool advance(const loops& l,
                    std::size_t first,
                    std::size_t last,
                    extents& index,
                    std::vector<std::int64_t>& offsets) {
  for (std::size_t axis = last; axis-- > first;) {
    const bool carries = ++index[axis] == l.sizes[axis];
    for (std::size_t i = 0; i < offsets.size(); ++i)
      offsets[i] += carries ? -l.strides[i][axis] * (l.sizes[axis] - 1) : l.strides[i][axis];
    if (!carries) return true;
    index[axis] = 0;
  }
  return false;
}

}  // namespace einsum_detail

template <class T>
status einsum::run(eval_context& ctx, const einsum_equation& parsed, const tensor& y) const {
  const einsum_detail::loops l(parsed, ctx);
  std::vector<std::vector<T>> x(ctx.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i].resize(static_cast<std::size_t>(ctx[i].size()));
    load_elements<T>(ctx[i], x[i]);
  }
  const std::size_t kept = parsed.output.size(), all = l.labels.size();
  const bool sums_nothing = element_count(l.sizes) == 0;
  elements_into<T> out(y);
  extents index(all, 0);
  std::vector<std::int64_t> offsets(x.size(), 0);
  for (std::size_t at = 0; at < out.size(); ++at) {
    if (at % 1024 == 0) TENON_TRY(ctx.check_limits());
    T total{0};
    if (!sums_nothing) {
      do {
        T product = x[0][static_cast<std::size_t>(offsets[0])];
        for (std::size_t i = 1; i < x.size(); ++i) {
          const T v = x[i][static_cast<std::size_t>(offsets[i])];
          if constexpr (std::is_same_v<T, double>)
            product *= v;
          else
            product = wrapping_mul(product, v);
        }
        if constexpr (std::is_same_v<T, double>)
          total += product;
        else
          total = wrapping_add(total, product);
      } while (einsum_detail::advance(l, kept, all, index, offsets));
      einsum_detail::advance(l, 0, kept, index, offsets);
    }
    out[at] = total;
  }
  out.commit();
  return {};
}

inline status einsum::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  std::vector<std::size_t> ranks;
  for (std::size_t i = 0; i < ctx.size(); ++i) ranks.push_back(ctx[i].rank());
  TENON_TRY(const einsum_equation parsed, einsum_equation::parse(equation, ranks));
  return is_float(y.type()) ? run<double>(ctx, parsed, y) : run<std::int64_t>(ctx, parsed, y);
}

using einsum_ops = type_list<einsum>;

}  // namespace tenon::inline v0::ops
