#include "tenon/ops/trees.hpp"

#include <limits>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

namespace {

/// One split on feature 0 at 0.5: 10 on the left, 20 on the right.
ops::tree_ensemble_regressor stump() {
  ops::tree_ensemble_regressor op;
  op.nodes_treeids = {0, 0, 0};
  op.nodes_nodeids = {0, 1, 2};
  op.nodes_featureids = {0, 0, 0};
  op.nodes_truenodeids = {1, 0, 0};
  op.nodes_falsenodeids = {2, 0, 0};
  op.nodes_modes = {"BRANCH_LEQ", "LEAF", "LEAF"};
  op.nodes_values = {0.5F, 0, 0};
  op.target_treeids = {0, 0};
  op.target_nodeids = {1, 2};
  op.target_ids = {0, 0};
  op.target_weights = {10, 20};
  return op;
}

}  // namespace

TEST_CASE("a tree sums leaves, base values and missing values") {
  auto op = stump();
  const tensor x = tensor::of<float>({3, 1}, {0.5F, 1, std::numeric_limits<float>::quiet_NaN()});
  CHECK(reals(op, {x}) == list{10, 20, 20});
  op.nodes_missing_value_tracks_true = {1, 0, 0};
  op.base_values = {1};
  CHECK(reals(op, {x}) == list{11, 21, 11});
  CHECK(error_of(op, {tensor(dtype::f32, {1, 0})}).find("tests feature 0") != std::string::npos);
}

TEST_CASE("malformed trees are refused") {
  const tensor x(dtype::f32, {0, 1});
  auto cycle = stump();
  cycle.nodes_truenodeids[0] = 0;
  CHECK(error_of(cycle, {x}).find("reached twice") != std::string::npos);
  auto unknown = stump();
  unknown.nodes_falsenodeids[0] = 7;
  CHECK(error_of(unknown, {x}).find("has children 1 and 7") != std::string::npos);
  auto short_list = stump();
  short_list.nodes_values.pop_back();
  CHECK(error_of(short_list, {x}).find("different lengths") != std::string::npos);
  auto mode = stump();
  mode.nodes_modes[0] = "BRANCH";
  CHECK(error_of(mode, {x}).find("'BRANCH'") != std::string::npos);
  auto target = stump();
  target.target_ids[0] = 1;
  CHECK(error_of(target, {x}).find("target entry 0") != std::string::npos);
}

TEST_CASE("a classifier with one scored class is binary") {
  const auto s = stump();
  ops::tree_ensemble_classifier op;
  op.nodes_treeids = s.nodes_treeids;
  op.nodes_nodeids = s.nodes_nodeids;
  op.nodes_featureids = s.nodes_featureids;
  op.nodes_truenodeids = s.nodes_truenodeids;
  op.nodes_falsenodeids = s.nodes_falsenodeids;
  op.nodes_modes = s.nodes_modes;
  op.nodes_values = s.nodes_values;
  op.class_treeids = {0, 0};
  op.class_nodeids = {1, 2};
  op.class_ids = {0, 0};
  op.class_weights = {0.25F, 0.75F};
  op.classlabels_int64s = {4, 5};
  const tensor x = tensor::of<float>({2, 1}, {0, 1});
  CHECK(reals(op, {x}, 0, 2) == list{4, 5});
  CHECK(reals(op, {x}, 1, 2) == list{0.75, 0.25, 0.25, 0.75});
}
