// NHWC pooling and resizing, 2-D transposition; included once per instruction set.

namespace tenon::inline v0::cpu::TENON_ISA {

/// Taps of one axis inside [0, size) for output position `at`.
inline void pool_taps(std::size_t at,
                      std::size_t stride,
                      std::size_t pad,
                      std::size_t dilation,
                      std::size_t taps,
                      std::size_t size,
                      std::size_t& begin,
                      std::size_t& end) {
  const auto start = static_cast<std::ptrdiff_t>(at * stride) - static_cast<std::ptrdiff_t>(pad);
  clip_taps(start, dilation, taps, size, begin, end);
}

template <bool Average>
inline void pool_pixel(const pool_args& a,
                       const float* image,
                       std::size_t oy,
                       std::size_t ox,
                       const tap_window& w,
                       float divisor,
                       float* y) {
  const conv_shape& s = a.shape;
  for (std::size_t c = 0; c < s.in_c; c += vl) {
    const std::size_t count = least(vl, s.in_c - c);
    vf sum = Average ? zero() : set1(-__builtin_inff());
    for (std::size_t ky = w.y_begin; ky < w.y_end; ++ky) {
      const std::size_t iy = oy * s.stride_h + ky * s.dilation_h - s.pad_top;
      for (std::size_t kx = w.x_begin; kx < w.x_end; ++kx) {
        const std::size_t ix = ox * s.stride_w + kx * s.dilation_w - s.pad_left;
        const vf v = load_part(image + (iy * s.in_w + ix) * s.in_c + c, count);
        sum = Average ? sum + v : evaluate<binary::max>(sum, v);
      }
    }
    store_part(y + c, Average ? sum / set1(divisor) : sum, count);
  }
}

/// Pools output lines [line_begin, line_end) of batch * out_h.
template <bool Average>
inline void pool(const pool_args& a, std::size_t line_begin, std::size_t line_end) {
  const conv_shape& s = a.shape;
  for (std::size_t line = line_begin; line < line_end; ++line) {
    const float* image = a.x + line / s.out_h * s.in_h * s.in_w * s.in_c;
    const std::size_t oy = line % s.out_h;
    tap_window w{}, padded{};
    pool_taps(oy, s.stride_h, s.pad_top, s.dilation_h, s.kernel_h, s.in_h, w.y_begin, w.y_end);
    pool_taps(oy, s.stride_h, 0, s.dilation_h, s.kernel_h, s.in_h + s.pad_top + a.pad_bottom,
              padded.y_begin, padded.y_end);
    for (std::size_t ox = 0; ox < s.out_w; ++ox) {
      pool_taps(ox, s.stride_w, s.pad_left, s.dilation_w, s.kernel_w, s.in_w, w.x_begin, w.x_end);
      pool_taps(ox, s.stride_w, 0, s.dilation_w, s.kernel_w, s.in_w + s.pad_left + a.pad_right,
                padded.x_begin, padded.x_end);
      const tap_window& counted = a.count_padding ? padded : w;
      const std::size_t area =
          (counted.y_end - counted.y_begin) * (counted.x_end - counted.x_begin);
      float* y = a.y + (line * s.out_w + ox) * s.in_c;
      pool_pixel<Average>(a, image, oy, ox, w, static_cast<float>(area), y);
    }
  }
}

/// Resizes output lines [line_begin, line_end) of batch * out_h.
inline void resize(const resize_args& a, std::size_t line_begin, std::size_t line_end) {
  const resize_axis& v = a.vertical;
  const resize_axis& h = a.horizontal;
  for (std::size_t line = line_begin; line < line_end; ++line) {
    const float* image = a.x + line / a.out_h * a.in_h * a.in_w * a.channels;
    const std::size_t oy = line % a.out_h;
    for (std::size_t ox = 0; ox < a.out_w; ++ox) {
      float* y = a.y + (line * a.out_w + ox) * a.channels;
      for (std::size_t c = 0; c < a.channels; c += vl) {
        const std::size_t count = least(vl, a.channels - c);
        vf sum = zero();
        for (std::size_t i = oy * v.taps; i < (oy + 1) * v.taps; ++i) {
          const float* from = image + v.index[i] * a.in_w * a.channels + c;
          vf part = zero();
          for (std::size_t j = ox * h.taps; j < (ox + 1) * h.taps; ++j) {
            part = fma(load_part(from + h.index[j] * a.channels, count), set1(h.weight[j]), part);
          }
          sum = fma(part, set1(v.weight[i]), sum);
        }
        store_part(y + c, sum, count);
      }
    }
  }
}

/// y[c * ldy + r] = x[r * ldx + c] for r < rows, c < columns; NCHW <-> NHWC is one call per image.
inline void transpose(const float* x,
                      std::size_t ldx,
                      float* y,
                      std::size_t ldy,
                      std::size_t rows,
                      std::size_t columns) {
  constexpr std::size_t block = 32;
  for (std::size_t r0 = 0; r0 < rows; r0 += block) {
    const std::size_t r1 = least(rows, r0 + block);
    for (std::size_t c0 = 0; c0 < columns; c0 += block) {
      const std::size_t c1 = least(columns, c0 + block);
      std::size_t r = r0;
      for (; r + vl <= r1; r += vl) {
        std::size_t c = c0;
        for (; c + vl <= c1; c += vl) {
          transpose_block(x + r * ldx + c, ldx, y + c * ldy + r, ldy);
        }
        for (; c < c1; ++c) {
          for (std::size_t i = r; i < r + vl; ++i) y[c * ldy + i] = x[i * ldx + c];
        }
      }
      for (std::size_t c = c0; c < c1; ++c) {
        for (std::size_t i = r; i < r1; ++i) y[c * ldy + i] = x[i * ldx + c];
      }
    }
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
