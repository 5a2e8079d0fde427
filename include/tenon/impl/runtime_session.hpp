#pragma once

#include "tenon/infer/interpreter.hpp"
#include "tenon/runtime/cpu_limits.hpp"
#include "tenon/runtime/session.hpp"
#include "tenon/runtime/thread_pool.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace tenon::inline v0 {

namespace session_detail {

inline constexpr std::uint32_t absent = kernel::call::absent;

/// The thread pool as kernels see it.
class pool_threads final : public kernel::parallel {
 public:
  explicit pool_threads(thread_pool& pool) : pool_(&pool) {}

  void run(std::int64_t count, std::int64_t grain, body work) override {
    pool_->parallel_for_workers(count, grain, work);
  }

  int width() const override { return pool_->threads(); }

 private:
  thread_pool* pool_;
};

/// Binds the one unknown symbol of an input size that is linear in it, or checks a known size.
inline status solve_for_input(dim d,
                              std::int64_t found,
                              bindings& symbols,
                              std::string_view where) {
  if (const auto known = evaluate(d, symbols)) {
    if (*known == found) return {};
    return fail(code::input, where, " is ", found, ", expected ", d, " = ", *known);
  }
  inline_vector<std::uint32_t, 8> in;
  collect_symbols(d, in);
  std::uint32_t open = absent;
  for (const std::uint32_t s : in) {
    if (symbols[s]) continue;
    if (open != absent && open != s) return {};
    open = s;
  }
  if (open == absent) return {};
  symbols.set(open, 0);
  const auto at_zero = evaluate(d, symbols);
  symbols.set(open, 1);
  const auto at_one = evaluate(d, symbols);
  if (at_zero && at_one && *at_one != *at_zero && (found - *at_zero) % (*at_one - *at_zero) == 0)
    symbols.set(open, (found - *at_zero) / (*at_one - *at_zero));
  if (evaluate(d, symbols) == found) return {};
  return fail(code::input, where, " is ", found, ", expected ", d, " for some size");
}

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

  result<tensor> allocate(std::size_t i, dtype type, const extents& dims) override;
  result<std::vector<datum>> run(const ir::graph& body, std::span<const datum> inputs) override;

  status check_limits() override { return env_->bounds.limits.check(); }

 private:
  void prepare();
  status check_input(std::size_t i, const datum& value) const;
  bool same_shapes(std::span<const datum> inputs) const;
  status bind(std::span<const datum> inputs);
  status bind_expressions();
  status resize();
  status place_arena();
  void set_shape(std::uint32_t v);
  std::int64_t bytes_of(std::uint32_t v) const;
  void point_inputs(std::span<const datum> inputs);
  status point_outputs();
  void point(std::uint32_t v, std::byte* data);
  status run_step(std::size_t i);
  status run_reference(const plan::step& s);
  status run_dynamic(std::size_t i);
  status run_dynamic_kernel(const plan::step& s, bool& done);
  void view_dynamic(std::uint32_t v);
  datum datum_of(std::uint32_t v) const;
  status collect();
  void drop_dead(std::size_t i);

  std::string name_of_input(std::size_t i) const {
    return cat("input ", quoted(p_->values[p_->inputs[i]].name));
  }

  const plan::program* p_;
  environment* env_;
  std::vector<kernel::array_view> views_;
  std::vector<std::int64_t> sizes_;                   // values of p_->sizes
  std::vector<extents> shapes_;                       // by value, what views_ point at
  std::vector<kernel::call> calls_;                   // by step
  std::vector<datum> values_;                         // by value, the dynamic ones
  std::vector<std::size_t> last_use_;                 // by value, for dynamic ones
  std::vector<std::vector<std::uint32_t>> views_of_;  // by value: views that follow its bytes
  std::vector<extents> last_inputs_;
  std::vector<datum> outputs_;
  std::vector<tensor> computed_;
  tensor arena_, scratch_;
  bindings symbols_;
  std::int64_t arena_bytes_ = 0;
  std::int64_t resizes_ = 0;
  bool has_shape_ = false;
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
    for (const std::uint32_t v : s.inputs)
      if (v != absent) last_use_[v] = i;
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
    return fail(code::input, name_of_input(i), " is missing: expected ", f.str());
  }
  if (f.what == ir::fact::kind::optional) return {};
  if (f.is_tensor() != value.is_tensor())
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
      TENON_TRY(solve_for_input(d, found, symbols_, cat(name_of_input(i), " axis ", k)));
    }
  }
  TENON_TRY(p_->symbols.facts().check_facts(symbols_));
  return p_->symbols.facts().check_deferred(symbols_);
}

