#include "tenon/core/file.hpp"
#include "tenon/formats/json.hpp"
#include "tenon/formats/load.hpp"
#include "tenon/formats/torch/import.hpp"
#include "tenon/formats/zip.hpp"
#include "tenon/infer/interpreter.hpp"
#include "tenon/symbol/table.hpp"

#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/scratch_folder.hpp"
#include <doctest/doctest.h>

namespace {

using namespace tenon;
using texts = std::vector<std::string>;
using floats = std::vector<float>;

std::string size_json(std::string_view size) {
  const bool is_number = size.find_first_not_of("-0123456789") == size.npos;
  if (is_number) return cat("{\"as_int\": ", size, "}");
  const bool is_expression = size.find('(') != size.npos;
  const std::string text =
      is_expression ? std::string(size) : cat("Symbol('", size, "', positive=True, integer=True)");
  return cat("{\"as_expr\": {\"expr_str\": \"", text, "\", \"hint\": {\"as_int\": 2}}}");
}

std::string list_json(const texts& sizes) {
  texts out;
  for (const std::string& s : sizes) out.push_back(size_json(s));
  return bracketed(out);
}

/// TensorMeta; dtype 7 is f32, 5 is i64.
std::string meta_json(int type, const texts& sizes, texts strides = {}, int offset = 0) {
  if (strides.empty()) strides.resize(sizes.size(), "1");
  return cat(
      "{\"dtype\": ", type, ", \"sizes\": ", list_json(sizes), ", \"requires_grad\": false",
      ", \"device\": {\"type\": \"cpu\", \"index\": null}, \"strides\": ", list_json(strides),
      ", \"storage_offset\": {\"as_int\": ", offset, "}, \"layout\": 7}");
}

std::string argument_json(std::string_view name, std::string_view value) {
  return cat("{\"name\": \"", name, "\", \"arg\": ", value, ", \"kind\": 1}");
}

std::string tensor_json(std::string_view name) {
  return cat("{\"as_tensor\": {\"name\": \"", name, "\"}}");
}

/// The files of an exported program, one by one.
struct program_files {
  texts inputs, outputs, nodes, tensors, weights;
  std::vector<std::pair<std::string, std::string>> data;
  std::string ranges = "{}";
  int major = 8;

  program_files& input(const std::string& name, const texts& sizes, int type = 7) {
    inputs.push_back(cat("{\"user_input\": {\"arg\": ", tensor_json(name), "}}"));
    return tensor(name, sizes, type);
  }

  program_files& tensor(const std::string& name, const texts& sizes, int type = 7) {
    tensors.push_back(cat("\"", name, "\": ", meta_json(type, sizes)));
    return *this;
  }

  /// A parameter `name`, whose bytes hold more than its view when `strides` says so.
  program_files& weight(const std::string& name,
                        const texts& sizes,
                        const texts& strides,
                        const floats& values,
                        int offset = 0) {
    const std::string path = cat("weight_", data.size());
    inputs.push_back(cat("{\"parameter\": {\"arg\": {\"name\": \"", name,
                         "\"}, \"parameter_name\": \"net.", name, "\"}}"));
    weights.push_back(cat("\"net.", name, "\": {\"path_name\": \"", path,
                          "\", \"is_param\": true, \"use_pickle\": false, \"tensor_meta\": ",
                          meta_json(7, sizes, strides, offset), "}"));
    const auto* bytes = reinterpret_cast<const char*>(values.data());
    data.emplace_back(path, std::string(bytes, values.size() * sizeof(float)));
    return tensor(name, sizes);
  }

  program_files& node(std::string_view target,
                      const std::vector<std::pair<std::string, std::string>>& arguments,
                      const texts& made) {
    texts in, out;
    for (const auto& [name, value] : arguments) in.push_back(argument_json(name, value));
    for (const std::string& name : made)
      out.push_back(name.front() == '{' ? name : tensor_json(name));
    nodes.push_back(cat("{\"target\": \"torch.ops.", target, "\", \"inputs\": ", bracketed(in),
                        ", \"outputs\": ", bracketed(out), ", \"metadata\": {}, \"name\": \"",
                        made.empty()             ? "check"
                        : made[0].front() == '{' ? "size"
                                                 : made[0],
                        "\"}"));
    return *this;
  }

