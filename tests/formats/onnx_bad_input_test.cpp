#include "tenon/formats/onnx/import.hpp"

#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "support/onnx_model.hpp"
#include "support/scratch_folder.hpp"
#include <doctest/doctest.h>

namespace {

using namespace tenon;
using namespace tenon_tests;
using attribute = written_attribute;

result<ir::graph> load(const std::string& bytes) {
  return load_onnx(std::as_bytes(std::span(bytes)), {.name = "bad.onnx"});
}

/// The load fails with this code, and its text names every given part.
void check_refused(const std::string& bytes,
                   code expected,
                   std::initializer_list<std::string_view> parts) {
  const auto g = load(bytes);
  REQUIRE_FALSE(g);
  const error& found = g.failure();
  CAPTURE(found.message);
  CHECK(name_of(found.kind) == name_of(expected));
  CHECK(found.message.starts_with("onnx: bad.onnx: "));
  for (const auto part : parts) CHECK(found.message.find(part) != std::string::npos);
}

/// x: f32[4] -> y, with the given nodes between.
onnx_model with_x() {
  onnx_model m;
  m.input("x", {4}).output("y", {4}, 1);
  return m;
}

std::string small_model() {
  onnx_model branch;
  branch.node("Neg", {"x"}, {"n"}).output("n", {"k"}, 1);
  onnx_model other;
  other.node("Abs", {"x"}, {"a"}).output("a", {"k"}, 1);
  onnx_model m;
  m.input("x", {"k"}).input("c", {}, 9).output("y", {"k"}, 1);
  m.initializer(tensor_bytes("w", 1, {1}, raw_bytes({2.0F})));
  m.node("If", {"c"}, {"b"},
         {attribute::message("then_branch", 5, 6, branch.graph()),
          attribute::message("else_branch", 5, 6, other.graph())});
  m.node("Mul", {"b", "w"}, {"m"});
  m.node("Twice", {"m"}, {"y"}, {}, "call", "mine");
  m.function("mine", "Twice", {"a"}, {"b"}, {node_bytes("Add", {"a", "a"}, {"b"})});
  return m.bytes();
}

}  // namespace

TEST_CASE("onnx bad input: the small model itself loads") {
  const auto g = load(small_model());
  REQUIRE_MESSAGE(g, g.failure().message);
  CHECK(g->node_count() == 3);
}

TEST_CASE("onnx bad input: a model cut off anywhere is refused or still whole") {
  const std::string bytes = small_model();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto g = load(bytes.substr(0, i));
    if (!g) CHECK(g.failure().message.starts_with("onnx: bad.onnx: "));
  }
  for (std::size_t i = 0; i < 16; ++i) CHECK_FALSE(load(bytes.substr(0, bytes.size() * i / 32)));
}

TEST_CASE("onnx bad input: flipped bits never crash") {
  const std::string bytes = small_model();
  std::mt19937 random(20240521);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string changed = bytes;
    const int flips = 1 + static_cast<int>(random() % 3);
    for (int k = 0; k < flips; ++k)
      changed[random() % changed.size()] ^= static_cast<char>(1U << (random() % 8));
    const auto g = load(changed);
    if (g) continue;
    ++refused;
    CHECK(g.failure().message.starts_with("onnx: bad.onnx: "));
  }
  CHECK(refused > 1000);
}

TEST_CASE("onnx bad input: files of other kinds") {
  check_refused("<!DOCTYPE html><html></html>", code::format, {"byte 0"});
  check_refused(std::string("PK\x03\x04\x14\0\0\0", 8), code::format, {"byte"});
  check_refused(small_model() + std::string(64, '\xff'), code::format, {"byte"});
  check_refused("", code::graph, {"no graph"});
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string noise(512, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    CHECK_FALSE(load(noise));
  }
}

