#include "tenon/ops/optional.hpp"

#include "tenon/ir/append.hpp"
#include "tenon/ops/activation.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using tenon_tests::error_of;
using tenon_tests::inferred;
using tenon_tests::run_op;

TEST_CASE("an optional holds a tensor, a sequence or nothing") {
  const datum one = tensor::of<float>({2}, {1, 2}), list(std::vector<datum>{one});
  for (const datum& x : {one, list, datum()}) {
    const datum held = run_op(ops::optional{.type = "f32[...]"}, {x}).value()[0];
    CHECK(held.what() == x.what());
    CHECK(tenon_tests::reals(ops::optional_has_element{}, {held})[0] == (x ? 1 : 0));
  }
  CHECK(run_op(ops::optional_get_element{}, {list}).value()[0].is_sequence());
  CHECK(error_of(ops::optional_get_element{}, {datum()}) == "x holds nothing, expected an element");
}

TEST_CASE("facts of optionals name what they hold") {
  const ir::symbol_context symbols;
  const ir::fact x = tenon_tests::fact_of(symbols, dtype::f32, {"2"});
  CHECK(inferred(ops::optional{}, {x}, symbols) == "optional(f32[2])");
  CHECK(inferred(ops::optional{.type = "sequence(i64[...])"}, {}, symbols) ==
        "optional(sequence(i64[...]))");
  CHECK(inferred(ops::optional{.type = "a"}, {}, symbols) ==
        "type is 'a', expected a tensor or sequence type because x is absent");
  const auto held = tenon_tests::infer_op(ops::optional{}, {x}, symbols).value();
  CHECK(inferred(ops::optional_get_element{}, held, symbols) == "f32[2]");
}

TEST_CASE("ops for tensors refuse sequences and optionals") {
  const ir::symbol_context symbols;
  ir::fact x = tenon_tests::fact_of(symbols, dtype::f32, {"2"});
  x.what = ir::fact::kind::optional;
  const ir::fact* inputs[] = {&x};
  const auto out = ir::infer_op(ops::relu{}, inputs, 1, symbols, "relu");
  REQUIRE(!out);
  CHECK(out.failure().kind == code::shape);
  CHECK(out.failure().message == "input 0 is optional(f32[2]), expected a tensor");
}
