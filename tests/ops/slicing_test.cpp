#include "tenon/ops/slicing.hpp"

#include "tenon/ir/append.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

namespace {

tensor ints(std::vector<std::int64_t> v) {
  return tensor::of<std::int64_t>({static_cast<std::int64_t>(v.size())},
                                  std::span<const std::int64_t>(v));
}

const ir::fact known(std::vector<std::int64_t> v) {
  return ir::fact::of_constant(ints(std::move(v)));
}

/// Elements that a slice visits one by one; a start outside of the axis moves to its nearest element.
std::int64_t visited(std::int64_t size, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (size == 0) return 0;
  const auto from_front = [&](std::int64_t v) {
    return v < 0 ? std::max<std::int64_t>(v, -99) + size : v;
  };
  std::int64_t at = std::max<std::int64_t>(from_front(start), 0), count = 0;
  const std::int64_t last = from_front(end);
  if (step < 0) at = std::min(at, size - 1);
  for (; at >= 0 && at < size && (step > 0 ? at < last : at > last); at += step) ++count;
  return count;
}

}  // namespace

TEST_CASE("slice takes numpy bounds, extremes and negative steps") {
  const tensor x = tensor::of<float>({5}, {0, 1, 2, 3, 4});
  const ops::slice op;
  CHECK(reals(op, {x, ints({1}), ints({INT64_MAX})}) == list{1, 2, 3, 4});
  CHECK(reals(op, {x, ints({-1}), ints({INT64_MIN}), ints({0}), ints({-2})}) == list{4, 2, 0});
  CHECK(reals(op, {x, ints({INT64_MAX}), ints({INT64_MIN}), ints({0}), ints({INT64_MIN})}) ==
        list{4});
  CHECK(reals(op, {x, ints({3}), ints({1})}).empty());
  CHECK(error_of(op, {x, ints({0}), ints({1}), ints({0}), ints({0})}).find("steps contains 0") !=
        std::string::npos);
  CHECK(error_of(op, {x, ints({0}), ints({1}), ints({1})}) ==
        "axes is 1, expected -1 to 0 for rank 1");
}

TEST_CASE("slice of symbols") {
  const ir::symbol_context s;
  const ir::fact x = fact_of(s, dtype::f32, {"B", "S"});
  REQUIRE(s.facts().restrict(s.scope().symbol("S"), 1, interval::highest, "test"));
  CHECK(inferred(ops::slice{}, {x, known({0}), known({INT64_MAX}), known({1})}, s) == "f32[B, S]");
  CHECK(inferred(ops::slice{}, {x, known({-1}), known({INT64_MAX}), known({1})}, s) == "f32[B, 1]");
  CHECK(inferred(ops::slice{}, {x, known({1}), known({INT64_MAX}), known({1})}, s) ==
        "f32[B, S - 1]");
}

TEST_CASE("slice of symbols has the elements that a walk visits, also when there are none") {
  constexpr std::int64_t bounds[] = {INT64_MIN, -5, -2, -1, 0, 1, 3, 6, INT64_MAX};
  int compared = 0;
  for (const std::int64_t least : {0, 1, 3})
    for (const std::int64_t start : bounds)
      for (const std::int64_t end : bounds)
        for (const std::int64_t step : {1, 2, 3, -1, -2, -3}) {
          const ir::symbol_context s;
          const dim size = s.scope().symbol("S");
          REQUIRE(s.facts().restrict(size, least, interval::highest, "test"));
          const auto y = infer_op(ops::slice{},
                                  {fact_of(s, dtype::f32, {"S"}), known({start}), known({end}),
                                   known({0}), known({step})},
                                  s, 1);
          REQUIRE(y);
          for (std::int64_t n = least; n < 8; ++n, ++compared) {
            bindings values;
            values.set(size, n);
            CHECK_MESSAGE(evaluate(y->front().shape[0], values) == visited(n, start, end, step),
                          cat(y->front().str(), " of ", n, ": ", start, ":", end, ":", step));
          }
        }
  CHECK(compared > 8000);
}

TEST_CASE("concat and split") {
  const ir::symbol_context s;
  const ir::fact a = fact_of(s, dtype::f32, {"B", "S"}), b = fact_of(s, dtype::f32, {"B", "1"});
  CHECK(inferred(ops::concat{.axis = 1}, {a, b}, s) == "f32[B, S + 1]");
  CHECK(inferred(ops::concat{.axis = 2}, {a, b}, s) == "axis is 2, expected -2 to 1 for rank 2");
  CHECK(inferred(ops::concat{.axis = 0}, {known({1, 2}), known({3})}, s) == "i64[3]");
  const tensor x = tensor::of<std::int32_t>({5}, {0, 1, 2, 3, 4});
  CHECK(reals(ops::split{}, {x}, 1, 2) == list{3, 4});
  CHECK(reals(ops::split{}, {x, ints({1, 4})}, 0, 2) == list{0});
  CHECK(error_of(ops::split{}, {x, ints({1, 3})}, 2).find("sum of split") != std::string::npos);
  CHECK(error_of(ops::split{.num_outputs = 3}, {x}, 2).find("num_outputs is 3") !=
        std::string::npos);
  CHECK(reals(ops::concat{}, {x, tensor(dtype::i32, {0})}) == list{0, 1, 2, 3, 4});
}

TEST_CASE("pad in every mode, and cropping") {
  const tensor x = tensor::of<float>({3}, {1, 2, 3});
  CHECK(reals(ops::pad{}, {x, ints({1, 2}), tensor::scalar<float>(9)}) == list{9, 1, 2, 3, 9, 9});
  CHECK(reals(ops::pad{.mode = ops::pad_mode::reflect}, {x, ints({2, 3})}) ==
        list{3, 2, 1, 2, 3, 2, 1, 2});
  CHECK(reals(ops::pad{.mode = ops::pad_mode::edge}, {x, ints({1, 1})}) == list{1, 1, 2, 3, 3});
  CHECK(reals(ops::pad{.mode = ops::pad_mode::wrap}, {x, ints({1, 4})}) ==
        list{3, 1, 2, 3, 1, 2, 3, 1});
  CHECK(reals(ops::pad{}, {x, ints({-1, -1})}) == list{2});
  CHECK(error_of(ops::pad{}, {x, ints({-2, -2})}).find("has size -1") != std::string::npos);
  CHECK(error_of(ops::pad{.mode = ops::pad_mode::edge}, {tensor(dtype::f32, {0}), ints({1, 0})})
            .find("empty axis") != std::string::npos);
}

TEST_CASE("pads that only the run knows leave the rank, and the axes that they do not name") {
  const ir::symbol_context s;
  const ir::fact x = fact_of(s, dtype::f32, {"B", "3"}), pads = ir::fact::of(dtype::i64, {2});
  CHECK(inferred(ops::pad{}, {x, pads, ir::fact::of(dtype::f32, {}), content({-1})}, s) ==
        "f32[B, pad0]");
  CHECK(inferred(ops::pad{}, {x, fact_of(s, dtype::i64, {"K"})}, s) == "f32[pad1, pad2]");
  CHECK(inferred(ops::pad{}, {x, pads}, s) == "pads has 2 elements, expected 4");
  CHECK(s.facts().bounds(*s.scope().find("pad0")).lo == 0);
}
