#pragma once

#include "tenon/core/result.hpp"
#include "tenon/symbol/interval.hpp"
#include "tenon/symbol/shape.hpp"
#include "tenon/symbol/table.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace tenon::inline v0 {

/// A range of shapes as the user writes it: one group of extents per network input in each field.
struct shape_range {
  std::vector<extents> min;
  std::vector<extents> max;
  std::vector<std::vector<extents>> opts{};  ///< the shapes to be fastest at; none: only `max`
};

/// An input of a network as far as ranges are concerned.
struct input_shape {
  std::string name;
  dims shape;
};

/// A validated range: per input the least and the greatest extents, and the points to tune for.
struct box {
  std::vector<std::string> names;  ///< of the inputs
  std::vector<extents> min;
  std::vector<extents> max;
  std::vector<std::vector<extents>> opts;  ///< at least one point

  /// Checks counts, ranks, min <= opt <= max, and constants of the network.
  static result<box> make(const shape_range& range, std::span<const input_shape> inputs);

  bool is_static() const { return min == max; }

  /// The error names input, dim, range and value of the first extent outside.
  status contains(std::span<const extents> shapes) const;

  /// Learns the range of every input dim; the error names the dim and what contradicts it.
  status apply(std::span<const input_shape> inputs, facts_table& facts) const;
};

/// Which box and which of its opts serve a call.
struct box_choice {
  std::size_t box = 0;
  std::size_t opt = 0;

  friend bool operator==(box_choice, box_choice) = default;
};

/// Among the boxes that contain the shapes: the opt point with the least sum of |log(extent / opt)|
/// wins; of equal ones the first box, then the first opt. No box: the error of the nearest one.
result<box_choice> choose_box(std::span<const box> boxes, std::span<const extents> shapes);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/symbol_range.hpp"
#endif
