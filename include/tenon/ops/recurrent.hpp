#pragma once

#include "tenon/ops/recurrent_rule.hpp"
#include "tenon/ops/type_list.hpp"

#include <optional>

namespace tenon::inline v0::ops {

/// Long short-term memory over [steps, batch, input] (layout 1: [batch, steps, input]); gates i, o, f, c
struct lstm {
  static constexpr op_info info{"lstm",
                                ports{"x", "w", "r", maybe("b"), maybe("sequence_lens"),
                                      maybe("initial_h"), maybe("initial_c"), maybe("p")},
                                ports{maybe("y"), maybe("y_h"), maybe("y_c")}};
  std::vector<float> activation_alpha = {};
  std::vector<float> activation_beta = {};
  std::vector<std::string> activations = {};  ///< f, g, h of each direction
  float clip = 0;                             ///< 0: none
  recurrent_direction direction = recurrent_direction::forward;
  std::optional<std::int64_t> hidden_size = {};
  bool input_forget = false;  ///< the forget gate is 1 - input gate
  std::int64_t layout = 0;
  static constexpr auto attributes =
      attributes_of(attribute{"activation_alpha", &lstm::activation_alpha},
                    attribute{"activation_beta", &lstm::activation_beta},
                    attribute{"activations", &lstm::activations},
                    attribute{"clip", &lstm::clip},
                    attribute{"direction", &lstm::direction},
                    attribute{"hidden_size", &lstm::hidden_size},
                    attribute{"input_forget", &lstm::input_forget},
                    attribute{"layout", &lstm::layout});
  static constexpr onnx_import onnx{"LSTM", 7};
  friend bool operator==(const lstm&, const lstm&) = default;

  recurrent_spec spec() const {
    static constexpr std::array<std::string_view, 3> defaults{"sigmoid", "tanh", "tanh"};
    return {activations, activation_alpha, activation_beta, defaults, clip,
            direction,   hidden_size,      layout,          4,        true};
  }

  status infer(infer_context& ctx) const { return spec().infer(ctx); }

  status reference(eval_context& ctx) const {
    const recurrent_spec s = spec();
    return run_recurrent(ctx, s, [&](const cell_step& at) {
      const std::size_t n = at.h.size();
      const std::vector<double> before = at.h;
      const auto gate = [&](std::size_t g, std::size_t i) {
        return at.wx[g * n + i] + at.rb[g * n + i] + at.recur(g * n + i, before);
      };
      for (std::size_t i = 0; i < n; ++i) {
        const double c = at.c[i];
        const double in = at.f[0](s.clipped(gate(0, i) + (at.p ? at.p[i] * c : 0)));
        const double forget =
            input_forget ? 1 - in
                         : at.f[0](s.clipped(gate(2, i) + (at.p ? at.p[2 * n + i] * c : 0)));
        at.c[i] = forget * c + in * at.f[1](s.clipped(gate(3, i)));
        const double out = at.f[0](s.clipped(gate(1, i) + (at.p ? at.p[n + i] * at.c[i] : 0)));
        at.h[i] = out * at.f[2](at.c[i]);
      }
    });
  }
};

/// Gated recurrent unit; gates z, r, h
struct gru {
  static constexpr op_info info{
      "gru", ports{"x", "w", "r", maybe("b"), maybe("sequence_lens"), maybe("initial_h")},
      ports{maybe("y"), maybe("y_h")}};
  std::vector<float> activation_alpha = {};
  std::vector<float> activation_beta = {};
  std::vector<std::string> activations = {};  ///< f, g of each direction
  float clip = 0;
  recurrent_direction direction = recurrent_direction::forward;
  std::optional<std::int64_t> hidden_size = {};
  std::int64_t layout = 0;
  bool linear_before_reset = false;  ///< the reset gate multiplies R h + Rb instead of h
  static constexpr auto attributes =
      attributes_of(attribute{"activation_alpha", &gru::activation_alpha},
                    attribute{"activation_beta", &gru::activation_beta},
                    attribute{"activations", &gru::activations},
                    attribute{"clip", &gru::clip},
                    attribute{"direction", &gru::direction},
                    attribute{"hidden_size", &gru::hidden_size},
                    attribute{"layout", &gru::layout},
                    attribute{"linear_before_reset", &gru::linear_before_reset});
  static constexpr onnx_import onnx{"GRU", 7};
  friend bool operator==(const gru&, const gru&) = default;

