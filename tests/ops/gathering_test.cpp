#include "tenon/ops/gathering.hpp"

#include "tenon/ir/append.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("gather checks indices and follows shape content") {
  const tensor x = tensor::of<float>({3}, {5, 6, 7});
  CHECK(reals(ops::gather{}, {x, tensor::of<std::int32_t>({2}, {-1, 0})}) == list{7, 5});
  CHECK(error_of(ops::gather{}, {x, tensor::scalar<std::int64_t>(3)}) ==
        "indices contains 3, expected -3 to 2");
  CHECK(error_of(ops::gather{}, {x, tensor::scalar<std::int64_t>(INT64_MIN)})
            .find("expected -3 to 2") != std::string::npos);
  const ir::symbol_context s;
  ir::fact shape = ir::fact::of(dtype::i64, {2});
  shape.elements = std::vector<dim>{s.scope().symbol("B"), dim(4)};
  const auto picked =
      infer_op(ops::gather{}, {shape, ir::fact::of_constant(tensor::scalar<std::int64_t>(0))}, s);
  REQUIRE(picked);
  CHECK((*picked)[0].elements->front().str() == "B");
}

TEST_CASE("gather checks indices also where there is nothing to gather") {
  const tensor rows(dtype::f32, {0, 2}), columns(dtype::f32, {2, 0});
  for (const tensor& x : {rows, columns})
    for (const std::int64_t axis : {0, 1}) {
      const bool has_index_0 = x.dim(static_cast<std::size_t>(axis)) > 0;
      CHECK(error_of(ops::gather{.axis = axis}, {x, tensor::scalar<std::int64_t>(0)}) ==
            (has_index_0 ? "no error" : "indices contains 0, expected 0 to -1"));
    }
}

TEST_CASE("gather_elements, gather_nd and compress") {
  const tensor x = tensor::of<float>({2, 2}, {1, 2, 3, 4});
  CHECK(reals(ops::gather_elements{.axis = 1}, {x, tensor::of<std::int64_t>({2, 1}, {-1, 0})}) ==
        list{2, 3});
  CHECK(error_of(ops::gather_elements{}, {x, tensor::of<std::int64_t>({1, 3}, {0, 0, 0})})
            .find("axis 1 of indices") != std::string::npos);
  CHECK(reals(ops::gather_nd{}, {x, tensor::of<std::int64_t>({1, 2}, {1, -1})}) == list{4});
  CHECK(reals(ops::gather_nd{.batch_dims = 1}, {x, tensor::of<std::int64_t>({2, 1}, {1, 0})}) ==
        list{2, 3});
  CHECK(error_of(ops::gather_nd{}, {x, tensor::of<std::int64_t>({1, 3}, {0, 0, 0})})
            .find("tuples of 3") != std::string::npos);
  const tensor mask = tensor::of<bool>({3}, {false, true, true});
  CHECK(reals(ops::compress{}, {x, mask}) == list{2, 3});
  CHECK(error_of(ops::compress{.axis = 0}, {x, mask}).find("true at 2") != std::string::npos);
}
