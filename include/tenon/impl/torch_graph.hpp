#pragma once

#include "tenon/formats/torch/import.hpp"
#include "tenon/formats/torch/importer.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace tenon::inline v0::pt2 {

namespace graph_detail {

/// Reads sympy's srepr of a size: Symbol('s0', positive=True), Integer(2), Mul(a, b), ...
class size_reader {
 public:
  size_reader(symbol_scope& scope, std::string_view text) : scope_(scope), text_(text) {}

  std::optional<dim> run() {
    const auto out = expression(0);
    return out && at_ == text_.size() && !out->is_overflow() ? out : std::nullopt;
  }

 private:
  static constexpr int max_depth = 64;

  bool take(char c) {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// The last part of a dotted name.
  std::string_view name() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    const std::size_t begin = at_;
    const auto is_part = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '.';
    };
    while (at_ < text_.size() && is_part(text_[at_])) ++at_;
    const std::string_view out = text_.substr(begin, at_ - begin);
    return out.substr(out.rfind('.') + 1);
  }

  std::optional<dim> symbol() {
    if (!take('\'')) return std::nullopt;
    const std::size_t end = text_.find('\'', at_);
    if (end == text_.npos || end == at_) return std::nullopt;
    const std::string_view found = text_.substr(at_, end - at_);
    const std::size_t close = text_.find(')', end);
    if (close == text_.npos) return std::nullopt;
    at_ = close + 1;
    return scope_.symbol(found);
  }

  std::optional<dim> integer() {
    std::int64_t out = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, mistake] = std::from_chars(begin, text_.data() + text_.size(), out);
    if (mistake != std::errc{}) return std::nullopt;
    at_ += static_cast<std::size_t>(end - begin);
    return take(')') ? std::optional<dim>(out) : std::nullopt;
  }

  static std::optional<dim> apply(std::string_view f, dim a, dim b) {
    if (f == "Mul") return a * b;
    if (f == "Add") return a + b;
    if (f == "Max") return max(a, b);
    if (f == "Min") return min(a, b);
    if (f == "FloorDiv" || f == "CleanDiv") return floordiv(a, b);
    if (f == "CeilDiv") return ceildiv(a, b);
    if (f == "Mod" || f == "PythonMod") return mod(a, b);
    if (f != "Pow" || !b.is_constant() || b.constant() < 1 || b.constant() > 8) return std::nullopt;
    dim out = a;
    for (std::int64_t i = 1; i < b.constant(); ++i) out = out * a;
    return out;
  }

  std::optional<dim> expression(int depth) {
    if (depth > max_depth) return std::nullopt;
    const std::string_view f = name();
    if (!take('(')) return std::nullopt;
    if (f == "Symbol") return symbol();
    if (f == "Integer") return integer();
    auto out = expression(depth + 1);
    while (out && take(',')) {
      const auto next = expression(depth + 1);
      out = next ? apply(f, *out, *next) : std::nullopt;
    }
    return out && take(')') ? out : std::nullopt;
  }

  symbol_scope& scope_;
  std::string_view text_;
  std::size_t at_ = 0;
};

/// `aten.add.Tensor` of `torch.ops.aten.add.Tensor`.
inline std::string_view plain(std::string_view target) {
  if (target.starts_with("torch.ops.")) target.remove_prefix(10);
  return target;
}

/// `aten.add` of `aten.add.Tensor`; `_operator.mul` stays.
inline std::string_view without_overload(std::string_view target) {
  const std::size_t first = target.find('.');
  const std::size_t second = first == target.npos ? first : target.find('.', first + 1);
  return target.substr(0, second);
}

/// Whether `aten.relu_` changes its first argument; `aten.__and__` does not.
inline bool is_in_place(std::string_view base) {
  return base.starts_with("aten.") && base.ends_with('_') && !base.ends_with("__");
}

}  // namespace graph_detail

TENON_INLINE const ir::op_type* importer::op_of(std::string_view name) const {
  const auto found = op_table_.find(name);
  return found == op_table_.end() ? nullptr : found->second;
}

TENON_INLINE std::array<std::span<const operator_row>, 7> operator_families() {
  return {arithmetic_rows(), function_rows(), reduction_rows(), network_rows(),
          movement_rows(),   indexing_rows(), size_rows()};
}

