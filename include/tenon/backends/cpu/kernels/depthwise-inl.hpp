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

/// Strides of a depthwise window in floats, and where the first pixel's window starts.
struct depthwise_window {
  tap_window taps;
  std::size_t line, tap, step;
  std::ptrdiff_t left;  ///< input column under tap 0 of the first pixel
};

/// Pixels neighbours in a line times two vectors of channels; `x` is the input under tap (0, 0).
/// Whole: both vectors are inside; Inside: every tap of the window meets the image for all pixels.
template <int Pixels, bool Whole, bool Inside>
inline __attribute__((always_inline)) void depthwise_tile(const conv_args& a,
                                                          const float* x,
                                                          const depthwise_window& window,
                                                          const tile_target& to) {
  const conv_shape& s = a.shape;
  const std::size_t channel = to.column;
  const std::size_t second = to.columns > vl ? least(vl, to.columns - vl) : 0;
  const std::size_t offset = Whole || second > 0 ? vl : 0;
  const auto fetch = [&](const float* p, int j) __attribute__((always_inline)) {
    if constexpr (Whole) return load(p + j * vl);
    return j == 0 ? load_n(p, least(vl, to.columns)) : load_n(p + offset, second);
  };
  vf acc[Pixels][2];
#pragma GCC unroll 32
  for (int i = 0; i < Pixels; ++i) acc[i][0] = acc[i][1] = zero();
  for (std::size_t ky = window.taps.y_begin; ky < window.taps.y_end; ++ky) {
    const float* p = x + ky * window.line + window.taps.x_begin * window.tap + channel;
    const float* w = a.w_packed + (ky * s.kernel_w + window.taps.x_begin) * s.in_c + channel;
    for (std::size_t kx = window.taps.x_begin; kx < window.taps.x_end; ++kx) {
      const vf w0 = fetch(w, 0);
      const vf w1 = fetch(w, 1);
#pragma GCC unroll 32
      for (int i = 0; i < Pixels; ++i) {
        if constexpr (!Inside) {
          const auto column = static_cast<std::size_t>(window.left) + kx * s.dilation_w;
          if (column + i * s.stride_w >= s.in_w) continue;
        }
        acc[i][0] = fma(fetch(p + i * window.step, 0), w0, acc[i][0]);
        acc[i][1] = fma(fetch(p + i * window.step, 1), w1, acc[i][1]);
      }
      p += window.tap;
      w += s.in_c;
    }
  }
  finish_tile<Pixels, 2>(acc, to);
}

/// All channels of `Pixels` neighbouring output pixels.
template <int Pixels, bool Inside>
inline void depthwise_pixels(const conv_args& a,
                             const float* x,
                             const depthwise_window& window,
                             std::size_t pixel) {
  const std::size_t channels = a.shape.in_c;
  float* y = a.y + pixel * a.y_stride;
  std::size_t c = 0;
  for (; c + 2 * vl <= channels; c += 2 * vl) {
    const tile_target to{y + c, a.y_stride, pixel, c, 2 * vl, &a.ep};
    depthwise_tile<Pixels, true, Inside>(a, x, window, to);
  }
  if (c < channels) {
    const tile_target to{y + c, a.y_stride, pixel, c, channels - c, &a.ep};
    depthwise_tile<Pixels, false, Inside>(a, x, window, to);
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

/// Up to four pixels of a line, of which `left_over` remain.
inline void depthwise_pixel_group(const conv_args& a,
                                  const float* x,
                                  depthwise_window& window,
                                  std::size_t pixel,
                                  std::size_t left_over) {
  const conv_shape& s = a.shape;
  window.taps.x_begin = 0;
  window.taps.x_end = s.kernel_w;
  const std::size_t reach = 3 * s.stride_w + (s.kernel_w - 1) * s.dilation_w;
  const auto last = window.left + static_cast<std::ptrdiff_t>(reach);
  if (left_over < 4) {
    for (std::size_t i = 0; i < left_over; ++i) {
      clip_taps(window.left, s.dilation_w, s.kernel_w, s.in_w, window.taps.x_begin,
                window.taps.x_end);
      depthwise_pixels<1, true>(a, x + i * window.step, window, pixel + i);
      window.left += static_cast<std::ptrdiff_t>(s.stride_w);
    }
  } else if (window.left >= 0 && last < static_cast<std::ptrdiff_t>(s.in_w)) {
    depthwise_pixels<4, true>(a, x, window, pixel);
  } else {
    depthwise_pixels<4, false>(a, x, window, pixel);
  }
}

/// Depthwise convolution (groups == in_c == out_c) of output lines [line_begin, line_end) of
/// batch * out_h; a.w_packed is from pack_depthwise.
inline void depthwise(const conv_args& a, std::size_t line_begin, std::size_t line_end) {
  const conv_shape& s = a.shape;
  for (std::size_t line = line_begin; line < line_end; ++line) {
    const std::size_t image = line / s.out_h;
    const auto top = static_cast<std::ptrdiff_t>(line % s.out_h * s.stride_h) -
                     static_cast<std::ptrdiff_t>(s.pad_top);
    depthwise_window window{};
    window.line = s.in_w * a.x_stride * s.dilation_h;
    window.tap = a.x_stride * s.dilation_w;
    window.step = a.x_stride * s.stride_w;
    clip_taps(top, s.dilation_h, s.kernel_h, s.in_h, window.taps.y_begin, window.taps.y_end);
    const auto first_row = static_cast<std::ptrdiff_t>(image * s.in_h) + top;
    for (std::size_t x = 0; x < s.out_w; x += 4) {
      window.left =
          static_cast<std::ptrdiff_t>(x * s.stride_w) - static_cast<std::ptrdiff_t>(s.pad_left);
      const std::ptrdiff_t at = first_row * static_cast<std::ptrdiff_t>(s.in_w) + window.left;
      const float* from = a.x + at * static_cast<std::ptrdiff_t>(a.x_stride);
      depthwise_pixel_group(a, from, window, line * s.out_w + x, s.out_w - x);
    }
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
