#pragma once

#include "tenon/ir/fact.hpp"

#include <memory>
#include <string>
#include <utility>

namespace tenon::inline v0 {

namespace plan {

struct program;

}  // namespace plan

/// A compiled model: immutable, cheap to copy, shared by any number of sessions and threads.
class model {
 public:
  model() = default;

  explicit model(std::shared_ptr<const plan::program> program) : program_(std::move(program)) {}

  explicit operator bool() const { return program_ != nullptr; }

  /// The plan, for those who include tenon/plan/plan.hpp.
  const plan::program& program() const { return *program_; }

  std::size_t input_count() const;
  std::size_t output_count() const;
  const std::string& input_name(std::size_t i) const;
  const std::string& output_name(std::size_t i) const;

  /// Declared dtype and symbolic shape of input `i`.
  const ir::fact& input(std::size_t i) const;

  /// Inferred dtype and symbolic shape of output `i`.
  const ir::fact& output(std::size_t i) const;

 private:
  std::shared_ptr<const plan::program> program_;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/runtime_model.hpp"
#endif
