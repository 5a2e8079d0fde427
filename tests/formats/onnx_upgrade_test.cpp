#include "tenon/formats/onnx/upgrade.hpp"

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/one_node.hpp"
#include <doctest/doctest.h>

namespace {

using namespace tenon_tests;

const tensor cube = f32({2, 2, 2}, {1, -2, 3, 4, -5, 6, 0.5F, 8});

}  // namespace

TEST_CASE("onnx upgrade: before opset 7 an axis says where the second operand lies") {
  const tensor x = f32({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), b = f32({2, 4}),
               bools = tensor::of<bool>({2, 2, 2},
                                        {true, false, true, true, false, false, true, false}),
               bit = tensor::of<bool>({2}, {true, false}),
               numbers = tensor::of<std::int32_t>({2, 2, 2}, {2, 2, 4, 4, 2, 4, 2, 4}),
               number = tensor::of<std::int32_t>({2}, {2, 4});
  for (const char* op :
       {"Add", "Sub", "Mul", "Div", "Pow", "Greater", "Less", "Equal", "And", "Or", "Xor"}) {
    CAPTURE(op);
    const bool is_logical = op[0] == 'O' || op[0] == 'X' || op == std::string_view("And");
    const bool is_equal = op == std::string_view("Equal");
    const tensor& left = is_logical ? bools : is_equal ? numbers : x;
    const tensor& right = is_logical ? bit : is_equal ? number : b;
    const auto at = [&](std::int64_t axis) {
      return run(op, 6, {in(left), in(right)}, {whole("broadcast", 1), whole("axis", axis)});
    };
    const auto now = [&](extents dims) {
      return run(op, 13, {in(left), in(right.reshaped(std::move(dims)))});
    };
    CHECK(at(0) == now({2, 1, 1}));
    CHECK(at(1) == now({2, 1}));
    CHECK(at(2) == now({2}));
    CHECK(at(-1) == now({2}));
    CHECK(at(-2) == now({2, 1}));
    CHECK(now({2, 1}) != now({2}));
    CHECK(run(op, 6, {in(left), in(right)}, {whole("broadcast", 1)}) == now({2}));
    CHECK_SAYS(at(3), "attribute 'axis' is 3, expected 0 to 2");
    CHECK_SAYS(at(-4), "attribute 'axis' is -1, expected 0 to 2");
    CHECK_SAYS(run(op, 7, {in(left), in(right)}, {whole("broadcast", 1)}), "'broadcast'");
  }
  CHECK(run("Add", 6, {in(x), in(f32({2, 2}, {10, 20, 30, 40}))},
            {whole("broadcast", 1), whole("axis", 0)}) == "f32[2, 2, 2]: 11 12 23 24 35 36 47 48");
  CHECK_SAYS(run("Add", 6, {in(b), in(x)}, {whole("broadcast", 1), whole("axis", 0)}), "'axis'");
}

TEST_CASE("onnx upgrade: before opset 7 the slopes of PRelu lie on axis 1") {
  const tensor slopes = f32({2, 3});
  CHECK(run("PRelu", 6, {in(f32({1, 2, 2}, {-1, 1, -1, -2})), in(slopes)}) ==
        "f32[1, 2, 2]: -2 1 -3 -6");
  CHECK(run("PRelu", 6, {in(f32({2, 2}, {-1, 1, -1, -2})), in(slopes)}) == "f32[2, 2]: -2 1 -2 -6");
  CHECK(run("PRelu", 6, {in(f32({1, 3, 1}, {-1, 1, -1})), in(f32({2}))}) ==
        "f32[1, 3, 1]: -2 1 -2");
  CHECK(run("PRelu", 7, {in(f32({1, 2, 2}, {-1, 1, -1, -2})), in(slopes)}) ==
        "f32[1, 2, 2]: -2 1 -2 -6");
}

TEST_CASE("onnx upgrade: before opset 13 Softmax and its like cut their input into a matrix") {
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) {
    CAPTURE(op);
    const auto values = [&](std::int64_t opset, const tensor& x, attributes given) {
      const std::string text = run(op, opset, {in(x)}, given);
      return text.substr(text.find(':') + 1);
    };
    const std::string rows = values(13, cube.reshaped({2, 4}), {});
    CHECK(values(11, cube, {}) == rows);
    CHECK(values(1, cube, {whole("axis", 1)}) == rows);
    CHECK(values(11, cube, {whole("axis", -2)}) == rows);
    CHECK(values(12, cube, {whole("axis", 0)}) == values(13, cube.reshaped({1, 8}), {}));
    CHECK(values(12, cube, {whole("axis", -3)}) == values(13, cube.reshaped({1, 8}), {}));
    for (const std::int64_t last : {2, -1})
      CHECK(values(12, cube, {whole("axis", last)}) == values(13, cube, {}));
    CHECK(values(13, cube, {whole("axis", 1)}) != rows);
    CHECK_SAYS(run(op, 11, {in(cube)}), "f32[2, 2, 2]:");
    for (const std::int64_t far : {4, -4})
      CHECK_SAYS(run(op, 11, {in(cube)}, {whole("axis", far)}), cat("attribute 'axis' is ", far));
  }
}

