#pragma once

#include "tenon/ir/append.hpp"
#include "tenon/ir/eval_context.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

/// How a single op runs.
struct eager_options {
  bool reference_only = false;  ///< the reference kernel, also where the CPU has a faster one
  int threads = 1;
};

namespace eager_detail {

/// Small integer tensors are constants, because shape rules read them; what is absent stays absent.
inline result<ir::graph> graph_of(ir::any_op op,
                                  std::span<const datum> inputs,
                                  std::size_t count,
                                  std::vector<datum>& data) {
  ir::graph g;
  std::vector<value_id> ids;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = cat("input_", i);
    if (!inputs[i]) {
      ids.emplace_back();
      continue;
    }
    ir::fact f = ir::fact_of(inputs[i]);
    if (f.is_constant()) {
      ids.push_back(g.add_constant(name, f.constant));
      continue;
    }
    ids.push_back(g.add_input(name, std::move(f)));
    data.push_back(inputs[i]);
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(cat("output_", i));
  const std::string label(op.name());
  TENON_TRY(const node_id n, ir::append(g, std::move(op), ids, names, label, {{label}}));
  for (std::size_t i = 0; i < count; ++i) g.add_output(g[n].outputs[i], names[i]);
  return g;
}

}  // namespace eager_detail

/// Runs one op on data at once, with the checks and the kernel that a compiled graph has: for debugging and tests. An
/// empty datum is an absent input; `outputs` is how many outputs to make.
inline result<std::vector<datum>> eager(ir::any_op op,
                                        std::span<const datum> inputs,
                                        std::size_t outputs,
                                        const eager_options& options = {}) {
  std::vector<datum> data;
  TENON_TRY(ir::graph g, eager_detail::graph_of(std::move(op), inputs, outputs, data));
  TENON_TRY(const compiled made, compile(std::move(g), {.level = level::none,
                                                        .reference_only = options.reference_only}));
  session s(made.model, {.threads = options.threads});
  TENON_TRY(const auto found, s.run_positional(data));
  std::vector<datum> out;
  for (std::size_t i = 0; i < found.size(); ++i) out.push_back(found.value(i));
  return out;
}

/// The same for an op with one output: `eager(ops::matmul{}, {a, b})`.
inline result<tensor> eager(ir::any_op op,
                            std::initializer_list<tensor> inputs,
                            const eager_options& options = {}) {
  const std::vector<datum> data(inputs.begin(), inputs.end());
  TENON_TRY(auto out, eager(std::move(op), data, 1, options));
  if (!out[0].is_tensor())
    return fail(code::input, "eager: output 0 is ", out[0].str(), ", expected a tensor");
  return out[0].as_tensor();
}

}  // namespace tenon::inline v0
