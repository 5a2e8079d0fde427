#pragma once

#include "tenon/symbol/polynomial.hpp"
#include "tenon/symbol/program.hpp"

#include <algorithm>

namespace tenon::inline v0 {

/// Numbers the distinct nodes below the outputs in the order of their computation.
class shape_program::builder {
 public:
  explicit builder(shape_program& into) : into_(into) {}

  std::uint32_t visit(dim d) {
    if (!d.node()) return push({action::constant, 0, 0, d.constant()});
    const auto& e = *d.node();
    if (e.index >= known_.size())
      known_.resize(std::max<std::size_t>(e.scope->size(), e.index + 1), 0);
    if (known_[e.index] != 0) return known_[e.index] - 1;
    const std::uint32_t out = e.kind == symbol_detail::form::symbol
                                  ? push({action::symbol, e.symbol, 0, 0})
                                  : push_operation(e);
    known_[e.index] = out + 1;
    return out;
  }

 private:
  std::uint32_t push(step s) {
    into_.steps_.push_back(s);
    return static_cast<std::uint32_t>(into_.steps_.size() - 1);
  }

  std::uint32_t push_operation(const symbol_detail::expr& e) {
    using symbol_detail::form;
    inline_vector<operand, 8> operands;
    for (const auto t : e.terms()) operands.push_back({t.factor, visit(dim::of(t.what))});
    for (const dim a : e.arguments()) operands.push_back({1, visit(a)});
    const auto first = static_cast<std::uint32_t>(into_.operands_.size());
    into_.operands_.insert(into_.operands_.end(), operands.begin(), operands.end());
    const action what = e.kind == form::sum        ? action::sum
                        : e.kind == form::product  ? action::product
                        : e.kind == form::floordiv ? action::floordiv
                        : e.kind == form::min      ? action::min
                        : e.kind == form::max      ? action::max
                                                   : action::broadcast;
    return push({what, first, static_cast<std::uint32_t>(operands.size()), e.constant});
  }

  shape_program& into_;
  std::vector<std::uint32_t> known_;  ///< by number of the node: 1 + its step
};

TENON_INLINE result<shape_program> shape_program::compile(std::span<const dim> outputs) {
  shape_program out;
  builder build(out);
  for (const dim d : outputs) {
    if (d.is_overflow())
      return fail(code::shape, "shape program: output ", out.outputs_.size(),
                  " has no value: expected a formula vs overflow");
    out.outputs_.push_back(build.visit(d));
    out.sources_.push_back(d);
  }
  out.scratch_.resize(out.steps_.size());
  return out;
}

TENON_INLINE bool shape_program::execute(const step& s,
                                         const bindings& values,
                                         std::int64_t* scratch,
                                         std::int64_t& out) const {
  using symbol_detail::form;
  const operand* from = operands_.data() + s.first;
  const operand* const end = from + s.count;
  if (s.what == action::constant) {
    out = s.constant;
    return true;
  }
  if (s.what == action::symbol) {
    const auto value = values[s.first];
    out = value.value_or(0);
    return value.has_value();
  }
  bool overflow = false;
  if (s.what == action::sum) {
    out = s.constant;
    for (std::int64_t scaled = 0; from != end; ++from) {
      overflow |= __builtin_mul_overflow(scratch[from->step], from->factor, &scaled);
      overflow |= __builtin_add_overflow(out, scaled, &out);
    }
    return !overflow;
  }
  if (s.what == action::product) {
    out = 1;
    for (; from != end; ++from)
      for (std::int64_t i = 0; i < from->factor; ++i)
        overflow |= __builtin_mul_overflow(out, scratch[from->step], &out);
    return !overflow;
  }
  const form kind = s.what == action::floordiv ? form::floordiv
                    : s.what == action::min    ? form::min
                    : s.what == action::max    ? form::max
                                               : form::broadcast;
  out = scratch[from->step];
  for (++from; from != end; ++from) {
    const auto next = symbol_detail::apply(kind, out, scratch[from->step]);
    if (!next) return false;
    out = *next;
  }
  return true;
}

/// The first output that has no value, found again outside the hot path.
TENON_INLINE error shape_program::no_value(std::size_t failed, const bindings& values) const {
  if (steps_[failed].what == action::symbol) {
    for (const dim d : sources_) {
      inline_vector<std::uint32_t, 8> symbols;
      collect_symbols(d, symbols);
      for (const std::uint32_t id : symbols)
        if (id == steps_[failed].first)
          return fail(code::input, "shape ", d, ": symbol ", quoted(d.scope()->name_of(id)),
                      " has no value: expected a bound symbol vs an unbound one");
    }
  }
  for (const dim d : sources_)
    if (!evaluate(d, values))
      return fail(code::input, "shape ", d,
                  ": expected a value within 64 bits vs overflow, division "
                  "by zero or extents that do not broadcast");
  return fail(code::input, "shape program: step ", failed, ": expected a value vs none");
}

TENON_INLINE status shape_program::run(const bindings& values,
                                       std::span<std::int64_t> out,
                                       std::span<std::int64_t> scratch) const {
  TENON_CHECK(out.size() == outputs_.size() && scratch.size() >= steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (!execute(steps_[i], values, scratch.data(), scratch[i])) return no_value(i, values);
  for (std::size_t i = 0; i < outputs_.size(); ++i) out[i] = scratch[outputs_[i]];
  return {};
}

}  // namespace tenon::inline v0
