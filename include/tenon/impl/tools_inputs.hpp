#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/image.hpp"
#include "tenon/formats/npy.hpp"
#include "tenon/formats/npz.hpp"
#include "tenon/runtime/cpu_limits.hpp"
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
  explicit reader(const declared_inputs& m) : model_(&m), values_(m.names.size()) {}

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

  status fill(std::uint64_t seed, const bindings& sizes) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const ir::fact& f = model_->facts[i];
      if (values_[i] || f.what == ir::fact::kind::optional) continue;
      const std::string where = cat("input ", quoted(model_->names[i]));
      if (!f.is_tensor() || !f.is_ranked)
        return fail(code::input, where, " is ", f.str(), ": it needs a file");
      const auto dims = evaluate(f.shape, sizes);
      if (!dims) return fail(code::input, where, " is ", f.str(), ": ", unbound(f.shape, sizes));
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
      if (!values_[i]) return !model_->facts[i].is_tensor();
    return false;
  }

  status load(std::size_t i, std::string_view path) {
    const std::string where = cat("input ", quoted(model_->names[i]));
    if (values_[i]) return fail(code::input, where, " is given twice");
    const ir::fact& f = model_->facts[i];
    const auto type = f.type == dtype::undefined ? std::nullopt : std::optional(f.type);
    if (!path.ends_with(".npz")) {
      if (f.what == ir::fact::kind::sequence)
        return fail(code::input, where, " is ", f.str(), ", expected a .npz file vs ",
                    quoted(path));
      const std::string shown = cat(where, ": ", path);
      TENON_TRY(values_[i],
                image_format_of(path) ? load_image(path, shown) : load_npy(path, shown, type));
      return {};
    }
    if (f.is_tensor())
      return fail(code::input, where, " is ", f.str(), ", expected a .npy file vs ", quoted(path));
    TENON_TRY(const auto file, mapped_file::open(path));
    TENON_TRY(auto items, read_npz_sequence(file.bytes(), cat(where, ": ", path), type));
    datum out(std::vector<datum>(items.begin(), items.end()));
    out.declare_element_type(f.type);
    values_[i] = std::move(out);
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

  static std::string unbound(const dims& shape, const bindings& sizes) {
    for (const dim d : shape)
      if (!evaluate(d, sizes)) return cat("size ", d, " is not known; give --dim ", d, "=SIZE");
    return "a size is negative";
  }

  const declared_inputs* model_;
  std::vector<datum> values_;
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
  for (const dim d : scope.symbols().first(std::min<std::size_t>(scope.symbols().size(), 8)))
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
    if (!symbol)
      return fail(code::option, "dim ", quoted(text.substr(0, split)),
                  " is no symbol of the model, expected one of ",
                  inputs_detail::symbol_names(symbols.scope()));
    out.set(*symbol, size);
  }
  return out;
}

TENON_INLINE result<std::vector<datum>> read_inputs(const declared_inputs& model,
                                                    const input_settings& settings) {
  inputs_detail::reader out(model);
  TENON_TRY(const bindings sizes, read_dims(model.symbols, settings.dims));
  for (const std::string& text : settings.files) TENON_TRY(out.read(text));
  if (settings.seed) TENON_TRY(out.fill(*settings.seed, sizes));
  return out.take();
}

TENON_INLINE result<std::vector<datum>> random_inputs(const declared_inputs& model,
                                                      std::uint64_t seed,
                                                      const bindings& sizes) {
  inputs_detail::reader out(model);
  TENON_TRY(out.fill(seed, sizes));
  return out.take();
}

TENON_INLINE std::vector<extents> shapes_of(const std::vector<datum>& inputs) {
  std::vector<extents> out;
  for (const datum& d : inputs) out.push_back(d.is_tensor() ? d.as_tensor().dims() : extents{});
  return out;
}

}  // namespace tenon::inline v0::tools
