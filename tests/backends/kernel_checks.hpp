#pragma once

#include "tenon/backends/cpu/backend.hpp"
#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/infer_context.hpp"
#include "tenon/tensor/convert.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "support/near.hpp"
#include <doctest/doctest.h>

namespace kernel_checks {

using tenon::datum;
using tenon::dtype;
using tenon::extents;
using tenon::tensor;

/// One node with its data; every kernel that takes the node must agree with the reference.
struct kernel_case {
  tenon::ir::any_op op;
  std::vector<datum> inputs;  ///< an empty one is absent
  unsigned constants = 0;     ///< bit i: input i is known at compile time
  std::size_t outputs = 1;
  double tolerance = 2e-5;  ///< of 1 + |expected|
  bool fails = false;       ///< the reference and every kernel refuse the data
};

using cases = std::vector<kernel_case>;

/// Numbers of [low, high), the same for the same seed.
inline tensor reals(extents dims, std::uint32_t seed, double low = -1, double high = 1) {
  tensor t(dtype::f32, std::move(dims));
  std::uint32_t state = seed * 2654435761U + 12345U;
  for (float& v : t.elements<float>()) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<float>(low + (high - low) * (state >> 8) / 16777216.0);
  }
  return t;
}

/// Whole numbers of [low, high] in any integer or bool type.
inline tensor wholes(dtype type, extents dims, std::uint32_t seed, int low, int high) {
  tensor t(type, std::move(dims));
  std::vector<double> values(static_cast<std::size_t>(t.size()));
  std::uint32_t state = seed * 2246822519U + 7U;
  for (double& v : values) {
    state = state * 1664525U + 1013904223U;
    v = low + static_cast<int>((state >> 10) % static_cast<std::uint32_t>(high - low + 1));
  }
  tenon::store_elements<double>(std::span<const double>(values), t);
  return t;
}

inline tensor list(std::initializer_list<std::int64_t> values) {
  return tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

inline tensor list(std::initializer_list<float> values) {
  return tensor::of<float>({static_cast<std::int64_t>(values.size())}, values);
}

/// Gives out ranges of `grain` from the last to the first, or one range for all.
class test_threads final : public tenon::kernel::parallel {
 public:
  explicit test_threads(int width) : width_(width) {}

  void run(std::int64_t count, std::int64_t grain, body work) override {
    if (count == 0) return;
    if (width_ == 1) return work(0, count, 0);
    const std::int64_t step = grain < 1 ? 1 : grain, parts = (count + step - 1) / step;
    for (std::int64_t i = parts; i-- > 0;)
      work(i * step, std::min(count, (i + 1) * step), static_cast<int>(i % width_));
  }

  int width() const override { return width_; }

 private:
  int width_;
};

/// Memory between two walls; touching a wall or leaving garbage is seen.
class walled {
 public:
  explicit walled(std::size_t bytes) : bytes_(bytes), memory_(bytes + 2 * wall + 64, mark) {}

  std::byte* data() {
    const auto at = reinterpret_cast<std::uintptr_t>(memory_.data()) + wall;
    return reinterpret_cast<std::byte*>((at + 63) / 64 * 64);
  }

  bool is_whole() {
    const std::byte* first = memory_.data();
    return std::all_of(first, static_cast<const std::byte*>(data()), is_mark) &&
           std::all_of(static_cast<const std::byte*>(data()) + bytes_, first + memory_.size(),
                       is_mark);
  }

 private:
  static constexpr std::size_t wall = 128;
  static constexpr std::byte mark{0xA5};

  static bool is_mark(std::byte b) { return b == mark; }

  std::size_t bytes_;
  std::vector<std::byte> memory_;
};

/// Floats of 32 bits within the tolerance of 1 + |expected|, all else to the bit.
inline std::string mismatch(const tensor& found, const tensor& wanted, double tolerance) {
  const std::string differs = tenon_tests::difference(found, wanted, {tolerance, tolerance});
  if (!differs.empty() || wanted.type() == dtype::f32 || identical(found, wanted)) return differs;
  return "bits differ";
}

/// A node as the plan builder sees it: facts of inputs, outputs from the shape rule.
struct node_facts {
  std::vector<tenon::ir::fact> in, out;
  std::vector<const tenon::ir::fact*> in_pointers, out_pointers;
  tenon::ir::symbol_context symbols;

  explicit node_facts(const kernel_case& c) {
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      if (!c.inputs[i]) {
        in.emplace_back();
        continue;
      }
      const tensor& t = c.inputs[i].as_tensor();
      tenon::ir::fact f = tenon::ir::fact::of_constant(t);
      if ((c.constants >> i & 1U) == 0) {
        f.constant = {};
        f.elements.reset();
      }
      in.push_back(std::move(f));
    }
    for (std::size_t i = 0; i < in.size(); ++i)
      in_pointers.push_back(c.inputs[i] ? &in[i] : nullptr);
    tenon::ir::infer_context ctx(in_pointers, c.outputs, symbols);
    const auto inferred = c.op.infer(ctx);
    REQUIRE_MESSAGE(inferred, c.op.name() << ": " << (inferred ? "" : inferred.failure().message));
    out = std::move(ctx.outputs());
    for (const auto& f : out) out_pointers.push_back(&f);
  }

  tenon::kernel::query query(const kernel_case& c) const {
    return {&c.op, in_pointers, out_pointers};
  }
};

