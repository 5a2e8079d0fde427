#include "tenon/ops/einsum.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("einsum infers labels, ellipses and implicit outputs") {
  const ir::symbol_context symbols;
  const auto f = [&](std::initializer_list<const char*> s) {
    return fact_of(symbols, dtype::f32, s);
  };
  CHECK(inferred(ops::einsum{"bij, bjk -> bik"}, {f({"B", "2", "3"}), f({"B", "3", "K"})},
                 symbols) == "f32[B, 2, K]");
  CHECK(inferred(ops::einsum{"...ij,jk"}, {f({"B", "C", "2", "3"}), f({"3", "4"})}, symbols) ==
        "f32[B, C, 2, 4]");
  CHECK(inferred(ops::einsum{"ij->ji"}, {f({"2", "B"})}, symbols) == "f32[B, 2]");
  CHECK(inferred(ops::einsum{"ij,jk->ik"}, {f({"2", "3"})}, symbols) ==
        "equation 'ij,jk->ik' has 2 terms, expected one for each of 1 inputs");
  CHECK(inferred(ops::einsum{"ij->ik"}, {f({"2", "3"})}, symbols).find("output label") !=
        std::string::npos);
  CHECK(inferred(ops::einsum{"i1->i"}, {f({"2", "3"})}, symbols) ==
        "equation has the term 'i1', expected letters and at most one ellipsis");
  CHECK(inferred(ops::einsum{"ij->i"}, {f({"2"})}, symbols) ==
        "input 0 has rank 1, expected 2 for equation 'ij->i'");
}

TEST_CASE("einsum contracts, transposes and takes diagonals") {
  const tensor x = tensor::of<float>({2, 2}, {1, 2, 3, 4});
  CHECK(reals(ops::einsum{"ii"}, {x}) == list{5});
  CHECK(reals(ops::einsum{"ii->i"}, {x}) == list{1, 4});
  CHECK(reals(ops::einsum{"ij->j"}, {x}) == list{4, 6});
  CHECK(reals(ops::einsum{"ij,jk->ki"}, {x, x}) == list{7, 15, 10, 22});
  CHECK(reals(ops::einsum{"i,j->ij"}, {tensor::of<std::int32_t>({2}, {1, 2}),
                                       tensor::of<std::int32_t>({2}, {3, 4})}) == list{3, 4, 6, 8});
  CHECK(reals(ops::einsum{"ij,jk->ik"}, {tensor(dtype::f32, {1, 0}), tensor(dtype::f32, {0, 2})}) ==
        list{0, 0});
}
