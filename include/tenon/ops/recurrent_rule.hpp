#pragma once

#include "tenon/ops/data.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace tenon::inline v0::ops {

/// In which order a recurrent op reads the steps.
enum class recurrent_direction : unsigned char { forward, reverse, bidirectional };

constexpr std::array<std::string_view, 3> enum_names(recurrent_direction) {
  return {"forward", "reverse", "bidirectional"};
}

/// An activation of a recurrent cell with its parameters.
struct cell_activation {
  enum class kind : unsigned char {
    affine,
    elu,
    hard_sigmoid,
    leaky_relu,
    relu,
    scaled_tanh,
    sigmoid,
    softplus,
    softsign,
    tanh,
    thresholded_relu,
  };

  kind what = kind::tanh;
  double alpha = 0, beta = 0;

  double operator()(double v) const {
    switch (what) {
      case kind::affine:
        return alpha * v + beta;
      case kind::elu:
        return v >= 0 ? v : alpha * std::expm1(v);
      case kind::hard_sigmoid:
        return std::clamp(alpha * v + beta, 0.0, 1.0);
      case kind::leaky_relu:
        return v >= 0 ? v : alpha * v;
      case kind::relu:
        return v > 0 ? v : 0;
      case kind::scaled_tanh:
        return alpha * std::tanh(beta * v);
      case kind::sigmoid:
        return 1 / (1 + std::exp(-v));
      case kind::softplus:
        return std::max(v, 0.0) + std::log1p(std::exp(-std::fabs(v)));
      case kind::softsign:
        return v / (1 + std::fabs(v));
      case kind::tanh:
        return std::tanh(v);
      case kind::thresholded_relu:
        return v > alpha ? v : 0;
    }
    return v;
  }
};

/// Names, parameters (0 to 2) and their defaults, in the order of cell_activation::kind.
struct cell_activation_row {
  std::string_view name;
  int parameters;
  double alpha, beta;
};

inline constexpr std::array<cell_activation_row, 11> cell_activation_rows{{
    {"affine", 2, 1, 0},
    {"elu", 1, 1, 0},
    {"hardsigmoid", 2, 0.2, 0.5},
    {"leakyrelu", 1, 0.01, 0},
    {"relu", 0, 0, 0},
    {"scaledtanh", 2, 1, 1},
    {"sigmoid", 0, 0, 0},
    {"softplus", 0, 0, 0},
    {"softsign", 0, 0, 0},
    {"tanh", 0, 0, 0},
    {"thresholdedrelu", 1, 1, 0},
}};

/// The attributes that lstm, gru and rnn share.
struct recurrent_spec {
  std::span<const std::string> activations;
  std::span<const float> alphas, betas;
  std::span<const std::string_view> defaults;  ///< activations of one direction
  float clip = 0;                              ///< 0: none
  recurrent_direction direction = recurrent_direction::forward;
  std::optional<std::int64_t> hidden_size;
  std::int64_t layout = 0;  ///< 1: the batch axis comes first
  std::int64_t gates = 1;
  bool has_cell = false;

  std::int64_t directions() const {
    return direction == recurrent_direction::bidirectional ? 2 : 1;
  }

  bool is_backward(std::int64_t d) const {
    return direction == recurrent_direction::reverse || d == 1;
  }

