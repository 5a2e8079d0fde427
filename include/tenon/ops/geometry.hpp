#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace tenon::inline v0::ops {

/// y = the determinant of each square matrix of x[..., n, n]
struct det : plain_op {
  static constexpr op_info info{"det", ports{"x"}, ports{"y"}};
  static constexpr onnx_import onnx{"Det", 11};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, floats));
    if (!ctx[0].is_ranked) return {};
    dims shape = ctx[0].shape;
    if (shape.size() < 2)
      return fail(code::shape, "x has shape ", bracketed(shape), ", expected rank 2 or more");
    TENON_TRY(ctx.require_equal(shape.back(), shape[shape.size() - 2], "columns of x"));
    shape.resize(shape.size() - 2);
    ctx.output(0, ctx[0].type, std::move(shape));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto n = static_cast<std::size_t>(ctx[0].dims().back());
    const elements_as<double> x(ctx[0]);
    elements_into<double> out(y);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = determinant({x.data() + i * n * n, x.data() + (i + 1) * n * n}, n);
    out.commit();
    return {};
  }

 private:
  /// By elimination with partial pivoting.
  static double determinant(std::vector<double> m, std::size_t n) {
    double out = 1;
    for (std::size_t k = 0; k < n; ++k) {
      std::size_t pivot = k;
      for (std::size_t r = k + 1; r < n; ++r)
        if (std::fabs(m[r * n + k]) > std::fabs(m[pivot * n + k])) pivot = r;
      for (std::size_t c = 0; c < n && pivot != k; ++c) std::swap(m[k * n + c], m[pivot * n + c]);
      if (pivot != k) out = -out;
      out *= m[k * n + k];
      if (m[k * n + k] == 0) return 0;
      for (std::size_t r = k + 1; r < n; ++r) {
        const double factor = m[r * n + k] / m[k * n + k];
        for (std::size_t c = k; c < n; ++c) m[r * n + c] -= factor * m[k * n + c];
      }
    }
    return out;
  }
};

/// y = the sampling positions of affine maps theta[N, 2, 3] or [N, 3, 4] over images of `size`
struct affine_grid {
  static constexpr op_info info{"affine_grid", ports{"theta", "size"}, ports{"y"}};
  bool align_corners =
      false;  ///< -1 and 1 are the centers of the outer pixels instead of their edges
  static constexpr auto attributes =
      attributes_of(attribute{"align_corners", &affine_grid::align_corners});
  static constexpr onnx_import onnx{"AffineGrid", 20};
  friend bool operator==(const affine_grid&, const affine_grid&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status affine_grid::infer(infer_context& ctx) const {
  TENON_TRY(require_in(ctx, 0, floats, "theta"));
  TENON_TRY(require_rank(ctx, 0, 3, "theta"));
  TENON_TRY(require_in(ctx, 1, type_set{dtype::i64}, "size"));
  TENON_TRY(require_rank(ctx, 1, 1, "size"));
  const auto size = ctx.content(1);
  if (!size) {
    output_of_rank(ctx, ctx[0].type, "grid", known_length(ctx, 1));
    return {};
  }
  if (size->size() != 4 && size->size() != 5)
    return fail(code::shape, "size has ", size->size(), " elements, expected 4 or 5");
  for (const dim d : *size)
    if (d.is_constant() && d.constant() < 0)
      return fail(code::shape, "size holds ", d, ", expected no negative size");
  const auto axes = static_cast<std::int64_t>(size->size()) - 2;
  if (ctx[0].is_ranked)
    TENON_TRY(ctx.require_same(ctx[0].shape, {(*size)[0], dim(axes), dim(axes + 1)}, "theta"));
  dims shape{(*size)[0]};
  for (std::size_t i = 2; i < size->size(); ++i) shape.push_back((*size)[i]);
  shape.push_back(dim(axes));
  ctx.output(0, ctx[0].type, std::move(shape));
  return {};
}

inline status affine_grid::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const std::size_t axes = y.rank() - 2;
  const elements_as<double> theta(ctx[0]);
  elements_into<double> out(y);
  const auto position = [&](std::size_t axis, std::int64_t index) {
    const std::int64_t size = y.dim(axis + 1);
    const double step =
        2.0 / static_cast<double>(align_corners ? std::max<std::int64_t>(size - 1, 1) : size);
    return -1 + (static_cast<double>(index) + (align_corners ? 0 : 0.5)) * step;
  };
  std::size_t at = 0;
  std::vector<double> point(axes + 1, 1.0);
  for (std::int64_t n = 0; n < y.dim(0); ++n) {
    const std::int64_t points = y.size() / y.dim(0) / static_cast<std::int64_t>(axes);
    for (std::int64_t p = 0; p < points; ++p) {
      std::int64_t rest = p;
      for (std::size_t axis = axes; axis-- > 0; rest /= y.dim(axis + 1))
        point[axes - 1 - axis] = position(axis, rest % y.dim(axis + 1));
      for (std::size_t row = 0; row < axes; ++row, ++at) {
        const double* t = theta.data() + (static_cast<std::size_t>(n) * axes + row) * (axes + 1);
        double total = 0;
        for (std::size_t c = 0; c <= axes; ++c) total += t[c] * point[c];
        out[at] = total;
      }
    }
  }
  out.commit();
  return {};
}

using geometry_ops = type_list<affine_grid, det>;

}  // namespace tenon::inline v0::ops
