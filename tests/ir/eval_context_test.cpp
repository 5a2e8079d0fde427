#include "tenon/ir/eval_context.hpp"

#include "tenon/ir/subgraph.hpp"
#include "tenon/ops/activation.hpp"

#include <string>
#include <utility>
#include <vector>

#include "support/run_op.hpp"
#include <doctest/doctest.h>

using namespace tenon;
using namespace tenon_tests;

namespace {

/// What a context gives an op when it asks for output `i` of `asked` outputs.
std::string output_of(const ir::any_op& op,
                      const std::vector<datum>& inputs,
                      std::size_t i,
                      std::size_t asked) {
  heap_host host;
  std::vector<const datum*> pointers;
  for (const datum& d : inputs) pointers.push_back(d ? &d : nullptr);
  ir::eval_context ctx(op, pointers, asked, host);
  const auto made = ctx.output(i);
  return made ? made->str() : made.failure().message;
}

/// An op whose rule gives whatever it is told.
struct told {
  static constexpr ir::op_info info{"told", ir::ports{ir::maybe("x")},
                                    ir::ports{"y", ir::maybe("z")}};
  bool is_ranked = true;
  std::int64_t size = 1;
  static constexpr auto attributes = ir::attributes_of(ir::attribute{"is_ranked", &told::is_ranked},
                                                       ir::attribute{"size", &told::size});
  friend bool operator==(const told&, const told&) = default;

  status infer(ir::infer_context& ctx) const {
    const dim second = size == 0 ? ctx.scope().symbol("N") : dim(size);
    for (std::size_t i = 0; i < ctx.output_count(); ++i)
      ctx.output(i, is_ranked ? ir::fact::of(dtype::f32, {dim(3), second})
                              : ir::fact::unranked(dtype::f32));
    return {};
  }

  status reference(ir::eval_context&) const { return {}; }
};

}  // namespace

TEST_CASE("an output has the dtype and shape of the op's own rule") {
  const datum x = tensor::of<float>({2}, {1, 2});
  CHECK(output_of(ops::relu{}, {x}, 0, 1) == "f32[2]");
  CHECK(output_of(told{true, 4}, {}, 0, 1) == "f32[3, 4]");
}

TEST_CASE("an output that nobody asked for is made all the same, one that the op lacks is not") {
  CHECK(output_of(told{}, {}, 1, 1) == "f32[3, 1]");
  CHECK(output_of(told{}, {}, 2, 1) == "output 2 does not exist");
}

TEST_CASE("sizes that the rule leaves open or negative are refused") {
  CHECK(output_of(told{false}, {}, 0, 1) == "the rank of output 0 is unknown");
  CHECK(output_of(told{true, 0}, {}, 0, 1) ==
        "axis 1 of output 0 is unknown, expected a known size of at least 0");
  CHECK(output_of(told{true, -5}, {}, 0, 1) ==
        "axis 1 of output 0 is -5, expected a known size of at least 0");
}

TEST_CASE("the fact of data has its shape, and content where a rule may ask for it") {
  CHECK(ir::fact_of(tensor::of<float>({2}, {1, 2})).is_constant());
  CHECK_FALSE(ir::fact_of(tensor(dtype::f32, {17})).is_constant());
  CHECK(ir::fact_of(tensor(dtype::f32, {17})).str() == "f32[17]");
  CHECK(ir::fact_of(tensor::of<std::int64_t>({1}, {5})).has_elements());
  datum list(std::vector<datum>{});
  list.declare_element_type(dtype::i8);
  CHECK(ir::fact_of(list).str() == "sequence(i8[...])");
  CHECK(ir::fact_of(datum()).what == ir::fact::kind::optional);
}

TEST_CASE("integers are read from any number type") {
  heap_host host;
  const datum i4 = [] {
    tensor t(dtype::i4, {2});
    t.data<std::uint8_t>()[0] = 15;
    t.data<std::uint8_t>()[1] = 7;
    return t;
  }();
  const datum real = tensor::of<float>({2}, {-1.9F, 2.5F}), none = tensor(dtype::i32, {0});
  const datum* pointers[] = {&i4, &real, &none, nullptr};
  const ir::any_op op = told{};
  const ir::eval_context ctx(op, pointers, 1, host);
  CHECK(ctx.integers(0) == std::vector<std::int64_t>{-1, 7});
  CHECK(ctx.integers(1) == std::vector<std::int64_t>{-1, 2});
  CHECK(ctx.integers(2).empty());
  CHECK(ctx.has(0));
  CHECK_FALSE(ctx.has(3));
  CHECK_FALSE(ctx.has(4));
  CHECK_FALSE(ctx.given(3));
  CHECK(ctx.given(1).is_tensor());
}

TEST_CASE("a subgraph is shared by its copies and equal only to them") {
  ir::graph g;
  g.name = "body";
  const ir::subgraph a(g), b(g), copy = a;
  CHECK(a == copy);
  CHECK_FALSE(a == b);
  CHECK(a->name == "body");
  CHECK(&*a == &*copy);
  CHECK_FALSE(ir::subgraph());
  CHECK(ir::subgraph() == ir::subgraph());
  ir::subgraph moved = copy, other;
  other = std::move(moved);
  CHECK(other == a);
}
