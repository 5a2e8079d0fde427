#include "tenon/tensor/tensor.hpp"

#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>

TEST_CASE("elements of another size than those of the tensor are refused") {
  const tenon::tensor t = tenon::tensor::of<float>({2}, {1, 2});
  CHECK(t.elements<float>()[1] == 2);
  CHECK(t.elements<std::uint32_t>().size() == 2);
  try {
    static_cast<void>(t.elements<double>());
    FAIL("nothing was thrown");
  } catch (const tenon::exception& caught) {
    CHECK(caught.kind() == tenon::code::index);
    CHECK(std::string(caught.what()).find("8 bytes were asked for, expected 4 bytes") !=
          std::string::npos);
  }
  CHECK(tenon::tensor().elements<double>().empty());
}

TEST_CASE("what does not fit into memory or 64 bits is an error, not an exception") {
  constexpr std::int64_t many = std::int64_t{1} << 57;
  const auto message = [](tenon::dtype type, tenon::extents dims) {
    const auto made = tenon::tensor::make(type, std::move(dims));
    return made ? "no error" : made.failure().message;
  };
  CHECK(message(tenon::dtype::f32, {-1}) ==
        "a tensor of f32[-1] is negative or outgrows 64 bits; check the sizes the model computes");
  CHECK(message(tenon::dtype::f32, {many, many}).find("outgrows") != std::string::npos);
  CHECK(message(tenon::dtype::f32, {many})
            .find("bytes more are needed, the machine or the cgroup has") != std::string::npos);
  CHECK(message(tenon::dtype::string, {many})
            .find("bytes more are needed, the machine or the cgroup has") != std::string::npos);
  CHECK(message(tenon::dtype::string, {many, 0}) == "no error");
}

TEST_CASE("a tensor of more than max_rank axes is refused in a short text") {
  CHECK(tenon::tensor::make(tenon::dtype::f32, tenon::extents(tenon::max_rank, 1)));
  const auto refused = tenon::tensor::make(tenon::dtype::f32, tenon::extents(1000000, 1));
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().message == "a tensor of f32 has 1000000 axes, expected at most 64");
}

TEST_CASE("tensors are identical when dtype, extents and bits are") {
  using tenon::tensor;
  const auto nan = tensor::scalar<float>(std::numeric_limits<float>::quiet_NaN());
  CHECK(identical(nan, nan.clone()));
  CHECK_FALSE(identical(tensor::scalar<float>(0.0F), tensor::scalar<float>(-0.0F)));
  CHECK_FALSE(identical(tensor::of<float>({2}, {1, 2}), tensor::of<float>({2, 1}, {1, 2})));
  CHECK_FALSE(identical(tensor::scalar<float>(0), tensor::scalar<std::int32_t>(0)));
  CHECK_FALSE(identical(tensor::of<float>({0, 2}, {}), tensor::of<float>({0, 3}, {})));
  CHECK(identical(tensor::of<float>({0, 2}, {}), tensor::of<float>({0, 2}, {})));
  CHECK(identical(tensor(), tensor()));
  const auto a = tensor::of<std::string>({2}, {"a", std::string("b\0c", 3)});
  CHECK(identical(a, a.clone()));
  CHECK_FALSE(identical(a, tensor::of<std::string>({2}, {"a", "b"})));
  CHECK(a.clone().bytes() != a.bytes());
}

TEST_CASE("a tensor without axes has one element, one with a zero none") {
  using tenon::tensor;
  CHECK(tensor(tenon::dtype::i64, {}).size() == 1);
  CHECK(tensor(tenon::dtype::i64, {}).str() == "i64[]");
  CHECK(tensor(tenon::dtype::f16, {3, 0, 2}).empty());
  CHECK(tensor(tenon::dtype::i4, {3}).size_bytes() == 3);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(tenon::element_count(tenon::extents{most, most, 0}) == 0);
  CHECK(tensor(tenon::dtype::f32, {0, 1}).reshaped({most, 3, 0}).empty());
  CHECK_FALSE(tensor());
  CHECK(tensor().str() == "undefined[]");
  float three[] = {1, 2, 3};
  const tensor view = tensor::borrow(three, {3});
  CHECK(view.memory().is_borrowed());
  CHECK(view.reshaped({1, 3, 1}).data<float>() == three);
  CHECK(view.clone().data<float>() != three);
}
