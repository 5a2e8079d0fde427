#pragma once

#include "tenon/infer/interpreter.hpp"
#include "tenon/passes/pass.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace tenon::inline v0::passes {

TENON_INLINE result<std::vector<datum>> pass_context::evaluate(const ir::graph& g, node_id n) {
  if (!(evaluation_seconds > 0))
    return fail(code::resource, "the seconds of max_evaluation_seconds are used up");
  interpret_options how = settings().interpret;
  if (how.memory.limit_bytes() == memory_budget::unlimited) {
    std::size_t bytes = 0;
    for (const value_id v : g[n].inputs)
      if (v) bytes += g.fact(v).constant.size_bytes();
    how.memory = memory_budget((std::int64_t{1} << 30) + 4 * static_cast<std::int64_t>(bytes));
  }
  run_limits own;
  own.end_in(evaluation_seconds);
  if (how.limits.deadline_ns == 0 || own.deadline_ns < how.limits.deadline_ns)
    how.limits.deadline_ns = own.deadline_ns;
  const auto start = std::chrono::steady_clock::now();
  auto out = evaluate_node(g, n, how);
  evaluation_seconds -=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace tenon::inline v0::passes
