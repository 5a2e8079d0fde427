#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/eval_context.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/cpu_limits.hpp"
#include "tenon/runtime/session.hpp"
#include "tenon/symbol/solve.hpp"
#include "tenon/symbol/table.hpp"
#include "tenon/tensor/convert.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tenon::inline v0 {

namespace session_detail {

inline constexpr std::uint32_t absent = kernel::call::absent;

/// What executors of one session share: limits, memory account, threads.
struct environment {
  interpret_options bounds;
  kernel::parallel* threads = nullptr;
  bool profile = false;
};

/// The memory and the views of one plan in one session, and the loop over its steps.
class executor final : public ir::eval_host {
 public:
  executor(const plan::program& program, environment& env) : p_(&program), env_(&env) { prepare(); }

  status run(std::span<const datum> inputs);

  /// Whether the inputs fit what the graph declares; bodies of loops may outgrow it.
  bool accepts(std::span<const datum> inputs) {
    if (inputs.size() != p_->inputs.size()) return false;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (!check_input(i, inputs[i])) return false;
    if (same_shapes(inputs)) return true;
    has_shape_ = false;
    return bind(inputs).has_value();
  }

  std::vector<datum>& outputs() { return outputs_; }

  std::int64_t arena_bytes() const { return arena_bytes_; }

  std::int64_t resizes() const { return resizes_; }

  std::span<const step_time> times() const { return times_; }

  TENON_INLINE result<tensor> allocate(std::size_t i, dtype type, const extents& dims) override;
  TENON_INLINE result<std::vector<datum>> run(const ir::graph& body,
                                              std::span<const datum> inputs) override;

  status check_limits() override { return env_->bounds.limits.check(); }

 private:
  void prepare();
  status check_input(std::size_t i, const datum& value) const;
  bool same_shapes(std::span<const datum> inputs) const;
  status bind(std::span<const datum> inputs);
  status bind_expressions();
  status resize();
  status place_arena();
  bool set_shape(std::uint32_t v);
  std::int64_t bytes_of(std::uint32_t v) const;
  void point_inputs(std::span<const datum> inputs);
  status point_outputs();
  void point(std::uint32_t v, std::byte* data);
  status run_step(std::size_t i);
  status run_reference(const plan::step& s);
  result<std::vector<ir::fact>> infer_now(const plan::step& s) const;
  status check_planned(const plan::step& s) const;
  status run_dynamic(std::size_t i);
  status run_dynamic_kernel(const plan::step& s, bool& done);
  void view_dynamic(std::uint32_t v);
  datum datum_of(std::uint32_t v) const;
  status collect();
  void drop_dead(std::size_t i);

  std::string name_of_output(std::size_t i) const {
    return cat("output ", quoted(p_->output_names[i]));
  }

  std::string name_of_input(std::size_t i) const {
    return cat("input ", quoted(p_->values[p_->inputs[i]].name));
  }

