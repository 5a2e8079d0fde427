#pragma once

#include "tenon/ops/axis_walk.hpp"
#include "tenon/ops/normalization_reference.hpp"
#include "tenon/ops/reduction_reference.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::inline v0::ops {

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias per channel of x[N, C, ...]; in training
/// mode mean and variance are those of x and running ones are updated
struct batch_normalization {
  static constexpr op_info info{"batch_normalization",
                                ports{"x", "scale", "bias", "mean", "variance"},
                                ports{"y", maybe("running_mean"), maybe("running_variance")}};
  float epsilon = 1e-5F;
  float momentum = 0.9F;  ///< weight of the old running statistics
  bool training_mode = false;
  static constexpr auto attributes =
      attributes_of(attribute{"epsilon", &batch_normalization::epsilon},
                    attribute{"momentum", &batch_normalization::momentum},
                    attribute{"training_mode", &batch_normalization::training_mode});
  static constexpr onnx_import onnx{"BatchNormalization", 9};
  friend bool operator==(const batch_normalization&, const batch_normalization&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_per_channel(ctx, 1));
    const bool is_ranked = ctx[0].is_ranked;
    const dim channels = is_ranked && ctx[0].rank() > 1 ? ctx[0].shape[1] : dim(1);
    for (const std::size_t i : {3U, 4U}) {
      TENON_TRY(require_in(ctx, i, floats, i == 3 ? "mean" : "variance"));
      if (is_ranked) TENON_TRY(require_vector(ctx, i, channels, i == 3 ? "mean" : "variance"));
    }
    if (!training_mode && ctx.output_count() > 1)
      return fail(code::attribute, "training_mode is 0 with ", ctx.output_count(),
                  " outputs, expected 1");
    ctx.output(1, ctx[3].type, ctx[3].is_ranked ? ctx[3].shape : dims{channels});
    ctx.output(2, ctx[4].type, ctx[4].is_ranked ? ctx[4].shape : dims{channels});
    return {};
  }

  status reference(eval_context& ctx) const;
};

inline status batch_normalization::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const elements_as<double> x(ctx[0]), scale(ctx[1]), bias(ctx[2]), old_mean(ctx[3]),
      old_variance(ctx[4]);
  std::vector<double> mean(old_mean.data(), old_mean.data() + old_mean.size());
  std::vector<double> variance(old_variance.data(), old_variance.data() + old_variance.size());
  const auto channels = static_cast<std::int64_t>(mean.size());
  const std::int64_t inner = extent_between(y.dims(), std::min<std::size_t>(2, y.rank()), y.rank());
  const auto channel = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<std::int64_t>(i) / inner % channels);
  };
  if (training_mode) {
    const double count = channels == 0 ? 0 : static_cast<double>(y.size() / channels);
    mean.assign(mean.size(), 0.0);
    variance.assign(variance.size(), 0.0);
    for (std::size_t i = 0; i < x.size(); ++i) mean[channel(i)] += x[i] / count;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double d = x[i] - mean[channel(i)];
      variance[channel(i)] += d * d / count;
    }
  }
  elements_into<double> out(y);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = channel(i);
    out[i] = scale[c] * (x[i] - mean[c]) / std::sqrt(variance[c] + static_cast<double>(epsilon)) +
             bias[c];
  }
  out.commit();
  for (std::size_t k = 1; k < ctx.output_count(); ++k) {
    TENON_TRY(tensor running, ctx.output(k));
    const auto& now = k == 1 ? mean : variance;
    const auto& old = k == 1 ? old_mean : old_variance;
    elements_into<double> to(running);
    for (std::size_t c = 0; c < to.size(); ++c)
      to[c] = old[c] * momentum + now[c] * (1 - static_cast<double>(momentum));
    to.commit();
  }
  return {};
}

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias over the axes from `axis` on
struct layer_normalization {
  static constexpr op_info info{"layer_normalization", ports{"x", "scale", maybe("bias")},
                                ports{"y", maybe("mean"), maybe("inverse_deviation")}};
  std::int64_t axis = -1;
  float epsilon = 1e-5F;
  dtype stash_type = dtype::f32;  ///< of mean and inverse_deviation
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &layer_normalization::axis},
                    attribute{"epsilon", &layer_normalization::epsilon},
                    attribute{"stash_type", &layer_normalization::stash_type});
  static constexpr onnx_import onnx{"LayerNormalization", 17};
  friend bool operator==(const layer_normalization&, const layer_normalization&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, floats));
    if (!floats.has(stash_type))
      return fail(code::attribute, "stash_type is ", name_of(stash_type), ", expected one of ",
                  floats.str());
    TENON_TRY(require_fits(ctx, 1, "scale"));
    if (ctx.has(2)) TENON_TRY(require_fits(ctx, 2, "bias"));
    fact statistics = fact::unranked(stash_type);
    if (ctx[0].is_ranked) {
      TENON_TRY(const std::size_t first, ctx.axis(axis, ctx[0].rank()));
      statistics = fact::of(stash_type, ctx[0].shape);
      for (std::size_t i = first; i < statistics.rank(); ++i) statistics.shape[i] = dim(1);
    }
    ctx.output(1, statistics);
    ctx.output(2, statistics);
    return {};
  }

  status reference(eval_context& ctx) const;
};

