#pragma once

#include "tenon/ir/verify.hpp"
#include "tenon/passes/pass.hpp"

#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

namespace tenon_tests {

/// What one run of a pass did.
struct pass_run {
  std::size_t changes = 0, skip_count = 0;
  std::vector<tenon::rewrite::skip> skips;
};

/// Runs a pass, which must succeed, on a graph, which must stay sound.
template <tenon::passes::pass Pass>
pass_run run_pass(tenon::ir::graph& g,
                  const tenon::rewrite::rule_settings& settings = {},
                  const tenon::ir::verify_spec& spec = {}) {
  const tenon::rewrite::driver_options options{settings, {}, {}};
  tenon::passes::pass_context ctx(options);
  const auto changes = Pass{}.run(g, ctx);
  REQUIRE_MESSAGE(changes, changes.failure().message);
  const auto sound = tenon::ir::verify(g, spec);
  CHECK_MESSAGE(sound, sound.failure().message);
  return {*changes, ctx.skip_count(), ctx.skips()};
}

}  // namespace tenon_tests