TEST_CASE("onnx upgrade: the old Softmax of a tensor without elements is that tensor") {
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"})
    for (const extents& dims : {extents{0, 2, 3}, extents{2, 0, 3}, extents{2, 3, 0}})
      for (const std::int64_t axis : {0, 1, 2})
        CHECK(run(op, 11, {in(tensor(dtype::f32, dims))}, {whole("axis", axis)}) ==
              cat("f32", bracketed(dims), ":"));
}

TEST_CASE("onnx upgrade: axes of reductions were attributes") {
  const tensor x = f32({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax",
                         "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"}) {
    CAPTURE(op);
    const std::int64_t last = op == std::string_view("ReduceSum") ? 12 : 17;
    const auto now = [&](std::initializer_list<std::int64_t> axes, std::int64_t keep) {
      return run(op, 18, {in(x), fixed(i64(axes))}, {whole("keepdims", keep)});
    };
    for (const std::int64_t opset : {std::int64_t{1}, std::int64_t{11}, last}) {
      CHECK(run(op, opset, {in(x)}, {list("axes", {1}), whole("keepdims", 0)}) == now({1}, 0));
      CHECK(run(op, opset, {in(x)}, {list("axes", {-1, 0})}) == now({0, 2}, 1));
      CHECK(run(op, opset, {in(x)}) == now({0, 1, 2}, 1));
    }
    CHECK(now({1}, 0) != now({2}, 0));
    CHECK_SAYS(run(op, last + 1, {in(x)}, {list("axes", {1})}), "unknown");
    CHECK_SAYS(run(op, last, {in(x)}, {whole("axes", 1)}),
               "'axes' is 1, expected a list of integers");
  }
}

TEST_CASE("onnx upgrade: axes of Squeeze and Unsqueeze were attributes") {
  const tensor x = f32({1, 2, 1}, {1, 2});
  for (const std::int64_t opset : {1, 11, 12}) {
    CHECK(run("Squeeze", opset, {in(x)}, {list("axes", {2})}) == "f32[1, 2]: 1 2");
    CHECK(run("Squeeze", opset, {in(x)}) == "f32[2]: 1 2");
    CHECK(run("Unsqueeze", opset, {in(x)}, {list("axes", {0, 4})}) == "f32[1, 1, 2, 1, 1]: 1 2");
  }
  CHECK(run("Squeeze", 11, {in(x)}, {list("axes", {-3})}) == "f32[2, 1]: 1 2");
  for (const char* op : {"Squeeze", "Unsqueeze"})
    CHECK_SAYS(run(op, 13, {in(x)}, {list("axes", {0})}), "unknown");
}

