#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/tensor/datum.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace tenon::inline v0::ir {

/// The fact of data that exists: concrete shape, and the content where a shape rule may ask for it.
fact fact_of(const datum& value);

/// Who runs a reference kernel: gives memory, runs subgraphs, knows limits.
class eval_host {
 public:
  /// Memory for output `i` of the running node; `resource` when a limit is met.
  virtual result<tensor> allocate(std::size_t i, dtype type, const extents& dims) = 0;

  /// Runs a subgraph of the running op.
  virtual result<std::vector<datum>> run(const graph& body, std::span<const datum> inputs) = 0;

  /// Fails when the run was cancelled or is out of time; long loops ask now and then.
  virtual status check_limits() = 0;

 protected:
  ~eval_host() = default;
};

/// What a reference kernel sees: input data, and where it puts the outputs.
class eval_context {
 public:
  eval_context(const any_op& op,
               std::span<const datum* const> inputs,
               std::size_t output_count,
               eval_host& host)
      : op_(&op), inputs_(inputs), outputs_(output_count), host_(&host) {}

  std::size_t size() const { return inputs_.size(); }

  std::size_t output_count() const { return outputs_.size(); }

  bool has(std::size_t i) const {
    return i < inputs_.size() && inputs_[i] != nullptr && *inputs_[i];
  }

  /// The tensor of input `i`, which must be given and a tensor (the shape rule has checked both).
  const tensor& operator[](std::size_t i) const { return inputs_[i]->as_tensor(); }

  const datum& input(std::size_t i) const { return *inputs_[i]; }

  /// Output `i` with the dtype and shape that the op's own shape rule gives for these inputs.
  result<tensor> output(std::size_t i);

  /// Output `i` with a shape that only the content decides.
  result<tensor> output(std::size_t i, dtype type, const extents& dims) {
    TENON_TRY(tensor made, host_->allocate(i, type, dims));
    if (i < outputs_.size()) outputs_[i] = made;
    return made;
  }

  /// Memory that is no output itself, such as an element of a sequence.
  result<tensor> extra(dtype type, const extents& dims) {
    return host_->allocate(outputs_.size(), type, dims);
  }

  /// Output `i` as it is: a sequence, an absent optional, or an input passed on.
  void output(std::size_t i, datum value) {
    if (i < outputs_.size()) outputs_[i] = std::move(value);
  }

  /// Input `i`, or nothing when it is absent or an empty optional.
  datum given(std::size_t i) const { return has(i) ? input(i) : datum(); }

  std::vector<datum>& outputs() { return outputs_; }

  result<std::vector<datum>> run(const graph& body, std::span<const datum> inputs) {
    return host_->run(body, inputs);
  }

  status check_limits() { return host_->check_limits(); }

  /// The input content as 64-bit integers, from any integer dtype; floats are truncated.
  std::vector<std::int64_t> integers(std::size_t i) const;

 private:
  status infer_outputs(std::size_t count);

  const any_op* op_;
  std::span<const datum* const> inputs_;
  std::vector<datum> outputs_;
  std::vector<fact> facts_;
  eval_host* host_;
};

}  // namespace tenon::inline v0::ir

#ifndef TENON_COMPILED
#include "tenon/impl/ir_eval_context.hpp"
#endif
