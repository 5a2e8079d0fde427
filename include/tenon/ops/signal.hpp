#pragma once

#include "tenon/ops/axis_walk.hpp"
#include "tenon/ops/data.hpp"
#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <vector>

namespace tenon::inline v0::ops {

/// The expression of a scalar integer input, when it is known.
inline std::optional<dim> scalar_element(infer_context& ctx, std::size_t i) {
  const auto known = ctx.content(i);
  if (!known || known->size() != 1) return std::nullopt;
  return known->front();
}

/// Fails unless input `i` is a scalar integer of at least `low` where it is known.
inline status require_count(infer_context& ctx,
                            std::size_t i,
                            std::int64_t low,
                            std::string_view what) {
  TENON_TRY(require_in(ctx, i, index_types, what));
  TENON_TRY(require_scalar(ctx, i, what));
  const auto known = scalar_element(ctx, i);
  if (known && known->is_constant() && known->constant() < low)
    return fail(code::shape, what, " is ", *known, ", expected ", low, " or more");
  return {};
}

/// A window of `size` weights a + b cos(2 pi i / n) + c cos(4 pi i / n), n = size or, symmetric, size - 1.
struct cosine_window {
  double a = 0;
  double b = 0;
  double c = 0;

  static status infer(infer_context& ctx, dtype type) {
    TENON_TRY(require_count(ctx, 0, 0, "size"));
    if (!numbers.has(type))
      return fail(code::attribute, "output_datatype is ", name_of(type), ", expected one of ",
                  numbers.str());
    const auto size = scalar_element(ctx, 0);
    ctx.output(0, type, {size ? *size : ctx.unbacked("window", dim(interval::highest))});
    return {};
  }

  status write(eval_context& ctx, bool periodic) const {
    TENON_TRY(tensor y, ctx.output(0));
    elements_into<double> out(y);
    const double count = static_cast<double>(y.size()) - (periodic || y.size() == 1 ? 0 : 1);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double turn = 2 * std::numbers::pi * static_cast<double>(i) / count;
      out[i] = a + b * std::cos(turn) + c * std::cos(2 * turn);
    }
    out.commit();
    return {};
  }
};

/// y[i] = 1/2 - cos(2 pi i / n) / 2
struct hann_window {
  static constexpr op_info info{"hann_window", ports{"size"}, ports{"y"}};
  bool periodic = true;  ///< n is size, else size - 1
  dtype output_datatype = dtype::f32;
  static constexpr auto attributes =
      attributes_of(attribute{"periodic", &hann_window::periodic},
                    attribute{"output_datatype", &hann_window::output_datatype});
  static constexpr onnx_import onnx{"HannWindow", 17};
  friend bool operator==(const hann_window&, const hann_window&) = default;

  status infer(infer_context& ctx) const { return cosine_window::infer(ctx, output_datatype); }

  status reference(eval_context& ctx) const {
    return cosine_window{0.5, -0.5, 0}.write(ctx, periodic);
  }
};

/// y[i] = 25/46 - 21/46 cos(2 pi i / n)
struct hamming_window {
  static constexpr op_info info{"hamming_window", ports{"size"}, ports{"y"}};
  bool periodic = true;  ///< n is size, else size - 1
  dtype output_datatype = dtype::f32;
  static constexpr auto attributes =
      attributes_of(attribute{"periodic", &hamming_window::periodic},
                    attribute{"output_datatype", &hamming_window::output_datatype});
  static constexpr onnx_import onnx{"HammingWindow", 17};
  friend bool operator==(const hamming_window&, const hamming_window&) = default;

  status infer(infer_context& ctx) const { return cosine_window::infer(ctx, output_datatype); }

  status reference(eval_context& ctx) const {
    return cosine_window{25.0 / 46, -21.0 / 46, 0}.write(ctx, periodic);
  }
};

/// y[i] = 0.42 - cos(2 pi i / n) / 2 + 0.08 cos(4 pi i / n)
struct blackman_window {
  static constexpr op_info info{"blackman_window", ports{"size"}, ports{"y"}};
  bool periodic = true;  ///< n is size, else size - 1
  dtype output_datatype = dtype::f32;
  static constexpr auto attributes =
      attributes_of(attribute{"periodic", &blackman_window::periodic},
                    attribute{"output_datatype", &blackman_window::output_datatype});
  static constexpr onnx_import onnx{"BlackmanWindow", 17};
  friend bool operator==(const blackman_window&, const blackman_window&) = default;

  status infer(infer_context& ctx) const { return cosine_window::infer(ctx, output_datatype); }

  status reference(eval_context& ctx) const {
    return cosine_window{0.42, -0.5, 0.08}.write(ctx, periodic);
  }
};

