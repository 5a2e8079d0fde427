#pragma once

#include "tenon/ops/attention_reference.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace tenon::inline v0::ops {

/// y = softmax(scale * q k' + mask) v per head, with grouped queries, cache, causal frontier and window
struct attention {
  static constexpr op_info info{
      "attention",
      ports{"q", "k", "v", maybe("mask"), maybe("past_key"), maybe("past_value"), maybe("lengths")},
      ports{"y", maybe("present_key"), maybe("present_value"), maybe("scores")}};
  bool is_causal = false;
  std::int64_t q_num_heads = 0;   ///< required for inputs of rank 3
  std::int64_t kv_num_heads = 0;  ///< required for inputs of rank 3; divides q_num_heads
  std::optional<float> scale{};   ///< 1 / sqrt(size of a query) when absent
  float softcap = 0;              ///< scores become softcap * tanh(score / softcap); 0: off
  std::int64_t qk_matmul_output_mode = 0;  ///< `scores`: 0 raw, 1 capped, 2 with bias, 3 softmax
  dtype softmax_precision = dtype::undefined;  ///< of the softmax in a fast kernel
  std::int64_t left_window_size = -1;          ///< keys before its own that a query sees; -1: all
  std::int64_t right_window_size = -1;         ///< keys after its own that a query sees; -1: all
  static constexpr auto attributes =
      attributes_of(attribute{"is_causal", &attention::is_causal},
                    attribute{"q_num_heads", &attention::q_num_heads},
                    attribute{"kv_num_heads", &attention::kv_num_heads},
                    attribute{"scale", &attention::scale},
                    attribute{"softcap", &attention::softcap},
                    attribute{"qk_matmul_output_mode", &attention::qk_matmul_output_mode},
                    attribute{"softmax_precision", &attention::softmax_precision},
                    attribute{"left_window_size", &attention::left_window_size},
                    attribute{"right_window_size", &attention::right_window_size});
  static constexpr onnx_import onnx{"Attention", 23};
  friend bool operator==(const attention&, const attention&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

 private:
  status check_attributes(const infer_context& ctx) const;
  status check_mask(infer_context& ctx, const dims& leading, dim keys) const;
  status check_cache(infer_context& ctx, const dims& key, const dims& value) const;
};

namespace attention_detail {

/// [batch, heads, length, size] of an input of rank 3 or 4.
inline result<dims> heads_of(infer_context& ctx,
                             std::size_t i,
                             std::int64_t heads,
                             std::string_view what) {
  const dims& x = ctx[i].shape;
  if (x.size() == 4) return x;
  if (x.size() != 3)
    return fail(code::shape, what, " has shape ", bracketed(x), ", expected rank 3 or 4");
  if (ctx.facts().is_divisible(x[2], heads) == truth::no)
    return fail(code::shape, what, " has shape ", bracketed(x), ", expected a last size that ",
                heads, " heads share");
  return dims{x[0], dim(heads), x[1], floordiv(x[2], dim(heads))};
}

}  // namespace attention_detail

inline status attention::check_attributes(const infer_context& ctx) const {
  for (const std::size_t i : {0U, 1U, 2U})
    TENON_TRY(require_in(ctx, i, floats, i == 0 ? "q" : i == 1 ? "k" : "v"));
  if (ctx.has(3)) TENON_TRY(require_in(ctx, 3, numbers | booleans, "mask"));
  if (ctx.has(4) != ctx.has(5))
    return fail(code::shape, "only one of past_key and past_value is given, expected both or none");
  if (ctx.has(4)) {
    TENON_TRY(require_type_of(ctx, 4, 1, "past_key"));
    TENON_TRY(require_type_of(ctx, 5, 2, "past_value"));
  }
  if (ctx.has(6)) TENON_TRY(require_in(ctx, 6, type_set{dtype::i64}, "lengths"));
  if (ctx.has(6) && ctx.has(4))
    return fail(code::shape, "lengths and past_key are both given, expected one of them");
  if (qk_matmul_output_mode < 0 || qk_matmul_output_mode > 3)
    return fail(code::attribute, "qk_matmul_output_mode is ", qk_matmul_output_mode,
                ", expected 0 to 3");
  if (left_window_size < -1 || right_window_size < -1)
    return fail(code::attribute, "window sizes are ", left_window_size, " and ", right_window_size,
                ", expected -1 or more");
  const bool is_flat = ctx[0].is_ranked && ctx[0].rank() == 3;
  if (is_flat && (q_num_heads <= 0 || kv_num_heads <= 0))
    return fail(code::attribute, "q_num_heads is ", q_num_heads, " and kv_num_heads is ",
                kv_num_heads, ", expected positive numbers for inputs of rank 3");
  return {};
}

inline status attention::check_mask(infer_context& ctx, const dims& leading, dim keys) const {
  if (!ctx.has(3) || !ctx[3].is_ranked) return {};
  const dims& mask = ctx[3].shape;
  if (mask.empty() || mask.size() > 4)
    return fail(code::shape, "mask has shape ", bracketed(mask), ", expected rank 1 to 4");
  const dims lead(mask.begin(), mask.end() - 1);
  TENON_TRY(const dims both, ctx.broadcast(leading, lead, "mask"));
  TENON_TRY(ctx.require_same(both, leading, "mask, broadcast,"));
  if (ctx.facts().is_less_equal(mask.back(), keys) == truth::no && mask.back() != dim(1) &&
      mask.back().is_constant() && keys.is_constant())
    return fail(code::shape, "mask has shape ", bracketed(mask), ", expected at most ", keys,
                " keys");
  return {};
}

inline status attention::check_cache(infer_context& ctx, const dims& key, const dims& value) const {
  if (ctx.has(6) && ctx[6].is_ranked) {
    TENON_TRY(require_rank(ctx, 6, 1, "lengths"));
    TENON_TRY(ctx.require_equal(ctx[6].shape[0], key[0], "size of lengths"));
  }
  if (!ctx.has(4) || !ctx[4].is_ranked || !ctx[5].is_ranked) return {};
  TENON_TRY(require_rank(ctx, 4, 4, "past_key"));
  TENON_TRY(require_rank(ctx, 5, 4, "past_value"));
  TENON_TRY(ctx.require_equal(ctx[5].shape[2], ctx[4].shape[2], "length of past_value"));
  for (const std::size_t k : {0U, 1U, 3U}) {
    TENON_TRY(ctx.require_equal(ctx[4].shape[k], key[k], "past_key"));
    TENON_TRY(ctx.require_equal(ctx[5].shape[k], value[k], "past_value"));
  }
  return {};
}

inline status attention::infer(infer_context& ctx) const {
  TENON_TRY(check_attributes(ctx));
  const dtype type = ctx[0].type;
  const bool is_known = ctx[0].is_ranked && ctx[1].is_ranked && ctx[2].is_ranked &&
                        (!ctx.has(4) || (ctx[4].is_ranked && ctx[5].is_ranked));
  if (!is_known) {
    for (const std::size_t i : {0U, 1U, 2U, 3U})
      ctx.output(i, fact::unranked(i == 0 || i == 3 ? type : ctx[i].type));
    return {};
  }
  for (const std::size_t i : {1U, 2U})
    TENON_TRY(require_rank(ctx, i, ctx[0].rank(), i == 1 ? "k" : "v"));
  TENON_TRY(const dims q, attention_detail::heads_of(ctx, 0, q_num_heads, "q"));
  TENON_TRY(dims k, attention_detail::heads_of(ctx, 1, kv_num_heads, "k"));
  TENON_TRY(dims v, attention_detail::heads_of(ctx, 2, kv_num_heads, "v"));
  TENON_TRY(ctx.require_equal(k[0], q[0], "batch of k"));
  TENON_TRY(ctx.require_equal(v[0], q[0], "batch of v"));
  TENON_TRY(ctx.require_equal(k[3], q[3], "size of a key"));
  TENON_TRY(ctx.require_equal(v[1], k[1], "heads of v"));
  TENON_TRY(ctx.require_equal(v[2], k[2], "length of v"));
  const bool are_known = q[1].is_constant() && k[1].is_constant();
  if (are_known && (k[1].constant() <= 0 || q[1].constant() % k[1].constant() != 0))
    return fail(code::shape, "k has ", k[1], " heads, expected a divisor of the ", q[1], " of q");
  TENON_TRY(check_cache(ctx, k, v));
  if (ctx.has(4)) {
    k[2] = ctx[4].shape[2] + k[2];
    v[2] = ctx[5].shape[2] + v[2];
  }
  TENON_TRY(check_mask(ctx, {q[0], q[1], q[2]}, k[2]));
  if (ctx[0].rank() == 4)
    ctx.output(0, type, {q[0], q[1], q[2], v[3]});
  else
    ctx.output(0, type, {q[0], q[2], q[1] * v[3]});
  ctx.output(1, ctx[1].type, k);
  ctx.output(2, ctx[2].type, v);
  ctx.output(3, type, {q[0], q[1], q[2], k[2]});
  return {};
}

inline status attention::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const auto given = [&](std::size_t i) { return ctx.has(i) ? &ctx[i] : nullptr; };
  const head_values q(ctx[0], q_num_heads), k(ctx[1], kv_num_heads, given(4)),
      v(ctx[2], kv_num_heads, given(5));
  attention_bias bias(given(3), given(6), q.layout.length, ctx.has(4) ? ctx[4].dim(2) : 0);
  bias.is_causal = is_causal;
  bias.left = left_window_size;
  bias.right = right_window_size;
  const double factor = scale ? *scale : 1 / std::sqrt(static_cast<double>(q.layout.size));
  const std::int64_t keys = k.layout.length;
  std::vector<double> scores(static_cast<std::size_t>(keys)), added(scores.size()), seen;
  elements_into<double> out(y);
  head_layout to = q.layout;
  to.size = v.layout.size;
  for (std::int64_t b = 0; b < to.batch; ++b)
    for (std::int64_t h = 0; h < to.heads; ++h)
      for (std::int64_t i = 0; i < to.length; ++i) {
        TENON_TRY(ctx.check_limits());
        const std::int64_t shared = h / (to.heads / k.layout.heads);
        const auto keep = [&](std::int64_t mode) {
          if (mode == qk_matmul_output_mode) seen.insert(seen.end(), scores.begin(), scores.end());
        };
        for (std::int64_t j = 0; j < keys; ++j) {
          double dot = 0;
          for (std::int64_t d = 0; d < q.layout.size; ++d)
            dot += q.at(b, h, i)[d] * k.at(b, shared, j)[d];
          scores[static_cast<std::size_t>(j)] = dot * factor;
          added[static_cast<std::size_t>(j)] = bias(b, h, i, j);
        }
        keep(0);
        if (softcap > 0)
          for (double& s : scores) s = softcap * std::tanh(s / softcap);
        keep(1);
        for (std::size_t j = 0; j < scores.size(); ++j) scores[j] += added[j];
        keep(2);
        attention_softmax(scores, added);
        keep(3);
        double* row = out.data() + (y.rank() == 4 ? to.at(b, h, i) : to.packed_at(b, h, i));
        std::fill(row, row + to.size, 0.0);
        for (std::int64_t j = 0; j < keys; ++j)
          for (std::int64_t d = 0; d < to.size; ++d)
            row[d] += scores[static_cast<std::size_t>(j)] * v.at(b, shared, j)[d];
      }
  out.commit();
  for (std::size_t i = 1; i < ctx.output_count(); ++i) {
    TENON_TRY(tensor extra, ctx.output(i));
    store_elements<double>(i == 1 ? k.values : i == 2 ? v.values : seen, extra);
  }
  return {};
}

