// Exact product of unsigned by signed bytes; included once per instruction set.

namespace tenon::inline v0::cpu::TENON_ISA {

inline constexpr std::size_t s8_chunk = 1024;

/// Bytes that pack_b_s8 writes with `Group` neighbouring k per column.
template <std::size_t Group> inline std::size_t packed_s8_bytes(std::size_t k, std::size_t n) {
  return panel_count(n) * nr * ((k + Group - 1) / Group * Group);
}

/// Packs B[k, n] into [n / nr][k / Group][nr][Group], zeros past k and n.
template <std::size_t Group>
inline void pack_b_s8(const std::int8_t* b,
                      std::size_t k_stride,
                      std::size_t n_stride,
                      std::size_t k,
                      std::size_t n,
                      std::int8_t* out) {
  for (std::size_t column = 0; column < n; column += nr) {
    for (std::size_t i = 0; i < k; i += Group) {
      for (std::size_t j = 0; j < nr; ++j) {
        for (std::size_t g = 0; g < Group; ++g) {
          const bool inside = i + g < k && column + j < n;
          *out++ = inside ? b[(i + g) * k_stride + (column + j) * n_stride] : std::int8_t{0};
        }
      }
    }
  }
}

/// sums[n] = sum over k of B[k, n]; corrects a zero point of A.
inline void column_sums_s8(const std::int8_t* b,
                           std::size_t k_stride,
                           std::size_t n_stride,
                           std::size_t k,
                           std::size_t n,
                           std::int32_t* sums) {
  for (std::size_t j = 0; j < n; ++j) sums[j] = 0;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < n; ++j) sums[j] += b[i * k_stride + j * n_stride];
  }
}

/// One tile over `groups` groups; each row of `a` has one 32-bit operand per group.
template <int Rows, std::size_t Group>
__attribute__((noinline)) inline void s8_tile(const std::int32_t* a,
                                              std::size_t a_stride,
                                              std::size_t groups,
                                              const std::int8_t* b,
                                              std::int32_t* c,
                                              std::size_t ldc,
                                              std::size_t columns,
                                              bool add) {
  vi acc[Rows][panel_vectors];
#pragma GCC unroll 32
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 32
    for (int j = 0; j < panel_vectors; ++j) acc[r][j] = set1_int(0);
  }
  for (std::size_t g = 0; g < groups; ++g, b += nr * Group) {
    vi bv[panel_vectors];
#pragma GCC unroll 32
    for (int j = 0; j < panel_vectors; ++j) {
      if constexpr (Group == 2) bv[j] = load_i8_pairs(b + j * vl * Group);
      if constexpr (Group == 4) bv[j] = load_int(b + j * vl * Group);
    }
#pragma GCC unroll 32
    for (int r = 0; r < Rows; ++r) {
      const vi av = set1_int(a[r * a_stride + g]);
#pragma GCC unroll 32
      for (int j = 0; j < panel_vectors; ++j) {
        if constexpr (Group == 2) acc[r][j] = acc[r][j] + madd_i16(av, bv[j]);
#ifdef TENON_ISA_DOT4
        if constexpr (Group == 4) acc[r][j] = dot4_u8s8(acc[r][j], av, bv[j]);
#endif
      }
    }
  }
  alignas(64) std::int32_t row[nr];
#pragma GCC unroll 32
  for (int r = 0; r < Rows; ++r) {
    const bool whole = columns >= nr;
    std::int32_t* to = whole ? c + r * ldc : row;
#pragma GCC unroll 32
    for (int j = 0; j < panel_vectors; ++j) {
      store_int(to + j * vl, whole && add ? load_int(to + j * vl) + acc[r][j] : acc[r][j]);
    }
    if (whole) continue;
    for (std::size_t j = 0; j < columns; ++j) {
      const auto old = static_cast<std::uint32_t>(add ? c[r * ldc + j] : 0);
      c[r * ldc + j] = static_cast<std::int32_t>(old + static_cast<std::uint32_t>(row[j]));
    }
  }
}

/// Operands of `groups` groups of one row of A: 16-bit pairs or byte quadruples, zeros past `k`.
template <std::size_t Group>
inline void widen_row(const std::uint8_t* a, std::size_t k, std::int32_t* out) {
  for (std::size_t i = 0; i < k; i += Group) {
    std::uint32_t word = 0;
    for (std::size_t g = 0; g < Group && i + g < k; ++g) {
      word |= static_cast<std::uint32_t>(a[i + g]) << (g * 32 / Group);
    }
    *out++ = static_cast<std::int32_t>(word);
  }
}

/// C = A * B for the rows and panels of `range`; exact, whatever the split.
template <std::size_t Group>
inline void gemm_u8s8(const gemm_u8s8_args& g, const tile_range& range) {
  using function = void (*)(const std::int32_t*, std::size_t, std::size_t, const std::int8_t*,
                            std::int32_t*, std::size_t, std::size_t, bool);
  static constexpr function run[] = {s8_tile<1, Group>, s8_tile<2, Group>, s8_tile<3, Group>,
                                     s8_tile<4, Group>, s8_tile<5, Group>, s8_tile<6, Group>};
  constexpr std::size_t stride = s8_chunk / Group;
  std::int32_t operands[max_rows * stride];
  if (range.row_end <= range.row_begin) return;
  const std::size_t depth = (g.k + Group - 1) / Group * Group;
  const std::size_t rows = range.row_end - range.row_begin;
  const std::size_t count = tile_count(rows);
  std::size_t row = range.row_begin;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t height = tile_height(rows, count, i);
    std::size_t k = 0;
    do {
      const std::size_t part = least(s8_chunk, g.k - k);
      for (std::size_t r = 0; r < height; ++r) {
        widen_row<Group>(g.a + (row + r) * g.lda + k, part, operands + r * stride);
      }
      for (std::size_t p = range.panel_begin; p < range.panel_end; ++p) {
        const std::int8_t* b = g.b_packed + p * nr * depth + k * nr;
        run[height - 1](operands, stride, (part + Group - 1) / Group, b, g.c + row * g.ldc + p * nr,
                        g.ldc, g.n - p * nr, k > 0);
      }
      k += part;
    } while (k < g.k);
    row += height;
  }
}

}  // namespace tenon::inline v0::cpu::TENON_ISA
