#pragma once

#include "tenon/backends/cpu/scratch.hpp"
#include "tenon/backends/cpu/strided.hpp"
#include "tenon/ops/resize.hpp"
#include "tenon/ops/slicing.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

/// Kernels that read each axis through a map or through weighted taps: pad and resize.
namespace tenon::inline v0::cpu {

namespace resampling_detail {

using namespace strided_detail;

/// Neighbours of the last axis that are read, or filled (`from` = -1), together.
struct map_run {
  std::int64_t to, from, count;
};

/// For each output index of each axis the input index, or -1 for the fill value; lies in scratch memory.
class axis_maps {
 public:
  static std::size_t bytes(const array_view& y) {
    if (y.count == 0) return 0;
    std::size_t out = scratch_of<map_run>({most_runs(y)});
    for (std::size_t a = 0; a < y.rank; ++a)
      out = scratch_sum({out, scratch_of<std::int64_t>({y.dim(a)})});
    return out;
  }

  /// `y` has elements.
  axis_maps(const array_view& y, std::byte* memory)
      : rank_(y.rank), runs_(reinterpret_cast<map_run*>(memory)), most_runs_(most_runs(y)) {
    memory += scratch_of<map_run>({most_runs_});
    for (std::size_t a = 0; a < rank_; ++a) {
      maps_[a] = {reinterpret_cast<std::int64_t*>(memory), static_cast<std::size_t>(y.dim(a))};
      memory += scratch_of<std::int64_t>({y.dim(a)});
    }
  }

  std::size_t rank() const { return rank_; }

  std::span<std::int64_t> operator[](std::size_t a) const { return maps_[a]; }

  std::span<std::int64_t> last() const { return maps_[rank_ - 1]; }

  /// The runs of the last axis when they are long; empty: copying single elements is as good.
  std::span<const map_run> find_runs() {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < std::ssize(last()); ++i) {
      const std::int64_t from = last()[static_cast<std::size_t>(i)];
      if (count != 0) {
        map_run& r = runs_[count - 1];
        if (from == (r.from < 0 ? -1 : r.from + r.count)) {
          ++r.count;
          continue;
        }
      }
      if (count == most_runs_) return {};
      runs_[count++] = {i, from, 1};
    }
    return {runs_, static_cast<std::size_t>(count)};
  }

 private:
  static std::int64_t most_runs(const array_view& y) { return y.dim(y.rank - 1) / 4; }

  std::size_t rank_;
  map_run* runs_;
  std::int64_t most_runs_;
  std::array<std::span<std::int64_t>, max_axes> maps_;
};

/// Writes one output line from the input line at `from`.
template <class T>
void read_line(std::span<const std::int64_t> map,
               std::span<const map_run> runs,
               const T* from,
               T fill,
               T* to) {
  for (const map_run& r : runs)
    if (r.from < 0)
      std::fill_n(to + r.to, r.count, fill);
    else
      std::memcpy(to + r.to, from + r.from, static_cast<std::size_t>(r.count) * sizeof(T));
  if (!runs.empty()) return;
  for (std::size_t i = 0; i < map.size(); ++i) to[i] = map[i] < 0 ? fill : from[map[i]];
}

/// y[i, j, ...] = x[maps[0][i], maps[1][j], ...], `fill` where a map says -1.
template <class T>
void read_mapped_as(
    axis_maps& maps, const array_view& x, const array_view& y, T fill, kernel::parallel& threads) {
  const std::size_t last = maps.rank() - 1;
  const auto width = static_cast<std::int64_t>(maps.last().size());
  const std::span<const map_run> runs = maps.find_runs();
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
inline void read_mapped(axis_maps& maps,
                        const array_view& x,
                        const array_view& y,
                        const std::byte* fill,
                        kernel::parallel& threads) {
  with_bytes(size_of(x.type), [&]<class T>(T value) {
    if (fill) std::memcpy(&value, fill, sizeof(T));
    read_mapped_as<T>(maps, x, y, value, threads);
  });
}

inline const char* bytes_with_axes(const query& q) {
  if (!q.has(0) || !q.in(0).is_tensor() || !q.in(0).is_ranked)
    return "needs a tensor of known rank";
  if (q.in(0).type == dtype::string) return "strings are not bytes";
  return q.in(0).rank() >= 1 && q.in(0).rank() <= max_axes ? nullptr : "needs 1 to 16 axes";
}

inline std::size_t pad_scratch(const call& c) {
  return axis_maps::bytes(c.out(0));
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
  for (std::size_t a = 0; a < x.rank; ++a)
    TENON_TRY(op.check_axis(x.dim(a), before[a], after[a], y.dim(a)));
  if (y.count == 0) return {};
  axis_maps maps(y, c.scratch);
  for (std::size_t a = 0; a < x.rank; ++a) op.sources(x.dim(a), before[a], after[a], maps[a]);
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
  axis_maps maps(c.out(0), c.scratch);
  for (std::size_t a = 0; a < list.size(); ++a)
    for (std::int64_t o = 0; o < list[a].out; ++o)
      maps[a][static_cast<std::size_t>(o)] =
          list[a].is_resized
              ? list[a].nearest(list[a].original(o, op.coordinate_transformation_mode),
                                op.nearest_mode)
              : o;
  read_mapped(maps, c.in(0), c.out(0), nullptr, *c.threads);
}

/// The taps of one axis, as many for each output element.
struct tap_table {
  std::vector<std::uint32_t> index;
  std::vector<float> weight;
  std::size_t taps = 1;
  bool is_identity = true;

  tap_table(const ops::resize& op, const ops::resize_axis& axis) {
    taps = axis.most_taps(op.mode, op.antialias);
    const auto count = static_cast<std::size_t>(axis.out) * taps;
    index.reserve(count);
    weight.reserve(count);
    is_identity = axis.in == axis.out;
    std::vector<ops::resize_tap> found;
    for (std::int64_t o = 0; o < axis.out; ++o) {
      axis.taps(axis.original(o, op.coordinate_transformation_mode), op.mode, op.antialias,
                op.exclude_outside, static_cast<double>(op.cubic_coeff_a), found);
      found.resize(taps, {found.empty() ? 0 : found[0].index, 0});
      for (const ops::resize_tap& tap : found) {
        index.push_back(static_cast<std::uint32_t>(tap.index));
        weight.push_back(static_cast<float>(tap.weight));
        is_identity = is_identity && (tap.weight == 0 || (tap.index == o && tap.weight == 1));
      }
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
                select<spatial_kernels>().resize(args, static_cast<std::size_t>(b),
                                                 static_cast<std::size_t>(e));
              });
}

inline std::size_t between_bytes(const call& c) {
  return scratch_of<float>({std::max(c.in(0).count, c.out(0).count)});
}

/// The maps of the axes, or two buffers for what lies between them.
inline std::size_t resize_scratch(const call& c) {
  if (c.as<ops::resize>().mode == ops::resize_mode::nearest) return axis_maps::bytes(c.out(0));
  return scratch_sum({between_bytes(c), between_bytes(c)});
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
  const std::size_t half = between_bytes(c);
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
    {"cpu.pad.any", ir::id_of<ops::pad>(), bytes_with_axes, nullptr, pad_scratch, run_pad, false},
    {"cpu.resize.any", ir::id_of<ops::resize>(), takes_resize, nullptr, resize_scratch, run_resize, false},
};
// clang-format on

}  // namespace resampling

}  // namespace tenon::inline v0::cpu
