#include "tenon/formats/onnx/export.hpp"
#include "tenon/formats/onnx/export_attributes.hpp"
#include "tenon/formats/onnx/importer.hpp"
#include "tenon/formats/onnx/schema.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/branch.hpp"
#include "tenon/ops/cast.hpp"
#include "tenon/ops/list.hpp"
#include "tenon/ops/loops.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/pooling.hpp"
#include "tenon/ops/quantization.hpp"
#include "tenon/ops/selection.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

using namespace tenon;
using namespace tenon::onnx::export_detail;
using ints = std::vector<std::int64_t>;
using names = std::vector<std::string>;

/// The op of the library that stands for an op of ONNX, with the defaults of its struct.
ir::any_op op_named(std::string_view onnx_name) {
  for (const ir::op_type* type : ops::all_ops())
    for (const ir::onnx_import& form : type->onnx)
      if (form.name == onnx_name) return ir::any_op::make(*type);
  FAIL("no op for ", onnx_name);
  return {};
}

names written(const ir::any_op& op, std::string_view op_type) {
  names out;
  for (const visited& a : onnx::export_detail::attributes_of(op, op_type)) out.emplace_back(a.name);
  return out;
}

bool contains(const names& all, std::string_view name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

std::string_view part(std::string_view key, bool is_name) {
  const auto dot = key.find('.');
  return is_name ? key.substr(0, dot) : key.substr(dot + 1);
}

/// The opset of the standard domain with which a graph is written.
std::int64_t opset_of(const ir::graph& g) {
  const auto bytes = to_onnx(g);
  REQUIRE_MESSAGE(bytes, bytes.failure().message);
  const auto model = onnx::decode_model(std::as_bytes(std::span(*bytes)));
  REQUIRE_MESSAGE(model, model.failure().message);
  for (const auto& opset : model->opsets)
    if (opset.domain.empty()) return opset.version;
  return 0;
}

ops::max_pool pool(bool ceil_mode, ints kernel, ints strides, ints pads, ints dilations = {}) {
  ops::max_pool out;
  out.ceil_mode = ceil_mode;
  out.kernel_shape = std::move(kernel);
  out.strides = std::move(strides);
  out.pads = std::move(pads);
  out.dilations = std::move(dilations);
  return out;
}

}  // namespace

TEST_CASE(
    "onnx export: attributes that ONNX requires are written also where they have the default") {
  // Attributes without a default in onnx.defs of opset 25 and ai.onnx.ml 5, of ops in this library; lists, tensors and graphs that no op can be without left out.
  for (const std::string_view key :
       {"BitShift.direction", "Cast.to", "Concat.axis", "ConcatFromSequence.axis",
        "DepthToSpace.blocksize", "Einsum.equation", "GroupNormalization.num_groups", "LRN.size",
        "RandomNormal.shape", "RandomUniform.shape", "Scan.num_scan_inputs",
        "SpaceToDepth.blocksize"}) {
    CAPTURE(key);
    const std::string_view name = part(key, true);
    const ir::any_op op = op_named(name);
    const auto value = op.attribute(part(key, false));
    // Without a value there is nothing to write: such an op is refused before.
    if (std::holds_alternative<std::monostate>(value)) continue;
    CHECK(contains(written(op, name), part(key, false)));
  }
}

TEST_CASE("onnx export: what a file must give is written") {
  std::size_t seen = 0;
  for (const ir::op_type* type : ops::all_ops()) {
    if (type->onnx.empty()) continue;
    const ir::any_op op = ir::any_op::make(*type);
    const names found = written(op, type->onnx[0].name);
    for (std::size_t i = 0; i < type->attribute_names.size(); ++i) {
      if (!type->requires_attribute[i]) continue;
      const std::string_view name = type->attribute_names[i];
      const auto value = op.attribute(name);
      const auto* list = std::get_if<ints>(&value);
      const auto* body = std::get_if<ir::subgraph>(&value);
      const auto* content = std::get_if<tensor>(&value);
      CAPTURE(type->name);
      CAPTURE(name);
      ++seen;
      // An empty kernel, graph or tensor, and no value at all, are refused when the node is made.
      const bool is_void = std::holds_alternative<std::monostate>(value) ||
                           (list && list->empty()) || (body && !*body) || (content && !*content);
      CHECK((is_void || contains(found, name)));
    }
  }
  CHECK(seen > 10);
}

