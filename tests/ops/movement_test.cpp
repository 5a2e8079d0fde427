#include "tenon/ops/movement.hpp"

#include "tenon/ir/append.hpp"

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("reshape divides symbols exactly") {
  const ir::symbol_context s;
  const dim b = s.scope().symbol("B");
  const ir::fact x = fact_of(s, dtype::f32, {"B", "12", "S"});
  CHECK(inferred(ops::reshape{}, {x, content({0, 3, 4, -1})}, s) == "f32[B, 3, 4, S]");
  CHECK(inferred(ops::reshape{}, {x, content({-1, 6})}, s) == "f32[2*B*S, 6]");
  CHECK(inferred(ops::reshape{}, {x, content({b * dim(2), -1})}, s) == "f32[2*B, 6*S]");
  CHECK(inferred(ops::reshape{}, {fact_of(s, dtype::f32, {"2", "3"}), content({4})}, s)
            .find("6 vs 4 elements") != std::string::npos);
  CHECK(inferred(ops::reshape{}, {x, content({-1, -1})}, s).find("-1 twice") != std::string::npos);
  CHECK(inferred(ops::reshape{.allowzero = true}, {x, content({0, -1})}, s).find("both 0 and -1") !=
        std::string::npos);
  CHECK(inferred(ops::reshape{}, {fact_of(s, dtype::f32, {"0", "3", "4"}), content({0, -1})}, s) ==
        "f32[0, 12]");
}

TEST_CASE("shape content flows through squeeze, unsqueeze, transpose and expand") {
  const ir::symbol_context s;
  const ir::fact x = fact_of(s, dtype::f32, {"B", "3", "H"});
  const auto shape = infer_op(ops::shape_of{.start = -2}, {x}, s);
  REQUIRE(shape);
  CHECK(bracketed(*(*shape)[0].elements) == "[3, H]");
  const auto wide = infer_op(ops::expand{}, {(*shape)[0], content({2, 2})}, s);
  REQUIRE(wide);
  CHECK(bracketed(*(*wide)[0].elements) == "[3, H, 3, H]");
  const auto turned = infer_op(ops::transpose{}, {(*wide)[0]}, s);
  REQUIRE(turned);
  CHECK(bracketed(*(*turned)[0].elements) == "[3, 3, H, H]");
  const auto total = infer_op(ops::size_op{}, {x}, s);
  REQUIRE(total);
  CHECK((*total)[0].elements->front().str() == "3*B*H");
}

TEST_CASE("shapes that only the run knows give a rank when they are short") {
  const ir::symbol_context s;
  const ir::fact x = fact_of(s, dtype::f32, {"3", "1"});
  for (const ir::any_op& op : {ir::any_op(ops::expand{}), ir::any_op(ops::reshape{})}) {
    const auto of_length = [&](std::int64_t n) {
      return infer_op(op, {x, ir::fact::of(dtype::i64, {dim(n)})}, s).value()[0];
    };
    CHECK(of_length(16).rank() == 16);
    CHECK_FALSE(of_length(17).is_ranked);
    CHECK_FALSE(of_length(1'000'000'000'000).is_ranked);
  }
}

TEST_CASE("transpose, tile and expand move every kind of element") {
  const tensor x = tensor::of<std::string>({2, 2}, {"a", "b", "c", "d"});
  const auto turned = run_op(ops::transpose{}, {x});
  REQUIRE(turned);
  CHECK((*turned)[0].as_tensor().data<std::string>()[1] == "c");
  const tensor twice = tensor::of<std::int64_t>({2}, {2, 1});
  CHECK(reals(ops::tile{}, {tensor::of<bool>({1, 2}, {true, false}), twice}) == list{1, 0, 1, 0});
  CHECK(reals(ops::tile{}, {tensor(dtype::f32, {0, 2}), twice}).empty());
  CHECK(reals(ops::expand{}, {tensor::scalar<f16>(f16(2.0F)), twice}) == list{2, 2});
  CHECK(error_of(ops::transpose{.perm = {0, 0}}, {x}).find("a permutation of 2 axes") !=
        std::string::npos);
  CHECK(error_of(ops::tile{}, {x, tensor::of<std::int64_t>({2}, {-1, 1})})
            .find("repeats contains -1") != std::string::npos);
}

TEST_CASE("squeeze, unsqueeze and flatten check axes") {
  const ir::symbol_context s;
  const ir::fact x = fact_of(s, dtype::f32, {"1", "B", "1"});
  CHECK(inferred(ops::squeeze{}, {x, content({-1})}, s) == "f32[1, B]");
  CHECK(inferred(ops::squeeze{}, {x}, s) == "f32[...]");
  CHECK(inferred(ops::squeeze{}, {fact_of(s, dtype::f32, {"2"}), content({0})}, s)
            .find("squeezed axis 0") != std::string::npos);
  CHECK(inferred(ops::unsqueeze{}, {x, content({0, -1})}, s) == "f32[1, 1, B, 1, 1]");
  CHECK(inferred(ops::unsqueeze{}, {x, content({0, 0})}, s).find("twice") != std::string::npos);
  CHECK(inferred(ops::flatten{.axis = -2}, {fact_of(s, dtype::f32, {"B", "2", "3"})}, s) ==
        "f32[B, 6]");
  CHECK(inferred(ops::flatten{.axis = 4}, {x}, s) == "axis is 4, expected -3 to 3");
}

TEST_CASE("what only the run knows leaves the rank known") {
  const ir::symbol_context s;
  const ir::fact x = fact_of(s, dtype::f32, {"1", "B", "1"});
  const ir::fact pair = ir::fact::of(dtype::i64, {2}), any = fact_of(s, dtype::i64, {"K"});
  const auto rank = [&](const ir::any_op& op, const ir::fact& list) {
    const auto out = infer_op(op, {x, list}, s);
    REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
    return (*out)[0].is_ranked ? static_cast<int>((*out)[0].rank()) : -1;
  };
  CHECK(rank(ops::squeeze{}, pair) == 1);
  CHECK(rank(ops::unsqueeze{}, pair) == 5);
  CHECK(rank(ops::tile{}, any) == 3);
  CHECK(rank(ops::squeeze{}, any) == -1);
  CHECK(rank(ops::unsqueeze{}, any) == -1);
  CHECK(rank(ops::unsqueeze{}, ir::fact::of(dtype::i64, {1 << 20})) == -1);
  CHECK(rank(ops::squeeze{}, ir::fact::of(dtype::i64, {4})) == -1);
  const ir::fact wide = fact_of(s, dtype::f32, {"1", "W"});
  REQUIRE(s.facts().restrict(wide.shape[1], 2, 9, "test"));
  CHECK(inferred(ops::squeeze{}, {wide}, s) == "f32[W]");
}
