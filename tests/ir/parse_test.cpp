#include "tenon/ir/parse.hpp"

#include "tenon/ir/append.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ir/eval_context.hpp"
#include "tenon/ir/print.hpp"
#include "tenon/ir/verify.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/symbol/table.hpp"

#include <limits>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

/// An op with an attribute of every kind.
struct holder {
  static constexpr ir::op_info info{"holder", ir::ports{"x", ir::maybe("extra")},
                                    ir::ports{"y", ir::maybe("z")}, ir::holds_graphs};
  std::int64_t number = 0;
  float real = 0;
  std::string text;
  std::vector<std::int64_t> numbers{1};
  std::vector<float> reals{1};
  std::vector<std::string> texts{"one"};
  tensor content;
  std::vector<tensor> contents;
  ir::subgraph body;
  static constexpr auto attributes = ir::attributes_of(ir::attribute{"number", &holder::number},
                                                       ir::attribute{"real", &holder::real},
                                                       ir::attribute{"text", &holder::text},
                                                       ir::attribute{"numbers", &holder::numbers},
                                                       ir::attribute{"reals", &holder::reals},
                                                       ir::attribute{"texts", &holder::texts},
                                                       ir::attribute{"content", &holder::content},
                                                       ir::attribute{"contents", &holder::contents},
                                                       ir::attribute{"body", &holder::body});
  friend bool operator==(const holder&, const holder&) = default;

  status infer(ir::infer_context& ctx) const {
    for (std::size_t i = 0; i < ctx.output_count(); ++i) ctx.output(i, ctx[0]);
    return {};
  }

  status reference(ir::eval_context&) const { return {}; }
};

const ir::op_type* const known[] = {&ir::type_of<holder>(),         &ir::type_of<ops::relu>(),
                                    &ir::type_of<ops::mul>(),       &ir::type_of<ops::clip>(),
                                    &ir::type_of<ops::reshape>(),   &ir::type_of<ops::concat>(),
                                    &ir::type_of<ops::transpose>(), &ir::type_of<ops::pad>()};

std::string round_trip(const std::string& text) {
  const auto g = ir::parse_graph(text, known);
  REQUIRE_MESSAGE(g, g.failure().message, "\n", text);
  const auto sound = ir::verify(*g);
  CHECK_MESSAGE(sound, sound.failure().message);
  return ir::to_text(*g);
}

std::string message(std::string_view text) {
  const auto g = ir::parse_graph(text, known);
  return g ? "no error" : g.failure().message;
}

}  // namespace

TEST_CASE("text is printed as it is read") {
  const std::string text =
      "graph \"a \\\"b\\\" \\x00\" opset 17\n"
      "x: f32[B, 2*B + floordiv(H, 2)]\n"
      "\"odd name\": u8[...]\n"
      "s: sequence(f32[N])\n"
      "o: optional(sequence(i64[1]))\n"
      "w = f32[3] {1.0, -0.0, inf}\n"
      "n = f32[1] 0x0100c07f\n"
      "h = f16[2] 0x003c00c0\n"
      "i = i8[2, 1] {-128, 127}\n"
      "big = u64[1] {18446744073709551615}\n"
      "e = f64[0] {}\n"
      "t = string[2] {\"a\", \"b\\\\\"}\n"
      "y, _ = holder(x, _) {number = -3, real = 2.0, text = \"t\", numbers = [], reals = floats[], "
      "texts = strings[]} \"first\"\n"
      "z, z2 = holder(y, x) {numbers = [1, 2], reals = [0.1, 1e-30], texts = [\"a\", \"b\"], "
      "content = i64[2] {1, 2}, contents = tensors[f32[] {1.5}, i32[0] {}]}\n"
      "return z as \"result\", y, z2\n";
  CHECK(round_trip(text) == text);
}

