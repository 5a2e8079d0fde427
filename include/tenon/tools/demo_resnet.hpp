#pragma once

#include "tenon/ir/graph.hpp"

#include <cstdint>
#include <string>

namespace tenon::inline v0::tools {

/// Options of the demonstration network.
struct resnet_options {
  std::int64_t classes = 1000;
  std::uint64_t seed = 0;
  bool keeps_normalization =
      false;                ///< batch normalizations as nodes; else folded into the weights
  std::string batch = "N";  ///< symbol of the first dim
};

/// ResNet-50 v1.5 (He et al., Deep Residual Learning, 2015; stride in the 3x3): 53 convolutions and a classifier,
/// input f32[N, 3, 224, 224], output f32[N, classes]. Weights come from the seed, scaled so that activations keep
/// their size.
result<ir::graph> make_resnet50(const resnet_options& options = {});

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_demo.hpp"
#endif
