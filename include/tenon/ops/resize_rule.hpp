#pragma once

#include "tenon/core/result.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

namespace tenon::inline v0::ops {

enum class resize_mode : unsigned char { nearest, linear, cubic };

constexpr std::array<std::string_view, 3> enum_names(resize_mode) {
  return {"nearest", "linear", "cubic"};
}

/// How a coordinate of the output maps to one of the input.
enum class resize_coordinates : unsigned char {
  half_pixel,
  half_pixel_symmetric,
  pytorch_half_pixel,
  align_corners,
  asymmetric,
  tf_crop_and_resize,
  tf_half_pixel_for_nn,
};

constexpr std::array<std::string_view, 7> enum_names(resize_coordinates) {
  return {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",  "align_corners",
          "asymmetric", "tf_crop_and_resize",   "tf_half_pixel_for_nn"};
}

enum class resize_aspect : unsigned char { stretch, not_larger, not_smaller };

constexpr std::array<std::string_view, 3> enum_names(resize_aspect) {
  return {"stretch", "not_larger", "not_smaller"};
}

enum class resize_rounding : unsigned char { round_prefer_floor, round_prefer_ceil, floor, ceil };

constexpr std::array<std::string_view, 4> enum_names(resize_rounding) {
  return {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
}

/// An input element with its weight.
struct resize_tap {
  std::int64_t index;
  double weight;
};

/// How one axis is resampled.
struct resize_axis {
  std::int64_t in = 0, out = 0;
  double scale = 1;
  double roi_start = 0, roi_end = 1;
  bool is_resized = false;

  /// The coordinate in the input of output element `o`.
  double original(std::int64_t o, resize_coordinates how) const {
    const auto x = static_cast<double>(o), size = static_cast<double>(in);
    const double width = scale * size;
    switch (how) {
      case resize_coordinates::half_pixel:
        return (x + 0.5) / scale - 0.5;
      case resize_coordinates::half_pixel_symmetric:
        return size / 2 * (1 - static_cast<double>(out) / width) + (x + 0.5) / scale - 0.5;
      case resize_coordinates::pytorch_half_pixel:
        return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
      case resize_coordinates::align_corners:
        return width == 1 || out == 1 ? 0 : x * (size - 1) / (width - 1);
      case resize_coordinates::asymmetric:
        return x / scale;
      case resize_coordinates::tf_crop_and_resize:
        if (out <= 1) return (roi_start + roi_end) * (size - 1) / 2;
        return roi_start * (size - 1) + x * (roi_end - roi_start) * (size - 1) / (width - 1);
      case resize_coordinates::tf_half_pixel_for_nn:
        return (x + 0.5) / scale;
    }
    return x;
  }

  /// Whether the extrapolation value is taken there.
  bool is_outside(double at, resize_coordinates how) const {
    return is_resized && how == resize_coordinates::tf_crop_and_resize &&
           !(at >= 0 && at <= static_cast<double>(in) - 1);
  }

  std::int64_t clamped(double at) const {
    if (!(at > 0)) return 0;
    return at >= static_cast<double>(in - 1) ? in - 1 : static_cast<std::int64_t>(at);
  }

  std::int64_t nearest(double at, resize_rounding how) const {
    switch (how) {
      case resize_rounding::round_prefer_floor:
        return clamped(std::ceil(at - 0.5));
      case resize_rounding::round_prefer_ceil:
        return clamped(std::floor(at + 0.5));
      case resize_rounding::floor:
        return clamped(std::floor(at));
      case resize_rounding::ceil:
        return clamped(std::ceil(at));
    }
    return 0;
  }

  double shrink_of(bool antialias) const { return antialias ? std::min(scale, 1.0) : 1; }

  /// The offset of the first tap from the element below a coordinate; as many follow as come before.
  std::int64_t first_tap(resize_mode mode, bool antialias) const {
    const double radius = mode == resize_mode::linear ? 1 : 2;
    const double reach = std::min(radius / shrink_of(antialias), static_cast<double>(in) + 4);
    return static_cast<std::int64_t>(std::floor(-reach) + 1);
  }

  /// The most taps that an output element has.
  std::size_t most_taps(resize_mode mode, bool antialias) const {
    return static_cast<std::size_t>(2 - 2 * first_tap(mode, antialias));
  }

  /// The taps of linear or cubic interpolation at a coordinate; indices are within the axis.
  void taps(double at,
            resize_mode mode,
            bool antialias,
            bool exclude_outside,
            double a,
            std::vector<resize_tap>& out) const {
    const double shrink = shrink_of(antialias);
    const double base = std::floor(std::clamp(at, -1e15, 1e15));
    out.clear();
    double sum = 0;
    const std::int64_t first = first_tap(mode, antialias);
    for (std::int64_t k = first; k <= 1 - first; ++k) {
      const double position = base + static_cast<double>(k);
      const double distance = std::fabs((position - at) * shrink);
      const bool is_inside = position >= 0 && position < static_cast<double>(in);
      const double weight =
          mode == resize_mode::linear ? std::max(0.0, 1 - distance) : cubic(distance, a);
      if (exclude_outside && !is_inside) continue;
      out.push_back({clamped(position), weight});
      sum += weight;
    }
    if ((antialias || exclude_outside) && sum != 0)
      for (resize_tap& t : out) t.weight /= sum;
  }

  /// The cubic convolution kernel (Keys 1981).
  static double cubic(double d, double a) {
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  }
};

/// One scale for all axes so that no side is larger (smaller) than asked.
inline double common_scale(resize_aspect policy,
                           const std::vector<std::int64_t>& from,
                           const std::vector<std::int64_t>& to) {
  double out = 1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double scale =
        from[i] == 0 ? 1 : static_cast<double>(to[i]) / static_cast<double>(from[i]);
    if (i == 0) out = scale;
    out = policy == resize_aspect::not_larger ? std::min(out, scale) : std::max(out, scale);
  }
  return out;
}

/// scale * size, halves rounded up.
inline std::int64_t rounded_size(double scale, std::int64_t size) {
  const double v = std::floor(scale * static_cast<double>(size) + 0.5);
  return v > 0x1p62 ? INT64_MAX / 2 : static_cast<std::int64_t>(v);
}

/// Normalised distinct axes; all of them when the list is empty.
inline result<std::vector<std::size_t>> resize_axes(const std::vector<std::int64_t>& axes,
                                                    std::size_t rank) {
  std::vector<std::size_t> out;
  if (axes.empty())
    for (std::size_t i = 0; i < rank; ++i) out.push_back(i);
  for (const std::int64_t a : axes) {
    const std::int64_t at = a < 0 ? a + static_cast<std::int64_t>(rank) : a;
    if (at < 0 || at >= static_cast<std::int64_t>(rank) ||
        std::find(out.begin(), out.end(), static_cast<std::size_t>(at)) != out.end())
      return fail(code::attribute, "axes is ", bracketed(axes), ", expected distinct axes of rank ",
                  rank);
    out.push_back(static_cast<std::size_t>(at));
  }
  return out;
}

}  // namespace tenon::inline v0::ops
