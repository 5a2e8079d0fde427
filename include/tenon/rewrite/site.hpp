#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/patch.hpp"
#include "tenon/rewrite/match.hpp"
#include "tenon/rewrite/settings.hpp"
#include "tenon/tensor/convert.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0::rewrite {

/// The patch of a rule, or nothing when it does not apply.
using rewritten = result<std::optional<ir::patch>>;

/// Whether readers of a value with fact `old` cannot tell when they read one with fact `by`.
inline bool can_replace(const ir::graph& g, const ir::fact& old, const ir::fact& by) {
  if (old.what != by.what || old.holds_sequence != by.holds_sequence || old.type != by.type)
    return false;
  if (!old.is_ranked || !by.is_ranked || old.rank() != by.rank()) return false;
  for (std::size_t i = 0; i < old.rank(); ++i)
    if (g.symbols.facts().is_equal(old.shape[i], by.shape[i]) != truth::yes) return false;
  return true;
}

/// The integers of a value whose content is known, whatever its rank.
inline std::optional<std::vector<std::int64_t>> integers_of(const ir::fact& f) {
  if (f.has_elements()) return ir::numbers_of(*f.elements);
  if (!f.is_constant() || !is_integer(f.type)) return std::nullopt;
  std::vector<std::int64_t> out(static_cast<std::size_t>(f.constant.size()));
  load_elements<std::int64_t>(f.constant, out);
  return out;
}

