// NHWC depthwise convolution, vectors along channels; included once per instruction set.

namespace tenon::inline v0::cpu::TENON_ISA {

/// Packs weights [channels][1][kh][kw] into [kh * kw][channels].
inline void pack_depthwise(const conv_shape& s, const float* w, float* out) {
  for (std::size_t t = 0; t < s.kernel_h * s.kernel_w; ++t) {
    for (std::size_t c = 0; c < s.in_c; ++c) *out++ = w[c * s.kernel_h * s.kernel_w + t];
  }
}

/// Kernel taps that meet the image for the pixels at hand.
struct tap_window {
  std::size_t y_begin, y_end, x_begin, x_end;
};

/// Pixels neighbours in a line times two vectors of channels; `x` is the input under tap (0, 0).
template <int Pixels, bool Whole>
inline void depthwise_tile(const conv_args& a,
                           const float* x,
                           std::size_t channel,
                           const tap_window& window,
                           const tile_target& to) {
  const conv_shape& s = a.shape;
  const std::size_t line = s.in_w * a.x_stride * s.dilation_h;
  const std::size_t tap = a.x_stride * s.dilation_w;
  const std::size_t step = a.x_stride * s.stride_w;
  const std::size_t second = to.columns > vl ? least(vl, to.columns - vl) : 0;
  const std::size_t offset = Whole || second > 0 ? vl : 0;
  const auto fetch = [&](const float* p, int j) __attribute__((always_inline)) {
    if constexpr (Whole) return load(p + j * vl);
    return j == 0 ? load_n(p, least(vl, to.columns)) : load_n(p + offset, second);
  };
  vf acc[Pixels][2];
#pragma GCC unroll 32
  for (int i = 0; i < Pixels; ++i) acc[i][0] = acc[i][1] = zero();
  for (std::size_t ky = window.y_begin; ky < window.y_end; ++ky) {
    const float* from = x + ky * line + channel;
    const float* w = a.w_packed + ky * s.kernel_w * s.in_c + channel;
    for (std::size_t kx = window.x_begin; kx < window.x_end; ++kx) {
      const vf w0 = fetch(w + kx * s.in_c, 0);
      const vf w1 = fetch(w + kx * s.in_c, 1);
      const float* p = from + kx * tap;
#pragma GCC unroll 32
      for (int i = 0; i < Pixels; ++i) {
        acc[i][0] = fma(fetch(p + i * step, 0), w0, acc[i][0]);
        acc[i][1] = fma(fetch(p + i * step, 1), w1, acc[i][1]);
      }
    }
  }
  finish_tile<Pixels, 2>(acc, to);
}

template <int Pixels>
inline void depthwise_pixels(const conv_args& a,
                             const float* x,
                             const tap_window& window,
                             std::size_t pixel) {
  const std::size_t channels = a.shape.in_c;
  for (std::size_t c = 0; c < channels; c += 2 * vl) {
    float* y = a.y + pixel * a.y_stride + c;
    const tile_target to{y, a.y_stride, pixel, c, channels - c, &a.ep};
    if (channels - c >= 2 * vl) {
      depthwise_tile<Pixels, true>(a, x, c, window, to);
    } else {
      depthwise_tile<Pixels, false>(a, x, c, window, to);
    }
  }
}

/// First and one past the last tap k < taps whose position start + k * dilation lies in [0, size).
inline void clip_taps(std::ptrdiff_t start,
                      std::size_t dilation,
                      std::size_t taps,
                      std::size_t size,
                      std::size_t& begin,
                      std::size_t& end) {
  begin = 0;
  while (begin < taps && start + static_cast<std::ptrdiff_t>(begin * dilation) < 0) ++begin;
  end = taps;
  const auto limit = static_cast<std::ptrdiff_t>(size);
  while (end > begin && start + static_cast<std::ptrdiff_t>((end - 1) * dilation) >= limit) --end;
}

/// Depthwise convolution (groups == in_c == out_c) of output lines [line_begin, line_end) of
/// batch * out_h; a.w_packed is from pack_depthwise.
inline void depthwise(const conv_args& a, std::size_t line_begin, std::size_t line_end) {
  const conv_shape& s = a.shape;
  for (std::size_t line = line_begin; line < line_end; ++line) {
    const std::size_t image = line / s.out_h;
    const auto top = static_cast<std::ptrdiff_t>(line % s.out_h * s.stride_h) -
                     static_cast<std::ptrdiff_t>(s.pad_top);
    tap_window window{};
    clip_taps(top, s.dilation_h, s.kernel_h, s.in_h, window.y_begin, window.y_end);
    const auto first_row = static_cast<std::ptrdiff_t>(image * s.in_h) + top;
    std::size_t x = 0;
    while (x < s.out_w) {
      const auto left =
          static_cast<std::ptrdiff_t>(x * s.stride_w) - static_cast<std::ptrdiff_t>(s.pad_left);
      clip_taps(left, s.dilation_w, s.kernel_w, s.in_w, window.x_begin, window.x_end);
      const std::ptrdiff_t at = first_row * static_cast<std::ptrdiff_t>(s.in_w) + left;
      const float* from = a.x + at * static_cast<std::ptrdiff_t>(a.x_stride);
      const auto last =
          left + static_cast<std::ptrdiff_t>(3 * s.stride_w + (s.kernel_w - 1) * s.dilation_w);
      const bool four = x + 4 <= s.out_w && left >= 0 && last < static_cast<std::ptrdiff_t>(s.in_w);
      const std::size_t pixel = line * s.out_w + x;
      if (four) {
        depthwise_pixels<4>(a, from, window, pixel);
        x += 4;
      } else {
        depthwise_pixels<1>(a, from, window, pixel);
        x += 1;
      }
    }
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
