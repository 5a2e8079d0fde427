#pragma once

#include "tenon/backends/cpu/linear.hpp"
#include "tenon/backends/cpu/scratch.hpp"
#include "tenon/ops/recurrent.hpp"

#include <algorithm>

/// lstm and gru with standard activations: one product for all inputs, one small product a step.
namespace tenon::inline v0::cpu {

namespace recurrent_detail {

using namespace linear_detail;

template <class Op> const char* standard_cell(const query& q) {
  const auto& op = q.as<Op>();
  for (std::size_t i = 0; i < 3; ++i)
    if (!q.is(i, dtype::f32)) return "needs f32 operands";
  if (!q.in(1).is_constant() || !q.in(2).is_constant()) return "needs constant weights";
  if (!op.activations.empty() || op.clip != 0 || op.layout != 0)
    return "needs standard activations, no clip and layout 0";
  return q.has(4) ? "needs sequences of one length" : nullptr;
}

inline const char* takes_lstm(const query& q) {
  if (q.has(7) || q.as<ops::lstm>().input_forget) return "needs a cell without peepholes";
  return standard_cell<ops::lstm>(q);
}

/// Sizes of a call.
struct cell_sizes {
  std::int64_t steps, batch, width, hidden, gates, directions;

  cell_sizes(const call& from, std::int64_t gate_count) {
    const kernel::array_view &x = from.in(0), &r = from.in(2);
    steps = x.dim(0);
    batch = x.dim(1);
    width = x.dim(2);
    directions = r.dim(0);
    hidden = r.dim(2);
    gates = gate_count;
  }

  std::int64_t state() const { return batch * hidden; }

  std::size_t input_bytes() const { return scratch_of<float>({steps, batch, gates, hidden}); }

  std::size_t state_bytes(std::int64_t count) const {
    return scratch_of<float>({count, batch, hidden});
  }

  std::size_t bias_bytes() const { return scratch_of<float>({gates, hidden}); }
};

/// The parts of the scratch memory of a call.
struct cell_call : cell_sizes {
  float *inputs, *h, *c, *work, *bias;

