#pragma once

#include "tenon/impl/plan_builder.hpp"
#include "tenon/ir/append.hpp"
#include "tenon/plan/build.hpp"
#include "tenon/plan/memory.hpp"
#include "tenon/symbol/solve.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <variant>

namespace tenon::inline v0::plan {

namespace build_detail {

// As the executor binds them: plain symbols first, then what one expression after the other gives.
inline void builder::know_input_symbols() {
  known_symbols_.assign(g_.symbols.scope().symbols().size(), false);
  for (const bool are_plain : {true, false})
    for (const value_id v : g_.inputs())
      for (const dim d : g_.fact(v).shape) {
        if (d.is_symbol() != are_plain || !g_.fact(v).is_tensor() || !g_.fact(v).is_ranked)
          continue;
        const auto found =
            solvable_symbol(d, [&](std::uint32_t s) { return bool(known_symbols_[s]); });
        if (found) known_symbols_[*found] = true;
      }
}

inline bool builder::is_known(dim d) const {
  if (d.is_constant()) return true;
  if (d.is_overflow()) return false;
  inline_vector<std::uint32_t, 8> found;
  collect_symbols(d, found);
  for (const std::uint32_t s : found)
    if (s >= known_symbols_.size() || !known_symbols_[s]) return false;
  return true;
}

inline bool builder::is_static(const ir::fact& f) const {
  if (!f.is_tensor() || !f.is_ranked || f.type == dtype::undefined || f.type == dtype::string)
    return false;
  return std::all_of(f.shape.begin(), f.shape.end(), [this](dim d) { return is_known(d); });
}

inline bool builder::is_computed(value_id v) const {
  const ir::fact& f = g_.fact(v);
  if (!g_[v].producer || !f.elements || !is_static(f)) return false;
  if (f.type != dtype::i64 && f.type != dtype::i32) return false;
  return std::all_of(f.elements->begin(), f.elements->end(), [this](dim d) { return is_known(d); });
}

inline void builder::add_values() {
  plan_->values.resize(g_.value_capacity());
  for (std::uint32_t i = 0; i < plan_->values.size(); ++i) {
    const value_id v(i);
    buffer& b = plan_->values[i];
    b.name = g_[v].name;
    b.fact = g_.fact(v);
    if (!g_[v].producer) {
      b.where = b.fact.is_constant() ? place::constant : place::input;
    } else if (is_computed(v)) {
      b.where = place::computed;
      for (const dim d : *b.fact.elements) b.elements.push_back(sizes_(d));
    } else {
      b.where = is_static(b.fact) ? place::arena : place::dynamic;
    }
    if (b.where != place::dynamic && is_static(b.fact))
      for (const dim d : b.fact.shape) b.sizes.push_back(sizes_(d));
  }
  for (std::uint32_t i = 0; i < g_.inputs().size(); ++i) {
    plan_->values[g_.inputs()[i].index].source = i;
    plan_->inputs.push_back(g_.inputs()[i].index);
  }
  for (const value_id v : g_.outputs()) plan_->outputs.push_back(v.index);
  plan_->output_names.assign(g_.output_names().begin(), g_.output_names().end());
}

inline status builder::add_bodies(const ir::any_op& op) {
  for (const auto& [name, body] : op.bodies()) {
    TENON_TRY(auto nested, build(*body, *options_));
    plan_->bodies.push_back({&*body, std::move(nested)});
  }
  return {};
}

// Equal for steps that may share what was prepared: their kernel and their first constant.
inline std::uint64_t builder::preparation_key(const step& s, const std::vector<buffer>& values) {
  const auto first = std::find_if(s.inputs.begin(), s.inputs.end(), [&](std::uint32_t v) {
    return v != absent && values[v].fact.is_constant();
  });
  const std::uint64_t constant = first == s.inputs.end() ? absent : *first;
  return reinterpret_cast<std::uintptr_t>(s.kernel) * 0x9E3779B97F4A7C15U + constant;
}

// An earlier step with the same kernel and attributes over the same constants and inputs alike.
inline const step* builder::prepared_alike(const step& s) const {
  const auto alike = [&](std::uint32_t a, std::uint32_t b) {
    if (a == b) return true;
    if (a == absent || b == absent) return false;
    const ir::fact &x = plan_->values[a].fact, &y = plan_->values[b].fact;
    return !x.is_constant() && !y.is_constant() && x.type == y.type && x.is_ranked == y.is_ranked &&
           x.rank() == y.rank();
  };
  const auto [begin, end] = prepared_.equal_range(preparation_key(s, plan_->values));
  for (auto it = begin; it != end; ++it) {
    const step& other = plan_->steps[it->second];
    if (other.kernel == s.kernel && other.inputs.size() == s.inputs.size() &&
        std::equal(s.inputs.begin(), s.inputs.end(), other.inputs.begin(), alike) &&
        other.op == s.op)
      return &other;
  }
  return nullptr;
}

inline void builder::choose_kernel(node_id n, step& s) {
  if (options_->reference_only) return;
  const node_facts facts(g_, n);
  const kernel::query q = facts.query(s);
  for (const kernel::catalog& kernels : options_->catalogs) {
    s.kernel = kernel::choose(kernels, q, [&](const kernel::entry& e, const char* reason) {
      s.refusals.push_back(cat(e.name, ": ", reason));
    });
    if (s.kernel) break;
  }
  if (!s.kernel || !s.kernel->prepare) return;
  const auto self = static_cast<std::size_t>(&s - plan_->steps.data());
  if (const step* other = prepared_alike(s)) {
    shares_.emplace_back(self, static_cast<std::size_t>(other - plan_->steps.data()));
    return;
  }
  to_prepare_.emplace_back(self, n);
  prepared_.emplace(preparation_key(s, plan_->values), self);
}

// Packs the constants of the kernels, on all threads: it is most of the time of a build.
inline status builder::prepare_kernels() {
  std::vector<status> done(to_prepare_.size());
  const auto prepare = [&](std::int64_t begin, std::int64_t end, int) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      step& s = plan_->steps[to_prepare_[i].first];
      const node_facts facts(g_, to_prepare_[i].second);
      auto made = s.kernel->prepare(facts.query(s));
      if (made)
        s.state = *std::move(made);
      else
        done[i] = std::move(made).failure().in(s.label);
    }
  };
  const auto count = static_cast<std::int64_t>(to_prepare_.size());
  if (options_->threads != nullptr && count > 1)
    options_->threads->run(count, 1, prepare);
  else
    prepare(0, count, 0);
  for (status& s : done) TENON_TRY(std::move(s));
  for (const auto& [sharer, owner] : shares_)
    plan_->steps[sharer].state = plan_->steps[owner].state;
  return {};
}

