#pragma once

#include "tenon/ops/forest_rule.hpp"

#include <algorithm>

namespace tenon::inline v0::ops {

/// Label and scores [n, classes] of x [n, features] (ai.onnx.ml TreeEnsembleClassifier)
struct tree_ensemble_classifier {
  static constexpr op_info info{"tree_ensemble_classifier", ports{"x"}, ports{"label", "scores"}};
  std::vector<float> base_values = {};
  tensor base_values_as_tensor = {};
  std::vector<std::int64_t> class_ids = {}, class_nodeids = {}, class_treeids = {};
  std::vector<float> class_weights = {};
  tensor class_weights_as_tensor = {};
  std::vector<std::int64_t> classlabels_int64s = {};
  std::vector<std::string> classlabels_strings = {};
  std::vector<std::int64_t> nodes_falsenodeids = {}, nodes_featureids = {};
  std::vector<float> nodes_hitrates = {};
  tensor nodes_hitrates_as_tensor = {};
  std::vector<std::int64_t> nodes_missing_value_tracks_true = {};
  std::vector<std::string> nodes_modes = {};
  std::vector<std::int64_t> nodes_nodeids = {}, nodes_treeids = {}, nodes_truenodeids = {};
  std::vector<float> nodes_values = {};
  tensor nodes_values_as_tensor = {};
  score_transform post_transform = score_transform::none;
  using self = tree_ensemble_classifier;
  static constexpr auto attributes = attributes_of(
      attribute{"base_values", &self::base_values},
      attribute{"base_values_as_tensor", &self::base_values_as_tensor},
      attribute{"class_ids", &self::class_ids},
      attribute{"class_nodeids", &self::class_nodeids},
      attribute{"class_treeids", &self::class_treeids},
      attribute{"class_weights", &self::class_weights},
      attribute{"class_weights_as_tensor", &self::class_weights_as_tensor},
      attribute{"classlabels_int64s", &self::classlabels_int64s},
      attribute{"classlabels_strings", &self::classlabels_strings},
      attribute{"nodes_falsenodeids", &self::nodes_falsenodeids},
      attribute{"nodes_featureids", &self::nodes_featureids},
      attribute{"nodes_hitrates", &self::nodes_hitrates},
      attribute{"nodes_hitrates_as_tensor", &self::nodes_hitrates_as_tensor},
      attribute{"nodes_missing_value_tracks_true", &self::nodes_missing_value_tracks_true},
      attribute{"nodes_modes", &self::nodes_modes},
      attribute{"nodes_nodeids", &self::nodes_nodeids},
      attribute{"nodes_treeids", &self::nodes_treeids},
      attribute{"nodes_truenodeids", &self::nodes_truenodeids},
      attribute{"nodes_values", &self::nodes_values},
      attribute{"nodes_values_as_tensor", &self::nodes_values_as_tensor},
      attribute{"post_transform", &self::post_transform});
  static constexpr onnx_import onnx{"TreeEnsembleClassifier", 1, "ai.onnx.ml"};
  friend bool operator==(const self&, const self&) = default;

  bool has_strings() const { return !classlabels_strings.empty(); }

  std::int64_t labels() const {
    return static_cast<std::int64_t>(has_strings() ? classlabels_strings.size()
                                                   : classlabels_int64s.size());
  }

  /// All weights are for one class, so that it stands against the other one.
  bool is_binary() const {
    for (const std::int64_t id : class_ids)
      if (id != class_ids[0]) return false;
    return labels() <= 2 && !class_ids.empty();
  }

  std::int64_t columns() const { return is_binary() ? 2 : labels(); }

  /// The checked trees as one flat node array.
  result<forest> trees() const {
    if (labels() < 1 || (has_strings() && !classlabels_int64s.empty()))
      return fail(code::attribute, "expected either classlabels_int64s or classlabels_strings");
    const auto values = floats_of(nodes_values, nodes_values_as_tensor);
    const auto weights = floats_of(class_weights, class_weights_as_tensor);
    return make_forest({nodes_treeids, nodes_nodeids, nodes_featureids, nodes_truenodeids,
                        nodes_falsenodeids, nodes_missing_value_tracks_true, nodes_modes, values,
                        class_treeids, class_nodeids, class_ids, weights,
                        std::max<std::int64_t>(labels(), columns()), "class"});
  }

  status infer(infer_context& ctx) const {
    TENON_TRY(require_features(ctx));
    TENON_TRY(trees());
    TENON_TRY(check_base(floats_of(base_values, base_values_as_tensor), labels()));
    const dtype type = has_strings() ? dtype::string : dtype::i64;
    ctx.output(0,
               ctx[0].is_ranked ? fact::of(type, dims{row_count(ctx[0])}) : fact::unranked(type));
    ctx.output(1, ctx[0].is_ranked ? fact::of(dtype::f32, dims{row_count(ctx[0]), columns()})
                                   : fact::unranked(dtype::f32));
    return {};
  }

  status reference(eval_context& ctx) const;

  /// Index of the label; the scores of an `is_pair` (see is_binary) are completed before the transform.
  std::size_t decide(std::span<double> v, bool is_pair) const;
};

inline std::size_t tree_ensemble_classifier::decide(std::span<double> v, bool is_pair) const {
  if (!is_pair) {
    transform_scores(post_transform, v);
    return static_cast<std::size_t>(std::max_element(v.begin(), v.end()) - v.begin());
  }
  const double score = v[static_cast<std::size_t>(class_ids[0])];
  const bool is_plain =
      post_transform == score_transform::none || post_transform == score_transform::probit;
  v[1] = score;
  v[0] = is_plain ? 1 - score : -score;
  transform_scores(post_transform, v);
  return v[1] > v[0] ? 1 : 0;
}

inline status tree_ensemble_classifier::reference(eval_context& ctx) const {
  TENON_TRY(tensor label, ctx.output(0));
  TENON_TRY(const forest all, trees());
  const bool is_pair = is_binary();
  const std::int64_t width = columns();
  TENON_TRY(tensor scores, ctx.output(1, dtype::f32, {label.size(), width}));
  const auto base = floats_of(base_values, base_values_as_tensor);
  return score_rows(
      ctx, all, tree_aggregate::sum, {}, [&](std::int64_t r, std::span<double> v, const auto&) {
        for (std::size_t i = 0; i < v.size(); ++i)
          if (!base.empty()) v[i] += base[std::min(i, base.size() - 1)];
        const std::size_t best = decide(v, is_pair);
        for (std::int64_t i = 0; i < width; ++i)
          scores.data<float>()[r * width + i] = static_cast<float>(v[static_cast<std::size_t>(i)]);
        const bool is_single = labels() == 1;
        if (has_strings())
          label.data<std::string>()[r] = is_single
                                             ? (best == 1 ? classlabels_strings[0] : std::string())
                                             : classlabels_strings[best];
        else
          label.data<std::int64_t>()[r] =
              is_single ? (best == 1 ? classlabels_int64s[0] : 0) : classlabels_int64s[best];
      });
}

}  // namespace tenon::inline v0::ops
