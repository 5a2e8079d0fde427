#include "tenon/ops/sequence_map.hpp"

#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/append.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/arithmetic.hpp"

#include "support/op_checks.hpp"

using namespace tenon;

namespace {

/// x, y -> x + y
ir::subgraph sum_body() {
  builder b("body");
  const value_id x = b.input("x", dtype::f32, {"n"}), y = b.input("y", dtype::f32, {1});
  b.output("sum", b.add(ops::add{}, {x, y}));
  return ir::subgraph(b.finish().value());
}

}  // namespace

TEST_CASE("sequence_map runs its body for each element") {
  ir::graph g;
  const auto element = tenon_tests::fact_of(g.symbols, dtype::f32, {"n"});
  const value_id list = g.add_input("list", ir::fact::sequence_of(element));
  const value_id y = g.add_input("y", ir::fact::of(dtype::f32, {dim(1)}));
  const std::array inputs{list, y};
  const std::array names{std::string("sums")};
  const auto made =
      ir::append(g, ops::sequence_map{.body = sum_body(), .carried_count = 2}, inputs, names);
  REQUIRE_MESSAGE(made, (made ? std::string() : made.failure().message));
  g.add_output(g[*made].outputs[0], "sums");
  CHECK(g.fact(g.outputs()[0]).what == ir::fact::kind::sequence);
  const datum a = tensor::of<float>({1}, {1}), b = tensor::of<float>({2}, {2, 3});
  const std::vector<datum> data{datum(std::vector<datum>{a, b}), tensor::of<float>({1}, {10})};
  const auto out = interpret(g, data);
  REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
  REQUIRE((*out)[0].items().size() == 2);
  CHECK((*out)[0].items()[0].as_tensor().data<float>()[0] == 11);
  CHECK((*out)[0].items()[1].as_tensor().data<float>()[1] == 13);
  datum none{std::vector<datum>()};
  const auto nothing = interpret(g, std::vector<datum>{none, tensor::of<float>({1}, {10})});
  REQUIRE(nothing);
  CHECK((*nothing)[0].element_type() == dtype::f32);
}
