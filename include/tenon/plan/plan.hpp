#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/kernel/catalog.hpp"
#include "tenon/symbol/dim.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenon::inline v0::plan {

/// Where the bytes of a value are during a run.
enum class place : unsigned char {
  unused,    ///< nobody reads it
  input,     ///< memory of the caller
  constant,  ///< weights, shared by all sessions
  arena,     ///< a slot of the session's arena
  output,    ///< a graph output with a buffer of its own
  view,      ///< the bytes of another value, seen with another shape
  computed,  ///< a small integer tensor, evaluated from the sizes of the inputs
  dynamic,   ///< known only during the run: data-dependent shape, sequence, optional
};

/// A value of a planned model.
struct buffer {
  std::string name;
  ir::fact fact;
  place where = place::unused;
  std::uint32_t source = 0;  ///< view: the value it looks at; input and output: its position
  std::vector<std::uint32_t>
      sizes;  ///< indices into `program::sizes`, one per axis; empty when dynamic
  std::vector<std::uint32_t> elements;  ///< computed: indices into `program::sizes`

  /// Whether only the run knows the sizes, of an input too.
  bool is_open() const {
    const bool is_planned = fact.is_tensor() && fact.is_ranked && fact.type != dtype::string &&
                            sizes.size() == fact.rank();
    return where == place::dynamic || (where == place::input && !is_planned);
  }
};

/// How a step is carried out.
enum class action : unsigned char {
  kernel,   ///< a kernel writes planned outputs
  nothing,  ///< outputs are views
  copy,     ///< input 0 is copied to output 0
  dynamic,  ///< outputs are allocated during the run
};

/// A node with its kernel.
struct step {
  std::string label;  ///< for errors and profiles
  ir::any_op op;
  const kernel::entry* kernel = nullptr;  ///< null: the reference kernel
  kernel::prepared state;
  std::vector<std::uint32_t> inputs,
      outputs;  ///< value indices, `kernel::call::absent` where missing
  action what = action::kernel;
  bool is_left_to_run = false;        ///< its shape rule is applied again to the data of each run
  std::vector<std::string> refusals;  ///< kernels that did not take the node, and why
};

struct program;

/// The plan of a subgraph of some op.
struct nested_program {
  const ir::graph* body;
  std::shared_ptr<const program> plan;
};

/// A graph ready to run: kernels chosen, memory planned as a function of the symbols. Immutable.
struct program {
  std::string name;
  ir::graph_metadata metadata;
  ir::symbol_context symbols;
  std::vector<buffer> values;
  std::vector<step> steps;
  std::vector<std::vector<std::uint32_t>> slots;  ///< arena values that share memory, by slot
  std::vector<std::uint32_t> inputs, outputs;
  std::vector<std::string> output_names;
  std::vector<dim> sizes;  ///< every distinct extent and computed element
  std::vector<nested_program> bodies;

  /// Arena bytes as an expression of the input symbols.
  dim peak_bytes() const;

  /// Bytes of constants, packed copies included.
  std::size_t weight_bytes() const;
};

}  // namespace tenon::inline v0::plan

#ifndef TENON_COMPILED
#include "tenon/impl/plan_program.hpp"
#endif
