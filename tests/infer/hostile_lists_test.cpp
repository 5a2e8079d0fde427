#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/near.hpp"
#include <doctest/doctest.h>

// Axes, pads, sizes and the like come as tensors, of any length and content, and often only at run time.

using namespace tenon;

namespace {

constexpr std::int64_t limit_bytes = std::int64_t{4} << 20;

class hostile_node {
 public:
  hostile_node(const ir::op_type& type, unsigned seed) : random_(seed), type_(&type) {}

  /// A graph of one node whose inputs are data and lists at random, or nothing where the rule refuses it.
  std::optional<ir::graph> make() {
    builder b("hostile");
    std::vector<value_id> in;
    const std::size_t count = input_count();
    for (std::size_t i = 0; i < count; ++i)
      in.push_back(i == 0 || !one_in(4) ? any_list(b, i) : data(b, i));
    if (!one_in(4)) in[0] = data(b, 0);
    const auto out = b.add(ir::any_op::make(*type_), in, 1);
    b.output("y", out[0]);
    auto g = b.finish();
    if (!g) return std::nullopt;
    return *std::move(g);
  }

  /// The inputs of a run; symbols get sizes at random.
  std::vector<datum> draw(const ir::graph& g) {
    std::map<std::string, std::int64_t> sizes;
    std::vector<datum> out;
    for (const value_id v : g.inputs()) {
      const ir::fact& f = g.fact(v);
      extents dims;
      for (const dim d : f.shape) {
        const bool is_list = g[v].name.starts_with("list");
        const auto drawn =
            sizes.try_emplace(d.str(), is_list ? length() : pick({0, 1, 2, 3, 5})).first->second;
        dims.push_back(d.is_constant() ? d.constant() : drawn);
      }
      out.push_back(content(f.type, dims));
    }
    return out;
  }

 private:
  bool one_in(unsigned n) { return random_() % n == 0; }

  std::int64_t pick(std::initializer_list<std::int64_t> from) {
    return from.begin()[random_() % from.size()];
  }

  std::int64_t length() { return one_in(8) ? 300 : pick({0, 1, 1, 2, 2, 3, 4, 6}); }

  std::size_t input_count() {
    const auto ports = type_->inputs;
    const auto least =
        static_cast<std::size_t>(std::count_if(ports.begin(), ports.end(), [](const ir::port& p) {
          return p.count == ir::port::arity::one;
        }));
    return std::max<std::size_t>(1, least + random_() % (ports.size() - least + 1));
  }

  value_id data(builder& b, std::size_t i) {
    const dtype type = one_in(3) ? dtype::f64 : one_in(4) ? dtype::i64 : dtype::f32;
    const std::string name = cat("data", i);
    switch (random_() % 6) {
      case 0:
        return b.input(name, type, {});
      case 1:
        return b.input(name, type, {1});
      case 2:
        return b.input(name, type, {1, 1});
      case 3:
        return b.input(name, type, {"n", "m"});
      case 4:
        return b.input(name, type, {1, 2, "n", 4});
      default:
        return b.input(name, type, {2, 3, 4});
    }
  }

  value_id any_list(builder& b, std::size_t i) {
    const dtype type = one_in(6) ? dtype::i32 : dtype::i64;
    const std::string name = cat("list", i);
    const std::int64_t fixed = length();
    const bool is_deep = one_in(8);
    if (one_in(2))
      return b.constant(name, content(type, is_deep ? extents{1, fixed} : extents{fixed}));
    if (is_deep) return b.input(name, type, {1, fixed});
    if (one_in(8)) return b.input(name, type, {});
    if (one_in(2)) return b.input(name, type, {fixed});
    return b.input(name, type, {cat("length", i).c_str()});
  }

  tensor content(dtype type, const extents& dims) {
    tensor t(type, dims);
    std::vector<std::int64_t> values(static_cast<std::size_t>(t.size()));
    const bool is_wild = one_in(8) && is_integer(type);
    for (std::int64_t& v : values) {
      v = static_cast<std::int64_t>(random_() % 7) - 2;
      if (is_wild && one_in(2)) v = pick({1000, -1000, INT32_MAX, INT32_MIN});
      if (is_wild && one_in(3) && type == dtype::i64) v = pick({INT64_MAX, INT64_MIN});
    }
    store_elements<std::int64_t>(values, t);
    return t;
  }

  std::mt19937 random_;
  const ir::op_type* type_;
};

bool is_testable(const ir::op_type& type) {
  return type.has(ir::pure) && !type.has(ir::holds_graphs) && !type.has(ir::any_kind) &&
         !type.inputs.empty();
}

/// Whether a failure is one of memory, which the two ways to run spend differently.
bool is_out_of_memory(const error& e) {
  return e.kind == code::resource;
}

/// Runs a graph with the interpreter and in a session; true when both gave values, which then agree.
/// A rewritten graph may leave out a list that no longer decides anything, and with it the look at what it holds.
bool agrees(const ir::graph& g, session& s, std::span<const datum> in, bool is_rewritten) {
  interpret_options bounds;
  bounds.memory = memory_budget(limit_bytes);
  const auto expected = interpret(g, in, bounds);
  const auto found = s.run_positional(in);
  if ((!expected && is_out_of_memory(expected.failure())) ||
      (!found && is_out_of_memory(found.failure())))
    return false;
  if (!expected && found && is_rewritten) return false;
  CHECK_MESSAGE(expected.has_value() == found.has_value(),
                (expected ? found ? "" : found.failure().message : expected.failure().message));
  if (!expected || !found) return false;
  if ((*expected)[0].is_tensor())
    CHECK(tenon_tests::difference((*found)[0], (*expected)[0].as_tensor(), {1e-3, 1e-3}) == "");
  return true;
}

}  // namespace

TEST_CASE("lists that are too long, too deep or wrong in content are refused by rule or run") {
  std::size_t ops = 0, runs = 0;
  for (const ir::op_type* type : ops::all_ops()) {
    if (!is_testable(*type)) continue;
    ++ops;
    for (unsigned seed = 1; seed <= 120; ++seed) {
      INFO(type->name, " seed ", seed);
      hostile_node node(*type, seed);
      const auto g = node.make();
      if (!g) continue;
      compile_options options;
      options.level = seed % 2 == 0 ? level::none : level::o1;
      const auto made = compile(*g, options);
      if (!made) continue;
      session s(made->model, {.threads = 1, .memory_limit_bytes = limit_bytes});
      for (int draw = 0; draw < 4; ++draw)
        runs += agrees(*g, s, node.draw(*g), options.level != level::none);
    }
  }
  CHECK(ops > 100);
  CHECK(runs > 5000);
}
