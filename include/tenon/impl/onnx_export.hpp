#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/onnx/export.hpp"
#include "tenon/formats/onnx/export_attributes.hpp"
#include "tenon/formats/onnx/exporter.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>
#include <variant>

namespace tenon::inline v0::onnx {

namespace export_detail {

/// 4- and 2-bit elements packed into bytes, low bits first.
inline std::string packed(const tensor& t) {
  const std::size_t bits = bits_of(t.type()), per_byte = 8 / bits;
  const auto count = static_cast<std::size_t>(t.size());
  std::string out((count + per_byte - 1) / per_byte, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned low = t.data<std::uint8_t>()[i] & ((1U << bits) - 1);
    char& byte = out[i / per_byte];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | low << (i % per_byte * bits));
  }
  return out;
}

/// The dim_param of a size: the bare name of a symbol, or the text of an expression.
inline std::string text_of(const ir::graph& g, dim d) {
  return d.is_symbol() ? std::string(g.symbols.scope().name_of(d.symbol_id())) : d.str();
}

/// Weights beside the model file, each at a multiple of 64 bytes.
class file_sink final : public external_sink {
 public:
  file_sink(atomic_file& file, std::string location)
      : file_(file), location_(std::move(location)) {}

  result<std::int64_t> append(std::span<const std::byte> bytes) override {
    constexpr std::int64_t alignment = 64;
    const std::int64_t begin = ceil_div(size_, alignment) * alignment;
    TENON_TRY(file_.write(std::string(static_cast<std::size_t>(begin - size_), '\0')));
    TENON_TRY(file_.write(bytes));
    size_ = begin + static_cast<std::int64_t>(bytes.size());
    return begin;
  }

  std::string_view location() const override { return location_; }

 private:
  atomic_file& file_;
  std::string location_;
  std::int64_t size_ = 0;
};

/// Bytes of all constants that are read, subgraphs left out.
inline std::int64_t weight_bytes(const ir::graph& g) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < g.value_capacity(); ++i) {
    const value_id v(i);
    if (g[v].is_alive && !g[v].producer && g.is_constant(v) && g.use_count(v) != 0)
      out += static_cast<std::int64_t>(g.fact(v).constant.size_bytes());
  }
  return out;
}

}  // namespace export_detail

TENON_INLINE std::string unique_names::take(std::string_view wanted) {
  std::string base = printable_name(wanted, std::string::npos);
  if (base.empty()) base = "value";
  if (used_.insert(base).second) return base;
  for (std::uint32_t& n = next_suffix_[base];;) {
    std::string out = cat(base, "_", ++n);
    if (used_.insert(out).second) return out;
  }
}

TENON_INLINE void exporter::require_type(const ir::fact& f) {
  std::int64_t& opset = opsets_[""];
  const std::int64_t needed = f.type == dtype::f4e2m1                      ? 23
                              : f.type == dtype::f8e8m0                    ? 24
                              : f.type == dtype::u2 || f.type == dtype::i2 ? 25
                              : f.type == dtype::bf16                      ? 22
                                                                           : 21;
  opset = std::max(opset, needed);
}

/// Finds the opsets that are needed and the nodes that ONNX cannot say.
TENON_INLINE void exporter::survey(const ir::graph& g, int depth) {
  for (std::size_t i = 0; i < g.value_capacity(); ++i)
    if (g[value_id(i)].is_alive) require_type(g.fact(value_id(i)));
  for (const node_id n : g.order()) {
    const ir::any_op& op = g[n].op;
    if (op.type().onnx.empty()) {
      if (without_form_.size() < 100) without_form_.push_back(ir::describe(g, n));
      continue;
    }
    const ir::onnx_import& form = op.type().onnx[0];
    std::int64_t& opset = opsets_[std::string(form.domain)];
    opset = std::max(opset, std::int64_t{form.since});
    for (const auto& l : export_detail::late_inputs)
      if (l.op == form.name && l.index < g[n].inputs.size() && g[n].inputs[l.index])
        opset = std::max(opset, l.opset);
    if (export_detail::may_start_in_padding(op)) opset = std::max(opset, std::int64_t{22});
    for (const auto& a : export_detail::attributes_of(op, form.name)) {
      const std::string key = cat(form.name, ".", a.name);
      for (const auto& l : export_detail::late)
        if (l.name == key) opset = std::max(opset, l.opset);
      const auto* body = std::get_if<ir::subgraph>(&a.value);
      if (body && *body && depth < wire_state::max_depth) survey(**body, depth + 1);
    }
  }
}