/// A rank-1 i64 constant.
inline tensor integers(std::span<const std::int64_t> values) {
  return tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

/// One node of a graph as a rule sees it.
class site {
 public:
  site(const ir::graph& g, node_id n, const rule_settings& settings, near_miss* nearest)
      : graph_(&g), node_(n), settings_(&settings), nearest_(nearest) {}

  const ir::graph& graph() const { return *graph_; }

  node_id node() const { return node_; }

  const rule_settings& settings() const { return *settings_; }

  /// Input `i`; an invalid id when it is absent.
  value_id input(std::size_t i) const {
    const auto& in = (*graph_)[node_].inputs;
    return i < in.size() ? in[i] : value_id();
  }

  std::span<const value_id> inputs() const {
    const auto& in = (*graph_)[node_].inputs;
    return {in.data(), in.size()};
  }

  value_id output(std::size_t i = 0) const {
    const auto& out = (*graph_)[node_].outputs;
    return i < out.size() ? out[i] : value_id();
  }

  const ir::fact& fact(value_id v) const { return graph_->fact(v); }

  bool is_constant(value_id v) const { return graph_->is_constant(v); }

  /// The op that makes `v` as its first output, if it is an `Op`.
  template <class Op> const Op* maker(value_id v) const {
    if (!v || !(*graph_)[v].producer || (*graph_)[v].port != 0) return nullptr;
    return (*graph_)[(*graph_)[v].producer].op.template as<Op>();
  }

  /// Input `i` of the node that makes `v`.
  value_id operand(value_id v, std::size_t i) const {
    const auto& in = (*graph_)[(*graph_)[v].producer].inputs;
    return i < in.size() ? in[i] : value_id();
  }

  /// True when one node reads `v` once and it is no graph output.
  bool is_single_use(value_id v) const {
    return graph_->use_count(v) == 1 && (*graph_)[v].output_uses == 0;
  }

  /// True when nobody reads any output but the first.
  bool has_one_output() const {
    const auto& out = (*graph_)[node_].outputs;
    for (std::size_t i = 1; i < out.size(); ++i)
      if (out[i] && graph_->use_count(out[i]) != 0) return false;
    return !out.empty() && out[0];
  }

  /// The integers of a value whose content is known.
  std::optional<std::vector<std::int64_t>> integers(value_id v) const {
    return v ? integers_of(fact(v)) : std::nullopt;
  }

  /// The one number of a constant whose elements are all equal.
  std::optional<double> splat(value_id v) const {
    return is_constant(v) ? splat_of(fact(v).constant) : std::nullopt;
  }

  bool is_equal(dim a, dim b) const {
    return a == b || graph_->symbols.facts().is_equal(a, b) == truth::yes;
  }

  /// The rule does not apply; `explain` shows the reason.
  std::nullopt_t no(std::string_view reason, std::size_t depth = 1) const {
    if (nearest_ && (nearest_->reason.empty() || depth > nearest_->depth))
      *nearest_ = {depth, node_, std::string(reason)};
    return std::nullopt;
  }

  /// Ends a rule: readers of the first output read `by` instead, if its fact allows that.
  std::optional<ir::patch> replace(ir::patch&& p, value_id by) const {
    return replace(std::move(p), output(), by);
  }

  std::optional<ir::patch> replace(ir::patch&& p, value_id old, value_id by) const {
    if (!can_replace(*graph_, fact(old), p.fact(by))) {
      if (nearest_)
        no(cat("the result would be ", p.fact(by).str(), ", expected ", fact(old).str()), 64);
      return std::nullopt;
    }
    p.replace(old, by);
    return std::move(p);
  }

  /// Ends a rule: readers of the first output read an existing value.
  std::optional<ir::patch> replace(value_id by) const { return replace(ir::patch(*graph_), by); }

  /// The same where the rule itself knows that both are the same value, whatever the shape is.
  std::optional<ir::patch> replace_equal(value_id by) const {
    ir::patch p(*graph_);
    p.replace(output(), by);
    return p;
  }

  /// Ends a rule: one new node takes the place of this one.
  rewritten replace(ir::any_op op, std::initializer_list<value_id> inputs) const {
    ir::patch p(*graph_);
    TENON_TRY(const value_id by, add(p, std::move(op), std::span(inputs.begin(), inputs.size())));
    return replace(std::move(p), by);
  }

  /// A new node with one output; evaluated now when all its inputs are constants.
  result<value_id> add(ir::patch& p, ir::any_op op, std::span<const value_id> inputs) const;

  result<value_id> add(ir::patch& p, ir::any_op op, std::initializer_list<value_id> inputs) const {
    return add(p, std::move(op), std::span(inputs.begin(), inputs.size()));
  }

 private:
  const ir::graph* graph_;
  node_id node_;
  const rule_settings* settings_;
  near_miss* nearest_;
};

/// A site whose node is an `Op`.
template <class Op> class match_of : public site {
 public:
  explicit match_of(const site& at) : site(at) {}

  const Op& op() const { return *graph()[node()].op.template as<Op>(); }
};

/// Bytes of a tensor with this fact, when they are known.
inline std::optional<std::size_t> bytes_of(const ir::fact& f) {
  const auto sizes = f.is_ranked ? to_extents(f.shape) : std::nullopt;
  if (!sizes || !f.is_tensor()) return std::nullopt;
  const auto count = checked_product(std::span(sizes->data(), sizes->size()));
  const auto bytes =
      count ? checked_mul(*count, static_cast<std::int64_t>(size_of(f.type))) : count;
  return bytes ? std::optional(static_cast<std::size_t>(*bytes)) : std::nullopt;
}

inline result<value_id> site::add(ir::patch& p,
                                  ir::any_op op,
                                  std::span<const value_id> inputs) const {
  bool is_constant = op.has(ir::pure);
  std::size_t input_bytes = 0;
  std::vector<datum> data;
  for (const value_id v : inputs) {
    is_constant = is_constant && (!v || p.fact(v).is_constant());
    if (!is_constant) break;
    data.push_back(v ? datum(p.fact(v).constant) : datum());
    if (v) input_bytes += p.fact(v).constant.size_bytes();
  }
  if (!is_constant) {
    TENON_TRY(const auto made, p.add(std::move(op), inputs, 1));
    return made[0];
  }
  std::vector<const ir::fact*> facts;
  std::vector<const datum*> pointers;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    facts.push_back(inputs[i] ? &p.fact(inputs[i]) : nullptr);
    pointers.push_back(inputs[i] ? &data[i] : nullptr);
  }
  TENON_TRY(const auto known, ir::infer_op(op, facts, 1, graph_->symbols, op.name()));
  const auto bytes = bytes_of(known[0]);
  if (bytes && *bytes > input_bytes + settings_->max_growth_bytes)
    return fail(code::resource, "a constant of ", *bytes, " bytes outgrows max_growth_bytes");
  TENON_TRY(auto out, interpreter(settings_->interpret).evaluate(op, pointers, 1));
  if (!out[0].is_tensor()) return fail(code::unsupported, "a computed constant is not a tensor");
  return p.constant(std::move(out[0].as_tensor()));
}

}  // namespace tenon::inline v0::rewrite