  recurrent_spec spec() const {
    static constexpr std::array<std::string_view, 2> defaults{"sigmoid", "tanh"};
    return {activations, activation_alpha, activation_beta, defaults, clip,
            direction,   hidden_size,      layout,          3,        false};
  }

  status infer(infer_context& ctx) const { return spec().infer(ctx); }

  status reference(eval_context& ctx) const {
    const recurrent_spec s = spec();
    return run_recurrent(ctx, s, [&](const cell_step& at) {
      const std::size_t n = at.h.size();
      const std::vector<double> before = at.h;
      std::vector<double> reset(n), masked(n);
      for (std::size_t i = 0; i < n; ++i) {
        reset[i] = at.f[0](s.clipped(at.wx[n + i] + at.rb[n + i] + at.recur(n + i, before)));
        masked[i] = reset[i] * before[i];
      }
      for (std::size_t i = 0; i < n; ++i) {
        const double update = at.f[0](s.clipped(at.wx[i] + at.rb[i] + at.recur(i, before)));
        const std::size_t row = 2 * n + i;
        const double past = linear_before_reset ? reset[i] * (at.recur(row, before) + at.rb[row])
                                                : at.recur(row, masked) + at.rb[row];
        at.h[i] = (1 - update) * at.f[1](s.clipped(at.wx[row] + past)) + update * before[i];
      }
    });
  }
};

/// Simple recurrent network: h = f(W x + R h + b)
struct rnn {
  static constexpr op_info info{
      "rnn", ports{"x", "w", "r", maybe("b"), maybe("sequence_lens"), maybe("initial_h")},
      ports{maybe("y"), maybe("y_h")}};
  std::vector<float> activation_alpha = {};
  std::vector<float> activation_beta = {};
  std::vector<std::string> activations = {};  ///< f of each direction
  float clip = 0;
  recurrent_direction direction = recurrent_direction::forward;
  std::optional<std::int64_t> hidden_size = {};
  std::int64_t layout = 0;
  static constexpr auto attributes =
      attributes_of(attribute{"activation_alpha", &rnn::activation_alpha},
                    attribute{"activation_beta", &rnn::activation_beta},
                    attribute{"activations", &rnn::activations},
                    attribute{"clip", &rnn::clip},
                    attribute{"direction", &rnn::direction},
                    attribute{"hidden_size", &rnn::hidden_size},
                    attribute{"layout", &rnn::layout});
  static constexpr onnx_import onnx{"RNN", 7};
  friend bool operator==(const rnn&, const rnn&) = default;

  recurrent_spec spec() const {
    static constexpr std::array<std::string_view, 1> defaults{"tanh"};
    return {activations, activation_alpha, activation_beta, defaults, clip,
            direction,   hidden_size,      layout,          1,        false};
  }

  status infer(infer_context& ctx) const { return spec().infer(ctx); }

  status reference(eval_context& ctx) const {
    const recurrent_spec s = spec();
    return run_recurrent(ctx, s, [&](const cell_step& at) {
      const std::vector<double> before = at.h;
      for (std::size_t i = 0; i < before.size(); ++i)
        at.h[i] = at.f[0](s.clipped(at.wx[i] + at.rb[i] + at.recur(i, before)));
    });
  }
};

using recurrent_ops = type_list<gru, lstm, rnn>;

}  // namespace tenon::inline v0::ops
