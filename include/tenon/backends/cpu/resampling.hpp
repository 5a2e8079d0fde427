#pragma once

#include "tenon/backends/cpu/strided.hpp"
#include "tenon/ops/resize.hpp"
#include "tenon/ops/slicing.hpp"

#include <algorithm>
#include <vector>

/// Kernels that read each axis through a map or through weighted taps: pad and resize.
namespace tenon::inline v0::cpu {

namespace resampling_detail {

using namespace movement_detail;

/// For each output index of an axis the input index, or -1 for the fill value.
using axis_map = std::vector<std::int64_t>;

/// Neighbours of the last axis that are read, or filled (`from` = -1), together.
struct map_run {
  std::int64_t to, from, count;
};

inline std::vector<map_run> runs_of(const axis_map& map) {
  std::vector<map_run> out;
  for (std::size_t i = 0; i < map.size(); ++i) {
    const std::int64_t from = map[i];
    if (!out.empty()) {
      map_run& last = out.back();
      if (from == (last.from < 0 ? -1 : last.from + last.count)) {
        ++last.count;
        continue;
      }
    }
    out.push_back({static_cast<std::int64_t>(i), from, 1});
  }
  return out;
}

/// Writes one output line from the input line at `from`.
template <class T>
void read_line(
    const axis_map& map, const std::vector<map_run>& runs, const T* from, T fill, T* to) {
  if (runs.size() * 4 <= map.size()) {
    for (const map_run& r : runs)
      if (r.from < 0)
        std::fill_n(to + r.to, r.count, fill);
      else
        std::memcpy(to + r.to, from + r.from, static_cast<std::size_t>(r.count) * sizeof(T));
    return;
  }
  for (std::size_t i = 0; i < map.size(); ++i) to[i] = map[i] < 0 ? fill : from[map[i]];
}

/// y[i, j, ...] = x[maps[0][i], maps[1][j], ...], `fill` where a map says -1.
template <class T>
void read_mapped_as(const std::vector<axis_map>& maps,
                    const array_view& x,
                    const array_view& y,
                    T fill,
                    kernel::parallel& threads) {
  const std::size_t last = maps.size() - 1;
  const auto width = static_cast<std::int64_t>(maps[last].size());
  if (y.count == 0) return;
  const std::vector<map_run> runs = runs_of(maps[last]);
  std::array<std::int64_t, max_axes> strides{};
  row_major(x, strides);
  const T* from = x.as<T>();
  T* to = y.as<T>();
  const std::int64_t grain =
      std::max<std::int64_t>(1, copy_grain_bytes / (width * static_cast<std::int64_t>(sizeof(T))));
  threads.run(y.count / width, grain, [&](std::int64_t begin, std::int64_t end, int) {
    std::int64_t before = -2;
    for (std::int64_t line = begin; line < end; ++line) {
      std::int64_t at = 0, rest = line;
      for (std::size_t a = last; a-- > 0;) {
        const std::int64_t index = maps[a][static_cast<std::size_t>(rest % y.dim(a))];
        rest /= y.dim(a);
        at = index < 0 || at < 0 ? -1 : at + index * strides[a];
      }
      T* out = to + line * width;
      if (at == before)
        std::memcpy(out, out - width, static_cast<std::size_t>(width) * sizeof(T));
      else if (at < 0)
        std::fill_n(out, width, fill);
      else
        read_line(maps[last], runs, from + at, fill, out);
      before = at;
    }
  });
}

/// Any element size; `fill` points at one element, or null for zeros.
inline void read_mapped(const std::vector<axis_map>& maps,
                        const array_view& x,
                        const array_view& y,
                        const std::byte* fill,
                        kernel::parallel& threads) {
  struct bytes16 {
    std::uint64_t low, high;
  };

  const auto with = [&]<class T>(T value) {
    if (fill) std::memcpy(&value, fill, sizeof(T));
    read_mapped_as<T>(maps, x, y, value, threads);
  };
  switch (size_of(x.type)) {
    case 1:
      return with(std::uint8_t{});
    case 2:
      return with(std::uint16_t{});
    case 4:
      return with(std::uint32_t{});
    case 8:
      return with(std::uint64_t{});
    default:
      return with(bytes16{});
  }
}

inline const char* bytes_with_axes(const query& q) {
  if (!q.has(0) || !q.in(0).is_tensor() || !q.in(0).is_ranked)
    return "needs a tensor of known rank";
  if (q.in(0).type == dtype::string) return "strings are not bytes";
  return q.in(0).rank() >= 1 && q.in(0).rank() <= max_axes ? nullptr : "needs 1 to 16 axes";
}

inline status run_pad(const call& c) {
  const auto& op = c.as<ops::pad>();
  const array_view &x = c.in(0), &y = c.out(0);
  std::array<std::int64_t, max_axes> before{}, after{};
  const std::int64_t count = c.in(1).count / 2;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t a = c.has(3) ? number(c.in(3), i) : i;
    const auto axis = static_cast<std::size_t>(a < 0 ? a + x.rank : a);
    before[axis] = number(c.in(1), i);
    after[axis] = number(c.in(1), i + count);
  }
  if (c.has(2) && c.in(2).count != 1)
    return fail(code::shape, "constant_value has ", c.in(2).count, " elements, expected one");
  std::vector<axis_map> maps;
  for (std::size_t a = 0; a < x.rank; ++a) {
    TENON_TRY(auto map, op.sources(x.dim(a), before[a], after[a], y.dim(a)));
    maps.push_back(std::move(map));
  }
  read_mapped(maps, x, y, c.has(2) ? c.in(2).data : nullptr, *c.threads);
  return {};
}

inline const char* takes_resize(const query& q) {
  const auto& op = q.as<ops::resize>();
  if (op.coordinate_transformation_mode == ops::resize_coordinates::tf_crop_and_resize)
    return "needs no region of interest";
  if (op.mode != ops::resize_mode::nearest && !q.is(0, dtype::f32)) return "interpolates f32";
  return bytes_with_axes(q);
}

/// An optional input as a tensor over the same bytes; empty: absent.
inline tensor borrowed(const call& c, std::size_t i) {
  if (!c.has(i)) return {};
  const array_view& v = c.in(i);
  const auto shape = v.shape();
  return tensor::over(v.type, extents(shape.begin(), shape.end()),
                      storage::borrow(v.data, v.bytes()));
}

inline result<std::vector<ops::resize_axis>> plan_resize(const call& c) {
  const auto in = c.in(0).shape(), out = c.out(0).shape();
  const tensor scales = borrowed(c, 2), sizes = borrowed(c, 3);
  return c.as<ops::resize>().plan(extents(in.begin(), in.end()), extents(out.begin(), out.end()),
                                  nullptr, scales ? &scales : nullptr, sizes ? &sizes : nullptr);
}

inline void resize_nearest(const call& c, const std::vector<ops::resize_axis>& list) {
  const auto& op = c.as<ops::resize>();
  std::vector<axis_map> maps(list.size());
  for (std::size_t a = 0; a < list.size(); ++a)
    for (std::int64_t o = 0; o < list[a].out; ++o)
      maps[a].push_back(
          list[a].is_resized
              ? list[a].nearest(list[a].original(o, op.coordinate_transformation_mode),
                                op.nearest_mode)
              : o);
  read_mapped(maps, c.in(0), c.out(0), nullptr, *c.threads);
}

/// The taps of one axis, as many for each output element.
struct tap_table {
  std::vector<std::uint32_t> index;
  std::vector<float> weight;
  std::size_t taps = 1;
  bool is_identity = true;

