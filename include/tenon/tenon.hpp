#pragma once

/// Everything for embedding: load, optimize, run.
#include "tenon/formats/onnx/import.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"
#include "tenon/version.hpp"
