// expect: rule guard uses a value the pattern does not bind
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/rewrite/rule.hpp"

using namespace tenon::rewrite;

bool is_float_y(const match& m) {
  return m.fact(y).type == tenon::dtype::f32;
}

#ifdef BAD
constexpr auto made = rule("double-negation", neg(neg(x)), x, when("y is f32", is_float_y, y));
#else
constexpr auto made = rule("zero", x - y, x, when("y is f32", is_float_y, y));
#endif

int main() {
  return made.reorders ? 1 : 0;
}
