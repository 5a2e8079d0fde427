#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/rewrite/pattern.hpp"
#include "tenon/tensor/convert.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::rewrite {

/// All elements of a constant as one number, when they are equal (bits of a real-number dtype).
inline std::optional<double> splat_of(const tensor& t) {
  if (t.size() == 0 || !(is_numeric(t.type()) || t.type() == dtype::boolean)) return std::nullopt;
  const std::size_t width = size_of(t.type());
  for (std::int64_t i = 1; i < t.size(); ++i)
    if (std::memcmp(t.bytes(), t.bytes() + static_cast<std::size_t>(i) * width, width) != 0)
      return std::nullopt;
  const tensor first = tensor::over(t.type(), {}, t.memory(),
                                    static_cast<std::size_t>(t.bytes() - t.memory().data()));
  double out = 0;
  load_elements<double>(first, std::span(&out, 1));
  return out;
}

/// True when `found` is `wanted` as exporters write it in this dtype; exact for integers and short numbers.
inline bool is_number(double found, double wanted, dtype type) {
  if (found == wanted) return true;
  if (!is_float(type) || wanted == std::nearbyint(wanted * 8) / 8) return false;
  const double step = type == dtype::f16 ? 1e-3 : type == dtype::bf16 ? 8e-3 : 2e-6;
  return std::abs(found - wanted) <= step * std::abs(wanted);
}

/// What the slots of a pattern stand for in a graph.
class match {
 public:
  match(const ir::graph& g, node_id at) : root(at), graph_(&g) {}

  node_id root;

  const ir::graph& graph() const { return *graph_; }

  template <unsigned Slot> value_id operator[](const leaf<Slot>&) const { return values_[Slot]; }

  value_id value(unsigned slot) const { return values_[slot]; }

  template <unsigned Slot> bool has(const leaf<Slot>&) const {
    return static_cast<bool>(values_[Slot]);
  }

  /// The fact of a bound value, which must be present.
  template <unsigned Slot> const ir::fact& fact(const leaf<Slot>&) const {
    return graph().fact(values_[Slot]);
  }

  /// The content of a constant slot.
  template <unsigned Slot> const tensor& content(const leaf<Slot>&) const {
    static_assert(Slot >= first_scalar, "only c and k slots are constants");
    return graph().fact(values_[Slot]).constant;
  }

  template <unsigned Slot> double number(const leaf<Slot>&) const { return number_at(Slot); }

  double number_at(unsigned slot) const {
    return splat_of(graph().fact(values_[slot]).constant).value_or(0);
  }

  /// The captured node as its op.
  template <class Op, unsigned Slot> const Op& op(capture<Slot>) const {
    return *graph()[captured_[Slot - first_capture]].op.template as<Op>();
  }

  node_id captured(unsigned slot) const { return captured_[slot - first_capture]; }

  std::span<const node_id> nodes() const { return {nodes_.data(), node_count_}; }

  /// The fact of the value that is replaced.
  const ir::fact& result() const { return graph().fact(graph()[root].outputs[0]); }

 private:
  friend class matcher;

  static constexpr std::size_t max_nodes = 40;

  const ir::graph* graph_;
  std::array<value_id, first_capture> values_{};
  std::array<node_id, slot_count - first_capture> captured_{};
  std::array<node_id, max_nodes> nodes_{};
  std::array<bool, max_nodes> is_shared_{};
  std::size_t node_count_ = 0;
  std::uint32_t bound_ = 0;
};

inline double scalar_of(const match& m, unsigned slot) {
  return m.number_at(slot);
}

inline const ir::any_op& captured_op(const match& m, unsigned slot) {
  return m.graph()[m.captured(slot)].op;
}

/// A condition on a complete match.
struct guard {
  std::string_view text;  ///< what must hold, for `explain`
  bool (*holds)(const match&) = nullptr;
};

/// A guard and the slots that it reads.
template <std::uint32_t Binds> struct bound_guard : guard {
  static constexpr std::uint32_t binds = Binds;
};

/// A condition written as a function of the match: `when("x is a float", is_float_x, x)`.
template <unsigned... Slots>
constexpr auto when(std::string_view text, bool (*holds)(const match&), const leaf<Slots>&...) {
  return bound_guard<(0U | ... | (1U << Slots))>{{text, holds}};
}

/// How close a pattern came to matching.
struct near_miss {
  std::size_t depth = 0;  ///< nodes matched before the failure
  node_id at;             ///< the node where it failed
  std::string reason;
};

/// Matches one pattern at one node; tries both orders of commutative ops.
class matcher {
 public:
  matcher(const ir::graph& g,
          std::span<const step> steps,
          std::span<const guard> guards,
          near_miss* nearest = nullptr)
      : graph_(&g), steps_(steps), guards_(guards), nearest_(nearest), found_(g, {}) {}

  /// The bindings when the pattern with its guards matches with its root at `root`.
  const match* at(node_id root) {
    found_ = match(*graph_, root);
    tries_left_ = 4096;
    goals open;
    const auto& outputs = (*graph_)[root].outputs;
    if (outputs.empty() || !outputs[0]) return nullptr;
    open.push({0, outputs[0]});
    return solve(open) ? &found_ : nullptr;
  }

 private:
  struct goal {
    std::uint8_t at = 0;
    value_id value;
  };

  struct goals {
    std::array<goal, 64> items;
    std::size_t count = 0;

    void push(goal g) { items[count++] = g; }

    goal pop() { return items[--count]; }
  };

