#include "tenon/runtime/cancel_token.hpp"

#include <chrono>
#include <thread>

#include <doctest/doctest.h>

TEST_CASE("a token is cancelled from another thread and reset") {
  tenon::cancel_token token;
  CHECK_FALSE(token.is_cancelled());
  std::thread other([&] { token.cancel(); });
  while (!token.is_cancelled()) std::this_thread::yield();
  other.join();
  token.reset();
  CHECK_FALSE(token.is_cancelled());
}

TEST_CASE("a deadline cancels when it has passed") {
  using namespace std::chrono_literals;
  tenon::cancel_token token;
  token.cancel_after(1h);
  CHECK_FALSE(token.is_cancelled());
  token.cancel_after(2ms);
  std::this_thread::sleep_for(3ms);
  CHECK(token.is_cancelled());
  token.cancel_at(tenon::cancel_token::clock::now() - 1h);
  CHECK(token.is_cancelled());
  token.reset();
  CHECK_FALSE(token.is_cancelled());
}
