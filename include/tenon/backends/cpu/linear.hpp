#pragma once

#include "tenon/backends/cpu/broadcast.hpp"
#include "tenon/backends/cpu/kernels/dispatch.hpp"
#include "tenon/kernel/catalog.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/matmul.hpp"

#include <algorithm>

/// Matrix products: weights packed once, or both operands packed on the fly.
namespace tenon::inline v0::cpu {

using kernel::call;
using kernel::prepared;
using kernel::query;

namespace linear_detail {

static_assert(static_cast<int>(activation::silu) == static_cast<int>(ops::activation_kind::silu));

inline activation_spec spec_of(ops::activation_kind kind, float a, float b) {
  return {static_cast<activation>(kind), a, b};
}

/// One product of a matmul-like op: sizes, operands, epilogue.
struct product {
  std::size_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  matrix_view b;
  const float* packed = nullptr;
  float* c = nullptr;
  epilogue ep;
  std::size_t lda = 0;  ///< elements between rows of a; 0: k
};

inline std::int64_t divide_up(std::size_t a, std::size_t b) {
  return static_cast<std::int64_t>((a + b - 1) / b);
}

/// Rows and panels over threads: few rows split panels, many rows split rows.
inline void run_packed(const product& p, kernel::parallel& threads) {
  if (p.m == 0 || p.n == 0) return;
  const matrix_kernels& t = select<matrix_kernels>();
  const std::int64_t panels = divide_up(p.n, t.panel), tiles = divide_up(p.m, t.tile_rows);
  const gemm_args args{p.a, p.lda != 0 ? p.lda : p.k, p.packed, p.c, p.n, p.m, p.n, p.k, p.ep};
  const std::size_t flops_per_tile = 2 * t.tile_rows * t.panel * p.k;
  const auto worth =
      static_cast<std::int64_t>(std::max<std::size_t>(1, 200000 / (flops_per_tile + 1)));
  const std::size_t last_row = p.m, last_panel = static_cast<std::size_t>(panels);
  if (tiles >= 4 * threads.width()) {
    const std::int64_t grain =
        std::max<std::int64_t>({1, worth / panels, tiles / (threads.width() * 4)});
    threads.run(tiles, grain, [&](std::int64_t begin, std::int64_t end, int) {
      t.gemm(args,
             {static_cast<std::size_t>(begin) * t.tile_rows,
              std::min(last_row, static_cast<std::size_t>(end) * t.tile_rows), 0, last_panel});
    });
    return;
  }
  const std::int64_t grain =
      std::max<std::int64_t>({1, worth / tiles, panels / (threads.width() * 4)});
  threads.run(panels, grain, [&](std::int64_t begin, std::int64_t end, int) {
    t.gemm(args, {0, last_row, static_cast<std::size_t>(begin), static_cast<std::size_t>(end)});
  });
}

inline std::size_t unpacked_bytes(std::size_t k) {
  return (select<matrix_kernels>().gemm_unpacked_floats(k) * sizeof(float) + 63) / 64 * 64;
}

/// A batch of products with operands known only at run time; `at(i)` gives product number i.
template <class F>
void run_batch(std::int64_t batch, std::size_t m, std::size_t n, const call& c, F&& at) {
  const matrix_kernels& t = select<matrix_kernels>();
  const std::int64_t panels = divide_up(n, t.panel);
  if (m == 0 || n == 0 || batch == 0) return;
  const std::int64_t per_task = batch >= 2 * c.threads->width() ? panels : 1;
  const std::int64_t tasks_per_item =
      divide_up(static_cast<std::size_t>(panels), static_cast<std::size_t>(per_task));
  c.threads->run(batch * tasks_per_item, 1, [&](std::int64_t begin, std::int64_t end, int worker) {
    for (std::int64_t task = begin; task < end; ++task) {
      const product p = at(task / tasks_per_item);
      const std::int64_t first = task % tasks_per_item * per_task;
      const gemm_args args{p.a, p.k, nullptr, p.c, p.n, p.m, p.n, p.k, p.ep};
      float* workspace = reinterpret_cast<float*>(c.scratch + static_cast<std::size_t>(worker) *
                                                                  unpacked_bytes(p.k));
      t.gemm_unpacked(args, p.b,
                      {0, p.m, static_cast<std::size_t>(first),
                       static_cast<std::size_t>(std::min(panels, first + per_task))},
                      workspace);
    }
  });
}

inline result<prepared> pack(const tensor& b, bool transposed) {
  const auto k = static_cast<std::size_t>(b.dim(transposed ? 1 : 0));
  const auto n = static_cast<std::size_t>(b.dim(transposed ? 0 : 1));
  const matrix_kernels& t = select<matrix_kernels>();
  prepared out;
  TENON_TRY(out.packed,
            tensor::make(dtype::f32, extents{static_cast<std::int64_t>(t.packed_floats(k, n))}));
  const matrix_view view =
      transposed ? matrix_view{b.data<float>(), 1, k} : matrix_view{b.data<float>(), n, 1};
  t.pack_b(view, k, n, out.packed.data<float>());
  return out;
}

/// Product of all leading axes.
inline std::size_t rows_of(const kernel::array_view& a) {
  std::size_t rows = 1;
  for (std::size_t i = 0; i + 1 < a.rank; ++i) rows *= static_cast<std::size_t>(a.dim(i));
  return rows;
}

inline const char* constant_matrix(const query& q) {
  if (!q.is(0, dtype::f32) || !q.is(1, dtype::f32)) return "needs f32 operands of known rank";
  if (!q.in(1).is_constant() || q.in(1).rank() != 2) return "needs a constant matrix on the right";
  return q.in(0).rank() >= 1 ? nullptr : "needs at least one axis";
}

inline const char* two_matrices(const query& q) {
  if (!q.is(0, dtype::f32) || !q.is(1, dtype::f32)) return "needs f32 operands of known rank";
  if (q.in(0).rank() < 2 || q.in(1).rank() < 2) return "needs at least two axes";
  return q.in(0).rank() <= broadcast_plan<2>::max_rank &&
                 q.in(1).rank() <= broadcast_plan<2>::max_rank
             ? nullptr
             : "has too many axes";
}

inline status run_matmul_packed(const call& c) {
  const std::size_t k = static_cast<std::size_t>(c.in(0).dim(c.in(0).rank - 1));
  const std::size_t n = static_cast<std::size_t>(c.in(1).dim(1));
  run_packed({rows_of(c.in(0)),
              n,
              k,
              c.in(0).as<float>(),
              {},
              c.state->packed.data<float>(),
              c.out(0).as<float>(),
              {}},
             *c.threads);
  return {};
}

inline std::size_t matmul_scratch(const call& c) {
  return unpacked_bytes(static_cast<std::size_t>(c.in(0).dim(c.in(0).rank - 1))) *
         static_cast<std::size_t>(c.threads->width());
}

/// Batched product with numpy broadcast of the leading axes.
template <class Finish> void run_matmul(const call& c, bool transpose_b, Finish&& finish) {
  const kernel::array_view &a = c.in(0), &b = c.in(1), &y = c.out(0);
  const auto m = static_cast<std::size_t>(a.dim(a.rank - 2)),
             k = static_cast<std::size_t>(a.dim(a.rank - 1));
  const auto n = static_cast<std::size_t>(b.dim(b.rank - (transpose_b ? 2 : 1)));
  kernel::array_view lead_a = a, lead_b = b, lead_y = y;
  lead_a.rank -= 2;
  lead_b.rank -= 2;
  lead_y.rank -= 2;
  broadcast_plan<2> plan;
  plan.build(lead_y, {&lead_a, &lead_b});
  const std::int64_t batch = plan.inner() * plan.outer();
  const auto offsets = [&](std::int64_t i) {
    std::array<std::int64_t, 2> at{};
    for (std::size_t axis = 0; axis < plan.rank; ++axis) {
      const std::int64_t index = i % plan.size[axis];
      i /= plan.size[axis];
      for (std::size_t s = 0; s < 2; ++s) at[s] += index * plan.stride[s][axis];
    }
    return at;
  };
  run_batch(batch, m, n, c, [&](std::int64_t i) {
    const auto at = offsets(i);
    const float* right = b.as<float>() + at[1] * static_cast<std::int64_t>(k * n);
    product p{m,
              n,
              k,
              a.as<float>() + at[0] * static_cast<std::int64_t>(m * k),
              transpose_b ? matrix_view{right, 1, k} : matrix_view{right, n, 1},
              nullptr,
              y.as<float>() + i * static_cast<std::int64_t>(m * n),
              {}};
    finish(p, i);
    return p;
  });
}

inline status run_matmul_plain(const call& c) {
  run_matmul(c, false, [](product&, std::int64_t) {});
  return {};
}

inline epilogue fused_epilogue(const call& c) {
  const auto& op = c.as<ops::fused_matmul>();
  epilogue ep;
  ep.alpha = op.alpha;
  ep.act = spec_of(op.activation, op.p, op.q);
  if (c.has(2)) ep.bias = c.in(2).as<float>();
  if (c.has(3)) {
    ep.residual = c.in(3).as<float>();
    ep.residual_stride = static_cast<std::size_t>(c.out(0).dim(c.out(0).rank - 1));
  }
  return ep;
}

inline const char* full_bias(const query& q) {
  if (q.has(2) && !(q.in(2).rank() == 1 && q.in(2).shape[0] == q.out(0).shape[q.out(0).rank() - 1]))
    return "needs one bias a column";
  return nullptr;
}

inline const char* fused_constant(const query& q) {
  if (const char* reason = constant_matrix(q)) return reason;
  return full_bias(q);
}

inline const char* fused_plain(const query& q) {
  if (const char* reason = two_matrices(q)) return reason;
  return full_bias(q);
}

inline status run_fused_packed(const call& c) {
  const std::size_t k = static_cast<std::size_t>(c.in(0).dim(c.in(0).rank - 1));
  const std::size_t n = static_cast<std::size_t>(c.out(0).dim(c.out(0).rank - 1));
  run_packed({rows_of(c.in(0)),
              n,
              k,
              c.in(0).as<float>(),
              {},
              c.state->packed.data<float>(),
              c.out(0).as<float>(),
              fused_epilogue(c)},
             *c.threads);
  return {};
}

inline status run_fused_plain(const call& c) {
  const epilogue shared = fused_epilogue(c);
  run_matmul(c, c.as<ops::fused_matmul>().transpose_b, [&](product& p, std::int64_t i) {
    p.ep = shared;
    if (p.ep.residual) p.ep.residual += static_cast<std::size_t>(i) * p.m * p.n;
  });
  return {};
}

inline const char* gemm_packed(const query& q) {
  if (const char* reason = constant_matrix(q)) return reason;
  const auto& op = q.as<ops::gemm>();
  if (op.transA) return "needs an untransposed left operand";
  if (!q.has(2)) return nullptr;
  const dims& bias = q.in(2).shape;
  const dim n = q.out(0).shape[1];
  const bool is_row =
      bias.size() == 1 ? bias[0] == n : bias.size() == 2 && bias[0] == dim(1) && bias[1] == n;
  return is_row && q.in(2).type == dtype::f32 && op.beta == 1.0F
             ? nullptr
             : "needs one bias a column and beta 1";
}

inline status run_gemm(const call& c) {
  const auto& op = c.as<ops::gemm>();
  const auto m = static_cast<std::size_t>(c.in(0).dim(0)),
             k = static_cast<std::size_t>(c.in(0).dim(1));
  epilogue ep;
  ep.alpha = op.alpha;
  if (c.has(2)) ep.bias = c.in(2).as<float>();
  run_packed({m,
              static_cast<std::size_t>(c.out(0).dim(1)),
              k,
              c.in(0).as<float>(),
              {},
              c.state->packed.data<float>(),
              c.out(0).as<float>(),
              ep},
             *c.threads);
  return {};
}

inline result<prepared> prepare_matmul(const query& q) {
  return pack(q.in(1).constant, false);
}

inline result<prepared> prepare_gemm(const query& q) {
  return pack(q.in(1).constant, q.as<ops::gemm>().transB);
}

inline result<prepared> prepare_fused(const query& q) {
  return pack(q.in(1).constant, q.as<ops::fused_matmul>().transpose_b);
}

}  // namespace linear_detail

namespace linear {

using namespace linear_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.matmul.packed.f32", ir::id_of<ops::matmul>(), constant_matrix, prepare_matmul, nullptr, run_matmul_packed, false},
    {"cpu.matmul.f32", ir::id_of<ops::matmul>(), two_matrices, nullptr, matmul_scratch, run_matmul_plain, false},
    {"cpu.gemm.packed.f32", ir::id_of<ops::gemm>(), gemm_packed, prepare_gemm, nullptr, run_gemm, false},
    {"cpu.fused_matmul.packed.f32", ir::id_of<ops::fused_matmul>(), fused_constant, prepare_fused, nullptr, run_fused_packed, false},
    {"cpu.fused_matmul.f32", ir::id_of<ops::fused_matmul>(), fused_plain, nullptr, matmul_scratch, run_fused_plain, false},
};
// clang-format on

}  // namespace linear

}  // namespace tenon::inline v0::cpu
