#pragma once

#include "tenon/ops/forest_rule.hpp"

#include <algorithm>

namespace tenon::inline v0::ops {

/// y [n, n_targets] = combined leaf weights of x [n, features] (ai.onnx.ml TreeEnsembleRegressor)
struct tree_ensemble_regressor {
  static constexpr op_info info{"tree_ensemble_regressor", ports{"x"}, ports{"y"}};
  tree_aggregate aggregate_function = tree_aggregate::sum;
  std::vector<float> base_values = {};
  tensor base_values_as_tensor = {};
  std::int64_t n_targets = 1;
  std::vector<std::int64_t> nodes_falsenodeids = {}, nodes_featureids = {};
  std::vector<float> nodes_hitrates = {};
  tensor nodes_hitrates_as_tensor = {};
  std::vector<std::int64_t> nodes_missing_value_tracks_true = {};
  std::vector<std::string> nodes_modes = {};
  std::vector<std::int64_t> nodes_nodeids = {}, nodes_treeids = {}, nodes_truenodeids = {};
  std::vector<float> nodes_values = {};
  tensor nodes_values_as_tensor = {};
  score_transform post_transform = score_transform::none;
  std::vector<std::int64_t> target_ids = {}, target_nodeids = {}, target_treeids = {};
  std::vector<float> target_weights = {};
  tensor target_weights_as_tensor = {};
  using self = tree_ensemble_regressor;
  static constexpr auto attributes = attributes_of(
      attribute{"aggregate_function", &self::aggregate_function},
      attribute{"base_values", &self::base_values},
      attribute{"base_values_as_tensor", &self::base_values_as_tensor},
      attribute{"n_targets", &self::n_targets},
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
      attribute{"post_transform", &self::post_transform},
      attribute{"target_ids", &self::target_ids},
      attribute{"target_nodeids", &self::target_nodeids},
      attribute{"target_treeids", &self::target_treeids},
      attribute{"target_weights", &self::target_weights},
      attribute{"target_weights_as_tensor", &self::target_weights_as_tensor});
  static constexpr onnx_import onnx{"TreeEnsembleRegressor", 1, "ai.onnx.ml"};
  friend bool operator==(const self&, const self&) = default;

  /// The checked trees as one flat node array.
  result<forest> trees() const {
    if (n_targets < 1 || n_targets > 0x7FFFFFFF)
      return fail(code::attribute, "n_targets is ", n_targets, ", expected at least 1");
    const auto values = floats_of(nodes_values, nodes_values_as_tensor);
    const auto weights = floats_of(target_weights, target_weights_as_tensor);
    return make_forest({nodes_treeids, nodes_nodeids, nodes_featureids, nodes_truenodeids,
                        nodes_falsenodeids, nodes_missing_value_tracks_true, nodes_modes, values,
                        target_treeids, target_nodeids, target_ids, weights, n_targets, "target"});
  }

