#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/symbol/table.hpp"

#include <optional>
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

  /// The content of input `i` for what can be said of the content of an output: a small integer tensor as
  /// expressions, or nothing when it is unknown.
  std::optional<std::vector<dim>> elements(std::size_t i) const;

  /// The same for rules that cannot decide a shape, or whether the node is right, without it: where it is
  /// unknown, the rule is applied again to the data of each run.
  std::optional<std::vector<dim>> content(std::size_t i);

  /// `content` as numbers when all of it is known now.
  std::optional<std::vector<std::int64_t>> numbers(std::size_t i);

  /// Has the rule applied again to the data of each run, because it cannot tell yet whether the node is right.
  void leave_to_run() { is_left_to_run_ = true; }

  /// Whether the rule left something to the run, or asked for `content` or `numbers` that are not known.
  bool is_left_to_run() const { return is_left_to_run_; }

  /// Normalises a possibly negative axis of a tensor of `rank` axes.
  result<std::size_t> axis(std::int64_t a, std::size_t rank, std::string_view what = "axis") const;

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
                      std::string_view what) const;

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
  bool is_left_to_run_ = false;
};

}  // namespace tenon::inline v0::ir

#ifndef TENON_COMPILED
#include "tenon/impl/ir_infer_context.hpp"
#endif
