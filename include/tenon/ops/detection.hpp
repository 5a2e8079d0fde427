#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/type_list.hpp"

#include <algorithm>
#include <numeric>

namespace tenon::inline v0::ops {

/// Greedy suppression of overlapping boxes per batch and class: i64[n, 3] of batch, class, box
struct non_max_suppression {
  static constexpr op_info info{"non_max_suppression",
                                ports{"boxes", "scores", maybe("max_output_boxes_per_class"),
                                      maybe("iou_threshold"), maybe("score_threshold")},
                                ports{"selected"}, pure | data_dependent};
  bool center_point_box = false;  ///< boxes are x, y, width, height; else two corners y, x, y, x
  static constexpr auto attributes =
      attributes_of(attribute{"center_point_box", &non_max_suppression::center_point_box});
  static constexpr onnx_import onnx{"NonMaxSuppression", 10};
  friend bool operator==(const non_max_suppression&, const non_max_suppression&) = default;

  status infer(infer_context& ctx) const {
    for (const std::size_t i : {0U, 1U, 3U, 4U})
      TENON_TRY(require_float(ctx, i, info.inputs.items[i].name));
    if (ctx.has(2)) TENON_TRY(ctx.require_type(2, {dtype::i64}, "max_output_boxes_per_class"));
    TENON_TRY(require_rank(ctx, 0, 3, "boxes"));
    TENON_TRY(require_rank(ctx, 1, 3, "scores"));
    dim bound = interval::highest;
    if (ctx[0].is_ranked && ctx[1].is_ranked) {
      const dims &boxes = ctx[0].shape, &scores = ctx[1].shape;
      TENON_TRY(ctx.require_equal(boxes[2], 4, "last axis of boxes"));
      TENON_TRY(ctx.require_equal(boxes[0], scores[0], "batch size of boxes"));
      TENON_TRY(ctx.require_equal(boxes[1], scores[2], "number of boxes"));
      dim each = boxes[1];
      if (const auto most = ctx.elements(2); most && most->size() == 1)
        each = min(each, max(most->front(), 0));
      bound = scores[0] * scores[1] * each;
    }
    ctx.output(0, dtype::i64, dims{ctx.unbacked("nms", bound), 3});
    return {};
  }

  /// Edges of a box: y0, x0, y1, x1 with y0 <= y1 and x0 <= x1.
  std::array<double, 4> edges(const double* b) const {
    if (center_point_box)
      return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
    return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
  }

  /// Intersection over union.
  double overlap(const double* a, const double* b) const {
    const auto p = edges(a), q = edges(b);
    const double h = std::min(p[2], q[2]) - std::max(p[0], q[0]);
    const double w = std::min(p[3], q[3]) - std::max(p[1], q[1]);
    const double area_p = (p[2] - p[0]) * (p[3] - p[1]), area_q = (q[2] - q[0]) * (q[3] - q[1]);
    if (h <= 0 || w <= 0 || area_p <= 0 || area_q <= 0) return 0;
    return h * w / (area_p + area_q - h * w);
  }

  status reference(eval_context& ctx) const;
};

inline status non_max_suppression::reference(eval_context& ctx) const {
  const auto number = [&](std::size_t i, double absent) {
    if (!ctx.has(i) || ctx[i].size() < 1) return absent;
    return elements_as<double>(ctx[i])[0];
  };
  const extents &box_dims = ctx[0].dims(), &score_dims = ctx[1].dims();
  if (box_dims.size() != 3 || score_dims.size() != 3 || box_dims[2] != 4 ||
      box_dims[0] != score_dims[0] || box_dims[1] != score_dims[2])
    return fail(code::shape, "boxes is ", ctx[0].str(), " and scores ", ctx[1].str(),
                ", expected [batch, boxes, 4] and [batch, classes, boxes]");
  const elements_as<double> boxes(ctx[0]), scores(ctx[1]);
  const double most = number(2, 0), iou = number(3, 0);
  const bool has_least = ctx.has(4) && ctx[4].size() > 0;
  const double least = number(4, 0);
  if (!(iou >= 0 && iou <= 1))
    return fail(code::index, "iou_threshold is ", iou, ", expected 0 to 1");
  const std::int64_t batches = ctx[1].dim(0), classes = ctx[1].dim(1), count = ctx[1].dim(2);
  std::vector<std::int64_t> picked;
  for (std::int64_t lane = 0; lane < batches * classes; ++lane) {
    const double* score = scores.data() + lane * count;
    const double* box = boxes.data() + lane / classes * count * 4;
    std::vector<std::int64_t> order, kept;
    for (std::int64_t i = 0; i < count; ++i)
      if (!has_least || score[i] > least) order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return score[a] > score[b]; });
    for (const std::int64_t i : order) {
      if (static_cast<double>(kept.size()) >= most) break;
      TENON_TRY(ctx.check_limits());
      const bool is_free = std::none_of(kept.begin(), kept.end(), [&](std::int64_t k) {
        return overlap(box + i * 4, box + k * 4) > iou;
      });
      if (is_free) kept.push_back(i);
    }
    for (const std::int64_t i : kept)
      picked.insert(picked.end(), {lane / classes, lane % classes, i});
  }
  TENON_TRY(tensor y, ctx.output(0, dtype::i64, {static_cast<std::int64_t>(picked.size() / 3), 3}));
  std::copy(picked.begin(), picked.end(), y.data<std::int64_t>());
  return {};
}

using detection_ops = type_list<non_max_suppression>;

}  // namespace tenon::inline v0::ops