  status infer(infer_context& ctx) const {
    TENON_TRY(require_features(ctx));
    TENON_TRY(trees());
    TENON_TRY(check_base(floats_of(base_values, base_values_as_tensor), n_targets));
    ctx.output(0, ctx[0].is_ranked ? fact::of(dtype::f32, dims{row_count(ctx[0]), n_targets})
                                   : fact::unranked(dtype::f32));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    TENON_TRY(const forest all, trees());
    const auto base = floats_of(base_values, base_values_as_tensor);
    return score_rows(
        ctx, all, aggregate_function, base, [&](std::int64_t r, std::span<double> v, const auto&) {
          transform_scores(post_transform, v);
          for (std::size_t i = 0; i < v.size(); ++i)
            y.data<float>()[static_cast<std::size_t>(r) * v.size() + i] = static_cast<float>(v[i]);
        });
  }
};

/// y [n, n_targets] of x [n, features] (ai.onnx.ml TreeEnsemble-5)
struct tree_ensemble {
  static constexpr op_info info{"tree_ensemble", ports{"x"}, ports{"y"}};
  std::int64_t aggregate_function = 1;  ///< 0 average, 1 sum, 2 min, 3 max
  std::vector<std::int64_t> leaf_targetids = {};
  tensor leaf_weights = {};
  tensor membership_values = {};  ///< of the BRANCH_MEMBER nodes in order, each set ended by NaN
  std::int64_t n_targets = 1;
  std::vector<std::int64_t> nodes_falseleafs = {}, nodes_falsenodeids = {}, nodes_featureids = {};
  tensor nodes_hitrates = {};
  std::vector<std::int64_t> nodes_missing_value_tracks_true = {};
  tensor nodes_modes = {};  ///< u8: 0 <=, 1 <, 2 >=, 3 >, 4 ==, 5 !=, 6 member
  tensor nodes_splits = {};
  std::vector<std::int64_t> nodes_trueleafs = {}, nodes_truenodeids = {};
  std::int64_t post_transform = 0;  ///< 0 none, 1 softmax, 2 logistic, 3 softmax_zero, 4 probit
  std::vector<std::int64_t> tree_roots = {};
  using self = tree_ensemble;
  static constexpr auto attributes = attributes_of(
      attribute{"aggregate_function", &self::aggregate_function},
      attribute{"leaf_targetids", &self::leaf_targetids, true},
      attribute{"leaf_weights", &self::leaf_weights, true},
      attribute{"membership_values", &self::membership_values},
      attribute{"n_targets", &self::n_targets},
      attribute{"nodes_falseleafs", &self::nodes_falseleafs, true},
      attribute{"nodes_falsenodeids", &self::nodes_falsenodeids, true},
      attribute{"nodes_featureids", &self::nodes_featureids, true},
      attribute{"nodes_hitrates", &self::nodes_hitrates},
      attribute{"nodes_missing_value_tracks_true", &self::nodes_missing_value_tracks_true},
      attribute{"nodes_modes", &self::nodes_modes, true},
      attribute{"nodes_splits", &self::nodes_splits, true},
      attribute{"nodes_trueleafs", &self::nodes_trueleafs, true},
      attribute{"nodes_truenodeids", &self::nodes_truenodeids, true},
      attribute{"post_transform", &self::post_transform},
      attribute{"tree_roots", &self::tree_roots, true});
  static constexpr onnx_import onnx{"TreeEnsemble", 5, "ai.onnx.ml"};
  friend bool operator==(const self&, const self&) = default;

  /// The checked trees as one flat node array.
  result<forest> trees() const;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_float(ctx, 0, "x"));
    TENON_TRY(trees());
    if (aggregate_function < 0 || aggregate_function > 3 || post_transform < 0 ||
        post_transform > 4)
      return fail(code::attribute, "aggregate_function is ", aggregate_function,
                  " and post_transform ", post_transform, ", expected 0 to 3 and 0 to 4");
    ctx.output(0, ctx[0].is_ranked ? fact::of(ctx[0].type, dims{row_count(ctx[0]), n_targets})
                                   : fact::unranked(ctx[0].type));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    TENON_TRY(const forest all, trees());
    elements_into<double> out(y);
    TENON_TRY(score_rows(ctx, all, static_cast<tree_aggregate>(aggregate_function), {},
                         [&](std::int64_t r, std::span<double> v, const auto&) {
                           transform_scores(static_cast<score_transform>(post_transform), v);
                           std::copy(v.begin(), v.end(), out.data() + r * n_targets);
                         }));
    out.commit();
    return {};
  }

 private:
  status add_leaves(forest& out, std::span<const double> weights) const;
  result<std::uint32_t> child_of(forest& out, std::int64_t id, bool is_leaf) const;
};

inline status tree_ensemble::add_leaves(forest& out, std::span<const double> weights) const {
  for (std::size_t i = 0; i < leaf_targetids.size(); ++i) {
    const std::int64_t target = leaf_targetids[i];
    if (target < 0 || target >= n_targets)
      return fail(code::attribute, "leaf_targetids contains ", target, ", expected 0 to ",
                  n_targets - 1);
    out.weights.push_back({static_cast<std::uint32_t>(target), weights[i]});
  }
  return {};
}

