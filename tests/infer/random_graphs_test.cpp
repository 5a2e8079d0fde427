#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/pooling.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/resize.hpp"
#include "tenon/ops/selection.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"
#include "tenon/symbol/table.hpp"

#include <cmath>
#include <random>

#include "support/near.hpp"
#include <doctest/doctest.h>

// Random graphs over symbolic sizes: what is inferred must be what the reference kernels make, and a session must make
// the same numbers from it.

using namespace tenon;

namespace {

class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {
    constexpr const char* names[] = {"n", "m", "k"};
    const auto size = [&]() -> declared_dim {
      const std::int64_t pick = draw(0, 4);
      return pick < 3 ? declared_dim(names[pick]) : declared_dim(pick == 3 ? 1 : 4);
    };
    values_.push_back(b_.input("a", dtype::f32, {size(), size()}));
    values_.push_back(b_.input("b", dtype::f32, {size(), size(), size()}));
    values_.push_back(b_.input("c", dtype::f32, {size(), 3, size(), size()}));
    is_exact_.assign(values_.size(), true);
  }

  /// A graph whose outputs are all of its values.
  result<ir::graph> make(int nodes) {
    for (int i = 0; i < nodes; ++i) {
      const std::size_t at = pick();
      x_ = values_[at];
      is_exact_x_ = is_exact_[at];
      rank_ = static_cast<std::int64_t>(b_.fact(x_).rank());
      if (!b_.fact(x_).is_ranked || rank_ > 5) continue;
      add_one();
    }
    for (std::size_t i = 3; i < values_.size(); ++i) b_.output(cat("out_", i), values_[i]);
    return b_.finish();
  }

