#pragma once

#include "tenon/ops/list.hpp"
#include "tenon/passes/fuse_epilogues.hpp"
#include "tenon/passes/pipelines.hpp"
#include "tenon/passes/rewrite_layout.hpp"
#include "tenon/tools/command_lists.hpp"

#include <algorithm>

namespace tenon::inline v0::tools {

namespace lists_detail {

inline constexpr passes::pass_info lowering[] = {passes::rewrite_layout::info,
                                                 passes::fuse_epilogues::info};

inline std::string onnx_names(const ir::op_type& op) {
  std::vector<std::string> out;
  for (const ir::onnx_import& o : op.onnx)
    out.push_back(cat(o.domain, o.domain.empty() ? "" : ".", o.name, " since ", o.since));
  return out.empty() ? "none" : join(out);
}

inline bool has_onnx_name(const ir::op_type& op, std::string_view name) {
  return std::any_of(op.onnx.begin(), op.onnx.end(), [&](const auto& o) { return o.name == name; });
}

inline std::string ports_of(std::span<const ir::port> ports) {
  std::vector<std::string> out;
  for (const ir::port& p : ports)
    out.push_back(cat(p.name, p.count == ir::port::arity::optional ? "?"
                              : p.count == ir::port::arity::many   ? "..."
                                                                   : ""));
  return join(out);
}

}  // namespace lists_detail

TENON_INLINE std::vector<std::string> pass_names() {
  std::vector<std::string> out;
  for (const passes::named_pass& p : passes::list) out.emplace_back(p.info.name);
  for (const rules::named_rules& s : rules::sets) out.push_back(cat("fuse(", s.name, ")"));
  for (const passes::pass_info& p : lists_detail::lowering) out.emplace_back(p.name);
  return out;
}

TENON_INLINE std::vector<std::string> rule_names() {
  std::vector<std::string> out;
  for (const rewrite::rule_view& r : rules::standard) out.emplace_back(r.name);
  return out;
}

TENON_INLINE result<std::string> list_ops(const std::string& name) {
  std::string out;
  for (const ir::op_type* op : ops::all_ops()) {
    if (!name.empty() && op->name != name && !lists_detail::has_onnx_name(*op, name)) continue;
    out += cat(op->name, "(", lists_detail::ports_of(op->inputs), ") -> ",
               lists_detail::ports_of(op->outputs), "; onnx: ", lists_detail::onnx_names(*op));
    if (!name.empty()) out += cat("; attributes: ", join(op->attribute_names));
    out += "\n";
  }
  if (out.empty()) return fail(code::option, "op ", quoted(name), " is unknown; see tenon ops");
  return name.empty() ? cat(out, ops::all_ops().size(), " ops\n") : out;
}

TENON_INLINE result<std::string> list_rules(const std::string& set) {
  std::string out;
  for (const rules::named_rules& s : rules::sets) {
    if (!set.empty() && s.name != set) continue;
    out += cat(s.name, ": ", s.summary, "; ", s.rules.size(), " rules\n");
    if (set.empty() && s.name == "standard") continue;
    for (const rewrite::rule_view& r : s.rules) {
      std::vector<std::string_view> roots;
      for (const ir::op_type* t : r.roots) roots.push_back(t->name);
      out += cat("  ", r.name, " at ", join(roots),
                 r.reassociates ? ", reorders floating point" : "", "\n");
    }
  }
  if (!out.empty()) return out;
  return fail(code::option, "rule set ", quoted(set), " is unknown; see tenon rules");
}

TENON_INLINE std::string list_passes() {
  std::string out;
  for (const passes::named_pass& p : passes::list)
    out += cat(p.info.name, p.argument.empty() ? "" : cat("(", p.argument, ")"), ": ",
               p.info.summary, "\n");
  for (const passes::pass_info& p : lists_detail::lowering)
    out += cat(p.name, ": ", p.summary, " (when a graph is lowered to the CPU)\n");
  for (const level l : {level::none, level::o1, level::o2})
    out += cat("level ", name_of(l), ": ", passes::pipeline_text(l), "\n");
  return out;
}

TENON_INLINE std::string list_errors() {
  std::string out;
  for (const code_info& row : code_table) {
    const int status = row.name == name_of(code::option) ? 2 : 1;
    out += cat(row.name, ": ", row.about, "; exit code ", status, "\n");
  }
  return out;
}

}  // namespace tenon::inline v0::tools
