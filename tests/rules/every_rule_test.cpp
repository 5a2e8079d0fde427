#include "tenon/ir/verify.hpp"
#include "tenon/rules/list.hpp"
#include "tenon/tensor/convert.hpp"

#include <map>
#include <optional>
#include <set>

#include "check_rewrite.hpp"

using namespace tenon;
using namespace tenon_tests;
using rewrite::rule_view;
using rewrite::step;

namespace {

// The smallest graph of a pattern: one node per op step, inputs for values, random constants.
class instance {
 public:
  instance(const rule_view& rule, unsigned seed) : rule_(rule), random_(seed) {
    type_ = pick({dtype::f32, dtype::f32, dtype::f32, dtype::f64, dtype::f16, dtype::bf16,
                  dtype::i64, dtype::i32, dtype::i8, dtype::boolean});
    rank_ = 1 + random_() % 3;
    is_symbolic_ = random_() % 2 == 0;
  }

  // The graph, when all its nodes infer; with `spoiled` a random step differs from the pattern.
  std::optional<ir::graph> build(bool is_spoiled = false) {
    const ir::graph none;
    const rewrite::match no_match(none, {});
    match_ = &no_match;
    if (is_spoiled) spoiled_ = 1 + random_() % 3;
    const value_id root = visit(0);
    if (!root) return std::nullopt;
    builder_.output("result", root);
    for (const value_id v : extra_outputs_) builder_.output("extra", v);
    auto made = builder_.finish();
    return made ? std::optional(*std::move(made)) : std::nullopt;
  }

 private:
  template <class T> T pick(std::initializer_list<T> items) {
    return items.begin()[random_() % items.size()];
  }

  value_id visit(std::size_t at) {
    const step& s = rule_.before[at];
    if (s.what == step::kind::op) return node(at);
    if (s.what == step::kind::literal) return literal(s.number);
    const auto known = slots_.find(s.slot);
    if (known != slots_.end()) return known->second;
    const value_id v = s.what == step::kind::value    ? input()
                       : s.what == step::kind::scalar ? constant(scalar_shape())
                                                      : constant(constant_shape());
    slots_[s.slot] = v;
    return v;
  }

  value_id node(std::size_t at) {
    const step& s = rule_.before[at];
    std::vector<value_id> inputs;
    std::size_t child = at + 1;
    for (std::size_t i = 0; i < s.children; ++i) {
      inputs.push_back(visit(child));
      if (!inputs.back()) return {};
      child += rule_.before[child].size;
    }
    if (s.children == 2 && s.type->has(ir::commutative) && random_() % 2)
      std::swap(inputs[0], inputs[1]);
    if (spoiled_ == 1 && at != 0 && random_() % 2) inputs.back() = input();
    const auto made = builder_.add(op_of(s), inputs, 1)[0];
    if (made && spoiled_ >= 2 && at != 0 && random_() % 2) {
      if (spoiled_ == 2)
        extra_outputs_.push_back(made);
      else
        extra_outputs_.push_back(builder_.add(ops::identity{}, {made}));
    }
    return made;
  }

  // The op of a step; every other hard sigmoid has the attributes that hard swish asks for.
  ir::any_op op_of(const step& s) {
    if (s.type->id == ir::id_of<ops::hard_sigmoid>() && random_() % 2)
      return ops::hard_sigmoid{.alpha = 1.0F / 6, .beta = 0.5F};
    return s.make(*match_);
  }

  value_id input() {
    std::vector<declared_dim> all{is_symbolic_ ? declared_dim("A") : declared_dim(2),
                                  is_symbolic_ ? declared_dim("B") : declared_dim(3),
                                  declared_dim(4)};
    const std::string name = cat("in", builder_.graph().inputs().size());
    const std::size_t rank = random_() % 8 == 0 ? 1 : rank_;
    if (rank == 1) return builder_.input(name, type_, {all[2]});
    if (rank == 2) return builder_.input(name, type_, {all[1], all[2]});
    return builder_.input(name, type_, {all[0], all[1], all[2]});
  }

  extents scalar_shape() { return random_() % 3 == 0 ? extents{1} : extents{}; }

  extents constant_shape() { return pick<extents>({{}, {1}, {4}, {3, 1}, {3, 4}, {4, 2}}); }

  value_id literal(double number) {
    tensor t(type_, random_() % 4 == 0 ? extents{1} : extents{});
    store_elements<double>(std::span(&number, 1), t);
    return builder_.constant("literal", std::move(t));
  }

  // Reduced axes for integer constants; for others numbers of every kind that guards ask for.
  value_id constant(const extents& dims) {
    const bool is_axes = wants_axes();
    tensor t = random_tensor(is_axes ? dtype::i64 : type_, is_axes ? extents{1} : dims, random_);
    if (is_axes) {
      t.data<std::int64_t>()[0] = -1;
    } else if (random_() % 2 == 0) {
      const double number = pick({0.0, 1.0, 2.0, 0.25, 3.0, 6.0});
      std::vector<double> same(static_cast<std::size_t>(t.size()), number);
      store_elements<double>(same, t);
    }
    return builder_.constant("k", std::move(t));
  }

  bool wants_axes() const {
    for (const step& s : rule_.before)
      if (s.what == step::kind::op && s.type->id == ir::id_of<ops::reduce_mean>())
        return !has_axes();
    return false;
  }

  bool has_axes() const { return slots_.count(rewrite::k.slot) != 0; }

