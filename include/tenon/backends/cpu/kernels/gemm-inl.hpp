// Matrix product over weight panels [n / nr][k][nr]; included once per instruction set.

namespace tenon::inline v0::cpu::TENON_ISA {

inline constexpr std::size_t nr = static_cast<std::size_t>(panel_vectors) * vl;
inline constexpr std::size_t row_block_bytes = 256 * 1024;

inline std::size_t least(std::size_t a, std::size_t b) {
  return a < b ? a : b;
}

inline std::size_t greatest(std::size_t a, std::size_t b) {
  return a > b ? a : b;
}

/// Operand rows of a tile: rows[t * height + r] starts `depth` floats of row r under kernel tap t.
struct tile_rows {
  const float* const* rows;
  std::size_t taps, depth;
};

/// Where a tile goes: its first element, its position, columns left in the matrix.
struct tile_target {
  float* c;
  std::size_t ldc, row, column, columns;
  const epilogue* ep;
};

template <int Rows, int Vectors>
inline __attribute__((always_inline)) void apply_linear(vf (&acc)[Rows][Vectors],
                                                        const tile_target& to) {
  const epilogue& ep = *to.ep;
  const bool whole = to.columns >= Vectors * vl;
  if (ep.alpha != 1.0F) {
    const vf alpha = set1(ep.alpha);
#pragma GCC unroll 32
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 32
      for (int j = 0; j < Vectors; ++j) acc[r][j] = acc[r][j] * alpha;
    }
  }
  if (ep.scale != nullptr || ep.bias != nullptr) {
#pragma GCC unroll 32
    for (int j = 0; j < Vectors; ++j) {
      const std::size_t at = j * vl;
      const std::size_t left = to.columns > at ? to.columns - at : 0;
      const auto column = [&](const float* p) __attribute__((always_inline)) {
        return whole ? load(p + to.column + at)
                     : load_n(p + to.column + least(at, to.columns), left);
      };
      const vf scale = ep.scale != nullptr ? column(ep.scale) : set1(1.0F);
      const vf bias = ep.bias != nullptr ? column(ep.bias) : zero();
#pragma GCC unroll 32
      for (int r = 0; r < Rows; ++r) acc[r][j] = fma(acc[r][j], scale, bias);
    }
  }
  if (ep.residual != nullptr) {
    const float* base = ep.residual + to.row * ep.residual_stride + to.column;
#pragma GCC unroll 32
    for (int r = 0; r < Rows; ++r) {
      const float* row = base + r * ep.residual_stride;
#pragma GCC unroll 32
      for (int j = 0; j < Vectors; ++j) {
        const std::size_t at = j * vl;
        if (whole) {
          acc[r][j] = acc[r][j] + load(row + at);
        } else if (to.columns > at) {
          acc[r][j] = acc[r][j] + load_n(row + at, to.columns - at);
        }
      }
    }
  }
}

/// Finishes a tile: linear part and clamps in registers, other activations over the stored rows.
template <int Rows, int Vectors>
inline __attribute__((always_inline)) void finish_tile(vf (&acc)[Rows][Vectors],
                                                       const tile_target& to) {
  apply_linear<Rows, Vectors>(acc, to);
  const activation_spec act = to.ep->act;
  if (act.kind == activation::relu || act.kind == activation::clip) {
    const bool clip = act.kind == activation::clip;
    const vf low = set1(clip ? act.a : 0.0F);
    const vf high = set1(clip ? act.b : __builtin_inff());
#pragma GCC unroll 32
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 32
      for (int j = 0; j < Vectors; ++j) acc[r][j] = vmin(high, vmax(low, acc[r][j]));
    }
  }
  if (to.columns >= Vectors * vl) {
#pragma GCC unroll 32
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 32
      for (int j = 0; j < Vectors; ++j) store(to.c + r * to.ldc + j * vl, acc[r][j]);
    }
  } else {
#pragma GCC unroll 32
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 32
      for (int j = 0; j < Vectors; ++j) {
        const std::size_t at = j * vl;
        if (to.columns > at) store_n(to.c + r * to.ldc + at, acc[r][j], least(vl, to.columns - at));
      }
    }
  }
  if (act.kind > activation::clip) {
    for (int r = 0; r < Rows; ++r) {
      activate_row(act, to.c + r * to.ldc, least(Vectors * vl, to.columns));
    }
  }
}

