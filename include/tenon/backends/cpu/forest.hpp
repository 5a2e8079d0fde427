#pragma once

#include "tenon/backends/cpu/scratch.hpp"
#include "tenon/backends/cpu/strided.hpp"
#include "tenon/ops/trees.hpp"

#include <algorithm>
#include <vector>

/// Tree ensembles over f32 features: nodes compiled once, eight rows walked side by side.
namespace tenon::inline v0::cpu {

namespace forest_detail {

using kernel::array_view;
using kernel::call;
using kernel::prepared;
using kernel::query;

/// A node; a leaf leads to itself, so that a walk of fixed length ends there.
struct tree_node {
  float split;
  std::uint32_t feature;
  std::uint32_t yes, no;
};

/// What a walk needs beside the next node: the comparison, or the weights of a leaf.
struct tree_node_more {
  std::uint32_t begin = 0, end = 0;  ///< weights of a leaf
  ops::tree_mode mode = ops::tree_mode::leaf;
  bool missing_is_true = false;
};

struct tree_root {
  std::uint32_t node, depth;
};

/// Where the parts of a compiled forest are in `prepared::packed`, and what is known of it.
enum part : std::size_t {
  roots_at,
  root_count,
  more_at,
  weights_at,
  targets,
  is_plain,
  width,
  is_pair
};

struct compiled_forest {
  const std::byte* memory;
  const std::int64_t* numbers;

  explicit compiled_forest(const prepared& state)
      : memory(state.packed.bytes()), numbers(state.numbers) {}

  template <class T> const T* at(part p) const {
    return reinterpret_cast<const T*>(memory + numbers[p]);
  }

  const tree_node* nodes() const { return reinterpret_cast<const tree_node*>(memory); }
};

/// Longest path from a node; children always have been checked to form trees.
inline std::uint32_t depth_of(const ops::forest& f, std::uint32_t root) {
  std::uint32_t deepest = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> stack{{root, 0}};
  while (!stack.empty()) {
    const auto [at, depth] = stack.back();
    stack.pop_back();
    deepest = std::max(deepest, depth);
    if (f.nodes[at].mode == ops::tree_mode::leaf) continue;
    stack.emplace_back(f.nodes[at].yes, depth + 1);
    stack.emplace_back(f.nodes[at].no, depth + 1);
  }
  return deepest;
}

inline result<prepared> compile_forest(const ops::forest& f) {
  const std::size_t nodes = f.nodes.size();
  prepared out;
  const auto up = [](std::size_t bytes) { return (bytes + 15) / 16 * 16; };
  const std::size_t more = up(nodes * sizeof(tree_node));
  const std::size_t roots = more + up(nodes * sizeof(tree_node_more));
  const std::size_t weights = roots + up(f.roots.size() * sizeof(tree_root));
  const std::size_t bytes = weights + f.weights.size() * sizeof(ops::forest::weight) + 16;
  TENON_TRY(out.packed, tensor::make(dtype::u8, extents{static_cast<std::int64_t>(bytes)}));
  std::byte* memory = out.packed.bytes();
  auto* node = reinterpret_cast<tree_node*>(memory);
  auto* extra = reinterpret_cast<tree_node_more*>(memory + more);
  std::uint32_t widest = 0;
  bool plain = true;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    const ops::forest::node& from = f.nodes[i];
    const bool is_leaf = from.mode == ops::tree_mode::leaf;
    node[i] = is_leaf ? tree_node{0, 0, i, i}
                      : tree_node{static_cast<float>(from.split), from.feature, from.yes, from.no};
    extra[i] = {is_leaf ? from.yes : 0, is_leaf ? from.no : 0, from.mode, from.missing_is_true};
    if (is_leaf) continue;
    widest = std::max(widest, from.feature + 1);
    plain = plain && from.mode == ops::tree_mode::leq && !from.missing_is_true;
  }
  auto* root = reinterpret_cast<tree_root*>(memory + roots);
  for (const std::uint32_t r : f.roots) *root++ = {r, depth_of(f, r)};
  std::copy(f.weights.begin(), f.weights.end(),
            reinterpret_cast<ops::forest::weight*>(memory + weights));
  out.numbers[roots_at] = static_cast<std::int64_t>(roots);
  out.numbers[root_count] = static_cast<std::int64_t>(f.roots.size());
  out.numbers[more_at] = static_cast<std::int64_t>(more);
  out.numbers[weights_at] = static_cast<std::int64_t>(weights);
  out.numbers[targets] = f.targets;
  out.numbers[is_plain] = plain;
  out.numbers[width] = widest;
  return out;
}

/// Rows of one block walk a tree together.
inline constexpr std::size_t lockstep = 8;

inline bool holds(const tree_node& n, const tree_node_more& m, float v) {
  switch (m.mode) {
    case ops::tree_mode::leq:
      return v <= n.split || (v != v && m.missing_is_true);
    case ops::tree_mode::lt:
      return v < n.split || (v != v && m.missing_is_true);
    case ops::tree_mode::gte:
      return v >= n.split || (v != v && m.missing_is_true);
    case ops::tree_mode::gt:
      return v > n.split || (v != v && m.missing_is_true);
    case ops::tree_mode::eq:
      return v == n.split || (v != v && m.missing_is_true);
    case ops::tree_mode::neq:
      return v != n.split;
    default:
      return false;
  }
}

/// The leaves that `lockstep` rows reach.
inline void walk(const compiled_forest& f,
                 tree_root root,
                 const float* const (&rows)[lockstep],
                 std::uint32_t (&at)[lockstep]) {
  const tree_node* nodes = f.nodes();
  std::fill_n(at, lockstep, root.node);
  if (f.numbers[is_plain] != 0) {
    for (std::uint32_t d = 0; d < root.depth; ++d)
      for (std::size_t r = 0; r < lockstep; ++r) {
        const tree_node& n = nodes[at[r]];
        at[r] = rows[r][n.feature] <= n.split ? n.yes : n.no;
      }
    return;
  }
  const auto* more = f.at<tree_node_more>(more_at);
  for (std::uint32_t d = 0; d < root.depth; ++d)
    for (std::size_t r = 0; r < lockstep; ++r) {
      const tree_node& n = nodes[at[r]];
      at[r] = holds(n, more[at[r]], rows[r][n.feature]) ? n.yes : n.no;
    }
}

/// Adds the weights of a leaf to the scores of a row; `hit` tells which targets had one.
inline void add_leaf(const compiled_forest& f,
                     std::uint32_t leaf,
                     ops::tree_aggregate how,
                     double* scores,
                     unsigned char* hit) {
  const tree_node_more& m = f.at<tree_node_more>(more_at)[leaf];
  const auto* weights = f.at<ops::forest::weight>(weights_at);
  for (std::uint32_t i = m.begin; i < m.end; ++i) {
    const std::uint32_t target = weights[i].target;
    const double value = weights[i].value;
    double& sum = scores[target];
    if (how == ops::tree_aggregate::min)
      sum = hit[target] != 0 ? std::min(sum, value) : value;
    else if (how == ops::tree_aggregate::max)
      sum = hit[target] != 0 ? std::max(sum, value) : value;
    else
      sum += value;
    hit[target] = 1;
  }
}

/// Rows and columns of x: [n, ...] or one row [c].
inline std::pair<std::int64_t, std::int64_t> matrix_of(const array_view& x) {
  const std::int64_t rows = x.rank == 1 ? 1 : x.dim(0);
  return {rows, rows == 0 ? 0 : x.count / rows};
}

/// The scores of a block of rows and which of them a leaf has reached; in the scratch memory of a worker.
struct row_scores {
  std::span<double> scores;
  std::span<unsigned char> hit;

