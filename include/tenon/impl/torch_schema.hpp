#pragma once

#include "tenon/formats/torch/schema.hpp"

#include <cmath>
#include <limits>
#include <string>

namespace tenon::inline v0::pt2 {

TENON_INLINE dtype dtype_of_scalar(std::int64_t number) {
  struct row {
    std::int64_t number;
    dtype type;
  };

  constexpr row rows[] = {
      {1, dtype::u8},          {2, dtype::i8},        {3, dtype::i16},      {4, dtype::i32},
      {5, dtype::i64},         {6, dtype::f16},       {7, dtype::f32},      {8, dtype::f64},
      {10, dtype::c64},        {11, dtype::c128},     {12, dtype::boolean}, {13, dtype::bf16},
      {28, dtype::u16},        {29, dtype::f8e4m3fn}, {30, dtype::f8e5m2},  {31, dtype::f8e4m3fnuz},
      {32, dtype::f8e5m2fnuz}, {33, dtype::f8e8m0},   {34, dtype::u32},     {35, dtype::u64}};
  for (const row& r : rows)
    if (r.number == number) return r.type;
  return dtype::undefined;
}

namespace schema_detail {

using json = json_value;
using kind = json_value::kind;

inline error wrong(std::string_view where, std::string_view expected, json found) {
  return fail(code::format, printable_name(where), ": expected ", expected, " vs ",
              describe(found.what()));
}

inline result<json> member(json object, std::string_view name, kind what) {
  if (!object.is(kind::object)) return wrong(name, "an object around it", object);
  const auto found = object.find(name);
  if (!found) return fail(code::format, "field ", quoted(name), " is missing");
  if (!found->is(what)) return wrong(name, describe(what), *found);
  return *found;
}

inline result<std::string_view> text_of(json object, std::string_view name) {
  TENON_TRY(const json found, member(object, name, kind::text));
  return found.text();
}

inline result<std::int64_t> integer_of(json value, std::string_view where) {
  const auto out = value.integer();
  if (!out) return wrong(where, "an integer of 64 bits", value);
  return *out;
}

/// The tag and value of a union: `{"as_int": 3}`.
inline result<json> union_of(json value, std::string_view where) {
  const auto only = value.is(kind::object) ? value.first() : std::nullopt;
  if (!only || only->next()) return wrong(where, "an object with one field", value);
  return *only;
}

/// Calls `f(element)` for each element of an array.
template <class F> status each(json array, std::string_view where, F&& f) {
  if (!array.is(kind::array)) return wrong(where, "an array", array);
  std::size_t i = 0;
  for (auto at = array.first(); at; at = at->next(), ++i) {
    auto done = f(*at);
    if (!done) return std::move(done).failure().in(cat(where, "[", i, "]"));
  }
  return {};
}

inline result<sym_int> read_sym_int(json value, std::string_view where) {
  TENON_TRY(const json only, union_of(value, where));
  sym_int out;
  if (only.key() == "as_int") {
    TENON_TRY(out.value, integer_of(only, where));
    return out;
  }
  if (only.key() != "as_expr") return wrong(where, "as_int or as_expr", value);
  TENON_TRY(out.expression, text_of(only, "expr_str"));
  return out;
}

inline result<tensor_meta> read_meta(json value) {
  tensor_meta out;
  TENON_TRY(const json type, member(value, "dtype", kind::number));
  TENON_TRY(const std::int64_t number, integer_of(type, "dtype"));
  out.type = dtype_of_scalar(number);
  TENON_TRY(const json layout, member(value, "layout", kind::number));
  if (layout.integer() != 7)
    return fail(code::unsupported, "layout ", printable_name(layout.text()), ": expected 7");
  const auto list = [&](std::string_view name, std::vector<sym_int>& to) -> status {
    TENON_TRY(const json found, member(value, name, kind::array));
    return each(found, name, [&](json item) -> status {
      TENON_TRY(const sym_int size, read_sym_int(item, "size"));
      to.push_back(size);
      return {};
    });
  };
  TENON_TRY(list("sizes", out.sizes));
  TENON_TRY(list("strides", out.strides));
  TENON_TRY(const json offset, member(value, "storage_offset", kind::object));
  TENON_TRY(out.offset, read_sym_int(offset, "storage_offset"));
  return out;
}

/// A number; what JSON cannot express is `"NaN"`, `"Infinity"` or `"-Infinity"`.
inline std::optional<double> real_of(json value) {
  if (!value.is(kind::text)) return value.number();
  if (value.text() == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value.text() == "Infinity") return std::numeric_limits<double>::infinity();
  if (value.text() == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

/// How the tags of Argument are read.
struct form {
  std::string_view tag;
  argument::kind what;
  bool is_list;
};

inline constexpr form forms[] = {
    {"as_none", argument::kind::none, false},
    {"as_tensor", argument::kind::tensor, false},
    {"as_tensors", argument::kind::tensor, true},
    {"as_optional_tensor", argument::kind::tensor, false},
    {"as_optional_tensors", argument::kind::tensor, true},
    {"as_int", argument::kind::integer, false},
    {"as_ints", argument::kind::integer, true},
    {"as_sym_int", argument::kind::integer, false},
    {"as_sym_ints", argument::kind::integer, true},
    {"as_float", argument::kind::real, false},
    {"as_floats", argument::kind::real, true},
    {"as_sym_float", argument::kind::real, false},
    {"as_sym_floats", argument::kind::real, true},
    {"as_bool", argument::kind::boolean, false},
    {"as_bools", argument::kind::boolean, true},
    {"as_sym_bool", argument::kind::boolean, false},
    {"as_sym_bools", argument::kind::boolean, true},
    {"as_string", argument::kind::text, false},
    {"as_strings", argument::kind::text, true},
    {"as_scalar_type", argument::kind::type, false},
};

inline result<argument::item> read_item(argument::kind what, json value, std::string_view tag) {
  argument::item out;
  if (value.is(kind::object)) {
    const auto only = value.first();
    const std::string_view key = only ? only->key() : std::string_view();
    if (what == argument::kind::tensor && key == "as_none") return out;
    if (what == argument::kind::tensor && key == "as_tensor") return read_item(what, *only, key);
    const bool is_name = key == (what == argument::kind::tensor ? "name" : "as_name");
    if (only && is_name && only->is(kind::text)) {
      out.name = only->text();
      return out;
    }
    if (!only || only->is(kind::object)) return wrong(tag, "a name or a number", value);
    return read_item(what, *only, tag);
  }
  switch (what) {
    case argument::kind::integer:
    case argument::kind::type: {
      TENON_TRY(out.number, integer_of(value, tag));
      return out;
    }
    case argument::kind::real: {
      const auto number = real_of(value);
      if (!number) return wrong(tag, "a number", value);
      out.real = *number;
      return out;
    }
    case argument::kind::boolean: {
      if (!value.boolean()) return wrong(tag, "a boolean", value);
      out.number = *value.boolean();
      return out;
    }
    case argument::kind::text: {
      if (!value.is(kind::text)) return wrong(tag, "a text", value);
      out.name = value.text();
      return out;
    }
    default:
      return wrong(tag, "an object with a name", value);
  }
}

inline result<argument> read_argument(json value, std::string_view where) {
  TENON_TRY(const json only, union_of(value, where));
  argument out;
  out.what = argument::kind::other;
  out.tag = only.key();
  for (const form& f : forms) {
    if (f.tag != out.tag) continue;
    out.what = f.what;
    out.is_list = f.is_list;
    if (f.what == argument::kind::none) return out;
    const auto add = [&](json item) -> status {
      TENON_TRY(const argument::item read, read_item(f.what, item, f.tag));
      out.items.push_back(read);
      return {};
    };
    TENON_TRY(f.is_list ? each(only, f.tag, add) : add(only));
    if (!f.is_list && f.what == argument::kind::tensor && out.items[0].name.empty())
      return argument{};
    return out;
  }
  return out;
}

inline result<node> read_node(json value) {
  node out;
  TENON_TRY(out.target, text_of(value, "target"));
  TENON_TRY(const json inputs, member(value, "inputs", kind::array));
  TENON_TRY(each(inputs, "inputs", [&](json item) -> status {
    named_argument made;
    TENON_TRY(made.name, text_of(item, "name"));
    TENON_TRY(const json arg, member(item, "arg", kind::object));
    TENON_TRY(made.value, read_argument(arg, made.name));
    out.inputs.push_back(std::move(made));
    return {};
  }));
  TENON_TRY(const json outputs, member(value, "outputs", kind::array));
  TENON_TRY(each(outputs, "outputs", [&](json item) -> status {
    TENON_TRY(argument made, read_argument(item, "output"));
    out.outputs.push_back(std::move(made));
    return {};
  }));
  if (const auto name = value.find("name"); name && name->is(kind::text)) out.name = name->text();
  if (out.name.empty())
    for (const argument& a : out.outputs)
      if (out.name.empty() && !a.items.empty()) out.name = a.items[0].name;
  return out;
}

/// `arg` of a spec: an Argument for user values, else `{"name": ...}`.
inline result<argument> read_spec_argument(json spec) {
  TENON_TRY(const json arg, member(spec, "arg", kind::object));
  const auto name = arg.find("name");
  if (!name) return read_argument(arg, "arg");
  if (!name->is(kind::text)) return wrong("name", "a text", *name);
  argument out;
  out.what = argument::kind::tensor;
  out.tag = "as_tensor";
  out.items.push_back({name->text()});
  return out;
}

inline result<input_spec> read_input(json value) {
  TENON_TRY(const json only, union_of(value, "input_spec"));
  input_spec out;
  out.what = only.key();
  if (out.what == "constant_input") {
    TENON_TRY(const std::string_view name, text_of(only, "name"));
    out.data = name;
    return out;
  }
  TENON_TRY(out.value, read_spec_argument(only));
  for (const std::string_view field :
       {"parameter_name", "buffer_name", "tensor_constant_name", "custom_obj_name"})
    if (const auto data = only.find(field); data && data->is(kind::text)) out.data = data->text();
  return out;
}

inline result<output_spec> read_output(json value) {
  TENON_TRY(const json only, union_of(value, "output_spec"));
  output_spec out;
  out.what = only.key();
  TENON_TRY(out.value, read_spec_argument(only));
  for (const std::string_view field : {"buffer_name", "user_input_name", "parameter_name"})
    if (const auto data = only.find(field); data && data->is(kind::text)) out.target = data->text();
  return out;
}

inline status read_ranges(json root, program& out) {
  const auto found = root.find("range_constraints");
  if (!found) return {};
  if (!found->is(kind::object)) return wrong("range_constraints", "an object", *found);
  for (auto at = found->first(); at; at = at->next()) {
    const auto lo = at->find("min_val"), hi = at->find("max_val");
    out.ranges.push_back(
        {at->key(), lo ? lo->integer() : std::nullopt, hi ? hi->integer() : std::nullopt});
  }
  return {};
}

inline status read_graph(json graph, program& out);

/// Whether a node only wraps a graph: no_grad, or an autocast that is switched off.
inline bool is_wrapper(const node& n) {
  if (n.target == "torch.ops.higher_order.wrap_with_set_grad_enabled") return true;
  return n.target == "torch.ops.higher_order.wrap_with_autocast" && n.inputs.size() > 2 &&
         n.inputs[2].value.tag == "as_bool" && n.inputs[2].value.items[0].number == 0;
}

/// Names of the values of a list of arguments.
inline result<std::vector<std::string_view>> names_of(json list, std::string_view where) {
  std::vector<std::string_view> out;
  TENON_TRY(each(list, where, [&](json item) -> status {
    TENON_TRY(const argument a, read_argument(item, where));
    for (const argument::item& i : a.items) out.push_back(i.name);
    return {};
  }));
  return out;
}

/// Puts the nodes of a wrapped graph in place of the node, with names that are unique.
inline status inline_graph(const node& outer, std::size_t at, json wrapped, program& out) {
  TENON_TRY(const json graph, member(wrapped, "graph", kind::object));
  program inner;
  TENON_TRY(read_graph(graph, inner));
  TENON_TRY(const json inputs, member(graph, "inputs", kind::array));
  TENON_TRY(const json outputs, member(graph, "outputs", kind::array));
  TENON_TRY(const auto formal, names_of(inputs, "inputs"));
  TENON_TRY(const auto results, names_of(outputs, "outputs"));
  std::vector<std::string_view> given, wanted;
  for (std::size_t i = at + 1; i < outer.inputs.size(); ++i)
    for (const argument::item& item : outer.inputs[i].value.items) given.push_back(item.name);
  for (const argument& a : outer.outputs)
    for (const argument::item& item : a.items) wanted.push_back(item.name);
  if (formal.size() != given.size() || results.size() != wanted.size())
    return fail(code::graph, "wraps a graph of ", formal.size(), " inputs and ", results.size(),
                " outputs: expected ", given.size(), " and ", wanted.size());
  std::unordered_map<std::string_view, std::string_view> renamed;
  for (std::size_t i = 0; i < formal.size(); ++i) renamed.emplace(formal[i], given[i]);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (!renamed.emplace(results[i], wanted[i]).second)
      return fail(code::unsupported, "wraps a graph that gives an input or a result twice");
  const auto rename = [&](std::string_view& name) {
    if (name.empty()) return;
    auto known = renamed.find(name);
    if (known == renamed.end())
      known = renamed.emplace(name, out.names.emplace_back(cat(outer.name, ".", name))).first;
    name = known->second;
  };
  for (node& n : inner.nodes) {
    for (named_argument& a : n.inputs)
      for (argument::item& item : a.value.items)
        if (a.value.what != argument::kind::text) rename(item.name);
    for (argument& a : n.outputs)
      for (argument::item& item : a.items) rename(item.name);
    n.name = out.names.emplace_back(cat(outer.name, ".", n.name));
    out.nodes.push_back(std::move(n));
  }
  for (auto& [name, meta] : inner.tensors) {
    std::string_view own = name;
    rename(own);
    out.tensors.emplace(own, std::move(meta));
  }
  return {};
}

inline status add_node(json item, program& out) {
  TENON_TRY(node made, read_node(item));
  if (is_wrapper(made)) {
    std::size_t at = 0;
    for (auto input = item.find("inputs")->first(); input; input = input->next(), ++at) {
      const auto wrapped = input->find("arg")->find("as_graph");
      if (wrapped) return inline_graph(made, at, *wrapped, out);
    }
  }
  out.nodes.push_back(std::move(made));
  return {};
}

inline status read_graph(json graph, program& out) {
  TENON_TRY(const json nodes, member(graph, "nodes", kind::array));
  TENON_TRY(each(nodes, "nodes", [&](json item) { return add_node(item, out); }));
  TENON_TRY(const json tensors, member(graph, "tensor_values", kind::object));
  for (auto at = tensors.first(); at; at = at->next()) {
    auto meta = read_meta(*at);
    if (!meta) return std::move(meta).failure().in(cat("tensor ", quoted(at->key())));
    out.tensors.emplace(at->key(), *std::move(meta));
  }
  return {};
}

inline status read_signature(json module, program& out) {
  TENON_TRY(const json signature, member(module, "signature", kind::object));
  TENON_TRY(const json inputs, member(signature, "input_specs", kind::array));
  TENON_TRY(each(inputs, "input_specs", [&](json item) -> status {
    TENON_TRY(input_spec made, read_input(item));
    out.inputs.push_back(std::move(made));
    return {};
  }));
  TENON_TRY(const json outputs, member(signature, "output_specs", kind::array));
  return each(outputs, "output_specs", [&](json item) -> status {
    TENON_TRY(output_spec made, read_output(item));
    out.outputs.push_back(std::move(made));
    return {};
  });
}

}  // namespace schema_detail

TENON_INLINE result<program> decode_program(json_value root) {
  using namespace schema_detail;
  program out;
  if (const auto version = root.find("torch_version"); version && version->is(kind::text))
    out.torch_version = version->text();
  TENON_TRY(const json version, member(root, "schema_version", kind::object));
  TENON_TRY(const json major, member(version, "major", kind::number));
  if (major.integer() != schema_major)
    return fail(code::unsupported, "schema version ", printable_name(major.text()), ": expected ",
                schema_major, "; export the model again with torch 2.8 or newer");
  TENON_TRY(const json module, member(root, "graph_module", kind::object));
  TENON_TRY(const json graph, member(module, "graph", kind::object));
  TENON_TRY(read_graph(graph, out));
  TENON_TRY(read_signature(module, out));
  TENON_TRY(read_ranges(root, out));
  return out;
}

TENON_INLINE result<std::unordered_map<std::string_view, payload>> decode_payloads(
    json_value root) {
  using namespace schema_detail;
  std::unordered_map<std::string_view, payload> out;
  TENON_TRY(const json config, member(root, "config", kind::object));
  for (auto at = config.first(); at; at = at->next()) {
    const auto read = [&]() -> status {
      payload made;
      TENON_TRY(made.path, text_of(*at, "path_name"));
      TENON_TRY(const json pickled, member(*at, "use_pickle", kind::boolean));
      made.is_pickled = *pickled.boolean();
      if (const auto meta = at->find("tensor_meta"); meta && meta->is(kind::object)) {
        TENON_TRY(made.meta, read_meta(*meta));
      }
      out.emplace(at->key(), std::move(made));
      return {};
    };
    auto done = read();
    if (!done) return std::move(done).failure().in(quoted(at->key()));
  }
  return out;
}

}  // namespace tenon::inline v0::pt2