  cell_call(const call& from, std::int64_t gate_count) : cell_sizes(from, gate_count) {
    std::byte* next = from.scratch;
    const auto take = [&](std::size_t bytes) {
      auto* part = reinterpret_cast<float*>(next);
      next += bytes;
      return part;
    };
    inputs = take(input_bytes());
    h = take(state_bytes(1));
    c = take(state_bytes(1));
    work = take(state_bytes(2));
    bias = take(bias_bytes());
  }
};

template <std::int64_t Gates> std::size_t cell_scratch(const call& c) {
  const cell_sizes s(c, Gates);
  return scratch_sum(
      {s.input_bytes(), s.state_bytes(1), s.state_bytes(1), s.state_bytes(2), s.bias_bytes()});
}

/// The matrices of W, then of R, by direction; the first `joined` gates are one matrix, the last one its own.
template <std::int64_t Gates, std::int64_t Joined> result<prepared> prepare_cell(const query& q) {
  const matrix_kernels& t = select<matrix_kernels>();
  prepared out;
  std::int64_t total = 0;
  for (const bool packs : {false, true}) {
    if (packs) {
      TENON_TRY(out.packed, tensor::make(dtype::f32, extents{total}));
    }
    total = 0;
    for (const std::size_t operand : {1U, 2U}) {
      const tensor& w = q.in(operand).constant;
      const auto hidden = w.dim(1) / Gates;
      const auto k = static_cast<std::size_t>(w.dim(2));
      if (operand == 2) out.numbers[0] = total;
      for (std::int64_t d = 0; d < w.dim(0); ++d)
        for (const std::int64_t first : {std::int64_t{0}, Joined}) {
          if (first == Gates) continue;
          const auto n = static_cast<std::size_t>((first == 0 ? Joined : Gates - Joined) * hidden);
          const float* from = w.data<float>() + (d * w.dim(1) + first * hidden) * w.dim(2);
          if (packs) t.pack_b({from, 1, k}, k, n, out.packed.data<float>() + total);
          total += static_cast<std::int64_t>(t.packed_floats(k, n));
        }
    }
  }
  return out;
}

inline std::int64_t packed_size(std::int64_t k, std::int64_t n) {
  return static_cast<std::int64_t>(select<matrix_kernels>().packed_floats(
      static_cast<std::size_t>(k), static_cast<std::size_t>(n)));
}

/// c = a [rows, k] times packed [k, n], plus a bias or a residual (or null).
inline void multiply(const call& c,
                     const float* a,
                     std::int64_t rows,
                     std::int64_t k,
                     const float* packed,
                     std::int64_t n,
                     float* to,
                     const float* bias,
                     const float* residual) {
  epilogue ep;
  ep.bias = bias;
  ep.residual = residual;
  ep.residual_stride = static_cast<std::size_t>(n);
  run_packed({static_cast<std::size_t>(rows),
              static_cast<std::size_t>(n),
              static_cast<std::size_t>(k),
              a,
              {},
              packed,
              to,
              ep},
             *c.threads);
}

inline void apply(unary f, float* x, std::int64_t n) {
  select<pointwise_kernels>().map[static_cast<std::size_t>(f)](x, x, static_cast<std::size_t>(n), 0,
                                                               0);
}

inline void apply(binary f, const float* a, const float* b, float* y, std::int64_t n) {
  select<pointwise_kernels>().zip[static_cast<std::size_t>(f)](a, b, y, static_cast<std::size_t>(n),
                                                               operands::full);
}

/// The start of a direction's state from input `i`, zeros without it.
inline void start_state(const call& c, std::size_t i, std::int64_t at, float* to, std::int64_t n) {
  if (c.has(i))
    std::copy_n(c.in(i).as<float>() + at, n, to);
  else
    std::fill_n(to, n, 0.0F);
}

/// Wb + Rb of a direction; of the last `apart` values only Wb.
inline const float* joined_bias(const call& c,
                                const cell_call& s,
                                std::int64_t d,
                                std::int64_t apart) {
  if (!c.has(3)) return nullptr;
  const std::int64_t n = s.gates * s.hidden;
  const float* b = c.in(3).as<float>() + d * 2 * n;
  for (std::int64_t i = 0; i < n; ++i) s.bias[i] = i + apart < n ? b[i] + b[n + i] : b[i];
  return s.bias;
}

inline void store_step(const call& c, const cell_call& s, std::int64_t t, std::int64_t d) {
  if (c.has_out(0))
    std::copy_n(s.h, s.state(), c.out(0).as<float>() + (t * s.directions + d) * s.state());
}

/// Gates i, o, f, c of one batch entry: the new cell and output.
inline void lstm_cell(float* g, float* c, float* h, std::int64_t n) {
  apply(unary::sigmoid, g, 3 * n);
  apply(unary::tanh, g + 3 * n, n);
  apply(binary::mul, g, g + 3 * n, g, n);
  apply(binary::mul, g + 2 * n, c, c, n);
  apply(binary::add, c, g, c, n);
  std::copy_n(c, n, h);
  apply(unary::tanh, h, n);
  apply(binary::mul, h, g + n, h, n);
}

inline status run_lstm(const call& call) {
  const cell_call s(call, 4);
  const std::int64_t n = 4 * s.hidden;
  const bool reverses = call.as<ops::lstm>().direction == ops::recurrent_direction::reverse;
  const float* w = call.state->packed.data<float>();
  const float* r = w + call.state->numbers[0];
  for (std::int64_t d = 0; d < s.directions; ++d) {
    start_state(call, 5, d * s.state(), s.h, s.state());
    start_state(call, 6, d * s.state(), s.c, s.state());
    multiply(call, call.in(0).as<float>(), s.steps * s.batch, s.width,
             w + d * packed_size(s.width, n), n, s.inputs, joined_bias(call, s, d, 0), nullptr);
    for (std::int64_t i = 0; i < s.steps; ++i) {
      const std::int64_t t = reverses || d == 1 ? s.steps - 1 - i : i;
      float* g = s.inputs + t * s.batch * n;
      multiply(call, s.h, s.batch, s.hidden, r + d * packed_size(s.hidden, n), n, g, nullptr, g);
      for (std::int64_t b = 0; b < s.batch; ++b)
        lstm_cell(g + b * n, s.c + b * s.hidden, s.h + b * s.hidden, s.hidden);
      store_step(call, s, t, d);
    }
    if (call.has_out(1)) std::copy_n(s.h, s.state(), call.out(1).as<float>() + d * s.state());
    if (call.has_out(2)) std::copy_n(s.c, s.state(), call.out(2).as<float>() + d * s.state());
  }
  return {};
}

/// One direction of a gru: gates z and r are one matrix, h its own.
class gru_direction {
 public:
  gru_direction(const call& call, const cell_call& s, std::int64_t d)
      : call_(call), s_(s), is_linear_(call.as<ops::gru>().linear_before_reset) {
    const float* w = call.state->packed.data<float>();
    const float* r = w + call.state->numbers[0];
    const std::int64_t n = s.hidden, two = 2 * n;
    const std::int64_t w_pair = packed_size(s.width, two), r_pair = packed_size(n, two);
    w += d * (w_pair + packed_size(s.width, n));
    pair_ = r + d * (r_pair + packed_size(n, n));
    last_ = pair_ + r_pair;
    const float* bias = joined_bias(call, s, d, is_linear_ ? n : 0);
    if (call.has(3) && is_linear_) own_bias_ = call.in(3).as<float>() + (d * 2 + 2) * 3 * n - n;
    const std::int64_t rows = s.steps * s.batch;
    z_ = s.inputs;
    h_ = s.inputs + rows * two;
    const float* x = call.in(0).as<float>();
    multiply(call, x, rows, s.width, w, two, z_, bias, nullptr);
    multiply(call, x, rows, s.width, w + w_pair, n, h_, bias ? bias + two : nullptr, nullptr);
  }

