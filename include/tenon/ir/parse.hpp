#pragma once

#include "tenon/ir/append.hpp"
#include "tenon/ir/text_reader.hpp"
#include "tenon/tensor/convert.hpp"

#include <map>
#include <string>
#include <vector>

namespace tenon::inline v0::ir {

namespace parse_detail {

class parser {
 public:
  parser(text_reader& in, std::span<const op_type* const> ops, int depth)
      : in_(in), ops_(ops), depth_(depth) {}

  /// Statements up to `return`.
  status body(graph& g) {
    TENON_TRY(header(g));
    while (!in_.at_word("return")) TENON_TRY(statement(g));
    return outputs(g);
  }

 private:
  status header(graph& g) {
    if (!in_.take_word("graph")) return {};
    if (in_.at('"')) {
      TENON_TRY(g.name, in_.quoted());
    }
    if (in_.take_word("opset")) {
      TENON_TRY(g.metadata.opset, in_.integer());
    }
    return {};
  }

  status statement(graph& g) {
    std::vector<reference> names;
    do {
      TENON_TRY(auto name, in_.reference());
      names.push_back(std::move(name));
    } while (in_.take(','));
    if (names.size() == 1 && in_.take(':')) return input(g, names[0]);
    TENON_TRY(in_.expect('='));
    if (names.size() == 1 && in_.at_type()) {
      TENON_TRY(auto content, in_.tensor_value());
      return define(names[0], g.add_constant(names[0].name, std::move(content)));
    }
    return node(g, names);
  }

  status input(graph& g, const reference& name) {
    TENON_TRY(auto f, in_.fact(g.symbols));
    if (!in_.take('=')) return define(name, g.add_input(name.name, std::move(f)));
    TENON_TRY(auto content, in_.tensor_value());
    return define(name, g.add_input(name.name, fact::of_constant(std::move(content))));
  }

  status node(graph& g, const std::vector<reference>& names) {
    TENON_TRY(const std::string op_name, in_.word());
    const op_type* type = nullptr;
    for (const op_type* t : ops_)
      if (t->name == op_name) type = t;
    if (!type) return in_.error_here(cat("op ", quoted(op_name), " is unknown"));
    any_op op = any_op::make(*type);
    TENON_TRY(const auto inputs, operands(g));
    if (in_.take('{')) TENON_TRY(attributes(g, op));
    std::string name;
    if (in_.at('"')) {
      TENON_TRY(name, in_.quoted());
    }
    std::vector<std::string> outputs;
    for (const reference& r : names) outputs.push_back(r.is_absent ? std::string() : r.name);
    TENON_TRY(const node_id made, append(g, std::move(op), inputs, outputs, std::move(name)));
    for (std::size_t i = 0; i < names.size(); ++i) {
      const value_id v = g[made].outputs[i];
      if (!names[i].is_absent) {
        TENON_TRY(define(names[i], v));
        continue;
      }
      g.row(v).is_alive = false;
      g.row(v).producer = {};
      g.row(made).outputs[i] = {};
    }
    return {};
  }

  /// `(x, _, 2)`: values, absent inputs, numbers of the type of the first value.
  result<std::vector<value_id>> operands(graph& g) {
    TENON_TRY(in_.expect('('));
    std::vector<value_id> out;
    while (!in_.at(')')) {
      if (!out.empty()) TENON_TRY(in_.expect(','));
      if (in_.at_number()) {
        TENON_TRY(const double number, in_.real());
        const dtype type = out.empty() || !out[0] ? dtype::f32 : g.fact(out[0]).type;
        tensor t(is_numeric(type) ? type : dtype::f32, {});
        store_elements<double>(std::span(&number, 1), t);
        out.push_back(g.add_constant({}, std::move(t)));
        continue;
      }
      TENON_TRY(const auto name, in_.reference());
      if (name.is_absent) {
        out.emplace_back();
        continue;
      }
      TENON_TRY(const value_id v, find(name));
      out.push_back(v);
    }
    TENON_TRY(in_.expect(')'));
    return out;
  }

  status attributes(graph& g, any_op& op) {
    while (!in_.at('}')) {
      TENON_TRY(const std::string name, in_.word());
      TENON_TRY(in_.expect('='));
      TENON_TRY(const auto value, attribute(g));
      auto set = op.assign(name, value);
      if (!set) return in_.error_here(set.failure().message);
      if (!in_.take(',')) break;
    }
    return in_.expect('}');
  }

  result<attribute_value> attribute(graph& g) {
    if (!in_.at('{')) return in_.attribute_value();
    if (depth_ >= max_subgraph_depth) return in_.error_here("subgraphs are nested too deeply");
    TENON_TRY(in_.expect('{'));
    graph inner;
    inner.symbols = g.symbols.for_body();
    TENON_TRY(parser(in_, ops_, depth_ + 1).body(inner));
    TENON_TRY(in_.expect('}'));
    return ir::attribute_value(subgraph(std::move(inner)));
  }

  status outputs(graph& g) {
    in_.take_word("return");
    if (in_.at_end() || in_.at('}') || in_.at_word("where")) return {};
    do {
      TENON_TRY(const auto name, in_.reference());
      TENON_TRY(const value_id v, find(name));
      std::string output_name = g[v].name;
      if (in_.take_word("as")) {
        TENON_TRY(output_name, in_.quoted());
      }
      g.add_output(v, std::move(output_name));
    } while (in_.take(','));
    return {};
  }

  status define(const reference& name, value_id v) {
    if (!values_.emplace(name.key(), v).second)
      return in_.error_here(cat("value ", quoted(name.key()), " is defined twice"));
    return {};
  }

  result<value_id> find(const reference& name) {
    const auto at = values_.find(name.key());
    if (at == values_.end())
      return in_.error_here(cat("value ", quoted(name.key()), " is not defined"));
    return at->second;
  }

  text_reader& in_;
  std::span<const op_type* const> ops_;
  int depth_;
  std::map<std::string, value_id> values_;
};

}  // namespace parse_detail

/// Reads what `to_text` writes; `;` is a line break. `ops` are the ops that the text may name.
inline result<graph> parse_graph(std::string_view text, std::span<const op_type* const> ops) {
  graph g;
  parse_detail::text_reader in(text);
  TENON_TRY(parse_detail::parser(in, ops, 0).body(g));
  while (in.take_word("where")) {
    const std::string constraint = in.rest_of_line();
    TENON_TRY(g.symbols.facts().require(constraint, "text"));
  }
  if (!in.at_end()) return in.error_here("there is text after the graph");
  return g;
}

}  // namespace tenon::inline v0::ir
