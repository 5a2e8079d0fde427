#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/symbol/table.hpp"
#include "tenon/tensor/convert.hpp"

#include <cmath>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

// A graph as text that `parse_graph` reads back; origins and file metadata are left out.
//
//     graph "mlp" opset 17
//     x: f32[B, 8]
//     w = f32[8, 2] {1, 0.5, ...}
//     y = matmul(x, w) "layer/matmul"
//     z = softmax(y) {axis = 1}
//     return z as "probabilities"

namespace tenon::inline v0::ir {

/// How much of a graph is printed.
struct print_options {
  std::int64_t max_elements =
      INT64_MAX;  ///< of a constant; a longer one prints as `{...}`, which does not parse
};

namespace print_detail {

inline bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
          c == '.'))
      return false;
  return name != "_" && name != "graph" && name != "return" && name != "where" && name != "as";
}

/// `"text"` with every byte that is not printable ASCII as \xNN.
inline std::string quote(std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte >= 0x20 && byte < 0x7F)
      out += c;
    else
      (out += "\\x") += {hex[byte >> 4], hex[byte & 15]};
  }
  return out += '"';
}

/// A float that reads back as a float: `2.0`, `1e-05`, `inf`.
inline std::string real(double v, bool is_single) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  std::string out = is_single ? cat(static_cast<float>(v)) : cat(v);
  if (out.find_first_of(".en") == std::string::npos) out += ".0";
  return out;
}

class printer {
 public:
  explicit printer(const print_options& options) : options_(options) {}

  std::string graph_text(const graph& g, const std::string& indent) {
    std::string out = cat(indent, "graph");
    if (!g.name.empty()) out += cat(" ", quote(g.name));
    if (g.metadata.opset != 0) out += cat(" opset ", g.metadata.opset);
    out += '\n';
    name_values(g);
    const auto names = names_;
    for (const value_id v : g.inputs()) {
      out += cat(indent, names_[v.index], ": ", g.fact(v).str());
      if (g.is_constant(v)) out += cat(" = ", tensor_text(g.fact(v).constant));
      out += '\n';
    }
    for (std::size_t i = 0; i < g.value_capacity(); ++i) {
      const auto& row = g[value_id(i)];
      if (row.is_alive && !row.producer && row.fact.is_constant() && !g.is_input(value_id(i)))
        out += cat(indent, names_[i], " = ", tensor_text(row.fact.constant), "\n");
    }
    for (const node_id n : g.order()) {
      out += cat(indent, node_text(g, n, indent), "\n");
      names_ = names;
    }
    out += cat(indent, "return");
    for (std::size_t i = 0; i < g.outputs().size(); ++i) {
      const value_id v = g.outputs()[i];
      out += cat(i ? ", " : " ", names_[v.index]);
      if (g.output_names()[i] != g[v].name) out += cat(" as ", quote(g.output_names()[i]));
    }
    return out += '\n';
  }

  std::string tensor_text(const tensor& t) const {
    std::string out = cat(t.str(), " ");
    if (t.size() > options_.max_elements) return out + "{...}";
    if (t.type() == dtype::string) {
      out += '{';
      for (std::int64_t i = 0; i < t.size(); ++i)
        out += cat(i ? ", " : "", quote(t.data<std::string>()[i]));
      return out + '}';
    }
    return has_numbers(t) ? out + numbers(t) : out + bytes(t);
  }

 private:
  static bool has_numbers(const tensor& t) {
    if (t.type() == dtype::f32) {
      for (const float v : t.elements<float>())
        if (std::isnan(v)) return false;
      return true;
    }
    if (t.type() == dtype::f64) {
      for (const double v : t.elements<double>())
        if (std::isnan(v)) return false;
      return true;
    }
    return is_integer(t.type()) && !is_packed(t.type());
  }

  static std::string numbers(const tensor& t) {
    std::string out = "{";
    with_element_type(t.type(), [&]<class T>(T) {
      for (std::int64_t i = 0; i < t.size(); ++i) {
        out += i ? ", " : "";
        if constexpr (std::is_floating_point_v<T>)
          out += real(static_cast<double>(t.data<T>()[i]), sizeof(T) == 4);
        else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
          out += std::is_signed_v<T> ? cat(static_cast<std::int64_t>(t.data<T>()[i]))
                                     : cat(static_cast<std::uint64_t>(t.data<T>()[i]));
      }
    });
    return out + '}';
  }

