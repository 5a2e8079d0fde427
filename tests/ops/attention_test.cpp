#include "tenon/ops/attention.hpp"

#include "tenon/ir/append.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("attention infers heads, cache and grouped queries on symbols") {
  const ir::symbol_context symbols;
  const auto f = [&](std::initializer_list<const char*> s) {
    return fact_of(symbols, dtype::f16, s);
  };
  const ops::attention flat{.q_num_heads = 4, .kv_num_heads = 2};
  CHECK(inferred(flat, {f({"B", "S", "32"}), f({"B", "T", "16"}), f({"B", "T", "16"})}, symbols) ==
        "f16[B, S, 32]");
  const auto q = f({"B", "4", "S", "8"}), kv = f({"B", "2", "T", "8"}),
             past = f({"B", "2", "P", "8"});
  const auto cached =
      infer_op(ops::attention{},
               {q, kv, kv, fact_of(symbols, dtype::boolean, {"S", "1"}), past, past}, symbols, 4);
  REQUIRE(cached);
  CHECK((*cached)[1].str() == "f16[B, 2, P + T, 8]");
  CHECK((*cached)[3].str() == "f16[B, 4, S, P + T]");
  CHECK(inferred(ops::attention{}, {f({"B", "3", "S", "8"}), kv, kv}, symbols) ==
        "k has 2 heads, expected a divisor of the 3 of q");
  CHECK(inferred(ops::attention{}, {f({"B", "S", "8"}), f({"B", "S", "8"}), f({"B", "S", "8"})},
                 symbols) ==
        "q_num_heads is 0 and kv_num_heads is 0, expected positive numbers for inputs of rank 3");
  CHECK(inferred(ops::attention{.qk_matmul_output_mode = 4}, {q, kv, kv}, symbols) ==
        "qk_matmul_output_mode is 4, expected 0 to 3");
}

TEST_CASE("attention weighs values and hides masked keys") {
  const tensor q = tensor::of<float>({1, 1, 2, 1}, {0, 0}),
               v = tensor::of<float>({1, 1, 2, 1}, {2, 4});
  CHECK(reals(ops::attention{}, {q, q, v}) == list{3, 3});
  CHECK(reals(ops::attention{.is_causal = true}, {q, q, v}) == list{2, 3});
  CHECK(reals(ops::attention{}, {q, q, v, tensor::of<bool>({2, 2}, {false, true, false, false})}) ==
        list{4, 0});
  CHECK(reals(ops::attention{.left_window_size = 0}, {q, q, v}) == list{3, 4});
  CHECK(reals(ops::attention{.qk_matmul_output_mode = 3}, {q, q, v}, 3, 4) ==
        list{0.5, 0.5, 0.5, 0.5});
}

TEST_CASE("rotary embedding turns pairs by the angle of their position") {
  const tensor x = tensor::of<float>({1, 1, 1, 4}, {1, 2, 3, 4});
  const tensor c = tensor::of<float>({2, 1}, {1, 0}), s = tensor::of<float>({2, 1}, {0, 1});
  const tensor second = tensor::of<std::int64_t>({1, 1}, {1});
  const ops::rotary_embedding op{.rotary_embedding_dim = 2};
  CHECK(reals(op, {x, c, s, second}) == list{-2, 1, 3, 4});
  CHECK(error_of(op, {x, c, s, tensor::of<std::int64_t>({1, 1}, {2})}) ==
        "positions holds 2, expected 0 to 1");
  CHECK(error_of(ops::rotary_embedding{}, {x, c, s, second}) ==
        "last size of cos is 1, expected 2");
  CHECK(error_of(ops::rotary_embedding{.rotary_embedding_dim = 6}, {x, c, s, second}) ==
        "rotary_embedding_dim is 6, expected an even number up to 4");
}