inline status layer_normalization::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const elements_as<double> x(ctx[0]);
  const auto scale = broadcast_reals(ctx[1], y.dims());
  const auto bias =
      ctx.has(2) ? broadcast_reals(ctx[2], y.dims()) : std::vector<double>(x.size(), 0.0);
  const auto rank = static_cast<std::int64_t>(y.rank());
  const auto first = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  const std::int64_t length = extent_between(y.dims(), first, y.rank());
  const std::int64_t rows = extent_between(y.dims(), 0, first);
  std::vector<double> means, inverses;
  elements_into<double> out(y);
  for (std::int64_t r = 0; r < rows; ++r) {
    const moments m(x.data() + r * length, length);
    const double inverse = 1 / std::sqrt(m.variance + static_cast<double>(epsilon));
    means.push_back(m.mean);
    inverses.push_back(inverse);
    for (auto i = static_cast<std::size_t>(r * length);
         i < static_cast<std::size_t>((r + 1) * length); ++i)
      out[i] = (x[i] - m.mean) * inverse * scale[i] + bias[i];
  }
  out.commit();
  for (std::size_t k = 1; k < ctx.output_count(); ++k) {
    TENON_TRY(tensor statistics, ctx.output(k));
    store_elements<double>(k == 1 ? means : inverses, statistics);
  }
  return {};
}

/// y = x / sqrt(mean(x^2) + epsilon) * scale over the axes from `axis` on, in the type of scale
struct rms_normalization {
  static constexpr op_info info{"rms_normalization", ports{"x", "scale"}, ports{"y"}};
  std::int64_t axis = -1;
  float epsilon = 1e-5F;
  dtype stash_type = dtype::f32;  ///< of the mean in a fast kernel
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &rms_normalization::axis},
                    attribute{"epsilon", &rms_normalization::epsilon},
                    attribute{"stash_type", &rms_normalization::stash_type});
  static constexpr onnx_import onnx{"RMSNormalization", 23};
  friend bool operator==(const rms_normalization&, const rms_normalization&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, floats));
    TENON_TRY(require_fits(ctx, 1, "scale"));
    if (ctx[0].is_ranked) TENON_TRY(ctx.axis(axis, ctx[0].rank()));
    if (!ctx.outputs().empty()) ctx.outputs()[0].type = ctx[1].type;
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const elements_as<double> x(ctx[0]);
    const auto scale = broadcast_reals(ctx[1], y.dims());
    const auto rank = static_cast<std::int64_t>(y.rank());
    const auto first = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    const auto length = static_cast<std::size_t>(extent_between(y.dims(), first, y.rank()));
    elements_into<double> out(y);
    for (std::size_t start = 0; start < x.size(); start += length) {
      double squares = 0;
      for (std::size_t i = start; i < start + length; ++i) squares += x[i] * x[i];
      const double root =
          std::sqrt(squares / static_cast<double>(length) + static_cast<double>(epsilon));
      for (std::size_t i = start; i < start + length; ++i) out[i] = x[i] / root * scale[i];
    }
    out.commit();
    return {};
  }
};

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias per sample and channel of x[N, C, ...]
struct instance_normalization {
  static constexpr op_info info{"instance_normalization", ports{"x", "scale", "bias"}, ports{"y"}};
  float epsilon = 1e-5F;
  static constexpr auto attributes =
      attributes_of(attribute{"epsilon", &instance_normalization::epsilon});
  static constexpr onnx_import onnx{"InstanceNormalization", 6};
  friend bool operator==(const instance_normalization&, const instance_normalization&) = default;