  bool miss(node_id at, std::string_view what, std::string_view detail = {}) {
    if (nearest_ && (nearest_->reason.empty() || found_.node_count_ > nearest_->depth))
      *nearest_ = {found_.node_count_, at, cat(what, detail)};
    return false;
  }

  bool solve(goals open);
  bool enter(const step& s, value_id v);
  bool bind(const step& s, value_id v);
  bool bind_slot(const step& s, value_id v);
  bool finish();
  bool is_inside(value_id v) const;
  void push_children(const goal& g, bool is_swapped, goals& open) const;

  const ir::graph* graph_;
  std::span<const step> steps_;
  std::span<const guard> guards_;
  near_miss* nearest_;
  match found_;
  int tries_left_ = 0;
};

inline void matcher::push_children(const goal& g, bool is_swapped, goals& open) const {
  const auto& inputs = (*graph_)[(*graph_)[g.value].producer].inputs;
  std::size_t at = g.at + std::size_t{1};
  for (std::size_t i = 0; i < steps_[g.at].children; ++i) {
    const std::size_t port = is_swapped && i < 2 ? 1 - i : i;
    open.push({static_cast<std::uint8_t>(at), port < inputs.size() ? inputs[port] : value_id()});
    at += steps_[at].size;
  }
}

inline bool matcher::solve(goals open) {
  if (--tries_left_ < 0) return false;
  while (open.count != 0) {
    const goal g = open.pop();
    const step& s = steps_[g.at];
    if (s.what != step::kind::op) {
      if (!bind(s, g.value)) return false;
      continue;
    }
    if (!enter(s, g.value)) return false;
    if (s.children == 2 && s.type->has(ir::commutative)) {
      const match before = found_;
      goals straight = open;
      push_children(g, false, straight);
      if (solve(straight)) return true;
      found_ = before;
      push_children(g, true, open);
    } else {
      push_children(g, false, open);
    }
  }
  return finish();
}

inline bool matcher::enter(const step& s, value_id v) {
  const node_id reader = found_.node_count_ ? found_.nodes_[found_.node_count_ - 1] : found_.root;
  if (!v) return miss(reader, "an input is absent, expected ", s.type->name);
  const auto& row = (*graph_)[v];
  if (!row.producer || row.port != 0) return miss(reader, "an input is not made by ", s.type->name);
  const auto& node = (*graph_)[row.producer];
  if (node.op.type().id != s.type->id) return miss(row.producer, "the op is not ", s.type->name);
  if (s.accepts && !s.accepts(node.op))
    return miss(row.producer, "attributes differ from those of the pattern's ", s.type->name);
  for (std::size_t i = s.children; i < node.inputs.size(); ++i)
    if (node.inputs[i]) return miss(row.producer, "there is an input more than in the pattern");
  if (found_.node_count_ == found_.nodes_.size()) return false;
  found_.nodes_[found_.node_count_] = row.producer;
  found_.is_shared_[found_.node_count_++] = s.is_shared;
  if (s.capture != step::no_capture) found_.captured_[s.capture - first_capture] = row.producer;
  return true;
}

inline bool matcher::bind(const step& s, value_id v) {
  const node_id reader = found_.nodes_[found_.node_count_ - 1];
  if (!v) {
    if (!s.is_optional) return miss(reader, "an input is absent");
    return bind_slot(s, v) || miss(reader, "an input is absent in one place only");
  }
  const auto& f = graph_->fact(v);
  switch (s.what) {
    case step::kind::literal: {
      if (!f.is_constant())
        return miss(reader, "an input is not constant, expected ", cat(s.number));
      const auto number = splat_of(f.constant);
      if (!number || !is_number(*number, s.number, f.type))
        return miss(reader, "a constant is not ", cat(s.number));
      return true;
    }
    case step::kind::scalar:
      if (!f.is_constant() || f.constant.size() != 1 || !splat_of(f.constant))
        return miss(reader, "an input is not a constant with one element");
      break;
    case step::kind::tensor:
      if (!f.is_constant()) return miss(reader, "an input is not constant");
      break;
    default:
      break;
  }
  return bind_slot(s, v) || miss(reader, "two places of the pattern have different values");
}

inline bool matcher::bind_slot(const step& s, value_id v) {
  value_id& slot = found_.values_[s.slot];
  if ((found_.bound_ & (1U << s.slot)) == 0) {
    found_.bound_ |= 1U << s.slot;
    slot = v;
    return true;
  }
  if (slot == v) return true;
  return slot && v && s.what != step::kind::value &&
         identical(graph_->fact(slot).constant, graph_->fact(v).constant);
}

inline bool matcher::is_inside(value_id v) const {
  if ((*graph_)[v].output_uses != 0) return false;
  for (const ir::use u : (*graph_)[v].uses) {
    bool is_matched = false;
    for (const node_id n : found_.nodes()) is_matched = is_matched || n == u.node;
    if (!is_matched) return false;
  }
  return true;
}

inline bool matcher::finish() {
  for (std::size_t i = 0; i < found_.node_count_; ++i) {
    const node_id n = found_.nodes_[i];
    const auto& outputs = (*graph_)[n].outputs;
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      if (!outputs[o]) continue;
      if (o == 0 && (n == found_.root || found_.is_shared_[i])) continue;
      if (o == 0 ? !is_inside(outputs[o]) : graph_->use_count(outputs[o]) != 0)
        return miss(n, "a value inside the pattern is used elsewhere");
    }
  }
  for (const guard& g : guards_)
    if (!g.holds(found_)) return miss(found_.root, "it does not hold that ", g.text);
  return true;
}

}  // namespace tenon::inline v0::rewrite