TEST_CASE("onnx upgrade: pieces of Split were an attribute or equal") {
  const tensor x = f32({1, 2, 3, 4});
  for (const std::int64_t opset : {2, 11, 12})
    CHECK(run("Split", opset, {in(x)}, {list("split", {1, 3})}, 2) == "f32[1]: 1; f32[3]: 2 3 4");
  for (const std::int64_t opset : {2, 11, 13, 17})
    CHECK(run("Split", opset, {in(x)}, {}, 2) == "f32[2]: 1 2; f32[2]: 3 4");
  CHECK(run("Split", 13, {in(x), fixed(i64({3, 1}))}, {}, 2) == "f32[3]: 1 2 3; f32[1]: 4");
  CHECK(run("Split", 2, {in(x.reshaped({2, 2}))}, {whole("axis", 1)}, 2) ==
        "f32[2, 1]: 1 3; f32[2, 1]: 2 4");
  CHECK_SAYS(run("Split", 13, {in(x)}, {list("split", {1, 3})}, 2), "unknown");
}

TEST_CASE("onnx upgrade: amounts and value of Pad were attributes") {
  const tensor x = f32({1, 2, 3});
  CHECK(run("Pad", 1, {in(x)}, {list("paddings", {1, 2}), attribute::of("value", 9.0F)}) ==
        "f32[6]: 9 1 2 3 9 9");
  for (const std::int64_t opset : {2, 10}) {
    CHECK(run("Pad", opset, {in(x)}, {list("pads", {1, 0})}) == "f32[4]: 0 1 2 3");
    CHECK(run("Pad", opset, {in(x)}, {list("pads", {0, 2}), attribute::of("mode", "reflect")}) ==
          "f32[5]: 1 2 3 2 1");
    CHECK(run("Pad", opset, {in(x)}, {list("pads", {-1, 1}), attribute::of("value", 7.0F)}) ==
          "f32[3]: 2 3 7");
  }
  CHECK(run("Pad", 2, {in(tensor::of<double>({1}, {1}))},
            {list("pads", {1, 0}), attribute::of("value", 0.5F)}) == "f64[2]: 0.5 1");
  CHECK_SAYS(run("Pad", 11, {in(x)}, {list("pads", {1, 0})}), "unknown");
  CHECK_SAYS(run("Pad", 2, {in(x)}, {list("pads", {1, 0}), whole("value", 1)}),
             "'value' is 1, expected a float");
}

TEST_CASE("onnx upgrade: limits of Clip were attributes") {
  const float inf = std::numeric_limits<float>::infinity(), top = std::numeric_limits<float>::max();
  const tensor x = f32({-3, 0.5F, 9});
  const auto clip = [&](attributes given, std::int64_t opset = 6) {
    return run("Clip", opset, {in(x)}, given);
  };
  const auto low = [](float v) { return attribute::of("min", v); };
  const auto high = [](float v) { return attribute::of("max", v); };
  const std::string same = "f32[3]: -3 0.5 9";
  for (const std::int64_t opset : {1, 6, 10}) {
    CHECK(clip({low(-1), high(1)}, opset) == "f32[3]: -1 0.5 1");
    CHECK(clip({low(0)}, opset) == "f32[3]: 0 0.5 9");
    CHECK(clip({high(0)}, opset) == "f32[3]: -3 0 0");
    CHECK(clip({}, opset) == same);
  }
  CHECK(clip({low(-top), high(top)}) == same);
  CHECK(clip({low(-inf), high(inf)}) == same);
  CHECK(clip({low(inf)}) == "f32[3]: inf inf inf");
  CHECK(clip({high(-inf)}) == "f32[3]: -inf -inf -inf");
  CHECK(clip({low(top)}) == run("Clip", 11, {in(x), fixed(tensor::scalar(top))}));
  CHECK(run("Clip", 6, {in(tensor::of<double>({2}, {-1, 1}))}, {low(0.5F)}) == "f64[2]: 0.5 1");
  CHECK_SAYS(clip({low(0)}, 11), "unknown");
}

