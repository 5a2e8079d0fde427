#pragma once

#include "tenon/core/function_ref.hpp"
#include "tenon/tensor/tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace tenon::inline v0::kernel {

/// A dense row-major array in a call: bytes, sizes, dtype. The owner keeps all of it alive.
struct array_view {
  std::byte* data = nullptr;
  const std::int64_t* dims = nullptr;
  std::int64_t count = 0;  ///< elements
  std::uint32_t rank = 0;
  dtype type = dtype::undefined;

  explicit operator bool() const { return type != dtype::undefined; }

  std::span<const std::int64_t> shape() const { return {dims, rank}; }

  std::int64_t dim(std::size_t axis) const { return dims[axis]; }

  std::size_t bytes() const { return static_cast<std::size_t>(count) * size_of(type); }

  template <class T> T* as() const { return reinterpret_cast<T*>(data); }
};

/// How a kernel splits its work over threads; results must not depend on the split.
class parallel {
 public:
  using body = function_ref<void(std::int64_t begin, std::int64_t end, int worker)>;

  /// Calls `work` on ranges that cover [0, count), each begins at a multiple of `grain`; `worker` is below
  /// `width()` and not used by two ranges at once.
  virtual void run(std::int64_t count, std::int64_t grain, body work) = 0;

  /// Threads that may take part, the caller included.
  virtual int width() const = 0;

 protected:
  ~parallel() = default;
};

/// What `prepare` made of the constants of a node: packed weights, tables. Immutable, shared by sessions.
struct prepared {
  tensor packed;
  tensor extra;
  std::int64_t numbers[8] = {};
};

/// One call of a kernel.
struct call {
  const void* op = nullptr;               ///< the op struct
  const array_view* views = nullptr;      ///< of all values of the plan
  std::span<const std::uint32_t> inputs;  ///< indices into `views`; `absent` for a missing input
  std::span<const std::uint32_t> outputs;
  const prepared* state = nullptr;
  std::byte* scratch = nullptr;  ///< as many bytes as `scratch_bytes` asked for
  parallel* threads = nullptr;

  static constexpr std::uint32_t absent = ~std::uint32_t{0};

  bool has(std::size_t i) const { return i < inputs.size() && inputs[i] != absent; }

  const array_view& in(std::size_t i) const { return views[inputs[i]]; }

  const array_view& out(std::size_t i) const { return views[outputs[i]]; }

  bool has_out(std::size_t i) const { return i < outputs.size() && outputs[i] != absent; }

  template <class Op> const Op& as() const { return *static_cast<const Op*>(op); }
};

}  // namespace tenon::inline v0::kernel
