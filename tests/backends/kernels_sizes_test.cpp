// Sizes at run time that are empty or huge: an error or a result, with every kernel and with the reference.
#include "tenon/ir/builder.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/recurrent.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/sequence.hpp"
#include "tenon/ops/sequence_pieces.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <string>

#include "backends/kernel_checks.hpp"

using namespace tenon;

namespace {

constexpr std::int64_t huge = std::int64_t{1} << 33;

/// The error of running a model on one input, after its code; or the outputs.
std::string outcome(const ir::graph& g, const tensor& x, bool reference_only = false) {
  auto made = compile(g, {.reference_only = reference_only});
  if (!made) return made.failure().message;
  session s(made->model, {.threads = 1, .memory_limit_bytes = 1 << 24});
  const auto out = s.run({{"x", x}});
  if (out) return out->value(0).str();
  return cat(name_of(out.failure().kind), ": ", out.failure().message);
}

bool is_refused_memory(const std::string& text) {
  return text.starts_with(cat(name_of(code::resource), ": ")) &&
         text.find("memory limit") != std::string::npos;
}

ir::graph recurrent() {
  builder b("recurrent");
  const auto x = b.input("x", dtype::f32, {"steps", 1, 0});
  const auto w = b.constant("w", tensor(dtype::f32, {1, 4, 0}));
  const auto r = b.constant("r", kernel_checks::reals({1, 4, 1}, 1));
  const std::array<value_id, 3> inputs{x, w, r};
  b.output("y_h", b.add(ops::lstm{}, inputs, 3)[1]);
  return b.finish().value();
}

ir::graph transposed() {
  builder b("transposed");
  const auto x = b.input("x", dtype::f32, {1, 0, "h", "w"});
  const auto w = b.constant("filters", tensor(dtype::f32, {0, 1, 2, 2}));
  b.output("y", b.add(ops::conv_transpose{.output_shape = {1, 1}}, {x, w}));
  return b.finish().value();
}

}  // namespace

TEST_CASE("scratch memory that outgrows 64 bits is refused by the memory limit") {
  CHECK(outcome(recurrent(), tensor(dtype::f32, {3, 1, 0})) == "f32[1, 1, 1]");
  CHECK(is_refused_memory(outcome(recurrent(), tensor(dtype::f32, {std::int64_t{1} << 62, 1, 0}))));
  const std::int64_t side = std::int64_t{1} << 31;
  CHECK(outcome(transposed(), tensor(dtype::f32, {1, 0, 2, 2})) == "f32[1, 1, 1, 1]");
  CHECK(is_refused_memory(outcome(transposed(), tensor(dtype::f32, {1, 0, side, side}))));
}

TEST_CASE("an axis that turns out empty has no extreme") {
  for (const bool reference_only : {false, true}) {
    builder b("extreme");
    const auto x = b.input("x", dtype::f32, {2, "n"});
    b.output("y", b.add(ops::arg_max{.axis = 1}, {x}));
    const ir::graph g = b.finish().value();
    CHECK(outcome(g, tensor(dtype::f32, {2, 3}), reference_only) == "i64[2, 1]");
    CHECK(outcome(g, tensor(dtype::f32, {2, 0}), reference_only)
              .find("x has shape [2, 0], expected elements along axis 1") != std::string::npos);
  }
}

TEST_CASE("padding nothing costs nothing") {
  for (const bool reference_only : {false, true}) {
    builder b("padded");
    const auto x = b.input("x", dtype::f32, {"n", "m"});
    const auto pads = b.constant("pads", tensor::of<std::int64_t>({4}, {1, 0, 1, 0}));
    b.output("y", b.add(ops::pad{.mode = ops::pad_mode::edge}, {x, pads}));
    const ir::graph g = b.finish().value();
    CHECK(outcome(g, tensor(dtype::f32, {2, 3}), reference_only) == "f32[4, 3]");
    CHECK(outcome(g, tensor(dtype::f32, {huge, 0}), reference_only) ==
          cat("f32[", huge + 2, ", 0]"));
    CHECK(outcome(g, tensor(dtype::f32, {0, 0}), reference_only)
              .find("an empty axis cannot be padded with mode edge") != std::string::npos);
  }
}

TEST_CASE("pieces without elements count towards the memory limit") {
  builder b("pieces");
  const auto x = b.input("x", dtype::f32, {"n", 0});
  const auto pieces = b.add(ops::split_to_sequence{}, {x});
  b.output("count", b.add(ops::sequence_length{}, {pieces}));
  const ir::graph g = b.finish().value();
  CHECK(outcome(g, tensor(dtype::f32, {3, 0})) == "i64[]");
  CHECK(is_refused_memory(outcome(g, tensor(dtype::f32, {huge, 0}))));
}

TEST_CASE("statistics of another type than f32 are left to the reference") {
  const ir::any_op op = ops::layer_normalization{.stash_type = dtype::f64};
  const ir::fact x = ir::fact::of(dtype::f32, {dim(2), dim(3)}),
                 scale = ir::fact::of(dtype::f32, {dim(3)}),
                 wide = ir::fact::of(dtype::f64, {dim(2), dim(1)});
  int seen = 0;
  const std::array<const ir::fact*, 2> in{&x, &scale};
  for (const std::array<const ir::fact*, 3> out :
       {std::array<const ir::fact*, 3>{&x, nullptr, &wide}, {&x, &wide, nullptr}})
    for (const kernel::catalog family : cpu::catalogs())
      for (const kernel::entry& e : family)
        if (e.op == op.type().id) {
          CHECK(e.refuse({&op, in, out}) != nullptr);
          ++seen;
        }
  CHECK(seen > 0);
}
