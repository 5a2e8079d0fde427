#pragma once

#include "tenon/ops/axis_walk.hpp"
#include "tenon/ops/softmax.hpp"
#include "tenon/ops/type_list.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace tenon::inline v0::ops {

/// How losses of single elements become the output.
enum class loss_reduction : unsigned char { none, sum, mean };

constexpr auto enum_names(loss_reduction) {
  return std::array<std::string_view, 3>{"none", "sum", "mean"};
}

/// The shape rule of losses over classes: x[N, C, ...], target[N, ...], weight[C].
inline status infer_loss(infer_context& ctx, loss_reduction reduction) {
  TENON_TRY(require_in(ctx, 0, floats, "x"));
  TENON_TRY(require_in(ctx, 1, index_types, "target"));
  if (ctx.has(2)) {
    TENON_TRY(require_type_of(ctx, 2, 0, "weight"));
    TENON_TRY(require_rank(ctx, 2, 1, "weight"));
  }
  const fact& x = ctx[0];
  if (x.is_ranked) {
    if (x.rank() < 2)
      return fail(code::shape, "x has shape ", bracketed(x.shape), ", expected rank 2 or more");
    dims shape = x.shape;
    shape.erase(shape.begin() + 1);
    if (ctx[1].is_ranked) TENON_TRY(ctx.require_same(ctx[1].shape, shape, "target"));
    if (ctx.has(2) && ctx[2].is_ranked)
      TENON_TRY(ctx.require_equal(ctx[2].shape[0], x.shape[1], "size of weight"));
  }
  if (reduction != loss_reduction::none)
    ctx.output(0, x.type, dims{});
  else
    ctx.output(0, ctx[1].is_ranked ? fact::of(x.type, ctx[1].shape) : fact::unranked(x.type));
  ctx.output(1, x.is_ranked ? fact::of(x.type, x.shape) : fact::unranked(x.type));
  return {};
}

/// The weighted negative log-likelihood of the targets under `log_probabilities`, reduced as asked.
inline status write_loss(eval_context& ctx,
                         const std::vector<double>& log_probabilities,
                         loss_reduction reduction,
                         const std::optional<std::int64_t>& ignored) {
  TENON_TRY(tensor y, ctx.output(0));
  const auto targets = ctx.integers(1);
  const std::int64_t classes = ctx[0].dim(1);
  std::vector<double> weights(static_cast<std::size_t>(classes), 1.0);
  if (ctx.has(2)) load_elements<double>(ctx[2], weights);
  const axis_split split(ctx[0].dims(), 1);
  std::vector<double> losses(targets.size(), 0.0);
  double total = 0, weight_total = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (ignored && targets[i] == *ignored) continue;
    if (targets[i] < 0 || targets[i] >= classes)
      return fail(code::index, "target holds ", targets[i], ", expected 0 to ", classes - 1);
    const std::int64_t at = split.start(static_cast<std::int64_t>(i)) + targets[i] * split.stride;
    const double weight = weights[static_cast<std::size_t>(targets[i])];
    losses[i] = -weight * log_probabilities[static_cast<std::size_t>(at)];
    total += losses[i];
    weight_total += weight;
  }
  if (reduction == loss_reduction::none) {
    store_elements<double>(losses, y);
    return {};
  }
  const std::vector<double> one{reduction == loss_reduction::mean ? total / weight_total : total};
  store_elements<double>(one, y);
  return {};
}

/// y = -weight[target] * x[target], reduced; x holds log-probabilities
struct negative_log_likelihood_loss {
  static constexpr op_info info{"negative_log_likelihood_loss",
                                ports{"x", "target", maybe("weight")}, ports{"y"}};
  loss_reduction reduction = loss_reduction::mean;
  std::optional<std::int64_t> ignore_index{};  ///< a target that does not count
  static constexpr auto attributes =
      attributes_of(attribute{"reduction", &negative_log_likelihood_loss::reduction},
                    attribute{"ignore_index", &negative_log_likelihood_loss::ignore_index});
  static constexpr onnx_import onnx{"NegativeLogLikelihoodLoss", 12};
  friend bool operator==(const negative_log_likelihood_loss&,
                         const negative_log_likelihood_loss&) = default;

  status infer(infer_context& ctx) const { return infer_loss(ctx, reduction); }

  status reference(eval_context& ctx) const {
    std::vector<double> x(static_cast<std::size_t>(ctx[0].size()));
    load_elements<double>(ctx[0], x);
    return write_loss(ctx, x, reduction, ignore_index);
  }
};

/// y = -weight[target] * log_softmax(x)[target], reduced
struct softmax_cross_entropy_loss {
  static constexpr op_info info{"softmax_cross_entropy_loss", ports{"x", "target", maybe("weight")},
                                ports{"y", maybe("log_probabilities")}};
  loss_reduction reduction = loss_reduction::mean;
  std::optional<std::int64_t> ignore_index{};  ///< a target that does not count
  static constexpr auto attributes =
      attributes_of(attribute{"reduction", &softmax_cross_entropy_loss::reduction},
                    attribute{"ignore_index", &softmax_cross_entropy_loss::ignore_index});
  static constexpr onnx_import onnx{"SoftmaxCrossEntropyLoss", 12};
  friend bool operator==(const softmax_cross_entropy_loss&,
                         const softmax_cross_entropy_loss&) = default;

  status infer(infer_context& ctx) const { return infer_loss(ctx, reduction); }

  status reference(eval_context& ctx) const {
    std::vector<double> x(static_cast<std::size_t>(ctx[0].size()));
    load_elements<double>(ctx[0], x);
    const axis_split split(ctx[0].dims(), 1);
    for (std::int64_t line = 0; line < split.lines() && split.length > 0; ++line)
      log_softmax_line(x.data() + split.start(line), split.stride, split.length);
    TENON_TRY(write_loss(ctx, x, reduction, ignore_index));
    if (ctx.output_count() < 2) return {};
    TENON_TRY(tensor log_probabilities, ctx.output(1));
    store_elements<double>(x, log_probabilities);
    return {};
  }
};

using loss_ops = type_list<negative_log_likelihood_loss, softmax_cross_entropy_loss>;

}  // namespace tenon::inline v0::ops
