#pragma once

#include "tenon/core/config.hpp"

#include <utility>

namespace tenon::inline v0::ir {

class graph;

/// A shared, immutable graph owned by an op: a branch of If, a body of Loop. Its captures are inputs.
class subgraph {
 public:
  subgraph() = default;
  explicit subgraph(graph body);

  subgraph(const subgraph& other) : block_(other.block_) { retain(); }

  subgraph(subgraph&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}

  subgraph& operator=(subgraph other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }

  ~subgraph() { drop(); }

  const graph& operator*() const;
  const graph* operator->() const;

  explicit operator bool() const { return block_ != nullptr; }

  /// Identity of the shared graph, not structure.
  friend bool operator==(const subgraph& a, const subgraph& b) { return a.block_ == b.block_; }

 private:
  struct block;
  void retain();
  void drop();

  block* block_ = nullptr;
};

}  // namespace tenon::inline v0::ir