 private:
  std::int64_t draw(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  std::size_t pick() {
    return static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(values_.size()) - 1));
  }

  value_id list(std::vector<std::int64_t> v) {
    const extents dims{static_cast<std::int64_t>(v.size())};
    return b_.constant(cat("constant_", count_++),
                       tensor::of<std::int64_t>(dims, std::span<const std::int64_t>(v)));
  }

  std::int64_t axis() { return draw(-rank_, rank_ - 1); }

  void keep(value_id v, bool is_exact = true) {
    if (!v) return;
    values_.push_back(v);
    is_exact_.push_back(is_exact && is_exact_x_);
  }

  void add_one() {
    const std::int64_t kind = draw(0, 19);
    if (kind < 2) return keep(b_.add(ops::relu{}, {x_}));
    if (kind == 2) return keep(b_.add(ops::add{}, {x_, b_.add(ops::neg{}, {x_})}));
    if (kind == 3) return add_pair();
    if (rank_ == 0) return keep(b_.add(ops::unsqueeze{}, {x_, list({0})}));
    if (kind < 12) return add_movement(kind);
    if (kind < 16) return add_sizes(kind);
    if (rank_ == 4) return add_image(kind);
    // What is zero depends on the order of a mean's sum.
    if (kind == 19 && is_exact_x_) return keep(b_.add(ops::non_zero{}, {x_}));
    keep(b_.add(ops::reduce_mean{.keepdims = draw(0, 1) == 1}, {x_, list({axis()})}), false);
  }

  /// The sum with another value, where the sizes may fit.
  void add_pair() {
    const std::size_t at = pick();
    const ir::fact &x = b_.fact(x_), &y = b_.fact(values_[at]);
    bool fits = y.is_ranked && x.rank() == y.rank() && draw(0, 2) == 0;
    for (std::size_t i = 0; fits && i < x.rank(); ++i)
      fits = b_.graph().symbols.facts().is_broadcastable(x.shape[i], y.shape[i]) != truth::no;
    if (fits && x.type == y.type) keep(b_.add(ops::add{}, {x_, values_[at]}), is_exact_[at]);
  }

  std::int64_t bound(std::int64_t low, std::int64_t high) {
    const std::int64_t kind = draw(0, 9);
    return kind > 1 ? draw(low, high) : kind == 0 ? INT64_MIN : INT64_MAX;
  }

  /// A slice by numbers, or up to the first size of x.
  value_id any_slice() {
    const std::int64_t step = draw(1, 3) * (draw(0, 1) == 0 ? 1 : -1);
    const value_id start = list({bound(-5, 5)}), at = list({axis()});
    if (draw(0, 3) != 0)
      return b_.add(ops::slice{}, {x_, start, list({bound(-5, 9)}), at, list({step})});
    const value_id shape = b_.add(ops::shape_of{}, {x_});
    const value_id first = b_.add(ops::slice{}, {shape, list({0}), list({1})});
    return b_.add(ops::slice{}, {x_, start, first, at, list({step})});
  }

  void add_movement(std::int64_t kind) {
    switch (kind) {
      case 4: {
        std::vector<std::int64_t> order;
        for (std::int64_t i = 0; i < rank_; ++i) order.push_back(i);
        std::shuffle(order.begin(), order.end(), random_);
        return keep(b_.add(ops::transpose{order}, {x_}));
      }
      case 5:
        return keep(b_.add(ops::flatten{.axis = draw(0, rank_)}, {x_}));
      case 6:
        return keep(b_.add(ops::concat{.axis = axis()}, {x_, x_, x_}));
      case 7:
      case 8:
        return keep(any_slice());
      case 9:
        return keep(b_.add(ops::gather{.axis = axis()}, {x_, list({0, -1, 0})}));
      case 10: {
        const value_id in[] = {x_};
        for (const value_id v : b_.add(ops::split{.axis = axis()}, in, 2)) keep(v);
        return;
      }
      default:
        return keep(b_.add(ops::unsqueeze{}, {x_, list({draw(-rank_ - 1, rank_)})}));
    }
  }

  /// Sizes computed from sizes: what exporters write for view, expand and repeat.
  void add_sizes(std::int64_t kind) {
    const value_id shape = b_.add(ops::shape_of{}, {x_});
    const value_id first = b_.add(ops::slice{}, {shape, list({0}), list({1})});
    switch (kind) {
      case 12:
        return keep(
            b_.add(ops::reshape{},
                   {x_, b_.add(ops::concat{}, {draw(0, 3) == 0 ? list({2}) : first, list({-1})})}));
      case 13:
        return keep(b_.add(ops::expand{}, {x_, b_.add(ops::concat{}, {list({2}), shape})}));
      case 14: {
        std::vector<std::int64_t> times(static_cast<std::size_t>(rank_), 1);
        times[static_cast<std::size_t>(draw(0, rank_ - 1))] = draw(0, 3);
        return keep(b_.add(ops::tile{}, {x_, list(times)}));
      }
      default: {
        const value_id twice = b_.add(ops::mul{}, {shape, list({2})});
        return keep(b_.add(ops::resize{}, {x_, value_id(), value_id(), twice}));
      }
    }
  }

  void add_image(std::int64_t kind) {
    const std::int64_t stride = draw(1, 3), pad = draw(0, 1);
    if (kind == 16) {
      std::vector<std::int64_t> pads(8, 0);
      for (const std::size_t i : {2U, 3U, 6U, 7U}) pads[i] = draw(-1, 2);
      return keep(b_.add(ops::pad{}, {x_, list(pads)}));
    }
    if (kind == 17) {
      const dim channels = b_.fact(x_).shape[1];
      if (!channels.is_constant() || channels.constant() == 0) return;
      tensor w(dtype::f32, {2, channels.constant(), 3, 2});
      for (float& v : w.elements<float>()) v = static_cast<float>(draw(-4, 4)) / 4;
      const ops::conv op{.kernel_shape = {3, 2}, .pads = {1, pad, 1, pad}, .strides = {stride, 1}};
      return keep(b_.add(op, {x_, b_.constant(cat("weights_", count_++), w)}));
    }
    ops::max_pool op{.ceil_mode = draw(0, 1) == 1, .kernel_shape = {2, draw(1, 3)}};
    op.dilations = {draw(1, 2), 1};
    op.strides = {stride, stride};
    const std::int64_t how = draw(0, 7);
    if (how < 3)
      op.auto_pad = std::array{ops::auto_pad_mode::same_upper, ops::auto_pad_mode::same_lower,
                               ops::auto_pad_mode::valid}[static_cast<std::size_t>(how)];
    else
      op.pads = {pad, 0, pad, 0};
    keep(b_.add(op, {x_}));
  }

  std::mt19937 random_;
  builder b_{"random"};
  std::vector<value_id> values_;
  std::vector<bool> is_exact_;  ///< by value: whether sums in any order have the same bits
  value_id x_;
  bool is_exact_x_ = true;
  std::int64_t rank_ = 0;
  int count_ = 0;
};

