#include "tenon/ir/origin.hpp"

#include "tenon/core/text.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using tenon::ir::origin;

namespace {

origin of(int count) {
  origin out;
  for (int i = 0; i < count; ++i) out.nodes.push_back(tenon::cat("n", i));
  return out;
}

}  // namespace

TEST_CASE("an origin prints four names and how many more there are") {
  CHECK(of(0).str() == "");
  CHECK(of(1).str() == "n0");
  CHECK(of(4).str() == "n0, n1, n2, n3");
  CHECK(of(5).str() == "n0, n1, n2, n3, and 1 more");
  CHECK(origin{{"a\x1b"}}.str() == "a\\x1b");
}

TEST_CASE("merging adds each name once, up to a number that costs nothing") {
  origin a = of(3);
  a.merge({{"n2", "x", "x", "n0"}});
  CHECK(a.nodes == std::vector<std::string>{"n0", "n1", "n2", "x"});
  a.merge(a);
  CHECK(a.nodes.size() == 4);
  a.merge(of(100000));
  CHECK(a.nodes.size() == 32);
  CHECK(a.str() == "n0, n1, n2, x, and many more");
}
