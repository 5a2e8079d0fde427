// Reductions, softmax and norms over rows; included once per instruction set.

namespace tenon::inline v0::cpu::TENON_ISA {

template <reduction Op> inline vf reduction_start() {
  if constexpr (Op == reduction::max) return set1(-__builtin_inff());
  if constexpr (Op == reduction::min) return set1(__builtin_inff());
  if constexpr (Op == reduction::prod) return set1(1.0F);
  return zero();
}

/// The reduction of two partial results.
template <reduction Op> inline vf combine(vf a, vf b) {
  if constexpr (Op == reduction::max) return evaluate<binary::max>(a, b);
  if constexpr (Op == reduction::min) return evaluate<binary::min>(a, b);
  if constexpr (Op == reduction::prod) return a * b;
  return a + b;
}

template <reduction Op> inline vf accumulate(vf sum, vf x) {
  if constexpr (Op == reduction::sum_squares) return fma(x, x, sum);
  return combine<Op>(sum, x);
}

/// Folds the lanes, halves first, so that the order never depends on the length.
template <reduction Op> inline float fold_lanes(vf v) {
  alignas(64) float lanes[2 * vl];
  store(lanes, v);
  store(lanes + vl, reduction_start<Op>());
  for (std::size_t half = vl / 2; half > 0; half /= 2) {
    store(lanes, combine<Op>(load(lanes), load(lanes + half)));
  }
  return lanes[0];
}

/// Reduction of f(x[i], i) over i < n; lanes past the end count as the neutral element.
template <reduction Op, class Function>
inline __attribute__((always_inline)) float reduce_with(std::size_t n, Function f) {
  vf sums[4] = {reduction_start<Op>(), reduction_start<Op>(), reduction_start<Op>(),
                reduction_start<Op>()};
  std::size_t i = 0;
  for (; i + 4 * vl <= n; i += 4 * vl) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) sums[j] = accumulate<Op>(sums[j], f(i + j * vl, vl));
  }
  for (; i + vl <= n; i += vl) sums[0] = accumulate<Op>(sums[0], f(i, vl));
  if (i < n) {
    alignas(64) float lanes[vl];
    store(lanes, reduction_start<Op>());
    alignas(64) float tail[vl];
    store(tail, accumulate<Op>(reduction_start<Op>(), f(i, n - i)));
    for (std::size_t j = 0; j < n - i; ++j) lanes[j] = tail[j];
    sums[1] = combine<Op>(sums[1], load(lanes));
  }
  return fold_lanes<Op>(combine<Op>(combine<Op>(sums[0], sums[1]), combine<Op>(sums[2], sums[3])));
}

inline vf load_part(const float* p, std::size_t count) {
  return count == vl ? load(p) : load_n(p, count);
}

inline void store_part(float* p, vf v, std::size_t count) {
  if (count == vl) return store(p, v);
  store_n(p, v, count);
}

/// y[r] = Op over x[r * columns + c], c < columns.
template <reduction Op>
inline void reduce_rows(const float* x, float* y, std::size_t rows, std::size_t columns) {
  for (std::size_t r = 0; r < rows; ++r) {
    const float* row = x + r * columns;
    const float sum = reduce_with<Op>(
        columns, [&](std::size_t i, std::size_t count)
                     __attribute__((always_inline)) { return load_part(row + i, count); });
    y[r] = Op == reduction::mean ? sum / static_cast<float>(columns) : sum;
  }
}

/// y[c] = Op over x[r * stride + c], r < rows, for columns [begin, end).
template <reduction Op>
inline void reduce_columns(const float* x,
                           std::size_t stride,
                           float* y,
                           std::size_t rows,
                           std::size_t begin,
                           std::size_t end) {
  constexpr std::size_t block = 64;
  for (std::size_t c = begin; c < end; c += vl) {
    const std::size_t count = least(vl, end - c);
    vf total = reduction_start<Op>();
    for (std::size_t first = 0; first < rows; first += block) {
      vf part = reduction_start<Op>();
      for (std::size_t r = first; r < least(rows, first + block); ++r) {
        part = accumulate<Op>(part, load_part(x + r * stride + c, count));
      }
      total = combine<Op>(total, part);
    }
    if (Op == reduction::mean) total = total / set1(static_cast<float>(rows));
    store_part(y + c, total, count);
  }
}

