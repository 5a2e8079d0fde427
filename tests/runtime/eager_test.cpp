#include "tenon/runtime/eager.hpp"

#include "tenon/ops/convolution.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/tools/difference.hpp"

#include <doctest/doctest.h>

using namespace tenon;

namespace {

tensor numbers(extents dims) {
  tensor out(dtype::f32, std::move(dims));
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.data<float>()[i] = static_cast<float>(i * 7 % 11) - 5;
  return out;
}

}  // namespace

TEST_CASE("one op runs at once, by kernel and by reference alike") {
  const tensor x = numbers({2, 3, 9, 8}), w = numbers({4, 3, 3, 3});
  const ops::conv conv{.pads = {1, 1, 1, 1}};
  const tensor fast = eager(conv, {x, w}).value();
  const tensor slow = eager(conv, {x, w}, {.reference_only = true}).value();
  CHECK(fast.dims() == extents{2, 4, 9, 8});
  CHECK(tools::compare(slow, fast).is_within(1e-6));
  const tensor y =
      eager(ops::matmul{}, {tensor::of<float>({1, 2}, {1, 2}), tensor::of<float>({2, 1}, {3, 4})})
          .value();
  CHECK(*y.data<float>() == 11);
}

TEST_CASE("inputs that shape rules read, absent inputs and several outputs") {
  const tensor x = numbers({6});
  const tensor y = eager(ops::reshape{}, {x, tensor::of<std::int64_t>({2}, {-1, 3})}).value();
  CHECK(y.dims() == extents{2, 3});
  const datum in[] = {x, tensor::of<std::int64_t>({2}, {2, 4})};
  const auto parts = eager(ops::split{}, in, 2).value();
  REQUIRE(parts.size() == 2);
  CHECK(parts[1].as_tensor().dims() == extents{4});
  CHECK(parts[1].as_tensor().data<float>()[0] == x.data<float>()[2]);
  const datum three[] = {numbers({2, 2}), numbers({2, 2}), datum()};
  CHECK(eager(ops::gemm{}, three, 1).value()[0].as_tensor().dims() == extents{2, 2});
}

TEST_CASE("what does not fit is a typed error") {
  const auto out = eager(ops::matmul{}, {numbers({2, 3}), numbers({2, 3})});
  REQUIRE_FALSE(out);
  CHECK(out.failure().kind == code::shape);
  CHECK(out.failure().message.find("matmul") != std::string::npos);
  const datum none[] = {datum(), numbers({2, 2})};
  CHECK_FALSE(eager(ops::matmul{}, none, 1));
}