/// One tile of Rows x (Panels * nr); `next` is fetched ahead, one line per step of k.
template <int Rows, int Panels>
__attribute__((noinline)) inline void tile(const tile_rows& from,
                                           const float* b,
                                           std::size_t panel_stride,
                                           const char* next,
                                           std::size_t next_step,
                                           const tile_target& to) {
  constexpr int vectors = Panels * panel_vectors;
  vf acc[Rows][vectors];
#pragma GCC unroll 32
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 32
    for (int j = 0; j < vectors; ++j) acc[r][j] = zero();
  }
  for (std::size_t t = 0; t < from.taps; ++t) {
    const float* a[Rows];
#pragma GCC unroll 32
    for (int r = 0; r < Rows; ++r) a[r] = from.rows[t * Rows + r];
    for (std::size_t k = 0; k < from.depth; ++k) {
      vf bv[vectors];
#pragma GCC unroll 32
      for (int j = 0; j < vectors; ++j) {
        bv[j] = load(b + (j / panel_vectors) * panel_stride + (j % panel_vectors) * vl);
      }
      b += nr;
      if constexpr (Panels == 1) {
        __builtin_prefetch(next, 0, 2);
        next += next_step;
      }
#pragma GCC unroll 32
      for (int r = 0; r < Rows; ++r) {
        const vf av = set1(a[r][k]);
#pragma GCC unroll 32
        for (int j = 0; j < vectors; ++j) acc[r][j] = fma(av, bv[j], acc[r][j]);
      }
    }
  }
  finish_tile<Rows, vectors>(acc, to);
}

using tile_function = void (*)(
    const tile_rows&, const float*, std::size_t, const char*, std::size_t, const tile_target&);

/// Panels that a tile of few rows covers at once, so that enough sums are in flight.
constexpr int side_panels(int rows) {
  return rows * panel_vectors >= 8 ? 1 : 8 / (rows * panel_vectors);
}

inline constexpr tile_function tiles[] = {tile<1, 1>, tile<2, 1>, tile<3, 1>,
                                          tile<4, 1>, tile<5, 1>, tile<6, 1>};

/// A run of tiles over one weight panel; the tiles' pointers lie one after the other in `rows`.
struct tile_sweep {
  const float* const* rows;
  std::size_t taps, depth;
  std::size_t row_begin, row_end;
  std::size_t count;  ///< tiles
};

/// Rows of tile i of `count` balanced tiles over `rows` rows.
inline std::size_t tile_height(std::size_t rows, std::size_t count, std::size_t i) {
  return rows / count + (i < rows % count ? 1 : 0);
}

inline std::size_t tile_count(std::size_t rows) {
  return (rows + max_rows - 1) / max_rows;
}

/// Runs all tiles of the sweep against panel `b`, fetching `next` (null: none) meanwhile.
inline void sweep_panel(const tile_sweep& sweep,
                        const float* b,
                        const float* next,
                        float* c,
                        std::size_t ldc,
                        std::size_t column,
                        std::size_t columns,
                        const epilogue& ep) {
  constexpr std::size_t line = 64;
  const std::size_t steps = sweep.taps * sweep.depth;
  const std::size_t panel_bytes = steps * nr * sizeof(float);
  const char* ahead = reinterpret_cast<const char*>(next);
  const float* const* rows = sweep.rows;
  std::size_t row = sweep.row_begin;
  for (std::size_t i = 0; i < sweep.count; ++i) {
    const std::size_t height = tile_height(sweep.row_end - sweep.row_begin, sweep.count, i);
    const bool fetch = ahead != nullptr && i * steps * line < panel_bytes;
    const char* from = fetch ? ahead + i * steps * line : reinterpret_cast<const char*>(b);
    const tile_target to{c + row * ldc + column, ldc, row, column, columns, &ep};
    tiles[height - 1]({rows, sweep.taps, sweep.depth}, b, 0, from, fetch ? line : 0, to);
    rows += height * sweep.taps;
    row += height;
  }
}

/// Few rows against many panels: streams several panels at once.
template <int Rows>
inline void stream_panels(const gemm_args& g,
                          const float* const* rows,
                          std::size_t row,
                          std::size_t panel_begin,
                          std::size_t panel_end) {
  constexpr int wide = side_panels(Rows);
  const std::size_t stride = g.k * nr;
  const tile_rows from{rows, 1, g.k};
  std::size_t p = panel_begin;
  for (; p + wide <= panel_end; p += wide) {
    const std::size_t column = p * nr;
    const tile_target to{g.c + row * g.ldc + column, g.ldc, row, column, g.n - column, &g.ep};
    tile<Rows, wide>(from, g.b_packed + p * stride, stride, nullptr, 0, to);
  }
  for (; p < panel_end; ++p) {
    const std::size_t column = p * nr;
    const tile_target to{g.c + row * g.ldc + column, g.ldc, row, column, g.n - column, &g.ep};
    const float* b = g.b_packed + p * stride;
    tile<Rows, 1>(from, b, stride, reinterpret_cast<const char*>(b), 0, to);
  }
}

