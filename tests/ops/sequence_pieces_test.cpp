#include "tenon/ops/sequence_pieces.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using tenon_tests::error_of;
using tenon_tests::run_op;

namespace {

const datum matrix = tensor::of<float>({3, 2}, {0, 1, 2, 3, 4, 5});

std::vector<extents> shapes_of(const datum& sequence) {
  std::vector<extents> out;
  for (const datum& item : sequence.items()) out.push_back(item.as_tensor().dims());
  return out;
}

using shapes = std::vector<extents>;

}  // namespace

TEST_CASE(
    "split_to_sequence cuts into slices, chunks and given sizes, and concat_from_sequence undoes "
    "it") {
  const datum two = tensor::scalar<std::int64_t>(2);
  const datum list = tensor::of<std::int64_t>({3}, {1, 0, 2});

  struct form {
    ops::split_to_sequence op;
    std::vector<datum> inputs;
    shapes expected;
  };

  const form forms[] = {{{}, {matrix}, {{1, 2}, {1, 2}, {1, 2}}},
                        {{.axis = -1}, {matrix}, {{3, 1}, {3, 1}}},
                        {{}, {matrix, two}, {{2, 2}, {1, 2}}},
                        {{.keepdims = false}, {matrix, list}, {{1, 2}, {0, 2}, {2, 2}}}};
  for (const form& f : forms) {
    const auto pieces = run_op(f.op, f.inputs);
    REQUIRE(pieces);
    CHECK(shapes_of((*pieces)[0]) == f.expected);
    CHECK(tenon_tests::reals(ops::concat_from_sequence{.axis = f.op.axis}, {(*pieces)[0]}) ==
          std::vector<double>{0, 1, 2, 3, 4, 5});
  }
  const auto rows = run_op(ops::split_to_sequence{.axis = 1, .keepdims = false}, {matrix});
  CHECK(shapes_of(rows.value()[0]) == shapes{{3}, {3}});
  CHECK(tenon_tests::reals(ops::concat_from_sequence{.axis = 1, .new_axis = true}, {(*rows)[0]}) ==
        std::vector<double>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("sizes that do not fit are refused") {
  const datum zero = tensor::scalar<std::int64_t>(0);
  const datum few = tensor::of<std::int64_t>({2}, {1, 1});
  const datum many = tensor::of<std::int64_t>({2}, {3, 1});
  CHECK(error_of(ops::split_to_sequence{}, {matrix, zero}) ==
        "split is [0], expected one size above 0");
  CHECK(error_of(ops::split_to_sequence{}, {matrix, few}) == "split sums to 2, expected 3");
  CHECK(error_of(ops::split_to_sequence{}, {matrix, many}) ==
        "split is [3, 1], expected sizes of at least 0 that sum to 3");
  const datum other = tensor::of<float>({1, 3}, {0, 0, 0});
  const std::vector<datum> items{matrix, other};
  CHECK(error_of(ops::concat_from_sequence{}, {datum(items)}) ==
        "an element is f32[1, 3], expected it to fit f32[3, 2]");
  CHECK(error_of(ops::concat_from_sequence{}, {datum(std::vector<datum>())}) ==
        "sequence is empty, expected an element to join");
}
