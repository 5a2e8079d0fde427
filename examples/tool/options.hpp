#pragma once

#include "tenon/tools/model_inputs.hpp"
#include "tenon/tools/open_model.hpp"
#include "tenon/tools/timing.hpp"

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

// Options that several commands share.
namespace tool {

/// What a command line asks for: the text to print, or an error.
using command = std::function<tenon::result<std::string>()>;

/// Texts of the command line that become typed values when the command starts.
struct texts {
  std::string level = "o1", memory_limit;
  std::uint64_t seed = 0;
  bool is_random = false;
};

inline void add_level(CLI::App& app, texts& t) {
  app.add_option("--level", t.level, "none, o1 or o2")->capture_default_str();
}

inline void add_model_options(CLI::App& app, tenon::tools::model_settings& m, texts& t) {
  app.add_option("MODEL", m.path, "model file")->required();
  add_level(app, t);
  app.add_flag("--reference", m.reference_only, "reference kernels only");
  app.add_option("--threads", m.threads, "threads; 0: what the machine allows")
      ->check(CLI::Range(0, 1024));
  app.add_option("--memory-limit", t.memory_limit,
                 "for example 1GiB; by default what the machine allows");
  app.add_option("--time-limit", m.time_limit_seconds, "seconds")->check(CLI::Range(1e-3, 1e9));
  app.add_option("--disable-pass", m.disabled_passes, "leave out a pass")->take_all();
  app.add_option("--disable-rule", m.disabled_rules, "leave out a rule")->take_all();
}

inline void add_input_options(CLI::App& app, tenon::tools::input_settings& in, texts& t) {
  app.add_option("--input", in.files,
                 "NAME=FILE, or FILE by position; .npy, .npz, or pixels: .ppm, .pgm, .bmp")
      ->take_all()
      ->expected(1);
  app.add_option("--dim", in.dims, "SYMBOL=SIZE for random inputs")->take_all()->expected(1);
  app.add_option_function<std::uint64_t>(
      "--random",
      [&t](const std::uint64_t& seed) {
        t.seed = seed;
        t.is_random = true;
      },
      "SEED; inputs without a file are random");
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
  if (!t.memory_limit.empty()) {
    TENON_TRY(m.memory_limit_bytes, tenon::tools::read_bytes(t.memory_limit));
  }
  return {};
}

inline void finish(const texts& t, tenon::tools::input_settings& in) {
  if (t.is_random) in.seed = t.seed;
}

}  // namespace tool
