#include "tenon/symbol/solve.hpp"

#include "tenon/symbol/scope.hpp"

#include <limits>
#include <optional>
#include <string_view>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

struct fixture {
  symbol_scope scope;
  dim a = scope.symbol("A"), b = scope.symbol("B");
  bindings sizes;

  solved solve_text(std::string_view text, std::int64_t value) {
    return solve(scope.parse(text).value(), value, sizes);
  }

  std::optional<std::int64_t> size_of(dim d) const { return sizes[d.symbol_id()]; }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "an unknown symbol is found where the expression is linear in it") {
  CHECK(solve_text("2*A + 3", 11) == solved::yes);
  CHECK(size_of(a) == 4);
  CHECK(solve_text("A*B - A", 20) == solved::yes);
  CHECK(size_of(b) == 6);
}

TEST_CASE_FIXTURE(fixture, "a falling expression is solved too") {
  CHECK(solve_text("10 - 3*A", 4) == solved::yes);
  CHECK(size_of(a) == 2);
}

TEST_CASE_FIXTURE(fixture, "no size fits: the symbol stays unknown") {
  CHECK(solve_text("2*A", 7) == solved::no);
  CHECK(solve_text("A + 5", 4) == solved::no);
  CHECK(solve_text("2*A", std::numeric_limits<std::int64_t>::min()) == solved::no);
  CHECK(solve_text("9223372036854775807*A - 9223372036854775807", 9) == solved::no);
  CHECK_FALSE(size_of(a));
}

TEST_CASE_FIXTURE(fixture, "an expression that has a value is compared with it") {
  sizes.set(a, 3);
  CHECK(solve_text("A*A", 9) == solved::yes);
  CHECK(solve_text("A*A", 8) == solved::no);
  CHECK(solve(dim(5), 5, sizes) == solved::yes);
  CHECK(solve(dim(5), 6, sizes) == solved::no);
}

TEST_CASE_FIXTURE(fixture, "several unknown symbols and other forms stay open") {
  CHECK(solve_text("A + B", 9) == solved::open);
  CHECK(solve_text("A*A", 9) == solved::open);
  CHECK(solve_text("A//2", 9) == solved::open);
  CHECK(solve_text("A + A//2", 9) == solved::open);
  CHECK(solve_text("max(A, 4)", 9) == solved::open);
  CHECK_FALSE(size_of(a));
}

TEST_CASE_FIXTURE(fixture, "any size does where the known ones leave no trace of the symbol") {
  sizes.set(a, 0);
  CHECK(solve_text("A*B", 1) == solved::no);
  CHECK_FALSE(size_of(b));
  CHECK(solve_text("A*B", 0) == solved::yes);
  CHECK(size_of(b));
}