  status infer(infer_context& ctx) const { return infer_per_channel(ctx, 2); }

  status reference(eval_context& ctx) const {
    return normalize_channels(ctx, ctx[0].dim(0) * ctx[0].dim(1), epsilon);
  }
};

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, statistics per sample and group of channels
struct group_normalization {
  static constexpr op_info info{"group_normalization", ports{"x", "scale", "bias"}, ports{"y"}};
  std::int64_t num_groups = 0;  ///< required; divides the channels
  float epsilon = 1e-5F;
  dtype stash_type = dtype::f32;  ///< of the statistics in a fast kernel
  static constexpr auto attributes =
      attributes_of(attribute{"num_groups", &group_normalization::num_groups, true},
                    attribute{"epsilon", &group_normalization::epsilon},
                    attribute{"stash_type", &group_normalization::stash_type});
  static constexpr onnx_import onnx{"GroupNormalization", 21};
  friend bool operator==(const group_normalization&, const group_normalization&) = default;

  status infer(infer_context& ctx) const {
    if (num_groups <= 0)
      return fail(code::attribute, "num_groups is ", num_groups, ", expected a positive number");
    TENON_TRY(infer_per_channel(ctx, 2));
    if (ctx[0].is_ranked && ctx.facts().is_divisible(ctx[0].shape[1], num_groups) == truth::no)
      return fail(code::shape, "x has ", ctx[0].shape[1],
                  " channels, expected a multiple of num_groups ", num_groups);
    return {};
  }

  status reference(eval_context& ctx) const {
    return normalize_channels(ctx, ctx[0].dim(0) * num_groups, epsilon);
  }
};

/// y = x / the p-norm of its line along an axis; a line of zeros stays zero
struct lp_normalization {
  static constexpr op_info info{"lp_normalization", ports{"x"}, ports{"y"}};
  std::int64_t axis = -1;
  std::int64_t p = 2;  ///< 1 or 2
  static constexpr auto attributes = attributes_of(attribute{"axis", &lp_normalization::axis},
                                                   attribute{"p", &lp_normalization::p});
  static constexpr onnx_import onnx{"LpNormalization", 1};
  friend bool operator==(const lp_normalization&, const lp_normalization&) = default;

  status infer(infer_context& ctx) const {
    if (p != 1 && p != 2) return fail(code::attribute, "p is ", p, ", expected 1 or 2");
    TENON_TRY(infer_like_input(ctx, floats));
    if (ctx[0].is_ranked) TENON_TRY(ctx.axis(axis, ctx[0].rank()));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const elements_as<double> x(ctx[0]);
    elements_into<double> out(y);
    const axis_split split(y.dims(), axis);
    for (std::int64_t line = 0; line < split.lines(); ++line) {
      double norm = 0;
      const auto at = [&](std::int64_t i) {
        return static_cast<std::size_t>(split.start(line) + i * split.stride);
      };
      for (std::int64_t i = 0; i < split.length; ++i)
        norm += p == 1 ? std::fabs(x[at(i)]) : x[at(i)] * x[at(i)];
      if (p == 2) norm = std::sqrt(norm);
      for (std::int64_t i = 0; i < split.length; ++i) out[at(i)] = norm == 0 ? 0 : x[at(i)] / norm;
    }
    out.commit();
    return {};
  }
};