TEST_CASE("values without a name and with the same name keep apart") {
  ir::graph g;
  const auto a = g.add_input("same", ir::fact::of(dtype::f32, {dim(2)}));
  const auto b = g.add_input("same", ir::fact::of(dtype::f32, {dim(2)}));
  const auto c = g.add_input("", ir::fact::of(dtype::f32, {dim(2)}));
  const value_id in[] = {a, b};
  const std::string out[] = {"same"};
  const auto n = ir::append(g, ops::mul{}, in, out).value();
  g.add_output(g[n].outputs[0]);
  g.add_output(c, "");
  const std::string text = ir::to_text(g);
  CHECK(round_trip(text) == text);
}

TEST_CASE("subgraphs and facts about symbols are kept") {
  builder inner("body");
  inner.output("r", inner.add(ops::relu{}, {inner.input("a", dtype::f32, {2})}));
  builder b("outer");
  const auto x = b.input("x", dtype::f32, {"H", 2});
  REQUIRE(b.graph().symbols.facts().require("H % 32 == 0", "test"));
  holder op;
  op.body = ir::subgraph(inner.finish().value());
  b.output("y", b.add(op, {x}));
  const std::string text = ir::to_text(b.finish().value());
  CHECK(text.find("  a: f32[2]\n") != std::string::npos);
  CHECK(text.find("where ") != std::string::npos);
  CHECK(round_trip(text) == text);
}

TEST_CASE("one line of text is enough for a graph, with numbers as operands") {
  const auto g =
      ir::parse_graph("x: f32[B, 8]; y = mul(x, 2); z = clip(y, _, 1.5); return z", known);
  REQUIRE_MESSAGE(g, g.failure().message);
  CHECK(g->node_count() == 2);
  CHECK(g->fact(g->outputs()[0]).str() == "f32[B, 8]");
}

TEST_CASE("long constants can be left out") {
  ir::graph g;
  g.add_output(g.add_constant("c", tensor(dtype::f32, {1000})));
  CHECK(ir::to_text(g, {.max_elements = 16}) == "graph\nc = f32[1000] {...}\nreturn c\n");
}

TEST_CASE("wrong text gives an error with its place") {
  CHECK(message("x: f33[2]; return x") ==
        "graph text, line 1, column 7: element type 'f33' is unknown");
  CHECK(message("x: f32[2]\ny = relux(x)\nreturn y") ==
        "graph text, line 2, column 10: op 'relux' is unknown");
  CHECK(message("y = relu(x); return y") ==
        "graph text, line 1, column 11: value 'x' is not defined");
  CHECK(message("x: f32[2]; x: f32[2]; return x") ==
        "graph text, line 1, column 23: value 'x' is defined twice");
  CHECK(message("x: f32[2]; y = relu(x) {alpha = 1}; return y").find("'alpha' is unknown") !=
        std::string::npos);
  CHECK(message("c = f32[4000000000] {1}; return c").find("more elements than the text") !=
        std::string::npos);
  CHECK(message("c = f32[2] {1}; return c").find("expected ','") != std::string::npos);
  CHECK(message("x: f32[2]; y = mul(x); return y").find("input 'b' is missing") !=
        std::string::npos);
  CHECK(message("x: f32[2]; return x x").find("there is text after the graph") !=
        std::string::npos);
}

TEST_CASE("every prefix of a text is read or refused") {
  const std::string text =
      "graph \"g\" opset 3\nx: f32[B, 2]\nw = f32[2] {1.0, 2.0}\ns = string[1] {\"\\x41\"}\n"
      "y = mul(x, w) \"n\"\nz = holder(y) {reals = [1.0], content = i64[1] {1}, body = {\n"
      "  graph\n  a: f32[2]\n  return a\n}}\nreturn z as \"q\"\nwhere B <= 8\n";
  CHECK(round_trip(text).size() > 100);
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto g = ir::parse_graph(text.substr(0, n), known);
    if (!g) CHECK(g.failure().message.size() > 10);
  }
  for (std::size_t n = 0; n < text.size(); ++n) {
    std::string changed = text;
    changed[n] = "(){}[]%\"_x0-"[n % 12];
    const auto g = ir::parse_graph(changed, known);
    if (!g) CHECK(g.failure().message.size() > 10);
  }
}
