#pragma once

#include "tenon/ir/patch.hpp"

#include <cstddef>

namespace tenon::inline v0::passes {

/// Takes scale, bias, residual and activation into the convolution or matmul before them, and the addition before
/// a layer norm into the norm; returns the number of nodes that went away.
result<std::size_t> fuse_epilogues(ir::graph& graph);

}  // namespace tenon::inline v0::passes

#ifndef TENON_COMPILED
#include "tenon/impl/pass_fuse_epilogues.hpp"
#endif
