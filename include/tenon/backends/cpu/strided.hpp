#pragma once

#include "tenon/backends/cpu/broadcast.hpp"
#include "tenon/backends/cpu/kernels/dispatch.hpp"
#include "tenon/kernel/catalog.hpp"

#include <algorithm>
#include <array>
#include <cstring>

/// What kernels that move bytes share: strided reads, transposes, blocks along an axis.
namespace tenon::inline v0::cpu {

namespace strided_detail {

using kernel::array_view;
using kernel::call;
using kernel::query;

inline constexpr std::int64_t copy_grain_bytes = 65536;
inline constexpr std::size_t max_axes = 16;

/// Axes of a strided read, neighbours merged; the last one is innermost.
struct strided_read {
  std::size_t rank = 0;
  std::array<std::int64_t, max_axes> size{}, stride{};
  std::int64_t offset = 0;

  void push(std::int64_t extent, std::int64_t step) {
    if (extent == 1) return;
    if (rank != 0 && stride[rank - 1] == step * extent) {
      size[rank - 1] *= extent;
      stride[rank - 1] = step;
      return;
    }
    size[rank] = extent;
    stride[rank++] = step;
  }

  void finish() {
    if (rank == 0) {
      size[0] = 1;
      stride[0] = 1;
      rank = 1;
    }
  }

  std::int64_t count() const {
    std::int64_t out = 1;
    for (std::size_t a = 0; a < rank; ++a) out *= size[a];
    return out;
  }
};

template <class T> void copy_run(const T* from, std::int64_t step, T* to, std::int64_t count) {
  if (step == 1)
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
  else
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i * step];
}

/// Calls `f(run, offset)` for runs [begin, end) over the first `axes` axes.
template <class F>
void each_run(
    const strided_read& r, std::size_t axes, std::int64_t begin, std::int64_t end, F&& f) {
  std::array<std::int64_t, max_axes> index{};
  std::int64_t at = r.offset, rest = begin;
  for (std::size_t a = axes; a-- > 0;) {
    index[a] = rest % r.size[a];
    rest /= r.size[a];
    at += index[a] * r.stride[a];
  }
  for (std::int64_t run = begin; run < end; ++run) {
    f(run, at);
    for (std::size_t a = axes; a-- > 0;) {
      at += r.stride[a];
      if (++index[a] < r.size[a]) break;
      at -= r.stride[a] * r.size[a];
      index[a] = 0;
    }
  }
}

template <class T>
void read_strided(const strided_read& r,
                  const std::byte* x,
                  std::byte* y,
                  kernel::parallel& threads) {
  const T* from = reinterpret_cast<const T*>(x);
  T* to = reinterpret_cast<T*>(y);
  const std::size_t last = r.rank - 1;
  const std::int64_t inner = r.size[last], step = r.stride[last];
  if (r.count() == 0) return;
  if (r.rank == 1) {
    const auto each = static_cast<std::int64_t>(copy_grain_bytes / sizeof(T));
    threads.run(inner, each, [&](std::int64_t begin, std::int64_t end, int) {
      copy_run(from + r.offset + begin * step, step, to + begin, end - begin);
    });
    return;
  }
  const auto grain =
      std::max<std::int64_t>(1, copy_grain_bytes / (inner * static_cast<std::int64_t>(sizeof(T))));
  threads.run(r.count() / inner, grain, [&](std::int64_t begin, std::int64_t end, int) {
    each_run(r, last, begin, end, [&](std::int64_t run, std::int64_t at) {
      copy_run(from + at, step, to + run * inner, inner);
    });
  });
}

/// Whether the two innermost axes are a 2-D transpose.
inline bool turns(const strided_read& r) {
  return r.rank >= 2 && r.stride[r.rank - 2] == 1 && r.stride[r.rank - 1] > 0;
}

/// A 2-D transpose per index of the axes before the last two, in blocks of 64 columns.
inline void read_turned(const strided_read& r,
                        const float* x,
                        float* y,
                        kernel::parallel& threads) {
  const spatial_kernels& t = select<spatial_kernels>();
  const std::int64_t rows = r.size[r.rank - 1], columns = r.size[r.rank - 2];
  if (r.count() == 0) return;
  constexpr std::int64_t block = 64;
  const std::int64_t blocks = (columns + block - 1) / block;
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / (block * rows + 1));
  threads.run(
      r.count() / (rows * columns) * blocks, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t first = i % blocks * block;
          const auto count = static_cast<std::size_t>(std::min(block, columns - first));
          each_run(
              r, r.rank - 2, i / blocks, i / blocks + 1, [&](std::int64_t run, std::int64_t at) {
                t.transpose(x + at + first, static_cast<std::size_t>(r.stride[r.rank - 1]),
                            y + run * rows * columns + first * rows, static_cast<std::size_t>(rows),
                            static_cast<std::size_t>(rows), count);
              });
        }
      });
}