/// Gives every value of a graph the name it has in the file; the last inputs have the captured names.
TENON_INLINE void exporter::name_values(scope& s, std::span<const std::string> captured) {
  const ir::graph& g = *s.graph;
  s.names.resize(g.value_capacity());
  s.own_inputs = g.inputs().size() - std::min(captured.size(), g.inputs().size());
  for (std::size_t i = 0; i < g.inputs().size(); ++i) {
    const value_id v = g.inputs()[i];
    s.names[v.index] = i < s.own_inputs ? value_names_.take(g[v].name) : captured[i - s.own_inputs];
  }
  name_outputs(s);
  for (const node_id n : g.order())
    for (std::size_t i = 0; i < g[n].outputs.size(); ++i) {
      const value_id v = g[n].outputs[i];
      if (!v || !s.names[v.index].empty()) continue;
      const auto& ports = g[n].op.type().outputs;
      const bool may_drop = i < ports.size() && ports[i].count == ir::port::arity::optional;
      if (may_drop && g.use_count(v) == 0) continue;
      s.names[v.index] = value_names_.take(g[v].name);
    }
  for (std::size_t i = 0; i < g.value_capacity(); ++i) {
    const value_id v(i);
    if (!g[v].is_alive || g[v].producer || !g.is_constant(v) || g.use_count(v) == 0) continue;
    if (!s.names[i].empty() && g.is_input(v)) continue;
    const bool is_named = !s.names[i].empty();
    if (!is_named) s.names[i] = initializer_name(s, v);
    if (is_named || s.names[i].empty()) s.constants.push_back(v);
    if (s.names[i].empty()) s.names[i] = value_names_.take(g[v].name);
    if (s.is_main)
      shared_.emplace(g.fact(v).constant.bytes(), std::pair(g.fact(v).constant, s.names[i]));
  }
}

/// In a subgraph: the name of the same tensor in the main graph, or nothing.
TENON_INLINE std::string exporter::initializer_name(const scope& s, value_id v) {
  if (s.is_main) return {};
  const tensor& t = s.graph->fact(v).constant;
  const auto [begin, end] = shared_.equal_range(t.bytes());
  for (auto at = begin; at != end; ++at)
    if (at->second.first.type() == t.type() && at->second.first.dims() == t.dims() && !t.empty())
      return at->second.second;
  return {};
}

/// Names the outputs; a value that cannot have the name itself gets an Identity node.
TENON_INLINE void exporter::name_outputs(scope& s) {
  const ir::graph& g = *s.graph;
  std::vector<std::string> pending;
  for (std::size_t i = 0; i < g.outputs().size(); ++i) {
    const value_id v = g.outputs()[i];
    const std::string& wanted = s.is_main ? g.output_names()[i] : g[v].name;
    std::string& name = s.names[v.index];
    if (s.is_main && name == wanted && g.is_input(v)) {
      s.outputs.push_back(name);
      continue;
    }
    s.outputs.push_back(value_names_.take(wanted));
    if (name.empty() && (g[v].producer || s.is_main)) name = s.outputs.back();
  }
}

TENON_INLINE status exporter::write_tensor(std::uint32_t field,
                                           std::string_view name,
                                           const tensor& t) {
  constexpr std::size_t small_bytes = 1024;
  status done;
  out_.message(field, [&] {
    out_.integers(1, std::span(t.dims().data(), t.dims().size()));
    out_.integer(2, static_cast<std::int64_t>(t.type()));
    if (!name.empty()) out_.text(8, name);
    if (t.type() == dtype::string) {
      for (const std::string& text : t.elements<std::string>()) out_.text(6, text);
      return;
    }
    const std::string narrow = is_packed(t.type()) ? export_detail::packed(t) : std::string();
    const auto raw = is_packed(t.type()) ? std::as_bytes(std::span(narrow))
                                         : std::span<const std::byte>(t.bytes(), t.size_bytes());
    if (!external_ || raw.size() < small_bytes) {
      out_.bytes(9, raw);
      return;
    }
    const auto offset = external_->append(raw);
    if (!offset) {
      done = offset.failure();
      return;
    }
    write_pair(13, "location", external_->location());
    write_pair(13, "offset", cat(*offset));
    write_pair(13, "length", cat(raw.size()));
    out_.integer(14, 1);
  });
  return done;
}

TENON_INLINE void exporter::write_pair(std::uint32_t field,
                                       std::string_view key,
                                       std::string_view value) {
  out_.message(field, [&] {
    out_.text(1, key);
    out_.text(2, value);
  });
}

TENON_INLINE void exporter::write_shape(const ir::fact& f) {
  if (!f.is_ranked) return;
  out_.message(2, [&] {
    for (const dim d : f.shape)
      out_.message(1, [&] {
        if (d.is_constant())
          out_.integer(1, d.constant());
        else if (!d.is_overflow())
          out_.text(2, export_detail::text_of(graph_, d));
      });
  });
}

