// Models that tenon wrote, cut off and with flipped bits, are loaded, compiled and run: an error or a result.
#include "tenon/formats/onnx/export.hpp"
#include "tenon/formats/onnx/import.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/pooling.hpp"
#include "tenon/ops/quantization.hpp"
#include "tenon/ops/selection.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/ops/softmax.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

struct sample {
  std::string bytes;
  std::vector<datum> inputs;
};

tensor numbers(extents dims) {
  tensor out(dtype::f32, std::move(dims));
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.data<float>()[i] = 0.25F * static_cast<float>(i % 9) - 1.0F;
  return out;
}

sample written(builder& b, std::vector<datum> inputs) {
  return {to_onnx(b.finish().value()).value(), std::move(inputs)};
}

sample convolutions() {
  builder b("convolutions");
  const value_id x = b.input("x", dtype::f32, {"batch", 3, "height", "width"});
  const value_id w = b.constant("w", numbers({4, 3, 3, 3}));
  const ops::conv conv{.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}, .strides = {2, 2}};
  const value_id y = b.add(ops::relu{}, {b.add(conv, {x, w, b.constant("b", numbers({4}))})});
  b.output("pooled", b.add(ops::max_pool{.kernel_shape = {2, 2}, .strides = {2, 2}}, {y}));
  b.output("mean", b.add(ops::global_average_pool{}, {y}));
  return written(b, {numbers({1, 3, 8, 8})});
}

sample attention() {
  builder b("attention");
  const value_id x = b.input("x", dtype::f32, {"batch", "seq", 8});
  const value_id h = b.add(ops::matmul{}, {x, b.constant("w", numbers({8, 8}))});
  const value_id t = b.add(ops::transpose{.perm = {0, 2, 1}}, {h});
  const value_id p = b.add(ops::softmax{.axis = -1}, {b.add(ops::matmul{}, {h, t})});
  const value_id y = b.add(ops::matmul{}, {p, h});
  b.output("y", b.add(ops::layer_normalization{},
                      {y, b.constant("scale", numbers({8})), b.constant("bias", numbers({8}))}));
  return written(b, {numbers({2, 3, 8})});
}

sample indexing() {
  builder b("indexing");
  const value_id ids = b.input("ids", dtype::i64, {"n"});
  const value_id rows = b.add(ops::gather{}, {b.constant("table", numbers({10, 4})), ids});
  const value_id flat =
      b.add(ops::reshape{}, {rows, b.constant("shape", tensor::of<std::int64_t>({2}, {-1, 2}))});
  const value_id kept =
      b.add(ops::slice{}, {flat, b.constant("begin", tensor::of<std::int64_t>({1}, {1})),
                           b.constant("end", tensor::of<std::int64_t>({1}, {99}))});
  b.output("kept", kept);
  b.output("where", b.add(ops::non_zero{}, {kept}));
  b.output("tiled", b.add(ops::tile{},
                          {kept, b.constant("repeats", tensor::of<std::int64_t>({2}, {2, 3}))}));
  return written(b, {tensor::of<std::int64_t>({3}, {1, 9, 0})});
}

sample quantized() {
  builder b("quantized");
  const value_id x = b.input("x", dtype::f32, {"n", 8});
  const value_id scale = b.constant("scale", tensor::of<float>({}, {0.02F}));
  const value_id zero = b.constant("zero", tensor::of<std::uint8_t>({}, {128}));
  const value_id q = b.add(ops::quantize_linear{}, {x, scale, zero});
  const value_id d = b.add(ops::dequantize_linear{}, {q, scale, zero});
  b.output("y", b.add(ops::gemm{.transB = true}, {d, b.constant("w", numbers({5, 8}))}));
  return written(b, {numbers({3, 8})});
}

/// Whether an error says of which node, value, input or output it is, in quotes before what is wrong.
bool names_a_place(const std::string& message) {
  return message.substr(0, message.find(": ")).find('\'') != std::string::npos;
}

/// Loads, compiles at `wanted` and runs with bounds; how far it came: 0 refused, 1 loaded, 2 compiled, 3 run.
int use(const std::string& bytes, const std::vector<datum>& inputs, level wanted) {
  auto graph = load_onnx(std::as_bytes(std::span(bytes)), {.name = "damaged.onnx"});
  if (!graph) {
    const std::string& message = graph.failure().message;
    CHECK_MESSAGE(message.starts_with("onnx: damaged.onnx: "), message);
    return 0;
  }
  compile_options options;
  options.level = wanted;
  auto made = compile(std::move(*graph), options);
  if (!made) {
    CHECK_MESSAGE(names_a_place(made.failure().message), made.failure().message);
    return 1;
  }
  session s(
      made->model,
      {.threads = 1, .memory_limit_bytes = std::int64_t{64} << 20, .time_limit_seconds = 0.5});
  const auto out = s.run_positional(inputs);
  if (!out) CHECK_MESSAGE(names_a_place(out.failure().message), out.failure().message);
  return out ? 3 : 2;
}

std::vector<sample> samples() {
  return {convolutions(), attention(), indexing(), quantized()};
}

}  // namespace

TEST_CASE("models as they were written run at every level") {
  for (const sample& m : samples())
    for (const level wanted : {level::none, level::o1}) CHECK(use(m.bytes, m.inputs, wanted) == 3);
}

TEST_CASE("a model cut off anywhere is refused or runs") {
  for (const sample& m : samples()) {
    CHECK(use(m.bytes.substr(0, m.bytes.size() / 2), m.inputs, level::o1) == 0);
    for (std::size_t i = 0; i < m.bytes.size(); i += 1 + m.bytes.size() / 100)
      use(m.bytes.substr(0, i), m.inputs, level::o1);
  }
}

TEST_CASE("a model with flipped bits is refused or runs") {
  std::mt19937 random(20261121);
  for (const sample& m : samples()) {
    int counts[4] = {};
    for (int round = 0; round < 300; ++round) {
      std::string changed = m.bytes;
      const int flips = 1 + static_cast<int>(random() % 4);
      for (int k = 0; k < flips; ++k)
        changed[random() % changed.size()] ^= static_cast<char>(1U << (random() % 8));
      CAPTURE(round);
      ++counts[use(changed, m.inputs, round % 2 == 0 ? level::o1 : level::none)];
    }
    CHECK(counts[0] > 0);
    CHECK(counts[3] > 0);
  }
}

TEST_CASE("wrong inputs of a model are errors") {
  const tensor text(dtype::string, {1});
  for (const sample& m : samples()) {
    const datum& right = m.inputs[0];
    const tensor empty(right.as_tensor().type(), {0, 0, 0, 0, 0});
    for (const std::vector<datum>& wrong : {std::vector<datum>{},
                                            {right, right},
                                            {text},
                                            {empty},
                                            {tensor(dtype::f64, {1, 1, 1, 1})}})
      CHECK(use(m.bytes, wrong, level::o1) == 2);
  }
}
