// NHWC convolution as a product over addressed or gathered rows; included once per instruction set.

namespace tenon::inline v0::cpu::TENON_ISA {

/// Below this many input channels per group, rows are gathered so that the inner loop stays long.
inline constexpr std::size_t gather_below = 16;
inline constexpr std::size_t pointer_limit = 6144;

inline std::size_t taps(const conv_shape& s) {
  return s.kernel_h * s.kernel_w;
}

inline std::size_t group_in(const conv_shape& s) {
  return s.in_c / s.groups;
}

inline std::size_t group_out(const conv_shape& s) {
  return s.out_c / s.groups;
}

inline bool gathers(const conv_shape& s) {
  return taps(s) > 1 && group_in(s) < gather_below;
}

/// A plain product: no window, no steps, no border.
inline bool is_pointwise(const conv_shape& s) {
  return taps(s) == 1 && s.stride_h == 1 && s.stride_w == 1 && s.pad_top == 0 && s.pad_left == 0 &&
         s.groups == 1 && s.out_h == s.in_h && s.out_w == s.in_w;
}

/// Weight panels of all groups.
inline std::size_t conv_panels(const conv_shape& s) {
  return s.groups * panel_count(group_out(s));
}

inline std::size_t conv_packed_floats(const conv_shape& s) {
  return conv_panels(s) * nr * taps(s) * group_in(s);
}

/// Packs weights [out_c][in_c / groups][kh][kw] into [group][panel][kh * kw * in_c / groups][nr].
inline void pack_conv(const conv_shape& s, const float* w, float* out) {
  const std::size_t depth = taps(s) * group_in(s);
  const std::size_t width = group_out(s);
  for (std::size_t g = 0; g < s.groups; ++g) {
    for (std::size_t column = 0; column < width; column += nr) {
      for (std::size_t t = 0; t < taps(s); ++t) {
        for (std::size_t c = 0; c < group_in(s); ++c) {
          const float* from = w + (g * width + column) * depth + c * taps(s) + t;
          for (std::size_t j = 0; j < nr; ++j) *out++ = column + j < width ? from[j * depth] : 0.0F;
        }
      }
    }
  }
}

inline std::size_t conv_block_rows(const conv_shape& s) {
  const std::size_t fit = gathers(s) ? block_rows(taps(s) * group_in(s)) : block_rows(s.in_c);
  const std::size_t limit = pointer_limit / greatest(taps(s), 1) / max_rows * max_rows;
  return greatest(max_rows, least(fit, limit));
}

/// Bytes of 64-byte aligned workspace that each caller of conv needs.
inline std::size_t conv_workspace_bytes(const conv_shape& s) {
  if (is_pointwise(s)) return 0;
  const std::size_t rows = conv_block_rows(s);
  const std::size_t zeros = (group_in(s) + 15) / 16 * 64;
  const std::size_t depth = taps(s) * group_in(s);
  if (gathers(s)) return zeros + rows * (sizeof(float*) + depth * sizeof(float)) + 64;
  return zeros + rows * taps(s) * sizeof(float*) + 64;
}

/// Walks output pixels in row-major order.
struct pixel_walk {
  const conv_shape& s;
  std::size_t image, y, x;

  pixel_walk(const conv_shape& shape, std::size_t pixel)
      : s(shape),
        image(pixel / (shape.out_h * shape.out_w)),
        y(pixel / shape.out_w % shape.out_h),
        x(pixel % shape.out_w) {}

  void advance() {
    if (++x < s.out_w) return;
    x = 0;
    if (++y < s.out_h) return;
    y = 0;
    ++image;
  }

  /// Input row of kernel line ky, or in_h (or more) where it lies in the border.
  std::size_t in_y(std::size_t ky) const { return y * s.stride_h + ky * s.dilation_h - s.pad_top; }

