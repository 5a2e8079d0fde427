#include "support/near.hpp"

#include "tenon/tensor/complex.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

using namespace tenon;
using tenon_tests::difference;
using tenon_tests::is_near;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class T> tensor list(std::vector<T> v) {
  return tensor::of<T>({static_cast<std::int64_t>(v.size())}, std::span<const T>(v));
}

}  // namespace

TEST_CASE("infinities and NaN are near their own kind alone, whatever the bound") {
  const tenon_tests::nearness wide{1e9, 1e9};
  CHECK(is_near(inf, inf, {}));
  CHECK(is_near(-inf, -inf, {}));
  CHECK(is_near(not_a_number, not_a_number, {}));
  for (const auto& [found, expected] : {std::pair{1.0, inf},
                                        {inf, 1.0},
                                        {inf, -inf},
                                        {not_a_number, 1.0},
                                        {1.0, not_a_number},
                                        {not_a_number, inf},
                                        {inf, not_a_number}})
    CHECK_FALSE(is_near(found, expected, wide));
}

TEST_CASE("finite numbers are near within absolute plus relative of the expected one") {
  CHECK(is_near(12.9, 10, {1, 0.2}));
  CHECK_FALSE(is_near(13.1, 10, {1, 0.2}));
  CHECK_FALSE(is_near(1, 1.0000001, {}));
}

TEST_CASE("the worse of two errors is NaN when one of them is") {
  CHECK(tenon_tests::worse(1, 2) == 2);
  CHECK(tenon_tests::worse(2, 1) == 2);
  CHECK(std::isnan(tenon_tests::worse(not_a_number, 1)));
  CHECK(std::isnan(tenon_tests::worse(1, not_a_number)));
}

TEST_CASE("tensors differ in dtype, shape, floats beyond the bound and anything else at all") {
  const tensor x = list<float>({1, 2});
  CHECK(difference(list<float>({1.05F, 2}), x, {0.1, 0}) == "");
  CHECK(difference(list<float>({1.2F, 2}), x, {0.1, 0}).starts_with("element 0 of f32[2] is 1.2"));
  CHECK(difference(list<double>({1, 2}), x, {}) == "is f64[2], expected f32[2]");
  CHECK(difference(list<float>({1, 2, 3}), x, {}) == "is f32[3], expected f32[2]");
  CHECK(difference(list<std::int32_t>({1, 3}), list<std::int32_t>({1, 2}), {9, 9}) != "");
  const std::int64_t large = std::int64_t{1} << 60;
  CHECK(difference(list<std::int64_t>({large + 1}), list<std::int64_t>({large}), {}) != "");
  CHECK(difference(list<std::string>({"a", "b"}), list<std::string>({"a", "c"}), {}) ==
        "element 1 is 'b', expected 'c'");
  CHECK(difference(list<c64>({{1, 2}}), list<c64>({{1, 2.05F}}), {0.1, 0}) == "");
  CHECK(difference(list<c64>({{1, 2}}), list<c64>({{1, 3}}), {0.1, 0}) != "");
}
