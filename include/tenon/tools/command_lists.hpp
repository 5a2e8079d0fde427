#pragma once

#include "tenon/core/result.hpp"

#include <string>

namespace tenon::inline v0::tools {

/// `tenon ops [NAME]`: every op with its ONNX names; one op with ports and attributes.
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
