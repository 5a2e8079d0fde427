#pragma once

#include "tenon/ops/resize_rule.hpp"
#include "tenon/ops/type_list.hpp"
#include "tenon/ops/window.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace tenon::inline v0::ops {

enum class grid_mode : unsigned char { linear, nearest, cubic };

constexpr std::array<std::string_view, 3> enum_names(grid_mode) {
  return {"linear", "nearest", "cubic"};
}

/// What grid_sample reads outside of x.
enum class grid_padding : unsigned char { zeros, border, reflection };

constexpr std::array<std::string_view, 3> enum_names(grid_padding) {
  return {"zeros", "border", "reflection"};
}

/// y [n, c, out...] = x [n, c, in...] interpolated at grid [n, out..., axes], coordinates in [-1, 1], last axis first
struct grid_sample {
  static constexpr op_info info{"grid_sample", ports{"x", "grid"}, ports{"y"}};
  bool align_corners = false;
  grid_mode mode = grid_mode::linear;
  grid_padding padding_mode = grid_padding::zeros;
  static constexpr auto attributes =
      attributes_of(attribute{"align_corners", &grid_sample::align_corners},
                    attribute{"mode", &grid_sample::mode},
                    attribute{"padding_mode", &grid_sample::padding_mode});
  static constexpr onnx_import onnx{"GridSample", 20};
  friend bool operator==(const grid_sample&, const grid_sample&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_float(ctx, 0, "x"));
    TENON_TRY(require_float(ctx, 1, "grid"));
    const fact &x = ctx[0], &grid = ctx[1];
    if (!x.is_ranked || !grid.is_ranked) {
      output_unranked(ctx, 0, x.type);
      return {};
    }
    if (x.rank() < 3 || grid.rank() != x.rank())
      return fail(code::shape, "x has shape ", bracketed(x.shape), " and grid ",
                  bracketed(grid.shape), ", expected equal ranks of at least 3");
    const auto axes = static_cast<std::int64_t>(x.rank()) - 2;
    TENON_TRY(ctx.require_equal(grid.shape[0], x.shape[0], "batch size of grid"));
    TENON_TRY(ctx.require_equal(grid.shape[grid.rank() - 1], axes, "last axis of grid"));
    dims shape{x.shape[0], x.shape[1]};
    for (std::size_t i = 1; i + 1 < grid.rank(); ++i) shape.push_back(grid.shape[i]);
    ctx.output(0, x.type, std::move(shape));
    return {};
  }

  /// v mirrored into [lo, hi].
  static double reflected(double v, double lo, double hi) {
    const double range = hi - lo;
    if (range <= 0) return lo;
    const double distance = std::fmod(std::fabs(v - lo), 2 * range);
    return lo + (distance > range ? 2 * range - distance : distance);
  }

  /// The index of a tap on an axis, -1 for zero padding.
  std::int64_t index(double v, std::int64_t size) const {
    const auto last = static_cast<double>(size) - 1;
    if (v >= 0 && v <= last) return static_cast<std::int64_t>(v);
    if (padding_mode == grid_padding::zeros || size == 0) return -1;
    if (padding_mode == grid_padding::border) return v < 0 ? 0 : size - 1;
    const double at = align_corners ? reflected(v, 0, last) : reflected(v, -0.5, last + 0.5);
    return static_cast<std::int64_t>(std::clamp(std::nearbyint(at), 0.0, last));
  }

  /// The taps of one normalised coordinate.
  std::vector<resize_tap> taps(double g, std::int64_t size) const {
    const auto length = static_cast<double>(size);
    double v = align_corners ? (g + 1) / 2 * (length - 1) : ((g + 1) * length - 1) / 2;
    v = v == v ? std::clamp(v, -1e15, 1e15) : -1;
    if (mode == grid_mode::nearest) v = std::nearbyint(v);
    const double lo = align_corners ? 0 : -0.5, hi = align_corners ? length - 1 : length - 0.5;
    if (v < lo || v > hi) {
      if (padding_mode == grid_padding::border) v = std::clamp(v, 0.0, std::max(length - 1, 0.0));
      if (padding_mode == grid_padding::reflection) v = reflected(v, lo, hi);
    }
    const double base = std::floor(v);
    std::vector<resize_tap> out;
    if (mode == grid_mode::nearest) out.push_back({index(v, size), 1});
    for (int k = mode == grid_mode::cubic ? -1 : 0;
         mode != grid_mode::nearest && k <= (mode == grid_mode::cubic ? 2 : 1); ++k) {
      const double d = std::fabs(base + k - v);
      out.push_back(
          {index(base + k, size), mode == grid_mode::cubic ? resize_axis::cubic(d, -0.75) : 1 - d});
    }
    return out;
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const elements_as<double> x(ctx[0]), grid(ctx[1]);
    elements_into<double> out(y);
    const extents in = tail(ctx[0].dims(), 2), strides = strides_of(in);
    const std::int64_t plane = element_count(in), points = element_count(tail(y.dims(), 2));
    const std::int64_t channels = y.dim(1);
    std::vector<resize_tap> flat, next;
    for (std::int64_t p = 0; p < y.dim(0) * points; ++p) {
      TENON_TRY(ctx.check_limits());
      flat.assign(1, {0, 1});
      for (std::size_t a = 0; a < in.size(); ++a) {
        const double g = grid[static_cast<std::size_t>(p) * in.size() + (in.size() - 1 - a)];
        next.clear();
        for (const resize_tap t : taps(g, in[a]))
          for (const resize_tap f : flat)
            if (t.index >= 0) next.push_back({f.index + t.index * strides[a], f.weight * t.weight});
        flat.swap(next);
      }
      for (std::int64_t c = 0; c < channels; ++c) {
        double sum = 0;
        const std::int64_t lane = p / points * channels + c;
        for (const resize_tap t : flat)
          sum += t.weight * x[static_cast<std::size_t>(lane * plane + t.index)];
        out[static_cast<std::size_t>(lane * points + p % points)] = sum;
      }
    }
    out.commit();
    return {};
  }
};

