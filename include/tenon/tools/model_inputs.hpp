#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/model.hpp"
#include "tenon/tensor/datum.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::tools {

/// Where the inputs of a run come from.
struct input_settings {
  std::vector<std::string> files;     ///< `NAME=FILE`, the last `=` splits, or `FILE` by position
  std::vector<std::string> dims;      ///< `SYMBOL=SIZE`; files have to agree with it
  std::optional<std::uint64_t> seed;  ///< inputs without a file are random, of sizes that fit them
};

/// The declared inputs of a model.
struct declared_inputs {
  std::vector<std::string> names;
  std::vector<ir::fact> facts;
  ir::symbol_context symbols;

  static declared_inputs of(const model& m) {
    declared_inputs out{{}, {}, m.program().symbols};
    for (std::size_t i = 0; i < m.input_count(); ++i) out.add(m.input_name(i), m.input(i));
    return out;
  }

  static declared_inputs of(const ir::graph& g) {
    declared_inputs out{{}, {}, g.symbols};
    for (const value_id v : g.inputs()) out.add(g[v].name, g.fact(v));
    return out;
  }

 private:
  void add(const std::string& name, const ir::fact& f) {
    names.push_back(name);
    facts.push_back(f);
  }
};

/// The inputs of a model in its order, read from .npy, .npz and image files or made from declared
/// shapes. Images are u8[height, width, channels].
result<std::vector<datum>> read_inputs(const declared_inputs& model,
                                       const input_settings& settings);

/// The same for sizes that are known already, all random.
result<std::vector<datum>> random_inputs(const declared_inputs& model,
                                         std::uint64_t seed,
                                         const bindings& sizes);

/// A tensor of random content: floats in [-1, 1), bytes of any value, other integers 0 or 1.
result<tensor> random_tensor(dtype type, const extents& dims, std::uint64_t seed);

/// Sizes of symbols from `SYMBOL=SIZE` texts.
result<bindings> read_dims(const ir::symbol_context& symbols, const std::vector<std::string>& dims);

/// The shapes of tensors among inputs; others have none.
std::vector<extents> shapes_of(const std::vector<datum>& inputs);

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_inputs.hpp"
#endif
