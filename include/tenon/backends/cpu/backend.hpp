#pragma once

#include "tenon/kernel/catalog.hpp"

#include <span>

namespace tenon::inline v0::cpu {

/// The kernels of the CPU, family by family, in order of preference.
std::span<const kernel::catalog> catalogs();

}  // namespace tenon::inline v0::cpu

#ifndef TENON_COMPILED
#include "tenon/impl/cpu_backend.hpp"
#endif