enum class roi_mode : unsigned char { avg, max };

constexpr std::array<std::string_view, 2> enum_names(roi_mode) {
  return {"avg", "max"};
}

enum class roi_coordinates : unsigned char { half_pixel, output_half_pixel };

constexpr std::array<std::string_view, 2> enum_names(roi_coordinates) {
  return {"half_pixel", "output_half_pixel"};
}

/// y [rois, c, height, width] = x [n, c, h, w] pooled over bilinear samples of each box x1, y1, x2, y2
struct roi_align {
  static constexpr op_info info{"roi_align", ports{"x", "rois", "batch_indices"}, ports{"y"}};
  roi_coordinates coordinate_transformation_mode = roi_coordinates::half_pixel;
  roi_mode mode = roi_mode::avg;
  std::int64_t output_height = 1;
  std::int64_t output_width = 1;
  std::int64_t sampling_ratio = 0;  ///< samples per bin and axis; 0: as many as the bin has pixels
  float spatial_scale = 1.0F;
  static constexpr auto attributes = attributes_of(
      attribute{"coordinate_transformation_mode", &roi_align::coordinate_transformation_mode},
      attribute{"mode", &roi_align::mode},
      attribute{"output_height", &roi_align::output_height},
      attribute{"output_width", &roi_align::output_width},
      attribute{"sampling_ratio", &roi_align::sampling_ratio},
      attribute{"spatial_scale", &roi_align::spatial_scale});
  static constexpr onnx_import onnx{"RoiAlign", 16};
  friend bool operator==(const roi_align&, const roi_align&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_float(ctx, 0, "x"));
    TENON_TRY(require_same_type(ctx, 0, 1, "rois"));
    TENON_TRY(ctx.require_type(2, {dtype::i64}, "batch_indices"));
    TENON_TRY(require_rank(ctx, 0, 4, "x"));
    TENON_TRY(require_rank(ctx, 1, 2, "rois"));
    TENON_TRY(require_rank(ctx, 2, 1, "batch_indices"));
    if (output_height < 1 || output_width < 1 || sampling_ratio < 0)
      return fail(code::attribute, "output_height, output_width and sampling_ratio are ",
                  output_height, ", ", output_width, " and ", sampling_ratio,
                  ", expected at least 1, 1 and 0");
    if (!ctx[0].is_ranked || !ctx[1].is_ranked) {
      output_unranked(ctx, 0, ctx[0].type);
      return {};
    }
    TENON_TRY(ctx.require_equal(ctx[1].shape[1], 4, "last axis of rois"));
    if (ctx[2].is_ranked)
      TENON_TRY(ctx.require_equal(ctx[2].shape[0], ctx[1].shape[0], "count of batch_indices"));
    ctx.output(0, ctx[0].type, dims{ctx[1].shape[0], ctx[0].shape[1], output_height, output_width});
    return {};
  }

  /// The two taps of a sample on an axis; none when it is more than a pixel outside.
  static std::vector<resize_tap> taps(double v, std::int64_t size) {
    if (!(v >= -1 && v <= static_cast<double>(size)) || size == 0) return {};
    v = std::max(v, 0.0);
    const auto low = std::min(static_cast<std::int64_t>(v), size - 1);
    if (low == size - 1) return {{low, 1}};
    const double rest = v - static_cast<double>(low);
    return {{low, 1 - rest}, {low + 1, rest}};
  }

  status reference(eval_context& ctx) const;
};

