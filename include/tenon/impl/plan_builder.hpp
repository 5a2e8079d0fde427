#pragma once

#include "tenon/ir/append.hpp"
#include "tenon/plan/plan.hpp"

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenon::inline v0::plan {

struct build_options;

namespace build_detail {

inline constexpr std::uint32_t absent = kernel::call::absent;

/// Collects distinct size expressions.
class size_table {
 public:
  explicit size_table(std::vector<dim>& sizes) : sizes_(&sizes) {}

  std::uint32_t operator()(dim d) {
    const auto [it, is_new] = index_.try_emplace(d.hash(), std::vector<std::uint32_t>{});
    for (const std::uint32_t i : it->second)
      if ((*sizes_)[i] == d) return i;
    it->second.push_back(static_cast<std::uint32_t>(sizes_->size()));
    sizes_->push_back(d);
    return it->second.back();
  }

 private:
  std::vector<dim>* sizes_;
  std::unordered_map<std::size_t, std::vector<std::uint32_t>> index_;
};

/// The facts of a node, as kernels ask for them.
class node_facts {
 public:
  node_facts(const ir::graph& g, node_id n) {
    for (const value_id v : g[n].inputs) in_.push_back(v ? &g.fact(v) : nullptr);
    for (const value_id v : g[n].outputs) out_.push_back(v ? &g.fact(v) : nullptr);
  }

  kernel::query query(const step& s) const { return {&s.op, in_, out_}; }

  bool is_left_to_run(const ir::any_op& op, const ir::symbol_context& symbols) const {
    return ir::is_left_to_run(op, in_, out_.size(), symbols);
  }

 private:
  std::vector<const ir::fact*> in_, out_;
};

/// The state of one build.
class builder {
 public:
  builder(ir::graph graph, const build_options& options)
      : g_(std::move(graph)),
        options_(&options),
        plan_(std::make_shared<program>()),
        sizes_(plan_->sizes) {}

  result<std::shared_ptr<const program>> run();

 private:
  void know_input_symbols();
  bool is_known(dim d) const;
  bool is_static(const ir::fact& f) const;
  bool is_computed(value_id v) const;
  void add_values();
  status add_steps();
  void choose_kernel(node_id n, step& s);
  status prepare_kernels();
  static std::uint64_t preparation_key(const step& s, const std::vector<buffer>& values);
  const step* prepared_alike(const step& s) const;
  status add_bodies(const ir::any_op& op);
  void spread_dynamic();
  void find_needed();
  void place_outputs(std::size_t index);
  void place_values();

  // Looks at input 0 alone; what other inputs say is known.
  static bool is_view(const step& s) {
    return s.op.has(ir::view) && s.what != action::dynamic && !s.is_left_to_run &&
           s.inputs[0] != absent;
  }

  ir::graph g_;
  const build_options* options_;
  std::shared_ptr<program> plan_;
  size_table sizes_;
  std::vector<bool> known_symbols_;
  std::vector<bool> needed_;                                      // by value
  std::vector<bool> is_live_;                                     // by step
  std::unordered_multimap<std::uint64_t, std::size_t> prepared_;  // steps by `preparation_key`
  std::vector<std::pair<std::size_t, node_id>> to_prepare_;       // steps and their nodes
  std::vector<std::pair<std::size_t, std::size_t>>
      shares_;  // steps and those they share state with
};

}  // namespace build_detail

}  // namespace tenon::inline v0::plan
