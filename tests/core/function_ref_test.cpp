#include "tenon/core/function_ref.hpp"

#include <memory>
#include <string>

#include <doctest/doctest.h>

namespace {

int twice(int x) {
  return 2 * x;
}

int call(tenon::function_ref<int(int)> f) {
  return f(21);
}

}  // namespace

TEST_CASE("function_ref calls lambdas, functions and constant callables in place") {
  int calls = 0;
  const auto counting = [&calls](int x) {
    ++calls;
    return x + 1;
  };
  CHECK(call(counting) == 22);
  CHECK(call([state = 1](int x) mutable { return x + state++; }) == 22);
  CHECK(call(twice) == 42);
  CHECK(call(&twice) == 42);
  const tenon::function_ref<int(int)> copy = tenon::function_ref<int(int)>(counting);
  CHECK(call(copy) == 22);
  CHECK(calls == 2);
}

TEST_CASE("function_ref forwards move-only and reference arguments") {
  const tenon::function_ref<int(std::unique_ptr<int>)> take = [](std::unique_ptr<int> p) {
    return *p;
  };
  CHECK(take(std::make_unique<int>(7)) == 7);
  std::string text;
  const tenon::function_ref<void(std::string&)> append = [](std::string& s) { s += "x"; };
  append(text);
  CHECK(text == "x");
}