inline std::int64_t executor::bytes_of(std::uint32_t v) const {
  std::int64_t bytes = static_cast<std::int64_t>(size_of(p_->values[v].fact.type));
  for (const std::uint32_t s : p_->values[v].sizes) {
    const auto more = checked_mul(bytes, sizes_[s]);
    if (!more) return -1;
    bytes = *more;
  }
  return bytes;
}

inline void executor::set_shape(std::uint32_t v) {
  const plan::buffer& b = p_->values[v];
  extents dims;
  for (const std::uint32_t s : b.sizes) dims.push_back(sizes_[s]);
  shapes_[v] = std::move(dims);
  kernel::array_view& view = views_[v];
  view.dims = shapes_[v].data();
  view.rank = static_cast<std::uint32_t>(shapes_[v].size());
  view.count = element_count(shapes_[v]);
}

inline void executor::point(std::uint32_t v, std::byte* data) {
  static std::byte nothing{};
  views_[v].data = data ? data : &nothing;
  for (const std::uint32_t w : views_of_[v]) point(w, data);
}

inline status executor::place_arena() {
  std::vector<std::int64_t> offsets;
  std::int64_t total = 0;
  for (const auto& slot : p_->slots) {
    offsets.push_back(total);
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
    for (const std::uint32_t v : p_->slots[i]) point(v, arena_.bytes() + offsets[i]);
  return {};
}

inline status executor::resize() {
  ++resizes_;
  has_shape_ = false;
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
        b.where == plan::place::unused || (b.sizes.size() != b.fact.rank()) || !b.fact.is_ranked)
      continue;
    for (const std::uint32_t s : b.sizes)
      if (sizes_[s] < 0)
        return fail(code::shape, "value ", quoted(b.name), ": ", b.fact.str(),
                    " has a negative size ", sizes_[s], " for these inputs");
    set_shape(v);
    if (b.where != plan::place::computed) continue;
    TENON_TRY(computed_[v], tensor::make(b.fact.type, shapes_[v]));
    std::vector<std::int64_t> content;
    for (const std::uint32_t s : b.elements) content.push_back(sizes_[s]);
    store_elements<std::int64_t>(content, computed_[v]);
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
    if (p_->values[v].sizes.size() == p_->values[v].fact.rank() && p_->values[v].fact.is_ranked &&
        p_->values[v].fact.is_tensor() && p_->values[v].fact.type != dtype::string) {
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
    const bool reusable = outputs_[i].is_tensor() && outputs_[i].as_tensor().dims() == shapes_[v] &&
                          !outputs_[i].as_tensor().memory().is_shared();
    if (!reusable) {
      TENON_TRY(tensor made, env_->bounds.memory.make(p_->values[v].fact.type, shapes_[v]));
      outputs_[i] = std::move(made);
    }
    point(v, outputs_[i].as_tensor().bytes());
  }
  return {};
}

inline datum executor::datum_of(std::uint32_t v) const {
  if (values_[v]) return values_[v];
  const kernel::array_view& a = views_[v];
  if (!a) return {};
  return tensor::over(a.type, shapes_[v], storage::borrow(a.data, a.bytes()));
}

inline result<tensor> executor::allocate(std::size_t i, dtype type, const extents& dims) {
  if (running_ && running_->what == plan::action::kernel && i < running_->outputs.size() &&
      running_->outputs[i] != absent) {
    const std::uint32_t v = running_->outputs[i];
    if (!(shapes_[v] == dims) || views_[v].type != type)
      return fail(code::shape, "output ", i, " is ", name_of(type), bracketed(dims),
                  ", planned as ", name_of(views_[v].type), bracketed(shapes_[v]));
    return tensor::over(type, dims, storage::borrow(views_[v].data, views_[v].bytes()));
  }
  return env_->bounds.memory.make(type, dims);
}

