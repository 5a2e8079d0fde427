#pragma once

#include "tenon/ops/branch.hpp"
#include "tenon/ops/loops.hpp"
#include "tenon/ops/type_list.hpp"

namespace tenon::inline v0::ops {

using control_flow_ops = type_list<if_, loop, scan>;

}  // namespace tenon::inline v0::ops