  const rule_view& rule_;
  std::mt19937 random_;
  builder builder_;
  dtype type_ = dtype::f32;
  std::size_t rank_ = 1;
  bool is_symbolic_ = false;
  unsigned spoiled_ = 0;
  const rewrite::match* match_ = nullptr;
  std::map<int, value_id> slots_;
  std::vector<value_id> extra_outputs_;
};

std::string text(const ir::graph& g) {
  std::string out;
  for (const value_id v : g.inputs()) out += cat(g.fact(v).str(), " ");
  return cat(out, "-> ", op_names(g));
}

rewrite::driver_options all_rules() {
  rewrite::driver_options options;
  options.settings.reassociates = true;
  return options;
}

// Fires on a random instance and keeps the values; 1 when it fired and there were values to keep.
int check_instance(const rule_view& rule, const ir::graph& before, unsigned seed) {
  ir::graph after = before;
  const rule_view list[] = {rule};
  const auto report = rewrite::apply_rules(after, list, all_rules());
  REQUIRE_MESSAGE(report, rule.name, ": ", report.failure().message);
  CHECK_MESSAGE(report->skips.empty(), rule.name);
  if (report->applications == 0) return 0;
  const auto sound = ir::verify(after);
  CHECK_MESSAGE(sound, rule.name, ": ", sound.failure().message);
  std::string differs = compare_graphs(before, after, seed);
  for (unsigned draw = 1; differs == undefined && draw < 8; ++draw)  // until the sizes fit
    differs = compare_graphs(before, after, seed + 10000 * draw);
  const bool is_defined = differs != undefined;
  CHECK_MESSAGE((differs.empty() || !is_defined), rule.name, " seed ", seed, ": ", text(before),
                " => ", text(after), ": ", differs);
  const auto again = rewrite::apply_rules(after, list, all_rules());
  CHECK_MESSAGE(again.value().applications == 0, rule.name, " fires on its own result");
  return is_defined ? 1 : 0;
}

}  // namespace

TEST_CASE("every rule has a name of its own in kebab case") {
  std::set<std::string_view> names;
  for (const rule_view& rule : rules::standard) {
    CHECK_MESSAGE(names.insert(rule.name).second, rule.name);
    CHECK_MESSAGE(!rule.roots.empty(), rule.name);
    for (const char c : rule.name)
      CHECK_MESSAGE(((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'), rule.name);
  }
}

TEST_CASE("every pattern rule fires on its pattern and keeps the values") {
  for (const rule_view& rule : rules::standard) {
    if (rule.closure) continue;
    int fired = 0;
    for (unsigned seed = 1; seed <= 400 && fired < 12; ++seed) {
      const auto g = instance(rule, seed).build();
      if (g) fired += check_instance(rule, *g, seed);
    }
    CHECK_MESSAGE(fired >= 3, rule.name, " fired ", fired, " times");
  }
}

TEST_CASE("a pattern with an extra use, an output inside or another operand keeps its values") {
  for (const rule_view& rule : rules::standard) {
    if (rule.closure) continue;
    for (unsigned seed = 1000; seed <= 1060; ++seed) {
      const auto g = instance(rule, seed).build(true);
      if (g) check_instance(rule, *g, seed);
    }
  }
}

TEST_CASE("a sum of two operands becomes an addition, and a clip without bounds its input") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"n", 3}), y = b.input("y", dtype::f32, {3});
  b.output("sum", b.add(ops::sum{}, {x, y}));
  b.output("one", b.add(ops::sqrt{}, {b.add(ops::sum{}, {x})}));
  b.output("largest", b.add(ops::abs{}, {b.add(ops::maximum{}, {y})}));
  b.output("clipped", b.add(ops::neg{}, {b.add(ops::clip{}, {x})}));
  check_rewrite(b.finish().value(), rules::canonical, "sqrt abs neg add");
}

TEST_CASE("sums of more operands and clips with a bound stay") {
  builder b;
  const auto x = b.input("x", dtype::f32, {"n", 3}), y = b.input("y", dtype::f32, {3});
  b.output("sum", b.add(ops::sum{}, {x, y, x}));
  b.output("clipped",
           b.add(ops::clip{}, {x, value_id(), b.constant("high", tensor::of<float>({}, {1}))}));
  check_rewrite(b.finish().value(), rules::canonical, "sum clip");
}

TEST_CASE("all rules together keep the values of every pattern and reach a fixed point") {
  for (const rule_view& rule : rules::standard) {
    if (rule.closure) continue;
    int compared = 0;
    for (unsigned seed = 2000; seed <= 2020; ++seed) {
      const auto g = instance(rule, seed).build();
      if (!g) continue;
      ir::graph after = *g;
      const auto report = rewrite::apply_rules(after, rules::standard, all_rules());
      REQUIRE_MESSAGE(report, rule.name, ": ", report.failure().message);
      CHECK_MESSAGE(report->skips.empty(), rule.name, ": ", report->skips[0].reason);
      const std::string differs = compare_graphs(*g, after, seed);
      CHECK_MESSAGE((differs.empty() || differs == undefined), rule.name, " seed ", seed, ": ",
                    text(*g), " => ", text(after), ": ", differs);
      const status verified = ir::verify(after);
      CHECK_MESSAGE(verified, rule.name, ": ", verified.failure().message);
      compared += differs.empty();
    }
    CHECK_MESSAGE(compared > 0, rule.name);
  }
}
