#include "tenon/tensor/budget.hpp"

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

std::string message(const memory_budget& budget, dtype type, const extents& dims) {
  const auto made = budget.make(type, dims);
  if (made) return "no error";
  CHECK(made.failure().kind == code::resource);
  return made.failure().message;
}

}  // namespace

TEST_CASE("a tensor takes from its account until the last copy is gone") {
  const memory_budget budget(100);
  CHECK(budget.limit_bytes() == 100);
  {
    const tensor a = budget.make(dtype::f32, {5, 5}).value();
    const tensor copy = a;
    CHECK(message(budget, dtype::u8, {1}) ==
          "memory limit: u8[1] needs 1 bytes, 0 of 100 are left; raise the memory limit");
    CHECK(budget.make(dtype::u8, {0}));
  }
  CHECK(budget.peak_bytes() == 100);
  CHECK(budget.make(dtype::u8, {100}));
  CHECK(message(budget, dtype::f64, {13}) ==
        "memory limit: f64[13] needs 104 bytes, 100 of 100 are left; raise the memory limit");
}

TEST_CASE("the peak is the most that was ever held at once") {
  const memory_budget budget;
  CHECK(budget.limit_bytes() == memory_budget::unlimited);
  CHECK(budget.peak_bytes() == 0);
  for (int i = 0; i < 3; ++i) CHECK(budget.make(dtype::u8, {10}));
  CHECK(budget.peak_bytes() == 10);
  const auto a = budget.make(dtype::u8, {10}), b = budget.make(dtype::i16, {10});
  CHECK(budget.peak_bytes() == 30);
}

TEST_CASE("copies of a budget share the account, and it outlives them") {
  tensor kept;
  {
    memory_budget first(10);
    const memory_budget second = first;
    kept = first.make(dtype::u8, {10}).value();
    CHECK_FALSE(second.make(dtype::u8, {1}));
    first = memory_budget(3);
    CHECK(first.make(dtype::u8, {3}));
    CHECK_FALSE(second.make(dtype::u8, {1}));
    CHECK(second.peak_bytes() == 10);
  }
  CHECK(kept.size() == 10);
  kept.data<std::uint8_t>()[9] = 1;
}

TEST_CASE("a cast of the bytes to other extents and a clone are told apart") {
  const memory_budget budget(8);
  const tensor clone = budget.make(dtype::f32, {2}).value().clone();
  CHECK(budget.make(dtype::f32, {2}));
  const tensor view = budget.make(dtype::f32, {2}).value().reshaped({1, 2});
  CHECK_FALSE(budget.make(dtype::f32, {2}));
}

TEST_CASE("strings count as long as they live") {
  const auto two = static_cast<std::int64_t>(2 * sizeof(std::string));
  const memory_budget budget(two);
  {
    const tensor strings = budget.make(dtype::string, {2}).value();
    strings.elements<std::string>()[1] = std::string(100, 'x');
    CHECK_FALSE(budget.make(dtype::string, {1}));
  }
  CHECK(budget.make(dtype::string, {2}));
  CHECK(
      message(budget, dtype::string, {std::int64_t{1} << 50}).starts_with("memory limit: string["));
}

TEST_CASE("sizes that are negative or outgrow 64 bits are named") {
  const memory_budget budget;
  CHECK(
      message(budget, dtype::f32, {2, -3}) ==
      "a tensor of f32[2, -3] is negative or outgrows 64 bits; check the sizes the model computes");
  CHECK(message(memory_budget(100), dtype::f32, extents(100000, 2)) ==
        "a tensor of f32 has 100000 axes, expected at most 64");
  CHECK(message(budget, dtype::f32, {0, -3}).find("is negative") != std::string::npos);
  CHECK(message(budget, dtype::u8, {highest, 2}).find("outgrows") != std::string::npos);
  CHECK(message(budget, dtype::f64, {highest / 8 + 1}).find("outgrows") != std::string::npos);
  CHECK(message(budget, dtype::u8, {highest / 2}).find("bytes more are needed") !=
        std::string::npos);
  CHECK(message(budget, dtype::string, {highest / 64}).find("bytes more are needed") !=
        std::string::npos);
  CHECK(budget.make(dtype::f64, {0, highest}));
  const auto all = budget.make(dtype::u8, {100});
  CHECK(budget.peak_bytes() >= 100);
  CHECK(message(budget, dtype::u8, {highest}).starts_with("memory limit: "));
}

TEST_CASE("a refused request takes nothing from those of other threads") {
  const memory_budget budget(1000);
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 20000; ++i) {
          const auto made = budget.make(dtype::u8, {t < 2 ? highest : 500});
          if (t >= 2 && !made) ++refused;
        }
      });
  }
  CHECK(refused == 0);
  CHECK(budget.peak_bytes() <= 1000);
}
