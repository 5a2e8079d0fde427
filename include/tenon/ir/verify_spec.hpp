#pragma once

#include "tenon/core/config.hpp"

namespace tenon::inline v0::ir {

/// What a graph must satisfy at one stage of a pipeline.
struct verify_spec {
  bool facts = true;               ///< recorded facts do not contradict the shape rules
  bool no_dead_nodes = false;      ///< every node leads to an output
  bool standard_ops_only = false;  ///< every op stands for an ONNX operator
  bool bodies = true;              ///< subgraphs hold too
};

}  // namespace tenon::inline v0::ir