  static std::string bytes(const tensor& t) {
    constexpr char hex[] = "0123456789abcdef";
    std::string out = "0x";
    for (std::size_t i = 0; i < t.size_bytes(); ++i) {
      const auto b = static_cast<unsigned>(t.bytes()[i]);
      out += {hex[b >> 4], hex[b & 15]};
    }
    return out;
  }

  // Names as they are; a number tells values without a name or with the same name apart.
  void name_values(const graph& g) {
    std::unordered_map<std::string_view, int> count;
    for (std::size_t i = 0; i < g.value_capacity(); ++i)
      if (g[value_id(i)].is_alive) ++count[g[value_id(i)].name];
    names_.assign(g.value_capacity(), {});
    std::size_t next = 0;
    for (std::size_t i = 0; i < g.value_capacity(); ++i) {
      const auto& row = g[value_id(i)];
      if (!row.is_alive) continue;
      std::string& name = names_[i];
      if (!row.name.empty()) name = is_plain_name(row.name) ? row.name : quote(row.name);
      if (row.name.empty() || count[row.name] > 1) name += cat("%", next++);
    }
  }

  std::string node_text(const graph& g, node_id n, const std::string& indent) {
    const auto& node = g[n];
    std::string out;
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      out += cat(i ? ", " : "", node.outputs[i] ? names_[node.outputs[i].index] : "_");
    out += cat(" = ", node.op.name(), "(");
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      out += cat(i ? ", " : "", node.inputs[i] ? names_[node.inputs[i].index] : "_");
    out += ")";
    attribute_printer attributes(*this, indent);
    node.op.visit(attributes);
    if (!attributes.text.empty()) out += cat(" {", attributes.text, "}");
    if (!node.name.empty()) out += cat(" ", quote(node.name));
    return out;
  }

  class attribute_printer final : public attribute_visitor {
   public:
    attribute_printer(printer& owner, const std::string& indent) : owner_(owner), indent_(indent) {}

    void operator()(std::string_view name, const attribute_value& value, bool is_default) override {
      if (is_default || std::holds_alternative<std::monostate>(value)) return;
      text += cat(text.empty() ? "" : ", ", name, " = ", owner_.attribute_text(value, indent_));
    }

    std::string text;

   private:
    printer& owner_;
    const std::string& indent_;
  };

  std::string attribute_text(const attribute_value& v, const std::string& indent) {
    if (const auto* i = std::get_if<std::int64_t>(&v)) return cat(*i);
    if (const auto* f = std::get_if<float>(&v)) return real(*f, true);
    if (const auto* s = std::get_if<std::string>(&v)) return quote(*s);
    if (const auto* is = std::get_if<std::vector<std::int64_t>>(&v)) return bracketed(*is);
    if (const auto* t = std::get_if<tensor>(&v)) return tensor_text(*t);
    std::string out;
    if (const auto* fs = std::get_if<std::vector<float>>(&v)) {
      for (const float f : *fs) out += cat(out.empty() ? "" : ", ", real(f, true));
      return fs->empty() ? "floats[]" : cat("[", out, "]");
    }
    if (const auto* ss = std::get_if<std::vector<std::string>>(&v)) {
      for (const std::string& s : *ss) out += cat(out.empty() ? "" : ", ", quote(s));
      return ss->empty() ? "strings[]" : cat("[", out, "]");
    }
    if (const auto* ts = std::get_if<std::vector<tensor>>(&v)) {
      for (const tensor& t : *ts) out += cat(out.empty() ? "" : ", ", tensor_text(t));
      return cat("tensors[", out, "]");
    }
    const auto& body = std::get<subgraph>(v);
    if (!body) return "graph {}";
    return cat("{\n", printer(options_).graph_text(*body, indent + "  "), indent, "}");
  }

  print_options options_;
  std::vector<std::string> names_;
};

}  // namespace print_detail

/// The graph as text; `parse_graph` reads it back.
inline std::string to_text(const graph& g, const print_options& options = {}) {
  std::string out = print_detail::printer(options).graph_text(g, "");
  for (const std::string& fact : g.symbols.facts().constraints()) out += cat("where ", fact, "\n");
  return out;
}

}  // namespace tenon::inline v0::ir
