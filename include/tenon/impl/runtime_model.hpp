#pragma once

#include "tenon/plan/plan.hpp"
#include "tenon/runtime/model.hpp"

#include <string>

namespace tenon::inline v0 {

TENON_INLINE std::size_t model::input_count() const {
  return program().inputs.size();
}

TENON_INLINE std::size_t model::output_count() const {
  return program().outputs.size();
}

TENON_INLINE const std::string& model::input_name(std::size_t i) const {
  return program().values[program().inputs[i]].name;
}

TENON_INLINE const std::string& model::output_name(std::size_t i) const {
  return program().output_names[i];
}

TENON_INLINE const ir::fact& model::input(std::size_t i) const {
  return program().values[program().inputs[i]].fact;
}

TENON_INLINE const ir::fact& model::output(std::size_t i) const {
  return program().values[program().outputs[i]].fact;
}

}  // namespace tenon::inline v0
