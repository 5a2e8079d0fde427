// expect: ignoring returned value of type
// expect: nodiscard
#include "tenon/core/result.hpp"

tenon::result<int> answer() {
  return 42;
}

int main() {
#ifdef BAD
  answer();
#else
  return answer().has_value() ? 0 : 1;
#endif
}
