#pragma once

#include "tenon/core/shared_count.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace tenon::inline v0 {

/// Bytes that tensors share: owned, borrowed from the caller, or kept alive by somebody else's handle.
class storage {
 public:
  using release_function = void (*)(void* data, std::size_t bytes, void* owner);

  static constexpr std::size_t alignment = 64;  ///< of owned bytes

  storage() = default;

  storage(const storage& other) : block_(other.block_) { retain(); }

  storage(storage&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}

  storage& operator=(storage other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }

  ~storage() { drop(); }

  /// Owned, uninitialised bytes; empty when the system has none left.
  static storage allocate(std::size_t bytes) {
    void* data = ::operator new (bytes + (bytes == 0), std::align_val_t{alignment}, std::nothrow);
    if (data == nullptr) return {};
    return adopt(data, bytes, [](void* p, std::size_t, void*) {
      ::operator delete (p, std::align_val_t{alignment});
    });
  }

  /// Bytes of the caller, who keeps them alive.
  static storage borrow(void* data, std::size_t bytes) { return adopt(data, bytes, nullptr); }

  /// Bytes that `release` gives back when the last tensor is gone.
  static storage adopt(void* data,
                       std::size_t bytes,
                       release_function release,
                       void* owner = nullptr) {
    storage out;
    out.block_ = new block{{}, data, bytes, release, owner};
    return out;
  }

  std::byte* data() const { return block_ ? static_cast<std::byte*>(block_->data) : nullptr; }

  std::size_t bytes() const { return block_ ? block_->bytes : 0; }

  explicit operator bool() const { return block_ != nullptr; }

  bool is_borrowed() const { return block_ && block_->release == nullptr; }

  bool is_shared() const { return block_ && block_->count.is_shared(); }

  bool same_as(const storage& other) const { return block_ == other.block_; }

 private:
  struct block {
    shared_count count;
    void* data;
    std::size_t bytes;
    release_function release;
    void* owner;
  };

  void retain() {
    if (block_) block_->count.add();
  }

  void drop() {
    if (!block_ || !block_->count.release()) return;
    if (block_->release) block_->release(block_->data, block_->bytes, block_->owner);
    delete block_;
  }

  block* block_ = nullptr;
};

}  // namespace tenon::inline v0
