#include "tenon/tools/difference.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

using namespace tenon;
using tools::compare;

TEST_CASE("integers are compared as integers") {
  const std::int64_t low = std::numeric_limits<std::int64_t>::min();
  const std::int64_t large = std::int64_t{1} << 53;
  const auto near = compare(tensor::of<std::int64_t>({2}, {large, 4}),
                            tensor::of<std::int64_t>({2}, {large + 1, 4}));
  CHECK(near.differing == 1);
  CHECK(near.max_abs == 1);
  CHECK(near.max_ulp == 1);
  CHECK(near.count == 2);
  const auto far = compare(tensor::scalar(low), tensor::scalar(std::int64_t{-1} - low));
  CHECK(far.max_ulp == std::numeric_limits<std::uint64_t>::max());
  CHECK(far.max_abs == 0x1p64);
  const std::uint64_t top = std::numeric_limits<std::uint64_t>::max();
  CHECK(compare(tensor::scalar(top), tensor::scalar(top - 1)).max_ulp == 1);
  CHECK(compare(tensor::scalar(true), tensor::scalar(false)).differing == 1);
}

TEST_CASE("floats are as far apart as there are numbers between") {
  CHECK(compare(tensor::scalar(1.0F), tensor::scalar(std::nextafter(1.0F, 2.0F))).max_ulp == 1);
  CHECK(compare(tensor::scalar(-0.0F), tensor::scalar(0.0F)).differing == 0);
  CHECK(compare(tensor::scalar(-1.0), tensor::scalar(1.0)).max_ulp == 2 * 0x3FF0000000000000);
  const auto small = compare(tensor::scalar(f4e2m1(-0.5F)), tensor::scalar(f4e2m1(0.5F)));
  CHECK(small.differing == 1);
  CHECK(small.max_ulp == 2);
  CHECK(compare(tensor::scalar(f8e8m0(0.5F)), tensor::scalar(f8e8m0(2.0F))).max_ulp == 2);
  const auto lost = compare(tensor::scalar(NAN), tensor::scalar(1.0F));
  CHECK(std::isinf(lost.max_abs));
  CHECK(compare(tensor::scalar(NAN), tensor::scalar(NAN)).differing == 0);
}

TEST_CASE("what cannot be compared says why") {
  CHECK(compare(tensor::scalar(1.0F), tensor::scalar(1.0)).mismatch == "f32[] vs f64[]");
  const auto texts = compare(tensor::scalar<std::string>("a"), tensor::scalar<std::string>("b"));
  CHECK(texts.differing == 1);
}
