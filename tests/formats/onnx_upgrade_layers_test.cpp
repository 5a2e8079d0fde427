#include "tenon/formats/onnx/upgrade.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/one_node.hpp"
#include <doctest/doctest.h>

using namespace tenon_tests;

TEST_CASE("onnx upgrade: old ops that resize read the element before, or the next one to shrink") {
  const tensor x = f32({1, 1, 1, 2}, {1, 3});
  const std::string nearest = "f32[1, 1, 1, 5]: 1 1 1 3 3",
                    wide = "f32[1, 1, 2, 4]: 1 1 3 3 1 1 3 3";
  CHECK(run("Upsample", 1, {in(x)},
            {attribute::of("height_scale", 2.0F), attribute::of("width_scale", 2.0F)}) == wide);
  CHECK(run("Upsample", 7, {in(x)}, {floats_of("scales", {1, 1, 2, 2})}) == wide);
  CHECK(run("Upsample", 7, {in(x)}, {floats_of("scales", {1, 1, 1, 2.5F})}) == nearest);
  CHECK(run("Upsample", 9, {in(x), fixed(f32({1, 1, 1, 2.5F}))}) == nearest);
  CHECK(run("Resize", 10, {in(x), fixed(f32({1, 1, 1, 2.5F}))}) == nearest);
  const std::string line = "f32[1, 1, 1, 4]: 1 2 3 3";
  CHECK(run("Upsample", 9, {in(x), fixed(f32({1, 1, 1, 2}))}, {attribute::of("mode", "linear")}) ==
        line);
  CHECK(run("Upsample", 1, {in(x)},
            {attribute::of("height_scale", 1.0F), attribute::of("width_scale", 2.0F),
             attribute::of("mode", "bilinear")}) == line);
  CHECK(run("Resize", 10, {in(x), fixed(f32({1, 1, 1, 2}))}, {attribute::of("mode", "linear")}) ==
        line);
  CHECK(run("Resize", 10, {in(f32({5}, {0, 1, 2, 3, 4})), fixed(f32({0.6F}))}) == "f32[3]: 0 2 4");
  CHECK_SAYS(run("Upsample", 7, {in(x)}), "scales are missing");
  CHECK_SAYS(run("Upsample", 1, {in(x)}, {attribute::of("height_scale", 2.0F)}),
             "scales are missing");
}

TEST_CASE("onnx upgrade: empty inputs of Resize are absent ones") {
  const tensor x = f32({1, 3}), none = f32({0}, {});
  const std::string twice = "f32[4]: 1 1 3 3";
  const attributes floor{attribute::of("coordinate_transformation_mode", "asymmetric"),
                         attribute::of("nearest_mode", "floor")};
  CHECK(run("Resize", 11, {in(x), fixed(none), fixed(f32({2}))}, floor) == twice);
  CHECK(run("Resize", 11, {in(x), fixed(none), fixed(none), fixed(i64({4}))}, floor) == twice);
  CHECK(run("Resize", 19, {in(x), fixed(none), fixed(none), fixed(i64({4}))}, floor) == twice);
  CHECK(run("Resize", 13, {in(x), {}, {}, fixed(i64({4}))}, floor) == twice);
}

TEST_CASE("onnx upgrade: BatchNormalization of inference") {
  const auto norm = [](std::int64_t opset, attributes given, std::size_t outputs = 1) {
    const tensor one = f32({1, 1});
    return run(
        "BatchNormalization", opset,
        {in(f32({1, 2}, {3, 5})), fixed(f32({2, 3})), fixed(f32({0, 1})), fixed(one), fixed(one)},
        given, outputs);
  };
  const std::string expected = "f32[1, 2]: 4 13";
  const attribute exact = attribute::of("epsilon", 0.0F);
  CHECK(norm(6, {exact, whole("is_test", 1), list("consumed_inputs", {0, 0, 0, 1, 1})}) ==
        expected);
  CHECK(norm(7, {exact, whole("spatial", 1)}) == expected);
  CHECK(norm(9, {exact, attribute::of("momentum", 0.5F)}) == expected);
  CHECK(norm(14, {exact}) == expected);
  CHECK_SAYS(norm(7, {exact, whole("spatial", 0)}), "spatial = 0 is not supported");
  CHECK_SAYS(norm(9, {exact}, 3), "training outputs of opset 9 are not supported");
  CHECK_SAYS(norm(14, {exact, whole("spatial", 1)}), "unknown");
}

