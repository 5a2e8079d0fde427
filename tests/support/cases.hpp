#pragma once

#include <string_view>

namespace tenon_test {

/// Counts one case as skipped and prints the reason; for what only the run can know, such as absent data.
void skip_case(std::string_view name, std::string_view reason);

/// The reason for which tests/skips.txt excuses `name`; empty when it is not listed.
std::string_view listed_skip(std::string_view name);

}  // namespace tenon_test
