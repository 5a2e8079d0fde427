#pragma once

#include "tenon/ops/tree_classifier.hpp"
#include "tenon/ops/tree_ensemble.hpp"
#include "tenon/ops/type_list.hpp"

namespace tenon::inline v0::ops {

using trees_ops = type_list<tree_ensemble, tree_ensemble_classifier, tree_ensemble_regressor>;

}  // namespace tenon::inline v0::ops
