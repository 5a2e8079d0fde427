#pragma once

#include "tenon/passes/pass.hpp"

namespace tenon::inline v0::passes {

/// Erases nodes that no output depends on and constants that nobody reads.
struct remove_dead {
  static constexpr pass_info info{"remove-dead", "erase nodes and constants that no output needs"};

  result<std::size_t> run(ir::graph& g, pass_context&) const {
    std::size_t erased = 0;
    for (std::size_t i = g.node_capacity(); i-- > 0;) {
      if (!g.is_alive(node_id(i))) continue;
      erased += erase_unread(g, node_id(i));
    }
    for (std::size_t i = 0; i < g.value_capacity(); ++i) {
      const value_id v(i);
      if (!g[v].is_alive || g[v].producer || g.use_count(v) != 0 || g.is_input(v)) continue;
      g.erase(v);
      ++erased;
    }
    return erased;
  }

 private:
  // A node may have no output at all that anybody could read.
  static std::size_t erase_unread(ir::graph& g, node_id n) {
    for (const value_id v : g[n].outputs)
      if (v) return ir::erase_dead(g, v);
    const auto inputs = g[n].inputs;
    g.erase(n);
    std::size_t erased = 1;
    for (const value_id v : inputs)
      if (v) erased += ir::erase_dead(g, v);
    return erased;
  }
};

static_assert(pass<remove_dead>);

}  // namespace tenon::inline v0::passes