/// The kernels of all families that take a node.
inline std::vector<const tenon::kernel::entry*> takers(const kernel_case& c) {
  const node_facts facts(c);
  std::vector<const tenon::kernel::entry*> found;
  for (const tenon::kernel::catalog family : tenon::cpu::catalogs())
    for (const tenon::kernel::entry& e : family)
      if (e.op == c.op.type().id && e.refuse(facts.query(c)) == nullptr) found.push_back(&e);
  return found;
}

/// Runs one kernel on a case in different ways and compares with the reference outputs.
class kernel_run {
 public:
  kernel_run(const kernel_case& c, const tenon::kernel::entry& e, const std::vector<datum>* wanted)
      : c_(c), e_(e), wanted_(wanted), facts_(c) {}

  void check() {
    if (e_.prepare) {
      auto made = e_.prepare(facts_.query(c_));
      REQUIRE_MESSAGE(made, (made ? "" : made.failure().message));
      state_ = *std::move(made);
    }
    if (!wanted_) {
      CHECK_FALSE(run(1, none, none));
      return;
    }
    run(1, none, none);
    const std::vector<tensor> whole = results_;
    run(3, none, none);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      INFO("output ", i, " in parts");
      CHECK(mismatch(results_[i], whole[i], 0) == "");
    }
    if (c_.outputs > 1)
      for (std::size_t i = 0; i < c_.outputs; ++i) run(3, none, i);
    if (!e_.in_place) return;
    const tensor& y = (*wanted_)[0].as_tensor();
    for (std::size_t i = 0; i < c_.inputs.size(); ++i) {
      if (!c_.inputs[i]) continue;
      const tensor& x = c_.inputs[i].as_tensor();
      if (x.dims() == y.dims() && size_of(x.type()) == size_of(y.type())) run(3, i, none);
    }
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  /// One run; input `in_place` lies where output 0 does, output `dropped` is not wanted.
  bool run(int width, std::size_t in_place, std::size_t dropped) {
    test_threads threads(width);
    std::vector<tensor> data;
    std::vector<walled> memory;
    tenon::kernel::call call;
    std::vector<std::uint32_t> in, out;
    for (const datum& d : c_.inputs) {
      in.push_back(d ? static_cast<std::uint32_t>(data.size()) : call.absent);
      if (d) data.push_back(d.as_tensor().clone());
    }
    const std::size_t inputs = data.size();
    if (wanted_)
      for (std::size_t i = 0; i < c_.outputs; ++i) {
        out.push_back(i == dropped ? call.absent : static_cast<std::uint32_t>(data.size()));
        if (i != dropped) data.push_back((*wanted_)[i].as_tensor());
      }
    else
      add_inferred(data, out);
    std::vector<tenon::kernel::array_view> views;
    for (const tensor& t : data)
      views.push_back(
          {t.bytes(), t.dims().data(), t.size(), static_cast<std::uint32_t>(t.rank()), t.type()});
    for (std::size_t v = inputs; v < data.size(); ++v) {
      memory.emplace_back(data[v].size_bytes());
      views[v].data = memory.back().data();
    }
    if (in_place != none) {
      std::memcpy(views[inputs].data, data[in[in_place]].bytes(), data[inputs].size_bytes());
      views[in[in_place]].data = views[inputs].data;
    }
    call.op = c_.op.data();
    call.views = views.data();
    call.inputs = in;
    call.outputs = out;
    call.state = &state_;
    call.threads = &threads;
    walled scratch(e_.scratch_bytes ? e_.scratch_bytes(call) : 0);
    call.scratch = scratch.data();
    const tenon::status done = e_.run(call);
    CHECK(scratch.is_whole());
    for (walled& m : memory) CHECK(m.is_whole());
    if (!wanted_) return done.has_value();
    INFO("threads ", width, ", in place of ", static_cast<int>(in_place), ", without output ",
         static_cast<int>(dropped));
    CHECK_MESSAGE(done, (done ? "" : done.failure().message));
    results_.clear();
    for (std::size_t i = 0, v = inputs; i < c_.outputs; ++i) {
      if (i == dropped) continue;
      tensor made(data[v].type(), data[v].dims());
      std::copy_n(views[v].data, made.size_bytes(), made.bytes());
      INFO("output ", i);
      CHECK(mismatch(made, (*wanted_)[i].as_tensor(), c_.tolerance) == "");
      results_.push_back(std::move(made));
      ++v;
    }
    for (std::size_t i = 0, v = 0; i < c_.inputs.size(); ++i)
      if (c_.inputs[i]) CHECK(mismatch(data[v++], c_.inputs[i].as_tensor(), 0) == "");
    return done.has_value();
  }