/// Inputs of sizes from `least` to 6, and the sizes.
std::vector<datum> draw_inputs(const ir::graph& g,
                               std::int64_t least,
                               std::mt19937& random,
                               bindings& sizes) {
  std::vector<datum> out;
  for (const value_id v : g.inputs()) {
    extents dims;
    for (const dim d : g.fact(v).shape) {
      if (d.is_symbol() && !sizes[d.symbol_id()])
        sizes.set(d, std::uniform_int_distribution<std::int64_t>(least, 6)(random));
      dims.push_back(*evaluate(d, sizes));
    }
    tensor t(dtype::f32, dims);
    for (float& e : t.elements<float>())
      e = static_cast<float>(std::uniform_int_distribution<int>(-8, 8)(random)) / 4;
    out.emplace_back(std::move(t));
  }
  return out;
}

/// Compares every inferred size with the size made.
void check_sizes(const ir::graph& g, const std::vector<datum>& made, const bindings& sizes) {
  for (std::size_t i = 0; i < made.size(); ++i) {
    const ir::fact& f = g.fact(g.outputs()[i]);
    const tensor& t = made[i].as_tensor();
    CHECK(f.type == t.type());
    if (!f.is_ranked) continue;
    REQUIRE(f.rank() == t.rank());
    for (std::size_t k = 0; k < f.rank(); ++k)
      if (const auto size = evaluate(f.shape[k], sizes))
        CHECK_MESSAGE(*size == t.dim(k), cat(g.output_names()[i], " axis ", k, ": ", f.str()));
  }
}

}  // namespace

TEST_CASE("inferred sizes are those that kernels make, and sessions agree with the reference") {
  int graphs = 0, runs = 0;
  for (unsigned seed = 1; seed <= 1200; ++seed) {
    CAPTURE(seed);
    const auto g = generator(seed).make(24);
    if (!g) continue;  // a node contradicted the sizes
    ++graphs;
    compile_options options;
    options.level = seed % 2 == 0 ? level::o1 : level::none;
    options.passes.verifies = true;
    const auto made = compile(*g, options);
    REQUIRE_MESSAGE(made, (made ? std::string() : made.failure().message));
    session s(made->model, {.threads = 1});
    std::mt19937 random(seed);
    for (int draw = 0; draw < 5; ++draw) {
      bindings sizes;
      const auto in = draw_inputs(*g, draw < 4 ? 1 : 0, random, sizes);
      const auto expected = interpret(*g, in);
      const auto found = s.run_positional(in);
      CHECK_MESSAGE(expected.has_value() == found.has_value(),
                    (expected ? found.failure().message : expected.failure().message));
      if (!expected || !found) continue;
      ++runs;
      check_sizes(*g, *expected, sizes);
      REQUIRE(found->size() == expected->size());
      for (std::size_t i = 0; i < expected->size(); ++i) {
        INFO(g->output_names()[i]);
        CHECK(tenon_tests::difference((*found)[i], (*expected)[i].as_tensor(), {1e-4, 1e-4}) == "");
      }
    }
  }
  CHECK(graphs > 900);
  CHECK(runs > 3000);
}
