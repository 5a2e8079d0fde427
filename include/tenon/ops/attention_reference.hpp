#pragma once

#include "tenon/ops/pointwise.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tenon::inline v0::ops {

/// Heads of vectors: batch, heads, length and size of each vector.
struct head_layout {
  std::int64_t batch = 0;
  std::int64_t heads = 0;
  std::int64_t length = 0;
  std::int64_t size = 0;

  head_layout() = default;

  /// Of x[batch, heads, length, size] or x[batch, length, heads * size].
  head_layout(const tensor& x, std::int64_t head_count)
      : batch(x.dim(0)),
        heads(x.rank() == 4 ? x.dim(1) : head_count),
        length(x.rank() == 4 ? x.dim(2) : x.dim(1)),
        size(x.rank() == 4 ? x.dim(3) : x.dim(2) / head_count) {}

  std::size_t count() const { return static_cast<std::size_t>(batch * heads * length * size); }

  /// Position of a vector when heads come before the length.
  std::size_t at(std::int64_t b, std::int64_t h, std::int64_t i) const {
    return static_cast<std::size_t>(((b * heads + h) * length + i) * size);
  }

  /// Position of a vector when the length comes before the heads.
  std::size_t packed_at(std::int64_t b, std::int64_t h, std::int64_t i) const {
    return static_cast<std::size_t>(((b * length + i) * heads + h) * size);
  }
};

/// Vectors in the order [batch, heads, length, size].
struct head_values {
  head_layout layout;
  std::vector<double> values;

  /// Reads x[batch, heads, length, size] or x[batch, length, heads * size], after `past` along the length.
  head_values(const tensor& x, std::int64_t head_count, const tensor* past = nullptr)
      : layout(x, head_count) {
    const head_layout own = layout;
    const std::int64_t before = past ? past->dim(2) : 0;
    layout.length += before;
    values.resize(layout.count());
    const elements_as<double> now(x);
    const elements_as<double> old(past ? *past : tensor(dtype::f64, {0}));
    for (std::int64_t b = 0; b < layout.batch; ++b)
      for (std::int64_t h = 0; h < layout.heads; ++h)
        for (std::int64_t i = 0; i < layout.length; ++i) {
          const double* from =
              i < before ? old.data() + ((b * layout.heads + h) * before + i) * layout.size
                         : now.data() + (x.rank() == 4 ? own.at(b, h, i - before)
                                                       : own.packed_at(b, h, i - before));
          std::copy(from, from + layout.size,
                    values.begin() + static_cast<std::ptrdiff_t>(layout.at(b, h, i)));
        }
  }

  const double* at(std::int64_t b, std::int64_t h, std::int64_t i) const {
    return values.data() + layout.at(b, h, i);
  }
};

/// What is added to the scores: mask, causal frontier, window and padding; minus infinity hides a key.
class attention_bias {
 public:
  /// `mask` broadcasts to [batch, heads, queries, keys] from the right, keys beyond it are hidden; null: none.
  attention_bias(const tensor* mask, const tensor* lengths, std::int64_t queries, std::int64_t past)
      : queries_(queries), past_(past) {
    if (lengths) {
      lengths_.resize(static_cast<std::size_t>(lengths->size()));
      load_elements<std::int64_t>(*lengths, lengths_);
    }
    if (!mask) return;
    dims_ = mask->dims();
    values_.resize(static_cast<std::size_t>(mask->size()));
    load_elements<double>(*mask, values_);
    if (mask->type() == dtype::boolean)
      for (double& v : values_) v = v != 0 ? 0 : -INFINITY;
  }

  bool is_causal = false;
  std::int64_t left = -1;   ///< keys before the query that it sees; negative: all
  std::int64_t right = -1;  ///< keys after the query that it sees; negative: all

  double operator()(std::int64_t b, std::int64_t h, std::int64_t i, std::int64_t j) const {
    const std::int64_t valid = lengths_.empty() ? 0 : lengths_[static_cast<std::size_t>(b)];
    const std::int64_t ahead = j - (i + (lengths_.empty() ? past_ : valid - queries_));
    if ((is_causal && ahead > 0) || (left >= 0 && -ahead > left) || (right >= 0 && ahead > right) ||
        (!lengths_.empty() && j >= valid))
      return -INFINITY;
    if (dims_.empty()) return values_.empty() ? 0.0 : values_[0];
    if (j >= dims_.back()) return -INFINITY;
    const std::int64_t index[] = {b, h, i, j};
    std::int64_t at = 0;
    for (std::size_t k = 0; k < dims_.size(); ++k)
      at = at * dims_[k] + (dims_[k] == 1 ? 0 : index[k + 4 - dims_.size()]);
    return values_[static_cast<std::size_t>(at)];
  }

 private:
  extents dims_;
  std::vector<double> values_;
  std::vector<std::int64_t> lengths_;
  std::int64_t queries_;
  std::int64_t past_;
};

/// The softmax of scores whose bias is given; a row without visible keys becomes zeros.
inline void attention_softmax(std::vector<double>& scores, const std::vector<double>& bias) {
  double top = -INFINITY, total = 0;
  bool is_hidden = true;
  for (std::size_t j = 0; j < scores.size(); ++j) {
    top = std::fmax(top, scores[j]);
    is_hidden = is_hidden && bias[j] == -INFINITY;
  }
  for (double& s : scores) {
    s = is_hidden || top == -INFINITY ? 0.0 : std::exp(s - top);
    total += s;
  }
  for (double& s : scores) s = total == 0 ? 0.0 : s / total;
}

}  // namespace tenon::inline v0::ops