  program_files& output(const std::string& name) {
    outputs.push_back(cat("{\"user_output\": {\"arg\": ", tensor_json(name), "}}"));
    return *this;
  }

  std::string model() const {
    return cat("{\"graph_module\": {\"graph\": {\"inputs\": [], \"outputs\": [], \"nodes\": ",
               bracketed(nodes), ", \"tensor_values\": {", join(tensors),
               "}, \"sym_int_values\": {}, \"sym_bool_values\": {}}, \"signature\": "
               "{\"input_specs\": ",
               bracketed(inputs), ", \"output_specs\": ", bracketed(outputs),
               "}}, \"range_constraints\": ", ranges, ", \"schema_version\": {\"major\": ", major,
               ", \"minor\": 20}, \"torch_version\": \"2.15.0\"}");
  }

  std::string bytes() const {
    zip_writer out;
    for (const auto& [name, content] : data) out.add(cat("net/data/weights/", name), content);
    out.add("net/data/weights/model_weights_config.json",
            cat("{\"config\": {", join(weights), "}}"));
    out.add("net/data/constants/model_constants_config.json", "{\"config\": {}}");
    out.add("net/models/model.json", model());
    out.add("net/byteorder", "little");
    return std::move(out).finish();
  }
};

result<ir::graph> load_bytes(const std::string& bytes) {
  return load_torch(std::as_bytes(std::span(bytes)), {.name = "net.pt2"});
}

ir::graph loaded(const program_files& files) {
  auto g = load_bytes(files.bytes());
  REQUIRE_MESSAGE(g, g.failure().message);
  return *std::move(g);
}

floats run(const ir::graph& g, const std::vector<datum>& inputs, std::size_t output = 0) {
  const auto out = interpret(g, inputs);
  REQUIRE_MESSAGE(out, out.failure().message);
  const auto found = out->at(output).as_tensor().elements<float>();
  return {found.begin(), found.end()};
}

void check_refused(const std::string& bytes,
                   code expected,
                   std::initializer_list<std::string_view> parts) {
  const auto g = load_bytes(bytes);
  REQUIRE_FALSE(g);
  CAPTURE(g.failure().message);
  CHECK(name_of(g.failure().kind) == name_of(expected));
  CHECK(g.failure().message.starts_with("torch: net.pt2: "));
  for (const auto part : parts) CHECK(g.failure().message.find(part) != std::string::npos);
}

const std::string x_json = tensor_json("x");

/// conv, batch norm, relu in place, pool and linear over x: f32[s0, 1, 4, 4].
program_files network() {
  program_files p;
  p.input("x", {"s0", "1", "4", "4"});
  p.weight("w", {"2", "1", "1", "1"}, {"1", "1", "1", "1"}, {1, -1});
  p.weight("scale", {"2"}, {"1"}, {2, 3}).weight("shift", {"2"}, {"1"}, {0, 1});
  p.weight("mean", {"2"}, {"1"}, {1, 0}).weight("variance", {"2"}, {"1"}, {4, 1});
  p.weight("fc", {"1", "2"}, {"1", "1"}, {10, 1});
  p.node("aten.conv2d.default",
         {{"input", x_json}, {"weight", tensor_json("w")}, {"bias", "{\"as_none\": true}"}}, {"c"});
  p.node("aten.batch_norm.default",
         {{"input", tensor_json("c")},
          {"weight", tensor_json("scale")},
          {"bias", tensor_json("shift")},
          {"running_mean", tensor_json("mean")},
          {"running_var", tensor_json("variance")},
          {"training", "{\"as_bool\": false}"},
          {"momentum", "{\"as_float\": 0.1}"},
          {"eps", "{\"as_float\": 0.0}"},
          {"cudnn_enabled", "{\"as_bool\": true}"}},
         {"b"});
  p.node("aten.relu_.default", {{"self", tensor_json("b")}}, {"r"});
  p.node("aten.adaptive_avg_pool2d.default",
         {{"self", tensor_json("b")}, {"output_size", "{\"as_ints\": [1, 1]}"}}, {"a"});
  p.node("aten.flatten.using_ints", {{"self", tensor_json("a")}, {"start_dim", "{\"as_int\": 1}"}},
         {"f"});
  p.node("aten.linear.default", {{"input", tensor_json("f")}, {"weight", tensor_json("fc")}},
         {"y"});
  p.tensor("c", {"s0", "2", "4", "4"}).tensor("b", {"s0", "2", "4", "4"});
  p.tensor("y", {"s0", "1"}).output("y");
  p.ranges = "{\"s0\": {\"min_val\": 2, \"max_val\": 8}}";
  return p;
}

datum image(std::int64_t batch, float value) {
  tensor out(dtype::f32, {batch, 1, 4, 4});
  for (float& v : out.elements<float>()) v = value;
  return out;
}

}  // namespace

