#pragma once

#include "tenon/backends/cpu/convolution.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/slice_rule.hpp"
#include "tenon/ops/slicing.hpp"

#include <algorithm>
#include <cstring>

/// Kernels that move bytes: any dtype of 1, 2, 4, 8 or 16 bytes.
namespace tenon::inline v0::cpu {

namespace movement_detail {

using kernel::array_view;
using kernel::call;
using kernel::query;

inline constexpr std::int64_t copy_grain_bytes = 65536;
inline constexpr std::size_t max_axes = 16;

inline const char* plain_bytes(const query& q) {
  if (!q.has(0) || !q.in(0).is_tensor() || !q.in(0).is_ranked)
    return "needs a tensor of known rank";
  if (q.in(0).type == dtype::string) return "strings are not bytes";
  return q.in(0).rank() <= max_axes ? nullptr : "has more than 16 axes";
}

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

template <class T>
void read_strided(const strided_read& r,
                  const std::byte* x,
                  std::byte* y,
                  kernel::parallel& threads) {
  const T* from = reinterpret_cast<const T*>(x) + r.offset;
  T* to = reinterpret_cast<T*>(y);
  const std::size_t last = r.rank - 1;
  const std::int64_t inner = r.size[last], outer = r.count() / std::max<std::int64_t>(1, inner);
  if (inner == 0 || outer == 0) return;
  const auto grain =
      std::max<std::int64_t>(1, copy_grain_bytes / (inner * static_cast<std::int64_t>(sizeof(T))));
  threads.run(outer, grain, [&](std::int64_t begin, std::int64_t end, int) {
    std::array<std::int64_t, max_axes> index{};
    std::int64_t at = 0, rest = begin;
    for (std::size_t a = last; a-- > 0;) {
      index[a] = rest % r.size[a];
      rest /= r.size[a];
      at += index[a] * r.stride[a];
    }
    for (std::int64_t run = begin; run < end; ++run) {
      copy_run(from + at, r.stride[last], to + run * inner, inner);
      for (std::size_t a = last; a-- > 0;) {
        at += r.stride[a];
        if (++index[a] < r.size[a]) break;
        at -= r.stride[a] * r.size[a];
        index[a] = 0;
      }
    }
  });
}

inline void read_strided(const strided_read& r,
                         std::size_t element_bytes,
                         const std::byte* x,
                         std::byte* y,
                         kernel::parallel& threads) {
  struct bytes16 {
    std::uint64_t low, high;
  };

  switch (element_bytes) {
    case 1:
      return read_strided<std::uint8_t>(r, x, y, threads);
    case 2:
      return read_strided<std::uint16_t>(r, x, y, threads);
    case 4:
      return read_strided<std::uint32_t>(r, x, y, threads);
    case 8:
      return read_strided<std::uint64_t>(r, x, y, threads);
    default:
      return read_strided<bytes16>(r, x, y, threads);
  }
}

inline void row_major(const array_view& x, std::array<std::int64_t, max_axes>& strides) {
  std::int64_t next = 1;
  for (std::size_t a = x.rank; a-- > 0;) {
    strides[a] = next;
    next *= x.dim(a);
  }
}

inline status run_transpose(const call& c) {
  const auto& op = c.as<ops::transpose>();
  const array_view &x = c.in(0), &y = c.out(0);
  std::array<std::int64_t, max_axes> strides{};
  row_major(x, strides);
  strided_read r;
  for (std::size_t i = 0; i < x.rank; ++i) {
    const std::size_t axis =
        op.perm.empty()
            ? x.rank - 1 - i
            : static_cast<std::size_t>(op.perm[i] < 0 ? op.perm[i] + x.rank : op.perm[i]);
    r.push(x.dim(axis), strides[axis]);
  }
  r.finish();
  const bool turns =
      r.rank >= 2 && r.rank <= 3 && size_of(x.type) == 4 && r.stride[r.rank - 2] == 1;
  if (turns && (r.rank == 2 || r.stride[0] == r.size[1] * r.size[2])) {
    const std::int64_t batch = r.rank == 3 ? r.size[0] : 1;
    const std::int64_t columns = r.size[r.rank - 2], rows = r.size[r.rank - 1];
    if (r.stride[r.rank - 1] == columns) {
      convolution_detail::turn(x.as<float>(), y.as<float>(), batch, rows, columns, *c.threads);
      return {};
    }
  }
  read_strided(r, size_of(x.type), x.data, y.data, *c.threads);
  return {};
}

inline status run_expand(const call& c) {
  const array_view &x = c.in(0), &y = c.out(0);
  if (y.rank > max_axes) return fail(code::unsupported, "more than 16 axes");
  std::array<std::int64_t, max_axes> strides{};
  row_major(x, strides);
  strided_read r;
  for (std::size_t i = 0; i < y.rank; ++i) {
    const bool has = i + x.rank >= y.rank;
    const std::size_t axis = i + x.rank - y.rank;
    r.push(y.dim(i), has && x.dim(axis) != 1 ? strides[axis] : 0);
  }
  r.finish();
  if (y.count != 0) read_strided(r, size_of(x.type), x.data, y.data, *c.threads);
  return {};
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

inline status run_concat(const call& c) {
  const array_view& y = c.out(0);
  const around whole(y, c.as<ops::concat>().axis);
  const auto element = static_cast<std::int64_t>(size_of(y.type));
  const std::int64_t to_step = whole.at * whole.after * element;
  std::int64_t done = 0;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const around part(c.in(i), c.as<ops::concat>().axis);
    const std::int64_t bytes = part.at * part.after * element;
    copy_block(c.in(i).data, bytes, y.data + done, to_step, whole.before, bytes, *c.threads);
    done += bytes;
  }
  return {};
}

inline status run_split(const call& c) {
  const array_view& x = c.in(0);
  const around whole(x, c.as<ops::split>().axis);
  const auto element = static_cast<std::int64_t>(size_of(x.type));
  const std::int64_t from_step = whole.at * whole.after * element;
  std::int64_t done = 0;
  for (std::size_t i = 0; i < c.outputs.size(); ++i) {
    const around part(c.out(i), c.as<ops::split>().axis);
    const std::int64_t bytes = part.at * part.after * element;
    copy_block(x.data + done, from_step, c.out(i).data, bytes, whole.before, bytes, *c.threads);
    done += bytes;
  }
  return {};
}

/// Unread parts would hide the sizes that place the others.
inline const char* split_plain(const query& q) {
  for (std::size_t i = 0; i < q.outputs.size(); ++i)
    if (!q.outputs[i]) return "needs all outputs to be read";
  return plain_bytes(q);
}

inline std::int64_t number(const array_view& v, std::int64_t i) {
  return v.type == dtype::i32 ? v.as<std::int32_t>()[i] : v.as<std::int64_t>()[i];
}

inline status run_slice(const call& c) {
  const array_view &x = c.in(0), &y = c.out(0);
  std::array<std::int64_t, max_axes> strides{}, steps{};
  row_major(x, strides);
  steps.fill(1);
  strided_read r;
  for (std::int64_t i = 0; i < c.in(1).count; ++i) {
    const std::int64_t a = c.has(3) ? number(c.in(3), i) : i;
    const auto axis = static_cast<std::size_t>(a < 0 ? a + x.rank : a);
    steps[axis] = c.has(4) ? number(c.in(4), i) : 1;
    const auto span =
        ops::slice_axis(x.dim(axis), number(c.in(1), i), number(c.in(2), i), steps[axis]);
    r.offset += span.start * strides[axis];
  }
  for (std::size_t a = 0; a < x.rank; ++a) r.push(y.dim(a), strides[a] * steps[a]);
  r.finish();
  if (y.count != 0) read_strided(r, size_of(x.type), x.data, y.data, *c.threads);
  return {};
}

inline const char* gather_plain(const query& q) {
  if (const char* reason = plain_bytes(q)) return reason;
  return q.has(1) && q.in(1).is_ranked ? nullptr : "needs indices of known rank";
}

inline status run_gather(const call& c) {
  const array_view &x = c.in(0), &indices = c.in(1), &y = c.out(0);
  const around at(x, c.as<ops::gather>().axis);
  const std::int64_t bytes = at.after * static_cast<std::int64_t>(size_of(x.type));
  for (std::int64_t i = 0; i < indices.count; ++i) {
    const std::int64_t v = number(indices, i);
    if (v < -at.at || v >= at.at)
      return fail(code::index, "indices contains ", v, ", expected ", -at.at, " to ", at.at - 1);
  }
  if (y.count == 0) return {};
  const std::int64_t rows = at.before * indices.count;
  c.threads->run(
      rows, std::max<std::int64_t>(1, copy_grain_bytes / bytes),
      [&](std::int64_t b, std::int64_t e, int) {
        for (std::int64_t row = b; row < e; ++row) {
          const std::int64_t v = number(indices, row % indices.count);
          const std::int64_t from = row / indices.count * at.at + (v < 0 ? v + at.at : v);
          std::memcpy(y.data + row * bytes, x.data + from * bytes, static_cast<std::size_t>(bytes));
        }
      });
  return {};
}

}  // namespace movement_detail

namespace movement {

using namespace movement_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.transpose.any", ir::id_of<ops::transpose>(), plain_bytes, nullptr, nullptr, run_transpose, false},
    {"cpu.expand.any", ir::id_of<ops::expand>(), plain_bytes, nullptr, nullptr, run_expand, false},
    {"cpu.concat.any", ir::id_of<ops::concat>(), plain_bytes, nullptr, nullptr, run_concat, false},
    {"cpu.split.any", ir::id_of<ops::split>(), split_plain, nullptr, nullptr, run_split, false},
    {"cpu.slice.any", ir::id_of<ops::slice>(), plain_bytes, nullptr, nullptr, run_slice, false},
    {"cpu.gather.any", ir::id_of<ops::gather>(), gather_plain, nullptr, nullptr, run_gather, false},
};
// clang-format on

}  // namespace movement

}  // namespace tenon::inline v0::cpu
