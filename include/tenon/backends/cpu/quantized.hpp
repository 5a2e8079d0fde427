#pragma once

#include "tenon/backends/cpu/linear.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/quantization.hpp"

#include <algorithm>
#include <cmath>

/// 8-bit kernels: integer products, and the steps between floats and bytes.
namespace tenon::inline v0::cpu {

namespace quantized_detail {

using namespace linear_detail;
using kernel::array_view;

/// A zero point as a number, whatever 8- or 32-bit type it has.
inline std::int32_t zero_at(const array_view& z, std::int64_t i) {
  if (z.type == dtype::u8) return z.as<std::uint8_t>()[i];
  if (z.type == dtype::i8) return z.as<std::int8_t>()[i];
  return z.as<std::int32_t>()[i];
}

inline const char* integer_product(const query& q) {
  if (!q.is(0, dtype::u8)) return "needs u8 on the left";
  if (!q.has(1) || !q.in(1).is_constant() || q.in(1).rank() != 2)
    return "needs a constant matrix on the right";
  if (q.has(2) && !(q.in(2).is_ranked && q.in(2).rank() == 0))
    return "needs one zero point on the left";
  return q.in(0).rank() >= 2 ? nullptr : "needs at least two axes";
}

/// B as s8 (u8 shifted by -128), packed, and its column sums.
inline result<prepared> prepare_integer_product(const query& q) {
  const tensor& b = q.in(1).constant;
  const auto k = static_cast<std::size_t>(b.dim(0)), n = static_cast<std::size_t>(b.dim(1));
  const quantized_kernels& t = select<quantized_kernels>();
  tensor shifted(dtype::i8, b.dims());
  const int shift = b.type() == dtype::u8 ? 128 : 0;
  for (std::int64_t i = 0; i < b.size(); ++i)
    shifted.data<std::int8_t>()[i] = static_cast<std::int8_t>(
        shift != 0 ? b.data<std::uint8_t>()[i] - shift : b.data<std::int8_t>()[i]);
  prepared out;
  TENON_TRY(out.packed,
            tensor::make(dtype::i8, extents{static_cast<std::int64_t>(t.packed_s8_bytes(k, n))}));
  TENON_TRY(out.extra, tensor::make(dtype::i32, extents{static_cast<std::int64_t>(n)}));
  t.pack_b_s8(shifted.data<std::int8_t>(), n, 1, k, n, out.packed.data<std::int8_t>());
  t.column_sums_s8(shifted.data<std::int8_t>(), n, 1, k, n, out.extra.data<std::int32_t>());
  out.numbers[0] = shift;
  return out;
}

/// sum (a - za)(b - zb) = sum ab - za * column(b) - zb * row(a) + k * za * zb, modulo 2^32
inline void centre_rows(
    const call& c, std::size_t first, std::size_t last, std::size_t n, std::size_t k) {
  const auto za = static_cast<std::uint32_t>(c.has(2) ? zero_at(c.in(2), 0) : 0);
  const auto* columns = c.state->extra.data<std::uint32_t>();
  const auto shift = static_cast<std::int32_t>(c.state->numbers[0]);
  const bool per_column = c.has(3) && c.in(3).count > 1;
  const bool needs_rows = c.has(3) || shift != 0;
  const auto offset = static_cast<std::uint32_t>(k) * za;
  for (std::size_t row = first; row < last; ++row) {
    const std::uint8_t* a = c.in(0).as<std::uint8_t>() + row * k;
    std::uint32_t* y = c.out(0).as<std::uint32_t>() + row * n;
    const std::uint32_t rest = offset - (needs_rows ? select<quantized_kernels>().sum_u8(a, k) : 0);
    if (!per_column) {
      const auto zb = static_cast<std::uint32_t>((c.has(3) ? zero_at(c.in(3), 0) : 0) - shift);
      select<quantized_kernels>().add_scaled(y, columns, n, 0U - za, zb * rest);
      continue;
    }
    for (std::size_t j = 0; j < n; ++j) {
      const auto zb =
          static_cast<std::uint32_t>(zero_at(c.in(3), static_cast<std::int64_t>(j)) - shift);
      y[j] += zb * rest - za * columns[j];
    }
  }
}

inline status run_integer_product(const call& c) {
  const std::size_t m = rows_of(c.in(0)), k = static_cast<std::size_t>(c.in(1).dim(0)),
                    n = static_cast<std::size_t>(c.in(1).dim(1));
  if (m == 0 || n == 0) return {};
  const quantized_kernels& t = select<quantized_kernels>();
  const matrix_kernels& tile = select<matrix_kernels>();
  const gemm_u8s8_args args{c.in(0).as<std::uint8_t>(),
                            k,
                            c.state->packed.data<std::int8_t>(),
                            c.out(0).as<std::int32_t>(),
                            n,
                            m,
                            n,
                            k};
  const auto panels = static_cast<std::size_t>(divide_up(n, tile.panel));
  const std::int64_t tiles = divide_up(m, tile.tile_rows);
  const auto split_rows = tiles >= 2 * c.threads->width();
  if (!split_rows)
    c.threads->run(static_cast<std::int64_t>(panels), 1, [&](std::int64_t b, std::int64_t e, int) {
      t.gemm_u8s8(args, {0, m, static_cast<std::size_t>(b), static_cast<std::size_t>(e)});
    });
  c.threads->run(tiles, 1, [&](std::int64_t b, std::int64_t e, int) {
    const std::size_t first = static_cast<std::size_t>(b) * tile.tile_rows,
                      last = std::min(m, static_cast<std::size_t>(e) * tile.tile_rows);
    if (split_rows) t.gemm_u8s8(args, {first, last, 0, panels});
    centre_rows(c, first, last, n, k);
  });
  return {};
}

/// Sizes around the axis of a scale: one scale in all, or one each along the axis.
struct scale_layout {
  std::int64_t outer = 1, channels = 1, inner = 1;

