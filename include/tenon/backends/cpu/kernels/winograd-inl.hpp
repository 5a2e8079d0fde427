// 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3) with points 0, +-3/4, +-3/2; included once per instruction set.
// An infinity or NaN in the input makes NaN of the whole 4x4 tile of outputs, not only of those that read it.

namespace tenon::inline v0::cpu::TENON_ISA {

inline constexpr std::size_t winograd_bytes = 768 * 1024;

/// Tiles that are transformed and multiplied together.
inline std::size_t winograd_block(const conv_shape& s) {
  const std::size_t per_tile = winograd_parts * (s.in_c + s.out_c + 32) * sizeof(float);
  return greatest(2 * max_rows,
                  least(8 * max_rows, winograd_bytes / per_tile / max_rows * max_rows));
}

/// Floats between tiles of a transformed operand with `channels`.
inline std::size_t winograd_stride(std::size_t channels) {
  return (channels + 15) / 16 * 16;
}

/// Floats between parts of a block of transformed tiles; no multiple of a page.
inline std::size_t winograd_part(const conv_shape& s, std::size_t channels) {
  return winograd_block(s) * winograd_stride(channels) + 16;
}

inline std::size_t winograd_packed_floats(const conv_shape& s) {
  return winograd_parts * packed_floats(s.in_c, s.out_c);
}

inline std::size_t winograd_workspace_bytes(const conv_shape& s) {
  return (winograd_parts * (winograd_part(s, s.in_c) + winograd_part(s, s.out_c)) +
          winograd_stride(s.in_c)) *
         sizeof(float);
}

/// Rows of G times g for `vl` filters side by side; `step` is between the elements of g and of the result.
inline void winograd_filter(const double (*__restrict__ g)[vl],
                            double (*__restrict__ out)[vl],
                            std::size_t step) {
  for (std::size_t i = 0; i < vl; ++i) {
    const double first = g[0][i], middle = g[step][i], last = g[2 * step][i];
    const double near = first * (64.0 / 243) + last * (36.0 / 243),
                 middle_near = middle * (16.0 / 81);
    const double far = first * (16.0 / 243) + last * (36.0 / 243), middle_far = middle * (8.0 / 81);
    out[0][i] = first * (64.0 / 81);
    out[step][i] = near + middle_near;
    out[2 * step][i] = near - middle_near;
    out[3 * step][i] = far + middle_far;
    out[4 * step][i] = far - middle_far;
    out[5 * step][i] = last;
  }
}

/// Transforms the filters of one input channel for output channels [o, o + count); parts are `step` floats apart.
inline void pack_winograd_filters(const conv_shape& s,
                                  const float* w,
                                  std::size_t o,
                                  std::size_t count,
                                  float* out,
                                  std::size_t step) {
  double g[9][vl] = {}, columns[18][vl], all[winograd_parts][vl];
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < 9; ++k) g[k][i] = static_cast<double>(w[(o + i) * s.in_c * 9 + k]);
  for (std::size_t x = 0; x < 3; ++x) winograd_filter(g + x, columns + x, 3);
  for (std::size_t y = 0; y < 6; ++y) winograd_filter(columns + y * 3, all + y * 6, 1);
  for (std::size_t part = 0; part < winograd_parts; ++part)
    for (std::size_t i = 0; i < vl; ++i) out[part * step + i] = static_cast<float>(all[part][i]);
}

/// Transforms weights [out_c][in_c][3][3] and packs them as one matrix [in_c][out_c] a part.
inline void pack_winograd(const conv_shape& s, const float* w, float* out) {
  const std::size_t step = packed_floats(s.in_c, s.out_c);
  for (std::size_t panel = 0; panel < s.out_c; panel += nr)
    for (std::size_t c = 0; c < s.in_c; ++c)
      for (std::size_t o = panel; o < panel + nr; o += vl, out += vl)
        pack_winograd_filters(s, w + c * 9, o, o < s.out_c ? least(vl, s.out_c - o) : 0, out, step);
}

