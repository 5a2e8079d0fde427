#include "tenon/passes/fuse_epilogues.hpp"

#include "tenon/formats/onnx/export.hpp"
#include "tenon/ops/fused.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/passes/pipelines.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include "../rules/check_rewrite.hpp"

using namespace tenon;
using namespace tenon_tests;

namespace {

std::size_t fuse(ir::graph& g) {
  const passes::pipeline one{{passes::stage{{passes::fuse_epilogues{}, passes::remove_dead{}}}}};
  passes::run_options options;
  options.verifies = true;
  const auto report = passes::run(g, one, options);
  REQUIRE_MESSAGE(report, (report ? std::string() : report.failure().message));
  return report->passes[0].changes;
}

/// The first layer of BERT: the sum of three lookups, normalized. `order` nests the sums in either way.
ir::graph embedding(bool position_first, bool reads_sum = false) {
  builder b("embedding");
  const auto ids = b.input("input_ids", dtype::i64, {"batch", "seq"});
  const auto kinds = b.input("token_type_ids", dtype::i64, {"batch", "seq"});
  const auto places = b.input("position_ids", dtype::i64, {1, "seq"});
  const auto word = b.add(ops::gather{}, {b.constant("word", numbers({11, 6}, 1)), ids});
  const auto kind = b.add(ops::gather{}, {b.constant("kind", numbers({2, 6}, 2)), kinds});
  const auto place = b.add(ops::gather{}, {b.constant("place", numbers({8, 6}, 3)), places});
  const auto sum = position_first ? b.add(ops::add{}, {kind, b.add(ops::add{}, {word, place})})
                                  : b.add(ops::add{}, {b.add(ops::add{}, {word, kind}), place});
  b.output("y", b.add(ops::layer_normalization{}, {sum, b.constant("scale", numbers({6}, 4)),
                                                   b.constant("bias", numbers({6}, 5))}));
  if (reads_sum) b.output("sum", sum);
  return b.finish().value();
}

}  // namespace

TEST_CASE("matmul and the bias after it become one product with an epilogue") {
  builder b;
  const auto flat = b.input("flat", dtype::f32, {"n", 5});
  const auto deep = b.input("deep", dtype::f32, {"n", 2, 5});
  const auto w = b.constant("w", numbers({5, 4}, 1)), c = b.constant("c", numbers({4}, 2));
  b.output("y", b.add(ops::relu{}, {b.add(ops::add{}, {b.add(ops::matmul{}, {flat, w}), c})}));
  b.output("z", b.add(ops::relu{}, {b.add(ops::add{}, {c, b.add(ops::matmul{}, {deep, w})})}));
  const ir::graph before = b.finish().value();
  ir::graph g = before;
  const auto report = simplify(g).value();
  CHECK(report.fired("matmul-add-to-gemm") == 1);
  CHECK(compare_graphs(before, g, 1) == "");
  fuse(g);
  CHECK(op_names(g) == "fused_matmul fused_matmul");
  for (const node_id n : g.order()) {
    const auto* op = g[n].op.as<ops::fused_matmul>();
    REQUIRE(op != nullptr);
    CHECK(op->activation == ops::activation_kind::relu);
    CHECK(g[n].inputs.size() == 3);
  }
  CHECK(compare_graphs(before, g, 2) == "");
}

TEST_CASE("three lookups, two sums and a layer norm become one op") {
  for (const bool position_first : {false, true}) {
    const ir::graph before = embedding(position_first);
    ir::graph g = before;
    CHECK(fuse(g) == 1);
    CHECK(op_names(g) == "embed_layer_norm");
    const auto ids = [](extents dims, std::initializer_list<std::int64_t> v) {
      return datum(tensor::of<std::int64_t>(std::move(dims), v));
    };
    std::vector<datum> in;
    for (const value_id v : before.inputs())
      in.push_back(before[v].name == "position_ids" ? ids({1, 3}, {0, 1, 7})
                   : before[v].name == "input_ids"  ? ids({2, 3}, {0, 10, -11, -1, 4, 4})
                                                    : ids({2, 3}, {0, 0, 1, 1, 0, -1}));
    const auto expected = interpret(before, in).value();
    const auto found = interpret(g, in).value();
    session s(compile(before).value().model);
    CHECK(s.compiled().program().steps.size() == 1);
    const auto run = s.run_positional(in).value();
    const tensor& want = expected[0].as_tensor();
    CHECK(difference(found[0].as_tensor(), want, {1e-5, 1e-5}) == "");
    CHECK(difference(run[0], want, {1e-4, 1e-4}) == "");
    in[0] = ids({2, 3}, {0, 11, 0, 0, 0, 0});
    const auto refused = s.run_positional(in);
    REQUIRE_FALSE(refused);
    CHECK(refused.failure().kind == code::index);
    CHECK(refused.failure().message.find("contains 11, expected -11 to 10") != std::string::npos);
  }
}

TEST_CASE("the model that is saved keeps the standard ops of an embedding") {
  ir::graph g = embedding(false);
  REQUIRE(simplify(g));
  CHECK(op_names(g) == "gather gather add gather add layer_normalization");
  CHECK(to_onnx(g));
}

TEST_CASE("a sum that somebody else reads stays") {
  ir::graph g = embedding(false, true);
  fuse(g);
  CHECK(op_names(g).find("embed") == std::string::npos);
}

TEST_CASE("a norm with one scale for all columns keeps its sum apart") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"n", 6}), r = b.input("r", dtype::f32, {"n", 6});
  const auto sum = b.add(ops::add{}, {x, r});
  b.output("y", b.add(ops::layer_normalization{}, {sum, b.constant("scale", numbers({1}, 4))}));
  const ir::graph before = b.finish().value();
  ir::graph g = before;
  fuse(g);
  CHECK(op_names(g) == "add layer_normalization");
  session s(compile(before).value().model);
  const datum in[] = {numbers({3, 6}, 1), numbers({3, 6}, 2)};
  const auto expected = interpret(before, in).value();
  const auto y = s.run_positional(in).value();
  CHECK(difference(y[0], expected[0].as_tensor(), {1e-4, 1e-4}) == "");
}