  void add_inferred(std::vector<tensor>& data, std::vector<std::uint32_t>& out) const {
    for (const auto& f : facts_.out) {
      extents dims;
      for (const tenon::dim d : f.shape) dims.push_back(d.constant());
      out.push_back(static_cast<std::uint32_t>(data.size()));
      data.emplace_back(f.type, dims);
    }
  }

  const kernel_case& c_;
  const tenon::kernel::entry& e_;
  const std::vector<datum>* wanted_;
  node_facts facts_;
  tenon::kernel::prepared state_;
  std::vector<tensor> results_;
};

inline std::string describe(const kernel_case& c) {
  std::string text(c.op.name());
  for (const datum& d : c.inputs) text += " " + d.str();

  struct printer final : tenon::ir::attribute_visitor {
    std::string text;

    void operator()(std::string_view n, const tenon::ir::attribute_value& v, bool same) override {
      if (!same) text += tenon::cat(" ", n, "=", tenon::ir::to_text(v));
    }
  } print;

  c.op.visit(print);
  return text + print.text;
}

/// Every kernel that takes a case against the reference; a case without a kernel fails.
inline void check_all(const cases& all) {
  for (const kernel_case& c : all) {
    CAPTURE(describe(c));
    std::vector<const datum*> pointers;
    for (const datum& d : c.inputs) pointers.push_back(d ? &d : nullptr);
    auto wanted = tenon::interpreter().evaluate(c.op, pointers, c.outputs);
    CHECK_MESSAGE(wanted.has_value() == !c.fails, (wanted ? "" : wanted.failure().message));
    const auto kernels = takers(c);
    CHECK_MESSAGE(!kernels.empty(), "no kernel takes it");
    for (const tenon::kernel::entry* e : kernels) {
      CAPTURE(e->name);
      kernel_run(c, *e, wanted ? &*wanted : nullptr).check();
    }
  }
}

/// The nodes that the kernels are tested with, by group.
cases pointwise_cases();
cases linear_cases();
cases row_cases();
cases spatial_cases();
cases movement_cases();
cases quantized_cases();
cases forest_cases();
cases recurrent_cases();

}  // namespace kernel_checks