TEST_CASE("torch import: a network with a symbolic batch") {
  const ir::graph g = loaded(network());
  CHECK(g.name == "net");
  CHECK(g.metadata.producer == "torch 2.15.0");
  CHECK(g.fact(g.inputs()[0]).str() == "f32[s0, 1, 4, 4]");
  CHECK(g.fact(g.outputs()[0]).str() == "f32[s0, 1]");
  const interval bounds = g.symbols.facts().bounds(*g.symbols.scope().find("s0"));
  CHECK(bounds.lo == 0);  // as in torch, 2 only says that 0 and 1 were not special
  CHECK(bounds.hi == 8);
  // x = 3: channels (3 - 1) / 2 * 2 + 0 = 2 and -3 * 3 + 1 = -8, which relu makes 0, also where `b` is read again
  CHECK(run(g, {image(2, 3)}) == floats{20, 20});
  // x = -1: channels -2 -> 0 and 1 * 3 + 1 = 4
  CHECK(run(g, {image(1, -1)}) == floats{4});
}

TEST_CASE("torch import: weights are strided views of shared bytes") {
  program_files p;
  p.input("x", {"2", "2"}).weight("w", {"2", "2"}, {"1", "2"}, {9, 1, 2, 3, 4}, 1);
  p.weight("row", {"2", "2"}, {"0", "1"}, {5, 6});
  p.node("aten.add.Tensor", {{"self", x_json}, {"other", tensor_json("w")}}, {"s"});
  p.node("aten.mul.Tensor", {{"self", tensor_json("s")}, {"other", tensor_json("row")}}, {"y"});
  p.tensor("s", {"2", "2"}).tensor("y", {"2", "2"}).output("s").output("y");
  const ir::graph g = loaded(p);
  const datum x = tensor::of<float>({2, 2}, {0, 0, 0, 0});
  CHECK(run(g, {x}, 0) == floats{1, 3, 2, 4});
  CHECK(run(g, {x}, 1) == floats{5, 18, 10, 24});
}

TEST_CASE("torch import: stored weights stay in the mapped file") {
  const tenon_tests::scratch_folder folder;
  program_files p;
  p.input("x", {"64"}).weight("w", {"64"}, {"1"}, floats(64, 2));
  p.node("aten.mul.Tensor", {{"self", x_json}, {"other", tensor_json("w")}}, {"y"});
  p.tensor("y", {"64"}).output("y");
  const std::string path = cat(folder.path(), "/any.name");
  REQUIRE(write_file(path, std::string_view(p.bytes())));
  const auto g = load(path);
  REQUIRE_MESSAGE(g, g.failure().message);
  CHECK(g->metadata.file == path);
  CHECK(run(*g, {tensor::of<float>({64}, floats(64, 3))}) == floats(64, 6));
}

