#include "tenon/formats/onnx/export.hpp"
#include "tenon/formats/onnx/import.hpp"
#include "tenon/formats/onnx/schema.hpp"
#include "tenon/formats/onnx/tensor_data.hpp"
#include "tenon/infer/interpreter.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/symbol/table.hpp"
#include "tenon/tensor/convert.hpp"

#include <string>
#include <vector>

#include "support/onnx_model.hpp"
#include <doctest/doctest.h>

namespace {

using namespace tenon;
using namespace tenon_tests;
using attribute = written_attribute;
using floats = std::vector<float>;

ir::graph load(const std::string& bytes) {
  auto g = load_onnx(std::as_bytes(std::span(bytes)));
  REQUIRE_MESSAGE(g, g.failure().message);
  return *std::move(g);
}

/// The first output for f32 inputs.
floats run(const ir::graph& g, const std::vector<datum>& inputs) {
  const auto out = interpret(g, inputs);
  REQUIRE_MESSAGE(out, out.failure().message);
  const auto found = out->at(0).as_tensor().elements<float>();
  return {found.begin(), found.end()};
}

datum vector_of(std::initializer_list<float> values) {
  return tensor::of<float>({static_cast<std::int64_t>(values.size())}, values);
}

/// Loads, runs, saves, loads again, runs again: both results are `expected`.
void check_both(const std::string& bytes,
                const std::vector<datum>& inputs,
                const floats& expected) {
  const ir::graph g = load(bytes);
  CHECK(run(g, inputs) == expected);
  const auto written = to_onnx(g);
  REQUIRE_MESSAGE(written, written.failure().message);
  CHECK(run(load(*written), inputs) == expected);
}

}  // namespace

TEST_CASE("onnx import: symbols and expressions of declared shapes") {
  onnx_model m;
  m.input("x", {"n", 2}).output("y", {"TruncToInt(2.0*n)", 2}, 1);
  m.node("Concat", {"x", "x"}, {"y"}, {attribute::of("axis", std::int64_t{0})});
  const ir::graph g = load(m.bytes());
  CHECK(g.fact(g.inputs()[0]).str() == "f32[n, 2]");
  CHECK(g.fact(g.outputs()[0]).str() == "f32[2*n, 2]");
  const dim odd = *g.symbols.scope().find("TruncToInt(2.0*n)");
  CHECK(g.symbols.facts().is_equal(odd, g.fact(g.outputs()[0]).shape[0]) == truth::yes);
  CHECK(g.symbols.facts().bounds(g.fact(g.inputs()[0]).shape[0]).lo == 0);
}

TEST_CASE("onnx import: sizes computed as floats from sizes that are numbers") {
  onnx_model m;
  m.input("x", {1, 10}).output("y");
  m.initializer(tensor_bytes("half", 1, {}, raw_bytes<float>({0.55F})));
  m.initializer(tensor_bytes("at", 7, {1}, raw_bytes<std::int64_t>({1})));
  m.initializer(tensor_bytes("one", 7, {1}, raw_bytes<std::int64_t>({1})));
  m.node("Shape", {"x"}, {"sizes"}).node("Gather", {"sizes", "at"}, {"size"});
  m.node("Cast", {"size"}, {"real"}, {attribute::of("to", std::int64_t{1})});
  m.node("Mul", {"real", "half"}, {"product"}).node("Floor", {"product"}, {"less"});
  m.node("Cast", {"less"}, {"count"}, {attribute::of("to", std::int64_t{7})});
  m.node("Concat", {"one", "count"}, {"shape"}, {attribute::of("axis", std::int64_t{0})});
  m.node("Resize", {"x", "", "", "shape"}, {"y"});
  const ir::graph g = load(m.bytes());
  CHECK(g.fact(g.outputs()[0]).str() == "f32[1, 5]");
  CHECK(g.node_count() == 8);
  const datum x = tensor::of<float>({1, 10}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(run(g, {x}).size() == 5);
}

TEST_CASE("onnx import: conflicting declared sizes are noted, other types refused") {
  onnx_model m;
  m.input("x", {4}).output("y", {5}, 1).node("Relu", {"x"}, {"y"});
  const ir::graph g = load(m.bytes());
  CHECK(g.fact(g.outputs()[0]).str() == "f32[4]");
  REQUIRE(g.metadata.diagnostics.size() == 1);
  CHECK(g.metadata.diagnostics[0] == "value 'y': axis 0 is declared 5, inferred 4");
  onnx_model typed;
  typed.input("x", {4}).output("y", {4}, 7).node("Relu", {"x"}, {"y"});
  const std::string bytes = typed.bytes();
  const auto refused = load_onnx(std::as_bytes(std::span(bytes)));
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().message.find("declared i64[4], but its node gives f32[4]") !=
        std::string::npos);
}

