#pragma once

#include "tenon/ops/attention.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace tenon::inline v0::ops {

/// What `linear_attention` does with its state at each token.
enum class state_update : unsigned char { linear, gated, delta, gated_delta };

constexpr auto enum_names(state_update) {
  return std::array<std::string_view, 4>{"linear", "gated", "delta", "gated_delta"};
}

/// y = scale * q' S, with a state S per head that adds k v' at each token, decays by e^g where gated and
/// writes b * (v - S' k) instead of v where delta
struct linear_attention {
  static constexpr op_info info{
      "linear_attention", ports{"q", "k", "v", maybe("past_state"), maybe("decay"), maybe("beta")},
      ports{"y", "present_state"}};
  std::int64_t q_num_heads = 0;   ///< required
  std::int64_t kv_num_heads = 0;  ///< required; divides q_num_heads
  state_update update_rule = state_update::gated_delta;
  float scale = 0;               ///< 0: 1 / sqrt(size of a query)
  std::int64_t chunk_size = 64;  ///< hint for fast kernels
  static constexpr auto attributes =
      attributes_of(attribute{"q_num_heads", &linear_attention::q_num_heads, true},
                    attribute{"kv_num_heads", &linear_attention::kv_num_heads, true},
                    attribute{"update_rule", &linear_attention::update_rule},
                    attribute{"scale", &linear_attention::scale},
                    attribute{"chunk_size", &linear_attention::chunk_size});
  static constexpr onnx_import onnx{"LinearAttention", 27};
  friend bool operator==(const linear_attention&, const linear_attention&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

 private:
  bool is_gated() const {
    return update_rule == state_update::gated || update_rule == state_update::gated_delta;
  }

  bool is_delta() const {
    return update_rule == state_update::delta || update_rule == state_update::gated_delta;
  }
};

inline status linear_attention::infer(infer_context& ctx) const {
  if (q_num_heads <= 0 || kv_num_heads <= 0 || q_num_heads % kv_num_heads != 0)
    return fail(code::attribute, "q_num_heads is ", q_num_heads, " and kv_num_heads is ",
                kv_num_heads, ", expected a positive multiple and its divisor");
  if (ctx.has(4) != is_gated() || ctx.has(5) != is_delta())
    return fail(code::attribute, "update_rule is ",
                enum_names(update_rule)[static_cast<std::size_t>(update_rule)],
                ", expected decay with a gated and beta with a delta rule only");
  TENON_TRY(require_in(ctx, 0, floats, "q"));
  bool is_ranked = true;
  for (const std::size_t i : {0U, 1U, 2U, 4U, 5U}) {
    if (!ctx.has(i)) continue;
    TENON_TRY(require_type_of(ctx, i, 0, cat("input ", i)));
    TENON_TRY(require_rank(ctx, i, 3, cat("input ", i)));
    is_ranked = is_ranked && ctx[i].is_ranked;
  }
  if (ctx.has(3)) TENON_TRY(require_in(ctx, 3, floats, "past_state"));
  const dtype state_type = ctx.has(3) ? ctx[3].type : ctx[0].type;
  if (!is_ranked) {
    ctx.output(0, fact::unranked(ctx[0].type));
    ctx.output(1, fact::unranked(state_type));
    return {};
  }
  TENON_TRY(const dims q, attention_detail::heads_of(ctx, 0, q_num_heads, "q"));
  TENON_TRY(const dims k, attention_detail::heads_of(ctx, 1, kv_num_heads, "k"));
  TENON_TRY(const dims v, attention_detail::heads_of(ctx, 2, kv_num_heads, "v"));
  for (const std::size_t i : {1U, 2U, 4U, 5U}) {
    if (!ctx.has(i)) continue;
    TENON_TRY(ctx.require_equal(ctx[i].shape[0], q[0], cat("batch of input ", i)));
    TENON_TRY(ctx.require_equal(ctx[i].shape[1], q[2], cat("length of input ", i)));
  }
  TENON_TRY(ctx.require_equal(k[3], q[3], "size of a key"));
  // A size that may yet be the other of the two is checked in the run.
  if (ctx.has(4) && ctx.facts().is_equal(ctx[4].shape[2], kv_num_heads) == truth::no)
    TENON_TRY(ctx.require_equal(ctx[4].shape[2], ctx[1].shape[2], "last size of decay"));
  if (ctx.has(5) && ctx.facts().is_equal(ctx[5].shape[2], 1) == truth::no)
    TENON_TRY(ctx.require_equal(ctx[5].shape[2], dim(kv_num_heads), "last size of beta"));
  const dims state{q[0], k[1], k[3], v[3]};
  if (ctx.has(3) && ctx[3].is_ranked)
    TENON_TRY(ctx.require_same(ctx[3].shape, state, "past_state"));
  ctx.output(0, ctx[0].type, {q[0], q[2], q[1] * v[3]});
  ctx.output(1, state_type, state);
  return {};
}

inline status linear_attention::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  TENON_TRY(tensor present, ctx.output(1));
  const head_values q(ctx[0], q_num_heads), k(ctx[1], kv_num_heads), v(ctx[2], kv_num_heads);
  const std::int64_t rows = k.layout.size, columns = v.layout.size,
                     shared = q_num_heads / kv_num_heads;
  std::vector<double> states(static_cast<std::size_t>(present.size()), 0.0),
      row(static_cast<std::size_t>(columns));
  if (ctx.has(3)) load_elements<double>(ctx[3], states);
  const elements_as<double> decay(ctx.has(4) ? ctx[4] : tensor(dtype::f64, {0}));
  const elements_as<double> beta(ctx.has(5) ? ctx[5] : tensor(dtype::f64, {0}));
  const std::int64_t gates = ctx.has(4) ? ctx[4].dim(2) : 1, rates = ctx.has(5) ? ctx[5].dim(2) : 1;
  const double factor = scale == 0 ? 1 / std::sqrt(static_cast<double>(rows)) : scale;
  elements_into<double> out(y);
  head_layout to = q.layout;
  to.size = columns;
  for (std::int64_t b = 0; b < to.batch; ++b)
    for (std::int64_t h = 0; h < kv_num_heads; ++h) {
      TENON_TRY(ctx.check_limits());
      double* state = states.data() + (b * kv_num_heads + h) * rows * columns;
      for (std::int64_t t = 0; t < to.length; ++t) {
        const std::int64_t token = b * to.length + t;
        const double* key = k.at(b, h, t);
        for (std::int64_t i = 0; i < rows * columns && is_gated(); ++i) {
          const std::int64_t gate = gates == kv_num_heads ? h : h * rows + i / columns;
          state[i] *= std::exp(decay[static_cast<std::size_t>(token * gates + gate)]);
        }
        for (std::int64_t m = 0; m < columns; ++m) {
          double value = v.at(b, h, t)[m];
          for (std::int64_t d = 0; d < rows && is_delta(); ++d)
            value -= state[d * columns + m] * key[d];
          if (is_delta())
            value *= beta[static_cast<std::size_t>(token * rates + (rates == 1 ? 0 : h))];
          row[static_cast<std::size_t>(m)] = value;
        }
        for (std::int64_t i = 0; i < rows * columns; ++i)
          state[i] += key[i / columns] * row[static_cast<std::size_t>(i % columns)];
        for (std::int64_t g = h * shared; g < (h + 1) * shared; ++g)
          for (std::int64_t m = 0; m < columns; ++m) {
            double dot = 0;
            for (std::int64_t d = 0; d < rows; ++d)
              dot += q.at(b, g, t)[d] * state[d * columns + m];
            out[to.packed_at(b, g, t) + static_cast<std::size_t>(m)] = factor * dot;
          }
      }
    }
  out.commit();
  store_elements<double>(states, present);
  return {};
}