namespace {

/// An op of a user whose order a file must give.
struct ranked {
  static constexpr ir::op_info info{"ranked", ir::ports{"x"}, ir::ports{"y"}};
  static constexpr ir::onnx_import onnx{"Ranked", 1, "mine"};
  std::int64_t order = 1, offset = 0;
  static constexpr auto attributes = ir::attributes_of(ir::attribute{"order", &ranked::order, true},
                                                       ir::attribute{"offset", &ranked::offset});
  friend bool operator==(const ranked&, const ranked&) = default;

  status infer(ir::infer_context& ctx) const { return ops::infer_like_input(ctx, ops::floats); }

  status reference(ir::eval_context&) const { return {}; }
};

}  // namespace

TEST_CASE("onnx export: what a file must give of an op of a user is written") {
  CHECK(written(ranked{}, "Ranked") == names{"order"});
  builder b;
  b.output("y", b.add(ranked{}, {b.input("x", dtype::f32, {2})}));
  const auto bytes = to_onnx(b.finish().value());
  REQUIRE_MESSAGE(bytes, bytes.failure().message);
  const ir::op_type* const table[] = {&ir::type_of<ranked>()};
  const auto again = onnx::load_bytes(std::as_bytes(std::span(*bytes)), table, {});
  REQUIRE_MESSAGE(again, again.failure().message);
  CHECK((*again)[again->order()[0]].op.is<ranked>());
}

TEST_CASE("onnx export: every name in the lists is that of an attribute or input of an op") {
  const auto check = [](std::string_view key) {
    CAPTURE(key);
    const ir::any_op op = op_named(part(key, true));
    const auto all = op.type().attribute_names;
    CHECK(std::find(all.begin(), all.end(), part(key, false)) != all.end());
  };
  for (const std::string_view key : always) check(key);
  for (const late_attribute& a : late) check(a.name);
  for (const late_input& i : late_inputs) CHECK(i.index < op_named(i.op).type().inputs.size());
}

TEST_CASE("onnx export: defaults, absent values and the library's own attributes are left out") {
  ops::max_pool op = pool(false, {2}, {}, {});
  CHECK(written(op, "MaxPool") == names{"kernel_shape"});
  op.ceil_mode = true;
  op.storage_order = 1;
  CHECK(written(op, "MaxPool") == names{"ceil_mode", "kernel_shape", "storage_order"});
  ops::loop loop;
  loop.carried_count = 3;
  CHECK_FALSE(contains(written(loop, "Loop"), "carried_count"));
  CHECK(is_internal("carried_count"));
  CHECK_FALSE(is_internal("axis"));
  for (const ir::op_type* type : ops::all_ops())
    for (const visited& a : onnx::export_detail::attributes_of(ir::any_op::make(*type), "other")) {
      CAPTURE(type->name);
      CAPTURE(a.name);
      CHECK(is_required(*type, "other", a.name));
    }
}

