#pragma once

#include "tenon/core/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::tools {

/// What `--disable-pass` may name: the passes of pipelines, each `fuse(SET)`, and the passes that lower a graph.
std::vector<std::string> pass_names();

/// What `--disable-rule` may name.
std::vector<std::string> rule_names();

/// `tenon ops [NAME]`: every op with its ONNX names; one op, by its name here or in ONNX, with ports and attributes.
result<std::string> list_ops(const std::string& name);

/// `tenon rules [SET]`: sets of rules and their rules.
result<std::string> list_rules(const std::string& set);

/// `tenon passes`: passes and the pipelines of the levels.
std::string list_passes();

/// `tenon errors`: the codes of errors and what they are about.
std::string list_errors();

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_lists.hpp"
#endif
