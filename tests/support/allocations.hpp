#pragma once

#include <cstdint>

/// How often the program has asked operator new for memory, on any thread; the test program replaces the operator.
std::int64_t allocation_count();
