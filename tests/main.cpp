#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "support/cases.hpp"
#include <doctest/doctest.h>

namespace {

struct tally {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  std::set<std::string> without_reason;
};

tally& counts() {
  static tally value;
  return value;
}

std::map<std::string, std::string, std::less<>> read_skips() {
  std::map<std::string, std::string, std::less<>> skips;
  std::ifstream file(TENON_TEST_ROOT "/skips.txt");
  for (std::string line; std::getline(file, line);) {
    const auto tab = line.find('\t');
    if (line.starts_with('#') || tab == std::string::npos) continue;
    skips[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return skips;
}

const std::map<std::string, std::string, std::less<>>& skips() {
  static const auto value = read_skips();
  return value;
}

/// Counts doctest cases; a case that is switched off needs a reason in tests/skips.txt.
struct case_counter : doctest::IReporter {
  explicit case_counter(const doctest::ContextOptions&) {}

  void report_query(const doctest::QueryData&) override {}

  void test_run_start() override {}

  void test_run_end(const doctest::TestRunStats&) override {}

  void test_case_start(const doctest::TestCaseData&) override {}

  void test_case_reenter(const doctest::TestCaseData&) override {}

  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    ++(stats.testCaseSuccess ? counts().passed : counts().failed);
  }

  void test_case_exception(const doctest::TestCaseException&) override {}

  void subcase_start(const doctest::SubcaseSignature&) override {}

  void subcase_end() override {}

  void log_assert(const doctest::AssertData&) override {}

  void log_message(const doctest::MessageData&) override {}

  void test_case_skipped(const doctest::TestCaseData& data) override {
    if (!std::string_view(data.m_file.c_str()).ends_with(file_suffix())) return;
    const std::string_view reason = tenon_test::listed_skip(data.m_name);
    if (!reason.empty()) {
      tenon_test::skip_case(data.m_name, reason);
    } else if (data.m_skip) {
      counts().without_reason.insert(data.m_name);
    }
  }

  /// What follows the star of --source-file=*SUFFIX; the empty suffix fits every file.
  static std::string& file_suffix() {
    static std::string value;
    return value;
  }
};

DOCTEST_REGISTER_LISTENER("case_counter", 1, case_counter);

std::string escaped(std::string_view name) {
  std::string text;
  for (const char letter : name) {
    if (letter == ',') text += '\\';
    text += letter;
  }
  return text;
}

}  // namespace

void tenon_test::skip_case(std::string_view name, std::string_view reason) {
  ++counts().skipped;
  std::printf("skipped: %.*s: %.*s\n", int(name.size()), name.data(), int(reason.size()),
              reason.data());
}

std::string_view tenon_test::listed_skip(std::string_view name) {
  const auto found = skips().find(name);
  return found == skips().end() ? std::string_view() : std::string_view(found->second);
}

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--source-file=*")) case_counter::file_suffix() = word.substr(15);
  }
  for (const auto& [name, reason] : skips())
    context.addFilter("test-case-exclude", escaped(name).c_str());
  int status = context.run();
  if (context.shouldExit()) return status;
  for (const std::string& name : counts().without_reason) {
    std::printf("failed: '%s' is switched off without a reason in tests/skips.txt\n", name.c_str());
    ++counts().failed;
  }
  if (counts().passed + counts().failed + counts().skipped == 0) {
    std::printf("failed: no test case matches\n");
    ++counts().failed;
  }
  if (counts().failed != 0 && status == 0) status = 1;
  std::printf("%d passed, %d failed, %d skipped\n", counts().passed, counts().failed,
              counts().skipped);
  return status;
}