/// Calls `f` with a value of as many bytes as an element has: 1, 2, 4, 8 or 16.
template <class F> void with_bytes(std::size_t element_bytes, F&& f) {
  struct bytes16 {
    std::uint64_t low, high;
  };

  switch (element_bytes) {
    case 1:
      return f(std::uint8_t{});
    case 2:
      return f(std::uint16_t{});
    case 4:
      return f(std::uint32_t{});
    case 8:
      return f(std::uint64_t{});
    default:
      return f(bytes16{});
  }
}

/// y = the elements of x in the order of `r`.
inline void read_strided(const strided_read& r,
                         std::size_t element_bytes,
                         const std::byte* x,
                         std::byte* y,
                         kernel::parallel& threads) {
  if (element_bytes == 4 && turns(r))
    return read_turned(r, reinterpret_cast<const float*>(x), reinterpret_cast<float*>(y), threads);
  with_bytes(element_bytes, [&]<class T>(T) { read_strided<T>(r, x, y, threads); });
}

inline void row_major(const array_view& x, std::array<std::int64_t, max_axes>& strides) {
  std::int64_t next = 1;
  for (std::size_t a = x.rank; a-- > 0;) {
    strides[a] = next;
    next *= x.dim(a);
  }
}

/// The transposes of every image in a batch: [n, rows, columns] to [n, columns, rows].
inline void turn(const float* x,
                 float* y,
                 std::int64_t batch,
                 std::int64_t rows,
                 std::int64_t columns,
                 kernel::parallel& threads) {
  strided_read r;
  r.rank = 3;
  r.size = {batch, columns, rows};
  r.stride = {rows * columns, 1, columns};
  read_turned(r, x, y, threads);
}

/// Sizes before, at and after an axis.
struct around {
  std::int64_t before = 1, at = 1, after = 1;

  around(const array_view& x, std::int64_t axis) {
    const auto a = static_cast<std::size_t>(axis < 0 ? axis + x.rank : axis);
    for (std::size_t i = 0; i < x.rank; ++i) (i < a ? before : i == a ? at : after) *= x.dim(i);
  }
};

inline void copy_block(const std::byte* from,
                       std::int64_t from_step,
                       std::byte* to,
                       std::int64_t to_step,
                       std::int64_t rows,
                       std::int64_t bytes,
                       kernel::parallel& threads) {
  if (rows == 0 || bytes == 0) return;
  threads.run(rows, std::max<std::int64_t>(1, copy_grain_bytes / bytes),
              [&](std::int64_t b, std::int64_t e, int) {
                for (std::int64_t i = b; i < e; ++i)
                  std::memcpy(to + i * to_step, from + i * from_step,
                              static_cast<std::size_t>(bytes));
              });
}

inline std::int64_t number(const array_view& v, std::int64_t i) {
  return v.type == dtype::i32 ? v.as<std::int32_t>()[i] : v.as<std::int64_t>()[i];
}

}  // namespace strided_detail

}  // namespace tenon::inline v0::cpu
