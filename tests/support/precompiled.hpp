#pragma once

#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ir/eval_context.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