/// The discrete Fourier transform of a fixed length, by its definition.
class fourier {
 public:
  explicit fourier(std::int64_t length)
      : length_(length), cosines_(static_cast<std::size_t>(length)), sines_(cosines_.size()) {
    for (std::size_t i = 0; i < cosines_.size(); ++i) {
      const double turn =
          2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(length);
      cosines_[i] = std::cos(turn);
      sines_[i] = std::sin(turn);
    }
  }

  /// Frequency `k` of interleaved complex `x`, shorter inputs padded by zeros; conjugated when inverse.
  void transform(const std::vector<double>& x,
                 std::int64_t k,
                 bool inverse,
                 double& real,
                 double& imaginary) const {
    real = imaginary = 0;
    const auto count = std::min<std::size_t>(x.size() / 2, cosines_.size());
    for (std::size_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(static_cast<std::int64_t>(i) * k % length_);
      const double c = cosines_[at], s = inverse ? sines_[at] : -sines_[at];
      real += x[2 * i] * c - x[2 * i + 1] * s;
      imaginary += x[2 * i] * s + x[2 * i + 1] * c;
    }
  }

 private:
  std::int64_t length_;
  std::vector<double> cosines_;
  std::vector<double> sines_;
};

/// y = the discrete Fourier transform of x[..., 1 or 2] along an axis; with onesided only the first half
struct dft {
  static constexpr op_info info{"dft", ports{"x", maybe("length"), maybe("axis")}, ports{"y"}};
  bool inverse = false;
  bool onesided = false;  ///< of a real signal; inverse: back to the real signal
  static constexpr auto attributes =
      attributes_of(attribute{"inverse", &dft::inverse}, attribute{"onesided", &dft::onesided});
  static constexpr onnx_import onnx{"DFT", 20};
  friend bool operator==(const dft&, const dft&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status dft::infer(infer_context& ctx) const {
  TENON_TRY(require_in(ctx, 0, floats, "x"));
  if (ctx.has(1)) TENON_TRY(require_count(ctx, 1, 1, "length"));
  if (ctx.has(2)) {
    TENON_TRY(require_in(ctx, 2, index_types, "axis"));
    TENON_TRY(require_scalar(ctx, 2, "axis"));
  }
  const auto axis = ctx.has(2) ? ctx.numbers(2) : std::optional(std::vector<std::int64_t>{-2});
  const auto length = scalar_element(ctx, 1);
  if (!ctx[0].is_ranked) {
    ctx.output(0, fact::unranked(ctx[0].type));
    return {};
  }
  if (!axis || axis->size() != 1 || (ctx.has(1) && !length)) {
    ctx.output(0, ctx[0].type, unknown_sizes(ctx, "dft", ctx[0].rank()));
    return {};
  }
  dims shape = ctx[0].shape;
  if (shape.size() < 2 ||
      (shape.back().is_constant() && shape.back() != dim(1) && shape.back() != dim(2)))
    return fail(code::shape, "x has shape ", bracketed(shape),
                ", expected rank 2 or more and a last size of 1 or 2");
  TENON_TRY(const std::size_t at, ctx.axis(axis->front(), shape.size()));
  if (at + 1 == shape.size())
    return fail(code::shape,
                "axis is the last of x, which holds real and imaginary parts, expected another");
  const dim full = length ? *length : inverse && onesided ? (shape[at] - 1) * 2 : shape[at];
  if (full.is_constant() && full.constant() < 1)
    return fail(code::shape, "the transform has length ", full, ", expected 1 or more");
  shape[at] = onesided && !inverse ? floordiv(full, dim(2)) + 1 : full;
  shape.back() = dim(inverse && onesided ? 1 : 2);
  ctx.output(0, ctx[0].type, std::move(shape));
  return {};
}

inline status dft::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  if (y.size() == 0) return {};
  const auto rank = static_cast<std::int64_t>(y.rank());
  const std::int64_t given = ctx.has(2) ? ctx.integers(2)[0] : -2;
  const std::int64_t axis = given < 0 ? given + rank : given, parts = ctx[0].dim(y.rank() - 1);
  const axis_split from(ctx[0].dims(), axis), to(y.dims(), axis);
  const bool to_real = inverse && onesided;
  const std::int64_t full = ctx.has(1) ? ctx.integers(1)[0]
                            : to_real  ? 2 * (from.length - 1)
                                       : from.length;
  const fourier wave(full);
  const elements_as<double> x(ctx[0]);
  elements_into<double> out(y);
  const std::int64_t out_parts = to_real ? 1 : 2, inner = from.stride / parts;
  std::vector<double> line(static_cast<std::size_t>(2 * std::min(from.length, full)));
  if (to_real) line.resize(static_cast<std::size_t>(2 * full), 0.0);
  for (std::int64_t l = 0; l < from.outer * inner; ++l) {
    TENON_TRY(ctx.check_limits());
    const std::int64_t outer = l / inner, rest = l % inner;
    for (std::int64_t i = 0; i < std::min(from.length, full); ++i) {
      const auto at =
          static_cast<std::size_t>((outer * from.length + i) * from.stride + rest * parts);
      line[static_cast<std::size_t>(2 * i)] = x[at];
      line[static_cast<std::size_t>(2 * i + 1)] = parts == 2 ? x[at + 1] : 0;
    }
    for (std::int64_t i = full / 2 + 1; i < full && to_real; ++i) {
      line[static_cast<std::size_t>(2 * i)] = line[static_cast<std::size_t>(2 * (full - i))];
      line[static_cast<std::size_t>(2 * i + 1)] =
          -line[static_cast<std::size_t>(2 * (full - i) + 1)];
    }
    for (std::int64_t k = 0; k < to.length; ++k) {
      double real = 0, imaginary = 0;
      wave.transform(line, k, inverse, real, imaginary);
      const double scale = inverse ? 1.0 / static_cast<double>(full) : 1.0;
      const auto at =
          static_cast<std::size_t>((outer * to.length + k) * to.stride + rest * out_parts);
      out[at] = real * scale;
      if (!to_real) out[at + 1] = imaginary * scale;
    }
  }
  out.commit();
  return {};
}

/// y[n, f, k] = frequency k of frame f of x[n, length, 1 or 2], weighted by a window
struct stft {
  static constexpr op_info info{"stft", ports{"x", "step", maybe("window"), maybe("frame_length")},
                                ports{"y"}};
  bool onesided = true;  ///< only the first half of the frequencies
  static constexpr auto attributes = attributes_of(attribute{"onesided", &stft::onesided});
  static constexpr onnx_import onnx{"STFT", 17};
  friend bool operator==(const stft&, const stft&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status stft::infer(infer_context& ctx) const {
  TENON_TRY(require_in(ctx, 0, floats, "x"));
  TENON_TRY(require_rank(ctx, 0, 3, "x"));
  TENON_TRY(require_count(ctx, 1, 1, "step"));
  if (ctx.has(2)) {
    TENON_TRY(require_type_of(ctx, 2, 0, "window"));
    TENON_TRY(require_rank(ctx, 2, 1, "window"));
  }
  if (ctx.has(3)) TENON_TRY(require_count(ctx, 3, 1, "frame_length"));
  const auto step = scalar_element(ctx, 1);
  std::optional<dim> frame = scalar_element(ctx, 3);
  if (!ctx.has(3) && ctx.has(2) && ctx[2].is_ranked) frame = ctx[2].shape[0];
  if (!ctx.has(3) && !ctx.has(2) && ctx[0].is_ranked) frame = ctx[0].shape[1];
  if (!ctx[0].is_ranked) {
    ctx.output(0, fact::unranked(ctx[0].type));
    return {};
  }
  if (!step || !frame) {
    dims shape = unknown_sizes(ctx, "stft", 2);
    shape.insert(shape.begin(), ctx[0].shape[0]);
    shape.push_back(2);
    ctx.output(0, ctx[0].type, std::move(shape));
    return {};
  }
  if (ctx.has(2) && ctx[2].is_ranked)
    TENON_TRY(ctx.require_equal(ctx[2].shape[0], *frame, "size of window"));
  const dims& x = ctx[0].shape;
  if (x[2].is_constant() && x[2] != dim(1) && x[2] != dim(2))
    return fail(code::shape, "x has shape ", bracketed(x), ", expected a last size of 1 or 2");
  if (ctx.facts().is_less_equal(*frame, x[1]) == truth::no || *frame == dim(0))
    return fail(code::shape, "frame_length is ", *frame, ", expected 1 to ", x[1]);
  ctx.output(0, ctx[0].type,
             {x[0], floordiv(x[1] - *frame, *step) + 1,
              onesided ? floordiv(*frame, dim(2)) + 1 : *frame, dim(2)});
  return {};
}

inline status stft::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  if (y.size() == 0) return {};
  const std::int64_t length = ctx[0].dim(1), parts = ctx[0].dim(2), step = ctx.integers(1)[0];
  const std::int64_t frame = ctx.has(3) ? ctx.integers(3)[0] : ctx.has(2) ? ctx[2].dim(0) : length;
  std::vector<double> window(static_cast<std::size_t>(frame), 1.0), line(2 * window.size());
  if (ctx.has(2)) load_elements<double>(ctx[2], window);
  const fourier wave(frame);
  const elements_as<double> x(ctx[0]);
  elements_into<double> out(y);
  std::size_t at = 0;
  for (std::int64_t n = 0; n < y.dim(0); ++n)
    for (std::int64_t f = 0; f < y.dim(1); ++f) {
      TENON_TRY(ctx.check_limits());
      for (std::size_t i = 0; i < window.size(); ++i) {
        const auto from = static_cast<std::size_t>((n * length + f * step) * parts) +
                          i * static_cast<std::size_t>(parts);
        line[2 * i] = x[from] * window[i];
        line[2 * i + 1] = parts == 2 ? x[from + 1] * window[i] : 0;
      }
      for (std::int64_t k = 0; k < y.dim(2); ++k, at += 2)
        wave.transform(line, k, false, out[at], out[at + 1]);
    }
  out.commit();
  return {};
}

/// y[k, m] = the weight of frequency k of a transform in mel band m: triangles over the mel scale
struct mel_weight_matrix {
  static constexpr op_info info{
      "mel_weight_matrix",
      ports{"num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz", "upper_edge_hertz"},
      ports{"y"}};
  dtype output_datatype = dtype::f32;
  static constexpr auto attributes =
      attributes_of(attribute{"output_datatype", &mel_weight_matrix::output_datatype});
  static constexpr onnx_import onnx{"MelWeightMatrix", 17};
  friend bool operator==(const mel_weight_matrix&, const mel_weight_matrix&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_count(ctx, 0, 0, "num_mel_bins"));
    TENON_TRY(require_count(ctx, 1, 0, "dft_length"));
    TENON_TRY(require_count(ctx, 2, 1, "sample_rate"));
    TENON_TRY(require_in(ctx, 3, floats, "lower_edge_hertz"));
    TENON_TRY(require_in(ctx, 4, floats, "upper_edge_hertz"));
    for (const std::size_t i : {3U, 4U}) TENON_TRY(require_scalar(ctx, i, "edge"));
    if (!numbers.has(output_datatype))
      return fail(code::attribute, "output_datatype is ", name_of(output_datatype),
                  ", expected one of ", numbers.str());
    const auto bands = scalar_element(ctx, 0), length = scalar_element(ctx, 1);
    const auto known = [&](std::optional<dim> d) {
      return d ? *d : ctx.unbacked("mel", dim(interval::highest));
    };
    ctx.output(0, output_datatype, {floordiv(known(length), dim(2)) + 1, known(bands)});
    return {};
  }