inline status builder::add_steps() {
  const auto order = g_.order();
  if (order.size() != g_.node_count())
    return fail(code::graph, "graph ", quoted(g_.name), " has a cycle");
  for (const node_id n : order) {
    step s;
    s.label = ir::describe(g_, n);
    s.op = g_[n].op;
    s.is_left_to_run = node_facts(g_, n).is_left_to_run(s.op, g_.symbols);
    for (const value_id v : g_[n].inputs) s.inputs.push_back(v ? v.index : absent);
    for (const value_id v : g_[n].outputs) s.outputs.push_back(v ? v.index : absent);
    plan_->steps.push_back(std::move(s));
  }
  spread_dynamic();
  find_needed();
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!is_live_[i]) continue;
    step& s = plan_->steps[i];
    if (s.op.has(ir::holds_graphs)) TENON_TRY(add_bodies(s.op));
    place_outputs(i);
    if (s.what == action::kernel || s.what == action::dynamic) choose_kernel(order[i], s);
  }
  return prepare_kernels();
}

// Walks backwards from the outputs: a step whose outputs are unread or computed from sizes never runs.
inline void builder::find_needed() {
  needed_.assign(plan_->values.size(), false);
  is_live_.assign(plan_->steps.size(), false);
  for (const std::uint32_t v : plan_->outputs) needed_[v] = true;
  for (std::size_t i = plan_->steps.size(); i-- > 0;) {
    const step& s = plan_->steps[i];
    for (const std::uint32_t v : s.outputs)
      if (v != absent && needed_[v] && plan_->values[v].where != place::computed)
        is_live_[i] = true;
    if (!is_live_[i]) continue;
    for (std::size_t k = 0; k < (is_view(s) ? 1 : s.inputs.size()); ++k)
      if (s.inputs[k] != absent) needed_[s.inputs[k]] = true;
  }
}

// A step with one dynamic output, or views of dynamic bytes, allocates during the run.
inline void builder::spread_dynamic() {
  auto& values = plan_->values;
  for (step& s : plan_->steps) {
    bool is_dynamic = s.op.has(ir::view) && s.inputs[0] != absent && values[s.inputs[0]].is_open();
    for (const std::uint32_t v : s.outputs)
      is_dynamic = is_dynamic || (v != absent && values[v].where == place::dynamic);
    if (!is_dynamic) continue;
    s.what = action::dynamic;
    for (const std::uint32_t v : s.outputs)
      if (v != absent && values[v].where != place::computed) values[v].where = place::dynamic;
  }
}

inline void builder::place_outputs(std::size_t index) {
  step& s = plan_->steps[index];
  if (s.what == action::dynamic) return;
  auto& values = plan_->values;
  for (std::uint32_t& v : s.outputs)
    if (v != absent && (!needed_[v] || values[v].where == place::computed)) v = absent;
  if (!is_view(s)) return;
  buffer& y = values[s.outputs[0]];
  const bool is_output =
      std::find(plan_->outputs.begin(), plan_->outputs.end(), s.outputs[0]) != plan_->outputs.end();
  if (is_output) {
    s.what = action::copy;
    return;
  }
  s.what = action::nothing;
  y.where = place::view;
  y.source = s.inputs[0];
}

inline void builder::place_values() {
  auto& values = plan_->values;
  for (std::uint32_t v = 0; v < values.size(); ++v) {
    const bool keeps = values[v].where == place::input;
    if (!needed_[v] && !keeps) values[v].where = place::unused;
  }
  for (std::uint32_t i = 0; i < plan_->outputs.size(); ++i) {
    buffer& b = values[plan_->outputs[i]];
    if (b.where == place::arena) {
      b.where = place::output;
      b.source = i;
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < plan_->steps.size(); ++i) {
    if (!is_live_[i]) continue;
    if (kept != i) plan_->steps[kept] = std::move(plan_->steps[i]);
    ++kept;
  }
  plan_->steps.resize(kept);
}

inline result<std::shared_ptr<const program>> builder::run() {
  g_.compact();
  plan_->name = g_.name;
  plan_->metadata = g_.metadata;
  plan_->symbols = g_.symbols;
  know_input_symbols();
  add_values();
  TENON_TRY(add_steps());
  place_values();
  share_slots(*plan_, options_->typical);
  return std::shared_ptr<const program>(std::move(plan_));
}

}  // namespace build_detail

TENON_INLINE result<std::shared_ptr<const program>> build(ir::graph graph,
                                                          const build_options& options) {
  return build_detail::builder(std::move(graph), options).run();
}

}  // namespace tenon::inline v0::plan
