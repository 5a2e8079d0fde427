#pragma once

#include "tenon/plan/plan.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace tenon::inline v0 {

/// A compiled model: immutable, cheap to copy, shared by any number of sessions and threads.
class model {
 public:
  model() = default;

  explicit model(std::shared_ptr<const plan::program> program) : program_(std::move(program)) {}

  explicit operator bool() const { return program_ != nullptr; }

  const plan::program& program() const { return *program_; }

  std::size_t input_count() const { return program_->inputs.size(); }

  std::size_t output_count() const { return program_->outputs.size(); }

  const std::string& input_name(std::size_t i) const {
    return program_->values[program_->inputs[i]].name;
  }

  const std::string& output_name(std::size_t i) const { return program_->output_names[i]; }

  /// Declared dtype and symbolic shape of input `i`.
  const ir::fact& input(std::size_t i) const { return program_->values[program_->inputs[i]].fact; }

  /// Inferred dtype and symbolic shape of output `i`.
  const ir::fact& output(std::size_t i) const {
    return program_->values[program_->outputs[i]].fact;
  }

 private:
  std::shared_ptr<const plan::program> program_;
};

}  // namespace tenon::inline v0
