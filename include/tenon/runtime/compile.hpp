#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/passes/level.hpp"
#include "tenon/passes/options.hpp"
#include "tenon/runtime/model.hpp"

#include <span>
#include <string>
#include <vector>

namespace tenon::inline v0 {

namespace kernel {

struct entry;

}  // namespace kernel

/// What a compilation may do.
struct compile_options {
  tenon::level level = tenon::level::o1;
  passes::run_options passes = {};
  bool reference_only = false;  ///< reference kernels alone: the oracle
  int threads = 0;              ///< that pack weights; 0: the shared pool of the process
  /// Kernels of the caller, who keeps them as long as the model; asked before those of the CPU.
  std::vector<std::span<const kernel::entry>> catalogs = {};
  std::vector<std::vector<extents>> typical =
      {};  ///< input shapes, input by input, that size the arena best
};

/// A model and what was done to make it.
struct compiled {
  tenon::model model;
  passes::pipeline_report report;
};

/// Optimizes a graph for this CPU and plans it.
result<compiled> compile(ir::graph graph, const compile_options& options = {});

/// Optimizes a graph in place with standard ops only, so that it can be saved as ONNX.
result<passes::pipeline_report> simplify(ir::graph& graph, const compile_options& options = {});

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/runtime_compile.hpp"
#endif
