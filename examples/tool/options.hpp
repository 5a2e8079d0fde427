#pragma once

#include "tenon/runtime/cpu_limits.hpp"
#include "tenon/tools/command_lists.hpp"
#include "tenon/tools/model_inputs.hpp"
#include "tenon/tools/open_model.hpp"
#include "tenon/tools/timing.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "tool/usage.hpp"
#include <CLI/CLI.hpp>

// Options that several commands share.
namespace tool {

/// What a command line asks for: the text to print, or an error.
using command = std::function<tenon::result<std::string>()>;

/// Texts of the command line that become typed values when the command starts.
struct texts {
  std::string level = "o1", memory_limit;
};

inline void add_level(CLI::App& app, texts& t) {
  app.add_option("--level", t.level, "none, o1 or o2")->capture_default_str();
}

inline void add_threads(CLI::App& app, int& threads) {
  app.add_option(
         "--threads", threads,
         "1 to 1024; by default TENON_NUM_THREADS, else OMP_NUM_THREADS, else what affinity "
         "and cgroup quota leave")
      ->check(CLI::Range(1, tenon::cpu_limits::max_threads));
}

/// A malformed TENON_NUM_THREADS is an error where it would count.
inline tenon::status check_threads(int threads) {
  return threads > 0 ? tenon::status() : tenon::check_thread_environment();
}

inline tenon::status check_names(std::string_view option,
                                 const std::vector<std::string>& names,
                                 const std::vector<std::string>& known,
                                 std::string_view list) {
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      return tenon::fail(tenon::code::option, option, ": ", tenon::quoted(name),
                         " is unknown, expected a name that ", list, " prints",
                         nearest(name, known));
  return {};
}

inline void add_reference(CLI::App& app, tenon::tools::model_settings& m) {
  app.add_flag("--reference", m.reference_only, "reference kernels only");
}

inline void add_model_options(CLI::App& app, tenon::tools::model_settings& m, texts& t) {
  app.add_option("MODEL", m.path, "model file: .onnx, or .pt2 of torch.export.save")->required();
  add_level(app, t);
  add_threads(app, m.threads);
  app.add_option("--memory-limit", t.memory_limit,
                 "for example 1GiB; by default what the machine allows");
  app.add_option("--time-limit", m.time_limit_seconds, "seconds")->check(CLI::Range(1e-3, 1e9));
  app.add_option("--disable-pass", m.disabled_passes, "leave out a pass; see tenon passes")
      ->take_all()
      ->expected(1);
  app.add_option("--disable-rule", m.disabled_rules, "leave out a rule; see tenon rules")
      ->take_all()
      ->expected(1);
}

inline void add_input_options(CLI::App& app, tenon::tools::input_settings& in) {
  app.add_option(
         "--input", in.files,
         "NAME=FILE, or FILE by position; .npy, pixels as .ppm, .pgm or .bmp, or .npz: of a "
         "sequence the arrays 0, 1, ..., of a tensor its array or the only one; by position all "
         "inputs by name")
      ->take_all()
      ->expected(1);
  app.add_option("--dim", in.dims, "SYMBOL=SIZE for random inputs; files have to agree")
      ->take_all()
      ->expected(1);
  app.add_option("--random", in.seed,
                 "SEED; inputs without a file are random, of sizes that fit those with one")
      ->check(CLI::NonNegativeNumber);
}

inline void add_timing_options(CLI::App& app, tenon::tools::timing_settings& timing) {
  app.add_option("--warmup", timing.warmup, "runs before the clock")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  auto* runs = app.add_option("--runs", timing.runs, "timed runs")
                   ->check(CLI::Range(1, 1000000))
                   ->capture_default_str();
  app.add_option("--min-time", timing.min_seconds, "seconds of timed runs")
      ->check(CLI::Range(1e-3, 1e6))
      ->excludes(runs);
}

inline tenon::status finish(const texts& t, tenon::tools::model_settings& m) {
  TENON_TRY(m.level, tenon::tools::read_level(t.level));
  TENON_TRY(check_threads(m.threads));
  TENON_TRY(
      check_names("--disable-pass", m.disabled_passes, tenon::tools::pass_names(), "tenon passes"));
  TENON_TRY(
      check_names("--disable-rule", m.disabled_rules, tenon::tools::rule_names(), "tenon rules"));
  if (!t.memory_limit.empty()) {
    TENON_TRY(m.memory_limit_bytes, tenon::tools::read_bytes(t.memory_limit));
  }
  return {};
}

}  // namespace tool