/// The input transform of six values.
inline __attribute__((always_inline)) void winograd_in(
    vf d0, vf d1, vf d2, vf d3, vf d4, vf d5, vf (&t)[6]) {
  const vf a = set1(1.265625F), b = set1(2.8125F);
  t[0] = fma(a, d0, fnma(b, d2, d4));
  t[5] = fma(a, d1, fnma(b, d3, d5));
  const vf even = fnma(set1(2.0F), d4, d2 * set1(4.5F));
  const vf odd = fnma(set1(1.5F), d3, d1 * set1(3.375F));
  t[1] = even + odd;
  t[2] = even - odd;
  const vf even_far = fnma(set1(1.125F), d2, d4 + d4);
  const vf odd_far = fnma(set1(1.6875F), d1, d3 * set1(3.0F));
  t[3] = even_far + odd_far;
  t[4] = even_far - odd_far;
}

/// The output transform of six values.
inline __attribute__((always_inline)) void winograd_out(
    vf m0, vf m1, vf m2, vf m3, vf m4, vf m5, vf (&y)[4]) {
  const vf sum = m1 + m2, difference = m1 - m2, far = m3 + m4, far_difference = m3 - m4;
  y[0] = m0 + (sum + far);
  y[1] = fma(set1(0.75F), difference, far_difference * set1(1.5F));
  y[2] = fma(set1(0.5625F), sum, far * set1(2.25F));
  y[3] = fma(set1(0.421875F), difference, fma(set1(3.375F), far_difference, m5));
}

/// Transforms the input under one tile; parts are `step` floats apart.
inline void winograd_read(const float* const (&from)[winograd_parts],
                          std::size_t channels,
                          float* to,
                          std::size_t step) {
  for (std::size_t c = 0; c < channels; c += vl) {
    const std::size_t count = least(vl, channels - c);
    vf columns[6][6];
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) {
      vf d[6];
#pragma GCC unroll 6
      for (int y = 0; y < 6; ++y) d[y] = load_part(from[y * 6 + x] + c, count);
      winograd_in(d[0], d[1], d[2], d[3], d[4], d[5], columns[x]);
    }
    for (int y = 0; y < 6; ++y) {
      vf t[6];
      winograd_in(columns[0][y], columns[1][y], columns[2][y], columns[3][y], columns[4][y],
                  columns[5][y], t);
#pragma GCC unroll 6
      for (int x = 0; x < 6; ++x) store(to + static_cast<std::size_t>(y * 6 + x) * step + c, t[x]);
    }
  }
}

/// Output pixels of a tile that lie in the image, and where its first one is.
struct winograd_target {
  std::size_t pixel, height, width;
};

/// The epilogue up to the residual for `count` channels from `c` of one pixel.
inline __attribute__((always_inline)) vf winograd_epilogue(
    const conv_args& a, std::size_t pixel, std::size_t c, std::size_t count, vf v) {
  const epilogue& ep = a.ep;
  if (ep.alpha != 1.0F) v = v * set1(ep.alpha);
  if (ep.scale != nullptr) v = v * load_part(ep.scale + c, count);
  if (ep.bias != nullptr) v = v + load_part(ep.bias + c, count);
  if (ep.residual != nullptr)
    v = v + load_part(ep.residual + pixel * ep.residual_stride + c, count);
  if (ep.act.kind == activation::relu) v = vmax(zero(), v);
  if (ep.act.kind == activation::clip) v = vmin(set1(ep.act.b), vmax(set1(ep.act.a), v));
  return v;
}