TEST_CASE("onnx import: unsorted nodes, initializers that are inputs, names kept") {
  onnx_model m;
  m.input("x", {2}).input("w", {2}).output("y", {2}, 1);
  m.initializer(tensor_bytes("w", 1, {2}, raw_bytes({10.0F, 20.0F})));
  m.node("Neg", {"t"}, {"y"}, {}, "second").node("Add", {"x", "w"}, {"t"}, {}, "first");
  const ir::graph g = load(m.bytes(9, 3));
  CHECK(g.inputs().size() == 1);
  CHECK(run(g, {vector_of({1, 2})}) == floats{-11, -22});
  CHECK(g[g.order()[0]].name == "first");
}

TEST_CASE("onnx import: functions are inlined with attributes and defaults") {
  onnx_model m;
  m.input("x", {3}).output("y", {3}, 1);
  m.node("Leak", {"x"}, {"y"}, {attribute::of("slope", 0.5F)}, "call", "mine");
  m.function(
      "mine", "Leak", {"a"}, {"c"},
      {node_bytes("Inner", {"a"}, {"b"}, {attribute::reference("s", 1, "slope")}, "", "mine"),
       node_bytes("Neg", {"b"}, {"c"})},
      {"slope"});
  m.function("mine", "Inner", {"a"}, {"b"},
             {node_bytes("LeakyRelu", {"a"}, {"b"}, {attribute::reference("alpha", 1, "s")})},
             {"s"});
  check_both(m.bytes(), {vector_of({-2, 0, 4})}, {1, 0, -4});
}

TEST_CASE("onnx import: branches read outer values and keep them when written") {
  onnx_model yes, no;
  yes.node("Add", {"x", "t"}, {"p"}).output("p");
  no.node("Sub", {"x", "w"}, {"q"}).output("q");
  onnx_model m;
  m.input("c", {}, 9).input("x", {2}).output("y", {2}, 1);
  m.initializer(tensor_bytes("w", 1, {2}, raw_bytes({1.0F, 2.0F})));
  m.node("Neg", {"x"}, {"t"});
  m.node("If", {"c"}, {"y"},
         {attribute::message("then_branch", 5, 6, yes.graph()),
          attribute::message("else_branch", 5, 6, no.graph())});
  check_both(m.bytes(), {tensor::scalar(true), vector_of({5, 6})}, {0, 0});
  check_both(m.bytes(), {tensor::scalar(false), vector_of({5, 6})}, {4, 4});
}

TEST_CASE("onnx import: loops carry values and read outer ones") {
  onnx_model body;
  body.input("i", {}, 7).input("go", {}, 9).input("acc", {2});
  body.node("Add", {"acc", "x"}, {"next"}).node("Identity", {"go"}, {"go_on"});
  body.output("go_on", {}, 9).output("next", {2}, 1);
  onnx_model m;
  m.input("x", {2}).output("y", {2}, 1);
  m.initializer(tensor_bytes("n", 7, {}, raw_bytes<std::int64_t>({3})));
  m.initializer(tensor_bytes("zero", 1, {2}, raw_bytes({0.0F, 0.5F})));
  m.node("Loop", {"n", "", "zero"}, {"y"}, {attribute::message("body", 5, 6, body.graph())});
  check_both(m.bytes(), {vector_of({1, 2})}, {3, 6.5F});
}

TEST_CASE("onnx import: data in typed fields, packed and sparse") {
  onnx::wire_writer four_bit;
  four_bit.integer(1, 3);
  four_bit.integer(2, 22);
  four_bit.integer(5, 0x1F);
  four_bit.integer(5, 0x08);
  four_bit.text(8, "w");
  const auto bytes = std::as_bytes(std::span(four_bit.str()));
  const auto proto = onnx::decode_tensor(bytes);
  REQUIRE(proto);
  const auto t = onnx::tensor_source().read(*proto);
  REQUIRE_MESSAGE(t, t.failure().message);
  std::vector<int> found(3);
  load_elements<int>(*t, found);
  CHECK(found == std::vector<int>{-1, 1, -8});
  onnx::sparse_tensor_proto sparse;
  sparse.dims = {2, 2};
  sparse.values.dims = {1};
  sparse.values.data_type = 1;
  sparse.values.float_data = {7};
  sparse.indices.dims = {1};
  sparse.indices.data_type = 7;
  sparse.indices.int64_data = {2};
  const auto dense = onnx::tensor_source().read(sparse);
  REQUIRE_MESSAGE(dense, dense.failure().message);
  CHECK(dense->elements<float>()[2] == 7);
  sparse.indices.int64_data = {4};
  CHECK_FALSE(onnx::tensor_source().read(sparse));
}

