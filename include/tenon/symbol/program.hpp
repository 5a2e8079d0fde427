#pragma once

#include "tenon/core/result.hpp"
#include "tenon/symbol/dim.hpp"
#include "tenon/symbol/evaluate.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace tenon::inline v0 {

/// Evaluates many dims at once: each distinct part is computed once, in a straight line, without
/// allocation.
class shape_program {
 public:
  shape_program() = default;

  /// The error names the dim without a value.
  static result<shape_program> compile(std::span<const dim> outputs);

  /// Writes one value per output; an error names the output and what it lacks. Uses
  /// `scratch_size()` numbers.
  status run(const bindings& values,
             std::span<std::int64_t> out,
             std::span<std::int64_t> scratch) const;

  /// The same with the scratch of this program: one thread at a time.
  status run(const bindings& values, std::span<std::int64_t> out) {
    scratch_.resize(scratch_size());
    return run(values, out, scratch_);
  }

  std::size_t scratch_size() const { return steps_.size(); }

  /// Number of outputs.
  std::size_t size() const { return outputs_.size(); }

 private:
  enum class action : std::uint8_t {
    constant,
    symbol,
    sum,
    product,
    floordiv,
    min,
    max,
    broadcast
  };

  struct operand {
    std::int64_t factor = 1;
    std::uint32_t step = 0;
  };

  /// Step i writes number i of the scratch.
  struct step {
    action what = action::constant;
    std::uint32_t first = 0;  ///< operand, or id of the symbol
    std::uint32_t count = 0;
    std::int64_t constant = 0;
  };

  class builder;

  bool execute(const step& s,
               const bindings& values,
               std::int64_t* scratch,
               std::int64_t& out) const;
  error no_value(std::size_t failed, const bindings& values) const;

  std::vector<step> steps_;
  std::vector<operand> operands_;
  std::vector<std::uint32_t> outputs_;
  std::vector<dim> sources_;  ///< the dims that were compiled, for error texts
  std::vector<std::int64_t> scratch_;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/symbol_program.hpp"
#endif