/// y = x with pairs of elements of each head rotated by the angles of their position
struct rotary_embedding {
  static constexpr op_info info{"rotary_embedding", ports{"x", "cos", "sin", maybe("positions")},
                                ports{"y"}};
  bool interleaved = false;               ///< pairs are neighbours instead of halves
  std::int64_t num_heads = 0;             ///< required for x of rank 3
  std::int64_t rotary_embedding_dim = 0;  ///< leading elements of a head that rotate; 0: all
  static constexpr auto attributes =
      attributes_of(attribute{"interleaved", &rotary_embedding::interleaved},
                    attribute{"num_heads", &rotary_embedding::num_heads},
                    attribute{"rotary_embedding_dim", &rotary_embedding::rotary_embedding_dim});
  static constexpr onnx_import onnx{"RotaryEmbedding", 23};
  friend bool operator==(const rotary_embedding&, const rotary_embedding&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

inline status rotary_embedding::infer(infer_context& ctx) const {
  TENON_TRY(infer_like_input(ctx, floats));
  for (const std::size_t i : {1U, 2U}) {
    TENON_TRY(require_type_of(ctx, i, 0, i == 1 ? "cos" : "sin"));
    TENON_TRY(require_rank(ctx, i, ctx.has(3) ? 2 : 3, i == 1 ? "cos" : "sin"));
  }
  if (ctx.has(3)) TENON_TRY(require_in(ctx, 3, type_set{dtype::i64}, "positions"));
  if (ctx.has(3)) TENON_TRY(require_rank(ctx, 3, 2, "positions"));
  if (!ctx[0].is_ranked) return {};
  if (ctx[0].rank() == 3 && num_heads <= 0)
    return fail(code::attribute, "num_heads is ", num_heads,
                ", expected a positive number for x of rank 3");
  TENON_TRY(const dims x, attention_detail::heads_of(ctx, 0, num_heads, "x"));
  const dim rotated = rotary_embedding_dim == 0 ? x[3] : dim(rotary_embedding_dim);
  if (ctx.facts().is_divisible(rotated, 2) == truth::no || rotary_embedding_dim < 0 ||
      (x[3].is_constant() && rotated.is_constant() && rotated.constant() > x[3].constant()))
    return fail(code::attribute, "rotary_embedding_dim is ", rotated,
                ", expected an even number up to ", x[3]);
  if (!ctx[1].is_ranked || !ctx[2].is_ranked) return {};
  TENON_TRY(ctx.require_same(ctx[2].shape, ctx[1].shape, "sin"));
  TENON_TRY(ctx.require_equal(ctx[1].shape.back(), floordiv(rotated, dim(2)), "last size of cos"));
  const std::size_t place = ctx.has(3) ? 3 : 1;
  if (!ctx[place].is_ranked) return {};
  TENON_TRY(ctx.require_equal(ctx[place].shape[0], x[0], "batch of the positions"));
  return ctx.require_equal(ctx[place].shape[1], x[2], "length of the positions");
}

inline status rotary_embedding::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const head_layout at(ctx[0], num_heads);
  const std::int64_t rotated = rotary_embedding_dim == 0 ? at.size : rotary_embedding_dim;
  const std::int64_t half = rotated / 2;
  const elements_as<double> x(ctx[0]), cosines(ctx[1]), sines(ctx[2]);
  const auto positions = ctx.has(3) ? ctx.integers(3) : std::vector<std::int64_t>{};
  for (const std::int64_t p : positions)
    if (p < 0 || p >= ctx[1].dim(0))
      return fail(code::index, "positions holds ", p, ", expected 0 to ", ctx[1].dim(0) - 1);
  elements_into<double> out(y);
  for (std::int64_t b = 0; b < at.batch; ++b)
    for (std::int64_t h = 0; h < at.heads; ++h)
      for (std::int64_t i = 0; i < at.length; ++i) {
        const std::size_t start = y.rank() == 4 ? at.at(b, h, i) : at.packed_at(b, h, i);
        const double* from = x.data() + start;
        double* to = out.data() + start;
        const std::int64_t token = b * at.length + i;
        const std::int64_t row = ctx.has(3) ? positions[static_cast<std::size_t>(token)] : token;
        for (std::int64_t d = 0; d < half; ++d) {
          const std::int64_t first = interleaved ? 2 * d : d,
                             second = interleaved ? 2 * d + 1 : d + half;
          const double c = cosines[static_cast<std::size_t>(row * half + d)];
          const double s = sines[static_cast<std::size_t>(row * half + d)];
          const double real = c * from[first] - s * from[second];
          const double imaginary = s * from[first] + c * from[second];
          to[first] = real;
          to[second] = imaginary;
        }
        std::copy(from + rotated, from + at.size, to + rotated);
      }
  out.commit();
  return {};
}

using attention_ops = type_list<attention, rotary_embedding>;

}  // namespace tenon::inline v0::ops
