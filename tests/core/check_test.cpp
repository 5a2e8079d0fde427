#include "tenon/core/check.hpp"

#include <string>

#include <doctest/doctest.h>

#if __has_include(<sys/wait.h>)
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace {

/// What a process that breaks an invariant writes, and the signal that ends it.
std::string last_words(int& signal) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 2);
    std::signal(SIGABRT, SIG_DFL);
    TENON_CHECK(1 + 1 == 3);
    _exit(0);
  }
  close(ends[1]);
  std::string out;
  char part[256];
  for (ssize_t n = 0; (n = read(ends[0], part, sizeof part)) > 0;)
    out.append(part, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return out;
}

}  // namespace

TEST_CASE("a broken invariant ends the process and says which and where") {
  int signal = 0;
  const std::string text = last_words(signal);
  CHECK(signal == SIGABRT);
  CHECK(text.starts_with("tenon: internal invariant broken: 1 + 1 == 3 ("));
  CHECK(text.find("check_test.cpp:") != std::string::npos);
}
#endif

TEST_CASE("an invariant that holds is evaluated once and changes nothing") {
  int calls = 0;
  TENON_CHECK(++calls > 0);
  CHECK(calls == 1);
}