/// Writes scale * x + mask to y and returns its largest element.
inline float softmax_input(const softmax_args& a, const float* x, const float* mask, float* y) {
  const vf scale = set1(a.scale);
  return reduce_with<reduction::max>(
      a.columns, [&](std::size_t i, std::size_t count) __attribute__((always_inline)) {
        vf v = load_part(x + i, count) * scale;
        if (mask != nullptr) v = v + load_part(mask + i, count);
        store_part(y + i, v, count);
        return v;
      });
}

/// Softmax (or its logarithm) of rows [row_begin, row_end).
inline void softmax(const softmax_args& a, std::size_t row_begin, std::size_t row_end) {
  if (a.columns == 0) return;
  for (std::size_t r = row_begin; r < row_end; ++r) {
    float* y = a.y + r * a.columns;
    const float* mask = a.mask != nullptr ? a.mask + r * a.mask_stride : nullptr;
    const vf top = set1(softmax_input(a, a.x + r * a.columns, mask, y));
    const bool log = a.logarithm;
    const float sum = reduce_with<reduction::sum>(
        a.columns, [&](std::size_t i, std::size_t count) __attribute__((always_inline)) {
          const vf shifted = load_part(y + i, count) - top;
          const vf e = vexp(shifted);
          store_part(y + i, log ? shifted : e, count);
          return e;
        });
    if (log) {
      map<unary::affine>(y, y, a.columns, 1.0F, -fold_lanes<reduction::max>(vlog(set1(sum))));
    } else {
      map<unary::affine>(y, y, a.columns, 1.0F / sum, 0.0F);
    }
  }
}

/// Adds the residual into a.sum (or y) and returns the row to normalise.
inline const float* norm_input(const norm_args& a, std::size_t r) {
  const float* x = a.x + r * a.columns;
  if (a.residual == nullptr) return x;
  float* to = (a.sum != nullptr ? a.sum : a.y) + r * a.columns;
  zip_form<binary::add, false, false>(x, a.residual + r * a.columns, to, a.columns);
  return to;
}

/// y = (x - mean) * factor * scale + bias over one row.
inline void norm_output(const norm_args& a, const float* x, float* y, float mean, float factor) {
  const vf m = set1(mean), f = set1(factor);
  for (std::size_t i = 0; i < a.columns; i += vl) {
    const std::size_t count = least(vl, a.columns - i);
    vf v = (load_part(x + i, count) - m) * f;
    if (a.scale != nullptr) v = v * load_part(a.scale + i, count);
    if (a.bias != nullptr) v = v + load_part(a.bias + i, count);
    store_part(y + i, v, count);
  }
}

/// Layer norm of rows [row_begin, row_end); statistics go to a.mean and a.inverse where given.
inline void layer_norm(const norm_args& a, std::size_t row_begin, std::size_t row_end) {
  const auto n = static_cast<float>(a.columns);
  for (std::size_t r = row_begin; r < row_end; ++r) {
    const float* x = norm_input(a, r);
    const float mean =
        reduce_with<reduction::sum>(
            a.columns, [&](std::size_t i, std::size_t count)
                           __attribute__((always_inline)) { return load_part(x + i, count); }) /
        n;
    const vf m = set1(mean);
    const float squares = reduce_with<reduction::sum_squares>(
        a.columns, [&](std::size_t i, std::size_t count)
                       __attribute__((always_inline)) { return load_part(x + i, count) - m; });
    const float factor = 1.0F / __builtin_sqrtf(squares / n + a.epsilon);
    norm_output(a, x, a.y + r * a.columns, mean, factor);
    if (a.mean != nullptr) a.mean[r] = mean;
    if (a.inverse != nullptr) a.inverse[r] = factor;
  }
}

/// Root-mean-square norm of rows [row_begin, row_end).
inline void rms_norm(const norm_args& a, std::size_t row_begin, std::size_t row_end) {
  for (std::size_t r = row_begin; r < row_end; ++r) {
    const float* x = norm_input(a, r);
    const float squares = reduce_with<reduction::sum_squares>(
        a.columns, [&](std::size_t i, std::size_t count)
                       __attribute__((always_inline)) { return load_part(x + i, count); });
    const float mean = squares / static_cast<float>(a.columns);
    const float factor = 1.0F / __builtin_sqrtf(mean + a.epsilon);
    norm_output(a, x, a.y + r * a.columns, 0.0F, factor);
    if (a.inverse != nullptr) a.inverse[r] = factor;
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