TENON_INLINE const operator_row* operator_of(std::string_view target) {
  const auto row_of = [](std::string_view name) -> const operator_row* {
    for (const auto rows : operator_families()) {
      const auto at = std::lower_bound(
          rows.begin(), rows.end(), name,
          [](const operator_row& row, std::string_view key) { return row.target < key; });
      if (at != rows.end() && at->target == name) return &*at;
    }
    return nullptr;
  };
  const std::string_view full = graph_detail::plain(target);
  const std::string_view base = graph_detail::without_overload(full);
  for (const std::string_view name : {full, base})
    if (const operator_row* found = row_of(name)) return found;
  if (!graph_detail::is_in_place(base)) return nullptr;
  const std::string_view plain = base.substr(0, base.size() - 1);
  if (const operator_row* found = row_of(cat(plain, full.substr(base.size())))) return found;
  return row_of(plain);
}

/// Lists all operators that are not known, and where names are read last.
TENON_INLINE status importer::scan() {
  constexpr std::size_t shown = 8;
  std::vector<std::pair<std::string_view, std::vector<std::string_view>>> missing;
  for (std::size_t n = 0; n < program_.nodes.size(); ++n) {
    const node& at = program_.nodes[n];
    for (const named_argument& a : at.inputs)
      for (const argument::item& item : a.value.items)
        if (!item.name.empty()) last_reads_[item.name] = n;
    if (operator_of(at.target)) continue;
    auto found = std::find_if(missing.begin(), missing.end(),
                              [&](const auto& m) { return m.first == at.target; });
    if (found == missing.end()) found = missing.insert(missing.end(), {at.target, {}});
    found->second.push_back(at.name);
  }
  for (const output_spec& o : program_.outputs)
    for (const argument::item& item : o.value.items) last_reads_[item.name] = program_.nodes.size();
  if (missing.empty()) return {};
  std::string list;
  for (const auto& [target, nodes] : missing) {
    list += cat(list.empty() ? "" : "; ", quoted(target), " in ");
    for (std::size_t i = 0; i < nodes.size() && i < shown; ++i)
      list += cat(i == 0 ? "" : ", ", quoted(nodes[i]));
    if (nodes.size() > shown) list += cat(" and ", nodes.size() - shown, " more");
  }
  return fail(code::unsupported, missing.size(), missing.size() == 1 ? " op is" : " ops are",
              " not supported: ", list);
}

TENON_INLINE result<dim> importer::size_of_input(const sym_int& size,
                                                 std::string_view input,
                                                 std::size_t axis) {
  const std::string where = cat("input ", quoted(input), ", axis ", axis);
  if (size.value) {
    if (*size.value < 0) return fail(code::shape, where, ": size is ", *size.value);
    return dim(*size.value);
  }
  symbol_scope& scope = graph_.symbols.scope();
  auto out = graph_detail::size_reader(scope, size.expression).run();
  if (!out) {
    std::string name = cat(input, ".", axis);
    while (scope.find(name)) name += '_';
    out = scope.symbol(name);
    notes_.push_back(cat(where, ": size ", quoted(size.expression), " is taken as any"));
  }
  TENON_TRY(graph_.symbols.facts().restrict(*out, 0, interval::highest, where));
  return *out;
}

TENON_INLINE status importer::add_input(std::string_view name) {
  const auto meta = program_.tensors.find(name);
  if (meta == program_.tensors.end())
    return fail(code::graph, "input ", quoted(name), " has no entry in tensor_values");
  if (meta->second.type == dtype::undefined)
    return fail(code::unsupported, "input ", quoted(name), ": its element type is not supported");
  dims shape;
  for (std::size_t i = 0; i < meta->second.sizes.size(); ++i) {
    TENON_TRY(const dim size, size_of_input(meta->second.sizes[i], name, i));
    shape.push_back(size);
  }
  const value_id v =
      graph_.add_input(std::string(name), ir::fact::of(meta->second.type, std::move(shape)));
  if (!values_.emplace(name, v).second)
    return fail(code::graph, "input ", quoted(name), " is defined twice");
  return {};
}

TENON_INLINE status importer::add_inputs() {
  for (const input_spec& spec : program_.inputs) {
    const bool is_constant = spec.what == "tensor_constant";
    if (spec.what == "parameter" || spec.what == "buffer" || is_constant) {
      if (spec.value.items.empty())
        return fail(code::graph, spec.what, " ", quoted(spec.data), " has no name");
      places_.emplace(spec.value.items[0].name, weight_place{spec.data, is_constant});
    } else if (spec.what == "user_input" && spec.value.what == argument::kind::tensor &&
               !spec.value.is_list) {
      TENON_TRY(add_input(spec.value.items[0].name));
    } else if (spec.what == "user_input" && spec.value.what == argument::kind::integer &&
               !spec.value.items.empty() && !spec.value.items[0].name.empty()) {
      return fail(code::unsupported, "input ", quoted(spec.value.items[0].name),
                  " is an integer: expected a tensor");
    } else if (spec.what != "user_input" && spec.what != "constant_input") {
      return fail(code::unsupported, "an input is a ", printable_name(spec.what),
                  ": expected parameters, buffers, constants and tensors");
    }
  }
  return restrict_symbols();
}

