// Elementary functions on vectors; included once per instruction set.
// The coefficients are minimax fits of the relative error, made for these kernels.

namespace tenon::inline v0::cpu::TENON_ISA {

/// Value of c[0] + c[1] x + ... at x.
template <std::size_t Count>
inline __attribute__((always_inline)) vf polynomial(vf x, const float (&c)[Count]) {
  vf sum = set1(c[Count - 1]);
#pragma GCC unroll 16
  for (int i = static_cast<int>(Count) - 2; i >= 0; --i) sum = fma(sum, x, set1(c[i]));
  return sum;
}

inline vf vabs(vf x) {
  return as_float(as_int(x) & set1_int(INT32_MAX));
}

/// exp; 0 below -104, infinity above 88.8, subnormal results rounded properly.
inline vf vexp(vf x) {
  constexpr float c[] = {4.999999345e-01F, 1.666652068e-01F, 4.166838753e-02F, 8.368711340e-03F,
                         1.381460831e-03F};
  x = vmin(set1(89.0F), vmax(set1(-104.0F), x));
  const vf n = vround(x * set1(1.44269504F));
  vf r = fnma(n, set1(0.693359375F), x);
  r = fnma(n, set1(-2.12194440e-4F), r);
  const vf tail = fma(r * r, polynomial(r, c), r);
  return scale2(tail + set1(1.0F), to_int(n));
}

/// Natural logarithm; -infinity at zero, NaN below.
inline vf vlog(vf x) {
  constexpr float c[] = {3.333331260e-01F,  -2.500000960e-01F, 2.000211873e-01F,
                         -1.666799567e-01F, 1.421955091e-01F,  -1.240559142e-01F,
                         1.188817462e-01F,  -1.167564127e-01F, 6.746601240e-02F};
  const vm tiny = lt(x, set1(1.17549435e-38F));
  const vf scaled = select(tiny, x * set1(8388608.0F), x);
  const vi bits = (as_int(scaled) & set1_int(0x7fffffff)) - set1_int(0x3f3504f3);
  const vf exponent = to_float(bits >> 23) - select(tiny, set1(23.0F), zero());
  const vf f = as_float((bits & set1_int(0x7fffff)) + set1_int(0x3f3504f3)) - set1(1.0F);
  const vf square = f * f;
  vf y = square * f * polynomial(f, c);
  y = fma(exponent, set1(-2.12194440e-4F), y);
  y = fma(square, set1(-0.5F), y);
  y = fma(exponent, set1(0.693359375F), f + y);
  y = select(lt(x, set1(__builtin_inff())), y, x);
  y = select(lt(x, zero()), set1(__builtin_nanf("")), y);
  return select(eq(x, zero()), set1(-__builtin_inff()), y);
}

inline vf vtanh(vf x) {
  constexpr float p[] = {9.999999987e-01F, 1.367989586e-01F, 3.868303645e-03F,
                         2.800697296e-05F, 3.058386642e-08F, -1.220262963e-11F};
  constexpr float q[] = {1.0F, 4.701322792e-01F, 2.724575067e-02F, 3.938588608e-04F,
                         1.287332774e-06F};
  const vf c = vmin(set1(9.02F), vmax(set1(-9.02F), x));
  const vf t = c * c;
  const vf y = c * polynomial(t, p) / polynomial(t, q);
  return vmin(set1(1.0F), vmax(set1(-1.0F), y));
}

inline vf verf(vf x) {
  constexpr float p[] = {1.128379146e+00F, 1.905894365e-01F, 5.276862992e-02F,
                         3.772338796e-03F, 2.848345990e-04F, 2.046006375e-06F};
  constexpr float q[] = {1.0F,
                         5.022382220e-01F,
                         1.141808490e-01F,
                         1.498277706e-02F,
                         1.163798747e-03F,
                         3.804708766e-05F};
  const vf c = vmin(set1(3.925F), vmax(set1(-3.925F), x));
  const vf t = c * c;
  const vf y = c * polynomial(t, p) / polynomial(t, q);
  return vmin(set1(1.0F), vmax(set1(-1.0F), y));
}

inline vf vsigmoid(vf x) {
  return set1(1.0F) / (set1(1.0F) + vexp(zero() - x));
}

/// sin (Shift 0) or cos (Shift 1); lanes beyond 8192 take the library's function.
template <int Shift> inline vf sin_cos(vf x) {
  constexpr float s[] = {-1.666665386e-01F, 8.332113046e-03F, -1.950874194e-04F};
  constexpr float c[] = {4.166664437e-02F, -1.388725148e-03F, 2.442568077e-05F};
  const vf n = vround(x * set1(0.636619772F));
  vf r = fnma(n, set1(1.5703125F), x);
  r = fnma(n, set1(4.837512969970703125e-4F), r);
  r = fnma(n, set1(7.549789954891e-8F), r);
  const vi quadrant = to_int(n) + set1_int(Shift);
  const vf t = r * r;
  const vf sine = fma(r * t, polynomial(t, s), r);
  const vf cosine = fma(t * t, polynomial(t, c), fma(t, set1(-0.5F), set1(1.0F)));
  const vf y = select(mask_from(quadrant & set1_int(1)), cosine, sine);
  const vf signed_y = as_float(as_int(y) ^ ((quadrant & set1_int(2)) << 30));
  if (!any(lt(set1(8192.0F), vabs(x)))) return signed_y;
  alignas(64) float in[vl], out[vl];
  store(in, x);
  for (std::size_t i = 0; i < vl; ++i) {
    out[i] = Shift == 0 ? __builtin_sinf(in[i]) : __builtin_cosf(in[i]);
  }
  return load(out);
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