  /// The activations of all directions with their parameters.
  result<std::vector<cell_activation>> functions() const {
    const std::size_t wanted = defaults.size() * static_cast<std::size_t>(directions());
    if (!activations.empty() && activations.size() != wanted)
      return fail(code::attribute, "activations has ", activations.size(), " names, expected ",
                  wanted);
    std::vector<cell_activation> out;
    std::size_t next_alpha = 0, next_beta = 0;
    for (std::size_t i = 0; i < wanted; ++i) {
      std::string name(activations.empty() ? defaults[i % defaults.size()]
                                           : std::string_view(activations[i]));
      for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      std::size_t row = 0;
      while (row < cell_activation_rows.size() && cell_activation_rows[row].name != name) ++row;
      if (row == cell_activation_rows.size())
        return fail(code::attribute, "activations contains ", quoted(activations[i]),
                    ", expected a known function");
      const auto& r = cell_activation_rows[row];
      cell_activation f{static_cast<cell_activation::kind>(row), r.alpha, r.beta};
      if (r.parameters > 0 && next_alpha < alphas.size())
        f.alpha = static_cast<double>(alphas[next_alpha++]);
      if (r.parameters > 1 && next_beta < betas.size())
        f.beta = static_cast<double>(betas[next_beta++]);
      out.push_back(f);
    }
    return out;
  }

  double clipped(double v) const {
    const auto limit = static_cast<double>(clip);
    return limit > 0 ? std::clamp(v, -limit, limit) : v;
  }

  status infer(infer_context& ctx) const;
};

inline status recurrent_spec::infer(infer_context& ctx) const {
  if (layout != 0 && layout != 1)
    return fail(code::attribute, "layout is ", layout, ", expected 0 or 1");
  TENON_TRY(functions());
  TENON_TRY(require_float(ctx, 0, "x"));
  for (const std::size_t i : {1U, 2U, 3U, 5U, 6U, 7U})
    TENON_TRY(require_same_type(ctx, 0, i, cat("input ", i)));
  if (ctx.has(4)) TENON_TRY(ctx.require_type(4, {dtype::i32}, "sequence_lens"));
  for (std::size_t i = 0; i < 3; ++i) TENON_TRY(require_rank(ctx, i, 3, cat("input ", i)));
  const dtype type = ctx[0].type;
  const fact &x = ctx[0], &w = ctx[1], &r = ctx[2];
  if (!x.is_ranked || (!r.is_ranked && !hidden_size)) {
    for (std::size_t i = 0; i < 3; ++i) output_unranked(ctx, i, type);
    return {};
  }
  const dim steps = x.shape[layout == 0 ? 0 : 1], batch = x.shape[layout == 0 ? 1 : 0];
  const dim hidden = hidden_size ? dim(*hidden_size) : r.shape[2], count = directions();
  if (r.is_ranked)
    TENON_TRY(ctx.require_same(r.shape, dims{count, dim(gates) * hidden, hidden}, "r"));
  if (w.is_ranked)
    TENON_TRY(ctx.require_same(w.shape, dims{count, dim(gates) * hidden, x.shape[2]}, "w"));
  const dims state = layout == 0 ? dims{count, batch, hidden} : dims{batch, count, hidden};
  const auto same = [&](std::size_t i, const dims& shape, std::string_view what) -> status {
    return ctx.has(i) && ctx[i].is_ranked ? ctx.require_same(ctx[i].shape, shape, what) : status();
  };
  TENON_TRY(same(3, dims{count, dim(2 * gates) * hidden}, "b"));
  TENON_TRY(same(4, dims{batch}, "sequence_lens"));
  TENON_TRY(same(5, state, "initial_h"));
  TENON_TRY(same(6, state, "initial_c"));
  TENON_TRY(same(7, dims{count, dim(3) * hidden}, "p"));
  ctx.output(0, type,
             layout == 0 ? dims{steps, count, batch, hidden} : dims{batch, steps, count, hidden});
  ctx.output(1, type, state);
  if (has_cell) ctx.output(2, type, state);
  return {};
}

/// What a cell sees at one step of one batch entry; h and c are updated in place.
struct cell_step {
  const cell_activation* f;  ///< of this direction
  const double* wx;          ///< W x + Wb, gates * hidden
  const double* r;           ///< R, gates * hidden rows of hidden
  const double* rb;          ///< Rb, gates * hidden
  const double* p;           ///< peepholes or null
  std::vector<double>& h;
  std::vector<double>& c;