inline status executor::run_reference(const plan::step& s) {
  std::vector<datum> data;
  for (const std::uint32_t v : s.inputs) data.push_back(v == absent ? datum() : datum_of(v));
  std::vector<const datum*> pointers;
  for (std::size_t i = 0; i < data.size(); ++i) pointers.push_back(data[i] ? &data[i] : nullptr);
  ir::eval_context ctx(s.op, pointers, s.outputs.size(), *this);
  const plan::step* outer = std::exchange(running_, &s);
  auto done = s.op.reference(ctx);
  running_ = outer;
  TENON_TRY(std::move(done));
  for (std::size_t i = 0; i < s.outputs.size(); ++i) {
    const std::uint32_t v = s.outputs[i];
    if (v == absent) continue;
    datum& made = ctx.outputs()[i];
    if (s.what == plan::action::dynamic) {
      if (p_->values[v].where == plan::place::computed) continue;
      values_[v] = std::move(made);
      view_dynamic(v);
      continue;
    }
    if (!made.is_tensor())
      return fail(code::shape, "output ", i, " is ", made.str(), ", expected a tensor");
    const tensor& t = made.as_tensor();
    if (t.bytes() == views_[v].data) continue;
    if (!(t.dims() == shapes_[v]) || t.type() != views_[v].type)
      return fail(code::shape, "output ", i, " is ", t.str(), ", planned as ",
                  name_of(views_[v].type), bracketed(shapes_[v]));
    if (t.size_bytes() != 0) std::memcpy(views_[v].data, t.bytes(), t.size_bytes());
  }
  return {};
}

// A kernel on outputs whose shapes come from the rule applied to the data at hand.
inline status executor::run_dynamic_kernel(const plan::step& s, bool& done) {
  std::vector<datum> data;
  std::vector<ir::fact> facts;
  for (const std::uint32_t v : s.inputs) {
    data.push_back(v == absent ? datum() : datum_of(v));
    facts.push_back(data.back() ? ir::fact_of(data.back()) : ir::fact{});
  }
  std::vector<const ir::fact*> pointers;
  for (std::size_t i = 0; i < data.size(); ++i) pointers.push_back(data[i] ? &facts[i] : nullptr);
  const ir::symbol_context scope;
  ir::infer_context ctx(pointers, s.outputs.size(), scope);
  TENON_TRY(s.op.infer(ctx));
  for (const ir::fact& f : ctx.outputs())
    if (!f.is_concrete()) return {};
  for (std::size_t i = 0; i < s.outputs.size(); ++i) {
    const std::uint32_t v = s.outputs[i];
    if (v == absent || p_->values[v].where == plan::place::computed) continue;
    const ir::fact& f = ctx.outputs()[i];
    extents dims;
    for (const dim d : f.shape) {
      if (d.constant() < 0)
        return fail(code::shape, "output ", i, " has a negative size: ", f.str());
      dims.push_back(d.constant());
    }
    TENON_TRY(tensor made, env_->bounds.memory.make(f.type, dims));
    values_[v] = std::move(made);
    view_dynamic(v);
  }
  kernel::call c = calls_[static_cast<std::size_t>(&s - p_->steps.data())];
  tensor scratch;
  if (s.kernel->scratch_bytes) {
    const std::size_t bytes = s.kernel->scratch_bytes(c);
    TENON_TRY(scratch,
              env_->bounds.memory.make(dtype::u8, extents{static_cast<std::int64_t>(bytes)}));
    c.scratch = scratch.bytes();
  }
  done = true;
  return s.kernel->run(c);
}

inline status executor::run_dynamic(std::size_t i) {
  const plan::step& s = p_->steps[i];
  bool done = false;
  if (s.kernel) TENON_TRY(run_dynamic_kernel(s, done));
  if (!done) TENON_TRY(run_reference(s));
  drop_dead(i);
  return {};
}