inline status roi_align::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const elements_as<double> x(ctx[0]), rois(ctx[1]);
  const auto batches = ctx.integers(2);
  elements_into<double> out(y);
  const bool is_half = coordinate_transformation_mode == roi_coordinates::half_pixel;
  const double offset = is_half ? 0.5 : 0, scale = static_cast<double>(spatial_scale);
  const std::int64_t size[2] = {ctx[0].dim(2), ctx[0].dim(3)},
                     bins[2] = {output_height, output_width};
  const std::int64_t channels = y.dim(1), plane = size[0] * size[1];
  for (std::int64_t r = 0; r < y.dim(0); ++r) {
    TENON_TRY(const std::int64_t n,
              checked_index(batches[static_cast<std::size_t>(r)], ctx[0].dim(0), "batch_indices"));
    double start[2], bin[2];
    std::int64_t samples[2];
    for (int a = 0; a < 2; ++a) {
      const double* box = rois.data() + r * 4;
      start[a] = box[1 - a] * scale - offset;
      const double length = box[3 - a] * scale - offset - start[a];
      bin[a] = (is_half ? length : std::max(length, 1.0)) / static_cast<double>(bins[a]);
      const double wanted =
          sampling_ratio > 0 ? static_cast<double>(sampling_ratio) : std::ceil(bin[a]);
      if (!(wanted < 1e6))
        return fail(code::index, "roi ", r, " needs ", wanted,
                    " samples per bin, expected less than 10^6");
      samples[a] = std::max<std::int64_t>(static_cast<std::int64_t>(wanted), 0);
    }
    const auto at = [&](int a, std::int64_t b, std::int64_t s) {
      return taps(
          start[a] + bin[a] * (static_cast<double>(b) +
                               (static_cast<double>(s) + 0.5) / static_cast<double>(samples[a])),
          size[a]);
    };
    for (std::int64_t b = 0; b < bins[0] * bins[1]; ++b)
      for (std::int64_t c = 0; c < channels; ++c) {
        TENON_TRY(ctx.check_limits());
        const double* from = x.data() + (n * channels + c) * plane;
        double sum = 0;
        bool is_first = true;
        for (std::int64_t s = 0; s < samples[0] * samples[1]; ++s) {
          double value = 0;
          bool has_top = false;
          for (const resize_tap v : at(0, b / bins[1], s / samples[1]))
            for (const resize_tap h : at(1, b % bins[1], s % samples[1])) {
              const double part = v.weight * h.weight * from[v.index * size[1] + h.index];
              value = mode == roi_mode::avg ? value + part : has_top ? std::max(value, part) : part;
              has_top = true;
            }
          sum = mode == roi_mode::avg ? sum + value : is_first ? value : std::max(sum, value);
          is_first = false;
        }
        const double count =
            static_cast<double>(std::max<std::int64_t>(samples[0] * samples[1], 1));
        out[static_cast<std::size_t>((r * channels + c) * bins[0] * bins[1] + b)] =
            mode == roi_mode::avg ? sum / count : sum;
      }
  }
  out.commit();
  return {};
}

