// Floats to bytes and back with one scale and zero point; included once per instruction set.

namespace tenon::inline v0::cpu::TENON_ISA {

template <class T> using byte_vector __attribute__((vector_size(vl))) = T;

/// y = clamp(round(x / scale) + zero), ties to even; NaN becomes the lowest value.
template <class T>
inline void quantize(const float* x, T* y, std::size_t n, float scale, std::int32_t zero) {
  constexpr bool is_signed = static_cast<T>(-1) < T{0};
  const vf low = set1(is_signed ? -128.0F : 0.0F), high = set1(is_signed ? 127.0F : 255.0F);
  const vf divisor = set1(scale), offset = set1(static_cast<float>(zero));
  const auto bytes = [&](vf v) __attribute__((always_inline)) {
    const vf shifted = vround(v / divisor) + offset;
    return __builtin_convertvector(to_int(vmin(high, vmax(shifted, low))), byte_vector<T>);
  };
  std::size_t i = 0;
  for (; i + vl <= n; i += vl) {
    const byte_vector<T> out = bytes(load(x + i));
    __builtin_memcpy(y + i, &out, vl);
  }
  if (i == n) return;
  const byte_vector<T> out = bytes(load_n(x + i, n - i));
  __builtin_memcpy(y + i, &out, n - i);
}

/// y = (x - zero) * scale
template <class T>
inline void dequantize(const T* x, float* y, std::size_t n, float scale, std::int32_t zero) {
  const vf factor = set1(scale);
  const vi offset = set1_int(zero);
  const auto floats = [&](byte_vector<T> v) __attribute__((always_inline)) {
    return to_float(__builtin_convertvector(v, vi) - offset) * factor;
  };
  byte_vector<T> in = {};
  std::size_t i = 0;
  for (; i + vl <= n; i += vl) {
    __builtin_memcpy(&in, x + i, vl);
    store(y + i, floats(in));
  }
  if (i == n) return;
  __builtin_memcpy(&in, x + i, n - i);
  store_n(y + i, floats(in), n - i);
}

inline std::uint32_t sum_u8(const std::uint8_t* x, std::size_t n) {
  vi sums = set1_int(0);
  byte_vector<std::uint8_t> in = {};
  std::size_t i = 0;
  for (; i + vl <= n; i += vl) {
    __builtin_memcpy(&in, x + i, vl);
    sums = sums + __builtin_convertvector(in, vi);
  }
  std::uint32_t sum = 0;
  for (std::size_t lane = 0; lane < vl; ++lane) sum += static_cast<std::uint32_t>(sums[lane]);
  for (; i < n; ++i) sum += x[i];
  return sum;
}

/// y += factor * x + shift, modulo 2^32
inline void add_scaled(std::uint32_t* y,
                       const std::uint32_t* x,
                       std::size_t n,
                       std::uint32_t factor,
                       std::uint32_t shift) {
  using vu __attribute__((vector_size(vl * sizeof(std::uint32_t)))) = std::uint32_t;
  vu a, b;
  std::size_t i = 0;
  for (; i + vl <= n; i += vl) {
    __builtin_memcpy(&a, x + i, sizeof(a));
    __builtin_memcpy(&b, y + i, sizeof(b));
    b = b + a * factor + shift;
    __builtin_memcpy(y + i, &b, sizeof(b));
  }
  for (; i < n; ++i) y[i] += factor * x[i] + shift;
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
