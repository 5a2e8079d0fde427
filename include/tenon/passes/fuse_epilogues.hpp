#pragma once

#include "tenon/passes/pass.hpp"

#include <cstddef>

namespace tenon::inline v0::passes {

/// Takes scale, bias, residual and activation into the convolution or matmul before them, and the addition or the three
/// embedding lookups before a layer norm into the norm.
struct fuse_epilogues {
  static constexpr pass_info info{"fuse-epilogues",
                                  "bias, residual and activation become part of the product before "
                                  "them, additions and embeddings of the norm after them"};

  result<std::size_t> run(ir::graph& graph, pass_context& ctx) const;
};

}  // namespace tenon::inline v0::passes

#ifndef TENON_COMPILED
#include "tenon/impl/pass_fuse_epilogues.hpp"
#endif