TENON_INLINE void exporter::write_type(const ir::fact& f) {
  const auto leaf = [&] {
    out_.message(1, [&] {
      out_.integer(1, static_cast<std::int64_t>(f.type));
      write_shape(f);
    });
  };
  const auto sequence = [&] { out_.message(4, [&] { out_.message(1, leaf); }); };
  if (f.is_tensor())
    leaf();
  else if (f.what == ir::fact::kind::sequence)
    sequence();
  else if (f.holds_sequence)
    out_.message(9, [&] { out_.message(1, sequence); });
  else
    out_.message(9, [&] { out_.message(1, leaf); });
}

TENON_INLINE void exporter::write_value_info(std::uint32_t field,
                                             std::string_view name,
                                             const ir::fact& f) {
  out_.message(field, [&] {
    out_.text(1, name);
    if (f.type != dtype::undefined) out_.message(2, [&] { write_type(f); });
  });
}

TENON_INLINE status exporter::write_attribute(std::string_view op_type,
                                              std::string_view name,
                                              const ir::attribute_value& value,
                                              std::span<const std::string> captured) {
  enum kind { f = 1, i, s, t, g, floats, ints, strings, tensors };

  status done;
  out_.message(5, [&] {
    out_.text(1, name);
    std::int64_t type = 0;
    if (const auto* v = std::get_if<float>(&value)) {
      out_.f32(2, *v);
      type = f;
    } else if (const auto* n = std::get_if<std::int64_t>(&value)) {
      out_.integer(3, *n);
      type = i;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      out_.text(4, *text);
      type = s;
    } else if (const auto* content = std::get_if<tensor>(&value)) {
      done = write_tensor(5, "", *content);
      type = t;
    } else if (const auto* fs = std::get_if<std::vector<float>>(&value)) {
      out_.floats(7, *fs);
      type = floats;
    } else if (const auto* is = std::get_if<std::vector<std::int64_t>>(&value)) {
      out_.integers(8, *is);
      type = ints;
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
      for (const std::string& one : *texts) out_.text(9, one);
      type = strings;
    } else if (const auto* list = std::get_if<std::vector<tensor>>(&value)) {
      for (const tensor& one : *list)
        if (done) done = write_tensor(10, "", one);
      type = tensors;
    } else if (const auto* body = std::get_if<ir::subgraph>(&value); body && *body) {
      scope inner;
      inner.graph = &**body;
      name_values(inner, captured);
      out_.message(6, [&] { done = write_graph(inner); });
      type = g;
    } else {
      done =
          fail(code::unsupported, "attribute ", quoted(name), " of ", op_type, " has no ONNX form");
    }
    out_.integer(20, type);
  });
  return done;
}

TENON_INLINE void exporter::write_held_type(std::string_view name, const ir::fact& optional) {
  ir::fact held = optional;
  held.what = optional.holds_sequence ? ir::fact::kind::sequence : ir::fact::kind::tensor;
  out_.message(5, [&] {
    out_.text(1, name);
    out_.message(14, [&] { write_type(held); });
    constexpr std::int64_t type_proto = 13;
    out_.integer(20, type_proto);
  });
}

TENON_INLINE status exporter::write_node(const scope& s, node_id n) {
  const ir::graph& g = *s.graph;
  const auto& node = g[n];
  const ir::onnx_import& form = node.op.type().onnx[0];
  const std::size_t captures =
      node.op.has(ir::holds_graphs) ? export_detail::capture_count(node.op, node.inputs.size()) : 0;
  std::vector<std::string> captured;
  for (std::size_t i = node.inputs.size() - captures; i < node.inputs.size(); ++i)
    captured.push_back(s.names[node.inputs[i].index]);
  std::size_t outputs = node.outputs.size();
  while (outputs != 0 && s.names[node.outputs[outputs - 1].index].empty()) --outputs;
  status done;
  out_.message(1, [&] {
    for (std::size_t i = 0; i + captures < node.inputs.size(); ++i)
      out_.text(1, node.inputs[i] ? std::string_view(s.names[node.inputs[i].index]) : "");
    for (std::size_t i = 0; i < outputs; ++i) out_.text(2, s.names[node.outputs[i].index]);
    if (!node.name.empty()) out_.text(3, node_names_.take(node.name));
    out_.text(4, form.name);
    for (const auto& a : export_detail::attributes_of(node.op, form.name))
      if (form.name == "Optional")
        write_held_type(a.name, g.fact(node.outputs[0]));
      else if (done)
        done = write_attribute(form.name, a.name, a.value, captured);
    if (!form.domain.empty()) out_.text(7, form.domain);
  });
  if (!done) return std::move(done).failure().in(ir::describe(g, n));
  return {};
}

