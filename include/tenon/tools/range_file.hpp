#pragma once

#include "tenon/core/file.hpp"
#include "tenon/tools/optimize.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace tenon::inline v0::tools {

/// Ranges of shapes and options of the device, as a file has them.
struct range_config {
  std::vector<shape_range> ranges;
  gpu_options gpu;  ///< `gpu_config`

  /// As options of `optimize`, the others by default.
  optimize_options options() const {
    optimize_options out;
    out.ranges = ranges;
    out.gpu = gpu;
    return out;
  }
};

namespace range_detail {

using nlohmann::json;

inline error wrong(std::string_view where, std::string_view expected, const json& found) {
  return fail(code::range, "range file: ", where, ": expected ", expected, " vs ",
              printable_name(found.dump(-1, ' ', true, json::error_handler_t::replace)));
}

inline status only(const json& object,
                   std::string_view where,
                   std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return wrong(where, "an object", object);
  for (const auto& [name, value] : object.items()) {
    bool is_known = false;
    for (const std::string_view k : known) is_known = is_known || k == name;
    if (!is_known)
      return fail(code::range, "range file: ", where, ": field ", quoted(name),
                  " is unknown: expected one of ", join(known));
  }
  return {};
}

inline result<extents> read_extents(const json& list, std::string_view where) {
  if (!list.is_array()) return wrong(where, "a list of sizes", list);
  extents out;
  for (const json& item : list) {
    if (!item.is_number_integer() ||
        (item.is_number_unsigned() && item.get<std::uint64_t>() > std::uint64_t{1} << 62))
      return wrong(where, "a size", item);
    out.push_back(item.get<std::int64_t>());
  }
  return out;
}

/// `[[1, 3], [2]]`, or `[1, 3]` for the only input.
inline result<std::vector<extents>> read_point(const json& list, std::string_view where) {
  if (!list.is_array()) return wrong(where, "one list of sizes per input", list);
  std::vector<extents> out;
  if (!list.empty() && !list.front().is_array()) {
    TENON_TRY(extents single, read_extents(list, where));
    out.push_back(std::move(single));
    return out;
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    TENON_TRY(extents one, read_extents(list[i], cat(where, "[", i, "]")));
    out.push_back(std::move(one));
  }
  return out;
}

inline result<shape_range> read_range(const json& object, std::string_view where) {
  TENON_TRY(only(object, where, {"min", "max", "opts"}));
  shape_range out;
  for (const char* field : {"min", "max"})
    if (!object.contains(field))
      return fail(code::range, "range file: ", where, ": field '", field, "' is missing");
  TENON_TRY(out.min, read_point(object["min"], cat(where, ".min")));
  TENON_TRY(out.max, read_point(object["max"], cat(where, ".max")));
  if (!object.contains("opts")) return out;
  const json& opts = object["opts"];
  if (!opts.is_array()) return wrong(cat(where, ".opts"), "a list of points", opts);
  for (std::size_t i = 0; i < opts.size(); ++i) {
    TENON_TRY(auto point, read_point(opts[i], cat(where, ".opts[", i, "]")));
    out.opts.push_back(std::move(point));
  }
  return out;
}

inline result<std::vector<shape_range>> read_ranges(const json& value, std::string_view where) {
  std::vector<shape_range> out;
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      TENON_TRY(shape_range one, read_range(value[i], cat(where, "[", i, "]")));
      out.push_back(std::move(one));
    }
    return out;
  }
  TENON_TRY(shape_range one, read_range(value, where));
  out.push_back(std::move(one));
  return out;
}

inline status read_device(const json& object, range_config& out) {
  TENON_TRY(only(object, "gpu_config", {"disable_fp16_accuracy_check"}));
  if (!object.contains("disable_fp16_accuracy_check")) return {};
  const json& value = object["disable_fp16_accuracy_check"];
  if (!value.is_boolean())
    return wrong("gpu_config.disable_fp16_accuracy_check", "true or false", value);
  out.gpu.disable_fp16_accuracy_check = value.get<bool>();
  return {};
}

}  // namespace range_detail

/// Reads `{"min": ..., "max": ..., "opts": [...]}`, a list of these, or an object with these under
/// `dynamic_tuning_shapes` and device options under `gpu_config`. A field of another name is an error.
inline result<range_config> read_range_config(std::string_view text) {
  using range_detail::json;
  constexpr int max_depth = 8;
  const auto is_shallow = [](int depth, json::parse_event_t, json&) { return depth <= max_depth; };
  const json document = json::parse(text, is_shallow, false, true);
  if (document.is_discarded()) return fail(code::range, "range file: this is no JSON");
  range_config out;
  const bool has_sections = document.is_object() && (document.contains("dynamic_tuning_shapes") ||
                                                     document.contains("gpu_config"));
  if (!has_sections) {
    TENON_TRY(out.ranges, range_detail::read_ranges(document, "range"));
    return out;
  }
  TENON_TRY(range_detail::only(document, "file", {"dynamic_tuning_shapes", "gpu_config"}));
  if (document.contains("dynamic_tuning_shapes")) {
    TENON_TRY(out.ranges, range_detail::read_ranges(document["dynamic_tuning_shapes"],
                                                    "dynamic_tuning_shapes"));
  }
  if (document.contains("gpu_config"))
    TENON_TRY(range_detail::read_device(document["gpu_config"], out));
  return out;
}

/// The same from a file.
inline result<range_config> load_range_config(std::string_view path) {
  TENON_TRY(const std::string text, read_file(path, 1 << 24));
  auto out = read_range_config(text);
  if (!out) return std::move(out).failure().in(path);
  return out;
}

}  // namespace tenon::inline v0::tools