  const plan::program* p_;
  environment* env_;
  std::vector<kernel::array_view> views_;
  std::vector<std::int64_t> sizes_;                   // values of p_->sizes
  std::vector<extents> shapes_;                       // by value, what views_ point at
  std::vector<kernel::call> calls_;                   // by step
  std::vector<bool> reads_open_;                      // by step: what only the run knows
  std::vector<datum> values_;                         // by value, the dynamic ones
  std::vector<std::size_t> last_use_;                 // by value, for dynamic ones
  std::vector<std::vector<std::uint32_t>> views_of_;  // by value: views that follow its bytes
  std::vector<extents> last_inputs_;
  std::vector<datum> outputs_;
  std::vector<tensor> computed_;
  std::vector<std::int64_t> offsets_, content_;  // of slots; of one computed value
  tensor arena_, scratch_;
  bindings symbols_;
  std::int64_t arena_bytes_ = 0;
  std::int64_t resizes_ = 0;
  bool has_shape_ = false;
  bool is_unchecked_ = false;  // no run of these sizes has met the demands of all steps
  const plan::step* running_ = nullptr;
  std::vector<std::pair<const ir::graph*, std::unique_ptr<executor>>> bodies_;
  std::vector<step_time> times_;
};

inline void executor::prepare() {
  const std::size_t n = p_->values.size();
  views_.resize(n);
  shapes_.resize(n);
  values_.resize(n);
  last_use_.assign(n, 0);
  views_of_.resize(n);
  sizes_.resize(p_->sizes.size());
  outputs_.resize(p_->outputs.size());
  computed_.resize(n);
  for (std::uint32_t v = 0; v < n; ++v) {
    const plan::buffer& b = p_->values[v];
    views_[v].type = b.fact.type;
    if (b.where == plan::place::view) views_of_[b.source].push_back(v);
    if (b.where != plan::place::constant) continue;
    const tensor& t = b.fact.constant;
    shapes_[v] = t.dims();
    views_[v] = {t.bytes(), shapes_[v].data(), t.size(), static_cast<std::uint32_t>(t.rank()),
                 t.type()};
  }
  for (std::size_t i = 0; i < p_->steps.size(); ++i) {
    const plan::step& s = p_->steps[i];
    kernel::call c;
    c.op = s.op.data();
    c.views = views_.data();
    c.inputs = s.inputs;
    c.outputs = s.outputs;
    c.state = &s.state;
    c.threads = env_->threads;
    calls_.push_back(c);
    reads_open_.push_back(s.is_left_to_run);
    for (const std::uint32_t v : s.inputs) {
      if (v == absent) continue;
      last_use_[v] = i;
      if (p_->values[v].is_open()) reads_open_.back() = true;
    }
    for (const std::uint32_t v : s.outputs)
      if (v != absent) last_use_[v] = std::max(last_use_[v], i);
  }
  for (const std::uint32_t v : p_->outputs) last_use_[v] = p_->steps.size();
  if (env_->profile)
    for (const plan::step& s : p_->steps)
      times_.push_back({s.label, s.kernel ? s.kernel->name : std::string_view("reference"), 0, 0});
}

inline status executor::check_input(std::size_t i, const datum& value) const {
  const ir::fact& f = p_->values[p_->inputs[i]].fact;
  if (!value) {
    if (f.what == ir::fact::kind::optional) return {};
    return fail(code::input, name_of_input(i), " is missing: expected ", f.str(),
                "; give it a value (tenon run: --input NAME=FILE or --random SEED)");
  }
  const bool wants_sequence = f.what == ir::fact::kind::sequence || f.holds_sequence;
  bool is_fit = wants_sequence == value.is_sequence();
  for (const datum& item : value.items())
    is_fit = is_fit && item.is_tensor() && item.as_tensor().type() == f.type;
  if (!is_fit)
    return fail(code::input, name_of_input(i), " is a ", value.str(), ", expected ", f.str());
  if (!value.is_tensor()) return {};
  const tensor& t = value.as_tensor();
  if (f.type != dtype::undefined && t.type() != f.type)
    return fail(code::input, name_of_input(i), " has dtype ", name_of(t.type()), ", expected ",
                name_of(f.type), "; convert it first");
  if (f.is_ranked && t.rank() != f.rank())
    return fail(code::input, name_of_input(i), " has shape ", bracketed(t.dims()), " of rank ",
                t.rank(), ", expected ", bracketed(f.shape), " of rank ", f.rank());
  return {};
}

inline bool executor::same_shapes(std::span<const datum> inputs) const {
  if (!has_shape_) return false;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].is_tensor() && !(inputs[i].as_tensor().dims() == last_inputs_[i])) return false;
  return true;
}

// Plain symbols take their values from the inputs; a second reading must agree.
inline status executor::bind(std::span<const datum> inputs) {
  symbols_.clear();
  last_inputs_.assign(inputs.size(), {});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::fact& f = p_->values[p_->inputs[i]].fact;
    if (!inputs[i].is_tensor()) continue;
    last_inputs_[i] = inputs[i].as_tensor().dims();
    if (!f.is_ranked || !f.is_tensor()) continue;
    for (std::size_t k = 0; k < f.rank(); ++k) {
      const dim d = f.shape[k];
      const std::int64_t found = last_inputs_[i][k];
      if (d.is_constant() && d.constant() != found)
        return fail(code::input, name_of_input(i), " has shape ", bracketed(last_inputs_[i]),
                    ", expected ", bracketed(f.shape), ": axis ", k, " is ", found, ", expected ",
                    d);
      if (!d.is_symbol()) continue;
      const auto known = symbols_[d.symbol_id()];
      if (known && *known != found)
        return fail(code::input, name_of_input(i), " axis ", k, " gives ", d, " = ", found,
                    ", but another input gave ", d, " = ", *known);
      symbols_.set(d, found);
    }
  }
  return bind_expressions();
}