inline constexpr std::size_t block_rows_limit = 384;

/// Rows per block, so that a block of A stays in the second-level cache.
inline std::size_t block_rows(std::size_t k) {
  const std::size_t fit = row_block_bytes / (greatest(k, 1) * sizeof(float));
  const std::size_t whole = fit / max_rows * max_rows;
  return greatest(max_rows, least(whole, block_rows_limit));
}

/// Product of the rows and panels in `range`; the result does not depend on how ranges are split.
inline void gemm(const gemm_args& g, const tile_range& range) {
  const std::size_t rows = range.row_end - range.row_begin;
  if (range.row_end <= range.row_begin || range.panel_end <= range.panel_begin) return;
  const float* pointers[block_rows_limit];
  if (rows <= 2) {
    for (std::size_t r = 0; r < rows; ++r) pointers[r] = g.a + (range.row_begin + r) * g.lda;
    const auto run = rows == 1 ? stream_panels<1> : stream_panels<2>;
    return run(g, pointers, range.row_begin, range.panel_begin, range.panel_end);
  }
  const std::size_t blocks = (rows + block_rows(g.k) - 1) / block_rows(g.k);
  const std::size_t panel = g.k * nr;
  std::size_t row = range.row_begin;
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::size_t height = tile_height(rows, blocks, i);
    for (std::size_t r = 0; r < height; ++r) pointers[r] = g.a + (row + r) * g.lda;
    const tile_sweep sweep{pointers, 1, g.k, row, row + height, tile_count(height)};
    for (std::size_t p = range.panel_begin; p < range.panel_end; ++p) {
      const float* b = g.b_packed + p * panel;
      const float* next = p + 1 < range.panel_end ? b + panel : nullptr;
      sweep_panel(sweep, b, next, g.c, g.ldc, p * nr, g.n - p * nr, g.ep);
    }
    row += height;
  }
}

/// Panels of n columns.
inline std::size_t panel_count(std::size_t n) {
  return (n + nr - 1) / nr;
}

/// Floats that pack_b writes.
inline std::size_t packed_floats(std::size_t k, std::size_t n) {
  return panel_count(n) * nr * k;
}

/// Packs one panel: columns [column, column + nr) of B, zeros past `n`.
inline void pack_panel(
    const matrix_view& b, std::size_t k, std::size_t n, std::size_t column, float* out) {
  const std::size_t width = least(nr, n - column);
  const float* from = b.data + column * b.n_stride;
  std::size_t done = 0;
  if (b.k_stride == 1 && width == nr) {
    for (; done + vl <= k; done += vl) {
      for (std::size_t j = 0; j < nr; j += vl) {
        transpose_block(from + j * b.n_stride + done, b.n_stride, out + done * nr + j, nr);
      }
    }
  }
  for (std::size_t i = done; i < k; ++i) {
    const float* row = from + i * b.k_stride;
    float* to = out + i * nr;
    if (b.n_stride == 1 && width == nr) {
      for (std::size_t j = 0; j < nr; j += vl) store(to + j, load(row + j));
      continue;
    }
    for (std::size_t j = 0; j < width; ++j) to[j] = row[j * b.n_stride];
    for (std::size_t j = width; j < nr; ++j) to[j] = 0.0F;
  }
}

/// Packs all of B[k, n] into packed_floats(k, n) floats.
inline void pack_b(const matrix_view& b, std::size_t k, std::size_t n, float* out) {
  for (std::size_t column = 0; column < n; column += nr, out += k * nr) {
    pack_panel(b, k, n, column, out);
  }
}

/// Floats of workspace that gemm_unpacked needs.
inline std::size_t gemm_unpacked_floats(std::size_t k) {
  return k * nr;
}

/// gemm with an unpacked B (g.b_packed is ignored): packs one panel at a time into `workspace`.
inline void gemm_unpacked(const gemm_args& g,
                          const matrix_view& b,
                          const tile_range& range,
                          float* workspace) {
  if (range.row_end <= range.row_begin) return;
  for (std::size_t p = range.panel_begin; p < range.panel_end; ++p) {
    const std::size_t column = p * nr;
    pack_panel(b, g.k, g.n, column, workspace);
    gemm_args part = g;
    part.b_packed = workspace;
    part.c = g.c + column;
    part.n = g.n - column;
    if (g.ep.scale != nullptr) part.ep.scale = g.ep.scale + column;
    if (g.ep.bias != nullptr) part.ep.bias = g.ep.bias + column;
    if (g.ep.residual != nullptr) part.ep.residual = g.ep.residual + column;
    gemm(part, {range.row_begin, range.row_end, 0, 1});
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