TEST_CASE("onnx export: an attribute that came late raises the opset, its default does not") {
  const auto convert = [](ir::any_op op, dtype from, tensor scale) {
    builder b;
    const auto x = b.input("x", from, {2});
    if (scale)
      b.output("y", b.add(std::move(op), {x, b.constant("s", std::move(scale))}));
    else
      b.output("y", b.add(std::move(op), {x}));
    return opset_of(b.finish().value());
  };
  ops::cast to;
  to.to = dtype::i32;
  CHECK(convert(to, dtype::f32, {}) == 21);
  REQUIRE(ir::any_op(to).attribute("round_mode") == ir::attribute_value(std::string("up")));
  ir::any_op down = to;
  REQUIRE(down.assign("round_mode", std::string("down")));
  CHECK(convert(down, dtype::f32, {}) == 24);
  const tensor one = tensor::scalar(1.0F);
  CHECK(convert(op_named("DequantizeLinear"), dtype::u8, one) == 21);
  ir::any_op typed = op_named("DequantizeLinear");
  REQUIRE(typed.assign("output_dtype", std::int64_t{1}));
  CHECK(convert(typed, dtype::u8, one) == 23);
  CHECK(convert(op_named("QuantizeLinear"), dtype::f32, one) == 21);
  ir::any_op exact = op_named("QuantizeLinear");
  REQUIRE(exact.assign("precision", std::int64_t{1}));
  CHECK(convert(exact, dtype::f32, one) == 23);
}

TEST_CASE("onnx export: the version of the format that goes with an opset") {
  // onnx.helper.VERSION_TABLE
  const std::pair<std::int64_t, std::int64_t> table[] = {
      {21, 10}, {22, 10}, {23, 11}, {24, 12}, {25, 13}};
  for (const auto& [opset, version] : table) CHECK(ir_version_of(opset) == version);
}

TEST_CASE("onnx export: a last window behind the input is seen in every axis and with dilations") {
  // A window starts in padding when the padding behind and the stride outgrow its reach.
  CHECK_FALSE(may_start_in_padding(pool(true, {3, 3}, {2, 2}, {0, 0, 1, 1})));
  CHECK(may_start_in_padding(pool(true, {3, 3}, {3, 3}, {0, 0, 0, 1})));
  CHECK(may_start_in_padding(pool(true, {3, 3}, {3, 3}, {0, 0, 1, 0})));
  CHECK_FALSE(may_start_in_padding(pool(true, {3, 3}, {3, 3}, {1, 1, 0, 0})));
  CHECK_FALSE(may_start_in_padding(pool(false, {3}, {9}, {0, 1})));
  CHECK(may_start_in_padding(pool(true, {2}, {4}, {0, 0})));
  CHECK_FALSE(may_start_in_padding(pool(true, {2}, {4}, {0, 0}, {3})));
  CHECK_FALSE(may_start_in_padding(pool(true, {1}, {}, {})));
  CHECK(may_start_in_padding(pool(true, {1}, {2}, {})));
  CHECK_FALSE(may_start_in_padding(ops::top_k{}));
}

TEST_CASE("onnx export: numbers of a pooling that overflow count as a window in padding") {
  CHECK(may_start_in_padding(pool(true, {INT64_MAX}, {1}, {0, 0}, {3})));
  CHECK(may_start_in_padding(pool(true, {2}, {INT64_MAX}, {0, INT64_MAX})));
  CHECK(may_start_in_padding(pool(true, {INT64_MIN}, {1}, {0, 0})));
}

TEST_CASE("onnx export: the trailing inputs of a node with graphs are what they capture") {
  CHECK(capture_count(ops::if_{}, 1) == 0);
  CHECK(capture_count(ops::if_{}, 4) == 3);
  ops::loop loop;
  loop.carried_count = 2;
  CHECK(capture_count(loop, 4) == 0);
  CHECK(capture_count(loop, 7) == 3);
  CHECK(capture_count(loop, 2) == 0);
  ops::scan scan;
  scan.carried_count = 1;
  scan.num_scan_inputs = 2;
  CHECK(capture_count(scan, 5) == 2);
  ir::any_op map = op_named("SequenceMap");
  REQUIRE(map.assign("carried_count", std::int64_t{2}));
  CHECK(capture_count(map, 3) == 1);
  loop.carried_count = -9;
  CHECK(capture_count(loop, 3) == 3);
}
