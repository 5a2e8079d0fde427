#pragma once

/// The bodies of tenon/tools that TENON_COMPILED leaves out: include it in exactly one source file.
#ifndef TENON_COMPILED
#error "tenon/implementation_tools.hpp: define TENON_COMPILED for every source file of the program"
#endif

#include "tenon/impl/tools_bench.hpp"
#include "tenon/impl/tools_check.hpp"
#include "tenon/impl/tools_compare.hpp"
#include "tenon/impl/tools_demo.hpp"
#include "tenon/impl/tools_derived_range.hpp"
#include "tenon/impl/tools_difference.hpp"
#include "tenon/impl/tools_inputs.hpp"
#include "tenon/impl/tools_inspect.hpp"
#include "tenon/impl/tools_lists.hpp"
#include "tenon/impl/tools_open_model.hpp"
#include "tenon/impl/tools_optimize.hpp"
#include "tenon/impl/tools_optimize_command.hpp"
#include "tenon/impl/tools_outputs.hpp"
#include "tenon/impl/tools_quickstart.hpp"
#include "tenon/impl/tools_report.hpp"
#include "tenon/impl/tools_run.hpp"