TEST_CASE("torch import: integers of the program and outputs in lists") {
  program_files p;
  p.input("x", {"s0", "Mul(Integer(2), Symbol('s1', positive=True, integer=True))"});
  const auto size = [](std::string_view name) {
    return cat("{\"as_sym_int\": {\"as_name\": \"", name, "\"}}");
  };
  p.node("aten.sym_size.int", {{"self", x_json}, {"dim", "{\"as_int\": 1}"}}, {size("n")});
  p.nodes.push_back(cat("{\"target\": \"_operator.floordiv\", \"inputs\": [",
                        argument_json("a", size("n")), ", ", argument_json("b", "{\"as_int\": 2}"),
                        "], \"outputs\": [", size("half"), "], \"metadata\": {}}"));
  p.node("aten._assert_scalar.default",
         {{"self", "{\"as_sym_bool\": {\"as_name\": \"q\"}}"}, {"m", "{\"as_string\": \"\"}"}}, {});
  p.node("aten.view.default",
         {{"self", x_json},
          {"size", "{\"as_sym_ints\": [{\"as_int\": -1}, {\"as_name\": \"half\"}]}"}},
         {"v"});
  p.node(
      "aten.split.Tensor",
      {{"self", tensor_json("v")}, {"split_size", "{\"as_int\": 1}"}, {"dim", "{\"as_int\": 1}"}},
      {"{\"as_tensors\": [{\"name\": \"left\"}, {\"name\": \"right\"}]}"});
  p.node("aten.max.dim", {{"self", tensor_json("v")}, {"dim", "{\"as_int\": 1}"}}, {"m", "at"});
  p.output("right").output("m").output("right");
  const ir::graph g = loaded(p);
  CHECK(g.fact(g.inputs()[0]).str() == "f32[s0, 2*s1]");
  CHECK(g.fact(g.outputs()[1]).str() == "f32[2*s0]");
  CHECK(g.output_names()[2] == "right_");
  const datum x = tensor::of<float>({1, 4}, {1, 5, 7, 3});
  CHECK(run(g, {x}, 0) == floats{5, 3});
  CHECK(run(g, {x}, 1) == floats{5, 7});
}

TEST_CASE("torch import: numbers take the type that torch gives them") {
  program_files p;
  p.input("x", {"2"}, 5);
  p.node("aten.add.Tensor", {{"self", x_json}, {"other", "{\"as_float\": 0.5}"}}, {"a"});
  p.node("aten.div.Tensor", {{"self", x_json}, {"other", "{\"as_int\": 2}"}}, {"d"});
  p.node("aten.sub.Tensor",
         {{"self", tensor_json("a")}, {"other", tensor_json("d")}, {"alpha", "{\"as_int\": 2}"}},
         {"s"});
  p.node("aten.mul.Tensor",
         {{"self", tensor_json("s")}, {"other", "{\"as_float\": \"-Infinity\"}"}}, {"y"});
  p.tensor("a", {"2"}).tensor("d", {"2"}).tensor("s", {"2"}).tensor("y", {"2"});
  p.output("s").output("y");
  const ir::graph g = loaded(p);
  const datum x = tensor::of<std::int64_t>({2}, {1, 4});
  CHECK(run(g, {x}, 0) == floats{0.5F, 0.5F});
  CHECK(run(g, {x}, 1)[0] < -1e38F);
}

TEST_CASE("torch import: graphs under no_grad are part of the program") {
  program_files inner, p;
  inner.node("aten.neg.default", {{"self", tensor_json("a")}}, {"x"});
  inner.node("aten.add.Tensor", {{"self", tensor_json("x")}, {"other", tensor_json("a")}}, {"s"});
  inner.node("aten.sub.Tensor", {{"self", tensor_json("s")}, {"other", tensor_json("x")}}, {"d"});
  inner.tensor("a", {"2"}).tensor("x", {"2"}).tensor("s", {"2"}).tensor("d", {"2"});
  const auto graph = [&](std::string_view results) {
    return cat("{\"as_graph\": {\"name\": \"submod\", \"graph\": {\"inputs\": [", tensor_json("a"),
               "], \"outputs\": ", results, ", \"nodes\": ", bracketed(inner.nodes),
               ", \"tensor_values\": {", join(inner.tensors), "}}}}");
  };
  const texts results = {tensor_json("d"), tensor_json("s")};
  p.input("x", {"2"}).output("y").output("z");
  SUBCASE("names inside are names of their own") {
    p.node("higher_order.wrap_with_set_grad_enabled",
           {{"", "{\"as_bool\": false}"}, {"", graph(bracketed(results))}, {"", x_json}},
           {"y", "zero"});
    p.node("aten.add.Tensor", {{"self", tensor_json("zero")}, {"other", x_json}}, {"z"});
    p.tensor("zero", {"2"}).tensor("z", {"2"});
    const ir::graph g = loaded(p);
    CHECK(run(g, {tensor::of<float>({2}, {3, 4})}, 0) == floats{3, 4});
    CHECK(run(g, {tensor::of<float>({2}, {3, 4})}, 1) == floats{3, 4});
  }
  SUBCASE("other numbers of results") {
    p.node("higher_order.wrap_with_set_grad_enabled",
           {{"", "{\"as_bool\": false}"}, {"", graph("[]")}, {"", x_json}}, {"y", "z"});
    check_refused(p.bytes(), code::graph, {"1 inputs and 0 outputs: expected 1 and 2"});
  }
}