inline status executor::bind_expressions() {
  for (std::size_t i = 0; i < last_inputs_.size(); ++i) {
    const ir::fact& f = p_->values[p_->inputs[i]].fact;
    if (!f.is_ranked || last_inputs_[i].size() != f.rank()) continue;
    for (std::size_t k = 0; k < f.rank(); ++k) {
      const dim d = f.shape[k];
      if (d.is_constant() || d.is_symbol()) continue;
      const std::int64_t found = last_inputs_[i][k];
      const auto known = evaluate(d, symbols_);
      if (solve(d, found, symbols_) == solved::no)
        return fail(code::input, name_of_input(i), " axis ", k, " is ", found, ", expected ", d,
                    known ? cat(" = ", *known) : std::string(" for some size"));
    }
  }
  TENON_TRY(p_->symbols.facts().check_facts(symbols_));
  return p_->symbols.facts().check_deferred(symbols_);
}

inline std::int64_t executor::bytes_of(std::uint32_t v) const {
  const auto each = static_cast<std::int64_t>(size_of(p_->values[v].fact.type));
  return checked_mul(views_[v].count, each).value_or(-1);
}

// False when the elements outgrow 64 bits.
inline bool executor::set_shape(std::uint32_t v) {
  const plan::buffer& b = p_->values[v];
  extents dims;
  for (const std::uint32_t s : b.sizes) dims.push_back(sizes_[s]);
  const auto count = checked_product(std::span(dims.data(), dims.size()));
  if (!count) return false;
  shapes_[v] = std::move(dims);
  kernel::array_view& view = views_[v];
  view.dims = shapes_[v].data();
  view.rank = static_cast<std::uint32_t>(shapes_[v].size());
  view.count = *count;
  return true;
}

inline void executor::point(std::uint32_t v, std::byte* data) {
  static std::byte nothing{};
  views_[v].data = data ? data : &nothing;
  for (const std::uint32_t w : views_of_[v]) point(w, data);
}

inline status executor::place_arena() {
  offsets_.clear();
  std::int64_t total = 0;
  for (const auto& slot : p_->slots) {
    offsets_.push_back(total);
    std::int64_t largest = 0;
    for (const std::uint32_t v : slot) {
      const std::int64_t bytes = bytes_of(v);
      if (bytes < 0)
        return fail(code::resource, "value ", quoted(p_->values[v].name), ": ",
                    p_->values[v].fact.str(), " outgrows 64 bits for these inputs");
      largest = std::max(largest, bytes);
    }
    const auto next = checked_add(total, (largest + 63) / 64 * 64);
    if (!next || largest > (std::int64_t{1} << 62))
      return fail(code::resource, "memory limit: the arena outgrows 64 bits for these inputs");
    total = *next;
  }
  if (total > arena_bytes_ || !arena_) {
    arena_ = {};
    TENON_TRY(arena_, env_->bounds.memory.make(dtype::u8, extents{total}));
  }
  arena_bytes_ = std::max(arena_bytes_, total);
  for (std::size_t i = 0; i < p_->slots.size(); ++i)
    for (const std::uint32_t v : p_->slots[i]) point(v, arena_.bytes() + offsets_[i]);
  return {};
}