/// y = (x - mean) / (deviation + 1e-9), with statistics over `axes`
struct mean_variance_normalization {
  static constexpr op_info info{"mean_variance_normalization", ports{"x"}, ports{"y"}};
  std::vector<std::int64_t> axes{0, 2, 3};
  static constexpr auto attributes =
      attributes_of(attribute{"axes", &mean_variance_normalization::axes});
  static constexpr onnx_import onnx{"MeanVarianceNormalization", 9};
  friend bool operator==(const mean_variance_normalization&,
                         const mean_variance_normalization&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, floats));
    if (ctx[0].is_ranked) TENON_TRY(reduced_axes(ctx, axes, ctx[0].rank(), false));
    return {};
  }

  status reference(eval_context& ctx) const;
};

inline status mean_variance_normalization::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  std::vector<bool> reduced(y.rank(), axes.empty());
  for (const std::int64_t a : axes)
    reduced[static_cast<std::size_t>(a < 0 ? a + static_cast<std::int64_t>(y.rank()) : a)] = true;
  std::int64_t groups = 1;
  for (std::size_t i = 0; i < y.rank(); ++i) groups *= reduced[i] ? 1 : y.dim(i);
  const extents strides = reduction_detail::merge_strides(y.dims(), reduced);
  const elements_as<double> x(ctx[0]);
  const auto n = static_cast<std::size_t>(groups);
  const double count = groups == 0 ? 0 : static_cast<double>(y.size() / groups);
  std::vector<double> mean(n, 0.0), variance(n, 0.0);
  const auto visit = [&](auto f) { reduction_detail::visit(x, y.dims(), strides, f); };
  visit([&](std::size_t at, double v) { mean[at] += v / count; });
  visit([&](std::size_t at, double v) { variance[at] += (v - mean[at]) * (v - mean[at]) / count; });
  elements_into<double> out(y);
  std::size_t i = 0;
  visit([&](std::size_t at, double v) {
    out[i++] = (v - mean[at]) / (std::sqrt(variance[at]) + 1e-9);
  });
  out.commit();
  return {};
}

/// y = x / (bias + alpha / size * the sum of x^2 over `size` neighbouring channels)^beta
struct lrn {
  static constexpr op_info info{"lrn", ports{"x"}, ports{"y"}};
  std::int64_t size = 0;  ///< required; channels in a sum
  float alpha = 1e-4F;
  float beta = 0.75F;
  float bias = 1;
  static constexpr auto attributes = attributes_of(attribute{"size", &lrn::size, true},
                                                   attribute{"alpha", &lrn::alpha},
                                                   attribute{"beta", &lrn::beta},
                                                   attribute{"bias", &lrn::bias});
  static constexpr onnx_import onnx{"LRN", 1};
  friend bool operator==(const lrn&, const lrn&) = default;

  status infer(infer_context& ctx) const {
    if (size <= 0) return fail(code::attribute, "size is ", size, ", expected a positive number");
    TENON_TRY(infer_like_input(ctx, floats));
    if (ctx[0].is_ranked && ctx[0].rank() < 2)
      return fail(code::shape, "x has shape ", bracketed(ctx[0].shape),
                  ", expected rank 2 or more");
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const elements_as<double> x(ctx[0]);
    elements_into<double> out(y);
    const axis_split split(y.dims(), 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::int64_t channel = static_cast<std::int64_t>(i) / split.stride % split.length;
      const std::int64_t first = std::max<std::int64_t>(0, channel - (size - 1) / 2);
      const std::int64_t last =
          channel + std::min(split.length - 1 - channel, (size - 1) - (size - 1) / 2);
      double squares = 0;
      for (std::int64_t c = first; c <= last; ++c) {
        const double v = x[static_cast<std::size_t>(static_cast<std::int64_t>(i) +
                                                    (c - channel) * split.stride)];
        squares += v * v;
      }
      out[i] = x[i] / std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
    }
    out.commit();
    return {};
  }
};

using normalization_ops = type_list<batch_normalization,
                                    group_normalization,
                                    instance_normalization,
                                    layer_normalization,
                                    lp_normalization,
                                    lrn,
                                    mean_variance_normalization,
                                    rms_normalization>;

}  // namespace tenon::inline v0::ops
