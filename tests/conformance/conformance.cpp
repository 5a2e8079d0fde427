// Runs the ONNX backend test data:
// conformance [--symbolic] [--filter TEXT] [--skips FILE]... [--run-skipped] [--times] FOLDER...
// With --symbolic every axis of an input is a symbol of its own when the model is loaded.
// With --run-skipped a case of FILE that passes is a failure. Without --filter so is a line that no case fits.

#include "tenon/infer/interpreter.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>

#include "case_data.hpp"
#include "compare.hpp"
#include "sizes.hpp"
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace conformance;

/// A failure and the stage it belongs to.
struct outcome {
  std::string stage;  ///< empty: passed
  std::string text;
};

status check_outputs(std::span<const datum> found, std::span<const datum> expected) {
  if (found.size() != expected.size())
    return fail(code::shape, found.size(), " outputs, expected ", expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    auto same = compare(found[i], expected[i]);
    if (!same) return std::move(same).failure().in(cat("output ", i));
  }
  return {};
}

status run_reference(const ir::graph& g, const data_set& data) {
  TENON_TRY(const auto outputs, interpret(g, data.inputs));
  return check_outputs(outputs, data.outputs);
}

/// Compiles and runs twice: the second run reuses what the first one has set up.
status run_session(ir::graph g, const data_set& data, level how_much) {
  compile_options options;
  options.level = how_much;
  options.passes.verifies = true;
  TENON_TRY(auto made, compile(std::move(g), options));
  session runner(std::move(made.model));
  for (int repeat = 0; repeat < 2; ++repeat) {
    TENON_TRY(const auto outputs, runner.run_positional(data.inputs));
    std::vector<datum> found;
    for (std::size_t i = 0; i < outputs.size(); ++i) found.push_back(outputs.value(i));
    TENON_TRY(check_outputs(found, data.outputs));
  }
  return {};
}

/// Tests the model with constants for the inputs that may decide a shape, where it has such inputs.
template <class Test>
status with_constants(const fs::path& model,
                      const fs::path& set,
                      const data_set& data,
                      declared_sizes sizes,
                      Test test) {
  TENON_TRY(frozen_model frozen, freeze_inputs(model, set, sizes));
  if (frozen.kept.size() == data.inputs.size()) return {};
  data_set left;
  left.outputs = data.outputs;
  for (const std::size_t i : frozen.kept) left.inputs.push_back(data.inputs[i]);
  return test(std::move(frozen.graph), left);
}

/// The outcome of `test(set, data)` for each data set of a case, up to the first failure.
template <class Test>
outcome for_each_set(const fs::path& folder, const result<ir::graph>& g, Test test) {
  if (!g) return {"load", g.failure().message};
  for (int i = 0;; ++i) {
    const fs::path set = folder / cat("test_data_set_", i);
    if (!fs::exists(set)) return i == 0 ? outcome{"data", "there is none"} : outcome{};
    const auto data = read_set(*g, set);
    if (!data) return {"data", data.failure().message};
    outcome out = test(set, *data);
    if (!out.stage.empty()) return out;
  }
}

outcome check(std::string stage, const status& done) {
  return done ? outcome{} : outcome{std::move(stage), done.failure().message};
}

outcome run_case(const fs::path& folder) {
  const fs::path model = folder / "model.onnx";
  const auto g = load_onnx(model.string());
  const auto run_constant = [](ir::graph frozen, const data_set& left) -> status {
    TENON_TRY(run_session(frozen, left, level::none));
    return run_session(std::move(frozen), left, level::o1);
  };
  return for_each_set(folder, g, [&](const fs::path& set, const data_set& data) {
    outcome out = check("reference", run_reference(*g, data));
    for (const level how_much : {level::none, level::o1, level::o2})
      if (out.stage.empty())
        out = check(cat("level ", name_of(how_much)), run_session(*g, data, how_much));
    return out.stage.empty()
               ? check("constant inputs",
                       with_constants(model, set, data, declared_sizes::keep, run_constant))
               : out;
  });
}

status check_symbolic(ir::graph g, const data_set& data) {
  TENON_TRY(check_promises(g, data));
  return run_session(std::move(g), data, level::o1);
}

/// Without the sizes that the model declares; then also with constants for what may decide a shape.
outcome run_symbolic_case(const fs::path& folder) {
  const fs::path model = folder / "model.onnx";
  const auto g = load_symbolic(model);
  return for_each_set(folder, g, [&](const fs::path& set, const data_set& data) {
    const outcome out = check("symbolic", check_symbolic(*g, data));
    return out.stage.empty()
               ? check("symbolic, constant inputs",
                       with_constants(model, set, data, declared_sizes::forget, check_symbolic))
               : out;
  });
}