TEST_CASE("onnx bad input: wire format") {
  check_refused(std::string("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), code::format,
                {"length is 18446744073709551615"});
  check_refused(std::string("\x38\x05", 2), code::format, {"wire type varint, expected bytes"});
  check_refused(std::string("\x00\x05", 2), code::format, {"field number is 0"});
  check_refused(std::string("\x3b\x3c", 2), code::format, {"group"});
  check_refused(std::string(12, '\xff'), code::format, {"longer than 64 bits"});
  onnx_model m = with_x();
  m.node("Relu", {"x"}, {"y"});
  check_refused(m.bytes() + m.bytes(), code::graph, {"'x'", "twice"});
  CHECK(load(m.bytes() + std::string("\xf8\x7f\x05", 3)));
}

TEST_CASE("onnx bad input: types and graphs nested too deeply") {
  std::string type;
  for (int i = 0; i < 20000; ++i) {
    onnx::wire_writer member, outer;
    member.text(1, type);
    outer.text(4, member.str());
    type = outer.str();
    if (type.size() > 4096) break;
  }
  onnx::wire_writer info, graph;
  info.text(1, "s");
  info.text(2, type);
  graph.text(11, info.str());
  onnx::wire_writer model;
  model.text(7, graph.str());
  check_refused(model.str(), code::format, {"nested deeper than 64"});
  std::string inner = onnx_model().node("Identity", {"x"}, {"y"}).graph();
  for (int i = 0; i < 70; ++i)
    inner = onnx_model()
                .node("If", {"c"}, {"y"}, {attribute::message("then_branch", 5, 6, inner)})
                .graph();
  onnx::wire_writer deep;
  deep.text(7, inner);
  check_refused(deep.str(), code::format, {"nested deeper than 64"});
}

TEST_CASE("onnx bad input: graphs") {
  check_refused(with_x().node("Relu", {"y"}, {"y"}, {}, "selfish").bytes(), code::graph,
                {"cycle", "selfish"});
  check_refused(with_x().node("Relu", {"b"}, {"a"}).node("Relu", {"a"}, {"b"}).bytes(), code::graph,
                {"cycle"});
  check_refused(with_x().node("Relu", {"x"}, {"t"}).node("Abs", {"x"}, {"t"}).bytes(), code::graph,
                {"'t'", "produced twice"});
  check_refused(with_x().node("Relu", {"x"}, {"x"}, {}, "shadow").bytes(), code::graph,
                {"shadow", "'x'", "already"});
  check_refused(with_x().node("Relu", {"x"}, {"t"}).bytes(), code::graph, {"output 'y'"});
  check_refused(with_x().input("x", {4}).node("Relu", {"x"}, {"y"}).bytes(), code::graph,
                {"input 'x'", "twice"});
  check_refused(with_x().node("", {"x"}, {"y"}, {}, "noop").bytes(), code::graph,
                {"noop", "op_type is empty"});
  check_refused(with_x().node("Relu", {"nowhere"}, {"y"}, {}, "lost").bytes(), code::graph,
                {"lost", "'nowhere'"});
  check_refused(with_x().node("Relu", {"x", "x"}, {"y"}, {}, "two").bytes(), code::graph,
                {"two", "Relu", "2 inputs"});
  check_refused(with_x().node("Relu", {"x"}, {"y", "z"}, {}, "out").bytes(), code::graph,
                {"out", "2 outputs"});
  onnx_model shadow = with_x();
  shadow.initializer(tensor_bytes("w", 1, {1}, raw_bytes({1.0F})));
  check_refused(shadow.node("Relu", {"x"}, {"w"}, {}, "n").bytes(), code::graph,
                {"'w'", "already"});
}

TEST_CASE("onnx bad input: opsets and unknown ops are listed at once") {
  onnx_model m = with_x();
  m.node("Relu", {"x"}, {"y"});
  check_refused(m.bytes(9999), code::unsupported, {"opset 9999"});
  check_refused(m.bytes(0), code::unsupported, {"opset 0"});
  check_refused(m.bytes(21, 99), code::unsupported, {"ir_version is 99"});
  onnx_model unknown = with_x();
  unknown.node("Sigmoyd", {"x"}, {"a"}, {}, "first")
      .node("DoIt", {"a"}, {"y"}, {}, "second", "evil");
  check_refused(unknown.bytes(), code::unsupported,
                {"2 ops", "'Sigmoyd'", "Sigmoid", "'first'", "'DoIt'", "'evil'", "'second'"});
}

TEST_CASE("onnx bad input: functions") {
  onnx_model m = with_x();
  m.node("Ouro", {"x"}, {"y"}, {}, "call", "mine");
  m.function("mine", "Ouro", {"a"}, {"b"}, {node_bytes("Ouro", {"a"}, {"b"}, {}, "", "mine")});
  check_refused(m.bytes(), code::graph, {"Ouro", "recursive"});
  onnx_model lost = with_x();
  lost.node("F", {"x"}, {"y"}, {}, "call", "mine");
  lost.function("mine", "F", {"a"}, {"b"}, {node_bytes("Relu", {"nowhere"}, {"b"})});
  check_refused(lost.bytes(), code::graph, {"'F'", "'nowhere'", "call"});
  onnx_model laughs = with_x();
  laughs.node("L0", {"x"}, {"y"}, {}, "", "mine");
  for (int i = 0; i < 9; ++i) {
    std::vector<std::string> nodes;
    const std::string next = cat("L", i + 1);
    for (int k = 0; k < 10; ++k)
      nodes.push_back(node_bytes(i == 8 ? "Relu" : std::string_view(next),
                                 {k == 0 ? std::string_view("a") : std::string_view("t")},
                                 {k == 9 ? "b" : "t"}, {}, "", i == 8 ? "" : "mine"));
    laughs.function("mine", cat("L", i), {"a"}, {"b"},
                    {nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], nodes[5], nodes[6], nodes[7],
                     nodes[8], nodes[9]});
  }
  check_refused(laughs.bytes(), code::resource, {"expansion", "L", "limit"});
}