/// Puts range_constraints into the facts. As in torch, a lower bound up to 2 only says that 0 and 1 were not special.
TENON_INLINE status importer::restrict_symbols() {
  for (const symbol_range& r : program_.ranges) {
    const auto symbol = graph_.symbols.scope().find(r.symbol);
    if (!symbol) continue;
    const std::int64_t lo = r.lo && *r.lo > 2 ? *r.lo : 0;
    const std::int64_t hi = r.hi && *r.hi < interval::highest ? *r.hi : interval::highest;
    TENON_TRY(graph_.symbols.facts().restrict(*symbol, lo, hi, "range_constraints"));
  }
  return {};
}

/// The value of a name; a weight becomes a constant when it is read first.
TENON_INLINE result<value_id> importer::lookup(std::string_view name) {
  if (const auto found = values_.find(name); found != values_.end()) {
    if (found->second) return found->second;
    return fail(code::unsupported, quoted(name),
                " is an output of its node that is not computed here");
  }
  const auto place = places_.find(name);
  if (place == places_.end())
    return fail(code::graph, quoted(name), " is made by no node or input");
  const std::string_view data = place->second.data;
  const std::string where = cat("weight ", quoted(data));
  // A buffer that is not persistent is among the constants.
  const bool is_constant = place->second.is_constant || !weights_.contains(data);
  const auto& table = is_constant ? constants_ : weights_;
  const auto at = table.find(data);
  if (at == table.end()) return fail(code::tensor_data, where, ": is not in the archive");
  auto content = files_.weight(is_constant ? "data/constants/" : "data/weights/", at->second,
                               options_.max_dense_bytes);
  if (!content) return std::move(content).failure().in(where);
  const value_id v = graph_.add_constant(std::string(data), *std::move(content));
  values_.emplace(name, v);
  return v;
}

/// Fails when a value has another dtype or rank than the program declares.
TENON_INLINE status importer::check_value(std::string_view name, value_id v) const {
  const auto declared = program_.tensors.find(name);
  if (declared == program_.tensors.end()) return {};
  const ir::fact& known = graph_.fact(v);
  const bool same_rank = !known.is_ranked || known.rank() == declared->second.sizes.size();
  bool same_sizes = true;
  for (std::size_t i = 0; known.is_ranked && same_rank && i < known.rank(); ++i) {
    const auto& size = declared->second.sizes[i].value;
    if (size && known.shape[i].is_constant() && known.shape[i].constant() != *size)
      same_sizes = false;
  }
  if (known.type == declared->second.type && same_rank && same_sizes) return {};
  std::vector<std::string> sizes;
  for (const sym_int& s : declared->second.sizes) sizes.push_back(s.value ? cat(*s.value) : "?");
  return fail(code::shape, "value ", quoted(name), " is declared ", name_of(declared->second.type),
              bracketed(sizes), ", but its node gives ", known.str());
}

/// The storage that a name sees, a new one for a new name.
TENON_INLINE std::size_t importer::storage_at(std::string_view name) {
  const auto [at, is_new] = storage_of_.emplace(name, storages_.size());
  if (is_new) storages_.push_back({{name}, {}});
  return at->second;
}

/// Keeps which names share a storage after an operator that may return a view.
TENON_INLINE void importer::note_storage(const node& from) {
  if (from.inputs.empty() || from.inputs[0].value.items.empty()) return;
  const std::string_view source = from.inputs[0].value.items[0].name;
  const std::size_t storage = storage_at(source);
  for (const argument& a : from.outputs)
    for (const argument::item& item : a.items) {
      storages_[storage].views.push_back(item.name);
      storage_of_.emplace(item.name, storage);
    }
}

