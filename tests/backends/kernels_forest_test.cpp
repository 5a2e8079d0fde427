#include "tenon/ops/trees.hpp"

#include <limits>
#include <string>

#include "backends/kernel_checks.hpp"
#include <doctest/doctest.h>

namespace ops = tenon::ops;

namespace kernel_checks {

namespace {

/// Complete trees of depth `depth` as the node tables of the old ensembles.
struct node_tables {
  std::vector<std::int64_t> trees, ids, features, yes, no, missing;
  std::vector<float> values;
  std::vector<std::string> modes;
  std::vector<std::int64_t> leaf_trees, leaf_ids;

  node_tables(int count, int depth, std::vector<std::string> names) {
    const int inner = (1 << depth) - 1, all = 2 * inner + 1;
    for (int t = 0; t < count; ++t)
      for (int i = 0; i < all; ++i) {
        const bool is_leaf = i >= inner;
        trees.push_back(t);
        ids.push_back(i);
        features.push_back((t + i) % 3);
        yes.push_back(is_leaf ? 0 : 2 * i + 1);
        no.push_back(is_leaf ? 0 : 2 * i + 2);
        missing.push_back((t + i) % 2);
        values.push_back(static_cast<float>((7 * i + t) % 5 - 2));
        modes.push_back(is_leaf ? "LEAF" : names[static_cast<std::size_t>(t + i) % names.size()]);
        if (!is_leaf) continue;
        leaf_trees.push_back(t);
        leaf_ids.push_back(i);
      }
  }

  template <class Op> void into(Op& op) const {
    op.nodes_treeids = trees;
    op.nodes_nodeids = ids;
    op.nodes_featureids = features;
    op.nodes_truenodeids = yes;
    op.nodes_falsenodeids = no;
    op.nodes_values = values;
    op.nodes_modes = modes;
  }

  std::vector<std::int64_t> targets(std::int64_t count) const {
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < leaf_ids.size(); ++i)
      out.push_back(static_cast<std::int64_t>(i) % count);
    return out;
  }

  std::vector<float> weights() const {
    std::vector<float> out;
    for (std::size_t i = 0; i < leaf_ids.size(); ++i)
      out.push_back(static_cast<float>(i % 11) * 0.25F - 1);
    return out;
  }
};

tensor features(std::int64_t rows) {
  tensor x = wholes(dtype::f32, {rows, 3}, 5, -3, 3);
  if (x.size() != 0) x.data<float>()[x.size() / 2] = std::numeric_limits<float>::quiet_NaN();
  return x;
}

const std::vector<std::string> less{"BRANCH_LEQ"};
const std::vector<std::string> mixed{"BRANCH_LT", "BRANCH_GTE", "BRANCH_GT",
                                     "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_LEQ"};

void add_regressors(cases& out) {
  for (const auto& names : {less, mixed})
    for (const auto how : {ops::tree_aggregate::sum, ops::tree_aggregate::average,
                           ops::tree_aggregate::min, ops::tree_aggregate::max})
      for (const std::int64_t targets : {1, 2}) {
        const node_tables t(5, 3, names);
        ops::tree_ensemble_regressor op;
        t.into(op);
        op.n_targets = targets;
        op.aggregate_function = how;
        op.target_treeids = t.leaf_trees;
        op.target_nodeids = t.leaf_ids;
        op.target_ids = t.targets(targets);
        op.target_weights = t.weights();
        for (const std::int64_t rows : {0, 1, 8, 21}) out.push_back({op, {features(rows)}});
        op.nodes_missing_value_tracks_true = t.missing;
        op.base_values = {0.5F};
        op.post_transform = ops::score_transform::logistic;
        out.push_back({op, {features(9)}});
        out.push_back({op, {reals({3}, 1)}});
        out.push_back({.op = op, .inputs = {reals({4, 2}, 1)}, .fails = true});
      }
}

void add_classifiers(cases& out) {
  for (const std::int64_t classes : {1, 2, 3})
    for (const std::int64_t weighted : {1, 2, 3}) {
      if (weighted > classes) continue;
      const node_tables t(4, 2, less);
      ops::tree_ensemble_classifier op;
      t.into(op);
      op.class_treeids = t.leaf_trees;
      op.class_nodeids = t.leaf_ids;
      op.class_ids = t.targets(weighted);
      op.class_weights = t.weights();
      for (std::int64_t i = 0; i < classes; ++i) op.classlabels_int64s.push_back(10 + i);
      for (const auto how : {ops::score_transform::none, ops::score_transform::logistic,
                             ops::score_transform::softmax}) {
        op.post_transform = how;
        out.push_back({op, {features(13)}, 0, 2});
      }
    }
}

void add_ensembles(cases& out) {
  ops::tree_ensemble op;
  op.nodes_featureids = {0, 1};
  op.nodes_splits = tensor::of<float>({2}, {0.5F, -0.5F});
  op.nodes_modes = tensor::of<std::uint8_t>({2}, {0, 3});
  op.nodes_truenodeids = {1, 0};
  op.nodes_trueleafs = {0, 1};
  op.nodes_falsenodeids = {2, 1};
  op.nodes_falseleafs = {1, 1};
  op.leaf_targetids = {0, 1, 1};
  op.leaf_weights = tensor::of<float>({3}, {1, 2, 4});
  op.n_targets = 2;
  op.tree_roots = {0};
  for (const std::int64_t rows : {1, 17}) out.push_back({op, {features(rows)}});
}

}  // namespace

cases forest_cases() {
  cases out;
  add_regressors(out);
  add_classifiers(out);
  add_ensembles(out);
  return out;
}

}  // namespace kernel_checks

TEST_CASE("tree kernels agree with the reference") {
  kernel_checks::check_all(kernel_checks::forest_cases());
}
