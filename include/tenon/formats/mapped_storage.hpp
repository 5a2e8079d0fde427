#pragma once

#include "tenon/core/file.hpp"
#include "tenon/tensor/storage.hpp"

#include <cstddef>
#include <utility>

namespace tenon::inline v0 {

/// A mapped file as bytes that tensors share, which must not write them; the last one unmaps it.
inline storage storage_of(mapped_file file) {
  auto* owner = new mapped_file(std::move(file));
  auto* data = const_cast<std::byte*>(owner->bytes().data());
  return storage::adopt(
      data, owner->size(),
      [](void*, std::size_t, void* held) { delete static_cast<mapped_file*>(held); }, owner);
}

}  // namespace tenon::inline v0
