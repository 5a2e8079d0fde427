#include "tenon/kernel/catalog.hpp"

#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;
using kernel::entry;
using kernel::query;

namespace {

const char* only_f32(const query& q) {
  return q.is(0, dtype::f32) ? nullptr : "not f32";
}

const char* only_constant_shapes(const query& q) {
  return q.in(0).is_concrete() ? nullptr : "sizes vary";
}

const char* anything(const query&) {
  return nullptr;
}

const entry kernels[] = {{"sum", ir::id_of<ops::add>(), &anything},
                         {"fixed", ir::id_of<ops::relu>(), &only_constant_shapes},
                         {"float", ir::id_of<ops::relu>(), &only_f32},
                         {"any", ir::id_of<ops::relu>(), &anything},
                         {"never reached", ir::id_of<ops::relu>(), &anything}};

/// The reasons of those that refuse a node, and the name of the one that takes it.
std::string chosen(const ir::any_op& op, const ir::fact& x) {
  const ir::fact* inputs[] = {&x, nullptr};
  std::string out;
  const entry* e = kernel::choose(kernels, {&op, inputs, {}}, [&](const entry& k, const char* why) {
    out += cat(k.name, ": ", why, "; ");
  });
  return out + std::string(e ? e->name : "none");
}

}  // namespace

TEST_CASE("the first kernel of the op that takes the node is chosen, the refusals before it told") {
  CHECK(chosen(ops::relu{}, ir::fact::of(dtype::f32, {dim(2)})) == "fixed");
  CHECK(chosen(ops::relu{}, ir::fact::unranked(dtype::u8)) ==
        "fixed: sizes vary; float: not f32; any");
  CHECK(chosen(ops::add{}, ir::fact::unranked(dtype::u8)) == "sum");
  CHECK(chosen(ops::sub{}, ir::fact::of(dtype::f32, {})) == "none");
}

TEST_CASE("an absent, unranked or other input is not of a dtype") {
  const ir::fact x = ir::fact::of(dtype::f32, {}), open = ir::fact::unranked(dtype::f32),
                 list = ir::fact::sequence_of(x);
  const ir::fact* inputs[] = {&x, nullptr, &open, &list};
  const ir::any_op op = ops::relu{};
  const query q{&op, inputs, {}};
  CHECK(q.is(0, dtype::f32));
  CHECK_FALSE(q.is(0, dtype::f64));
  for (std::size_t i = 1; i < 6; ++i) CHECK_FALSE(q.is(i, dtype::f32));
  CHECK(q.has(3));
  CHECK_FALSE(q.has(1));
  CHECK_FALSE(q.has(4));
}

TEST_CASE("a call knows which inputs and outputs there are") {
  float numbers[] = {1, 2, 3};
  const std::int64_t sizes[] = {3};
  const kernel::array_view views[] = {
      {}, {reinterpret_cast<std::byte*>(numbers), sizes, 3, 1, dtype::f32}};
  const std::uint32_t inputs[] = {1, kernel::call::absent}, outputs[] = {kernel::call::absent, 1};
  kernel::call c;
  c.views = views;
  c.inputs = inputs;
  c.outputs = outputs;
  CHECK(c.has(0));
  CHECK_FALSE(c.has(1));
  CHECK_FALSE(c.has(2));
  CHECK_FALSE(c.has_out(0));
  CHECK(c.has_out(1));
  CHECK_FALSE(c.has_out(2));
  CHECK(c.in(0).bytes() == 12);
  CHECK(c.in(0).dim(0) == 3);
  CHECK(c.in(0).shape().size() == 1);
  CHECK(c.out(1).as<float>()[2] == 3);
  CHECK_FALSE(views[0]);
}
