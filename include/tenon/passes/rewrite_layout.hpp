#pragma once

#include "tenon/ir/patch.hpp"

#include <cstddef>

namespace tenon::inline v0::passes {

/// Moves convolutions, pooling and the elementwise ops around them to channels-last order, with transposes only
/// where such a region begins and ends; returns the number of nodes moved. f32, one and two spatial axes.
result<std::size_t> rewrite_layout(ir::graph& graph);

}  // namespace tenon::inline v0::passes

#ifndef TENON_COMPILED
#include "tenon/impl/pass_rewrite_layout.hpp"
#endif
