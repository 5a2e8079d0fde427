#pragma once

#include "tenon/core/config.hpp"

#include <cstdio>
#include <cstdlib>

namespace tenon::inline v0 {

/// Ends the process: a broken invariant of tenon itself, never a mistake of the user.
[[noreturn]] inline void check_failed(const char* claim, const char* file, int line) {
  std::fprintf(stderr, "tenon: internal invariant broken: %s (%s:%d)\n", claim, file, line);
  std::abort();
}

}  // namespace tenon::inline v0

/// Asserts an invariant of tenon; active in every build.
#define TENON_CHECK(claim) \
  ((claim) ? static_cast<void>(0) : ::tenon::check_failed(#claim, __FILE__, __LINE__))
