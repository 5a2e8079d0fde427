#pragma once

#include "tenon/infer/limits.hpp"
#include "tenon/ir/eval_context.hpp"

#include <span>
#include <vector>

namespace tenon::inline v0 {

/// Runs nodes with their reference kernels: the oracle for folding, rules and backends.
class interpreter final : public ir::eval_host {
 public:
  explicit interpreter(interpret_options options = {}) : options_(std::move(options)) {}

  /// The outputs of a graph for inputs in graph order.
  TENON_INLINE result<std::vector<datum>> run(const ir::graph& g,
                                              std::span<const datum> inputs) override;

  /// The outputs of one op.
  result<std::vector<datum>> evaluate(const ir::any_op& op,
                                      std::span<const datum* const> inputs,
                                      std::size_t output_count);

  TENON_INLINE result<tensor> allocate(std::size_t, dtype type, const extents& dims) override;

  TENON_INLINE status check_limits() override;

 private:
  interpret_options options_;
  int depth_ = 0;
};

/// The outputs of a graph for inputs in graph order, by reference kernels alone.
result<std::vector<datum>> interpret(const ir::graph& g,
                                     std::span<const datum> inputs,
                                     const interpret_options& options = {});

/// The outputs of one node whose inputs are all constants.
result<std::vector<datum>> evaluate_node(const ir::graph& g,
                                         node_id n,
                                         const interpret_options& options = {});

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/infer_interpreter.hpp"
#endif
