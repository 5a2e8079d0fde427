#pragma once

#include "tenon/ops/matmul_reference.hpp"
#include "tenon/ops/type_list.hpp"

namespace tenon::inline v0::ops {

/// y = a times b as matrices: numpy's matmul
struct matmul : plain_op {
  static constexpr op_info info{"matmul", ports{"a", "b"}, ports{"y"}};
  static constexpr onnx_import onnx{"MatMul", 1};

  status infer(infer_context& ctx) const {
    TENON_TRY(require_in(ctx, 0, numbers, "a"));
    TENON_TRY(require_type_of(ctx, 1, 0, "b"));
    return infer_product(ctx, 0, 1, ctx[0].type);
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    if (is_float(y.type())) {
      elements_into<double> out(y);
      TENON_TRY(multiply_tensors<double>(ctx, ctx[0], ctx[1], {out.data(), out.size()}));
      out.commit();
      return {};
    }
    elements_into<std::int64_t> out(y);
    TENON_TRY(multiply_tensors<std::int64_t>(ctx, ctx[0], ctx[1], {out.data(), out.size()}));
    out.commit();
    return {};
  }
};

/// y = alpha * a' times b' + beta * c, with a' and b' transposed when asked and c broadcast to y
struct gemm {
  static constexpr op_info info{"gemm", ports{"a", "b", maybe("c")}, ports{"y"}};
  float alpha = 1;
  float beta = 1;
  bool transA = false;
  bool transB = false;
  static constexpr auto attributes = attributes_of(attribute{"alpha", &gemm::alpha},
                                                   attribute{"beta", &gemm::beta},
                                                   attribute{"transA", &gemm::transA},
                                                   attribute{"transB", &gemm::transB});
  static constexpr onnx_import onnx{"Gemm", 7};
  friend bool operator==(const gemm&, const gemm&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

 private:
  template <class T> status run(eval_context& ctx, const tensor& y) const;
};

inline status gemm::infer(infer_context& ctx) const {
  TENON_TRY(require_in(ctx, 0, numbers, "a"));
  TENON_TRY(require_type_of(ctx, 1, 0, "b"));
  if (ctx.has(2)) TENON_TRY(require_type_of(ctx, 2, 0, "c"));
  TENON_TRY(require_rank(ctx, 0, 2, "a"));
  TENON_TRY(require_rank(ctx, 1, 2, "b"));
  if (!ctx[0].is_ranked || !ctx[1].is_ranked) {
    ctx.output(0, fact::unranked(ctx[0].type));
    return {};
  }
  const dims& a = ctx[0].shape;
  const dims& b = ctx[1].shape;
  TENON_TRY(ctx.require_equal(b[transB ? 1 : 0], a[transA ? 0 : 1], "inner size of b"));
  const dims shape{a[transA ? 1 : 0], b[transB ? 0 : 1]};
  if (ctx.has(2) && ctx[2].is_ranked) {
    TENON_TRY(const dims both, ctx.broadcast(ctx[2].shape, shape, "c"));
    TENON_TRY(ctx.require_same(both, shape, "c, broadcast to y,"));
  }
  ctx.output(0, ctx[0].type, shape);
  return {};
}

namespace matmul_detail {

/// The elements of a matrix, transposed when asked.
template <class T> std::vector<T> oriented(const tensor& x, bool transpose) {
  const elements_as<T> in(x);
  std::vector<T> out(in.data(), in.data() + in.size());
  if (!transpose) return out;
  const std::int64_t rows = x.dim(0), columns = x.dim(1);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      out[static_cast<std::size_t>(j * rows + i)] = in[static_cast<std::size_t>(i * columns + j)];
  return out;
}

}  // namespace matmul_detail

template <class T> status gemm::run(eval_context& ctx, const tensor& y) const {
  const auto a = matmul_detail::oriented<T>(ctx[0], transA);
  const auto b = matmul_detail::oriented<T>(ctx[1], transB);
  const std::int64_t m = y.dim(0), n = y.dim(1), k = ctx[0].dim(transA ? 0 : 1);
  std::vector<T> out(static_cast<std::size_t>(m * n), T{0});
  TENON_TRY(multiply_batches<T>(ctx, a.data(), {m, k}, b.data(), {k, n}, out.data()));
  std::vector<T> bias(out.size(), T{0});
  if (ctx.has(2)) fold_broadcast<T>(ctx[2], y.dims(), bias.data(), [](T, T c) { return c; });
  if constexpr (std::is_same_v<T, std::int64_t>) {
    if (alpha == 1 && beta == 1) {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = wrapping_add(out[i], bias[i]);
      store_elements<T>(out, y);
      return {};
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = number_cast<T>(alpha * static_cast<double>(out[i]) +
                            (ctx.has(2) ? beta * static_cast<double>(bias[i]) : 0.0));
  store_elements<T>(out, y);
  return {};
}

inline status gemm::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  return is_float(y.type()) ? run<double>(ctx, y) : run<std::int64_t>(ctx, y);
}

/// y = (a - a_zero_point) times (b - b_zero_point) in 32-bit integers
struct matmul_integer : plain_op {
  static constexpr op_info info{
      "matmul_integer", ports{"a", "b", maybe("a_zero_point"), maybe("b_zero_point")}, ports{"y"}};
  static constexpr onnx_import onnx{"MatMulInteger", 10};

  status infer(infer_context& ctx) const {
    constexpr type_set bytes{dtype::u8, dtype::i8};
    TENON_TRY(require_in(ctx, 0, bytes, "a"));
    TENON_TRY(require_in(ctx, 1, bytes, "b"));
    if (ctx.has(2)) TENON_TRY(require_zero_point(ctx, 2, 0, true));
    if (ctx.has(3)) TENON_TRY(require_zero_point(ctx, 3, 1, false));
    return infer_product(ctx, 0, 1, dtype::i32);
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto a = centered(ctx[0], ctx.has(2) ? &ctx[2] : nullptr, true);
    const auto b = centered(ctx[1], ctx.has(3) ? &ctx[3] : nullptr, false);
    std::vector<std::int64_t> out(static_cast<std::size_t>(y.size()), 0);
    TENON_TRY(multiply_batches<std::int64_t>(ctx, a.data(), ctx[0].dims(), b.data(), ctx[1].dims(),
                                             out.data()));
    store_elements<std::int64_t>(out, y);
    return {};
  }
};

using matmul_ops = type_list<gemm, matmul, matmul_integer>;

}  // namespace tenon::inline v0::ops
