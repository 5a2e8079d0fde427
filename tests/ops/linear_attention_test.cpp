#include "tenon/ops/linear_attention.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("linear attention carries its state") {
  const tensor one = tensor::of<float>({1, 2, 1}, {1, 1}), v = tensor::of<float>({1, 2, 1}, {2, 3});
  using rule = ops::state_update;
  const ops::linear_attention op{
      .q_num_heads = 1, .kv_num_heads = 1, .update_rule = rule::linear, .scale = 1};
  CHECK(reals(op, {one, one, v}, 0, 2) == list{2, 5});
  CHECK(reals(op, {one, one, v, tensor::of<float>({1, 1, 1, 1}, {10})}, 1, 2) == list{15});
  const ops::linear_attention delta{
      .q_num_heads = 1, .kv_num_heads = 1, .update_rule = rule::delta, .scale = 1};
  CHECK(reals(delta, {one, one, v, datum(), datum(), one}, 0, 2) == list{2, 3});
  CHECK(error_of(delta, {one, one, v}, 2) ==
        "update_rule is delta, expected decay with a gated and beta with a delta rule only");
  CHECK(error_of(ops::linear_attention{}, {one, one, v}, 2).starts_with("q_num_heads is 0"));
}

TEST_CASE("causal convolution looks back through its state") {
  const ir::symbol_context symbols;
  const auto f = [&](std::initializer_list<const char*> s) {
    return fact_of(symbols, dtype::f32, s);
  };
  CHECK(inferred(ops::causal_conv_with_state{}, {f({"B", "2", "L"}), f({"2", "1", "4"})}, symbols,
                 1, 2) == "f32[B, 2, 3]");
  const tensor x = tensor::of<float>({1, 1, 2}, {1, 2}),
               w = tensor::of<float>({1, 1, 3}, {100, 10, 1});
  CHECK(reals(ops::causal_conv_with_state{}, {x, w}, 0, 2) == list{1, 12});
  CHECK(reals(ops::causal_conv_with_state{}, {x, w}, 1, 2) == list{1, 2});
  CHECK(reals(ops::causal_conv_with_state{},
              {x, w, tensor::of<float>({1}, {0.5F}), tensor::of<float>({1, 1, 2}, {3, 4})}, 0,
              2) == list{341.5, 412.5});
  CHECK(error_of(ops::causal_conv_with_state{}, {x, tensor(dtype::f32, {2, 1, 3})}, 2) ==
        "weight has shape [2, 1, 3], expected [1, 1, 3]");
}