TEST_CASE("torch import: every operator that is not known is listed") {
  program_files p = network();
  p.node("aten.fft_fft.default", {{"self", tensor_json("y")}}, {"u"});
  p.node("aten.fft_fft.default", {{"self", tensor_json("u")}}, {"v"});
  p.node("my.special.default", {{"self", tensor_json("v")}}, {"w2"});
  check_refused(
      p.bytes(), code::unsupported,
      {"models/model.json: 2 ops are not supported", "'torch.ops.aten.fft_fft.default' in 'u', 'v'",
       "'torch.ops.my.special.default' in 'w2'"});
}

TEST_CASE("torch import: what a program asks for and is not done is an error") {
  program_files p;
  p.input("x", {"2"}).output("y");
  SUBCASE("an argument that nobody reads") {
    p.node("aten.relu.default", {{"self", x_json}, {"twist", "{\"as_int\": 3}"}}, {"y"});
    check_refused(p.bytes(), code::unsupported,
                  {"node 'y' (aten.relu.default): argument 'twist' is not supported"});
  }
  SUBCASE("training") {
    p.node("aten.dropout.default",
           {{"input", x_json}, {"p", "{\"as_float\": 0.5}"}, {"train", "{\"as_bool\": true}"}},
           {"y"});
    check_refused(p.bytes(), code::unsupported, {"expected a model in eval mode"});
  }
  SUBCASE("another type than declared") {
    p.node("aten.relu.default", {{"self", x_json}}, {"y"}).tensor("y", {"2", "2"});
    check_refused(p.bytes(), code::shape, {"value 'y' is declared f32[2, 2]", "gives f32[2]"});
  }
  SUBCASE("state") {
    p.node("aten.relu.default", {{"self", x_json}}, {"y"});
    p.outputs.push_back(
        cat("{\"buffer_mutation\": {\"arg\": {\"name\": \"y\"}, "
            "\"buffer_name\": \"seen\"}}"));
    check_refused(p.bytes(), code::unsupported, {"changes 'seen' (buffer_mutation)"});
  }
  SUBCASE("a change of what a view sees") {
    p.node("aten.view.default", {{"self", x_json}, {"size", "{\"as_ints\": [2, 1]}"}}, {"v"});
    p.node("aten.relu_.default", {{"self", tensor_json("v")}}, {"r"});
    p.node("aten.neg.default", {{"self", x_json}}, {"y"});
    check_refused(p.bytes(), code::unsupported,
                  {"'v' in place, which 'x' sees", "run_decompositions()"});
  }
  SUBCASE("a value that nothing makes") {
    p.node("aten.neg.default", {{"self", tensor_json("nothing")}}, {"y"});
    check_refused(p.bytes(), code::graph, {"'nothing' is made by no node or input"});
  }
}