TENON_INLINE status exporter::write_nodes(scope& s) {
  const ir::graph& g = *s.graph;
  for (const node_id n : g.order()) TENON_TRY(write_node(s, n));
  for (std::size_t i = 0; i < g.outputs().size(); ++i) {
    const std::string& from = s.names[g.outputs()[i].index];
    if (from == s.outputs[i]) continue;
    out_.message(1, [&] {
      out_.text(1, from);
      out_.text(2, s.outputs[i]);
      out_.text(3, node_names_.take(s.outputs[i]));
      out_.text(4, "Identity");
    });
  }
  return {};
}

TENON_INLINE status exporter::write_graph(scope& s) {
  const ir::graph& g = *s.graph;
  TENON_TRY(write_nodes(s));
  out_.text(2, g.name.empty() ? std::string("graph") : printable_name(g.name));
  for (const value_id v : s.constants)
    TENON_TRY(write_tensor(5, s.names[v.index], g.fact(v).constant));
  for (std::size_t i = 0; i < s.own_inputs; ++i)
    write_value_info(11, s.names[g.inputs()[i].index], g.fact(g.inputs()[i]));
  for (std::size_t i = 0; i < g.outputs().size(); ++i)
    write_value_info(12, s.outputs[i], g.fact(g.outputs()[i]));
  if (!options_.value_info) return {};
  for (const node_id n : g.order())
    for (const value_id v : g[n].outputs)
      if (v && !s.names[v.index].empty() && g[v].output_uses == 0)
        write_value_info(13, s.names[v.index], g.fact(v));
  return {};
}

TENON_INLINE void exporter::write_properties() {
  const std::vector<std::string> constraints = graph_.symbols.facts().constraints();
  std::vector<std::string> written;
  const auto write = [&](std::string_view key, std::string_view value) {
    if (std::find(written.begin(), written.end(), key) != written.end()) return;
    written.emplace_back(key);
    write_pair(14, key, value);
  };
  for (const auto& [key, value] : options_.properties) write(key, value);
  if (!constraints.empty()) write("tenon.constraints", join(constraints, "\n"));
  for (const auto& [key, value] : graph_.metadata.properties)
    if (key != "tenon.constraints") write(key, value);
}

TENON_INLINE result<std::string> exporter::run() {
  opsets_[""] = options_.min_opset;
  survey(graph_, 0);
  if (!without_form_.empty())
    return fail(code::unsupported, without_form_.size(),
                " nodes have no ONNX form: ", join(without_form_),
                "; save before ops of this library are fused in");
  scope s;
  s.graph = &graph_;
  s.is_main = true;
  name_values(s, {});
  out_.integer(1, export_detail::ir_version_of(opsets_[""]));
  out_.text(2, "tenon");
  out_.text(3, TENON_VERSION);
  if (!graph_.metadata.doc.empty()) out_.text(6, graph_.metadata.doc);
  for (const auto& opset : opsets_)
    out_.message(8, [&] {
      out_.text(1, opset.first);
      out_.integer(2, opset.second);
    });
  write_properties();
  status done;
  out_.message(7, [&] { done = write_graph(s); });
  if (!done) return std::move(done).failure();
  return std::move(out_).take();
}

}  // namespace tenon::inline v0::onnx

namespace tenon::inline v0 {

TENON_INLINE result<std::string> to_onnx(const ir::graph& g, const onnx::export_options& options) {
  if (onnx::export_detail::weight_bytes(g) > options.max_inline_bytes)
    return fail(code::resource, "onnx: the weights outgrow ", options.max_inline_bytes,
                " bytes; save to a file, which keeps them in a second one");
  auto out = onnx::exporter(g, options, nullptr).run();
  if (!out) return std::move(out).failure().in("onnx");
  return out;
}

TENON_INLINE status save_onnx(const ir::graph& g,
                              std::string_view path,
                              const onnx::export_options& options) {
  const std::string where = cat("onnx: ", printable_name(path));
  if (!options.external_data && onnx::export_detail::weight_bytes(g) <= options.max_inline_bytes) {
    auto bytes = onnx::exporter(g, options, nullptr).run();
    if (!bytes) return std::move(bytes).failure().in(where);
    return write_file(path, *bytes);
  }
  const std::string data_path = cat(path, ".data");
  TENON_TRY(atomic_file data, atomic_file::create(data_path));
  onnx::export_detail::file_sink sink(data, data_path.substr(data_path.rfind('/') + 1));
  auto bytes = onnx::exporter(g, options, &sink).run();
  if (!bytes) return std::move(bytes).failure().in(where);
  TENON_TRY(data.finish());
  TENON_TRY(atomic_file model, atomic_file::create(path));
  TENON_TRY(model.write(*bytes));
  TENON_TRY(model.finish());  // both are on the disk before either is replaced
  TENON_TRY(data.commit());
  return model.commit();
}

}  // namespace tenon::inline v0
