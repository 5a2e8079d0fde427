#pragma once

#include "tenon/core/machine_memory.hpp"
#include "tenon/core/safe_math.hpp"
#include "tenon/tensor/tensor.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace tenon::inline v0 {

TENON_INLINE tensor::tensor(dtype type, extents dims) {
  auto made = make(type, std::move(dims));
  if (!made) raise(std::move(made).failure());
  *this = *std::move(made);
}

TENON_INLINE result<std::int64_t> bytes_of(dtype type, const extents& dims) {
  if (dims.size() > max_rank)
    return fail(code::resource, "a tensor of ", name_of(type), " has ", dims.size(),
                " axes, expected at most ", max_rank);
  const auto count = checked_product(std::span(dims.data(), dims.size()));
  const auto bytes = count ? checked_mul(*count, static_cast<std::int64_t>(size_of(type))) : count;
  if (!bytes)
    return fail(code::resource, "a tensor of ", name_of(type), bracketed(dims),
                " is negative or outgrows 64 bits; check the sizes the model computes");
  return *bytes;
}

TENON_INLINE result<tensor> tensor::make(dtype type, extents dims) {
  TENON_TRY(const std::int64_t bytes, bytes_of(type, dims));
  TENON_TRY(take_memory(bytes));
  tensor out;
  out.type_ = type;
  out.dims_ = std::move(dims);
  out.count_ = element_count(out.dims_);
  if (type == dtype::string) {
    auto* strings = new (std::nothrow) std::string[static_cast<std::size_t>(out.count_)];
    if (!strings) return fail(code::resource, "no memory for a tensor of ", bytes, " bytes");
    out.storage_ =
        storage::adopt(strings, static_cast<std::size_t>(bytes),
                       [](void* p, std::size_t, void*) { delete[] static_cast<std::string*>(p); });
  } else {
    out.storage_ = storage::allocate(static_cast<std::size_t>(bytes));
    if (!out.storage_) return fail(code::resource, "no memory for a tensor of ", bytes, " bytes");
  }
  out.data_ = out.storage_.data();
  return out;
}

TENON_INLINE void tensor::refuse_elements(std::size_t bytes_each) const {
  raise(fail(code::index, "elements of ", bytes_each, " bytes were asked for, expected ",
             size_of(type_), " bytes each of tensor ", str()));
}

TENON_INLINE tensor tensor::over(dtype type, extents dims, storage bytes, std::size_t offset) {
  tensor out;
  out.type_ = type;
  out.count_ = element_count(dims);
  out.dims_ = std::move(dims);
  out.data_ = bytes.data() + offset;
  out.storage_ = std::move(bytes);
  return out;
}

TENON_INLINE tensor tensor::reshaped(extents dims) const {
  tensor out = *this;
  TENON_CHECK(element_count(dims) == count_);
  out.dims_ = std::move(dims);
  return out;
}

TENON_INLINE tensor tensor::clone() const {
  tensor out(type_, dims_);
  if (type_ == dtype::string)
    std::copy(data<std::string>(), data<std::string>() + count_, out.data<std::string>());
  else if (count_ != 0)
    std::memcpy(out.data_, data_, size_bytes());
  return out;
}

TENON_INLINE std::string tensor::str() const {
  return cat(name_of(type_), bracketed(dims_));
}

TENON_INLINE bool identical(const tensor& a, const tensor& b) {
  if (a.type() != b.type() || !(a.dims() == b.dims())) return false;
  if (a.type() == dtype::string)
    return std::equal(a.data<std::string>(), a.data<std::string>() + a.size(),
                      b.data<std::string>());
  return a.size() == 0 || a.bytes() == b.bytes() ||
         std::memcmp(a.bytes(), b.bytes(), a.size_bytes()) == 0;
}

}  // namespace tenon::inline v0
