#pragma once

#include "tenon/ir/fact.hpp"
#include "tenon/tensor/storage.hpp"

#include <concepts>
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

  /// Takes over a smart pointer to a plan, such as `plan::build` returns.
  template <class Owner>

  requires requires(const Owner& owner) {
    { owner.get() } -> std::convertible_to<const plan::program*>;
  }

  explicit model(Owner program) {
    const plan::program* at = program.get();
    owner_ = storage::adopt(
        const_cast<plan::program*>(at), 0,
        [](void*, std::size_t, void* owner) { delete static_cast<Owner*>(owner); },
        new Owner(std::move(program)));
  }

  explicit operator bool() const { return owner_.data() != nullptr; }

  /// The plan, for those who include tenon/plan/plan.hpp.
  const plan::program& program() const {
    return *reinterpret_cast<const plan::program*>(owner_.data());
  }

  std::size_t input_count() const;
  std::size_t output_count() const;
  const std::string& input_name(std::size_t i) const;
  const std::string& output_name(std::size_t i) const;

  /// Declared dtype and symbolic shape of input `i`.
  const ir::fact& input(std::size_t i) const;

  /// Inferred dtype and symbolic shape of output `i`.
  const ir::fact& output(std::size_t i) const;

 private:
  storage owner_;  // its data is the plan
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/runtime_model.hpp"
#endif
