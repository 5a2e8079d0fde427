#pragma once

#include "tenon/ir/append.hpp"
#include "tenon/ir/eval_context.hpp"

#include <vector>

namespace tenon_tests {

/// Runs the reference kernel of one op on data, with memory from the heap.
class heap_host final : public tenon::ir::eval_host {
 public:
  tenon::result<tenon::tensor> allocate(std::size_t,
                                        tenon::dtype type,
                                        const tenon::extents& dims) override {
    return tenon::tensor::make(type, dims);
  }

  tenon::result<std::vector<tenon::datum>> run(const tenon::ir::graph&,
                                               std::span<const tenon::datum>) override {
    return tenon::fail(tenon::code::unsupported, "no subgraphs here");
  }

  tenon::status check_limits() override { return {}; }
};

inline tenon::result<std::vector<tenon::datum>> run_op(const tenon::ir::any_op& op,
                                                       const std::vector<tenon::datum>& inputs,
                                                       std::size_t outputs = 1) {
  heap_host host;
  std::vector<const tenon::datum*> pointers;
  for (const auto& d : inputs) pointers.push_back(&d);
  tenon::ir::eval_context ctx(op, pointers, outputs, host);
  TENON_TRY(op.reference(ctx));
  return std::move(ctx.outputs());
}

inline tenon::result<std::vector<tenon::ir::fact>> infer_op(
    const tenon::ir::any_op& op,
    const std::vector<tenon::ir::fact>& inputs,
    const tenon::ir::symbol_context& symbols,
    std::size_t outputs = 1) {
  std::vector<const tenon::ir::fact*> pointers;
  for (const auto& f : inputs) pointers.push_back(&f);
  tenon::ir::infer_context ctx(pointers, outputs, symbols);
  TENON_TRY(op.infer(ctx));
  return std::move(ctx.outputs());
}

}  // namespace tenon_tests