TEST_CASE("onnx bad input: attributes") {
  const auto softmax = [](attribute a) {
    return with_x().node("Softmax", {"x"}, {"y"}, {a}, "sm").bytes();
  };
  check_refused(softmax(attribute::of("axis", "one")), code::attribute, {"sm", "'axis'"});
  check_refused(softmax(attribute::of("axis", std::int64_t{1} << 62)), code::attribute,
                {"sm", "axis"});
  check_refused(softmax(attribute::of("axes", std::int64_t{0})), code::attribute,
                {"sm", "'axes'", "unknown"});
  check_refused(
      with_x().node("Cast", {"x"}, {"y"}, {attribute::of("to", std::int64_t{9999})}, "c").bytes(),
      code::attribute, {"c", "9999"});
  check_refused(
      with_x().node("Relu", {"x"}, {"y"}, {attribute::reference("alpha", 1, "other")}, "r").bytes(),
      code::attribute, {"'r'", "outside a function"});
}

TEST_CASE("onnx bad input: tensors") {
  const auto with_tensor = [](const std::string& tensor) {
    onnx_model m;
    m.input("x", {4}).output("y");
    return m.initializer(tensor).node("Add", {"x", "w"}, {"y"}).bytes();
  };
  const std::string four = raw_bytes({1.0F, 2.0F, 3.0F, 4.0F});
  CHECK(load(with_tensor(tensor_bytes("w", 1, {4}, four))));
  check_refused(with_tensor(tensor_bytes("w", 1, {4}, four + "abcd")), code::tensor_data,
                {"'w'", "20 bytes, expected 16"});
  check_refused(with_tensor(tensor_bytes("w", 0, {4}, four)), code::tensor_data, {"'w'"});
  check_refused(with_tensor(tensor_bytes("w", 27, {4}, four)), code::tensor_data, {"'w'", "27"});
  check_refused(with_tensor(tensor_bytes("w", 1, {-4}, four)), code::tensor_data, {"'w'", "-4"});
  check_refused(with_tensor(tensor_bytes("w", 8, {4}, four)), code::tensor_data,
                {"'w'", "string_data"});
  check_refused(with_tensor(tensor_bytes("w", 22, {5}, "ab")), code::tensor_data,
                {"'w'", "2 bytes, expected 3"});
  check_refused(
      with_tensor(tensor_bytes("w", 1, {std::int64_t{1} << 33, std::int64_t{1} << 33}, "")),
      code::tensor_data, {"'w'"});
  check_refused(with_tensor(tensor_bytes("w", 1, {std::int64_t{1} << 48}, "")), code::tensor_data,
                {"'w'"});
  onnx::wire_writer typed;
  typed.integer(1, 4);
  typed.integer(2, 1);
  for (int i = 0; i < 4; ++i) typed.integer(5, i);
  typed.text(8, "w");
  check_refused(with_tensor(typed.str()), code::tensor_data, {"'w'", "int32_data", "float_data"});
}