TEST_CASE("onnx upgrade: attributes that had other types, defaults or names") {
  const tensor x = f32({1.75F, 0, -1});
  CHECK(run("Cast", 1, {in(x)}, {attribute::of("to", "INT32")}) == "i32[3]: 1 0 -1");
  CHECK(run("Cast", 5, {in(x)}, {attribute::of("to", "DOUBLE")}) == "f64[3]: 1.75 0 -1");
  CHECK(run("Cast", 5, {in(x)}, {attribute::of("to", "BOOL")}) == "bool[3]: 1 0 1");
  CHECK(run("Cast", 5, {in(x)}, {attribute::of("to", "FLOAT16")}) == "f16[3]: 1.75 0 -1");
  CHECK(run("Cast", 5, {in(x)}, {attribute::of("to", "INT64")}) == "i64[3]: 1 0 -1");
  CHECK_SAYS(run("Cast", 5, {in(x)}, {attribute::of("to", "UNDEFINED")}),
             "the name of an element type");
  CHECK_SAYS(run("Cast", 5, {in(x)}, {attribute::of("to", "float")}),
             "the name of an element type");
  CHECK_SAYS(run("Cast", 6, {in(x)}, {attribute::of("to", "INT32")}), "'to'");
  const tensor row = f32({1, 2}, {1, 2});
  CHECK(run("Concat", 1, {in(row), in(row)}) == "f32[1, 4]: 1 2 1 2");
  CHECK(run("Concat", 3, {in(row), in(row)}, {whole("axis", 0)}) == "f32[2, 2]: 1 2 1 2");
  CHECK_SAYS(run("Concat", 4, {in(row), in(row)}), "'axis' is missing");
  CHECK(run("Gemm", 6, {in(row), in(f32({2, 1}, {3, 4})), in(f32({5}))}, {whole("broadcast", 1)}) ==
        "f32[1, 1]: 16");
  CHECK(run("Relu", 1, {in(x)}, {list("consumed_inputs", {0})}) == "f32[3]: 1.75 0 0");
  CHECK_SAYS(run("Relu", 8, {in(x)}, {list("consumed_inputs", {0})}), "unknown");
}

TEST_CASE("onnx upgrade: the first Selu has shorter defaults") {
  const attribute alpha = attribute::of("alpha", 1.6732F), gamma = attribute::of("gamma", 1.0507F);
  const tensor x = f32({-2, 3});
  const std::string old = run("Selu", 6, {in(x)}, {alpha, gamma});
  CHECK(old != run("Selu", 6, {in(x)}));
  for (const std::int64_t opset : {1, 5}) {
    CHECK(run("Selu", opset, {in(x)}) == old);
    CHECK(run("Selu", opset, {in(x)}, {gamma}) == old);
    CHECK(
        run("Selu", opset, {in(x)}, {attribute::of("alpha", 2.0F), attribute::of("gamma", 3.0F)}) ==
        run("Selu", 6, {in(x)}, {attribute::of("alpha", 2.0F), attribute::of("gamma", 3.0F)}));
  }
}

TEST_CASE("onnx upgrade: the norms of the first LpPool were floats") {
  const tensor x = f32({1, 1, 2}, {3, 4});
  const attribute kernel = list("kernel_shape", {2});
  CHECK(run("LpPool", 1, {in(x)}, {kernel}) == "f32[1, 1, 1]: 5");
  CHECK(run("LpPool", 1, {in(x)}, {kernel, attribute::of("p", 1.0F)}) == "f32[1, 1, 1]: 7");
  CHECK(run("GlobalLpPool", 1, {in(x)}, {attribute::of("p", 2.0F)}) == "f32[1, 1, 1]: 5");
  CHECK(run("GlobalLpPool", 2, {in(x)}, {whole("p", 1)}) == "f32[1, 1, 1]: 7");
  for (const float odd : {2.5F, 1e30F, std::numeric_limits<float>::quiet_NaN(), -INFINITY})
    for (const char* op : {"LpPool", "GlobalLpPool"})
      CHECK_SAYS(run(op, 1, {in(x)},
                     op[0] == 'L' ? attributes{kernel, attribute::of("p", odd)}
                                  : attributes{attribute::of("p", odd)}),
                 "attribute 'p' is");
}

TEST_CASE("onnx upgrade: the first Tile repeats one axis") {
  const tensor x = f32({2, 1}, {1, 2});
  const auto tile = [&](operand count, operand axis) {
    return run("Tile", 1, {in(x), std::move(count), std::move(axis)});
  };
  CHECK(tile(fixed(tensor::scalar(2.0F)), fixed(tensor::scalar(1.0F))) == "f32[2, 2]: 1 1 2 2");
  CHECK(tile(fixed(f32({2})), fixed(f32({0}))) == "f32[4, 1]: 1 2 1 2");
  CHECK_SAYS(tile(fixed(f32({2})), fixed(f32({2}))), "axis is 2, expected 0 to 1");
  CHECK_SAYS(tile(fixed(f32({2})), fixed(f32({-1}))), "axis is -1, expected 0 to 1");
  CHECK_SAYS(tile(in(f32({2})), fixed(f32({0}))), "must be constant scalars");
  CHECK_SAYS(tile(fixed(f32({2, 2})), fixed(f32({0}))), "must be constant scalars");
  CHECK_SAYS(run("Tile", 1, {in(x), fixed(f32({2}))}), "has 2 inputs, expected 3");
}

