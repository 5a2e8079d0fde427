#pragma once

#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::tools {

/// How the tool opens a model to run it.
struct model_settings {
  std::string path;
  tenon::level level = tenon::level::o1;
  bool reference_only = false;
  int threads = 0;                      ///< 0: what the machine allows
  std::int64_t memory_limit_bytes = 0;  ///< 0: what the machine allows
  double time_limit_seconds = 0;        ///< of loading and of a run; 0: none
  bool profile = false;
  std::vector<std::string> disabled_passes, disabled_rules;
};

/// A model that can be run.
struct opened_model {
  tenon::model model;
  passes::pipeline_report report;
  tenon::session session;
  double load_ms = 0;  ///< reading, optimizing, planning
};

/// The options of a compilation under these settings, its limits counted from now.
compile_options compile_options_of(const model_settings& settings);

session_options session_options_of(const model_settings& settings);

/// Reads, optimizes and plans a model file.
result<opened_model> open_model(const model_settings& settings);

/// `none`, `o1`, `o2`
result<level> read_level(std::string_view text);

/// `512`, `64KiB`, `1.5GiB`, `2GB` as bytes.
result<std::int64_t> read_bytes(std::string_view text);

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_open_model.hpp"
#endif
