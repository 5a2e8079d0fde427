#pragma once

#include "tenon/passes/pass.hpp"
#include "tenon/tensor/convert.hpp"

#include <optional>

namespace tenon::inline v0::passes {

/// Evaluates every pure node whose inputs are constants, with the op's reference kernel, and turns
/// integer values whose content is known from the shapes into constants.
struct fold_constants {
  static constexpr pass_info info{"fold-constants", "evaluate nodes with constant inputs"};

  result<std::size_t> run(ir::graph& g, pass_context& ctx) const {
    std::size_t changes = 0;
    for (const node_id n : g.order()) {
      if (!g.is_alive(n) || !is_pure(g[n].op)) continue;
      ir::patch p(g);
      if (!replace_known(g, n, p) && is_foldable(g, n)) replace_computed(g, n, p, ctx);
      if (p.empty()) continue;
      TENON_TRY(const std::size_t replaced, ctx.commit(g, std::move(p)));
      changes += replaced;
    }
    return changes;
  }

 private:
  static bool is_foldable(const ir::graph& g, node_id n) {
    for (const value_id v : g[n].inputs)
      if (v && !g.is_constant(v)) return false;
    return true;
  }

  // Content known as numbers through the shape rules, whatever the inputs are.
  static bool replace_known(const ir::graph& g, node_id n, ir::patch& p) {
    bool has_all = true;
    for (const value_id v : g[n].outputs) {
      if (!v || g.use_count(v) == 0) continue;
      if (auto content = ir::known_tensor(g.fact(v)))
        p.replace(v, p.constant(*std::move(content), g[v].name));
      else
        has_all = false;
    }
    return has_all;
  }

  static bool is_too_large(
      const ir::graph& g, node_id n, std::size_t in, std::size_t out, pass_context& ctx) {
    const std::size_t growth = ctx.settings().max_growth_bytes;
    if (out <= in || out - in <= growth) return false;
    ctx.skip(g, n,
             cat("the result has ", out, " bytes, more than max_growth_bytes over its inputs"));
    return true;
  }

  static void replace_computed(const ir::graph& g, node_id n, ir::patch& p, pass_context& ctx) {
    std::size_t in = 0, out = 0;
    for (const value_id v : g[n].inputs)
      if (v) in += g.fact(v).constant.size_bytes();
    for (const value_id v : g[n].outputs)
      if (v) out += rewrite::bytes_of(g.fact(v)).value_or(0);
    if (is_too_large(g, n, in, out, ctx)) return;
    auto values = ctx.evaluate(g, n);
    if (!values) {
      ctx.skip(g, n, values.failure().message);
      return;
    }
    out = 0;
    for (const datum& value : *values)
      if (value.is_tensor()) out += value.as_tensor().size_bytes();
    if (is_too_large(g, n, in, out, ctx)) return;
    ir::patch folded(g);
    for (std::size_t o = 0; o < g[n].outputs.size(); ++o) {
      const value_id v = g[n].outputs[o];
      if (!v || g.use_count(v) == 0) continue;
      if (!(*values)[o].is_tensor()) return;
      folded.replace(v, folded.constant(std::move((*values)[o].as_tensor()), g[v].name));
    }
    p = std::move(folded);
  }
};

static_assert(pass<fold_constants>);

}  // namespace tenon::inline v0::passes