  std::size_t in_x(std::size_t kx) const { return x * s.stride_w + kx * s.dilation_w - s.pad_left; }
};

/// Writes the tile's pointers rows[tap * height + r], `zeros` where the window leaves the image.
inline void address_rows(const conv_args& a,
                         const float* x,
                         const float* zeros,
                         pixel_walk& at,
                         std::size_t height,
                         const float** rows) {
  const conv_shape& s = a.shape;
  for (std::size_t r = 0; r < height; ++r, at.advance()) {
    const float* image = x + at.image * s.in_h * s.in_w * a.x_stride;
    const float** to = rows + r;
    for (std::size_t ky = 0; ky < s.kernel_h; ++ky) {
      const std::size_t iy = at.in_y(ky);
      for (std::size_t kx = 0; kx < s.kernel_w; ++kx, to += height) {
        const std::size_t ix = at.in_x(kx);
        const bool inside = iy < s.in_h && ix < s.in_w;
        *to = inside ? image + (iy * s.in_w + ix) * a.x_stride : zeros;
      }
    }
  }
}

inline void copy_floats(const float* from, float* to, std::size_t n) {
  std::size_t i = 0;
  for (; i + vl <= n; i += vl) store(to + i, load(from + i));
  for (; i + 4 <= n; i += 4) __builtin_memcpy(to + i, from + i, 4 * sizeof(float));
  for (; i < n; ++i) to[i] = from[i];
}

inline void zero_floats(float* to, std::size_t n) {
  std::size_t i = 0;
  for (; i + vl <= n; i += vl) store(to + i, zero());
  for (; i < n; ++i) to[i] = 0.0F;
}

/// Copies the window under one output pixel into `to`, [kh][kw][in_c / groups].
inline void gather_row(const conv_args& a, const float* x, const pixel_walk& at, float* to) {
  const conv_shape& s = a.shape;
  const std::size_t width = group_in(s);
  const bool dense = s.dilation_w == 1 && a.x_stride == width;
  const float* image = x + at.image * s.in_h * s.in_w * a.x_stride;
  for (std::size_t ky = 0; ky < s.kernel_h; ++ky) {
    const std::size_t iy = at.in_y(ky);
    if (iy >= s.in_h) {
      zero_floats(to, s.kernel_w * width);
      to += s.kernel_w * width;
      continue;
    }
    const float* line = image + iy * s.in_w * a.x_stride;
    if (dense && at.in_x(0) < s.in_w && at.in_x(s.kernel_w - 1) < s.in_w) {
      copy_floats(line + at.in_x(0) * width, to, s.kernel_w * width);
      to += s.kernel_w * width;
      continue;
    }
    for (std::size_t kx = 0; kx < s.kernel_w; ++kx, to += width) {
      const std::size_t ix = at.in_x(kx);
      if (ix < s.in_w) {
        copy_floats(line + ix * a.x_stride, to, width);
      } else {
        zero_floats(to, width);
      }
    }
  }
}

/// The parts of a conv workspace.
struct conv_workspace {
  float* zeros;
  const float** rows;
  float* gathered;

  conv_workspace(const conv_shape& s, void* memory) {
    char* at = static_cast<char*>(memory);
    zeros = reinterpret_cast<float*>(at);
    at += (group_in(s) + 15) / 16 * 64;
    rows = reinterpret_cast<const float**>(at);
    at += conv_block_rows(s) * (gathers(s) ? 1 : taps(s)) * sizeof(float*);
    gathered = reinterpret_cast<float*>(at);
  }
};

/// Prepares the rows of one block for one group.
inline tile_sweep prepare_block(const conv_args& a,
                                std::size_t group,
                                std::size_t row,
                                std::size_t height,
                                const conv_workspace& space) {
  const conv_shape& s = a.shape;
  const std::size_t depth = taps(s) * group_in(s);
  const float* x = a.x + group * group_in(s);
  pixel_walk at(s, row);
  const std::size_t count = tile_count(height);
  if (gathers(s)) {
    for (std::size_t r = 0; r < height; ++r, at.advance()) {
      gather_row(a, x, at, space.gathered + r * depth);
      space.rows[r] = space.gathered + r * depth;
    }
    return {space.rows, 1, depth, row, row + height, count};
  }
  const float** rows = space.rows;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t tile_rows = tile_height(height, count, i);
    address_rows(a, x, space.zeros, at, tile_rows, rows);
    rows += tile_rows * taps(s);
  }
  return {space.rows, taps(s), group_in(s), row, row + height, count};
}

/// Convolution of output pixels [row_begin, row_end) of batch * out_h * out_w and weight panels
/// [panel_begin, panel_end) of conv_panels; no result depends on how ranges are split.
inline void conv(const conv_args& a, const tile_range& range, void* workspace) {
  const conv_shape& s = a.shape;
  if (range.row_end <= range.row_begin || range.panel_end <= range.panel_begin) return;
  if (is_pointwise(s)) {
    return gemm({a.x, a.x_stride, a.w_packed, a.y, a.y_stride, s.batch * s.out_h * s.out_w, s.out_c,
                 s.in_c, a.ep},
                range);
  }
  const conv_workspace space(s, workspace);
  zero_floats(space.zeros, group_in(s));
  const std::size_t per_group = panel_count(group_out(s));
  const std::size_t panel = taps(s) * group_in(s) * nr;
  const std::size_t rows = range.row_end - range.row_begin;
  const std::size_t blocks = (rows + conv_block_rows(s) - 1) / conv_block_rows(s);
  std::size_t first = range.panel_begin;
  while (first < range.panel_end) {
    const std::size_t group = first / per_group;
    const std::size_t last = least(range.panel_end, (group + 1) * per_group);
    std::size_t row = range.row_begin;
    for (std::size_t i = 0; i < blocks; ++i) {
      const std::size_t height = tile_height(rows, blocks, i);
      const tile_sweep sweep = prepare_block(a, group, row, height, space);
      for (std::size_t p = first; p < last; ++p) {
        const float* b = a.w_packed + p * panel;
        const std::size_t at = (p - group * per_group) * nr;
        const float* next = p + 1 < range.panel_end ? b + panel : nullptr;
        sweep_panel(sweep, b, next, a.y, a.y_stride, group * group_out(s) + at, group_out(s) - at,
                    a.ep);
      }
      row += height;
    }
    first = last;
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
