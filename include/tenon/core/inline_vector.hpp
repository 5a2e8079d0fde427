#pragma once

#include "tenon/core/config.hpp"

#include <algorithm>
#include <cstddef>
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
    std::copy(begin(), end(), bigger);
    release();
    data_ = bigger;
    capacity_ = count;
  }

  void resize(std::size_t count, T fill = T{}) {
    reserve(count);
    if (count > size_) std::fill(data_ + size_, data_ + count, fill);
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
    std::rotate(data_ + at, data_ + size_ - 1, data_ + size_);
    return data_ + at;
  }

  iterator erase(const_iterator where) {
    T* at = data_ + (where - data_);
    std::move(at + 1, data_ + size_, at);
    --size_;
    return at;
  }

  template <class It> void assign(It first, It last) {
    clear();
    for (; first != last; ++first) push_back(*first);
  }

  friend bool operator==(const inline_vector& a, const inline_vector& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void release() {
    if (data_ != items_) delete[] data_;
    data_ = items_;
    capacity_ = N;
  }

  void take(inline_vector& other) {
    if (other.data_ == other.items_) {
      std::copy(other.begin(), other.end(), items_);
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
