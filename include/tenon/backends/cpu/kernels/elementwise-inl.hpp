// Elementwise functions over contiguous ranges; included once per instruction set.

namespace tenon::inline v0::cpu::TENON_ISA {

/// The vector function of `Op`; p and q are its parameters.
template <unary Op>
inline __attribute__((always_inline)) vf evaluate(vf x,
                                                  [[maybe_unused]] vf p,
                                                  [[maybe_unused]] vf q) {
  const vf one = set1(1.0F);
  const vf half = set1(0.5F);
  if constexpr (Op == unary::neg) return as_float(as_int(x) ^ set1_int(INT32_MIN));
  if constexpr (Op == unary::abs) return vabs(x);
  if constexpr (Op == unary::recip) return one / x;
  if constexpr (Op == unary::sqrt) return vsqrt(x);
  if constexpr (Op == unary::floor) return vfloor(x);
  if constexpr (Op == unary::ceil) return vceil(x);
  if constexpr (Op == unary::round) return vround(x);
  if constexpr (Op == unary::exp) return vexp(x);
  if constexpr (Op == unary::log) return vlog(x);
  if constexpr (Op == unary::sin) return sin_cos<0>(x);
  if constexpr (Op == unary::cos) return sin_cos<1>(x);
  if constexpr (Op == unary::tanh) return vtanh(x);
  if constexpr (Op == unary::erf) return verf(x);
  if constexpr (Op == unary::sigmoid) return vsigmoid(x);
  if constexpr (Op == unary::relu) return vmax(zero(), x);
  if constexpr (Op == unary::clip) return vmin(q, vmax(p, x));
  if constexpr (Op == unary::leaky_relu) return select(lt(x, zero()), x * p, x);
  if constexpr (Op == unary::hard_sigmoid) return vmin(one, vmax(zero(), fma(p, x, q)));
  if constexpr (Op == unary::hard_swish) {
    return x * vmin(one, vmax(zero(), fma(x, set1(1.0F / 6.0F), half)));
  }
  if constexpr (Op == unary::gelu_erf) {
    return half * x * (one + verf(x * set1(0.707106781F)));
  }
  if constexpr (Op == unary::gelu_tanh) {
    const vf inner = fma(x * x * x, set1(0.044715F), x) * set1(0.797884561F);
    return half * x * (one + vtanh(inner));
  }
  if constexpr (Op == unary::silu) return x * vsigmoid(x);
  if constexpr (Op == unary::affine) return fma(x, p, q);
}

/// y[i] = Op(x[i]); y may be x.
template <unary Op> inline void map(const float* x, float* y, std::size_t n, float p, float q) {
  const vf pv = set1(p), qv = set1(q);
  std::size_t i = 0;
  for (; i + 2 * vl <= n; i += 2 * vl) {
    const vf a = evaluate<Op>(load(x + i), pv, qv);
    const vf b = evaluate<Op>(load(x + i + vl), pv, qv);
    store(y + i, a);
    store(y + i + vl, b);
  }
  for (; i + vl <= n; i += vl) store(y + i, evaluate<Op>(load(x + i), pv, qv));
  if (i < n) store_n(y + i, evaluate<Op>(load_n(x + i, n - i), pv, qv), n - i);
}

inline vf vpow(vf a, vf b) {
  alignas(64) float x[vl], y[vl];
  store(x, a);
  store(y, b);
  for (std::size_t i = 0; i < vl; ++i) x[i] = __builtin_powf(x[i], y[i]);
  return load(x);
}

template <binary Op> inline __attribute__((always_inline)) vf evaluate(vf a, vf b) {
  if constexpr (Op == binary::add) return a + b;
  if constexpr (Op == binary::sub) return a - b;
  if constexpr (Op == binary::mul) return a * b;
  if constexpr (Op == binary::div) return a / b;
  if constexpr (Op == binary::min) return select(is_nan(a), a, vmin(a, b));
  if constexpr (Op == binary::max) return select(is_nan(a), a, vmax(a, b));
  if constexpr (Op == binary::pow) return vpow(a, b);
}

template <binary Op, bool LeftScalar, bool RightScalar>
inline void zip_form(const float* a, const float* b, float* y, std::size_t n) {
  const vf a0 = LeftScalar ? set1(*a) : zero();
  const vf b0 = RightScalar ? set1(*b) : zero();
  std::size_t i = 0;
  for (; i + vl <= n; i += vl) {
    const vf left = LeftScalar ? a0 : load(a + i);
    const vf right = RightScalar ? b0 : load(b + i);
    store(y + i, evaluate<Op>(left, right));
  }
  if (i < n) {
    const vf left = LeftScalar ? a0 : load_n(a + i, n - i);
    const vf right = RightScalar ? b0 : load_n(b + i, n - i);
    store_n(y + i, evaluate<Op>(left, right), n - i);
  }
}

/// y[i] = Op(a[i], b[i]) where a scalar operand has one element; y may be an operand that is full.
template <binary Op>
inline void zip(const float* a, const float* b, float* y, std::size_t n, operands form) {
  if (n == 0) return;
  if (form == operands::full) return zip_form<Op, false, false>(a, b, y, n);
  if (form == operands::right_scalar) return zip_form<Op, false, true>(a, b, y, n);
  zip_form<Op, true, false>(a, b, y, n);
}

/// Applies an activation in place.
inline void activate_row(const activation_spec& act, float* x, std::size_t n) {
  switch (act.kind) {
    case activation::none:
      return;
    case activation::relu:
      return map<unary::relu>(x, x, n, 0, 0);
    case activation::clip:
      return map<unary::clip>(x, x, n, act.a, act.b);
    case activation::leaky_relu:
      return map<unary::leaky_relu>(x, x, n, act.a, 0);
    case activation::hard_sigmoid:
      return map<unary::hard_sigmoid>(x, x, n, act.a, act.b);
    case activation::hard_swish:
      return map<unary::hard_swish>(x, x, n, 0, 0);
    case activation::sigmoid:
      return map<unary::sigmoid>(x, x, n, 0, 0);
    case activation::tanh:
      return map<unary::tanh>(x, x, n, 0, 0);
    case activation::gelu_erf:
      return map<unary::gelu_erf>(x, x, n, 0, 0);
    case activation::gelu_tanh:
      return map<unary::gelu_tanh>(x, x, n, 0, 0);
    case activation::silu:
      return map<unary::silu>(x, x, n, 0, 0);
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
