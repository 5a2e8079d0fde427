#include "tenon/tensor/storage.hpp"

#include <cstdint>
#include <utility>

#include <doctest/doctest.h>

using tenon::storage;

namespace {

struct release_log {
  int calls = 0;
  void* data = nullptr;
  std::size_t bytes = 0;
};

void note(void* data, std::size_t bytes, void* owner) {
  auto& log = *static_cast<release_log*>(owner);
  ++log.calls;
  log.data = data;
  log.bytes = bytes;
}

}  // namespace

TEST_CASE("nothing is held by default") {
  const storage none;
  CHECK_FALSE(none);
  CHECK(none.data() == nullptr);
  CHECK(none.bytes() == 0);
  CHECK_FALSE(none.is_borrowed());
  CHECK_FALSE(none.is_shared());
  CHECK(none.same_as(storage()));
}

TEST_CASE("owned bytes are aligned, also when there are none") {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{4096}}) {
    const storage s = storage::allocate(bytes);
    REQUIRE(s);
    CHECK(s.bytes() == bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(s.data()) % storage::alignment == 0);
    CHECK_FALSE(s.is_borrowed());
    for (std::size_t i = 0; i < bytes; ++i) s.data()[i] = std::byte{7};
  }
}

TEST_CASE("more bytes than there are give an empty storage") {
  CHECK_FALSE(storage::allocate(std::size_t{1} << 62));
  CHECK_FALSE(storage::allocate(SIZE_MAX / 2));
}

TEST_CASE("adopted bytes are given back once, when the last owner is gone") {
  release_log log;
  int value = 0;
  {
    storage first = storage::adopt(&value, sizeof value, note, &log);
    CHECK_FALSE(first.is_shared());
    {
      const storage second = first;
      CHECK(second.same_as(first));
      CHECK(first.is_shared());
    }
    CHECK_FALSE(first.is_shared());
    storage moved = std::move(first);
    CHECK(moved.data() == reinterpret_cast<std::byte*>(&value));
    const storage& itself = moved;
    moved = itself;
    CHECK(log.calls == 0);
    storage other = storage::allocate(1);
    other = moved;
    CHECK(other.same_as(moved));
    moved = storage();
    CHECK(log.calls == 0);
  }
  CHECK(log.calls == 1);
  CHECK(log.data == &value);
  CHECK(log.bytes == sizeof value);
}

TEST_CASE("borrowed bytes stay those of the caller") {
  int value = 5;
  const storage a = storage::borrow(&value, sizeof value),
                b = storage::borrow(&value, sizeof value);
  CHECK(a.is_borrowed());
  CHECK(a.data() == b.data());
  CHECK_FALSE(a.same_as(b));
}