TEST_CASE("onnx import: dims of more than max_rank axes are refused by their number alone") {
  const std::vector<std::int64_t> dims(100000, 1);
  onnx::sparse_tensor_proto sparse;
  sparse.values.data_type = 1;
  sparse.dims = sparse.values.dims = dims;
  onnx::tensor_source source;
  CHECK(source.read(sparse.values).failure().message ==
        "tensor '': dims has 100000 axes, expected at most 64");
  sparse.values.dims = {0};
  CHECK(source.read(sparse).failure().message ==
        "sparse tensor '': dims has 100000 axes, expected at most 64");
  onnx_model m;
  m.input("x", std::vector<written_dim>(dims.begin(), dims.end()))
      .output("y")
      .node("Relu", {"x"}, {"y"});
  const std::string bytes = m.bytes();
  const auto refused = load_onnx(std::as_bytes(std::span(bytes)));
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().message.find("input 'x': its type has 100000 axes") != std::string::npos);
  CHECK(refused.failure().message.size() < 1000);
}

TEST_CASE("onnx upgrade: old forms mean what they meant") {
  const auto one = [](onnx_model& m) -> onnx_model& { return m.input("x", {"n", 2}).output("y"); };
  onnx_model sum, pad, clip, soft, slice, dropout;
  const datum x = tensor::of<float>({2, 2}, {1, -2, 3, 4});
  one(sum).node("ReduceSum", {"x"}, {"y"},
                {attribute::of("axes", std::vector<std::int64_t>{1}),
                 attribute::of("keepdims", std::int64_t{0})});
  check_both(sum.bytes(11), {x}, {-1, 7});
  one(pad).node(
      "Pad", {"x"}, {"y"},
      {attribute::of("pads", std::vector<std::int64_t>{0, 1, 0, 0}), attribute::of("value", 9.0F)});
  check_both(pad.bytes(2, 3), {x}, {9, 1, -2, 9, 3, 4});
  one(clip).node("Clip", {"x"}, {"y"}, {attribute::of("min", 0.0F), attribute::of("max", 3.0F)});
  check_both(clip.bytes(6, 3), {x}, {1, 0, 3, 3});
  one(slice).node("Slice", {"x"}, {"y"},
                  {attribute::of("starts", std::vector<std::int64_t>{1}),
                   attribute::of("ends", std::vector<std::int64_t>{2})});
  check_both(slice.bytes(1, 3), {x}, {3, 4});
  one(dropout).node("Dropout", {"x"}, {"y"}, {attribute::of("ratio", 0.9F)});
  check_both(dropout.bytes(7, 3), {x}, {1, -2, 3, 4});
  one(soft).node("Softmax", {"x"}, {"y"}, {attribute::of("axis", std::int64_t{0})});
  const datum same = tensor::of<float>({2, 2}, {0, 0, 0, 0});
  check_both(soft.bytes(11), {same}, {0.25F, 0.25F, 0.25F, 0.25F});
}

TEST_CASE("onnx upgrade: broadcasting from an axis, before opset 7") {
  onnx_model m;
  m.input("x", {2, 3, 1}).input("b", {3}).output("y");
  m.node("Add", {"x", "b"}, {"y"},
         {attribute::of("broadcast", std::int64_t{1}), attribute::of("axis", std::int64_t{1})});
  const datum x = tensor::of<float>({2, 3, 1}, {0, 0, 0, 1, 1, 1});
  check_both(m.bytes(6, 3), {x, vector_of({10, 20, 30})}, {10, 20, 30, 11, 21, 31});
}

TEST_CASE("onnx export: names, shared outputs and metadata") {
  onnx_model m;
  m.input("x", {"n", 4}).output("x", {"n", 4}, 1).output("a").output("b");
  m.node("Relu", {"x"}, {"a"}).node("Identity", {"a"}, {"b"});
  ir::graph g = load(m.bytes());
  g.set_output(2, g.outputs()[1]);
  REQUIRE(g.symbols.facts().require("n % 8 == 0", "test"));
  const auto written = to_onnx(g);
  REQUIRE_MESSAGE(written, written.failure().message);
  const ir::graph again = load(*written);
  REQUIRE(again.output_names().size() == 3);
  CHECK(again.output_names()[2] == "b");
  const dim n = *again.symbols.scope().find("n");
  CHECK(again.symbols.facts().is_divisible(n, 8) == truth::yes);
  CHECK(*to_onnx(again) == *written);
}

