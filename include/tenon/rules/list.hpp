#pragma once

#include "tenon/rules/activation.hpp"
#include "tenon/rules/arithmetic.hpp"
#include "tenon/rules/canonical.hpp"
#include "tenon/rules/convolution.hpp"
#include "tenon/rules/layout.hpp"
#include "tenon/rules/matmul.hpp"
#include "tenon/rules/movement.hpp"
#include "tenon/rules/normalization.hpp"

namespace tenon::inline v0::rules {

/// Every rule that keeps a graph in standard ops.
inline constexpr auto standard =
    canonical + arithmetic + movement + layout + convolution + matmul + normalization + activation;

/// A named set of rules, for pipelines and the tool.
struct named_rules {
  std::string_view name, summary;
  std::span<const rewrite::rule_view> rules;
};

inline constexpr named_rules sets[] = {
    {"canonical", "one spelling for what exporters write in several", canonical},
    {"arithmetic", "neutral elements and chains of constants", arithmetic},
    {"movement", "views, casts and copies that change nothing", movement},
    {"layout", "transposes move until they cancel", layout},
    {"convolution", "constants and pads into convolutions", convolution},
    {"matmul", "bias and transposes into gemm", matmul},
    {"normalization", "layer and rms normalization from primitives", normalization},
    {"activation", "gelu, swish, mish, hard_swish from primitives", activation},
    {"standard", "all of these", standard},
};

}  // namespace tenon::inline v0::rules
