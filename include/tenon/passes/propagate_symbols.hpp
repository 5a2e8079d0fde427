#pragma once

#include "tenon/ir/append.hpp"
#include "tenon/passes/pass.hpp"

namespace tenon::inline v0::passes {

/// Infers all facts again and keeps what is more precise; sizes are simplified by what is known of the symbols.
struct propagate_symbols {
  static constexpr pass_info info{"propagate-symbols", "infer shapes and small contents again"};

  result<std::size_t> run(ir::graph& g, pass_context& ctx) const {
    std::size_t changes = 0;
    std::vector<const ir::fact*> pointers;
    for (const node_id n : g.order()) {
      pointers.clear();
      for (const value_id v : g[n].inputs) pointers.push_back(v ? &g.fact(v) : nullptr);
      auto facts =
          ir::infer_op(g[n].op, pointers, g[n].outputs.size(), g.symbols, ir::describe(g, n));
      if (!facts) {
        ctx.skip(g, n, facts.failure().message);
        continue;
      }
      for (std::size_t o = 0; o < g[n].outputs.size(); ++o) {
        const value_id v = g[n].outputs[o];
        if (v && refine(g, g.row(v).fact, (*facts)[o])) ++changes;
      }
    }
    return changes;
  }

 private:
  static bool refine(const ir::graph& g, ir::fact& known, ir::fact& fresh) {
    if (known.what != fresh.what || known.type != fresh.type) return false;
    bool is_better = false;
    if (!known.is_ranked && fresh.is_ranked) {
      known = std::move(fresh);
      return true;
    }
    if (fresh.is_ranked && fresh.rank() == known.rank()) {
      for (std::size_t i = 0; i < known.rank(); ++i) {
        const dim old = known.shape[i];
        dim best = g.symbols.facts().simplify(old);
        if (!best.is_constant() && fresh.shape[i].is_constant()) best = fresh.shape[i];
        if (best == old || best.is_overflow()) continue;
        known.shape[i] = best;
        is_better = true;
      }
    }
    if (fresh.has_elements() &&
        (!known.has_elements() || is_sharper(*fresh.elements, *known.elements))) {
      known.elements = std::move(fresh.elements);
      is_better = true;
    }
    return is_better;
  }

  static bool is_sharper(const std::vector<dim>& fresh, const std::vector<dim>& known) {
    if (fresh.size() != known.size()) return false;
    bool is_better = false;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if (known[i].is_constant() && !fresh[i].is_constant()) return false;
      is_better = is_better || (fresh[i].is_constant() && !known[i].is_constant());
    }
    return is_better;
  }
};

static_assert(pass<propagate_symbols>);

}  // namespace tenon::inline v0::passes
