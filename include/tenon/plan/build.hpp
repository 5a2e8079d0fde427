#pragma once

#include "tenon/plan/plan.hpp"

#include <memory>
#include <span>

namespace tenon::inline v0::plan {

/// What a plan is made for.
struct build_options {
  std::span<const kernel::catalog> catalogs;  ///< of the backends, in order of preference
  bindings typical;  ///< sizes that decide how slots are shared; not needed for correctness
  bool reference_only = false;          ///< no kernels: the oracle
  kernel::parallel* threads = nullptr;  ///< on which constants are packed; null: on the caller's
};

/// Chooses kernels and plans memory. The graph is taken as it is: lower it before.
result<std::shared_ptr<const program>> build(ir::graph graph, const build_options& options);

}  // namespace tenon::inline v0::plan

#ifndef TENON_COMPILED
#include "tenon/impl/plan_build.hpp"
#endif