inline result<std::uint32_t> tree_ensemble::child_of(forest& out,
                                                     std::int64_t id,
                                                     bool is_leaf) const {
  const std::size_t limit = is_leaf ? leaf_targetids.size() : nodes_truenodeids.size();
  if (id < 0 || id >= static_cast<std::int64_t>(limit))
    return fail(code::attribute, "a child is ", id, ", expected 0 to ",
                static_cast<std::int64_t>(limit) - 1);
  if (!is_leaf) return static_cast<std::uint32_t>(id);
  forest::node leaf;
  leaf.yes = static_cast<std::uint32_t>(id);
  leaf.no = leaf.yes + 1;
  out.nodes.push_back(leaf);
  return static_cast<std::uint32_t>(out.nodes.size() - 1);
}

inline result<forest> tree_ensemble::trees() const {
  const std::size_t n = nodes_truenodeids.size(), leaves = leaf_targetids.size();
  const auto splits = floats_of({}, nodes_splits), weights = floats_of({}, leaf_weights);
  const auto modes = floats_of({}, nodes_modes), sets = floats_of({}, membership_values);
  if (splits.size() != n || modes.size() != n || nodes_falsenodeids.size() != n ||
      nodes_featureids.size() != n || nodes_trueleafs.size() != n || nodes_falseleafs.size() != n ||
      n > 0x3FFFFFFF ||
      (!nodes_missing_value_tracks_true.empty() && nodes_missing_value_tracks_true.size() != n) ||
      weights.size() != leaves)
    return fail(code::attribute, "the nodes_ or leaf_ lists have different lengths, expected ", n,
                " and ", leaves);
  if (n_targets < 1 || n_targets > 0x7FFFFFFF)
    return fail(code::attribute, "n_targets is ", n_targets, ", expected at least 1");
  forest out;
  out.targets = static_cast<std::uint32_t>(n_targets);
  TENON_TRY(add_leaves(out, weights));
  out.nodes.resize(n);
  std::size_t next_set = 0;
  for (std::size_t i = 0; i < n; ++i) {
    TENON_TRY(const std::uint32_t yes,
              child_of(out, nodes_truenodeids[i], nodes_trueleafs[i] != 0));
    TENON_TRY(const std::uint32_t no,
              child_of(out, nodes_falsenodeids[i], nodes_falseleafs[i] != 0));
    if (!(modes[i] >= 0 && modes[i] <= 6) || nodes_featureids[i] < 0 ||
        nodes_featureids[i] > 0x7FFFFFFF)
      return fail(code::attribute, "node ", i, " has mode ", modes[i], " and feature ",
                  nodes_featureids[i], ", expected 0 to 6 and at least 0");
    forest::node& node = out.nodes[i];
    node.mode = static_cast<tree_mode>(static_cast<int>(modes[i]) + 1);
    node.missing_is_true =
        !nodes_missing_value_tracks_true.empty() && nodes_missing_value_tracks_true[i] != 0;
    node.feature = static_cast<std::uint32_t>(nodes_featureids[i]);
    node.split = splits[i];
    node.yes = yes;
    node.no = no;
    if (node.mode != tree_mode::member) continue;
    node.set_begin = static_cast<std::uint32_t>(out.members.size());
    while (next_set < sets.size() && sets[next_set] == sets[next_set])
      out.members.push_back(sets[next_set++]);
    if (next_set >= sets.size())
      return fail(code::attribute, "membership_values has no set for node ", i,
                  ", expected one ended by NaN");
    ++next_set;
    node.set_end = static_cast<std::uint32_t>(out.members.size());
  }
  for (const std::int64_t root : tree_roots) {
    if (root < 0 || root >= static_cast<std::int64_t>(n))
      return fail(code::attribute, "tree_roots contains ", root, ", expected less than ", n);
    out.roots.push_back(static_cast<std::uint32_t>(root));
  }
  TENON_TRY(out.check());
  return out;
}

}  // namespace tenon::inline v0::ops