/// Reasons by name of a case; a name that ends in * stands for all that begin so.
class skip_list {
 public:
  /// Reads more lines.
  void add(const std::string& path) {
    const auto text = read_file(path).value();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string line = text.substr(at, end - at);
      at = end + 1;
      if (line.empty() || line[0] == '#') continue;
      const std::size_t tab = std::min(line.find('\t'), line.size());
      const std::string why = line.substr(std::min(tab + 1, line.size()));
      if (why.empty()) wrong_.push_back(cat(line, ": has no reason"));
      reasons_[line.substr(0, tab)] = {why, false};
    }
  }

  /// Why a case is not run; null: it is run.
  const std::string* reason(const std::string& name) {
    const std::string* found = nullptr;
    for (auto& [pattern, entry] : reasons_) {
      const bool is_prefix = pattern.ends_with('*');
      if (is_prefix ? name.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1))
                    : name == pattern) {
        entry.is_used = true;
        found = &entry.reason;
      }
    }
    return found;
  }

  /// Lines without a reason and, where all cases were asked for, lines that none of them fits.
  std::vector<std::string> mistakes(bool all_asked) const {
    std::vector<std::string> out = wrong_;
    for (const auto& [pattern, entry] : reasons_)
      if (all_asked && !entry.is_used) out.push_back(cat(pattern, ": no case has this name"));
    return out;
  }

 private:
  struct entry {
    std::string reason;
    bool is_used = false;
  };

  std::map<std::string, entry> reasons_;
  std::vector<std::string> wrong_;
};

std::vector<fs::path> find_cases(const std::vector<std::string>& roots) {
  std::vector<fs::path> out;
  for (const std::string& root : roots)
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.path().filename() == "model.onnx") out.push_back(entry.path().parent_path());
  std::sort(out.begin(), out.end());
  return out;
}

inline constexpr unsigned limit_s = 60;

/// Runs a case in a process of its own, so that a crash or a case without end fails one case only.
outcome run_isolated(const fs::path& folder, bool is_symbolic) {
  int ends[2];
  if (pipe(ends) != 0) return {"runner", "no pipe"};
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) return {"runner", "no process"};
  if (child == 0) {
    alarm(limit_s);
    const outcome out = is_symbolic ? run_symbolic_case(folder) : run_case(folder);
    const std::string text = cat(out.stage, "\n", out.text);
    const bool is_written = write(ends[1], text.data(), text.size()) > 0;
    _exit(is_written ? 0 : 1);
  }
  close(ends[1]);
  std::string text;
  char block[4096];
  for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(got));
  close(ends[0]);
  int state = 0;
  waitpid(child, &state, 0);
  if (WIFSIGNALED(state) && WTERMSIG(state) == SIGALRM)
    return {"time", cat("no end after ", limit_s, " s")};
  if (WIFSIGNALED(state)) return {"crash", cat("signal ", WTERMSIG(state))};
  const std::size_t cut = text.find('\n');
  if (cut == text.npos) return {"crash", cat("ended with status ", WEXITSTATUS(state))};
  return {text.substr(0, cut), text.substr(cut + 1)};
}

struct settings {
  std::vector<std::string> roots, skips;
  std::string filter;
  bool is_symbolic = false;
  bool runs_skipped = false;
  bool shows_times = false;
};

/// What all cases together came to.
struct tally {
  std::map<std::string, int> stages;
  int passed = 0, skipped = 0, failed = 0;

  void fail(const std::string& name, const outcome& out) {
    ++failed;
    ++stages[out.stage];
    std::printf("failed: %s: %s: %s\n", name.c_str(), out.stage.c_str(), out.text.c_str());
    std::fflush(stdout);
  }
};

outcome run_timed(const settings& given, const fs::path& folder, const std::string& name) {
  const auto begin = std::chrono::steady_clock::now();
  outcome out = run_isolated(folder, given.is_symbolic);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  if (given.shows_times) std::printf("%9.2f ms %s\n", took.count(), name.c_str());
  return out;
}

int run_all(const settings& given) {
  skip_list skips;
  for (const std::string& path : given.skips) skips.add(path);
  tally sum;
  for (const fs::path& folder : find_cases(given.roots)) {
    const std::string name = folder.filename().string();
    if (name.find(given.filter) == name.npos) continue;
    const std::string* reason = skips.reason(name);
    if (!reason) {
      const outcome out = run_timed(given, folder, name);
      if (out.stage.empty())
        ++sum.passed;
      else
        sum.fail(name, out);
    } else if (given.runs_skipped && run_timed(given, folder, name).stage.empty()) {
      sum.fail(name, {"skip", cat("passes, though ", *reason)});
    } else {
      ++sum.skipped;
      std::printf("skipped: %s: %s\n", name.c_str(), reason->c_str());
    }
  }
  for (const std::string& text : skips.mistakes(given.filter.empty()))
    sum.fail("skips", {"skip", text});
  for (const auto& [stage, count] : sum.stages)
    std::printf("%s: %d failed\n", stage.c_str(), count);
  std::printf("%d passed, %d failed, %d skipped\n", sum.passed, sum.failed, sum.skipped);
  return sum.failed == 0 && sum.passed > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  settings given;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--filter" && i + 1 < count)
      given.filter = words[++i];
    else if (word == "--skips" && i + 1 < count)
      given.skips.push_back(words[++i]);
    else if (word == "--symbolic")
      given.is_symbolic = true;
    else if (word == "--run-skipped")
      given.runs_skipped = true;
    else if (word == "--times")
      given.shows_times = true;
    else if (fs::is_directory(word))
      given.roots.push_back(word);
    else
      return std::fprintf(stderr, "conformance: %s is neither an option nor a folder\n",
                          word.c_str()),
             2;
  }
  if (given.roots.empty()) {
    std::fprintf(
        stderr,
        "usage: conformance [--symbolic] [--filter TEXT] [--skips FILE]... [--run-skipped] "
        "[--times] FOLDER...\n");
    return 2;
  }
  return run_all(given);
}