/// After `aten.relu_`: the input, and what was made from it in place, is what the node made.
TENON_INLINE status importer::change_in_place(const node& from, std::size_t index) {
  if (from.inputs.empty() || from.inputs[0].value.items.empty() || from.outputs.empty() ||
      from.outputs[0].items.empty())
    return fail(code::graph, "has no input or output, but works in place");
  const std::string_view source = from.inputs[0].value.items[0].name;
  const std::string_view made = from.outputs[0].items[0].name;
  if (places_.contains(source))
    return fail(code::unsupported, "changes ", quoted(source), " in place, which is a weight");
  const std::size_t storage = storage_at(source);
  const auto is_read_later = [&](std::string_view name) {
    const auto last = last_reads_.find(name);
    return last != last_reads_.end() && last->second > index;
  };
  auto& [names, views] = storages_[storage];
  const bool is_view = std::find(views.begin(), views.end(), source) != views.end();
  for (const auto* others : {&names, &views})
    for (const std::string_view name : *others)
      if (name != source && (is_view || others == &views) && is_read_later(name))
        return fail(code::unsupported, "changes ", quoted(source), " in place, which ",
                    quoted(name), " sees; export the model after run_decompositions()");
  const value_id v = values_.at(made);
  if (is_view) {
    values_[source] = v;
  } else {
    for (const std::string_view name : names) values_[name] = v;
  }
  (is_view ? views : names).push_back(made);
  storage_of_.insert_or_assign(made, storage);
  return {};
}

TENON_INLINE status importer::add_node(const node& from, std::size_t index) {
  const operator_row* row = operator_of(from.target);
  call made(*this, from, *row);
  made.collect_outputs();
  row->build(made);
  TENON_TRY(made.finish());
  for (std::size_t i = 0; i < made.outputs_.size(); ++i) {
    const std::string_view name = made.outputs_[i];
    if (!values_.emplace(name, made.made_[i]).second)
      return fail(code::graph, "output ", quoted(name), " is defined twice");
    if (made.made_[i]) TENON_TRY(check_value(name, made.made_[i]));
  }
  const std::string_view base = graph_detail::without_overload(graph_detail::plain(from.target));
  if (graph_detail::is_in_place(base)) return change_in_place(from, index);
  if (row->is_view) note_storage(from);
  return {};
}

TENON_INLINE status importer::add_nodes() {
  for (std::size_t n = 0; n < program_.nodes.size(); ++n) {
    auto done = add_node(program_.nodes[n], n);
    if (!done)
      return std::move(done).failure().in(
          cat("node ", quoted(program_.nodes[n].name), " (",
              printable_name(graph_detail::plain(program_.nodes[n].target)), ")"));
  }
  return {};
}

TENON_INLINE status importer::add_outputs() {
  std::vector<std::string> names;
  for (const output_spec& spec : program_.outputs) {
    if (spec.what == "user_input_mutation") {
      notes_.push_back(cat("the program changes input ", quoted(spec.target), ": here it stays"));
      continue;
    }
    if (spec.what != "user_output")
      return fail(code::unsupported, "the program changes ", quoted(spec.target), " (",
                  printable_name(spec.what),
                  "): expected one without state; export it in eval mode");
    if (spec.value.what != argument::kind::tensor || spec.value.is_list) {
      notes_.push_back(cat("an output is ", printable_name(spec.value.tag), ": it is left out"));
      continue;
    }
    const std::string_view name = spec.value.items[0].name;
    auto v = lookup(name);
    if (!v) return std::move(v).failure().in("output");
    std::string unique(name);
    while (std::find(names.begin(), names.end(), unique) != names.end()) unique += '_';
    graph_.add_output(*v, unique);
    names.push_back(std::move(unique));
  }
  if (names.empty()) return fail(code::graph, "the program has no outputs that are tensors");
  return {};
}

TENON_INLINE result<ir::graph> importer::run() {
  for (const ir::op_type* type : ops_)
    for (const ir::onnx_import& form : type->onnx)
      if (form.domain.empty()) op_table_.emplace(form.name, type);
  const auto load = [&](std::string_view folder, std::string_view kind, std::string& text,
                        json_document& json, auto& table) -> status {
    const std::string path = cat(folder, files_.model(), kind);
    if (!files_.contains(path)) return {};
    const auto read = [&]() -> status {
      TENON_TRY(text, files_.read(path));
      TENON_TRY(json, json_document::parse(text));
      TENON_TRY(table, decode_payloads(json.root()));
      return {};
    };
    auto done = read();
    if (!done) return std::move(done).failure().in(printable_name(path));
    return {};
  };
  TENON_TRY(load("data/weights/", "_weights_config.json", weights_text_, weights_json_, weights_));
  TENON_TRY(load("data/constants/", "_constants_config.json", constants_text_, constants_json_,
                 constants_));
  TENON_TRY(scan());
  graph_.name = files_.name();
  graph_.metadata.producer = cat("torch ", printable_name(program_.torch_version));
  TENON_TRY(add_inputs());
  TENON_TRY(add_nodes());
  TENON_TRY(add_outputs());
  graph_.metadata.diagnostics = std::move(notes_);
  return std::move(graph_);
}

}  // namespace tenon::inline v0::pt2
