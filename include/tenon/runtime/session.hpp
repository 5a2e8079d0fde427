#pragma once

#include "tenon/runtime/model.hpp"
#include "tenon/tensor/datum.hpp"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace tenon::inline v0 {

class thread_pool;

/// Bounds of a session.
struct session_options {
  int threads = 0;              ///< 0: the shared pool of the process
  thread_pool* pool = nullptr;  ///< a pool of the caller; wins over `threads`
  std::int64_t memory_limit_bytes =
      0;  ///< of arena and run-time tensors; 0: what machine and cgroup allow, all sessions together
  double time_limit_seconds = 0;  ///< of one run; 0: none
  bool profile = false;           ///< measure every step
};

/// An input by name.
struct named_value {
  std::string_view name;
  datum value;
};

/// Time spent in one step of the plan.
struct step_time {
  std::string_view label;
  std::string_view kernel;
  std::int64_t total_ns = 0;
  std::int64_t runs = 0;
};

/// The outputs of a run, valid until the next run of the session unless copied.
class run_outputs {
 public:
  run_outputs(const plan::program& program, std::span<const datum> values)
      : program_(&program), values_(values) {}

  std::size_t size() const { return values_.size(); }

  const datum& value(std::size_t i) const { return values_[i]; }

  const tensor& operator[](std::size_t i) const { return values_[i].as_tensor(); }

  /// The tensor of an output by name; throws `input` naming the known outputs.
  const tensor& operator[](std::string_view name) const;

 private:
  const plan::program* program_;
  std::span<const datum> values_;
};

/// Runs a model; belongs to one thread at a time. Repeated shapes cost one comparison and no allocation.
class session {
 public:
  explicit session(model m, session_options options = {});
  session(session&&) noexcept;
  session& operator=(session&&) noexcept;
  ~session();

  /// Inputs by name, in any order.
  result<run_outputs> run(std::initializer_list<named_value> inputs) {
    return run(std::span(inputs.begin(), inputs.size()));
  }

  result<run_outputs> run(std::span<const named_value> inputs);

  /// Inputs in the order of the model.
  result<run_outputs> run_positional(std::span<const datum> inputs);

  /// The model it runs.
  const model& compiled() const;

  /// Bytes of the arena for the shapes of the last run.
  std::int64_t arena_bytes() const;
  /// Most bytes that run-time tensors and arena took so far.
  std::int64_t peak_bytes() const;
  /// How often sizes were computed anew: once per change of shape.
  std::int64_t resizes() const;

  /// Per step, when `profile` is on.
  std::span<const step_time> profile() const;

  /// Ends a run in another thread at the next step or loop turn.
  void cancel();

 private:
  class state;
  state* state_;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/runtime_session.hpp"
#endif
