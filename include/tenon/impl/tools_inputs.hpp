#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/image.hpp"
#include "tenon/formats/npy.hpp"
#include "tenon/formats/npz.hpp"
#include "tenon/runtime/cpu_limits.hpp"
#include "tenon/symbol/solve.hpp"
#include "tenon/tensor/budget.hpp"
#include "tenon/tensor/convert.hpp"
#include "tenon/tools/model_inputs.hpp"

#include <charconv>
#include <cstring>
#include <optional>

namespace tenon::inline v0::tools {

namespace inputs_detail {

/// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class random_numbers {
 public:
  explicit random_numbers(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  double next_unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Fills the places of the inputs of one model.
class reader {
 public:
  explicit reader(const declared_inputs& m, bindings sizes = {})
      : model_(&m), values_(m.names.size()), sizes_(std::move(sizes)) {}

  status read(std::string_view text) {
    const std::size_t split = text.rfind('=');
    if (split != std::string_view::npos) {
      if (const auto i = position(text.substr(0, split))) return load(*i, text.substr(split + 1));
      if (!exists(text))
        return fail(code::input, "input ", quoted(text.substr(0, split)),
                    " is unknown; the model has ", known());
    }
    if (text.ends_with(".npz") && !expects_sequence()) return load_archive(text);
    std::size_t next = 0;
    while (next < values_.size() && values_[next]) ++next;
    if (next == values_.size())
      return fail(code::input, "input file ", quoted(text), " is one too many: the model has ",
                  values_.size(), " inputs: ", known());
    return load(next, text);
  }

  /// Takes the sizes of symbols from the values that were read; they have to agree with one another and with --dim.
  status learn() {
    std::vector<std::string> origins;
    for (const bool is_symbol : {true, false})
      for (std::size_t i = 0; i < values_.size(); ++i) {
        const ir::fact& f = model_->facts[i];
        if (!values_[i] || !values_[i].is_tensor() || !f.is_tensor() || !f.is_ranked) continue;
        const extents& found = values_[i].as_tensor().dims();
        for (std::size_t k = 0; k < f.rank() && found.size() == f.rank(); ++k)
          if (f.shape[k].is_symbol() == is_symbol) TENON_TRY(agree(i, k, found[k], origins));
      }
    return {};
  }

  status fill(std::uint64_t seed) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const ir::fact& f = model_->facts[i];
      if (values_[i] || f.what == ir::fact::kind::optional) continue;
      const std::string where = cat("input ", quoted(model_->names[i]));
      if (!f.is_tensor() || !f.is_ranked)
        return fail(code::input, where, " is ", f.str(), ": it needs a file");
      const auto dims = evaluate(f.shape, sizes_);
      if (!dims) return fail(code::input, where, " is ", f.str(), ": ", unbound(f.shape));
      auto made = random_tensor(f.type, *dims, seed + i);
      if (!made) return std::move(made).failure().in(where);
      values_[i] = *std::move(made);
    }
    return {};
  }

  std::vector<datum> take() { return std::move(values_); }

 private:
  static bool exists(std::string_view path) { return open_to_read(path).has_value(); }

  std::optional<std::size_t> position(std::string_view name) const {
    for (std::size_t i = 0; i < values_.size(); ++i)
      if (model_->names[i] == name) return i;
    return std::nullopt;
  }

