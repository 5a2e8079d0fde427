#pragma once

#include "tenon/rewrite/site.hpp"
#include "tenon/tensor/convert.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace tenon::inline v0::rewrite {

/// A rule as the driver sees it; the rule value it looks at lives as long as the program.
struct rule_view {
  std::string_view name;
  std::span<const ir::op_type* const> roots;
  bool reassociates = false;
  std::span<const step> before, after;  ///< empty for closures
  std::span<const guard> guards;
  rewritten (*closure)(const site&) = nullptr;

  /// The patch when the rule applies at a node whose op is one of `roots`.
  rewritten apply(const ir::graph& g,
                  node_id n,
                  const rule_settings& settings,
                  near_miss* nearest = nullptr) const;
};

/// A declarative rule: a pattern, a result and conditions, as plain data.
template <std::size_t Before, std::size_t After, std::size_t Guards> struct pattern_rule {
  std::string_view name;
  std::array<const ir::op_type*, 1> roots;
  std::array<step, Before> before;
  std::array<step, After> after;
  std::array<guard, Guards> guards;
  bool reorders = false;

  /// The same rule, marked as one that reorders floating point; pipelines decide whether it runs.
  constexpr pattern_rule reassociates() const {
    pattern_rule out = *this;
    out.reorders = true;
    return out;
  }

  constexpr rule_view view() const {
    return {name, roots, reorders, before, after, guards, nullptr};
  }
};

/// `before -> after` where all guards hold.
template <operand Before, operand After, class... Guards>
consteval auto rule(std::string_view name,
                    const Before& before,
                    const After& after,
                    Guards... guards) {
  static_assert(
      requires { before.any_attribute(); }, "the root of a rule's pattern is an op");
  const auto result = as_expr(after);
  using result_type = decltype(result);
  static_assert((result_type::binds & ~Before::binds) == 0,
                "rule result uses a value the pattern does not bind");
  static_assert(((0U | ... | Guards::binds) & ~Before::binds) == 0,
                "rule guard uses a value the pattern does not bind");
  pattern_rule<Before::size, result_type::size, sizeof...(Guards)> out{
      name,         {before.steps[0].type},          before.steps,
      result.steps, {static_cast<guard>(guards)...}, false};
  return out;
}

/// A rule in code, for what a pattern cannot say.
template <std::size_t Roots> struct closure_rule {
  std::string_view name;
  std::array<const ir::op_type*, Roots> roots;
  rewritten (*closure)(const site&);
  bool reorders = false;

  constexpr closure_rule reassociates() const {
    closure_rule out = *this;
    out.reorders = true;
    return out;
  }

  constexpr rule_view view() const { return {name, roots, reorders, {}, {}, {}, closure}; }
};

/// A rule at every node of `Op`: `rewritten f(const match_of<Op>&)`, captureless.
template <class Op, class F> consteval auto rule_for(std::string_view name, F) {
  return closure_rule<1>{
      name, {&ir::type_of<Op>()}, [](const site& s) -> rewritten { return F{}(match_of<Op>(s)); }};
}

/// A rule at every node of several ops: `rewritten f(const site&)`.
template <class... Ops>
consteval auto rule_for_any(std::string_view name, rewritten (*f)(const site&)) {
  return closure_rule<sizeof...(Ops)>{name, {&ir::type_of<Ops>()...}, f};
}

/// Rules as a list that passes, tests and the tool walk.
template <class... Rules> constexpr auto rule_set(const Rules&... list) {
  return std::array<rule_view, sizeof...(Rules)>{list.view()...};
}

template <std::size_t N, std::size_t M>
constexpr auto operator+(const std::array<rule_view, N>& a, const std::array<rule_view, M>& b) {
  std::array<rule_view, N + M> out;
  for (std::size_t i = 0; i < N; ++i) out[i] = a[i];
  for (std::size_t i = 0; i < M; ++i) out[N + i] = b[i];
  return out;
}

namespace rule_detail {

/// Builds the result of a declarative rule.
class builder {
 public:
  builder(std::span<const step> steps, const match& m, const site& at)
      : steps_(steps), match_(&m), site_(&at), patch_(m.graph()) {}

  result<value_id> build(std::size_t at) {
    const step& s = steps_[at];
    if (s.what == step::kind::literal) return literal(s.number);
    if (s.what != step::kind::op) return match_->value(s.slot);
    std::vector<value_id> operands;
    std::size_t child = at + 1;
    for (std::size_t i = 0; i < s.children; ++i) {
      TENON_TRY(const value_id v, build(child));
      operands.push_back(v);
      child += steps_[child].size;
    }
    while (!operands.empty() && !operands.back()) operands.pop_back();
    return site_->add(patch_, s.make(*match_), operands);
  }

  ir::patch& patch() { return patch_; }

 private:
  result<value_id> literal(double number) {
    const dtype type = match_->result().type;
    tensor t(type, {});
    store_elements<double>(std::span(&number, 1), t);
    return patch_.constant(std::move(t));
  }

  std::span<const step> steps_;
  const match* match_;
  const site* site_;
  ir::patch patch_;
};

}  // namespace rule_detail

inline rewritten rule_view::apply(const ir::graph& g,
                                  node_id n,
                                  const rule_settings& settings,
                                  near_miss* nearest) const {
  const site at(g, n, settings, nearest);
  if (closure) return closure(at);
  matcher pattern(g, before, guards, nearest);
  const match* found = pattern.at(n);
  if (!found) return std::nullopt;
  rule_detail::builder made(after, *found, at);
  TENON_TRY(const value_id by, made.build(0));
  if (!by) return at.no("the result is an absent value");
  return at.replace(std::move(made.patch()), by);
}

}  // namespace tenon::inline v0::rewrite
