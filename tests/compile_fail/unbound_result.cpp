// expect: rule result uses a value the pattern does not bind
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/rewrite/rule.hpp"

using namespace tenon;
using namespace tenon::rewrite;

#ifdef BAD
constexpr auto made = rule("swish", x* sigmoid(x), emit<ops::swish>(y));
#else
constexpr auto made = rule("swish", x* sigmoid(x), emit<ops::swish>(x));
#endif

int main() {
  return made.reorders ? 1 : 0;
}
