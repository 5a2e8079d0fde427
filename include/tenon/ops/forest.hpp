#pragma once

#include "tenon/core/result.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tenon::inline v0::ops {

/// Comparison of a tree node; `member`: the feature is in a set.
enum class tree_mode : unsigned char { leaf, leq, lt, gte, gt, eq, neq, member };

/// How the leaves that an input reaches are combined.
enum class tree_aggregate : unsigned char { average, sum, min, max };

constexpr std::array<std::string_view, 4> enum_names(tree_aggregate) {
  return {"AVERAGE", "SUM", "MIN", "MAX"};
}

/// What is applied to the scores of one input.
enum class score_transform : unsigned char { none, softmax, logistic, softmax_zero, probit };

constexpr std::array<std::string_view, 5> enum_names(score_transform) {
  return {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
}

/// Decision trees as one flat array of nodes; children come after checks, so walking always ends.
struct forest {
  struct node {
    tree_mode mode = tree_mode::leaf;
    bool missing_is_true = false;
    std::uint32_t feature = 0;
    double split = 0;
    std::uint32_t yes = 0, no = 0;             ///< nodes; of a leaf: first and end of its weights
    std::uint32_t set_begin = 0, set_end = 0;  ///< of `members`
  };

  struct weight {
    std::uint32_t target;
    double value;
  };

  std::vector<node> nodes;
  std::vector<std::uint32_t> roots;
  std::vector<weight> weights;
  std::vector<double> members;
  std::uint32_t targets = 1;

  /// The leaf that a row of features reaches.
  const node& leaf(const double* row, std::uint32_t root) const {
    const node* at = &nodes[root];
    while (at->mode != tree_mode::leaf)
      at = &nodes[holds(*at, row[at->feature]) ? at->yes : at->no];
    return *at;
  }

  bool holds(const node& n, double v) const {
    if (v != v) return n.missing_is_true || (n.mode == tree_mode::neq);
    switch (n.mode) {
      case tree_mode::leq:
        return v <= n.split;
      case tree_mode::lt:
        return v < n.split;
      case tree_mode::gte:
        return v >= n.split;
      case tree_mode::gt:
        return v > n.split;
      case tree_mode::eq:
        return v == n.split;
      case tree_mode::neq:
        return v != n.split;
      case tree_mode::member:
        return std::find(members.begin() + n.set_begin, members.begin() + n.set_end, v) !=
               members.begin() + n.set_end;
      case tree_mode::leaf:
        break;
    }
    return false;
  }

  /// Fails on a child outside the array, a node that is reached twice, or a cycle.
  status check() const {
    std::vector<bool> seen(nodes.size(), false);
    std::vector<std::uint32_t> stack(roots.begin(), roots.end());
    while (!stack.empty()) {
      const std::uint32_t at = stack.back();
      stack.pop_back();
      if (at >= nodes.size())
        return fail(code::attribute, "a tree names node ", at, ", expected less than ",
                    nodes.size());
      if (seen[at])
        return fail(code::attribute, "node ", at, " of a tree is reached twice, expected a tree");
      seen[at] = true;
      if (nodes[at].mode != tree_mode::leaf)
        stack.insert(stack.end(), {nodes[at].yes, nodes[at].no});
    }
    return {};
  }

  /// Combined leaf weights per target; `hit` tells which targets a leaf had a weight for.
  void scores(const double* row,
              tree_aggregate how,
              std::span<double> out,
              std::vector<bool>& hit) const {
    std::fill(out.begin(), out.end(), 0.0);
    hit.assign(out.size(), false);
    for (const std::uint32_t root : roots) {
      const node& end = leaf(row, root);
      for (std::uint32_t i = end.yes; i < end.no; ++i) {
        const weight& w = weights[i];
        double& sum = out[w.target];
        if (how == tree_aggregate::min)
          sum = hit[w.target] ? std::min(sum, w.value) : w.value;
        else if (how == tree_aggregate::max)
          sum = hit[w.target] ? std::max(sum, w.value) : w.value;
        else
          sum += w.value;
        hit[w.target] = true;
      }
    }
    if (how == tree_aggregate::average && !roots.empty())
      for (double& v : out) v /= static_cast<double>(roots.size());
  }
};

/// The inverse of the normal distribution scaled as ONNX PROBIT: sqrt(2) * erfinv(2 x - 1) (Winitzki 2008).
inline double probit(double v) {
  const double x = 2 * v - 1;
  const double log_term = std::log((1 - x) * (1 + x));
  const double half = 2 / (3.14159 * 0.147) + 0.5 * log_term;
  return std::sqrt(2.0) * (x < 0 ? -1.0 : 1.0) *
         std::sqrt(-half + std::sqrt(half * half - log_term / 0.147));
}

/// Applies a transform to the scores of one input.
inline void transform_scores(score_transform how, std::span<double> v) {
  if (how == score_transform::logistic)
    for (double& x : v) x = 1 / (1 + std::exp(-x));
  if (how == score_transform::probit)
    for (double& x : v) x = probit(x);
  if (how != score_transform::softmax && how != score_transform::softmax_zero) return;
  const double top = v.empty() ? 0 : *std::max_element(v.begin(), v.end());
  double sum = 0;
  for (double& x : v) {
    const bool stays = how == score_transform::softmax_zero && std::fabs(x) <= 1e-7;
    x = stays ? 0 : std::exp(x - top);
    sum += x;
  }
  if (sum != 0)
    for (double& x : v) x /= sum;
}

/// The node tables of the old tree ensembles (ai.onnx.ml 1 and 3).
struct forest_tables {
  std::span<const std::int64_t> tree_ids, node_ids, feature_ids, true_ids, false_ids,
      missing_tracks_true;
  std::span<const std::string> modes;
  std::span<const double> values;
  std::span<const std::int64_t> weight_tree_ids, weight_node_ids, weight_ids;
  std::span<const double> weight_values;
  std::int64_t targets = 1;
  std::string_view weight_name;  ///< "class" or "target", for messages
};

namespace forest_detail {

inline result<tree_mode> mode_named(std::string_view name) {
  constexpr std::array<std::string_view, 8> names{"LEAF",       "BRANCH_LEQ",   "BRANCH_LT",
                                                  "BRANCH_GTE", "BRANCH_GT",    "BRANCH_EQ",
                                                  "BRANCH_NEQ", "BRANCH_MEMBER"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<tree_mode>(i);
  return fail(code::attribute, "nodes_modes contains ", quoted(name), ", expected one of ",
              join(names));
}

inline status same_sizes(const forest_tables& t) {
  const std::size_t n = t.tree_ids.size(), w = t.weight_tree_ids.size();
  const auto fits = [](std::size_t size, std::size_t wanted, bool optional) {
    return size == wanted || (optional && size == 0);
  };
  if (!fits(t.node_ids.size(), n, false) || !fits(t.feature_ids.size(), n, false) ||
      !fits(t.true_ids.size(), n, false) || !fits(t.false_ids.size(), n, false) ||
      !fits(t.modes.size(), n, false) || !fits(t.values.size(), n, false) ||
      !fits(t.missing_tracks_true.size(), n, true) || n > 0x7FFFFFFF)
    return fail(code::attribute, "the nodes_ lists have different lengths, expected ", n, " each");
  if (!fits(t.weight_node_ids.size(), w, false) || !fits(t.weight_ids.size(), w, false) ||
      !fits(t.weight_values.size(), w, false) || w > 0x7FFFFFFF)
    return fail(code::attribute, "the ", t.weight_name, "_ lists have different lengths, expected ",
                w, " each");
  return {};
}

using node_key = std::pair<std::int64_t, std::int64_t>;

/// Puts the weights of each leaf side by side.
inline status add_weights(const forest_tables& t,
                          const std::map<node_key, std::uint32_t>& index,
                          forest& out) {
  std::vector<std::vector<forest::weight>> lists(out.nodes.size());
  for (std::size_t i = 0; i < t.weight_tree_ids.size(); ++i) {
    const auto found = index.find({t.weight_tree_ids[i], t.weight_node_ids[i]});
    if (found == index.end() || t.weight_ids[i] < 0 || t.weight_ids[i] >= t.targets)
      return fail(code::attribute, t.weight_name, " entry ", i, " names tree ",
                  t.weight_tree_ids[i], ", node ", t.weight_node_ids[i], ", id ", t.weight_ids[i],
                  ", expected existing ones");
    lists[found->second].push_back(
        {static_cast<std::uint32_t>(t.weight_ids[i]), t.weight_values[i]});
  }
  for (std::size_t i = 0; i < lists.size(); ++i) {
    if (out.nodes[i].mode != tree_mode::leaf) continue;
    out.nodes[i].yes = static_cast<std::uint32_t>(out.weights.size());
    out.weights.insert(out.weights.end(), lists[i].begin(), lists[i].end());
    out.nodes[i].no = static_cast<std::uint32_t>(out.weights.size());
  }
  return {};
}

}  // namespace forest_detail

/// A checked forest from the old tables.
inline result<forest> make_forest(const forest_tables& t) {
  TENON_TRY(forest_detail::same_sizes(t));
  std::map<forest_detail::node_key, std::uint32_t> index;
  forest out;
  out.targets = static_cast<std::uint32_t>(t.targets);
  for (std::size_t i = 0; i < t.tree_ids.size(); ++i) {
    if (!index
             .emplace(forest_detail::node_key{t.tree_ids[i], t.node_ids[i]},
                      static_cast<std::uint32_t>(i))
             .second)
      return fail(code::attribute, "node ", t.node_ids[i], " of tree ", t.tree_ids[i],
                  " is there twice");
    forest::node n;
    TENON_TRY(n.mode, forest_detail::mode_named(t.modes[i]));
    if (n.mode == tree_mode::member)
      return fail(code::attribute, "nodes_modes contains BRANCH_MEMBER without sets");
    if (n.mode != tree_mode::leaf && (t.feature_ids[i] < 0 || t.feature_ids[i] > 0x7FFFFFFF))
      return fail(code::attribute, "nodes_featureids contains ", t.feature_ids[i],
                  ", expected at least 0");
    n.feature = static_cast<std::uint32_t>(n.mode == tree_mode::leaf ? 0 : t.feature_ids[i]);
    n.split = t.values[i];
    n.missing_is_true = !t.missing_tracks_true.empty() && t.missing_tracks_true[i] != 0;
    out.nodes.push_back(n);
    if (i == 0 || t.tree_ids[i] != t.tree_ids[i - 1])
      out.roots.push_back(static_cast<std::uint32_t>(i));
  }
  for (std::size_t i = 0; i < out.nodes.size(); ++i) {
    forest::node& n = out.nodes[i];
    if (n.mode == tree_mode::leaf) continue;
    const auto yes = index.find({t.tree_ids[i], t.true_ids[i]}),
               no = index.find({t.tree_ids[i], t.false_ids[i]});
    if (yes == index.end() || no == index.end())
      return fail(code::attribute, "node ", t.node_ids[i], " of tree ", t.tree_ids[i],
                  " has children ", t.true_ids[i], " and ", t.false_ids[i],
                  ", expected nodes of that tree");
    n.yes = yes->second;
    n.no = no->second;
  }
  TENON_TRY(out.check());
  TENON_TRY(forest_detail::add_weights(t, index, out));
  return out;
}

}  // namespace tenon::inline v0::ops
