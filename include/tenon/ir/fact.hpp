#pragma once

#include "tenon/symbol/shape.hpp"
#include "tenon/tensor/tensor.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tenon::inline v0::ir {

/// What is known about a value before the model runs: its kind, dtype, symbolic shape and perhaps its content.
struct fact {
  enum class kind : unsigned char { tensor, sequence, optional };

  kind what = kind::tensor;  ///< of a sequence or optional, type and shape are those of the element
  bool holds_sequence = false;  ///< an optional whose element is a sequence
  bool is_ranked = true;        ///< false: nothing is known about the shape
  dtype type = dtype::undefined;
  dims shape;

  tensor constant;  ///< the content, when it is known as bytes
  std::optional<std::vector<dim>>
      elements;  ///< the content of a small integer tensor, when known as expressions

  static fact of(dtype type, dims shape) {
    fact out;
    out.type = type;
    out.shape = std::move(shape);
    return out;
  }

  static fact unranked(dtype type) {
    fact out;
    out.type = type;
    out.is_ranked = false;
    return out;
  }

  /// The fact of a tensor whose content is known; small integer content is kept as expressions too.
  static fact of_constant(tensor content);

  /// A sequence of tensors like `element`.
  static fact sequence_of(fact element) {
    element.what = kind::sequence;
    element.constant = {};
    element.elements.reset();
    return element;
  }

  bool is_tensor() const { return what == kind::tensor; }

  bool is_constant() const { return static_cast<bool>(constant); }

  std::size_t rank() const { return shape.size(); }

  /// The expressions of a small integer tensor, from `elements` or from the constant.
  bool has_elements() const { return elements.has_value(); }

  bool is_concrete() const { return is_tensor() && is_ranked && all_constant(shape); }

  /// `f32[B, 3]`, `sequence(f32[?])`, `f32[2] = const`
  std::string str() const;
};

/// The numbers when every expression is one.
std::optional<std::vector<std::int64_t>> numbers_of(std::span<const dim> content);

/// The content of a value: its bytes, or its expressions when all are numbers; nothing when it is unknown.
std::optional<tensor> known_tensor(const fact& f);

/// Keeps kind and dtype only.
inline fact known_kind_of(const fact& f) {
  fact out = fact::unranked(f.type);
  out.what = f.what;
  out.holds_sequence = f.holds_sequence;
  return out;
}

/// Integer tensors with at most this many elements are propagated as expressions.
inline constexpr std::int64_t max_tracked_elements = 256;

}  // namespace tenon::inline v0::ir

#ifndef TENON_COMPILED
#include "tenon/impl/ir_fact.hpp"
#endif
