#include "tenon/ir/fact.hpp"

#include "tenon/symbol/scope.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;
using ir::fact;

namespace {

const auto highest = std::numeric_limits<std::int64_t>::max();
const auto lowest = std::numeric_limits<std::int64_t>::min();

}  // namespace

TEST_CASE("facts print their kind, dtype and shape") {
  symbol_scope scope;
  const dim b = scope.symbol("B");
  CHECK(fact::of(dtype::f32, {b, dim(3)}).str() == "f32[B, 3]");
  CHECK(fact::of(dtype::i64, {}).str() == "i64[]");
  CHECK(fact::unranked(dtype::u8).str() == "u8[...]");
  fact inner = fact::of(dtype::f32, {b});
  CHECK(fact::sequence_of(inner).str() == "sequence(f32[B])");
  inner.what = fact::kind::optional;
  CHECK(inner.str() == "optional(f32[B])");
  inner.holds_sequence = true;
  CHECK(inner.str() == "optional(sequence(f32[B]))");
  CHECK(ir::known_kind_of(inner).str() == "optional(sequence(f32[...]))");
}

TEST_CASE("a sequence forgets the content of its element") {
  const fact element = fact::of_constant(tensor::of<std::int64_t>({2}, {1, 2}));
  CHECK(element.is_constant());
  CHECK(element.has_elements());
  const fact list = fact::sequence_of(element);
  CHECK_FALSE(list.is_constant());
  CHECK_FALSE(list.has_elements());
  CHECK_FALSE(list.is_tensor());
  CHECK_FALSE(list.is_concrete());
}

TEST_CASE("concrete is a tensor whose sizes are all numbers") {
  symbol_scope scope;
  CHECK(fact::of(dtype::f32, {}).is_concrete());
  CHECK(fact::of(dtype::f32, {dim(0), dim(2)}).is_concrete());
  CHECK_FALSE(fact::of(dtype::f32, {dim(2), scope.symbol("N")}).is_concrete());
  CHECK_FALSE(fact::unranked(dtype::f32).is_concrete());
}

TEST_CASE("small integer tensors of at most one axis are kept as expressions") {
  const auto tracked = [](tensor t) { return fact::of_constant(std::move(t)).has_elements(); };
  CHECK(tracked(tensor::scalar<std::int64_t>(lowest)));
  CHECK(tracked(tensor::of<std::int32_t>({1}, {-1})));
  CHECK(tracked(tensor(dtype::i64, {0})));
  CHECK_FALSE(tracked(tensor::of<std::int64_t>({1, 1}, {1})));
  CHECK_FALSE(tracked(tensor::of<std::int8_t>({1}, {1})));
  CHECK_FALSE(tracked(tensor::scalar<float>(1)));
  tensor most(dtype::i64, {ir::max_tracked_elements}),
      more(dtype::i64, {ir::max_tracked_elements + 1});
  for (auto& v : most.elements<std::int64_t>()) v = 1;
  for (auto& v : more.elements<std::int64_t>()) v = 1;
  CHECK(tracked(most));
  CHECK_FALSE(tracked(more));
  const fact f = fact::of_constant(tensor::of<std::int64_t>({2}, {lowest, highest}));
  CHECK((*f.elements)[0].constant() == lowest);
  CHECK((*f.elements)[1].constant() == highest);
}

TEST_CASE("expressions are numbers when all of them are") {
  symbol_scope scope;
  const std::vector<dim> numbers{dim(1), dim(lowest)}, mixed{dim(1), scope.symbol("N")},
      none{dim::overflow()};
  CHECK(ir::numbers_of(numbers) == std::vector<std::int64_t>{1, lowest});
  CHECK(ir::numbers_of({}) == std::vector<std::int64_t>{});
  CHECK_FALSE(ir::numbers_of(mixed));
  CHECK_FALSE(ir::numbers_of(none));
}

TEST_CASE("content is known from bytes or from numbers, and from nothing else") {
  const tensor bytes = tensor::of<float>({2}, {1, 2});
  CHECK(identical(*ir::known_tensor(fact::of_constant(bytes)), bytes));
  const auto known = [](dtype type, dims shape, std::vector<dim> elements) {
    fact f = fact::of(type, std::move(shape));
    f.elements = std::move(elements);
    return ir::known_tensor(f);
  };
  CHECK(identical(*known(dtype::i64, {dim(2)}, {dim(5), dim(-6)}),
                  tensor::of<std::int64_t>({2}, {5, -6})));
  CHECK(identical(*known(dtype::i32, {}, {dim(7)}), tensor::scalar<std::int32_t>(7)));
  CHECK(identical(*known(dtype::boolean, {dim(2)}, {dim(0), dim(3)}),
                  tensor::of<bool>({2}, {false, true})));
  CHECK(known(dtype::i64, {dim(0)}, {})->size() == 0);
  symbol_scope scope;
  CHECK_FALSE(known(dtype::i64, {dim(1)}, {scope.symbol("N")}));
  CHECK_FALSE(known(dtype::i64, {scope.symbol("N")}, {dim(1)}));
  CHECK_FALSE(known(dtype::i64, {dim(3)}, {dim(1), dim(2)}));
  CHECK_FALSE(known(dtype::i64, {dim(-2)}, {dim(1), dim(2)}));
  CHECK_FALSE(known(dtype::i64, {dim(highest), dim(2)}, {dim(1)}));
  CHECK_FALSE(known(dtype::f32, {dim(1)}, {dim(1)}));
  CHECK_FALSE(ir::known_tensor(fact::of(dtype::i64, {dim(0)})));
}