/// What follows the convolution of `causal_conv_with_state`; swish and silu are one function.
enum class causal_activation : unsigned char { none, silu, swish };

constexpr auto enum_names(causal_activation) {
  return std::array<std::string_view, 3>{"none", "silu", "swish"};
}

/// y[c, t] = the sum over the last k positions of x[c] times weight[c], plus bias; the state carries the
/// last k - 1 positions from call to call
struct causal_conv_with_state {
  static constexpr op_info info{"causal_conv_with_state",
                                ports{"x", "weight", maybe("bias"), maybe("past_state")},
                                ports{"y", "present_state"}};
  causal_activation activation = causal_activation::none;
  static constexpr auto attributes =
      attributes_of(attribute{"activation", &causal_conv_with_state::activation});
  static constexpr onnx_import onnx{"CausalConvWithState", 27};
  friend bool operator==(const causal_conv_with_state&, const causal_conv_with_state&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status causal_conv_with_state::infer(infer_context& ctx) const {
  TENON_TRY(infer_like_input(ctx, floats));
  TENON_TRY(require_rank(ctx, 0, 3, "x"));
  for (const std::size_t i : {1U, 2U, 3U}) {
    if (!ctx.has(i)) continue;
    TENON_TRY(require_type_of(ctx, i, 0, cat("input ", i)));
    TENON_TRY(require_rank(ctx, i, i == 2 ? 1 : 3, cat("input ", i)));
  }
  if (!ctx[0].is_ranked || !ctx[1].is_ranked) {
    ctx.output(1, fact::unranked(ctx[0].type));
    return {};
  }
  const dims& x = ctx[0].shape;
  const dims& w = ctx[1].shape;
  TENON_TRY(ctx.require_same(w, {x[1], dim(1), w[2]}, "weight"));
  if (w[2] == dim(0))
    return fail(code::shape, "weight has shape ", bracketed(w), ", expected taps");
  const dims state{x[0], x[1], w[2] - 1};
  if (ctx.has(2) && ctx[2].is_ranked)
    TENON_TRY(ctx.require_equal(ctx[2].shape[0], x[1], "size of bias"));
  if (ctx.has(3) && ctx[3].is_ranked)
    TENON_TRY(ctx.require_same(ctx[3].shape, state, "past_state"));
  ctx.output(1, ctx[0].type, state);
  return {};
}

inline status causal_conv_with_state::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  TENON_TRY(tensor present, ctx.output(1));
  const std::int64_t channels = y.dim(1), length = y.dim(2), taps = ctx[1].dim(2), kept = taps - 1;
  const elements_as<double> x(ctx[0]), weight(ctx[1]);
  std::vector<double> bias(static_cast<std::size_t>(channels), 0.0),
      past(static_cast<std::size_t>(present.size()), 0.0);
  if (ctx.has(2)) load_elements<double>(ctx[2], bias);
  if (ctx.has(3)) load_elements<double>(ctx[3], past);
  elements_into<double> out(y), state(present);
  std::vector<double> line(static_cast<std::size_t>(kept + length));
  for (std::int64_t r = 0; r < y.dim(0) * channels; ++r) {
    const auto channel = static_cast<std::size_t>(r % channels);
    std::copy_n(past.data() + r * kept, kept, line.data());
    std::copy_n(x.data() + r * length, length, line.data() + kept);
    for (std::int64_t t = 0; t < length; ++t) {
      double total = bias[channel];
      for (std::int64_t k = 0; k < taps; ++k)
        total += line[static_cast<std::size_t>(t + k)] *
                 weight[channel * static_cast<std::size_t>(taps) + static_cast<std::size_t>(k)];
      out[static_cast<std::size_t>(r * length + t)] =
          activation == causal_activation::none ? total : total / (1 + std::exp(-total));
    }
    std::copy_n(line.data() + length, kept, state.data() + r * kept);
  }
  out.commit();
  state.commit();
  return {};
}

using linear_attention_ops = type_list<causal_conv_with_state, linear_attention>;

}  // namespace tenon::inline v0::ops