  std::string known() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < values_.size(); ++i) names.push_back(quoted(model_->names[i]));
    return bracketed(names);
  }

  bool expects_sequence() const {
    for (std::size_t i = 0; i < values_.size(); ++i)
      if (!values_[i]) return is_sequence(model_->facts[i]);
    return false;
  }

  static bool is_sequence(const ir::fact& f) {
    return f.what == ir::fact::kind::sequence || f.holds_sequence;
  }

  status load(std::size_t i, std::string_view path) {
    const std::string where = cat("input ", quoted(model_->names[i]));
    if (values_[i]) return fail(code::input, where, " is given twice");
    const ir::fact& f = model_->facts[i];
    const auto type = f.type == dtype::undefined ? std::nullopt : std::optional(f.type);
    if (!path.ends_with(".npz")) {
      if (is_sequence(f))
        return fail(code::input, where, " is ", f.str(), ", expected a .npz file vs ",
                    quoted(path));
      const std::string shown = cat(where, ": ", path);
      TENON_TRY(values_[i],
                image_format_of(path) ? load_image(path, shown) : load_npy(path, shown, type));
      return {};
    }
    TENON_TRY(const auto file, mapped_file::open(path));
    if (!is_sequence(f)) return load_only(i, file, cat(where, ": ", path), type);
    TENON_TRY(auto items, read_npz_sequence(file.bytes(), cat(where, ": ", path), type));
    datum out(std::vector<datum>(items.begin(), items.end()));
    out.declare_element_type(f.type);
    values_[i] = std::move(out);
    return {};
  }

  /// The array of this input by its name, or the only one.
  status load_only(std::size_t i,
                   const mapped_file& file,
                   const std::string& where,
                   std::optional<dtype> type) {
    TENON_TRY(const auto archive, npz_reader::open(file.bytes(), where));
    const std::string& name = model_->names[i];
    std::string key = archive.contains(name) ? name : "in_" + name;
    if (!archive.contains(key) && archive.keys().size() == 1) key = archive.keys().front();
    if (!archive.contains(key))
      return fail(code::input, where, ": ", archive.keys().size(),
                  " arrays, expected one, or one called ", quoted(name));
    TENON_TRY(values_[i], archive.read(key, type));
    return {};
  }

  // Keys are input names, as they are or after `in_`; others are left out.
  status load_archive(std::string_view path) {
    TENON_TRY(const auto file, mapped_file::open(path));
    TENON_TRY(const auto archive, npz_reader::open(file.bytes(), path));
    bool found = false;
    for (const std::string& key : archive.keys()) {
      auto i = position(key);
      if (!i && key.starts_with("in_")) i = position(std::string_view(key).substr(3));
      if (!i) continue;
      found = true;
      if (values_[*i]) return fail(code::input, "input ", quoted(key), " is given twice");
      const dtype type = model_->facts[*i].type;
      TENON_TRY(values_[*i],
                archive.read(key, type == dtype::undefined ? std::nullopt : std::optional(type)));
    }
    if (found) return {};
    return fail(code::input, "input file ", quoted(path), " has no key that is an input; expected ",
                known());
  }

  std::string unbound(const dims& shape) const {
    inline_vector<std::uint32_t, 8> symbols;
    for (const dim d : shape) collect_symbols(d, symbols);
    for (const std::uint32_t s : symbols)
      if (const auto name = printable_name(model_->symbols.scope().name_of(s)); !sizes_[s])
        return cat("size ", name, " is not known; give --dim ", name, "=SIZE");
    return "a size is negative or too large";
  }

  /// Axis k of input i, which is `found` long: a symbol without a size gets this one, other sizes have to be it.
  status agree(std::size_t i,
               std::size_t k,
               std::int64_t found,
               std::vector<std::string>& origins) {
    const dim d = model_->facts[i].shape[k];
    const std::string where = cat("input ", quoted(model_->names[i]));
    const auto is_known = [&](std::uint32_t s) { return sizes_[s].has_value(); };
    if (const auto symbol = solvable_symbol(d, is_known)) {
      origins.resize(std::max<std::size_t>(origins.size(), *symbol + std::size_t{1}));
      origins[*symbol] = where;
    }
    if (d.is_constant() || solve(d, found, sizes_) != solved::no) return {};
    std::string source;
    inline_vector<std::uint32_t, 8> symbols;
    collect_symbols(d, symbols);
    for (const std::uint32_t s : symbols)
      if (is_known(s))
        source += cat(source.empty() ? " (" : ", ",
                      printable_name(model_->symbols.scope().name_of(s)), " is ", *sizes_[s],
                      " by ", s < origins.size() && !origins[s].empty() ? origins[s] : "--dim");
    const auto expected = evaluate(d, sizes_);
    return fail(code::input, where, " dim ", k, " is ", d, ": expected ",
                expected ? cat(*expected) : std::string("such a size"), " vs ", found, source,
                source.empty() ? "" : ")");
  }

  const declared_inputs* model_;
  std::vector<datum> values_;
  bindings sizes_;
};

}  // namespace inputs_detail

