#pragma once

#include "tenon/passes/pass.hpp"

#include <cstddef>

namespace tenon::inline v0::passes {

/// Moves convolutions, pooling and the elementwise ops around them to channels-last order, with transposes only
/// where such a region begins and ends. f32, one and two spatial axes.
struct rewrite_layout {
  static constexpr pass_info info{"rewrite-layout",
                                  "channels-last convolutions, pooling and what lies between"};

  result<std::size_t> run(ir::graph& graph, pass_context& ctx) const;
};

}  // namespace tenon::inline v0::passes

#ifndef TENON_COMPILED
#include "tenon/impl/pass_rewrite_layout.hpp"
#endif
