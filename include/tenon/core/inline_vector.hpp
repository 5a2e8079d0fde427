#pragma once

#include "tenon/core/config.hpp"

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>

namespace tenon::inline v0 {

/// A vector of trivially copyable items that keeps up to N of them in place.
template <class T, std::size_t N> class inline_vector {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  inline_vector() = default;

  explicit inline_vector(std::size_t count, T fill = T{}) { resize(count, fill); }

  inline_vector(std::initializer_list<T> items) { assign(items.begin(), items.end()); }

  inline_vector(std::span<const T> items) { assign(items.begin(), items.end()); }

  template <class It>

  requires(!std::is_integral_v<It>) inline_vector(It first, It last) { assign(first, last); }

  inline_vector(const inline_vector& other) { assign(other.begin(), other.end()); }

  inline_vector(inline_vector&& other) noexcept { take(other); }

  inline_vector& operator=(const inline_vector& other) {
    if (this != &other) assign(other.begin(), other.end());
    return *this;
  }

  inline_vector& operator=(inline_vector&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }

  ~inline_vector() { release(); }

  std::size_t size() const { return size_; }

  bool empty() const { return size_ == 0; }

  T* data() { return data_; }

  const T* data() const { return data_; }

  iterator begin() { return data_; }

  iterator end() { return data_ + size_; }

  const_iterator begin() const { return data_; }

  const_iterator end() const { return data_ + size_; }

  T& operator[](std::size_t i) { return data_[i]; }

  const T& operator[](std::size_t i) const { return data_[i]; }

  T& front() { return data_[0]; }

  const T& front() const { return data_[0]; }

  T& back() { return data_[size_ - 1]; }

  const T& back() const { return data_[size_ - 1]; }

  void clear() { size_ = 0; }

  void reserve(std::size_t count) {
    if (count <= capacity_) return;
    T* bigger = new T[count];
    copy_items(bigger, data_, size_);
    release();
    data_ = bigger;
    capacity_ = count;
  }

  void resize(std::size_t count, T fill = T{}) {
    reserve(count);
    for (; size_ < count; ++size_) data_[size_] = fill;
    size_ = count;
  }

  void push_back(T item) {
    if (size_ == capacity_) reserve(capacity_ * 2);
    data_[size_++] = item;
  }

  void pop_back() { --size_; }

  iterator insert(const_iterator where, T item) {
    const std::size_t at = static_cast<std::size_t>(where - data_);
    push_back(item);
    for (std::size_t i = size_ - 1; i > at; --i) data_[i] = data_[i - 1];
    data_[at] = item;
    return data_ + at;
  }

  iterator erase(const_iterator where) {
    T* at = data_ + (where - data_);
    --size_;
    for (T* p = at; p != data_ + size_; ++p) *p = p[1];
    return at;
  }

  template <class It> void assign(It first, It last) {
    clear();
    for (; first != last; ++first) push_back(*first);
  }

  friend bool operator==(const inline_vector& a, const inline_vector& b) {
    if (a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i)
      if (!(a.data_[i] == b.data_[i])) return false;
    return true;
  }

 private:
  static void copy_items(T* to, const T* from, std::size_t count) {
    if (count != 0) std::memcpy(static_cast<void*>(to), from, count * sizeof(T));
  }

  void release() {
    if (data_ != items_) delete[] data_;
    data_ = items_;
    capacity_ = N;
  }

  void take(inline_vector& other) {
    if (other.data_ == other.items_) {
      copy_items(items_, other.data_, other.size_);
    } else {
      data_ = std::exchange(other.data_, other.items_);
      capacity_ = std::exchange(other.capacity_, N);
    }
    size_ = std::exchange(other.size_, 0);
  }

  T items_[N] = {};
  T* data_ = items_;
  std::size_t size_ = 0;
  std::size_t capacity_ = N;
};

}  // namespace tenon::inline v0
