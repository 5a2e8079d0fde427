#pragma once

#include "tenon/backends/cpu/strided.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/slice_rule.hpp"
#include "tenon/ops/slicing.hpp"

#include <algorithm>
#include <cstring>

/// Kernels that move bytes: any dtype of 1, 2, 4, 8 or 16 bytes.
namespace tenon::inline v0::cpu {

namespace movement_detail {

using namespace strided_detail;

inline const char* plain_bytes(const query& q) {
  if (!q.has(0) || !q.in(0).is_tensor() || !q.in(0).is_ranked)
    return "needs a tensor of known rank";
  if (q.in(0).type == dtype::string) return "strings are not bytes";
  return q.in(0).rank() <= max_axes ? nullptr : "has more than 16 axes";
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

/// Size of output `i` along the axis; outputs that nobody reads have no view.
inline std::int64_t piece(const call& c, std::size_t i, std::int64_t total) {
  if (c.has_out(i)) return around(c.out(i), c.as<ops::split>().axis).at;
  if (c.has(1)) return c.in(1).as<std::int64_t>()[i];
  const auto count = static_cast<std::int64_t>(c.outputs.size());
  return std::min((total + count - 1) / count, total);
}

inline status run_split(const call& c) {
  const array_view& x = c.in(0);
  const around whole(x, c.as<ops::split>().axis);
  const std::int64_t unit = whole.after * static_cast<std::int64_t>(size_of(x.type));
  std::int64_t done = 0;
  for (std::size_t i = 0; i < c.outputs.size(); ++i) {
    const std::int64_t bytes = piece(c, i, whole.at) * unit;
    if (c.has_out(i))
      copy_block(x.data + done, whole.at * unit, c.out(i).data, bytes, whole.before, bytes,
                 *c.threads);
    done += bytes;
  }
  return {};
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
    {"cpu.split.any", ir::id_of<ops::split>(), plain_bytes, nullptr, nullptr, run_split, false},
    {"cpu.slice.any", ir::id_of<ops::slice>(), plain_bytes, nullptr, nullptr, run_slice, false},
    {"cpu.gather.any", ir::id_of<ops::gather>(), gather_plain, nullptr, nullptr, run_gather, false},
};
// clang-format on

}  // namespace movement

}  // namespace tenon::inline v0::cpu