inline void executor::drop_dead(std::size_t i) {
  const auto drop = [&](std::uint32_t v) {
    if (v != absent && p_->values[v].where == plan::place::dynamic && last_use_[v] == i)
      values_[v] = {};
  };
  for (const std::uint32_t v : p_->steps[i].inputs) drop(v);
  for (const std::uint32_t v : p_->steps[i].outputs) drop(v);
}

inline status executor::run_step(std::size_t i) {
  const plan::step& s = p_->steps[i];
  switch (s.what) {
    case plan::action::nothing:
      return {};
    case plan::action::copy: {
      const kernel::array_view &from = views_[s.inputs[0]], &to = views_[s.outputs[0]];
      if (to.count != 0) std::memcpy(to.data, from.data, to.bytes());
      return {};
    }
    case plan::action::dynamic:
      return run_dynamic(i);
    case plan::action::kernel:
      break;
  }
  return s.kernel ? s.kernel->run(calls_[i]) : run_reference(s);
}

inline result<std::vector<datum>> executor::run(const ir::graph& body,
                                                std::span<const datum> inputs) {
  const plan::step* outer = std::exchange(running_, nullptr);

  struct restore {
    const plan::step*& slot;
    const plan::step* value;

    ~restore() { slot = value; }
  } on_exit{running_, outer};

  executor* nested = nullptr;
  for (auto& [graph, made] : bodies_)
    if (graph == &body) nested = made.get();
  for (const plan::nested_program& n : p_->bodies) {
    if (nested || n.body != &body) continue;
    bodies_.emplace_back(&body, std::make_unique<executor>(*n.plan, *env_));
    nested = bodies_.back().second.get();
  }
  if (nested && nested->accepts(inputs)) {
    TENON_TRY(nested->run(inputs));
    return nested->outputs();
  }
  return interpreter(env_->bounds).run(body, inputs);
}

inline status executor::collect() {
  for (std::size_t i = 0; i < p_->outputs.size(); ++i) {
    const std::uint32_t v = p_->outputs[i];
    const plan::buffer& b = p_->values[v];
    if (b.where == plan::place::output && b.source == i) continue;
    const datum made = datum_of(v);
    if (!made.is_tensor() || b.where == plan::place::dynamic) {
      outputs_[i] = made;
      continue;
    }
    TENON_TRY(tensor copy,
              env_->bounds.memory.make(made.as_tensor().type(), made.as_tensor().dims()));
    if (copy.type() == dtype::string)
      std::copy_n(made.as_tensor().data<std::string>(), copy.size(), copy.data<std::string>());
    else if (copy.size() != 0)
      std::memcpy(copy.bytes(), made.as_tensor().bytes(), copy.size_bytes());
    outputs_[i] = std::move(copy);
  }
  return {};
}

inline status executor::run(std::span<const datum> inputs) {
  if (inputs.size() != p_->inputs.size())
    return fail(code::input, "model ", quoted(p_->name), " has ", p_->inputs.size(),
                " inputs, found ", inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) TENON_TRY(check_input(i, inputs[i]));
  if (!same_shapes(inputs)) {
    has_shape_ = false;
    TENON_TRY(bind(inputs));
    TENON_TRY(resize());
  }
  point_inputs(inputs);
  TENON_TRY(point_outputs());
  for (std::size_t i = 0; i < p_->steps.size(); ++i) {
    TENON_TRY(check_limits());
    const auto start =
        env_->profile ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
    auto done = run_step(i);
    if (!done) return std::move(done).failure().in(p_->steps[i].label);
    if (!env_->profile) continue;
    times_[i].total_ns += (std::chrono::steady_clock::now() - start).count();
    ++times_[i].runs;
  }
  return collect();
}

}  // namespace session_detail