TENON_INLINE result<tensor> random_tensor(dtype type, const extents& dims, std::uint64_t seed) {
  const std::uint64_t limit = read_cpu_limits().memory_bytes;
  const memory_budget budget(limit == 0 ? memory_budget::unlimited
                                        : static_cast<std::int64_t>(limit));
  TENON_TRY(tensor out, budget.make(type, dims));
  inputs_detail::random_numbers random(seed);
  if (type == dtype::string) {
    for (std::string& s : out.elements<std::string>())
      s = std::string(1, static_cast<char>('a' + random.next() % 26));
    return out;
  }
  if (is_float(type) || is_complex(type)) {
    std::vector<double> row(4096);
    const std::int64_t parts = is_complex(type) ? 2 : 1;
    const dtype part = type == dtype::c64 ? dtype::f32 : type == dtype::c128 ? dtype::f64 : type;
    const std::int64_t count = out.size() * parts;
    for (std::int64_t at = 0; at < count; at += 4096) {
      const std::int64_t n = std::min<std::int64_t>(4096, count - at);
      for (double& v : row) v = random.next_unit() * 2 - 1;
      std::byte* place = out.bytes() + at * static_cast<std::int64_t>(size_of(part));
      const auto bytes = static_cast<std::size_t>(n) * size_of(part);
      store_elements<double>(std::span<const double>(row.data(), static_cast<std::size_t>(n)),
                             tensor::over(part, extents{n}, storage::borrow(place, bytes)));
    }
    return out;
  }
  const std::uint64_t values = type == dtype::u8 || type == dtype::i8 ? 256 : 2;
  std::memset(out.bytes(), 0, out.size_bytes());
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.bytes()[i * static_cast<std::int64_t>(size_of(type))] =
        static_cast<std::byte>((random.next() >> 32) % values);
  return out;
}

namespace inputs_detail {

inline std::string symbol_names(const symbol_scope& scope) {
  std::vector<std::string> out;
  for (const dim d : scope.symbols())
    if (scope.find(d.str()) == d && !scope.is_unbacked(d.symbol_id()) && out.size() < 8)
      out.push_back(d.str());
  return out.empty() ? "none" : join(out);
}

}  // namespace inputs_detail

TENON_INLINE result<bindings> read_dims(const ir::symbol_context& symbols,
                                        const std::vector<std::string>& dims) {
  bindings out;
  for (const std::string& text : dims) {
    const std::size_t split = text.rfind('=');
    std::int64_t size = -1;
    const char* const end = text.data() + text.size();
    if (split != std::string::npos) {
      const auto [last, problem] = std::from_chars(text.data() + split + 1, end, size);
      if (problem != std::errc() || last != end) size = -1;
    }
    if (size < 0)
      return fail(code::option, "dim ", quoted(text),
                  " is malformed: expected SYMBOL=SIZE with a size of at least 0");
    const auto symbol = symbols.scope().find(std::string_view(text).substr(0, split));
    if (!symbol || symbols.scope().is_unbacked(symbol->symbol_id()))
      return fail(code::option, "dim ", quoted(text.substr(0, split)),
                  " is no symbol of the model, expected one of ",
                  inputs_detail::symbol_names(symbols.scope()));
    if (out[symbol->symbol_id()].value_or(size) != size)
      return fail(code::option, "dim ", quoted(symbol->str()), " is given as ",
                  *out[symbol->symbol_id()], " and as ", size);
    out.set(*symbol, size);
  }
  return out;
}

TENON_INLINE result<std::vector<datum>> read_inputs(const declared_inputs& model,
                                                    const input_settings& settings) {
  TENON_TRY(bindings sizes, read_dims(model.symbols, settings.dims));
  inputs_detail::reader out(model, std::move(sizes));
  for (const std::string& text : settings.files) TENON_TRY(out.read(text));
  TENON_TRY(out.learn());
  if (settings.seed) TENON_TRY(out.fill(*settings.seed));
  return out.take();
}

TENON_INLINE result<std::vector<datum>> random_inputs(const declared_inputs& model,
                                                      std::uint64_t seed,
                                                      const bindings& sizes) {
  inputs_detail::reader out(model, sizes);
  TENON_TRY(out.fill(seed));
  return out.take();
}

TENON_INLINE std::vector<extents> shapes_of(const std::vector<datum>& inputs) {
  std::vector<extents> out;
  for (const datum& d : inputs) out.push_back(d.is_tensor() ? d.as_tensor().dims() : extents{});
  return out;
}

}  // namespace tenon::inline v0::tools