  status reference(eval_context& ctx) const;
};

inline status mel_weight_matrix::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const std::int64_t bins = y.dim(0), bands = y.dim(1);
  const double length = static_cast<double>(ctx.integers(1)[0]),
               rate = static_cast<double>(ctx.integers(2)[0]);
  const auto mel = [&](std::size_t i) {
    return 2595 * std::log10(1 + elements_as<double>(ctx[i])[0] / 700);
  };
  const double low = mel(3), step = (mel(4) - low) / static_cast<double>(bands + 2);
  std::vector<std::int64_t> edges;
  for (std::int64_t i = 0; i < bands + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (static_cast<double>(i) * step + low) / 2595) - 1);
    const double bin = std::floor((length + 1) * hertz / rate);
    if (!(bin >= 0 && bin < static_cast<double>(bins)))
      return fail(code::index, "mel band edge ", i, " is at frequency ", bin, ", expected 0 to ",
                  bins - 1);
    edges.push_back(static_cast<std::int64_t>(bin));
  }
  elements_into<double> out(y);
  std::fill(out.data(), out.data() + out.size(), 0.0);
  for (std::int64_t m = 0; m < bands; ++m) {
    const auto at = [&](std::int64_t k) -> double& {
      return out[static_cast<std::size_t>(k * bands + m)];
    };
    const std::int64_t left = edges[static_cast<std::size_t>(m)],
                       center = edges[static_cast<std::size_t>(m + 1)];
    const std::int64_t right = edges[static_cast<std::size_t>(m + 2)];
    if (left == center) at(center) = 1;
    for (std::int64_t k = left; k <= center && left < center; ++k)
      at(k) = static_cast<double>(k - left) / static_cast<double>(center - left);
    for (std::int64_t k = center; k < right; ++k)
      at(k) = static_cast<double>(right - k) / static_cast<double>(right - center);
  }
  out.commit();
  return {};
}

using signal_ops =
    type_list<blackman_window, dft, hamming_window, hann_window, mel_weight_matrix, stft>;

}  // namespace tenon::inline v0::ops