class session::state {
 public:
  state(model m, const session_options& options) : model_(std::move(m)) {
    if (options.pool) {
      pool_ = options.pool;
    } else if (options.threads > 0) {
      own_pool_ = std::make_unique<thread_pool>(thread_pool_options{.threads = options.threads});
      pool_ = own_pool_.get();
    } else {
      pool_ = &thread_pool::shared();
    }
    threads_ = std::make_unique<session_detail::pool_threads>(*pool_);
    const std::int64_t limit =
        options.memory_limit_bytes > 0 ? options.memory_limit_bytes : default_memory_limit();
    env_.bounds.memory = memory_budget(limit);
    env_.bounds.limits.cancelled = &cancelled_;
    env_.threads = threads_.get();
    env_.profile = options.profile;
    time_limit_ = options.time_limit;
    executor_ = std::make_unique<session_detail::executor>(model_.program(), env_);
  }

  static std::int64_t default_memory_limit() {
    const std::uint64_t bytes = read_cpu_limits().memory_bytes;
    return bytes == 0 ? memory_budget::unlimited : static_cast<std::int64_t>(bytes);
  }

  result<run_outputs> run(std::span<const datum> inputs) {
    cancelled_ = false;
    if (time_limit_) env_.bounds.limits.deadline = std::chrono::steady_clock::now() + *time_limit_;
    TENON_TRY(executor_->run(inputs));
    return run_outputs(model_.program(), executor_->outputs());
  }

  result<run_outputs> run(std::span<const named_value> inputs);

  model model_;
  thread_pool* pool_ = nullptr;
  std::unique_ptr<thread_pool> own_pool_;
  std::unique_ptr<session_detail::pool_threads> threads_;
  session_detail::environment env_;
  std::unique_ptr<session_detail::executor> executor_;
  std::optional<std::chrono::nanoseconds> time_limit_;
  std::atomic<bool> cancelled_{false};
  std::vector<datum> ordered_;
};

inline result<run_outputs> session::state::run(std::span<const named_value> inputs) {
  const plan::program& p = model_.program();
  ordered_.assign(p.inputs.size(), {});
  const auto known = [&] {
    std::vector<std::string> names;
    for (const std::uint32_t v : p.inputs) names.push_back(quoted(p.values[v].name));
    return bracketed(names);
  };
  for (const named_value& in : inputs) {
    std::size_t i = 0;
    while (i < p.inputs.size() && p.values[p.inputs[i]].name != in.name) ++i;
    if (i == p.inputs.size())
      return fail(code::input, "input ", quoted(in.name), " is unknown; the model has ", known());
    if (ordered_[i]) return fail(code::input, "input ", quoted(in.name), " is given twice");
    ordered_[i] = in.value;
  }
  return run(std::span<const datum>(ordered_));
}

TENON_INLINE session::session(model m, session_options options)
    : state_(std::make_unique<state>(std::move(m), options)) {}

TENON_INLINE session::session(session&&) noexcept = default;
TENON_INLINE session& session::operator=(session&&) noexcept = default;
TENON_INLINE session::~session() = default;

TENON_INLINE result<run_outputs> session::run(std::span<const named_value> inputs) {
  return state_->run(inputs);
}

TENON_INLINE result<run_outputs> session::run_positional(std::span<const datum> inputs) {
  return state_->run(inputs);
}

TENON_INLINE const model& session::compiled() const {
  return state_->model_;
}

TENON_INLINE std::int64_t session::arena_bytes() const {
  return state_->executor_->arena_bytes();
}

TENON_INLINE std::int64_t session::peak_bytes() const {
  return state_->env_.bounds.memory.peak_bytes();
}

TENON_INLINE std::int64_t session::resizes() const {
  return state_->executor_->resizes();
}

TENON_INLINE std::span<const step_time> session::profile() const {
  return state_->executor_->times();
}

TENON_INLINE void session::cancel() {
  state_->cancelled_ = true;
}

TENON_INLINE const tensor& run_outputs::operator[](std::string_view name) const {
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (program_->output_names[i] == name) return values_[i].as_tensor();
  std::vector<std::string> names;
  for (const std::string& n : program_->output_names) names.push_back(quoted(n));
  raise(
      fail(code::input, "output ", quoted(name), " is unknown; the model has ", bracketed(names)));
}

}  // namespace tenon::inline v0
