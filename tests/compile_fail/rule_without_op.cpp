// expect: the root of a rule's pattern is an op
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/rewrite/rule.hpp"

using namespace tenon::rewrite;

#ifdef BAD
constexpr auto made = rule("anything", x, x);
#else
constexpr auto made = rule("double-negation", neg(neg(x)), x);
#endif

int main() {
  return made.reorders ? 1 : 0;
}