TEST_CASE("onnx upgrade: the ratio of Dropout was an attribute") {
  const tensor x = f32({1, 2});
  CHECK(run("Dropout", 6, {in(x)}, {attribute::of("ratio", 0.9F), whole("is_test", 1)}) ==
        "f32[2]: 1 2");
  CHECK(run("Dropout", 6, {in(x)}, {whole("is_test", 0)}) == "f32[2]: 1 2");
  CHECK(run("Dropout", 7, {in(x)}) == "f32[2]: 1 2");
  for (const std::int64_t opset : {6, 7, 9})
    CHECK(run("Dropout", opset, {in(x)}, {attribute::of("ratio", 0.5F)}, 2) ==
          "f32[2]: 1 2; f32[2]: 1 1");
  CHECK(run("Dropout", 10, {in(x)}, {attribute::of("ratio", 0.5F)}, 2) ==
        "f32[2]: 1 2; bool[2]: 1 1");
  CHECK_SAYS(run("Dropout", 12, {in(x)}, {attribute::of("ratio", 0.5F)}), "unknown");
}

TEST_CASE("onnx upgrade: sizes of TopK, Slice and Reshape were attributes") {
  const tensor x = f32({3, 1, 4, 2});
  for (const std::int64_t opset : {1, 9})
    CHECK(run("TopK", opset, {in(x)}, {whole("k", 2)}, 2) == "f32[2]: 4 3; i64[2]: 2 0");
  CHECK_SAYS(run("TopK", 1, {in(x)}, {}, 2), "k");
  CHECK(run("TopK", 10, {in(x), fixed(i64({1}))}, {}, 2) == "f32[1]: 4; i64[1]: 2");
  const tensor table = x.reshaped({2, 2});
  for (const std::int64_t opset : {1, 9}) {
    CHECK(run("Slice", opset, {in(table)},
              {list("starts", {1}), list("ends", {INT64_MAX}), list("axes", {1})}) ==
          "f32[2, 1]: 1 2");
    CHECK(run("Slice", opset, {in(table)}, {list("starts", {-1}), list("ends", {2})}) ==
          "f32[1, 2]: 4 2");
  }
  CHECK_SAYS(run("Slice", 10, {in(table)}, {list("starts", {1}), list("ends", {2})}), "unknown");
  CHECK(run("Reshape", 1, {in(table)}, {list("shape", {0, 1, -1})}) == "f32[2, 1, 2]: 3 1 4 2");
  CHECK(run("Reshape", 4, {in(table)}, {list("shape", {4})}) == "f32[4]: 3 1 4 2");
  CHECK_SAYS(run("Reshape", 5, {in(table)}, {list("shape", {4})}), "unknown");
}

namespace {

/// Upgrades a node by hand over values of a graph; nodes that it needs are counted, not added.
struct by_hand {
  ir::graph graph;
  onnx::node_form form;
  std::size_t added = 0;

  value_id unranked(dtype type = dtype::f32) {
    return graph.add_input("u", ir::fact::unranked(type));
  }

  status upgrade(std::string_view op, std::int64_t opset, std::vector<value_id> inputs) {
    form.op_type = op;
    form.name = "n";
    form.inputs = std::move(inputs);
    if (form.outputs.empty()) form.outputs = {"y"};
    const auto add = [&](onnx::node_form f) -> result<std::vector<value_id>> {
      ++added;
      return std::vector<value_id>{graph.add_value(f.outputs[0], ir::fact::unranked(dtype::f32))};
    };
    onnx::node_sink sink(graph, add);
    return onnx::upgrade(form, opset, sink);
  }
};

}  // namespace

