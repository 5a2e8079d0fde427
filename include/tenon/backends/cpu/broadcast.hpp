#pragma once

#include "tenon/kernel/signature.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tenon::inline v0::cpu {

/// Numpy broadcast of N inputs over the axes of an output, with neighbouring axes merged where every input is
/// contiguous or constant across them.
template <std::size_t N> struct broadcast_plan {
  static constexpr std::size_t max_rank = 16;

  std::size_t rank = 0;
  std::array<std::int64_t, max_rank> size{};
  std::array<std::array<std::int64_t, max_rank>, N> stride{};

  /// False when the output has more axes than fit.
  bool build(const kernel::array_view& y, const std::array<const kernel::array_view*, N>& x) {
    if (y.rank > max_rank) return false;
    rank = 0;
    std::array<std::int64_t, N> next{};
    next.fill(1);
    std::array<std::int64_t, N> step{};
    for (std::size_t back = 0; back < y.rank; ++back) {
      const std::int64_t extent = y.dim(y.rank - 1 - back);
      for (std::size_t k = 0; k < N; ++k) {
        const std::int64_t own = back < x[k]->rank ? x[k]->dim(x[k]->rank - 1 - back) : 1;
        step[k] = own == 1 ? 0 : next[k];
        next[k] *= own;
      }
      if (extent == 1) continue;
      bool merges = rank != 0;
      for (std::size_t k = 0; merges && k < N; ++k)
        merges = step[k] == stride[k][rank - 1] * size[rank - 1];
      if (merges) {
        size[rank - 1] *= extent;
        continue;
      }
      for (std::size_t k = 0; k < N; ++k) stride[k][rank] = step[k];
      size[rank++] = extent;
    }
    if (rank == 0) {
      for (std::size_t k = 0; k < N; ++k) stride[k][0] = 0;
      size[rank++] = 1;
    }
    return true;
  }

  std::int64_t inner() const { return size[0]; }

  std::int64_t outer() const {
    std::int64_t out = 1;
    for (std::size_t a = 1; a < rank; ++a) out *= size[a];
    return out;
  }

  /// Calls `f(offsets, output_offset)` for the runs [begin, end) of `inner()` elements.
  template <class F> void each(std::int64_t begin, std::int64_t end, F&& f) const {
    std::array<std::int64_t, max_rank> index{};
    std::array<std::int64_t, N> at{};
    std::int64_t rest = begin;
    for (std::size_t a = 1; a < rank; ++a) {
      index[a] = rest % size[a];
      rest /= size[a];
      for (std::size_t k = 0; k < N; ++k) at[k] += index[a] * stride[k][a];
    }
    for (std::int64_t run = begin; run < end; ++run) {
      f(at, run * inner());
      for (std::size_t a = 1; a < rank; ++a) {
        for (std::size_t k = 0; k < N; ++k) at[k] += stride[k][a];
        if (++index[a] < size[a]) break;
        for (std::size_t k = 0; k < N; ++k) at[k] -= stride[k][a] * size[a];
        index[a] = 0;
      }
    }
  }
};

/// Elements that are worth a second thread.
inline constexpr std::int64_t elementwise_grain = 16384;

/// Runs `f(at, output_offset, count)` over all runs of a plan in parallel; long runs are split too.
template <std::size_t N, class F>
void run_broadcast(const broadcast_plan<N>& plan, kernel::parallel& threads, F&& f) {
  const std::int64_t inner = plan.inner(), outer = plan.outer();
  if (inner == 0 || outer == 0) return;
  if (outer == 1) {
    threads.run(inner, elementwise_grain, [&](std::int64_t begin, std::int64_t end, int) {
      std::array<std::int64_t, N> at{};
      for (std::size_t k = 0; k < N; ++k) at[k] = begin * plan.stride[k][0];
      f(at, begin, end - begin);
    });
    return;
  }
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / inner);
  threads.run(outer, grain, [&](std::int64_t begin, std::int64_t end, int) {
    plan.each(begin, end, [&](const auto& at, std::int64_t to) { f(at, to, inner); });
  });
}

}  // namespace tenon::inline v0::cpu
