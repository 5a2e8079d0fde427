#pragma once

#include "tenon/formats/load.hpp"
#include "tenon/runtime/cpu_limits.hpp"
#include "tenon/tools/open_model.hpp"
#include "tenon/tools/timing.hpp"

#include <charconv>

namespace tenon::inline v0::tools {

TENON_INLINE compile_options compile_options_of(const model_settings& settings) {
  compile_options out;
  out.level = settings.level;
  out.reference_only = settings.reference_only;
  out.threads = settings.threads;
  out.passes.disabled_passes = settings.disabled_passes;
  out.passes.disabled_rules = settings.disabled_rules;
  interpret_options& bounds = out.passes.settings.interpret;
  std::int64_t limit = settings.memory_limit_bytes;
  if (limit <= 0) limit = static_cast<std::int64_t>(read_cpu_limits().memory_bytes);
  if (limit > 0) bounds.memory = memory_budget(limit);
  bounds.limits.end_in(settings.time_limit_seconds);
  return out;
}

TENON_INLINE session_options session_options_of(const model_settings& settings) {
  session_options out;
  out.threads = settings.threads;
  out.memory_limit_bytes = settings.memory_limit_bytes;
  out.profile = settings.profile;
  out.time_limit_seconds = settings.time_limit_seconds;
  return out;
}

TENON_INLINE result<opened_model> open_model(const model_settings& settings) {
  const auto start = clock::now();
  const compile_options options = compile_options_of(settings);
  TENON_TRY(auto graph, load(settings.path));
  auto made = compile(std::move(graph), options);
  if (!made) return std::move(made).failure().in(settings.path);
  session s(made->model, session_options_of(settings));
  const double load_ms = ms_since(start);
  return opened_model{std::move(made->model), std::move(made->report), std::move(s), load_ms};
}

TENON_INLINE result<level> read_level(std::string_view text) {
  for (const level l : {level::none, level::o1, level::o2})
    if (text == name_of(l)) return l;
  return fail(code::option, "level ", quoted(text), " is unknown: expected none, o1 or o2");
}

TENON_INLINE result<std::int64_t> read_bytes(std::string_view text) {
  struct unit {
    std::string_view name;
    double bytes;
  };

  constexpr unit units[] = {{"", 1},         {"B", 1},        {"kB", 1e3},    {"KB", 1e3},
                            {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},   {"KiB", 0x1p10},
                            {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data(), end, number);
  const std::string_view suffix(last, static_cast<std::size_t>(end - last));
  if (problem == std::errc() && number > 0)
    for (const unit& u : units)
      if (u.name == suffix && number * u.bytes >= 1 && number * u.bytes < 0x1p62)
        return static_cast<std::int64_t>(number * u.bytes);
  return fail(code::option, "size ", quoted(text),
              " is malformed: expected a number above 0 and a unit such as MiB or GiB");
}

}  // namespace tenon::inline v0::tools
