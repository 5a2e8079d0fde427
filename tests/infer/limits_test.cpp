#include "tenon/infer/limits.hpp"

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <thread>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

TEST_CASE("without limits a run never ends early") {
  const run_limits none;
  CHECK(none.check());
  CHECK(none.deadline_ns == 0);
}

TEST_CASE("a run ends when its time is over") {
  run_limits limits;
  limits.end_in(1e-9);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto state = limits.check();
  REQUIRE_FALSE(state);
  CHECK(state.failure().kind == code::resource);
  CHECK(state.failure().message == "time limit: the run did not end in time; raise the time limit");
  limits.end_in(100);
  CHECK(limits.check());
}

TEST_CASE("no seconds, negative ones and NaN are no deadline, endless ones are 1e9 seconds") {
  run_limits limits;
  for (const double seconds : {0.0, -0.0, -1.0, double(-INFINITY), std::nan("")}) {
    limits.deadline_ns = 1;
    limits.end_in(seconds);
    CHECK(limits.deadline_ns == 0);
  }
  for (const double seconds : {1e9, 1e300, double(INFINITY)}) {
    const std::int64_t before = now_ns();
    limits.end_in(seconds);
    CHECK(limits.deadline_ns >= before + 1000000000000000000);
    CHECK(limits.deadline_ns <= now_ns() + 1000000000000000000);
    CHECK(limits.check());
  }
}

TEST_CASE("a cancelled run ends, even one that is out of time says that it was cancelled") {
  shared_flag flag;
  run_limits limits{.deadline_ns = 1, .cancelled = &flag};
  CHECK(limits.check().failure().message.starts_with("time limit"));
  flag.set(true);
  CHECK(limits.check().failure().message == "the run was cancelled");
  CHECK(limits.check().failure().kind == code::resource);
  limits.deadline_ns = 0;
  flag.set(false);
  CHECK(limits.check());
}