namespace {

/// A tensor of four floats kept in another file.
std::string external_bytes(
    std::initializer_list<std::pair<std::string_view, std::string_view>> keys) {
  onnx::wire_writer out;
  out.integer(1, 4);
  out.integer(2, 1);
  out.text(8, "ext_w");
  for (const auto& pair : keys)
    out.message(13, [&] {
      out.text(1, pair.first);
      out.text(2, pair.second);
    });
  out.integer(14, 1);
  return out.str();
}

std::string external_model(const std::string& tensor) {
  onnx_model m;
  m.input("x", {4}).output("y");
  return m.initializer(tensor).node("Add", {"x", "ext_w"}, {"y"}).bytes();
}

}  // namespace

TEST_CASE("onnx bad input: external data") {
  const scratch_folder folder;
  const std::string secret = folder.put("secret", std::string(64, 's'));
  folder.put("model/w", std::string(64, '\0'));
  std::filesystem::create_symlink(secret, folder / "model/link");
  const auto try_load = [&](const std::string& tensor) {
    return load_onnx(folder.put("model/m.onnx", external_model(tensor)));
  };
  CHECK(try_load(external_bytes({{"location", "w"}})));
  CHECK(try_load(external_bytes({{"location", "w"}, {"offset", "48"}, {"length", "16"}})));
  const std::initializer_list<std::initializer_list<std::pair<std::string_view, std::string_view>>>
      bad = {{{"location", "../secret"}},
             {{"location", "link"}},
             {{"location", ""}},
             {{"location", "."}},
             {{"location", "/dev/zero"}},
             {{"location", "..\\secret"}},
             {{"location", "missing"}},
             {{"location", "w"}, {"offset", "52"}},
             {{"location", "w"}, {"offset", "-4"}},
             {{"location", "w"}, {"offset", "9223372036854775807"}},
             {{"location", "w"}, {"length", "12"}},
             {{"location", "w"}, {"offset", "4x"}}};
  for (const auto& keys : bad) {
    const auto g = try_load(external_bytes(keys));
    REQUIRE_FALSE(g);
    CAPTURE(g.failure().message);
    CHECK(name_of(g.failure().kind) == "external-data");
    CHECK(g.failure().message.find("'ext_w'") != std::string::npos);
  }
  check_refused(external_model(external_bytes({{"location", "w"}})), code::external_data,
                {"ext_w", "resolver"});
}

TEST_CASE("onnx bad input: legal oddities are accepted") {
  onnx_model empty;
  CHECK(load(empty.input("x", {4}).output("x", {4}, 1).bytes()));
  onnx_model chain = with_x();
  std::string before = "x";
  for (int i = 0; i < 20000; ++i) {
    const std::string name = i == 19999 ? "y" : cat("t", i);
    chain.node("Identity", {before}, {name});
    before = name;
  }
  const auto g = load(chain.bytes());
  REQUIRE_MESSAGE(g, g.failure().message);
  CHECK(g->node_count() == 20000);
}

/// Seconds until a model of this many nested branches is refused, all of which end in a product that never fits.
double seconds_to_refuse(int depth) {
  std::string inside;
  for (int level = 0; level < depth; ++level) {
    onnx_model branch;
    if (level == 0)
      for (int i = 0; i < 50; ++i) branch.node("Abs", {"x"}, {cat("a", i)});
    if (level == 0)
      branch.node("MatMul", {"w", "w"}, {"r"});
    else
      branch.node("If", {"c"}, {"r"},
                  {attribute::message("then_branch", 5, 6, inside),
                   attribute::message("else_branch", 5, 6, inside)});
    inside = branch.output("r").graph();
  }
  onnx_model m;
  m.input("x", {4}).input("c", {}, 9).output("y", {4}, 1);
  m.initializer(tensor_bytes("w", 1, {1, 3}, raw_bytes({1.0F, 2.0F, 3.0F})));
  m.node("If", {"c"}, {"y"},
         {attribute::message("then_branch", 5, 6, inside),
          attribute::message("else_branch", 5, 6, inside)});
  const auto start = std::chrono::steady_clock::now();
  check_refused(m.bytes(), code::shape, {"then_branch"});
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_CASE("onnx bad input: nested branches that never fit are not built over and over") {
  // The file itself doubles with each level: 64 times the bytes, and a builder that starts over would double again.
  const double shallow = seconds_to_refuse(6), deep = seconds_to_refuse(12);
  CHECK(deep < 400 * shallow + 0.5);
}
