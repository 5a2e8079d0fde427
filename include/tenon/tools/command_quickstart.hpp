#pragma once

#include "tenon/core/function_ref.hpp"
#include "tenon/tools/model_inputs.hpp"
#include "tenon/tools/open_model.hpp"
#include "tenon/tools/optimize.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::tools {

/// `tenon quickstart`: writes a demonstration model or takes the user's, loads it, optimizes it for a range, saves
/// it, and times the optimized plan beside the unoptimized one.
struct quickstart_command {
  std::string model;  ///< empty: the demonstration network
  std::string output_dir = "quickstart";
  std::vector<std::string> dims;  ///< `SYMBOL=SIZE` for symbols that are no batch
  int threads = 0;

  /// Tells `say` what is going on, line by line.
  status operator()(function_ref<void(std::string_view)> say) const;
};

/// A range made from the symbols of a graph: the first dims of inputs go from 1 to 10 with the opts 5 and 8, other
/// symbols have one size, given or chosen. Sizes respect what is known of the symbols.
class derived_range {
 public:
  static result<derived_range> of(const ir::graph& g, const bindings& given);

  const shape_range& range() const { return range_; }

  bool is_dynamic() const { return is_dynamic_; }

  /// Sizes of all symbols for a batch.
  bindings sizes(std::int64_t batch) const;

  /// The nearest batch that the symbols allow.
  std::int64_t allowed(std::int64_t batch) const;

 private:
  result<std::vector<extents>> shapes(const ir::graph& g, std::int64_t batch) const;

  std::vector<dim> batches_;
  std::int64_t lowest_ = 1, highest_ = 10;
  bindings others_;
  shape_range range_;
  bool is_dynamic_ = false;
};

}  // namespace tenon::inline v0::tools

#ifndef TENON_COMPILED
#include "tenon/impl/tools_derived_range.hpp"
#include "tenon/impl/tools_quickstart.hpp"
#endif