TEST_CASE("onnx upgrade: scale and bias of the first GroupNormalization belong to groups") {
  const tensor x = f32({1, 4, 1}, {1, 2, 3, 5});
  const attribute two = whole("num_groups", 2);
  const std::string now =
      run("GroupNormalization", 21, {in(x), in(f32({2, 2, 3, 3})), in(f32({0, 0, 1, 1}))}, {two});
  for (const std::int64_t opset : {18, 20})
    CHECK(run("GroupNormalization", opset, {in(x), in(f32({2, 3})), in(f32({0, 1}))}, {two}) ==
          now);
  CHECK_SAYS(now, "f32[1, 4, 1]:");
  CHECK_SAYS(run("GroupNormalization", 18, {in(x), in(f32({2, 3, 4})), in(f32({0, 1, 2}))},
                 {whole("num_groups", 3)}),
             "num_groups must divide");
  CHECK_SAYS(
      run("GroupNormalization", 18, {in(x), in(f32({2})), in(f32({0}))}, {whole("num_groups", 0)}),
      "num_groups must divide");
}

TEST_CASE("onnx upgrade: the axis of DFT was an attribute") {
  const tensor x = f32({1, 2, 3, 1}, {1, 2, 3, 4, 5, 7});
  const auto now = [&](std::int64_t axis) {
    return run("DFT", 20, {in(x), {}, fixed(tensor::scalar(axis))});
  };
  CHECK(run("DFT", 17, {in(x)}) == now(1));
  CHECK(run("DFT", 19, {in(x)}, {whole("axis", 2)}) == now(2));
  CHECK(run("DFT", 19, {in(x)}, {whole("axis", -2)}) == now(2));
  CHECK(now(1) != now(2));
  CHECK(run("DFT", 20, {in(x)}) == now(2));
  CHECK_SAYS(run("DFT", 20, {in(x)}, {whole("axis", 1)}), "unknown");
}

TEST_CASE("onnx upgrade: modes of GridSample and RoiAlign had other names and defaults") {
  const tensor image = f32({1, 1, 2, 2}, {1, 2, 3, 4}),
               grid = f32({1, 1, 2, 2}, {-0.25F, 0.5F, 0.75F, 0});
  const auto sample = [&](std::int64_t opset, attributes given) {
    return run("GridSample", opset, {in(image), in(grid)}, given);
  };
  CHECK(sample(16, {}) == sample(20, {attribute::of("mode", "linear")}));
  CHECK(sample(16, {attribute::of("mode", "bilinear")}) == sample(20, {}));
  CHECK(sample(16, {attribute::of("mode", "bicubic")}) ==
        sample(20, {attribute::of("mode", "cubic")}));
  CHECK(sample(19, {attribute::of("mode", "nearest")}) ==
        sample(20, {attribute::of("mode", "nearest")}));
  CHECK(sample(20, {}) != sample(20, {attribute::of("mode", "cubic")}));
  CHECK_SAYS(sample(20, {attribute::of("mode", "bilinear")}), "mode");
  const auto align = [&](std::int64_t opset, attributes given) {
    return run("RoiAlign", opset, {in(image), in(f32({1, 4}, {0.25F, 0, 1.5F, 1})), in(i64({0}))},
               given);
  };
  const attribute old = attribute::of("coordinate_transformation_mode", "output_half_pixel");
  for (const std::int64_t opset : {10, 15}) CHECK(align(opset, {}) == align(16, {old}));
  CHECK(align(16, {}) != align(16, {old}));
}

TEST_CASE("onnx upgrade: recurrent ops said whether they give a sequence") {
  const attribute hidden = whole("hidden_size", 1), flag = whole("output_sequence", 1);
  for (const auto& row : {std::pair("RNN", 1), std::pair("GRU", 3), std::pair("LSTM", 4)}) {
    const char* op = row.first;
    CAPTURE(op);
    const auto weights = [g = row.second] {
      tensor t(dtype::f32, {1, g, 1});
      for (std::int64_t i = 0; i < t.size(); ++i) t.data<float>()[i] = 0.5F + static_cast<float>(i);
      return t;
    };
    const std::vector<operand> inputs{in(f32({2, 1, 1}, {1, -1})), in(weights()), in(weights())};
    const std::string now = run(op, 7, inputs, {hidden}, 2);
    CHECK_SAYS(now, "f32[2, 1, 1, 1]:");
    for (const std::int64_t opset : {3, 6}) CHECK(run(op, opset, inputs, {hidden, flag}, 2) == now);
    CHECK_SAYS(run(op, 7, inputs, {hidden, flag}, 2), "unknown");
  }
}

TEST_CASE("onnx upgrade: Scatter is ScatterElements, Scan with batches is refused") {
  const std::vector<operand> inputs{in(f32({1, 2, 3})), in(i64({2, 0})), in(f32({8, 9}))};
  const std::string expected = "f32[3]: 9 2 8";
  for (const std::int64_t opset : {9, 10, 11}) CHECK(run("Scatter", opset, inputs) == expected);
  CHECK(run("ScatterElements", 11, inputs) == expected);
  const attribute body = attribute::message(
      "body", 5, 6,
      tenon_tests::onnx_model().input("a", {}).node("Identity", {"a"}, {"b"}).output("b").graph());
  CHECK_SAYS(run("Scan", 8, {{}, in(f32({1, 1}, {1}))}, {body, whole("num_scan_inputs", 1)}),
             "Scan of opset 8 (with batches) is not supported");
}