/// Transforms the products of one tile and writes its pixels.
inline void winograd_write(const conv_args& a,
                           const float* from,
                           std::size_t step,
                           const winograd_target& to) {
  const conv_shape& s = a.shape;
  for (std::size_t c = 0; c < s.out_c; c += vl) {
    const std::size_t count = least(vl, s.out_c - c);
    vf columns[6][4];
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) {
      vf m[6];
#pragma GCC unroll 6
      for (int y = 0; y < 6; ++y)
        m[y] = load(from + static_cast<std::size_t>(y * 6 + x) * step + c);
      winograd_out(m[0], m[1], m[2], m[3], m[4], m[5], columns[x]);
    }
    for (std::size_t y = 0; y < to.height; ++y) {
      vf line[4];
      winograd_out(columns[0][y], columns[1][y], columns[2][y], columns[3][y], columns[4][y],
                   columns[5][y], line);
      const std::size_t pixel = to.pixel + y * s.out_w;
      for (std::size_t x = 0; x < to.width; ++x) {
        const vf v = winograd_epilogue(a, pixel + x, c, count, line[x]);
        store_part(a.y + (pixel + x) * a.y_stride + c, v, count);
      }
    }
  }
  if (a.ep.act.kind <= activation::clip) return;
  for (std::size_t y = 0; y < to.height; ++y) {
    for (std::size_t x = 0; x < to.width; ++x) {
      activate_row(a.ep.act, a.y + (to.pixel + y * s.out_w + x) * a.y_stride, s.out_c);
    }
  }
}

/// Where the tiles of an image lie.
struct winograd_grid {
  std::size_t high, wide;

  explicit winograd_grid(const conv_shape& s)
      : high(winograd_across(s.out_h)), wide(winograd_across(s.out_w)) {}
};

/// Addresses the 6x6 input pixels under a tile, `zeros` outside of the image.
inline void winograd_address(const conv_args& a,
                             const winograd_grid& grid,
                             std::size_t tile,
                             const float* zeros,
                             const float* (&to)[winograd_parts]) {
  const conv_shape& s = a.shape;
  const float* image = a.x + tile / (grid.high * grid.wide) * s.in_h * s.in_w * a.x_stride;
  const std::size_t top = tile / grid.wide % grid.high * winograd_side;
  const std::size_t left = tile % grid.wide * winograd_side;
  for (std::size_t y = 0; y < winograd_reach; ++y) {
    const std::size_t iy = top + y - s.pad_top;
    for (std::size_t x = 0; x < winograd_reach; ++x) {
      const std::size_t ix = left + x - s.pad_left;
      const bool inside = iy < s.in_h && ix < s.in_w;
      to[y * winograd_reach + x] = inside ? image + (iy * s.in_w + ix) * a.x_stride : zeros;
    }
  }
}

/// Convolution of the 4x4 tiles [tile_begin, tile_end) of batch * high * wide; no result depends on the split.
inline void winograd(const conv_args& a,
                     std::size_t tile_begin,
                     std::size_t tile_end,
                     void* workspace) {
  const conv_shape& s = a.shape;
  const winograd_grid grid(s);
  const std::size_t block = winograd_block(s), panels = panel_count(s.out_c);
  const std::size_t in_step = winograd_part(s, s.in_c), out_step = winograd_part(s, s.out_c);
  const std::size_t lda = winograd_stride(s.in_c), ldc = winograd_stride(s.out_c);
  const std::size_t packed = packed_floats(s.in_c, s.out_c);
  float* in = static_cast<float*>(workspace);
  float* out = in + winograd_parts * in_step;
  float* zeros = out + winograd_parts * out_step;
  zero_floats(zeros, lda);
  for (std::size_t first = tile_begin; first < tile_end; first += block) {
    const std::size_t count = least(block, tile_end - first);
    for (std::size_t i = 0; i < count; ++i) {
      const float* from[winograd_parts];
      winograd_address(a, grid, first + i, zeros, from);
      winograd_read(from, s.in_c, in + i * lda, in_step);
    }
    for (std::size_t part = 0; part < winograd_parts; ++part) {
      gemm({in + part * in_step,
            lda,
            a.w_packed + part * packed,
            out + part * out_step,
            ldc,
            count,
            s.out_c,
            s.in_c,
            {}},
           {0, count, 0, panels});
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t tile = first + i, image = tile / (grid.high * grid.wide);
      const std::size_t top = tile / grid.wide % grid.high * 4, left = tile % grid.wide * 4;
      winograd_write(a, out + i * ldc, out_step,
                     {(image * s.out_h + top) * s.out_w + left, least(4, s.out_h - top),
                      least(4, s.out_w - left)});
    }
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
