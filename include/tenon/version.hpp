#pragma once

#define TENON_VERSION_MAJOR 0
#define TENON_VERSION_MINOR 1
#define TENON_VERSION_PATCH 0
#define TENON_VERSION "0.1.0"

namespace tenon {

/// Everything lives here, so that two versions of tenon can be linked into one program.
inline namespace v0 {}

}  // namespace tenon