TEST_CASE("onnx export: names of any length are kept, also where a byte of them is not") {
  const std::string plain(300, 'n'), odd = "\x01" + plain;
  builder b;
  b.output(odd, b.add(ops::relu{}, {b.input(plain, dtype::f32, {2})}));
  const ir::graph again = load(to_onnx(b.finish().value()).value());
  CHECK(again[again.inputs()[0]].name == plain);
  CHECK(again.output_names()[0] == "\\x01" + plain);
}

TEST_CASE("onnx export: what an empty optional would hold is a type") {
  using kind = onnx::type_proto::kind;
  // TypeProto of f32 of unknown rank, and of a sequence of such tensors.
  const std::string tensor_type = "\x0A\x02\x08\x01", list_type = "\x22\x06\x0A\x04" + tensor_type;
  for (const bool is_list : {false, true}) {
    onnx_model m;
    m.output("y", {}, 9);
    m.node("Optional", {}, {"o"},
           {attribute::message("type", 13, 14, is_list ? list_type : tensor_type)});
    m.node("OptionalHasElement", {"o"}, {"y"});
    const ir::graph g = load(m.bytes());
    const auto written = to_onnx(g);
    REQUIRE_MESSAGE(written, written.failure().message);
    const auto proto = onnx::decode_model(std::as_bytes(std::span(*written)));
    REQUIRE_MESSAGE(proto, proto.failure().message);
    const auto& node = proto->graph->nodes[0];
    REQUIRE(node.attributes.size() == 1);
    const auto& type = node.attributes[0];
    CHECK(type.name == "type");
    CHECK(type.type == onnx::attribute_proto::kind::type);
    CHECK(type.s.empty());
    REQUIRE(type.tp);
    CHECK(type.tp->what == (is_list ? kind::sequence : kind::tensor));
    const auto& element = is_list ? *type.tp->element : *type.tp;
    CHECK(element.what == kind::tensor);
    CHECK(element.elem_type == 1);
    CHECK_FALSE(element.has_shape);
    CHECK(*to_onnx(load(*written)) == *written);
    const auto out = interpret(g, {});
    REQUIRE_MESSAGE(out, out.failure().message);
    CHECK_FALSE(out->at(0).as_tensor().elements<bool>()[0]);
  }
}

TEST_CASE("onnx export: every node has a name of its own, as every value has") {
  onnx_model m;
  m.input("x", {4}).output("y").output("z");
  m.node("Neg", {"x"}, {"a"}, {}, "same").node("Abs", {"a"}, {"b"}, {}, "same_1");
  m.node("Exp", {"b"}, {"y"}, {}, "same").node("Identity", {"y"}, {"z"}, {}, "z");
  ir::graph g = load(m.bytes());
  g.set_output(1, g.outputs()[0]);
  const auto written = to_onnx(g);
  REQUIRE_MESSAGE(written, written.failure().message);
  const auto proto = onnx::decode_model(std::as_bytes(std::span(*written)));
  REQUIRE_MESSAGE(proto, proto.failure().message);
  std::vector<std::string> names;
  for (const auto& node : proto->graph->nodes) names.emplace_back(node.name);
  CHECK(names == std::vector<std::string>{"same", "same_1", "same_2", "z", "z_1"});
  CHECK(*to_onnx(load(*written)) == *written);
}

TEST_CASE("onnx export: an input that came after its op raises the opset") {
  for (const bool is_padded : {false, true}) {
    onnx_model m;
    for (const char* name : {"q", "k", "v"}) m.input(name, {1, 2, 3, 4});
    m.input("used", {1}, 7).output("y");
    m.node("Attention", {"q", "k", "v", "", "", "", is_padded ? "used" : ""}, {"y"});
    const auto written = to_onnx(load(m.bytes(24)));
    REQUIRE_MESSAGE(written, written.failure().message);
    CHECK(load(*written).metadata.opset == (is_padded ? 24 : 23));
  }
}

TEST_CASE("onnx export: a pooling whose last window may start in padding has opset 22") {
  using list = std::vector<std::int64_t>;
  const auto opset_of = [](std::int64_t ceil, std::int64_t stride, std::int64_t behind) {
    onnx_model m;
    m.input("x", {1, 1, "W"}).output("y");
    m.node("MaxPool", {"x"}, {"y"},
           {attribute::of("ceil_mode", ceil), attribute::of("kernel_shape", list{3}),
            attribute::of("strides", list{stride}), attribute::of("pads", list{0, behind})});
    const auto written = to_onnx(load(m.bytes(22)));
    REQUIRE_MESSAGE(written, written.failure().message);
    return load(*written).metadata.opset;
  };
  CHECK(opset_of(1, 2, 1) == 21);
  CHECK(opset_of(1, 3, 0) == 21);
  CHECK(opset_of(1, 3, 1) == 22);
  CHECK(opset_of(1, 4, 0) == 22);
  CHECK(opset_of(0, 4, 0) == 21);
}
