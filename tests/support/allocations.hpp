#pragma once

#include <cstdint>

/// How often this thread has asked operator new for memory; the test program replaces the operator.
std::int64_t allocation_count();