  /// Row `i` of R times v.
  double recur(std::size_t i, const std::vector<double>& v) const {
    double sum = 0;
    for (std::size_t k = 0; k < v.size(); ++k) sum += r[i * v.size() + k] * v[k];
    return sum;
  }
};

/// Runs a cell over all directions, batch entries and steps.
template <class Cell>
status run_recurrent(eval_context& ctx, const recurrent_spec& spec, Cell cell) {
  TENON_TRY(tensor y, ctx.output(0));
  TENON_TRY(const auto functions, spec.functions());
  const tensor& x = ctx[0];
  const bool batch_first = spec.layout == 1;
  const std::int64_t steps = x.dim(batch_first ? 1 : 0), batch = x.dim(batch_first ? 0 : 1),
                     width = x.dim(2);
  const std::int64_t hidden = y.dim(3), rows = spec.gates * hidden, count = spec.directions();
  const elements_as<double> in(x), w(ctx[1]), r(ctx[2]);
  const auto given = [&](std::size_t i, std::int64_t size) {
    std::vector<double> out(static_cast<std::size_t>(size), 0.0);
    if (ctx.has(i)) load_elements<double>(ctx[i], out);
    return out;
  };
  const auto b = given(3, count * 2 * rows), h0 = given(5, count * batch * hidden);
  const auto c0 = spec.has_cell ? given(6, count * batch * hidden) : h0;
  const auto p = given(7, count * 3 * hidden);
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(batch), steps);
  if (ctx.has(4)) lengths = ctx.integers(4);
  for (const std::int64_t length : lengths)
    if (length < 0 || length > steps)
      return fail(code::index, "sequence_lens contains ", length, ", expected 0 to ", steps);
  std::vector<double> out(static_cast<std::size_t>(y.size()), 0.0), last = h0, last_c = c0;
  std::vector<double> wx(static_cast<std::size_t>(rows));
  for (std::int64_t d = 0; d < count; ++d)
    for (std::int64_t n = 0; n < batch; ++n) {
      const std::int64_t at = (batch_first ? n * count + d : d * batch + n) * hidden;
      std::vector<double> h(h0.begin() + at, h0.begin() + at + hidden);
      std::vector<double> c(c0.begin() + at, c0.begin() + at + hidden);
      const std::int64_t length = lengths[static_cast<std::size_t>(n)];
      for (std::int64_t s = 0; s < length; ++s) {
        TENON_TRY(ctx.check_limits());
        const std::int64_t t = spec.is_backward(d) ? length - 1 - s : s;
        const double* from = in.data() + (batch_first ? n * steps + t : t * batch + n) * width;
        for (std::int64_t g = 0; g < rows; ++g) {
          double sum = b[static_cast<std::size_t>(d * 2 * rows + g)];
          for (std::int64_t k = 0; k < width; ++k)
            sum += w[static_cast<std::size_t>((d * rows + g) * width + k)] * from[k];
          wx[static_cast<std::size_t>(g)] = sum;
        }
        cell(cell_step{functions.data() + d * static_cast<std::int64_t>(spec.defaults.size()),
                       wx.data(), r.data() + d * rows * hidden, b.data() + d * 2 * rows + rows,
                       ctx.has(7) ? p.data() + d * 3 * hidden : nullptr, h, c});
        const std::int64_t to =
            batch_first ? (n * steps + t) * count + d : (t * count + d) * batch + n;
        std::copy(h.begin(), h.end(), out.begin() + to * hidden);
      }
      std::copy(h.begin(), h.end(), last.begin() + at);
      std::copy(c.begin(), c.end(), last_c.begin() + at);
    }
  store_elements<double>(std::span<const double>(out), y);
  for (std::size_t i = 1; i < ctx.output_count() && i < (spec.has_cell ? 3U : 2U); ++i) {
    TENON_TRY(tensor state, ctx.output(i));
    store_elements<double>(std::span<const double>(i == 1 ? last : last_c), state);
  }
  return {};
}

}  // namespace tenon::inline v0::ops
