#include "tenon/ops/sequence.hpp"

#include "tenon/ir/append.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using tenon_tests::error_of;
using tenon_tests::inferred;
using tenon_tests::run_op;

namespace {

datum row(std::initializer_list<float> values) {
  return tensor::of<float>({static_cast<std::int64_t>(values.size())}, values);
}

datum position(std::int64_t at) {
  return tensor::scalar<std::int64_t>(at);
}

/// The sizes of the rows of a sequence.
std::vector<std::int64_t> sizes_of(const datum& sequence) {
  std::vector<std::int64_t> out;
  for (const datum& item : sequence.items()) out.push_back(item.as_tensor().size());
  return out;
}

using sizes = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("sequences are made, read, grown and shrunk") {
  const datum three =
      run_op(ops::sequence_construct{}, {row({1}), row({1, 2}), row({})}).value()[0];
  CHECK(sizes_of(three) == sizes{1, 2, 0});
  CHECK(tenon_tests::reals(ops::sequence_at{}, {three, position(-2)}) == std::vector<double>{1, 2});
  CHECK(tenon_tests::reals(ops::sequence_length{}, {three}) == std::vector<double>{3});
  const auto grown = [&](const std::vector<datum>& inputs) {
    return sizes_of(run_op(ops::sequence_insert{}, inputs).value()[0]);
  };
  const datum wide = row({1, 2, 3, 4});
  CHECK(grown({three, wide}) == sizes{1, 2, 0, 4});
  CHECK(grown({three, wide, position(0)}) == sizes{4, 1, 2, 0});
  CHECK(grown({three, wide, position(-1)}) == sizes{1, 2, 4, 0});
  CHECK(grown({three, wide, position(3)}) == sizes{1, 2, 0, 4});
  const auto shrunk = [&](const std::vector<datum>& inputs) {
    return sizes_of(run_op(ops::sequence_erase{}, inputs).value()[0]);
  };
  CHECK(shrunk({three}) == sizes{1, 2});
  CHECK(shrunk({three, position(0)}) == sizes{2, 0});
  CHECK(shrunk({three, position(-2)}) == sizes{1, 0});
}

TEST_CASE("a sequence that got empty keeps its element type") {
  const datum one = run_op(ops::sequence_construct{}, {row({1})}).value()[0];
  const datum none = run_op(ops::sequence_erase{}, {one}).value()[0];
  CHECK(none.items().empty());
  CHECK(none.element_type() == dtype::f32);
  const auto made = run_op(ops::sequence_empty{.dtype = dtype::i64}, {});
  CHECK(made.value()[0].element_type() == dtype::i64);
}

TEST_CASE("positions outside a sequence are refused") {
  const datum one = run_op(ops::sequence_construct{}, {row({1})}).value()[0];
  CHECK(error_of(ops::sequence_at{}, {one, position(1)}) ==
        "position contains 1, expected -1 to 0");
  CHECK(error_of(ops::sequence_insert{}, {one, row({}), position(2)}) ==
        "position is [2], expected -1 to 1");
  CHECK(error_of(ops::sequence_erase{}, {one, position(-2)}) ==
        "position contains -2, expected -1 to 0");
  const datum none = run_op(ops::sequence_empty{}, {}).value()[0];
  CHECK(error_of(ops::sequence_erase{}, {none}) ==
        "sequence is empty, expected an element to erase");
}

TEST_CASE("sizes that all elements share stay known") {
  const ir::symbol_context symbols;
  const ir::fact a = tenon_tests::fact_of(symbols, dtype::f32, {"2", "3"});
  const ir::fact b = tenon_tests::fact_of(symbols, dtype::f32, {"4", "3"});
  const ir::fact at = tenon_tests::fact_of(symbols, dtype::i64, {});
  const auto both = tenon_tests::infer_op(ops::sequence_construct{}, {a, b}, symbols).value()[0];
  CHECK(both.what == ir::fact::kind::sequence);
  const auto item = tenon_tests::infer_op(ops::sequence_at{}, {both, at}, symbols).value()[0];
  CHECK(item.is_tensor());
  CHECK(item.shape[1] == dim(3));
  CHECK(!item.shape[0].is_constant());
  const ir::fact c = tenon_tests::fact_of(symbols, dtype::f32, {"3"});
  const auto mixed = tenon_tests::infer_op(ops::sequence_construct{}, {a, c}, symbols).value()[0];
  CHECK(!mixed.is_ranked);
  const ir::fact other = tenon_tests::fact_of(symbols, dtype::i64, {"3"});
  CHECK(inferred(ops::sequence_construct{}, {a, other}, symbols) ==
        "input 1 is i64[3], expected a tensor of f32");
  CHECK(inferred(ops::sequence_at{}, {a, at}, symbols) ==
        "sequence is f32[2, 3], expected a sequence");
}
