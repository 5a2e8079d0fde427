#pragma once

#include "tenon/ir/eval_context.hpp"
#include "tenon/ir/infer_context.hpp"
#include "tenon/ops/walk.hpp"
#include "tenon/tensor/convert.hpp"

#include <array>
#include <cmath>
#include <vector>

namespace tenon::inline v0::ops {

using namespace ir;

/// y = layer_norm(word[word_ids] + type[type_ids] + position[position_ids]) * scale + bias over the last axis. The
/// tables are [rows, width]; the ids broadcast to one shape and count from the end when negative.
struct embed_layer_norm {
  static constexpr op_info info{"embed_layer_norm",
                                ports{"word", "word_ids", "type", "type_ids", "position",
                                      "position_ids", "scale", maybe("bias")},
                                ports{"y"}, pure};
  float epsilon = 1e-5F;
  static constexpr auto attributes =
      attributes_of(attribute{"epsilon", &embed_layer_norm::epsilon});
  friend bool operator==(const embed_layer_norm&, const embed_layer_norm&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

  /// The row of a table that an id names; an error when there is none.
  static result<std::int64_t> row(std::int64_t id, std::int64_t rows, std::string_view what) {
    if (id < -rows || id >= rows)
      return fail(code::index, what, " contains ", id, ", expected ", -rows, " to ", rows - 1);
    return id < 0 ? id + rows : id;
  }
};

inline status embed_layer_norm::infer(infer_context& ctx) const {
  dims shape;
  const fact& word = ctx[0];
  for (const std::size_t i : {0U, 2U, 4U}) {
    const std::string_view name = info.inputs.items[i].name;
    TENON_TRY(ctx.require_type(i, {dtype::f32}, name));
    TENON_TRY(ctx.require_type(i + 1, {dtype::i32, dtype::i64}, info.inputs.items[i + 1].name));
    const fact &table = ctx[i], &ids = ctx[i + 1];
    if (!table.is_ranked || table.rank() != 2 || !ids.is_ranked)
      return fail(code::shape, name, " is ", table.str(), " and its ids are ", ids.str(),
                  ", expected rank 2 and a known rank");
    TENON_TRY(ctx.require_equal(table.shape[1], word.shape[1], "width"));
    TENON_TRY(shape, ctx.broadcast(shape, ids.shape, "ids"));
  }
  for (const std::size_t i : {6U, 7U}) {
    if (!ctx.has(i)) continue;
    TENON_TRY(ctx.require_type(i, {dtype::f32}, info.inputs.items[i].name));
    TENON_TRY(ctx.require_same(ctx[i].shape, dims{word.shape[1]}, info.inputs.items[i].name));
  }
  shape.push_back(word.shape[1]);
  ctx.output(0, dtype::f32, std::move(shape));
  return {};
}

inline status embed_layer_norm::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  const std::int64_t width = y.dim(y.rank() - 1);
  const extents lead(y.dims().begin(), y.dims().end() - 1);
  std::array<extents, 3> strides;
  std::array<std::vector<std::int64_t>, 3> rows;
  for (std::size_t i = 0; i < 3; ++i) {
    strides[i] = broadcast_strides(ctx[2 * i + 1].dims(), lead);
    for (const std::int64_t id : ctx.integers(2 * i + 1)) {
      TENON_TRY(const std::int64_t at,
                row(id, ctx[2 * i].dim(0), info.inputs.items[2 * i + 1].name));
      rows[i].push_back(at);
    }
  }
  std::vector<double> sum(static_cast<std::size_t>(width));
  float* out = y.data<float>();
  walk<3>(lead, strides, [&](const auto& offset, std::int64_t count, const auto& step) {
    for (std::int64_t k = 0; k < count; ++k, out += width) {
      double mean = 0, square = 0;
      for (std::int64_t c = 0; c < width; ++c) {
        double& s = sum[static_cast<std::size_t>(c)] = 0;
        for (std::size_t i = 0; i < 3; ++i)
          s += double(ctx[2 * i].data<float>()
                          [rows[i][static_cast<std::size_t>(offset[i] + k * step[i])] * width + c]);
        mean += s / double(width);
      }
      for (const double s : sum) square += (s - mean) * (s - mean);
      const double inverse = 1 / std::sqrt(square / double(width) + double(epsilon));
      for (std::int64_t c = 0; c < width; ++c)
        out[c] = static_cast<float>((sum[static_cast<std::size_t>(c)] - mean) * inverse *
                                        double(ctx[6].data<float>()[c]) +
                                    (ctx.has(7) ? double(ctx[7].data<float>()[c]) : 0));
    }
  });
  return {};
}

}  // namespace tenon::inline v0::ops