  tap_table(const ops::resize& op, const ops::resize_axis& axis) {
    std::vector<std::vector<ops::resize_tap>> all;
    for (std::int64_t o = 0; o < axis.out; ++o) {
      all.push_back(axis.taps(axis.original(o, op.coordinate_transformation_mode), op.mode,
                              op.antialias, op.exclude_outside,
                              static_cast<double>(op.cubic_coeff_a)));
      taps = std::max(taps, all.back().size());
    }
    is_identity = axis.in == axis.out;
    for (std::size_t o = 0; o < all.size(); ++o)
      for (std::size_t t = 0; t < taps; ++t) {
        const bool has = t < all[o].size();
        const ops::resize_tap tap =
            has ? all[o][t] : ops::resize_tap{all[o].empty() ? 0 : all[o][0].index, 0};
        index.push_back(static_cast<std::uint32_t>(tap.index));
        weight.push_back(static_cast<float>(tap.weight));
        const bool is_self = tap.index == static_cast<std::int64_t>(o);
        is_identity = is_identity && (tap.weight == 0 || (is_self && tap.weight == 1));
      }
  }
};

/// Lines of neighbouring elements: each output element from `taps` elements of its line.
inline void resize_line(const tap_table& t, const float* x, float* y) {
  const std::size_t count = t.index.size() / t.taps;
  const std::uint32_t* index = t.index.data();
  const float* weight = t.weight.data();
  if (t.taps == 2)
    for (std::size_t o = 0; o < count; ++o)
      y[o] = x[index[2 * o]] * weight[2 * o] + x[index[2 * o + 1]] * weight[2 * o + 1];
  else if (t.taps == 4)
    for (std::size_t o = 0; o < count; ++o, index += 4, weight += 4)
      y[o] = (x[index[0]] * weight[0] + x[index[1]] * weight[1]) +
             (x[index[2]] * weight[2] + x[index[3]] * weight[3]);
  else
    for (std::size_t o = 0; o < count; ++o) {
      float sum = 0;
      for (std::size_t i = o * t.taps; i < (o + 1) * t.taps; ++i) sum += x[index[i]] * weight[i];
      y[o] = sum;
    }
}

/// [outer, in, inner] to [outer, out, inner].
inline void resize_one(const tap_table& t,
                       const float* x,
                       float* y,
                       std::int64_t outer,
                       std::int64_t in,
                       std::int64_t inner,
                       kernel::parallel& threads) {
  const auto out = static_cast<std::int64_t>(t.index.size() / t.taps);
  if (inner == 1) {
    threads.run(outer, std::max<std::int64_t>(1, elementwise_grain / 4 / out),
                [&](std::int64_t b, std::int64_t e, int) {
                  for (std::int64_t i = b; i < e; ++i) resize_line(t, x + i * in, y + i * out);
                });
    return;
  }
  const std::uint32_t first = 0;
  const float one = 1;
  resize_args args;
  args.batch = static_cast<std::size_t>(outer);
  args.in_h = static_cast<std::size_t>(in);
  args.out_h = static_cast<std::size_t>(out);
  args.in_w = args.out_w = 1;
  args.channels = static_cast<std::size_t>(inner);
  args.vertical = {t.index.data(), t.weight.data(), t.taps};
  args.horizontal = {&first, &one, 1};
  args.x = x;
  args.y = y;
  threads.run(outer * out, std::max<std::int64_t>(1, elementwise_grain / 4 / inner),
              [&](std::int64_t b, std::int64_t e, int) {
                select_table().resize(args, static_cast<std::size_t>(b),
                                      static_cast<std::size_t>(e));
              });
}

/// Two buffers for what lies between the axes.
inline std::size_t resize_scratch(const call& c) {
  if (c.as<ops::resize>().mode == ops::resize_mode::nearest) return 0;
  return 2 * ((std::max(c.in(0).bytes(), c.out(0).bytes()) + 63) / 64 * 64);
}

inline void interpolate(const call& c, const std::vector<ops::resize_axis>& list) {
  const auto& op = c.as<ops::resize>();
  std::vector<std::size_t> order;
  std::vector<tap_table> tables;
  for (const ops::resize_axis& axis : list) {
    if (axis.is_resized) tables.emplace_back(op, axis);
    if (axis.is_resized && tables.back().is_identity)
      tables.pop_back();
    else if (axis.is_resized)
      order.push_back(static_cast<std::size_t>(&axis - list.data()));
  }
  std::vector<std::size_t> steps(order.size());
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = i;
  // Shrinking axes first: no intermediate result outgrows both x and y.
  std::stable_sort(steps.begin(), steps.end(), [&](std::size_t i, std::size_t k) {
    const ops::resize_axis &a = list[order[i]], &b = list[order[k]];
    return static_cast<double>(a.out) * static_cast<double>(b.in) <
           static_cast<double>(b.out) * static_cast<double>(a.in);
  });
  std::array<std::int64_t, max_axes> shape{};
  for (std::size_t a = 0; a < list.size(); ++a) shape[a] = list[a].in;
  const float* from = c.in(0).as<float>();
  const std::size_t half = resize_scratch(c) / 2;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::size_t axis = order[steps[i]];
    float* to = i + 1 == steps.size() ? c.out(0).as<float>()
                                      : reinterpret_cast<float*>(c.scratch + i % 2 * half);
    std::int64_t outer = 1, inner = 1;
    for (std::size_t a = 0; a < axis; ++a) outer *= shape[a];
    for (std::size_t a = axis + 1; a < list.size(); ++a) inner *= shape[a];
    resize_one(tables[steps[i]], from, to, outer, shape[axis], inner, *c.threads);
    shape[axis] = list[axis].out;
    from = to;
  }
  if (steps.empty()) std::memcpy(c.out(0).data, c.in(0).data, c.out(0).bytes());
}

inline status run_resize(const call& c) {
  TENON_TRY(const auto list, plan_resize(c));
  if (c.out(0).count == 0) return {};
  if (c.as<ops::resize>().mode == ops::resize_mode::nearest)
    resize_nearest(c, list);
  else
    interpolate(c, list);
  return {};
}

}  // namespace resampling_detail

namespace resampling {

using namespace resampling_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.pad.any", ir::id_of<ops::pad>(), bytes_with_axes, nullptr, nullptr, run_pad, false},
    {"cpu.resize.any", ir::id_of<ops::resize>(), takes_resize, nullptr, resize_scratch, run_resize, false},
};
// clang-format on

}  // namespace resampling

}  // namespace tenon::inline v0::cpu