TEST_CASE("torch import: weights that lie") {
  const auto with = [](const texts& sizes, const texts& strides, int offset = 0) {
    program_files p;
    p.input("x", {"2"}).weight("w", sizes, strides, {1, 2}, offset);
    p.node("aten.mul.Tensor", {{"self", x_json}, {"other", tensor_json("w")}}, {"y"});
    p.tensor("y", {"2"}).output("y");
    return p;
  };
  check_refused(with({"3"}, {"1"}).bytes(), code::tensor_data,
                {"weight 'net.w'", "'weight_0' has 8 bytes: expected 12 for f32[3]"});
  check_refused(with({"2"}, {"1"}, 1).bytes(), code::tensor_data, {"expected 12"});
  check_refused(with({"2"}, {"-1"}).bytes(), code::tensor_data, {"expected numbers from 0"});
  check_refused(with({"2"}, {"1", "1"}).bytes(), code::tensor_data, {"as many strides"});
  check_refused(with({"4611686018427387904", "4"}, {"1", "1"}).bytes(), code::tensor_data,
                {"outgrow 64 bits"});
  check_refused(with({"2"}, {"9223372036854775807"}).bytes(), code::tensor_data,
                {"outgrow 64 bits"});
  check_refused(with({"1099511627776"}, {"0"}).bytes(), code::resource, {"expected at most"});
  program_files missing = with({"2"}, {"1"});
  missing.data.clear();
  check_refused(missing.bytes(), code::tensor_data, {"'data/weights/weight_0' is not in"});
  missing.weights.clear();
  check_refused(missing.bytes(), code::tensor_data, {"weight 'net.w': is not in the archive"});
}

TEST_CASE("torch import: other archives say what to do") {
  const auto of = [](std::initializer_list<std::string_view> names) {
    zip_writer out;
    for (const std::string_view name : names) out.add(name, "x");
    return std::move(out).finish();
  };
  check_refused(of({"serialized_exported_program.json", "version"}), code::unsupported,
                {"torch before 2.8", "torch.export.save"});
  check_refused(of({"net/data.pkl", "net/code/net.py"}), code::unsupported,
                {"TorchScript", "torch.export.save"});
  check_refused(of({"net/data.pkl", "net/version"}), code::unsupported, {"checkpoint"});
  check_refused(of({"arr_0.npy"}), code::format, {"models/*.json"});
  program_files old = network();
  old.major = 7;
  check_refused(old.bytes(), code::unsupported, {"schema version 7: expected 8"});
}

TEST_CASE("torch import: damaged archives are errors or still load") {
  const std::string good = network().bytes();
  std::size_t loads = 0, refused = 0;
  const auto check = [&](const std::string& bytes) {
    const auto g = load_bytes(bytes);
    ++(g ? loads : refused);
    if (!g) CHECK(g.failure().message.starts_with("torch: net.pt2: "));
  };
  for (std::size_t size = 0; size < good.size(); size += 7) check(good.substr(0, size));
  CHECK(loads == 0);
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = good;
    const std::size_t at = random() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    check(bytes);
  }
  CHECK(refused > 1500);
}

TEST_CASE("torch import: damaged programs in sound archives") {
  const program_files files = network();
  const std::string model = files.model();
  std::mt19937 random(4);
  const auto packed = [&](const std::string& text) {
    zip_writer out;
    for (const auto& [name, content] : files.data) out.add(cat("data/weights/", name), content);
    out.add("data/weights/model_weights_config.json",
            cat("{\"config\": {", join(files.weights), "}}"));
    out.add("models/model.json", text);
    return std::move(out).finish();
  };
  REQUIRE(load_bytes(packed(model)));
  constexpr std::string_view swaps[] = {"null", "-1", "\"x\"", "[]", "{}", "9223372036854775807"};
  for (int i = 0; i < 3000; ++i) {
    std::string text = model;
    const std::size_t at = random() % text.size();
    if (i % 3 == 0) {
      text.erase(at, 1 + random() % 20);
    } else if (i % 3 == 1) {
      text[at] = static_cast<char>(' ' + random() % 95);
    } else {
      const std::size_t digit = text.find_first_of("0123456789", at);
      if (digit != text.npos) text.replace(digit, 1, swaps[random() % std::size(swaps)]);
    }
    const auto g = load_bytes(packed(text));
    if (!g) CHECK(g.failure().message.starts_with("torch: net.pt2: "));
  }
}
