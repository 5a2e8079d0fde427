#pragma once

#include "tenon/impl/runtime_executor.hpp"
#include "tenon/ir/infer_context.hpp"
#include "tenon/runtime/pool_threads.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

namespace session_detail {

inline datum executor::datum_of(std::uint32_t v) const {
  if (values_[v] || !p_->values[v].fact.is_tensor()) return values_[v];
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

// Ops that pass an input on hand out bytes of the arena, which later steps overwrite: such data is copied.
inline status detach(datum& value, memory_budget& memory) {
  for (datum& item : value.items()) TENON_TRY(detach(item, memory));
  if (!value.is_tensor() || !value.as_tensor().memory().is_borrowed()) return {};
  const tensor& from = value.as_tensor();
  if (from.type() == dtype::string) return {};
  TENON_TRY(tensor copy, memory.make(from.type(), from.dims()));
  if (from.size_bytes() != 0) std::memcpy(copy.bytes(), from.bytes(), from.size_bytes());
  value = std::move(copy);
  return {};
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
      TENON_TRY(detach(made, env_->bounds.memory));
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

// The rule applied to the data at hand: what it demands of sizes is checked.
inline result<std::vector<ir::fact>> executor::infer_now(const plan::step& s) const {
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
  return std::move(ctx.outputs());
}

// For planned outputs where the demands on sizes are not among the deferred checks of the plan:
// the sizes come from data, or the plan is that of a body.
inline status executor::check_planned(const plan::step& s) const {
  if (s.what == plan::action::nothing || s.what == plan::action::copy) {
    const std::uint32_t from = s.inputs[0], to = s.outputs[0];  // other inputs need not be there
    if (views_[from].count == views_[to].count) return {};
    return fail(code::shape, "output 0 is planned as ", bracketed(shapes_[to]), ", found input ",
                bracketed(shapes_[from]));
  }
  TENON_TRY(const auto facts, infer_now(s));
  for (std::size_t i = 0; i < s.outputs.size(); ++i) {
    const std::uint32_t v = s.outputs[i];
    const auto dims = facts[i].is_ranked ? to_extents(facts[i].shape) : std::nullopt;
    if (v != absent && dims && !(*dims == shapes_[v]))
      return fail(code::shape, "output ", i, " is ", facts[i].str(), ", planned as ",
                  name_of(views_[v].type), bracketed(shapes_[v]));
  }
  return {};
}

// A kernel on outputs whose shapes come from the rule applied to the data at hand.
inline status executor::run_dynamic_kernel(const plan::step& s, bool& done) {
  TENON_TRY(const auto facts, infer_now(s));
  for (const ir::fact& f : facts)
    if (!f.is_concrete()) return {};
  for (std::size_t i = 0; i < s.outputs.size(); ++i) {
    const std::uint32_t v = s.outputs[i];
    if (v == absent || p_->values[v].where == plan::place::computed) continue;
    const ir::fact& f = facts[i];
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
  const bool checks_itself =
      s.what == plan::action::dynamic || (s.what == plan::action::kernel && !s.kernel);
  if ((reads_open_[i] || is_unchecked_) && !checks_itself) TENON_TRY(check_planned(s));
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
    auto copy = env_->bounds.memory.make(made.as_tensor().type(), made.as_tensor().dims());
    if (!copy) return std::move(copy).failure().in(name_of_output(i));
    if (copy->type() == dtype::string)
      std::copy_n(made.as_tensor().data<std::string>(), copy->size(), copy->data<std::string>());
    else if (copy->size() != 0)
      std::memcpy(copy->bytes(), made.as_tensor().bytes(), copy->size_bytes());
    outputs_[i] = *std::move(copy);
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
  is_unchecked_ = false;
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
    threads_ = std::make_unique<pool_threads>(*pool_);
    const std::int64_t limit =
        options.memory_limit_bytes > 0 ? options.memory_limit_bytes : default_memory_limit();
    env_.bounds.memory = memory_budget(limit);
    env_.bounds.limits.cancelled = &cancelled_;
    env_.threads = threads_.get();
    env_.profile = options.profile;
    time_limit_seconds_ = options.time_limit_seconds;
    executor_ = std::make_unique<session_detail::executor>(model_.program(), env_);
  }

  static std::int64_t default_memory_limit() {
    const std::uint64_t bytes = read_cpu_limits().memory_bytes;
    return bytes == 0 ? memory_budget::unlimited : static_cast<std::int64_t>(bytes);
  }

  result<run_outputs> run(std::span<const datum> inputs) {
    cancelled_.set(false);
    env_.bounds.limits.end_in(time_limit_seconds_);
    TENON_TRY(executor_->run(inputs));
    return run_outputs(model_.program(), executor_->outputs());
  }

  result<run_outputs> run(std::span<const named_value> inputs);

  model model_;
  thread_pool* pool_ = nullptr;
  std::unique_ptr<thread_pool> own_pool_;
  std::unique_ptr<pool_threads> threads_;
  session_detail::environment env_;
  std::unique_ptr<session_detail::executor> executor_;
  double time_limit_seconds_ = 0;
  shared_flag cancelled_;
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
    : state_(new state(std::move(m), options)) {}

TENON_INLINE session::session(session&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)) {}

TENON_INLINE session& session::operator=(session&& other) noexcept {
  delete std::exchange(state_, std::exchange(other.state_, nullptr));
  return *this;
}

TENON_INLINE session::~session() {
  delete state_;
}

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
  state_->cancelled_.set(true);
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
