#pragma once

#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/wrapping.hpp"

#include <algorithm>
#include <vector>

namespace tenon::inline v0::ops {

/// The shape of numpy's matmul: vectors are a row on the left and a column on the right, leading axes broadcast.
inline result<dims> matmul_shape(infer_context& ctx, const dims& a, const dims& b) {
  if (a.empty() || b.empty())
    return fail(code::shape, "operands have shapes ", bracketed(a), " and ", bracketed(b),
                ", expected at least one axis each");
  const bool left_vector = a.size() == 1, right_vector = b.size() == 1;
  const dim inner_a = a[a.size() - 1], inner_b = b[right_vector ? 0 : b.size() - 2];
  auto same = ctx.require_equal(inner_b, inner_a, "inner size of b");
  if (!same)
    return fail(code::shape, "operands have shapes ", bracketed(a), " and ", bracketed(b),
                ", expected equal inner sizes");
  const std::size_t lead_a = left_vector ? 0 : a.size() - 2;
  const std::size_t lead_b = right_vector ? 0 : b.size() - 2;
  TENON_TRY(dims out,
            ctx.broadcast(dims(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(lead_a)),
                          dims(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(lead_b)),
                          "leading axes"));
  if (!left_vector) out.push_back(a[a.size() - 2]);
  if (!right_vector) out.push_back(b[b.size() - 1]);
  return out;
}

/// Output 0 is the product of inputs `a` and `b` with element type `type`.
inline status infer_product(infer_context& ctx, std::size_t a, std::size_t b, dtype type) {
  if (!ctx[a].is_ranked || !ctx[b].is_ranked) {
    ctx.output(0, fact::unranked(type));
    return {};
  }
  TENON_TRY(dims shape, matmul_shape(ctx, ctx[a].shape, ctx[b].shape));
  ctx.output(0, type, std::move(shape));
  return {};
}

namespace matmul_detail {

inline void multiply_add(double& acc, double a, double b) {
  acc += a * b;
}

inline void multiply_add(std::int64_t& acc, std::int64_t a, std::int64_t b) {
  acc = wrapping_add(acc, wrapping_mul(a, b));
}

/// out[m, n] += a[m, k] * b[k, n], row-major.
template <class T>
void multiply(const T* a, const T* b, T* out, std::int64_t m, std::int64_t k, std::int64_t n) {
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t p = 0; p < k; ++p)
      for (std::int64_t j = 0; j < n; ++j) multiply_add(out[i * n + j], a[i * k + p], b[p * n + j]);
}

}  // namespace matmul_detail

/// The matmul of two arrays with extents `a_dims` and `b_dims` into `out`, which holds zeros.
template <class T>
status multiply_batches(eval_context& ctx,
                        const T* a,
                        const extents& a_dims,
                        const T* b,
                        const extents& b_dims,
                        T* out) {
  const bool left_vector = a_dims.size() == 1, right_vector = b_dims.size() == 1;
  const std::int64_t k = a_dims.back();
  const std::int64_t m = left_vector ? 1 : a_dims[a_dims.size() - 2];
  const std::int64_t n = right_vector ? 1 : b_dims.back();
  extents lead_a, lead_b, lead;
  for (std::size_t i = 0; i + 2 < a_dims.size(); ++i) lead_a.push_back(a_dims[i]);
  for (std::size_t i = 0; i + 2 < b_dims.size(); ++i) lead_b.push_back(b_dims[i]);
  const std::size_t rank = std::max(lead_a.size(), lead_b.size());
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t da = i + lead_a.size() >= rank ? lead_a[i + lead_a.size() - rank] : 1;
    const std::int64_t db = i + lead_b.size() >= rank ? lead_b[i + lead_b.size() - rank] : 1;
    lead.push_back(da == 1 ? db : da);
  }
  status limits;
  walk<2>(lead, {broadcast_strides(lead_a, lead), broadcast_strides(lead_b, lead)},
          [&](const auto& at, std::int64_t count, const auto& stride) {
            for (std::int64_t i = 0; i < count && limits; ++i, out += m * n) {
              matmul_detail::multiply(a + (at[0] + i * stride[0]) * m * k,
                                      b + (at[1] + i * stride[1]) * k * n, out, m, k, n);
              limits = ctx.check_limits();
            }
          });
  return limits;
}

/// y = a times b for two tensors, accumulated in double or in wrapping int64.
template <class T>
status multiply_tensors(eval_context& ctx, const tensor& a, const tensor& b, std::span<T> out) {
  const elements_as<T> left(a), right(b);
  std::fill(out.begin(), out.end(), T{0});
  return multiply_batches<T>(ctx, left.data(), a.dims(), right.data(), b.dims(), out.data());
}

/// The elements of an 8-bit matrix less its zero point: a scalar, one per row (`rows`) or column, or a
/// tensor that broadcasts.
inline std::vector<std::int64_t> centered(const tensor& x, const tensor* zero_point, bool rows) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(x.size()));
  load_elements<std::int64_t>(x, out);
  if (!zero_point) return out;
  tensor zero = *zero_point;
  if (rows && zero.rank() == 1 && x.rank() > 1) zero = zero.reshaped({zero.dim(0), 1});
  if (zero.size() == 1) zero = zero.reshaped({});
  fold_broadcast<std::int64_t>(zero, x.dims(), out.data(), &wrapping_sub);
  return out;
}

/// Fails unless zero point `i` of matrix `matrix` is a scalar, one value per row or column, or broadcasts.
inline status require_zero_point(infer_context& ctx, std::size_t i, std::size_t matrix, bool rows) {
  const std::string_view what = rows ? "zero point of a" : "zero point of b";
  TENON_TRY(require_type_of(ctx, i, matrix, what));
  if (!ctx[i].is_ranked || !ctx[matrix].is_ranked) return {};
  const dims& zero = ctx[i].shape;
  const dims& x = ctx[matrix].shape;
  if (zero.empty() || (zero.size() == 1 && zero[0] == dim(1))) return {};
  dims as = zero;
  if (rows && zero.size() == 1 && x.size() > 1) as = {zero[0], dim(1)};
  TENON_TRY(const dims both, ctx.broadcast(as, x, what));
  return ctx.require_same(both, x, what);
}

}  // namespace tenon::inline v0::ops
