#pragma once

#include "tenon/backends/cpu/rows.hpp"
#include "tenon/backends/cpu/scratch.hpp"
#include "tenon/backends/cpu/strided.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/walk.hpp"

#include <algorithm>
#include <cmath>

/// Normalization of float tensors: layer, root-mean-square and batch norms.
namespace tenon::inline v0::cpu {

namespace normalization_detail {

using namespace rows_detail;

/// The vector operand `i` has the sizes of x from `first` on.
inline bool covers_tail(const query& q, std::size_t i, std::size_t first) {
  if (!q.has(i)) return true;
  if (!q.is(i, dtype::f32) || q.in(i).rank() != q.in(0).rank() - first) return false;
  for (std::size_t a = 0; a < q.in(i).rank(); ++a)
    if (!(q.in(i).shape[a] == q.in(0).shape[first + a])) return false;
  return true;
}

template <class Op> const char* trailing_axes(const query& q) {
  if (!q.is(0, dtype::f32) || q.in(0).rank() == 0) return "needs an f32 tensor with axes";
  const std::int64_t axis = q.as<Op>().axis;
  const auto first =
      static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(q.in(0).rank()) : axis);
  if (!covers_tail(q, 1, first) || !covers_tail(q, 2, first))
    return "needs one scale and bias an element of a row";
  for (std::size_t i = 1; i < q.outputs.size(); ++i)
    if (q.outputs[i] && q.out(i).type != dtype::f32) return "makes f32 statistics";
  return nullptr;
}

/// Elements from an axis on.
inline std::int64_t row_length(const array_view& x, std::int64_t axis) {
  const around s(x, axis);
  return s.at * s.after;
}

inline std::size_t norm_scratch(const call& c) {
  return c.has_out(0) ? 0 : c.in(0).bytes();
}

inline norm_args norm_of(const call& c, std::int64_t columns, float epsilon) {
  norm_args args;
  args.x = c.in(0).as<float>();
  args.y = c.has_out(0) ? c.out(0).as<float>() : reinterpret_cast<float*>(c.scratch);
  args.columns = static_cast<std::size_t>(columns);
  args.epsilon = epsilon;
  return args;
}

/// Statistics of rows without elements.
inline void fill_empty(const call& c, std::size_t i) {
  if (c.has_out(i)) std::fill_n(c.out(i).as<float>(), c.out(i).count, std::nanf(""));
}

inline status run_layer_norm(const call& c) {
  const auto& op = c.as<ops::layer_normalization>();
  const std::int64_t columns = row_length(c.in(0), op.axis);
  norm_args args = norm_of(c, columns, op.epsilon);
  args.scale = c.in(1).as<float>();
  if (c.has(2)) args.bias = c.in(2).as<float>();
  if (c.has_out(1)) args.mean = c.out(1).as<float>();
  if (c.has_out(2)) args.inverse = c.out(2).as<float>();
  if (columns == 0) {
    fill_empty(c, 1);
    fill_empty(c, 2);
    return {};
  }
  over_rows(c, columns,
            [&](std::size_t b, std::size_t e) { select<row_kernels>().layer_norm(args, b, e); });
  return {};
}

inline status run_rms_norm(const call& c) {
  const auto& op = c.as<ops::rms_normalization>();
  const std::int64_t columns = row_length(c.in(0), op.axis);
  norm_args args = norm_of(c, columns, op.epsilon);
  args.scale = c.in(1).as<float>();
  over_rows(c, columns,
            [&](std::size_t b, std::size_t e) { select<row_kernels>().rms_norm(args, b, e); });
  return {};
}

inline status run_add_layer_norm(const call& c) {
  norm_args args = norm_of(c, last(c.in(0)), c.as<ops::add_layer_norm>().epsilon);
  args.residual = c.in(1).as<float>();
  if (c.has_out(1)) args.sum = c.out(1).as<float>();
  args.scale = c.in(2).as<float>();
  if (c.has(3)) args.bias = c.in(3).as<float>();
  over_rows(c, last(c.in(0)),
            [&](std::size_t b, std::size_t e) { select<row_kernels>().layer_norm(args, b, e); });
  return {};
}

inline const char* three_lookups(const query& q) {
  for (const std::size_t i : {0U, 2U, 4U})
    if (!q.is(i, dtype::f32)) return "needs f32 tables";
  return nullptr;
}

/// The row of each table for each row of y.
inline std::size_t lookup_scratch(const call& c) {
  const std::int64_t width = last(c.out(0));
  return width == 0 ? 0 : scratch_of<std::int64_t>({3, c.out(0).count / width});
}

inline status find_rows(const call& c, std::int64_t* rows) {
  using op = ops::embed_layer_norm;
  const auto shape = c.out(0).shape();
  const extents lead(shape.begin(), shape.end() - 1);
  std::array<extents, 3> strides;
  for (std::size_t i = 0; i < 3; ++i) {
    const array_view& ids = c.in(2 * i + 1);
    for (std::int64_t k = 0; k < ids.count; ++k)
      TENON_TRY(op::row(strided_detail::number(ids, k), c.in(2 * i).dim(0),
                        op::info.inputs.items[2 * i + 1].name));
    strides[i] = ops::broadcast_strides(extents(ids.shape().begin(), ids.shape().end()), lead);
  }
  ops::walk<3>(lead, strides, [&](const auto& offset, std::int64_t count, const auto& step) {
    for (std::int64_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < 3; ++i) {
        const std::int64_t id = strided_detail::number(c.in(2 * i + 1), offset[i] + k * step[i]);
        *rows++ = id < 0 ? id + c.in(2 * i).dim(0) : id;
      }
  });
  return {};
}

inline status run_embed_layer_norm(const call& c) {
  const std::int64_t width = last(c.out(0));
  if (c.out(0).count == 0) return {};
  auto* rows = reinterpret_cast<std::int64_t*>(c.scratch);
  TENON_TRY(find_rows(c, rows));
  const pointwise_kernels& t = select<pointwise_kernels>();
  const auto add = t.zip[static_cast<std::size_t>(binary::add)];
  norm_args args;
  args.x = args.y = c.out(0).as<float>();
  args.columns = static_cast<std::size_t>(width);
  args.epsilon = c.as<ops::embed_layer_norm>().epsilon;
  args.scale = c.in(6).as<float>();
  if (c.has(7)) args.bias = c.in(7).as<float>();
  const auto term = [&](std::int64_t r, std::int64_t i) {
    return c.in(static_cast<std::size_t>(2 * i)).as<float>() + rows[3 * r + i] * width;
  };
  c.threads->run(c.out(0).count / width, std::max<std::int64_t>(1, elementwise_grain / 4 / width),
                 [&](std::int64_t b, std::int64_t e, int) {
                   for (std::int64_t r = b; r < e; ++r) {
                     float* y = args.y + r * width;
                     add(term(r, 0), term(r, 1), y, args.columns, operands::full);
                     add(y, term(r, 2), y, args.columns, operands::full);
                   }
                   select<row_kernels>().layer_norm(args, static_cast<std::size_t>(b),
                                                    static_cast<std::size_t>(e));
                 });
  return {};
}

inline const char* inference_norm(const query& q) {
  if (q.as<ops::batch_normalization>().training_mode) return "works outside of training";
  for (std::size_t i = 0; i < 5; ++i)
    if (!q.is(i, dtype::f32)) return "needs f32 operands of known rank";
  return q.in(0).rank() >= 2 ? nullptr : "needs channels";
}

/// Two floats a channel.
inline std::size_t batch_norm_scratch(const call& c) {
  return scratch_of<float>({2, c.in(1).count});
}

/// y = factor * x + shift with one factor and shift a channel.
inline status run_batch_norm(const call& c) {
  const pointwise_kernels& t = select<pointwise_kernels>();
  const around s(c.in(0), 1);
  const std::int64_t channels = s.at, plane = s.after;
  float* factor = reinterpret_cast<float*>(c.scratch);
  float* shift = factor + channels;
  const float epsilon = c.as<ops::batch_normalization>().epsilon;
  for (std::int64_t i = 0; i < channels; ++i) {
    factor[i] = c.in(1).as<float>()[i] / std::sqrt(c.in(4).as<float>()[i] + epsilon);
    shift[i] = c.in(2).as<float>()[i] - c.in(3).as<float>()[i] * factor[i];
  }
  const float* x = c.in(0).as<float>();
  float* y = c.out(0).as<float>();
  if (c.out(0).count == 0) return {};
  if (plane == 1) {
    const auto n = static_cast<std::size_t>(channels);
    const auto mul = t.zip[static_cast<std::size_t>(binary::mul)],
               add = t.zip[static_cast<std::size_t>(binary::add)];
    c.threads->run(s.before, std::max<std::int64_t>(1, elementwise_grain / channels),
                   [&](std::int64_t b, std::int64_t e, int) {
                     for (std::int64_t i = b; i < e; ++i) {
                       mul(x + i * channels, factor, y + i * channels, n, operands::full);
                       add(y + i * channels, shift, y + i * channels, n, operands::full);
                     }
                   });
    return {};
  }
  const auto affine = t.map[static_cast<std::size_t>(unary::affine)];
  c.threads->run(s.before * channels, std::max<std::int64_t>(1, elementwise_grain / plane),
                 [&](std::int64_t b, std::int64_t e, int) {
                   for (std::int64_t i = b; i < e; ++i)
                     affine(x + i * plane, y + i * plane, static_cast<std::size_t>(plane),
                            factor[i % channels], shift[i % channels]);
                 });
  return {};
}

}  // namespace normalization_detail

namespace normalization {

using namespace normalization_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.layer_norm.f32", ir::id_of<ops::layer_normalization>(), trailing_axes<ops::layer_normalization>, nullptr, norm_scratch, run_layer_norm, false},
    {"cpu.rms_norm.f32", ir::id_of<ops::rms_normalization>(), trailing_axes<ops::rms_normalization>, nullptr, nullptr, run_rms_norm, false},
    {"cpu.add_layer_norm.f32", ir::id_of<ops::add_layer_norm>(), some_axis, nullptr, norm_scratch, run_add_layer_norm, false},
    {"cpu.embed_layer_norm.f32", ir::id_of<ops::embed_layer_norm>(), three_lookups, nullptr, lookup_scratch, run_embed_layer_norm, false},
    {"cpu.batch_norm.f32", ir::id_of<ops::batch_normalization>(), inference_norm, nullptr, batch_norm_scratch, run_batch_norm, false},
};
// clang-format on

}  // namespace normalization

}  // namespace tenon::inline v0::cpu