inline status executor::resize() {
  ++resizes_;
  has_shape_ = false;
  is_unchecked_ = p_->symbols.is_body();
  for (std::size_t i = 0; i < sizes_.size(); ++i) {
    const auto size = evaluate(p_->sizes[i], symbols_);
    if (!size)
      return fail(code::shape, "size ", p_->sizes[i],
                  " has no value for these inputs: division by zero or overflow");
    sizes_[i] = *size;
  }
  for (std::uint32_t v = 0; v < p_->values.size(); ++v) {
    const plan::buffer& b = p_->values[v];
    if (b.where == plan::place::constant || b.where == plan::place::dynamic ||
        !b.fact.is_tensor() || b.where == plan::place::unused ||
        (b.sizes.size() != b.fact.rank()) || !b.fact.is_ranked)
      continue;
    for (const std::uint32_t s : b.sizes)
      if (sizes_[s] < 0)
        return fail(code::shape, "value ", quoted(b.name), ": ", b.fact.str(),
                    " has a negative size ", sizes_[s], " for these inputs");
    if (!set_shape(v))
      return fail(code::resource, "value ", quoted(b.name), ": ", b.fact.str(),
                  " outgrows 64 bits for these inputs");
    if (b.where != plan::place::computed) continue;
    if (computed_[v].type() != b.fact.type || !(computed_[v].dims() == shapes_[v])) {
      TENON_TRY(computed_[v], tensor::make(b.fact.type, shapes_[v]));
    }
    content_.clear();
    for (const std::uint32_t s : b.elements) content_.push_back(sizes_[s]);
    store_elements<std::int64_t>(content_, computed_[v]);
    point(v, computed_[v].bytes());
  }
  for (std::uint32_t v = 0; v < p_->values.size(); ++v)
    if (p_->values[v].where == plan::place::constant) point(v, views_[v].data);
  TENON_TRY(place_arena());
  std::size_t scratch = 0;
  for (std::size_t i = 0; i < p_->steps.size(); ++i) {
    const plan::step& s = p_->steps[i];
    if (s.what == plan::action::kernel && s.kernel && s.kernel->scratch_bytes)
      scratch = std::max(scratch, s.kernel->scratch_bytes(calls_[i]));
  }
  if (scratch > scratch_.size_bytes()) {
    scratch_ = {};
    TENON_TRY(scratch_,
              env_->bounds.memory.make(dtype::u8, extents{static_cast<std::int64_t>(scratch)}));
  }
  for (kernel::call& c : calls_) c.scratch = scratch_.bytes();
  has_shape_ = true;
  return {};
}

inline void executor::view_dynamic(std::uint32_t v) {
  if (!values_[v].is_tensor()) return;
  const tensor& t = values_[v].as_tensor();
  shapes_[v] = t.dims();
  views_[v] = {t.bytes(), shapes_[v].data(), t.size(), static_cast<std::uint32_t>(t.rank()),
               t.type()};
}

inline void executor::point_inputs(std::span<const datum> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::uint32_t v = p_->inputs[i];
    if (!p_->values[v].is_open()) {
      point(v, inputs[i].as_tensor().bytes());
    } else {
      values_[v] = inputs[i];
      view_dynamic(v);
    }
  }
}

// An output buffer that the caller still holds is left to the caller.
inline status executor::point_outputs() {
  for (std::size_t i = 0; i < p_->outputs.size(); ++i) {
    const std::uint32_t v = p_->outputs[i];
    if (p_->values[v].where != plan::place::output || p_->values[v].source != i) continue;
    const bool is_free = outputs_[i].is_tensor() && !outputs_[i].as_tensor().memory().is_shared();
    const dtype type = p_->values[v].fact.type;
    const std::int64_t bytes = bytes_of(v);
    if (is_free && type != dtype::string && bytes >= 0 &&
        static_cast<std::size_t>(bytes) <= outputs_[i].as_tensor().memory().bytes()) {
      storage memory = outputs_[i].as_tensor().memory();
      outputs_[i] = tensor::over(type, shapes_[v], std::move(memory));
    } else if (!is_free || !(outputs_[i].as_tensor().dims() == shapes_[v])) {
      auto made = env_->bounds.memory.make(type, shapes_[v]);
      if (!made) return std::move(made).failure().in(name_of_output(i));
      outputs_[i] = *std::move(made);
    }
    point(v, outputs_[i].as_tensor().bytes());
  }
  return {};
}

}  // namespace session_detail

}  // namespace tenon::inline v0
