#pragma once

#include "tenon/core/file.hpp"
#include "tenon/tools/json.hpp"
#include "tenon/tools/report.hpp"

#include <optional>

namespace tenon::inline v0 {

namespace report_detail {

using tools::json_writer;

inline void number(json_writer& j, std::string_view name, const std::optional<double>& v) {
  j.key(name);
  if (v)
    j.value(*v);
  else
    j.null();
}

inline void shapes(json_writer& j, std::string_view name, const std::vector<extents>& groups) {
  j.key(name).begin_array();
  for (const extents& group : groups) {
    j.begin_array();
    for (const std::int64_t d : group) j.value(d);
    j.end_array();
  }
  j.end_array();
}

inline void user_config(json_writer& j, const optimize_report& r) {
  j.key("user_config").begin_object();
  j.field("level", name_of(r.level)).field("threads", r.threads);
  if (!r.pipeline.empty()) j.field("pipeline", r.pipeline);
  j.key("dynamic_tuning_shapes").begin_array();
  for (const box& b : r.ranges) {
    j.begin_object();
    shapes(j, "min", b.min);
    shapes(j, "max", b.max);
    j.key("opts").begin_array();
    for (const auto& opt : b.opts) {
      j.begin_array();
      for (const extents& group : opt) {
        j.begin_array();
        for (const std::int64_t d : group) j.value(d);
        j.end_array();
      }
      j.end_array();
    }
    j.end_array().end_object();
  }
  j.end_array().key("gpu_config").begin_object();
  j.field("disable_fp16_accuracy_check", r.disable_fp16_accuracy_check);
  j.end_object().end_object();
}

inline void diagnosis(json_writer& j, const optimize_report& r) {
  j.key("diagnosis").begin_object();
  j.field("model", r.model_name).field("test_data_source", r.test_data_source);
  j.field("shape_variation", r.shape_variation).field("message", r.message);
  j.field("test_data_info", r.test_data_info).end_object();
}

inline void gains(json_writer& j, const optimize_report& r) {
  j.key("optimizations").begin_array();
  for (const optimization& o : r.optimizations) {
    j.begin_object().field("name", o.name).field("status", o.status);
    number(j, "speedup", o.speedup());
    number(j, "pre_run", o.pre_run);
    number(j, "post_run", o.post_run);
    j.end_object();
  }
  j.end_array().key("overall").begin_object();
  number(j, "baseline", r.baseline);
  number(j, "optimized", r.optimized);
  number(j, "speedup", optimization{"", "", r.baseline, r.optimized}.speedup());
  j.end_object();
}

inline void points(json_writer& j, const optimize_report& r) {
  j.key("points").begin_array();
  for (const measured_point& p : r.points) {
    j.begin_object();
    shapes(j, "shapes", p.shapes);
    j.field("baseline", p.baseline).field("optimized", p.optimized);
    j.field("speedup", p.baseline / p.optimized);
    j.field("equal", p.is_equal ? "yes" : "no").field("max_error", p.max_error).end_object();
  }
  j.end_array();
}

inline void passes(json_writer& j, const optimize_report& r) {
  j.key("nodes").begin_object().field("before", r.passes.nodes_before);
  j.field("optimized", r.portable_nodes).field("plan", r.passes.nodes_after).end_object();
  j.key("passes").begin_array();
  for (const passes::pass_report& p : r.passes.passes) {
    j.begin_object().field("name", p.name).field("changes", p.changes);
    j.field("nodes_before", p.nodes_before).field("nodes_after", p.nodes_after);
    j.field("time_ms", static_cast<double>(p.time_ns) / 1e6);
    j.key("rules").begin_object();
    for (const auto& rule : p.rules)
      if (rule.fired != 0) j.field(rule.name, rule.fired);
    j.end_object().key("refused").begin_array();
    for (const auto& rule : p.rules)
      if (rule.refused != 0) j.value(cat(rule.name, ": ", rule.last_refusal));
    for (const auto& s : p.skips) j.value(cat(s.where, ": ", s.reason));
    j.end_array().end_object();
  }
  j.end_array();
}

inline void plan(json_writer& j, const optimize_report& r) {
  j.key("plan").begin_object().field("arena_bytes", r.peak_bytes).key("kernels").begin_object();
  for (const kernel_use& k : r.kernels) j.field(k.kernel, k.steps);
  j.end_object().key("refusals").begin_array();
  for (const auto& [step, why] : r.refusals) j.value(cat(step, ": ", why));
  j.end_array().end_object();
}

}  // namespace report_detail

TENON_INLINE std::string optimize_report::json() const {
  report_detail::json_writer j;
  j.begin_object().key("software_context").begin_array();
  for (const item& s : software)
    j.begin_object().field("software", s.software).field("version", s.version).end_object();
  j.end_array().key("hardware_context").begin_object();
  j.field("device_type", "cpu").field("microarchitecture", microarchitecture);
  j.field("name", cpu).end_object();
  report_detail::user_config(j, *this);
  report_detail::diagnosis(j, *this);
  report_detail::gains(j, *this);
  j.key("model_info").begin_object().field("input_format", input_format).end_object();
  j.key("compatibility_list").begin_array().begin_object();
  j.field("device_type", "cpu").field("microarchitecture", microarchitecture);
  j.end_object().end_array().key("model_sdk").begin_object().end_object();
  report_detail::points(j, *this);
  report_detail::passes(j, *this);
  report_detail::plan(j, *this);
  return j.end_object().str();
}

TENON_INLINE status optimize_report::save(std::string_view path) const {
  return write_file(path, json());
}

}  // namespace tenon::inline v0
