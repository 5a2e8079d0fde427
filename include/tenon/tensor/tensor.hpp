#pragma once

#include "tenon/core/inline_vector.hpp"
#include "tenon/core/result.hpp"
#include "tenon/tensor/dtype.hpp"
#include "tenon/tensor/storage.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tenon::inline v0 {

/// Concrete sizes of the axes of a tensor.
using extents = inline_vector<std::int64_t, 6>;

/// Most axes a tensor has, as in NumPy.
inline constexpr std::size_t max_rank = 64;

/// Number of elements; the extents are known to be valid.
inline std::int64_t element_count(std::span<const std::int64_t> dims) {
  std::uint64_t out = 1;  // where one extent is 0, the product of the others may wrap
  for (const std::int64_t d : dims) out *= static_cast<std::uint64_t>(d);
  return static_cast<std::int64_t>(out);
}

inline std::int64_t element_count(const extents& dims) {
  return element_count(std::span(dims.data(), dims.size()));
}

/// Bytes of a tensor in memory, strings without their characters; `resource` for more than max_rank axes, negative extents
/// and what outgrows 64 bits.
result<std::int64_t> bytes_of(dtype type, const extents& dims);

/// A dense row-major array of one dtype. Copies share the bytes; `clone` does not.
class tensor {
 public:
  tensor() = default;

  /// Uninitialised (strings: empty) elements; throws std::bad_alloc when there is no memory.
  tensor(dtype type, extents dims);

  /// Elements copied from `values`, whose count must be that of `dims`.
  template <class T> static tensor of(extents dims, std::span<const T> values) {
    static_assert(dtype_of<T> != dtype::undefined,
                  "T is the type of no elements; complex numbers need tenon/tensor/complex.hpp");
    tensor out(dtype_of<T>, std::move(dims));
    TENON_CHECK(static_cast<std::int64_t>(values.size()) == out.size());
    T* to = out.data<T>();
    for (const T& value : values) *to++ = value;
    return out;
  }

  template <class T> static tensor of(extents dims, std::initializer_list<T> values) {
    return of<T>(std::move(dims), std::span<const T>(values.begin(), values.size()));
  }

  /// A tensor without axes.
  template <class T> static tensor scalar(const T& value) {
    return of<T>(extents{}, std::span<const T>(&value, 1));
  }

  /// Uninitialised (strings: empty) elements; `resource` when the size overflows or memory is out.
  static result<tensor> make(dtype type, extents dims);

  /// A tensor over existing bytes, `offset` bytes into `bytes`; they must suffice and be aligned.
  static tensor over(dtype type, extents dims, storage bytes, std::size_t offset = 0);

  /// A tensor over memory of the caller, who keeps it alive.
  template <class T> static tensor borrow(T* data, extents dims) {
    const auto bytes = static_cast<std::size_t>(element_count(dims)) * sizeof(T);
    return over(dtype_of<std::remove_const_t<T>>, std::move(dims),
                storage::borrow(const_cast<std::remove_const_t<T>*>(data), bytes));
  }

  dtype type() const { return type_; }

  const extents& dims() const { return dims_; }

  std::size_t rank() const { return dims_.size(); }

  std::int64_t dim(std::size_t axis) const { return dims_[axis]; }

  std::int64_t size() const { return count_; }  ///< elements

  std::size_t size_bytes() const { return static_cast<std::size_t>(count_) * size_of(type_); }

  bool empty() const { return count_ == 0; }

  explicit operator bool() const { return type_ != dtype::undefined; }

  std::byte* bytes() const { return data_; }

  const storage& memory() const { return storage_; }

  /// The elements; T must be the C++ type of `type()` or have its size for bitwise access.
  template <class T> T* data() const { return reinterpret_cast<T*>(data_); }

  /// The elements; raises `index` where T has another size than those of `type()`.
  template <class T> std::span<T> elements() const {
    if (count_ != 0 && sizeof(T) != size_of(type_)) [[unlikely]]
      refuse_elements(sizeof(T));
    return {data<T>(), static_cast<std::size_t>(count_)};
  }

  /// The same bytes seen with other extents of the same element count.
  tensor reshaped(extents dims) const;

  tensor clone() const;

  /// `f32[2, 3]`
  std::string str() const;

 private:
  [[noreturn]] void refuse_elements(std::size_t bytes_each) const;
  storage storage_;
  std::byte* data_ = nullptr;
  extents dims_;
  std::int64_t count_ = 0;
  dtype type_ = dtype::undefined;
};

/// Same dtype, extents and bits.
bool identical(const tensor& a, const tensor& b);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/tensor_tensor.hpp"
#endif
