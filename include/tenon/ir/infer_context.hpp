#pragma once

#include "tenon/ir/graph.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace tenon::inline v0::ir {

/// What a shape rule sees: the facts of the inputs, and where it puts those of the outputs.
class infer_context {
 public:
  /// Infers a subgraph for given input facts; provided by the layer that knows how.
  using subgraph_function = result<std::vector<fact>> (*)(const graph&,
                                                          std::span<const fact>,
                                                          const symbol_context&,
                                                          int depth);

  infer_context(std::span<const fact* const> inputs,
                std::size_t output_count,
                const symbol_context& symbols)
      : inputs_(inputs), outputs_(output_count), symbols_(&symbols) {}

  std::size_t size() const { return inputs_.size(); }  ///< inputs, absent ones included

  std::size_t output_count() const { return outputs_.size(); }

  /// True when input `i` is given.
  bool has(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }

  /// The fact of input `i`, which must be given.
  const fact& operator[](std::size_t i) const { return *inputs_[i]; }

  symbol_scope& scope() const { return symbols_->scope(); }

  facts_table& facts() const { return symbols_->facts(); }

  const symbol_context& symbols() const { return *symbols_; }

  void output(std::size_t i, fact f) {
    if (i < outputs_.size()) outputs_[i] = std::move(f);
  }

  void output(std::size_t i, dtype type, dims shape) {
    output(i, fact::of(type, std::move(shape)));
  }

  std::vector<fact>& outputs() { return outputs_; }

  /// A size that only the run knows, in [0, bound]; one new symbol.
  dim unbacked(std::string_view prefix, dim bound);

  /// The content of input `i` as expressions: a small integer tensor, or nothing when it is unknown.
  std::optional<std::vector<dim>> elements(std::size_t i) const {
    if (!has(i)) return std::nullopt;
    return (*this)[i].elements;
  }

  /// The content of input `i` as numbers when all of it is known now.
  std::optional<std::vector<std::int64_t>> constants(std::size_t i) const {
    const auto known = elements(i);
    if (!known) return std::nullopt;
    std::vector<std::int64_t> out;
    for (const dim d : *known) {
      if (!d.is_constant()) return std::nullopt;
      out.push_back(d.constant());
    }
    return out;
  }

  /// Normalises a possibly negative axis of a tensor of `rank` axes.
  result<std::size_t> axis(std::int64_t a, std::size_t rank, std::string_view what = "axis") const {
    const auto r = static_cast<std::int64_t>(rank);
    if (a < -r || a >= r)
      return fail(code::attribute, what, " is ", a, ", expected ", -r, " to ", r - 1, " for rank ",
                  rank);
    return static_cast<std::size_t>(a < 0 ? a + r : a);
  }

  /// Claims that two sizes are equal: an error when they cannot be, a deferred check when it is unknown.
  status require_equal(dim a, dim b, std::string_view what);

  /// Claims that a <= b: an error when that cannot be, a deferred check when it is unknown.
  status require_at_most(dim a, dim b, std::string_view what);

  /// Claims that two shapes are equal.
  status require_same(const dims& a, const dims& b, std::string_view what);

  /// The size of an axis of numpy-style broadcast operands; deferred when it is unknown.
  result<dim> broadcast_dim(dim a, dim b, std::string_view what);

  /// numpy broadcast of two shapes.
  result<dims> broadcast(const dims& a, const dims& b, std::string_view what);

  /// Fails unless input `i` is a tensor of one of `types`.
  status require_type(std::size_t i,
                      std::initializer_list<dtype> types,
                      std::string_view what) const {
    if (!(*this)[i].is_tensor())
      return fail(code::shape, what, " is ", (*this)[i].str(), ", expected a tensor");
    for (const dtype t : types)
      if ((*this)[i].type == t) return {};
    std::string expected;
    for (const dtype t : types) expected += cat(expected.empty() ? "" : ", ", name_of(t));
    return fail(code::shape, what, " is ", name_of((*this)[i].type), ", expected ", expected);
  }

  subgraph_function infer_subgraph = nullptr;
  int depth = 0;          ///< of subgraph nesting
  std::string_view node;  ///< description for deferred checks

 private:
  /// A body checks its claims when it runs, with the sizes at hand: it may never run.
  void defer(dim a, relation kind, dim b, std::string_view what) {
    if (!symbols_->is_body()) facts().defer({a, kind, b, cat(node, ": ", what)});
  }

  std::span<const fact* const> inputs_;
  std::vector<fact> outputs_;
  const symbol_context* symbols_;
};

inline dim infer_context::unbacked(std::string_view prefix, dim bound) {
  const dim symbol = scope().fresh(prefix);
  static_cast<void>(facts().restrict(symbol, 0, facts().bounds(bound).hi, node));
  return symbol;
}

inline status infer_context::require_equal(dim a, dim b, std::string_view what) {
  if (a == b) return {};
  switch (facts().is_equal(a, b)) {
    case truth::yes:
      return {};
    case truth::no:
      return fail(code::shape, what, " is ", a, ", expected ", b);
    case truth::unknown:
      break;
  }
  defer(a, relation::equal, b, what);
  return {};
}

inline status infer_context::require_at_most(dim a, dim b, std::string_view what) {
  const truth known = facts().is_less_equal(a, b);
  if (known == truth::no) return fail(code::shape, what, " is ", a, ", expected at most ", b);
  if (known == truth::unknown) defer(a, relation::less_equal, b, what);
  return {};
}

inline status infer_context::require_same(const dims& a, const dims& b, std::string_view what) {
  if (a.size() != b.size())
    return fail(code::shape, what, " has shape ", bracketed(a), ", expected ", bracketed(b));
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto same = require_equal(a[i], b[i], what);
    if (!same)
      return fail(code::shape, what, " has shape ", bracketed(a), ", expected ", bracketed(b));
  }
  return {};
}

inline result<dim> infer_context::broadcast_dim(dim a, dim b, std::string_view what) {
  if (a == b) return a;
  if (a.is_constant() && a.constant() == 1) return b;
  if (b.is_constant() && b.constant() == 1) return a;
  if (facts().is_equal(a, b) == truth::yes) return a;
  if (a.is_constant() && b.is_constant())
    return fail(code::shape, what, " has sizes ", a, " and ", b, " that do not broadcast");
  defer(a, relation::broadcastable, b, what);
  if (a.is_constant()) return a;
  if (b.is_constant()) return b;
  return facts().simplify(symbol_detail::make_broadcast(a, b));
}

inline result<dims> infer_context::broadcast(const dims& a, const dims& b, std::string_view what) {
  const std::size_t rank = std::max(a.size(), b.size());
  dims out;
  for (std::size_t i = 0; i < rank; ++i) {
    const dim da = i + a.size() >= rank ? a[i + a.size() - rank] : dim(1);
    const dim db = i + b.size() >= rank ? b[i + b.size() - rank] : dim(1);
    auto size = broadcast_dim(da, db, what);
    if (!size)
      return fail(code::shape, what, ": shapes ", bracketed(a), " and ", bracketed(b),
                  " do not broadcast");
    out.push_back(*size);
  }
  return out;
}

}  // namespace tenon::inline v0::ir
