#pragma once

#include "tenon/formats/onnx/importer.hpp"
#include "tenon/symbol/table.hpp"

#include <algorithm>
#include <optional>

namespace tenon::inline v0::onnx {

TENON_INLINE void importer::note(std::string text) {
  constexpr std::size_t max_notes = 100;
  if (notes_.size() < max_notes) notes_.push_back(std::move(text));
}

/// The symbol or expression of a dim_param; nothing when it is an expression over unknown symbols.
TENON_INLINE std::optional<dim> importer::named_dim(std::string_view text) {
  symbol_scope& real = graph_.symbols.scope();
  if (const auto known = real.find(text)) return known;
  const scope_ref trial = scope_ref::make();
  const auto parsed = trial->parse(text);
  if (!parsed || parsed->is_symbol() || parsed->is_overflow()) return real.symbol(text);
  for (const dim s : trial->symbols())
    if (!real.find(trial->name_of(s.symbol_id()))) return real.symbol(text);
  return real.import(*parsed);
}

/// Makes the symbols that inputs name plainly, so that expressions over them are understood anywhere.
TENON_INLINE void importer::declare_symbols() {
  for (const value_info_proto& input : model_.graph->inputs)
    for (const dimension_proto& d : input.type.shape) {
      if (d.value || d.param.empty()) continue;
      const scope_ref trial = scope_ref::make();
      const auto parsed = trial->parse(d.param);
      if (parsed && parsed->is_symbol()) graph_.symbols.scope().symbol(d.param);
    }
}

TENON_INLINE dim importer::input_dim(const dimension_proto& d,
                                     std::string_view input,
                                     std::size_t axis) {
  if (d.value && *d.value >= 0) return *d.value;
  if (!d.value && !d.param.empty()) return *named_dim(d.param);
  std::string name = cat(input, ".", axis);
  while (graph_.symbols.scope().find(name)) name += '_';
  return graph_.symbols.scope().symbol(name);
}

/// The fact of a declared type; sizes that are not numbers or known symbols are unknown (overflow).
TENON_INLINE result<ir::fact> importer::declared_fact(const type_proto& type) {
  using kind = type_proto::kind;
  if (type.what == kind::sequence || type.what == kind::optional) {
    if (!type.element) return fail(code::graph, "the type of its elements is missing");
    TENON_TRY(ir::fact inner, declared_fact(*type.element));
    const bool is_sequence = type.what == kind::sequence;
    if (is_sequence && inner.is_tensor()) return ir::fact::sequence_of(std::move(inner));
    if (is_sequence || inner.what == ir::fact::kind::optional)
      return fail(code::unsupported, "sequences of sequences and of optionals are not supported");
    inner.holds_sequence = inner.what == ir::fact::kind::sequence;
    inner.what = ir::fact::kind::optional;
    return inner;
  }
  if (type.what != kind::tensor)
    return fail(code::unsupported, "its type is ",
                type.what == kind::none     ? "missing"
                : type.what == kind::map    ? "a map"
                : type.what == kind::sparse ? "a sparse tensor"
                                            : "opaque",
                ", expected a tensor, a sequence or an optional");
  const auto element = dtype_numbered(type.elem_type);
  if (!element)
    return fail(code::graph, "element type is ", type.elem_type, ", expected 1 to ",
                dtype_count - 1);
  if (!type.has_shape) return ir::fact::unranked(*element);
  if (type.shape.size() > max_rank)
    return fail(code::graph, "its type has ", type.shape.size(), " axes, expected at most ",
                max_rank);
  ir::fact out = ir::fact::of(*element, {});
  for (const dimension_proto& d : type.shape)
    out.shape.push_back(d.value && *d.value >= 0       ? dim(*d.value)
                        : !d.value && !d.param.empty() ? *named_dim(d.param)
                                                       : dim::overflow());
  return out;
}

/// Sizes are never negative.
TENON_INLINE status importer::require_size(dim d, std::string_view source) {
  if (d.is_constant()) return {};
  return graph_.symbols.facts().restrict(d, 0, interval::highest, source);
}

TENON_INLINE result<ir::fact> importer::input_fact(const value_info_proto& info) {
  auto out = declared_fact(info.type);
  if (!out) return std::move(out).failure().in(cat("input ", quoted(info.name)));
  const type_proto* leaf = &info.type;
  while (leaf->element) leaf = leaf->element.get();
  for (std::size_t i = 0; i < out->shape.size(); ++i) {
    out->shape[i] = input_dim(leaf->shape[i], info.name, i);
    TENON_TRY(require_size(out->shape[i], cat("input ", quoted(info.name))));
  }
  return out;
}

/// A formal input of a subgraph: sizes that are symbols may differ from one iteration to the next.
TENON_INLINE result<ir::fact> importer::body_input_fact(const value_info_proto& info,
                                                        const ir::fact* given) {
  ir::fact out;
  if (info.type.what != type_proto::kind::none) {
    TENON_TRY(out, declared_fact(info.type));
  } else if (given) {
    out = *given;
    out.constant = {};
    out.elements.reset();
    out.is_ranked = false;
    out.shape.clear();
  } else {
    return fail(code::graph, "input ", quoted(info.name), " of a subgraph has no type");
  }
  std::vector<std::pair<dim, dim>> renamed;
  for (dim& d : out.shape) {
    if (d.is_constant()) continue;
    const auto known = std::find_if(renamed.begin(), renamed.end(), [&](const auto& pair) {
      return !d.is_overflow() && pair.first == d;
    });
    const dim fresh = known != renamed.end() ? known->second : graph_.symbols.scope().fresh();
    TENON_TRY(require_size(fresh, cat("input ", quoted(info.name))));
    renamed.emplace_back(d, fresh);
    d = fresh;
  }
  return out;
}

/// Notes sizes that differ; a symbol that only the output declares becomes a name of the inferred size.
TENON_INLINE void importer::compare_dims(const ir::fact& inferred,
                                         const ir::fact& declared,
                                         std::string_view name,
                                         bool may_learn) {
  for (std::size_t i = 0; i < declared.shape.size(); ++i) {
    const dim want = declared.shape[i], have = inferred.shape[i];
    if (want.is_overflow() || want == have) continue;
    bool agrees = !want.is_constant() || !have.is_constant();
    if (agrees && may_learn && want.is_symbol() && want.symbol_id() >= input_symbols_)
      agrees = graph_.symbols.facts().unify(want, have, cat("shape of ", quoted(name))).has_value();
    if (!agrees)
      note(cat("value ", quoted(name), ": axis ", i, " is declared ", want, ", inferred ", have));
  }
}

/// Compares an inferred fact with what the file declares for the value; takes the shape where none is known.
TENON_INLINE status importer::reconcile(scope& s, std::string_view name, value_id v) {
  if (s.declared.empty()) return {};
  const auto found = s.declared.find(name);
  if (found == s.declared.end() || found->second->what == type_proto::kind::none) return {};
  const auto declared = declared_fact(*found->second);
  if (!declared) return {};
  ir::fact& known = s.graph->row(v).fact;
  const bool is_output = outputs_.contains(name);
  if (known.type == dtype::undefined && known.what == declared->what) known.type = declared->type;
  if (known.what != declared->what || known.type != declared->type)
    return fail(code::graph, "value ", quoted(name), " is declared ", declared->str(),
                ", but its node gives ", known.str());
  if (!declared->is_ranked || !known.is_tensor()) return {};
  if (!known.is_ranked) {
    known.is_ranked = true;
    known.shape = declared->shape;
    for (dim& d : known.shape)
      if (d.is_overflow()) d = graph_.symbols.scope().fresh();
    return {};
  }
  if (known.rank() != declared->rank())
    return fail(code::shape, "value ", quoted(name), " is declared ", declared->str(),
                ", but its node gives ", known.str());
  compare_dims(known, *declared, name, s.graph == &graph_ && !s.caller && is_output);
  return {};
}

}  // namespace tenon::inline v0::onnx
