#include "tenon/ops/generator.hpp"

#include "tenon/symbol/table.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("range counts without overflow") {
  const auto n = [](std::int64_t v) { return datum(tensor::scalar<std::int64_t>(v)); };
  CHECK(reals(ops::range{}, {n(3), n(-2), n(-2)}) == list{3, 1, -1});
  CHECK(reals(ops::range{}, {n(3), n(3), n(1)}).empty());
  CHECK(reals(ops::range{}, {n(INT64_MIN), n(INT64_MAX), n(INT64_MAX)}).size() == 3);
  CHECK(error_of(ops::range{}, {n(0), n(1), n(0)}) == "delta is 0, expected another number");
  CHECK(error_of(ops::range{}, {n(INT64_MIN), n(INT64_MAX), n(1)}).find("elements") !=
        std::string::npos);
  const ir::symbol_context s;
  const dim length = s.scope().symbol("S");
  REQUIRE(s.facts().restrict(length, 1, interval::highest, "test"));
  ir::fact limit = ir::fact::of(dtype::i64, {});
  limit.elements = std::vector<dim>{length};
  const auto scalar = [](std::int64_t v) {
    return ir::fact::of_constant(tensor::scalar<std::int64_t>(v));
  };
  CHECK(inferred(ops::range{}, {scalar(0), limit, scalar(1)}, s) == "i64[S]");
}

TEST_CASE("constant_of_shape, trilu, eye_like, one_hot, reverse_sequence") {
  const tensor two = tensor::of<std::int64_t>({1}, {2});
  CHECK(reals(ops::constant_of_shape{.value = tensor::of<std::uint8_t>({1}, {7})}, {two}) ==
        list{7, 7});
  CHECK(error_of(ops::constant_of_shape{}, {tensor::of<std::int64_t>({1}, {-1})})
            .find("contains -1") != std::string::npos);
  const tensor x = tensor::of<float>({2, 2}, {1, 2, 3, 4});
  CHECK(reals(ops::trilu{}, {x}) == list{1, 2, 0, 4});
  CHECK(reals(ops::trilu{.upper = false}, {x, tensor::scalar<std::int64_t>(INT64_MIN)}) ==
        list{0, 0, 0, 0});
  CHECK(reals(ops::eye_like{.k = INT64_MAX}, {x}) == list{0, 0, 0, 0});
  CHECK(reals(ops::eye_like{.type = dtype::boolean}, {x}) == list{1, 0, 0, 1});
  const tensor off_on = tensor::of<std::int32_t>({2}, {3, 9});
  CHECK(reals(ops::one_hot{}, {tensor::of<std::int64_t>({2}, {-1, 5}), two, off_on}) ==
        list{3, 9, 3, 3});
  CHECK(reals(ops::reverse_sequence{}, {x, tensor::of<std::int64_t>({2}, {2, 1})}) ==
        list{3, 2, 1, 4});
  CHECK(error_of(ops::reverse_sequence{}, {x, tensor::of<std::int64_t>({2}, {3, 1})})
            .find("contains 3") != std::string::npos);
}