  scale_layout(const array_view& x, const array_view& scale, std::int64_t axis) {
    if (scale.count == 1) {
      inner = x.count;
      return;
    }
    const auto at = static_cast<std::size_t>(axis < 0 ? axis + x.rank : axis);
    for (std::size_t i = 0; i < x.rank; ++i)
      (i < at ? outer : i == at ? channels : inner) *= x.dim(i);
  }

  /// Calls `f(channel, begin, end)` for pieces of rows with one scale.
  template <class F> void each(kernel::parallel& threads, F&& f) const {
    if (outer * channels == 1) {
      threads.run(inner, elementwise_grain,
                  [&](std::int64_t b, std::int64_t e, int) { f(std::int64_t{0}, b, e); });
      return;
    }
    threads.run(outer * channels, std::max<std::int64_t>(1, elementwise_grain / (inner + 1)),
                [&](std::int64_t b, std::int64_t e, int) {
                  for (std::int64_t row = b; row < e; ++row)
                    f(row % channels, row * inner, (row + 1) * inner);
                });
  }
};

inline const char* plain_scale(const query& q, std::int64_t block_size) {
  if (!q.has(0) || !q.in(0).is_ranked || !q.is(1, dtype::f32))
    return "needs f32 scales and known ranks";
  if (block_size != 0 || q.in(1).rank() > 1) return "needs one scale in all or one along the axis";
  return nullptr;
}

inline const char* quantize_bytes(const query& q) {
  const auto& op = q.as<ops::quantize_linear>();
  if (!q.is(0, dtype::f32) || op.precision != dtype::undefined) return "needs f32";
  const dtype to = q.out(0).type;
  return to == dtype::u8 || to == dtype::i8 ? plain_scale(q, op.block_size) : "makes u8 or i8";
}

inline status run_quantize(const call& c) {
  const array_view &x = c.in(0), &scale = c.in(1), &y = c.out(0);
  const quantized_kernels& t = select<quantized_kernels>();
  const scale_layout layout(x, scale, c.as<ops::quantize_linear>().axis);
  layout.each(*c.threads, [&](std::int64_t channel, std::int64_t b, std::int64_t e) {
    const float s = scale.as<float>()[channel];
    const std::int32_t zero = c.has(2) ? zero_at(c.in(2), channel) : 0;
    const auto n = static_cast<std::size_t>(e - b);
    if (y.type == dtype::u8)
      t.quantize_u8(x.as<float>() + b, y.as<std::uint8_t>() + b, n, s, zero);
    else
      t.quantize_s8(x.as<float>() + b, y.as<std::int8_t>() + b, n, s, zero);
  });
  return {};
}

inline const char* dequantize_bytes(const query& q) {
  const auto& op = q.as<ops::dequantize_linear>();
  if (!q.is(0, dtype::u8) && !q.is(0, dtype::i8) && !q.is(0, dtype::i32))
    return "needs u8, i8 or i32";
  return q.out(0).type == dtype::f32 ? plain_scale(q, op.block_size) : "makes f32";
}

inline status run_dequantize(const call& c) {
  const array_view &x = c.in(0), &scale = c.in(1);
  float* y = c.out(0).as<float>();
  const quantized_kernels& t = select<quantized_kernels>();
  const scale_layout layout(x, scale, c.as<ops::dequantize_linear>().axis);
  layout.each(*c.threads, [&](std::int64_t channel, std::int64_t b, std::int64_t e) {
    const float s = scale.as<float>()[channel];
    const std::int32_t zero = c.has(2) ? zero_at(c.in(2), channel) : 0;
    const auto n = static_cast<std::size_t>(e - b);
    if (x.type == dtype::u8)
      t.dequantize_u8(x.as<std::uint8_t>() + b, y + b, n, s, zero);
    else if (x.type == dtype::i8)
      t.dequantize_s8(x.as<std::int8_t>() + b, y + b, n, s, zero);
    else
      for (std::int64_t i = b; i < e; ++i)
        y[i] = static_cast<float>(x.as<std::int32_t>()[i] - zero) * s;
  });
  return {};
}

inline const char* float_input(const query& q) {
  return q.is(0, dtype::f32) ? nullptr : "needs f32";
}

inline status run_dynamic_quantize(const call& c) {
  const array_view& x = c.in(0);
  const float* px = x.as<float>();
  const row_kernels& rows = select<row_kernels>();
  const quantized_kernels& t = select<quantized_kernels>();
  const auto count = static_cast<std::size_t>(x.count);
  float low = 0, high = 0;
  rows.reduce_rows[static_cast<std::size_t>(reduction::min)](px, &low, 1, count);
  rows.reduce_rows[static_cast<std::size_t>(reduction::max)](px, &high, 1, count);
  low = std::fmin(low, 0.0F);
  high = std::fmax(high, 0.0F);
  const float scale = high == low ? 1.0F / 255.0F : (high - low) / 255.0F;
  const float zero = std::nearbyintf(std::fmin(255.0F, std::fmax(0.0F, (0.0F - low) / scale)));
  if (c.has_out(1)) *c.out(1).as<float>() = scale;
  if (c.has_out(2)) *c.out(2).as<std::uint8_t>() = static_cast<std::uint8_t>(zero);
  if (!c.has_out(0)) return {};
  std::uint8_t* y = c.out(0).as<std::uint8_t>();
  c.threads->run(x.count, elementwise_grain, [&](std::int64_t b, std::int64_t e, int) {
    t.quantize_u8(px + b, y + b, static_cast<std::size_t>(e - b), scale,
                  static_cast<std::int32_t>(zero));
  });
  return {};
}

}  // namespace quantized_detail

namespace quantized {

using namespace quantized_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.matmul_integer.u8s8", ir::id_of<ops::matmul_integer>(), integer_product, prepare_integer_product, nullptr, run_integer_product, false},
    {"cpu.quantize_linear.f32", ir::id_of<ops::quantize_linear>(), quantize_bytes, nullptr, nullptr, run_quantize, false},
    {"cpu.dequantize_linear.f32", ir::id_of<ops::dequantize_linear>(), dequantize_bytes, nullptr, nullptr, run_dequantize, false},
    {"cpu.dynamic_quantize_linear.f32", ir::id_of<ops::dynamic_quantize_linear>(), float_input, nullptr, nullptr, run_dynamic_quantize, false},
};
// clang-format on

}  // namespace quantized

}  // namespace tenon::inline v0::cpu
