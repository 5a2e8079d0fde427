#pragma once

// Extents as formulas: `dim` itself is in expression.hpp, its owner in scope.hpp.
#include "tenon/symbol/expression.hpp"
#include "tenon/symbol/scope.hpp"