/// y [n, c, image...] = columns [n, c * block, positions] added up where blocks overlap
struct col2im {
  static constexpr op_info info{"col2im", ports{"x", "image_shape", "block_shape"}, ports{"y"}};
  std::vector<std::int64_t> dilations = {};
  std::vector<std::int64_t> pads = {};
  std::vector<std::int64_t> strides = {};
  static constexpr auto attributes = attributes_of(attribute{"dilations", &col2im::dilations},
                                                   attribute{"pads", &col2im::pads},
                                                   attribute{"strides", &col2im::strides});
  static constexpr onnx_import onnx{"Col2Im", 18};
  friend bool operator==(const col2im&, const col2im&) = default;

  window_spec window() const { return {auto_pad_mode::notset, dilations, pads, strides}; }

  status infer(infer_context& ctx) const {
    TENON_TRY(require_rank(ctx, 0, 3, "x"));
    if (!is_numeric(ctx[0].type))
      return fail(code::shape, "x is ", name_of(ctx[0].type), ", expected numbers");
    for (std::size_t i = 1; i < 3; ++i)
      TENON_TRY(ctx.require_type(i, {dtype::i64}, info.inputs.items[i].name));
    const auto image = ctx.content(1), block = ctx.content(2);
    if (!ctx[0].is_ranked || !image || !block) {
      auto axes = known_length(ctx, 1);
      if (!axes) axes = known_length(ctx, 2);
      output_of_rank(ctx, ctx[0].type, "image",
                     axes && *axes < max_unknown_sizes ? std::optional(*axes + 2) : std::nullopt);
      return {};
    }
    if (image->size() != block->size())
      return fail(code::shape, "image_shape and block_shape have ", image->size(), " and ",
                  block->size(), " elements");
    TENON_TRY(window().check(image->size()));
    dim area = 1, positions = 1;
    dims shape{ctx[0].shape[0], 0};
    for (std::size_t i = 0; i < image->size(); ++i) {
      TENON_TRY(const dim count, window().size(ctx, (*image)[i], (*block)[i], i));
      area *= (*block)[i];
      positions *= count;
      shape.push_back((*image)[i]);
    }
    TENON_TRY(
        ctx.require_equal(mod(ctx[0].shape[1], area), 0, "channels of x modulo the block size"));
    TENON_TRY(ctx.require_equal(ctx[0].shape[2], positions, "number of blocks"));
    shape[1] = floordiv(ctx[0].shape[1], area);
    ctx.output(0, ctx[0].type, std::move(shape));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto block = ctx.integers(2);
    const extents image = tail(y.dims(), 2), kernel(block.begin(), block.end());
    extents count;
    for (std::size_t i = 0; i < image.size(); ++i)
      count.push_back((image[i] + window().begin(i) + window().end(i) -
                       window().reach(kernel[i], i).constant()) /
                          window().stride(i) +
                      1);
    const auto g = window_geometry::of(window(), image, count, kernel);
    const std::int64_t area = element_count(kernel), plane = element_count(image),
                       positions = element_count(count);
    const elements_as<double> x(ctx[0]);
    std::vector<double> sums(static_cast<std::size_t>(y.size()), 0.0);
    std::vector<std::int64_t> position(image.size(), 0);
    std::vector<window_tap> taps;
    for (std::int64_t p = 0; p < positions; ++p, advance(position, count)) {
      TENON_TRY(ctx.check_limits());
      g.taps(position, taps);
      for (std::int64_t lane = 0; lane < y.dim(0) * y.dim(1); ++lane)
        for (const window_tap t : taps)
          sums[static_cast<std::size_t>(lane * plane + t.input)] +=
              x[static_cast<std::size_t>((lane * area + t.kernel) * positions + p)];
    }
    store_elements<double>(std::span<const double>(sums), y);
    return {};
  }
};

using sampling_ops = type_list<col2im, grid_sample, roi_align>;

}  // namespace tenon::inline v0::ops
