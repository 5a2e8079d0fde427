#pragma once

#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ir/verify.hpp"
#include "tenon/rewrite/driver.hpp"
#include "tenon/tensor/convert.hpp"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "support/near.hpp"
#include <doctest/doctest.h>

namespace tenon_tests {

using namespace tenon;

/// Random elements of a dtype: small numbers, booleans, or small non-negative integers.
inline tensor random_tensor(dtype type, const extents& dims, std::mt19937& random) {
  tensor t(type, dims);
  std::vector<double> values(static_cast<std::size_t>(t.size()));
  const bool is_small_float = is_float(type);
  for (double& v : values) {
    const double unit = static_cast<double>(random() % 4097) / 4096.0;
    v = is_small_float ? 4 * unit - 2 : type == dtype::boolean ? unit > 0.5 : std::floor(unit * 9);
    if (is_signed_integer(type)) v -= 4;
  }
  store_elements<double>(values, t);
  return t;
}

/// Random f32 elements of [-2, 2], the same for the same seed.
inline tensor numbers(const extents& dims, unsigned seed = 3) {
  std::mt19937 random(seed);
  return random_tensor(dtype::f32, dims, random);
}

/// Inputs for a graph; every symbol gets one size from 1 to 4.
inline std::vector<datum> random_inputs(const ir::graph& g, std::mt19937& random) {
  bindings sizes;
  for (const dim s : g.symbols.scope().symbols()) sizes.set(s, 1 + random() % 4);
  std::vector<datum> out;
  for (const value_id v : g.inputs()) {
    const auto shape = evaluate(g.fact(v).shape, sizes);
    REQUIRE(shape);
    out.push_back(random_tensor(g.fact(v).type, *shape, random));
  }
  return out;
}

inline nearness tolerance_of(dtype type) {
  const double limit = type == dtype::f64    ? 1e-5
                       : type == dtype::f32  ? 2e-4
                       : type == dtype::bf16 ? 6e-2
                                             : 1e-2;
  return {limit, limit};
}

/// What `compare_graphs` gives where there is nothing to compare.
inline constexpr std::string_view undefined = "the first graph gives no values for these inputs";

/// Runs both graphs on the same random inputs; empty when all outputs agree.
inline std::string compare_graphs(const ir::graph& a, const ir::graph& b, unsigned seed) {
  std::mt19937 random(seed);
  const std::vector<datum> inputs = random_inputs(a, random);
  const auto left = interpret(a, inputs);
  if (!left) return std::string(undefined);
  const auto right = interpret(b, inputs);
  if (!right) return right.failure().message;
  if (left->size() != right->size()) return cat(right->size(), " outputs, expected ", left->size());
  for (std::size_t i = 0; i < left->size(); ++i) {
    const tensor &expected = (*left)[i].as_tensor(), &found = (*right)[i].as_tensor();
    const std::string differs = difference(found, expected, tolerance_of(expected.type()));
    if (!differs.empty()) return cat("output ", i, ": ", differs);
  }
  return {};
}

/// Op names in execution order: `mul add relu`.
inline std::string op_names(const ir::graph& g) {
  std::string out;
  for (const node_id n : g.order()) out += cat(out.empty() ? "" : " ", g[n].op.name());
  return out;
}

/// Applies rules to a copy and compares op names and values; gives the rewritten graph.
inline ir::graph check_rewrite(const ir::graph& before,
                               std::span<const rewrite::rule_view> rules,
                               std::string_view expected,
                               bool reassociates = true) {
  ir::graph after = before;
  rewrite::driver_options options;
  options.settings.reassociates = reassociates;
  const auto report = rewrite::apply_rules(after, rules, options);
  REQUIRE_MESSAGE(report, report.failure().message);
  for (const auto& r : report->rules) CHECK_MESSAGE(r.last_refusal.empty(), r.last_refusal);
  CHECK(report->skips.empty());
  CHECK(op_names(after) == expected);
  const auto sound = ir::verify(after);
  CHECK_MESSAGE(sound, sound.failure().message);
  for (unsigned seed = 1; seed <= 3; ++seed) CHECK(compare_graphs(before, after, seed) == "");
  return after;
}

/// Applies one rule, which must fire.
template <class Rule>
ir::graph check_rule(const ir::graph& before, const Rule& rule, std::string_view expected) {
  const rewrite::rule_view list[] = {rule.view()};
  return check_rewrite(before, list, expected);
}

}  // namespace tenon_tests