TEST_CASE("onnx upgrade: old forms that need a rank say so where it is not known") {
  for (const char* op : {"Add", "PRelu", "Tile", "GroupNormalization"}) {
    by_hand at;
    at.form.attributes = {
        {"broadcast", std::int64_t{1}}, {"axis", std::int64_t{0}}, {"num_groups", std::int64_t{1}}};
    const value_id list = at.graph.add_constant("c", f32({1, 2}));
    const auto done = at.upgrade(op, op[0] == 'G' ? 18 : 1, {at.unranked(), list, list});
    REQUIRE_FALSE(done);
    CHECK(done.failure().kind == code::unsupported);
    CHECK_SAYS(done.failure().message, cat("the old form of ", op, " needs the rank of input 0"));
  }
  by_hand one;
  const value_id slope = one.graph.add_constant("c", f32({2}));
  CHECK(one.upgrade("PRelu", 1, {one.unranked(), slope}));
  CHECK(one.form.inputs[1] == slope);
}

TEST_CASE("onnx upgrade: what is not of the standard domains, or new, stays as it is") {
  for (const char* domain : {"mine", "ai.onnx.ml", ""}) {
    by_hand at;
    at.form.domain = domain;
    at.form.attributes = {{"consumed_inputs", ints{0}}, {"axes", ints{1}}};
    REQUIRE(at.upgrade("Squeeze", *domain ? 1 : 13, {at.unranked()}));
    CHECK(at.form.attributes.size() == 2);
    CHECK(at.form.inputs.size() == 1);
    CHECK(at.form.op_type == "Squeeze");
  }
  by_hand old;
  old.form.attributes = {{"consumed_inputs", ints{0}}, {"axes", ints{1}}};
  REQUIRE(old.upgrade("Squeeze", 1, {old.unranked()}));
  CHECK(old.form.attributes.empty());
  REQUIRE(old.form.inputs.size() == 2);
  CHECK(identical(old.graph.fact(old.form.inputs[1]).constant, i64({1})));
  CHECK(old.added == 0);
}

TEST_CASE("onnx upgrade: attributes of a node are found, taken and set by name, inputs by number") {
  onnx::node_form form;
  form.set("a", std::int64_t{1});
  form.set("b", 2.0F);
  form.set("a", std::int64_t{3});
  REQUIRE(form.attributes.size() == 2);
  CHECK(std::get<std::int64_t>(*form.find("a")) == 3);
  CHECK(form.find("c") == nullptr);
  CHECK(std::get<std::int64_t>(form.take("a")) == 3);
  CHECK(std::holds_alternative<std::monostate>(form.take("a")));
  CHECK(form.attributes.size() == 1);
  form.set_input(2, value_id(5));
  CHECK(form.inputs.size() == 3);
  CHECK_FALSE(form.has_input(0));
  CHECK(form.has_input(2));
  CHECK_FALSE(form.has_input(3));
  form.set_input(0, value_id(4));
  CHECK(form.inputs.size() == 3);
  CHECK(form.inputs[0] == value_id(4));
}

TEST_CASE("onnx upgrade: the first LabelEncoder has one list for both directions") {
  using texts = std::vector<std::string>;
  for (const bool is_text : {true, false}) {
    by_hand at;
    at.form.domain = "ai.onnx.ml";
    at.form.attributes = {{"classes_strings", texts{"cat", "dog"}},
                          {"default_int64", std::int64_t{7}}};
    REQUIRE(at.upgrade("LabelEncoder", 1, {at.unranked(is_text ? dtype::string : dtype::i64)}));
    CHECK(at.form.find("classes_strings") == nullptr);
    REQUIRE(at.form.attributes.size() == 3);
    CHECK(std::get<texts>(*at.form.find(is_text ? "keys_strings" : "values_strings")) ==
          texts{"cat", "dog"});
    CHECK(std::get<ints>(*at.form.find(is_text ? "values_int64s" : "keys_int64s")) == ints{0, 1});
    CHECK(std::get<std::int64_t>(*at.form.find("default_int64")) == 7);
  }
  by_hand now;
  now.form.domain = "ai.onnx.ml";
  now.form.attributes = {{"classes_strings", texts{"cat"}}};
  REQUIRE(now.upgrade("LabelEncoder", 2, {now.unranked()}));
  CHECK(now.form.find("classes_strings") != nullptr);
}
