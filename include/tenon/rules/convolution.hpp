#pragma once

#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/rewrite/rule.hpp"

#include <cmath>
#include <optional>

namespace tenon::inline v0::rules {

using namespace rewrite;

namespace convolution_detail {

/// A convolution with constant weights that one node reads.
struct folded {
  const ops::conv* op;
  value_id x;
  tensor weight;
  std::vector<double> bias;  ///< one number per output channel

  std::size_t channels() const { return bias.size(); }
};

/// The convolution that makes `v`, if its weights can be changed.
inline std::optional<folded> conv_of(const site& s, value_id v) {
  const auto* op = s.maker<ops::conv>(v);
  if (!op || !s.is_single_use(v)) return std::nullopt;
  const value_id w = s.operand(v, 1), b = s.operand(v, 2);
  if (!s.is_constant(w) || (b && !s.is_constant(b))) return std::nullopt;
  folded out{op, s.operand(v, 0), s.fact(w).constant, {}};
  if (out.weight.rank() < 3 || size_of(out.weight.type()) < 2) return std::nullopt;
  out.bias.assign(static_cast<std::size_t>(out.weight.dim(0)), 0);
  if (b) load_elements<double>(s.fact(b).constant, out.bias);
  return out;
}

/// The weights with output channel i multiplied by factor[i].
inline tensor scaled(const tensor& weight, std::span<const double> factor) {
  const elements_as<double> from(weight);
  tensor out(weight.type(), weight.dims());
  elements_into<double> to(out);
  const std::size_t per_channel = from.size() / factor.size();
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i] * factor[i / per_channel];
  to.commit();
  return out;
}

/// The convolution with other weights takes the place of the node.
inline rewritten replace(const site& s, const folded& conv, tensor weight) {
  tensor bias(weight.type(), {static_cast<std::int64_t>(conv.channels())});
  store_elements<double>(conv.bias, bias);
  ir::patch p(s.graph());
  const value_id w = p.constant(std::move(weight)), b = p.constant(std::move(bias));
  TENON_TRY(const value_id y, p.add(*conv.op, {conv.x, w, b}));
  return s.replace(std::move(p), y);
}

/// A constant as one number per channel of a value [n, c, ...] of `rank` axes.
inline std::optional<std::vector<double>> per_channel(const site& s,
                                                      value_id v,
                                                      std::size_t channels,
                                                      std::size_t rank) {
  if (!s.is_constant(v)) return std::nullopt;
  const tensor& t = s.fact(v).constant;
  if (t.rank() > rank || t.empty()) return std::nullopt;
  for (std::size_t i = 0; i < t.rank(); ++i)
    if (t.dim(i) != 1 &&
        (rank - t.rank() + i != 1 || t.dim(i) != static_cast<std::int64_t>(channels)))
      return std::nullopt;
  std::vector<double> out(static_cast<std::size_t>(t.size()));
  load_elements<double>(t, out);
  if (out.size() == 1) out.resize(channels, out[0]);
  return out.size() == channels ? std::optional(out) : std::nullopt;
}

inline bool is_finite(std::span<const double> values) {
  for (const double v : values)
    if (!std::isfinite(v)) return false;
  return true;
}

}  // namespace convolution_detail

/// batch_normalization(conv(x, w, b)) -> conv(x, w', b')
inline constexpr auto conv_batch_norm = rule_for<ops::batch_normalization>(
    "conv-batch-norm", [](const match_of<ops::batch_normalization>& s) -> rewritten {
      auto conv = convolution_detail::conv_of(s, s.input(0));
      if (!conv) return s.no("x is not a convolution with constant weights of its own");
      if (s.op().training_mode || !s.has_one_output()) return s.no("it is in training mode", 2);
      std::vector<double> values[4];
      for (std::size_t i = 0; i < 4; ++i) {
        if (!s.is_constant(s.input(i + 1))) return s.no("a parameter is not constant", 2);
        values[i].resize(conv->channels());
        if (s.fact(s.input(i + 1)).constant.size() != static_cast<std::int64_t>(conv->channels()))
          return s.no("a parameter has another length", 2);
        load_elements<double>(s.fact(s.input(i + 1)).constant, values[i]);
      }
      auto& [scale, bias, mean, variance] = values;
      for (std::size_t i = 0; i < conv->channels(); ++i) {
        scale[i] /= std::sqrt(variance[i] + static_cast<double>(s.op().epsilon));
        conv->bias[i] = (conv->bias[i] - mean[i]) * scale[i] + bias[i];
      }
      if (!convolution_detail::is_finite(scale) || !convolution_detail::is_finite(conv->bias))
        return s.no("a weight would not be finite", 2);
      return convolution_detail::replace(s, *conv, convolution_detail::scaled(conv->weight, scale));
    });

