#pragma once

#include "tenon/ir/infer_context.hpp"

#include <span>
#include <string>
#include <vector>

namespace tenon::inline v0::ir {

/// Nesting of subgraphs beyond which a model is refused.
inline constexpr int max_subgraph_depth = 64;

/// Fails when the given inputs or outputs do not fit the ports of an op, or are of a kind it does not take.
status check_arity(const op_type& type, std::span<const fact* const> inputs, std::size_t outputs);

/// The output facts of an op for given input facts (null: absent input).
result<std::vector<fact>> infer_op(const any_op& op,
                                   std::span<const fact* const> inputs,
                                   std::size_t output_count,
                                   const symbol_context& symbols,
                                   std::string_view where,
                                   int depth = 0);

/// Whether the shape rule of an op has to look at the data of each run, because these facts do not decide all of it.
/// It applies the rule again, which may add symbols.
bool is_left_to_run(const any_op& op,
                    std::span<const fact* const> inputs,
                    std::size_t output_count,
                    const symbol_context& symbols);

/// The output facts of a body for given input facts over `symbols`, without changing it.
result<std::vector<fact>> infer_graph(const graph& g,
                                      std::span<const fact> inputs,
                                      const symbol_context& symbols,
                                      int depth);

/// Adds a node with inferred output facts; `outputs` names the output values ("" is an unwanted output).
result<node_id> append(graph& g,
                       any_op op,
                       std::span<const value_id> inputs,
                       std::span<const std::string> outputs,
                       std::string name = {},
                       origin from = {});

/// Infers every fact of a graph anew, in order; needed after input facts have changed.
status infer_all(graph& g);

}  // namespace tenon::inline v0::ir

#ifndef TENON_COMPILED
#include "tenon/impl/ir_append.hpp"
#endif
