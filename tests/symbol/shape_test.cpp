#include "tenon/symbol/shape.hpp"

#include "tenon/symbol/scope.hpp"

#include <limits>

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("shapes print, multiply and compare with symbols") {
  symbol_scope scope;
  const dim n = scope.symbol("N");
  const dims shape{n, dim(3), n};
  CHECK(str(shape) == "[N, 3, N]");
  CHECK(str(dims{}) == "[]");
  CHECK(product(shape) == n * n * 3);
  CHECK(product(dims{}) == dim(1));
  CHECK(product({dim(0), n}) == dim(0));
  CHECK(product({dim(std::numeric_limits<std::int64_t>::max()), dim(2)}).is_overflow());
  CHECK(hash(shape) == hash(dims{n, dim(3), n}));
  CHECK(hash(shape) != hash(dims{dim(3), n, n}));
  CHECK(hash(dims{}) != hash(dims{dim(1)}));
}

TEST_CASE("only a shape of numbers has extents") {
  symbol_scope scope;
  const dim n = scope.symbol("N");
  CHECK(all_constant(dims{}));
  CHECK_FALSE(all_constant({dim(2), n}));
  CHECK_FALSE(all_constant({dim::overflow()}));
  CHECK(to_extents({dim(2), dim(-3)}) == extents{2, -3});
  CHECK_FALSE(to_extents({n}));
  CHECK_FALSE(to_extents({dim::overflow()}));
  CHECK(to_dims({2, 0}) == dims{dim(2), dim(0)});
}

TEST_CASE("sizes under bindings are 0 or more, or there are none") {
  symbol_scope scope;
  const dim n = scope.symbol("N");
  bindings values;
  CHECK_FALSE(evaluate(dims{n}, values));
  CHECK(evaluate(dims{}, values) == extents{});
  values.set(n, 4);
  CHECK(evaluate({n, n - 4, dim(2)}, values) == extents{4, 0, 2});
  CHECK_FALSE(evaluate({n, n - 5}, values));
  CHECK_FALSE(evaluate(dims{dim(-1)}, values));
  CHECK_FALSE(evaluate(dims{floordiv(dim(7), n - 4)}, values));
}