/// conv(x, w, b) * k -> conv(x, w * k, b * k) for k per channel
inline constexpr auto conv_mul =
    rule_for<ops::mul>("conv-mul-constant", [](const match_of<ops::mul>& s) -> rewritten {
      auto conv = convolution_detail::conv_of(s, s.input(0));
      if (!conv) return s.no("x is not a convolution with constant weights of its own");
      const auto factor =
          convolution_detail::per_channel(s, s.input(1), conv->channels(), conv->weight.rank());
      if (!factor || !convolution_detail::is_finite(*factor))
        return s.no("the factor is not a number per channel", 2);
      for (std::size_t i = 0; i < conv->channels(); ++i) conv->bias[i] *= (*factor)[i];
      return convolution_detail::replace(s, *conv,
                                         convolution_detail::scaled(conv->weight, *factor));
    });

/// conv(x, w, b) + k -> conv(x, w, b + k) for k per channel
inline constexpr auto conv_add =
    rule_for<ops::add>("conv-add-constant", [](const match_of<ops::add>& s) -> rewritten {
      auto conv = convolution_detail::conv_of(s, s.input(0));
      if (!conv) return s.no("x is not a convolution with constant weights of its own");
      const auto more =
          convolution_detail::per_channel(s, s.input(1), conv->channels(), conv->weight.rank());
      if (!more) return s.no("the summand is not a number per channel", 2);
      for (std::size_t i = 0; i < conv->channels(); ++i) conv->bias[i] += (*more)[i];
      return convolution_detail::replace(s, *conv, conv->weight);
    });

/// conv(pad(x)) -> conv(x) with the pads of both, for zeros around the spatial axes
inline constexpr auto pad_conv =
    rule_for<ops::conv>("pad-into-conv", [](const match_of<ops::conv>& s) -> rewritten {
      const auto* pad = s.maker<ops::pad>(s.input(0));
      if (!pad || pad->mode != ops::pad_mode::constant) return s.no("x is not a constant pad");
      const value_id padded = s.input(0);
      const auto pads = s.integers(s.operand(padded, 1));
      if (!s.fact(padded).is_ranked) return s.no("the rank is not known", 2);
      const std::size_t rank = s.fact(padded).rank();
      if (!pads || pads->size() != 2 * rank || s.operand(padded, 3) || rank < 3)
        return s.no("the pads are not known", 2);
      if (s.operand(padded, 2) && s.splat(s.operand(padded, 2)) != 0.0)
        return s.no("the value is not 0", 2);
      if (s.op().auto_pad != ops::auto_pad_mode::notset)
        return s.no("the convolution pads itself", 2);
      ops::conv merged = s.op();
      merged.pads.resize(2 * (rank - 2));
      for (std::size_t i = 0; i < rank; ++i) {
        const std::int64_t before = (*pads)[i], after = (*pads)[rank + i];
        if (before < 0 || after < 0 || before > INT32_MAX / 2 || after > INT32_MAX / 2 ||
            (i < 2 && (before != 0 || after != 0)))
          return s.no("other axes are padded, or one is cropped", 2);
        if (i < 2) continue;
        merged.pads[i - 2] += before;
        merged.pads[rank - 2 + i - 2] += after;
      }
      ir::patch p(s.graph());
      std::vector<value_id> inputs{s.operand(padded, 0), s.input(1)};
      if (s.input(2)) inputs.push_back(s.input(2));
      TENON_TRY(const value_id y, s.add(p, std::move(merged), inputs));
      return s.replace(std::move(p), y);
    });

inline constexpr auto convolution = rule_set(conv_batch_norm, conv_mul, conv_add, pad_conv);

}  // namespace tenon::inline v0::rules