  void step(std::int64_t t) {
    const std::int64_t n = s_.hidden, two = 2 * n;
    float *z = z_ + t * s_.batch * two, *in = h_ + t * s_.batch * n, *past = s_.work;
    multiply(call_, s_.h, s_.batch, n, pair_, two, z, nullptr, z);
    apply(unary::sigmoid, z, s_.batch * two);
    if (is_linear_) multiply(call_, s_.h, s_.batch, n, last_, n, past, own_bias_, nullptr);
    for (std::int64_t b = 0; b < s_.batch; ++b)
      apply(binary::mul, z + b * two + n, (is_linear_ ? past : s_.h) + b * n, past + b * n, n);
    if (is_linear_)
      apply(binary::add, in, past, in, s_.state());
    else
      multiply(call_, past, s_.batch, n, last_, n, in, nullptr, in);
    apply(unary::tanh, in, s_.state());
    apply(binary::sub, s_.h, in, s_.h, s_.state());
    for (std::int64_t b = 0; b < s_.batch; ++b)
      apply(binary::mul, s_.h + b * n, z + b * two, s_.h + b * n, n);
    apply(binary::add, s_.h, in, s_.h, s_.state());
  }

 private:
  const call& call_;
  const cell_call& s_;
  bool is_linear_;
  const float *pair_, *last_, *own_bias_ = nullptr;
  float *z_, *h_;
};

inline status run_gru(const call& call) {
  const cell_call s(call, 3);
  const bool reverses = call.as<ops::gru>().direction == ops::recurrent_direction::reverse;
  for (std::int64_t d = 0; d < s.directions; ++d) {
    start_state(call, 5, d * s.state(), s.h, s.state());
    gru_direction cell(call, s, d);
    for (std::int64_t i = 0; i < s.steps; ++i) {
      const std::int64_t t = reverses || d == 1 ? s.steps - 1 - i : i;
      cell.step(t);
      store_step(call, s, t, d);
    }
    if (call.has_out(1)) std::copy_n(s.h, s.state(), call.out(1).as<float>() + d * s.state());
  }
  return {};
}

}  // namespace recurrent_detail

namespace recurrent {

using namespace recurrent_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.lstm.f32", ir::id_of<ops::lstm>(), takes_lstm, prepare_cell<4, 4>, cell_scratch<4>, run_lstm, false},
    {"cpu.gru.f32", ir::id_of<ops::gru>(), standard_cell<ops::gru>, prepare_cell<3, 2>, cell_scratch<3>, run_gru, false},
};
// clang-format on

}  // namespace recurrent

}  // namespace tenon::inline v0::cpu