  static std::size_t bytes(std::int64_t count) {
    return scratch_sum({scratch_of<double>({count}), scratch_of<unsigned char>({count})});
  }

  static std::int64_t count_of(const call& c) {
    return static_cast<std::int64_t>(lockstep) * c.state->numbers[targets];
  }

  row_scores(const call& c, int worker) {
    const std::int64_t count = count_of(c);
    std::byte* at = c.scratch + static_cast<std::size_t>(worker) * bytes(count);
    scores = {reinterpret_cast<double*>(at), static_cast<std::size_t>(count)};
    at += scratch_of<double>({count});
    hit = {reinterpret_cast<unsigned char*>(at), static_cast<std::size_t>(count)};
  }
};

inline std::size_t forest_scratch(const call& c) {
  const std::size_t each = row_scores::bytes(row_scores::count_of(c));
  return scratch_of<std::byte>({c.threads->width(), static_cast<std::int64_t>(each)});
}

/// Scores of blocks of rows in parallel; `finish(row, scores)` takes each row's.
template <class F>
status score_rows(const call& c,
                  ops::tree_aggregate how,
                  std::span<const double> base,
                  F&& finish) {
  const compiled_forest f(*c.state);
  const auto size = matrix_of(c.in(0));
  const std::int64_t rows = size.first, columns = size.second;
  if (rows != 0 && columns < f.numbers[width])
    return fail(code::index, "a tree tests feature ", f.numbers[width] - 1, ", expected less than ",
                columns);
  const auto n = static_cast<std::size_t>(f.numbers[targets]);
  const auto trees = static_cast<std::size_t>(f.numbers[root_count]);
  const auto* roots = f.at<tree_root>(roots_at);
  const float* x = c.in(0).as<float>();
  const auto step = static_cast<std::int64_t>(lockstep);
  c.threads->run((rows + step - 1) / step, 1, [&](std::int64_t b, std::int64_t e, int worker) {
    const row_scores own_rows(c, worker);
    const std::span<double> scores = own_rows.scores;
    const std::span<unsigned char> hit = own_rows.hit;
    for (std::int64_t block = b; block < e; ++block) {
      const std::int64_t first = block * step, count = std::min(step, rows - first);
      const float* from[lockstep];
      for (std::int64_t r = 0; r < step; ++r)
        from[r] = x + (first + std::min(r, count - 1)) * columns;
      std::fill(scores.begin(), scores.end(), 0.0);
      std::fill(hit.begin(), hit.end(), static_cast<unsigned char>(0));
      std::uint32_t leaves[lockstep];
      for (std::size_t t = 0; t < trees; ++t) {
        walk(f, roots[t], from, leaves);
        for (std::size_t r = 0; r < static_cast<std::size_t>(count); ++r)
          add_leaf(f, leaves[r], how, scores.data() + r * n, hit.data() + r * n);
      }
      for (std::int64_t r = 0; r < count; ++r) {
        const std::span<double> own(scores.data() + static_cast<std::size_t>(r) * n, n);
        if (how == ops::tree_aggregate::average && trees != 0)
          for (double& v : own) v /= static_cast<double>(trees);
        for (std::size_t i = 0; i < n && !base.empty(); ++i)
          own[i] += base[std::min(i, base.size() - 1)];
        finish(first + r, own);
      }
    }
  });
  return {};
}

inline const char* f32_features(const query& q) {
  return q.is(0, dtype::f32) && q.in(0).rank() >= 1 ? nullptr : "needs f32 features with axes";
}

inline const char* takes_regressor(const query& q) {
  if (q.as<ops::tree_ensemble_regressor>().nodes_values_as_tensor) return "needs f32 splits";
  return f32_features(q);
}

inline result<prepared> prepare_regressor(const query& q) {
  TENON_TRY(const ops::forest trees, q.as<ops::tree_ensemble_regressor>().trees());
  return compile_forest(trees);
}

inline status run_regressor(const call& c) {
  const auto& op = c.as<ops::tree_ensemble_regressor>();
  const auto base = ops::floats_of(op.base_values, op.base_values_as_tensor);
  float* y = c.out(0).as<float>();
  return score_rows(c, op.aggregate_function, base, [&](std::int64_t row, std::span<double> v) {
    ops::transform_scores(op.post_transform, v);
    std::copy(v.begin(), v.end(), y + row * static_cast<std::int64_t>(v.size()));
  });
}

inline const char* takes_classifier(const query& q) {
  const auto& op = q.as<ops::tree_ensemble_classifier>();
  if (op.nodes_values_as_tensor) return "needs f32 splits";
  return op.has_strings() ? "makes integer labels" : f32_features(q);
}

inline result<prepared> prepare_classifier(const query& q) {
  const auto& op = q.as<ops::tree_ensemble_classifier>();
  TENON_TRY(const ops::forest trees, op.trees());
  TENON_TRY(prepared out, compile_forest(trees));
  out.numbers[is_pair] = op.is_binary();
  return out;
}

inline status run_classifier(const call& c) {
  const auto& op = c.as<ops::tree_ensemble_classifier>();
  const bool pair = c.state->numbers[is_pair] != 0;
  const std::int64_t columns = pair ? 2 : op.labels();
  const auto base = ops::floats_of(op.base_values, op.base_values_as_tensor);
  const auto& names = op.classlabels_int64s;
  return score_rows(c, ops::tree_aggregate::sum, base, [&](std::int64_t row, std::span<double> v) {
    const std::size_t best = op.decide(v, pair);
    if (c.has_out(1)) std::copy_n(v.begin(), columns, c.out(1).as<float>() + row * columns);
    if (c.has_out(0))
      c.out(0).as<std::int64_t>()[row] =
          names.size() == 1 ? (best == 1 ? names[0] : 0) : names[best];
  });
}

inline const char* takes_ensemble(const query& q) {
  const auto& op = q.as<ops::tree_ensemble>();
  if (op.nodes_splits.type() != dtype::f32) return "needs f32 splits";
  return op.membership_values ? "needs nodes without sets" : f32_features(q);
}

inline result<prepared> prepare_ensemble(const query& q) {
  TENON_TRY(const ops::forest trees, q.as<ops::tree_ensemble>().trees());
  return compile_forest(trees);
}

inline status run_ensemble(const call& c) {
  const auto& op = c.as<ops::tree_ensemble>();
  float* y = c.out(0).as<float>();
  return score_rows(c, static_cast<ops::tree_aggregate>(op.aggregate_function), {},
                    [&](std::int64_t row, std::span<double> v) {
                      ops::transform_scores(static_cast<ops::score_transform>(op.post_transform),
                                            v);
                      std::copy(v.begin(), v.end(), y + row * static_cast<std::int64_t>(v.size()));
                    });
}

}  // namespace forest_detail

namespace forest {

using namespace forest_detail;

// clang-format off
inline constexpr kernel::entry kernels[] = {
    {"cpu.tree_ensemble_regressor.f32", ir::id_of<ops::tree_ensemble_regressor>(), takes_regressor, prepare_regressor, forest_scratch, run_regressor, false},
    {"cpu.tree_ensemble_classifier.f32", ir::id_of<ops::tree_ensemble_classifier>(), takes_classifier, prepare_classifier, forest_scratch, run_classifier, false},
    {"cpu.tree_ensemble.f32", ir::id_of<ops::tree_ensemble>(), takes_ensemble, prepare_ensemble, forest_scratch, run_ensemble, false},
};
// clang-format on

}  // namespace forest

}  // namespace tenon::inline v0::cpu
