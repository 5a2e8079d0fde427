#pragma once

#include "tenon/tensor/number_cast.hpp"
#include "tenon/tensor/tensor.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace tenon::inline v0 {

/// Calls `f(T{})` with the C++ type of a real-number dtype (4- and 2-bit integers as their bytes); false for others.
template <class F> bool with_element_type(dtype type, F&& f) {
  switch (type) {
    case dtype::f32:
      return f(float{}), true;
    case dtype::f64:
      return f(double{}), true;
    case dtype::f16:
      return f(f16{}), true;
    case dtype::bf16:
      return f(bf16{}), true;
    case dtype::i8:
      return f(std::int8_t{}), true;
    case dtype::i16:
      return f(std::int16_t{}), true;
    case dtype::i32:
      return f(std::int32_t{}), true;
    case dtype::i64:
      return f(std::int64_t{}), true;
    case dtype::u8:
      return f(std::uint8_t{}), true;
    case dtype::u16:
      return f(std::uint16_t{}), true;
    case dtype::u32:
      return f(std::uint32_t{}), true;
    case dtype::u64:
      return f(std::uint64_t{}), true;
    case dtype::boolean:
      return f(bool{}), true;
    case dtype::f8e4m3fn:
      return f(f8e4m3fn{}), true;
    case dtype::f8e4m3fnuz:
      return f(f8e4m3fnuz{}), true;
    case dtype::f8e5m2:
      return f(f8e5m2{}), true;
    case dtype::f8e5m2fnuz:
      return f(f8e5m2fnuz{}), true;
    case dtype::f4e2m1:
      return f(f4e2m1{}), true;
    case dtype::f8e8m0:
      return f(f8e8m0{}), true;
    default:
      return false;
  }
}

namespace convert_detail {

// 4- and 2-bit integers are held as raw bits, one per byte: sign-extend on the way in, mask on the way out.
inline int narrow_bits(dtype t) {
  return t == dtype::i4 || t == dtype::u4 ? 4 : t == dtype::i2 || t == dtype::u2 ? 2 : 0;
}

inline int widen(std::uint8_t raw, int bits, bool is_signed) {
  const int low = raw & ((1 << bits) - 1);
  return is_signed && (low >> (bits - 1)) ? low - (1 << bits) : low;
}

}  // namespace convert_detail

/// The elements of a real-number tensor as T; `out` has `from.size()` places.
template <class T> void load_elements(const tensor& from, std::span<T> out) {
  if (const int bits = convert_detail::narrow_bits(from.type())) {
    const bool is_signed = is_signed_integer(from.type());
    const auto* raw = from.data<std::uint8_t>();
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<T>(convert_detail::widen(raw[i], bits, is_signed));
    return;
  }
  with_element_type(from.type(), [&]<class E>(E) {
    const E* in = from.data<E>();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = number_cast<T>(in[i]);
  });
}

/// Writes T numbers into a real-number tensor, rounding as its dtype does.
template <class T> void store_elements(std::span<const T> from, const tensor& to) {
  if (const int bits = convert_detail::narrow_bits(to.type())) {
    auto* raw = to.data<std::uint8_t>();
    for (std::size_t i = 0; i < from.size(); ++i)
      raw[i] = static_cast<std::uint8_t>(number_cast<std::int64_t>(from[i]) & ((1 << bits) - 1));
    return;
  }
  with_element_type(to.type(), [&]<class E>(E) {
    E* out = to.data<E>();
    for (std::size_t i = 0; i < from.size(); ++i) out[i] = number_cast<E>(from[i]);
  });
}

/// A tensor's elements as T: the tensor's own bytes when it has that type, a converted copy otherwise.
template <class T> class elements_as {
 public:
  explicit elements_as(const tensor& from) {
    if (from.type() == dtype_of<T>) {
      view_ = from.elements<const T>();
      return;
    }
    copy_.resize(static_cast<std::size_t>(from.size()));
    load_elements<T>(from, copy_);
    view_ = copy_;
  }

  elements_as(const elements_as&) = delete;
  elements_as& operator=(const elements_as&) = delete;

  const T* data() const { return view_.data(); }

  std::size_t size() const { return view_.size(); }

  const T& operator[](std::size_t i) const { return view_[i]; }

 private:
  std::vector<T> copy_;
  std::span<const T> view_;
};

/// A buffer of T that lands in a tensor of any real-number dtype: directly or, on `commit`, converted.
template <class T> class elements_into {
 public:
  explicit elements_into(const tensor& to) : to_(to) {
    if (to.type() == dtype_of<T>) {
      view_ = to.elements<T>();
      return;
    }
    copy_.resize(static_cast<std::size_t>(to.size()));
    view_ = copy_;
  }

  elements_into(const elements_into&) = delete;
  elements_into& operator=(const elements_into&) = delete;

  T* data() { return view_.data(); }

  std::size_t size() const { return view_.size(); }

  T& operator[](std::size_t i) { return view_[i]; }

  void commit() {
    if (!copy_.empty()) store_elements<T>(std::span<const T>(copy_), to_);
  }

 private:
  tensor to_;
  std::vector<T> copy_;
  std::span<T> view_;
};

/// Calls `f(T{})` with the type reference arithmetic uses for a dtype: float, double, int64 or uint64; false for others.
template <class F> bool with_compute_type(dtype type, F&& f) {
  if (type == dtype::f64)
    f(double{});
  else if (is_float(type))
    f(float{});
  else if (type == dtype::u64)
    f(std::uint64_t{});
  else if (is_integer(type) || type == dtype::boolean)
    f(std::int64_t{});
  else
    return false;
  return true;
}

}  // namespace tenon::inline v0
