#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/formats/torch/importer.hpp"
#include "tenon/ir/append.hpp"
#include "tenon/symbol/table.hpp"
#include "tenon/tensor/convert.hpp"

#include <algorithm>
#include <tuple>

namespace tenon::inline v0::pt2 {

namespace call_detail {

/// Arguments that say where or how to compute, not what.
inline constexpr std::string_view without_meaning[] = {
    "device",       "layout",        "pin_memory",    "memory_format", "requires_grad",
    "non_blocking", "copy",          "cudnn_enable",  "cudnn_enabled", "benchmark",
    "allow_tf32",   "deterministic", "generator",     "sparse",        "scale_grad_by_freq",
    "padding_idx",  "momentum",      "half_to_float", "implicit"};

inline int category_of(dtype t) {
  return t == dtype::undefined ? -1 : t == dtype::boolean ? 0 : is_integer(t) ? 1 : 2;
}

}  // namespace call_detail

TENON_INLINE dtype promoted(dtype a, dtype b) {
  using call_detail::category_of;
  if (a == b || b == dtype::undefined) return a;
  if (a == dtype::undefined) return b;
  if (category_of(a) != category_of(b)) return category_of(a) > category_of(b) ? a : b;
  const bool is_half = size_of(a) == 2 && size_of(b) == 2 && category_of(a) == 2;
  if (is_half) return dtype::f32;
  const dtype wide = size_of(a) >= size_of(b) ? a : b;
  if (category_of(a) == 2 || is_signed_integer(a) == is_signed_integer(b)) return wide;
  if (is_signed_integer(wide) && size_of(a) != size_of(b)) return wide;
  return size_of(wide) == 1 ? dtype::i16 : size_of(wide) == 2 ? dtype::i32 : dtype::i64;
}

TENON_INLINE void call::fail_with(code kind, std::string text) {
  if (state_) state_ = error{kind, std::move(text)};
}

TENON_INLINE const argument* call::find(std::string_view name) const {
  for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
    if (node_.inputs[i].name != name) continue;
    is_read_[i] = true;
    const argument& found = node_.inputs[i].value;
    return found.what == argument::kind::none ? nullptr : &found;
  }
  return nullptr;
}

TENON_INLINE const argument* call::need(std::string_view name) {
  const argument* out = find(name);
  if (!out) fail_with(code::attribute, cat("argument ", quoted(name), " is missing"));
  return out;
}

TENON_INLINE void call::ignore(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) (void)find(name);
  if (names.size() == 0) is_read_.assign(is_read_.size(), true);
}

TENON_INLINE bool call::is_tensor(std::string_view name) const {
  const argument* a = find(name);
  return a && a->what == argument::kind::tensor;
}

TENON_INLINE bool call::is_contiguous(std::string_view name) const {
  const argument* a = find(name);
  if (!a || a->what != argument::kind::tensor || a->items.size() != 1) return false;
  const auto found = host_.program_.tensors.find(a->items[0].name);
  if (found == host_.program_.tensors.end()) return false;
  const auto& [sizes, strides] = std::tie(found->second.sizes, found->second.strides);
  std::optional<std::int64_t> dense = 1;
  if (sizes.size() != strides.size()) return false;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i].value == 1) continue;
    if (!dense || strides[i].value != dense) return false;
    dense = sizes[i].value ? checked_mul(*dense, *sizes[i].value) : std::nullopt;
  }
  return true;
}

TENON_INLINE bool call::is_symbolic(std::string_view name) const {
  const argument* a = find(name);
  if (!a || a->what == argument::kind::tensor || a->what == argument::kind::text) return false;
  return std::any_of(a->items.begin(), a->items.end(),
                     [](const argument::item& i) { return !i.name.empty(); });
}

TENON_INLINE value_id call::value_of(const argument::item& item) {
  auto found = host_.lookup(item.name);
  if (found) return *found;
  if (state_) state_ = std::move(found).failure();
  return {};
}

TENON_INLINE value_id call::optional_tensor(std::string_view name) {
  const argument* a = find(name);
  if (!a) return {};
  if (a->what != argument::kind::tensor || a->is_list) {
    fail_with(code::attribute, cat("argument ", quoted(name), " is ", printable_name(a->tag),
                                   ": expected as_tensor"));
    return {};
  }
  return value_of(a->items[0]);
}

TENON_INLINE value_id call::tensor_at(std::string_view name) {
  return need(name) ? optional_tensor(name) : value_id();
}

TENON_INLINE std::vector<value_id> call::tensors(std::string_view name) {
  const argument* a = need(name);
  std::vector<value_id> out;
  if (!a) return out;
  if (a->what != argument::kind::tensor)
    fail_with(code::attribute, cat("argument ", quoted(name), " is ", printable_name(a->tag),
                                   ": expected as_tensors"));
  else
    for (const argument::item& item : a->items)
      out.push_back(item.name.empty() ? value_id() : value_of(item));
  return out;
}

TENON_INLINE std::vector<std::int64_t> call::integers(std::string_view name,
                                                      std::vector<std::int64_t> otherwise) {
  const argument* a = find(name);
  if (!a) return otherwise;
  std::vector<std::int64_t> out;
  for (const argument::item& item : a->items) out.push_back(item.number);
  if ((a->what != argument::kind::integer && !out.empty()) || is_symbolic(name)) {
    fail_with(a->what == argument::kind::integer ? code::unsupported : code::attribute,
              cat("argument ", quoted(name), " is ", printable_name(a->tag),
                  ": expected known integers"));
    return otherwise;
  }
  return out;
}

TENON_INLINE std::int64_t call::integer(std::string_view name,
                                        std::optional<std::int64_t> otherwise) {
  if (!otherwise && !need(name)) return 0;
  const argument* a = find(name);
  if (!a) return *otherwise;
  if (a->is_list || (a->what != argument::kind::integer && a->what != argument::kind::boolean) ||
      is_symbolic(name)) {
    fail_with(a->what == argument::kind::integer ? code::unsupported : code::attribute,
              cat("argument ", quoted(name), " is ", printable_name(a->tag),
                  ": expected a known integer"));
    return 0;
  }
  return a->items[0].number;
}

TENON_INLINE double call::real(std::string_view name, std::optional<double> otherwise) {
  if (!otherwise && !need(name)) return 0;
  const argument* a = find(name);
  if (!a) return *otherwise;
  const bool is_whole = a->what == argument::kind::integer || a->what == argument::kind::boolean;
  if (a->is_list || (a->what != argument::kind::real && !is_whole) || is_symbolic(name)) {
    fail_with(code::attribute, cat("argument ", quoted(name), " is ", printable_name(a->tag),
                                   ": expected a known number"));
    return 0;
  }
  return is_whole ? static_cast<double>(a->items[0].number) : a->items[0].real;
}

TENON_INLINE std::vector<double> call::reals(std::string_view name) {
  const argument* a = need(name);
  std::vector<double> out;
  if (!a) return out;
  const bool is_whole = a->what == argument::kind::integer;
  for (const argument::item& item : a->items)
    out.push_back(is_whole ? static_cast<double>(item.number) : item.real);
  if ((a->what != argument::kind::real && !is_whole) || is_symbolic(name))
    fail_with(code::attribute, cat("argument ", quoted(name), " is ", printable_name(a->tag),
                                   ": expected known numbers"));
  return out;
}

TENON_INLINE bool call::flag(std::string_view name, bool otherwise) {
  return integer(name, otherwise) != 0;
}

TENON_INLINE std::string_view call::text(std::string_view name, std::string_view otherwise) {
  const argument* a = find(name);
  if (!a) return otherwise;
  if (a->what == argument::kind::text && !a->is_list) return a->items[0].name;
  fail_with(code::attribute,
            cat("argument ", quoted(name), " is ", printable_name(a->tag), ": expected as_string"));
  return otherwise;
}

TENON_INLINE dtype call::type(std::string_view name, dtype otherwise) {
  const argument* a = find(name);
  if (!a) return otherwise;
  const dtype out =
      a->what == argument::kind::type ? dtype_of_scalar(a->items[0].number) : dtype::undefined;
  if (out == dtype::undefined)
    fail_with(code::unsupported, cat("argument ", quoted(name), " is no supported element type"));
  return out;
}

TENON_INLINE std::int64_t call::axis(std::string_view name,
                                     std::int64_t rank,
                                     std::int64_t otherwise) {
  const std::int64_t given = integer(name, otherwise);
  const std::int64_t out = given < 0 ? given + std::max<std::int64_t>(rank, 1) : given;
  if (out >= 0 && out < std::max<std::int64_t>(rank, 1)) return out;
  fail_with(code::attribute,
            cat("argument ", quoted(name), " is ", given, ": expected an axis of ", rank));
  return 0;
}

TENON_INLINE value_id call::sizes(std::string_view name, std::int64_t instead_of_minus_one) {
  const argument* a = need(name);
  if (!a) return {};
  if (a->what != argument::kind::integer && !a->items.empty()) {
    fail_with(code::attribute, cat("argument ", quoted(name), " is ", printable_name(a->tag),
                                   ": expected integers"));
    return {};
  }
  std::vector<std::int64_t> numbers;
  for (const argument::item& item : a->items)
    numbers.push_back(item.number == -1 ? instead_of_minus_one : item.number);
  if (!is_symbolic(name)) return ints(numbers);
  std::vector<value_id> parts;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    parts.push_back(a->items[i].name.empty() ? ints({numbers[i]}) : value_of(a->items[i]));
  if (parts.size() == 1) return parts[0];
  return add_many("Concat", parts, {{"axis", std::int64_t{0}}}, 1)[0];
}

TENON_INLINE value_id call::size_at(std::string_view name, std::optional<std::int64_t> otherwise) {
  if (!has(name) && otherwise) return ints({*otherwise});
  const argument* a = need(name);
  if (!a) return {};
  if (!a->is_list) return sizes(name);
  fail_with(code::attribute, cat("argument ", quoted(name), " is ", printable_name(a->tag),
                                 ": expected one integer"));
  return {};
}

TENON_INLINE value_id call::operand(std::string_view name, dtype type) {
  if (is_tensor(name)) return cast(tensor_at(name), type);
  if (!is_symbolic(name)) return number(real(name), type);
  return cast(add("Squeeze", {size_at(name), ints({0})}), type);
}

TENON_INLINE dtype call::common_type(std::initializer_list<std::string_view> names) {
  using call_detail::category_of;
  dtype found[3] = {};  // numbers, tensors without axes, tensors with axes
  for (const std::string_view name : names) {
    const argument* a = find(name);
    if (!a) continue;
    if (a->what == argument::kind::tensor) {
      const value_id v = tensor_at(name);
      dtype& slot = found[rank(v) == 0 && fact(v).is_ranked ? 1 : 2];
      slot = promoted(slot, type_of(v));
    } else {
      found[0] = promoted(found[0], a->what == argument::kind::real      ? dtype::f32
                                    : a->what == argument::kind::boolean ? dtype::boolean
                                                                         : dtype::i64);
    }
  }
  const auto combine = [](dtype higher, dtype lower) {
    return category_of(lower) > category_of(higher) ? lower : higher;
  };
  return combine(combine(found[2], found[1]), found[0]);
}

TENON_INLINE const ir::fact& call::fact(value_id v) const {
  static const ir::fact nothing;
  return v ? host_.graph_.fact(v) : nothing;
}

TENON_INLINE bool call::is_at_least(value_id v, std::int64_t low) const {
  const auto& known = fact(v).elements;
  return known && known->size() == 1 &&
         host_.graph_.symbols.facts().is_less_equal(dim(low), (*known)[0]) == truth::yes;
}

TENON_INLINE dtype call::declared(std::size_t i) const {
  const auto found =
      i < outputs_.size() ? host_.program_.tensors.find(outputs_[i]) : host_.program_.tensors.end();
  return found == host_.program_.tensors.end() ? dtype::undefined : found->second.type;
}

TENON_INLINE value_id call::constant(tensor content) {
  if (!state_) return {};
  return host_.graph_.add_constant(cat(node_.name, "/", count_++), std::move(content));
}

TENON_INLINE value_id call::ints(std::span<const std::int64_t> values) {
  return constant(tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values));
}

TENON_INLINE value_id call::number(double value, dtype type) {
  if (!state_) return {};
  auto made = tensor::make(type, {});
  if (!made || type == dtype::undefined || type == dtype::string || is_complex(type)) {
    fail_with(code::unsupported, cat("a number of type ", name_of(type), " is not supported"));
    return {};
  }
  if (is_float(type))
    store_elements<double>(std::span<const double>(&value, 1), *made);
  else {
    const double bound = 0x1p63;
    const auto whole = value >= bound    ? INT64_MAX
                       : value <= -bound ? INT64_MIN
                       : value == value  ? static_cast<std::int64_t>(value)
                                         : 0;
    const std::int64_t stored = type == dtype::boolean ? value != 0 : whole;
    store_elements<std::int64_t>(std::span<const std::int64_t>(&stored, 1), *made);
  }
  return constant(*std::move(made));
}

TENON_INLINE value_id call::filled(extents shape, double value, dtype type) {
  const auto count = checked_product(std::span(shape.data(), shape.size()));
  if (!count || *count > (std::int64_t{1} << 24)) {
    fail_with(code::resource, cat("weights of shape ", bracketed(shape), " are too large to fill"));
    return {};
  }
  auto made = tensor::make(type, std::move(shape));
  if (!made || !is_float(type)) {
    fail_with(code::unsupported, cat("weights of type ", name_of(type), " are not supported"));
    return {};
  }
  store_elements<double>(std::vector<double>(static_cast<std::size_t>(*count), value), *made);
  return constant(*std::move(made));
}

TENON_INLINE value_id call::shape_of(value_id v, std::int64_t from, std::int64_t to) {
  if (from == to) return ints({});
  return add("Shape", {v}, {{"start", from}, {"end", to}});
}

TENON_INLINE value_id call::cast(value_id v, dtype type) {
  if (!v || type == dtype::undefined || type_of(v) == type) return v;
  return add("Cast", {v}, {{"to", static_cast<std::int64_t>(type)}});
}

TENON_INLINE value_id call::add(std::string_view op,
                                std::initializer_list<value_id> inputs,
                                std::initializer_list<attribute> attributes) {
  return add_many(op, std::span(inputs.begin(), inputs.size()), attributes, 1)[0];
}

TENON_INLINE std::vector<value_id> call::add_many(std::string_view op,
                                                  std::span<const value_id> inputs,
                                                  std::initializer_list<attribute> attributes,
                                                  std::size_t outputs) {
  std::vector<value_id> none(outputs);
  if (!state_) return none;
  const auto make = [&]() -> result<std::vector<value_id>> {
    const ir::op_type* type = host_.op_of(op);
    if (!type) return fail(code::unsupported, "op ", quoted(op), " is needed, but not supported");
    ir::any_op made = ir::any_op::make(*type);
    for (const attribute& a : attributes) TENON_TRY(made.assign(a.name, a.value));
    std::vector<value_id> given(inputs.begin(), inputs.end());
    while (!given.empty() && !given.back()) given.pop_back();
    const std::string name = cat(node_.name, "/", made.name(), "_", count_++);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < outputs; ++i) names.push_back(i == 0 ? name : cat(name, ".", i));
    TENON_TRY(const node_id id, ir::append(host_.graph_, std::move(made), given, names, name,
                                           {{std::string(node_.name)}}));
    const auto& ids = host_.graph_[id].outputs;
    return std::vector<value_id>(ids.begin(), ids.end());
  };
  auto made = make();
  if (made) return *std::move(made);
  state_ = std::move(made).failure();
  return none;
}

TENON_INLINE void call::output(std::size_t i, value_id v) {
  if (!state_) return;
  if (!v) return fail_with(code::graph, cat("makes no output ", i));
  if (i >= made_.size()) return;
  made_[i] = v;
  auto& row = host_.graph_.row(v);
  if (v.index < first_value_ || !row.producer) return;
  row.name = outputs_[i];
  if (row.port == 0) host_.graph_.row(row.producer).name = node_.name;
}

TENON_INLINE void call::collect_outputs() {
  for (const argument& a : node_.outputs)
    for (const argument::item& item : a.items) outputs_.push_back(item.name);
  made_.resize(outputs_.size());
  first_value_ = host_.graph_.value_capacity();
}

TENON_INLINE status call::finish() {
  if (!state_) return state_;
  for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
    const auto& [name, value] = node_.inputs[i];
    const auto& free = call_detail::without_meaning;
    const bool is_free = std::find(std::begin(free), std::end(free), name) != std::end(free);
    if (!is_read_[i] && !is_free && value.what != argument::kind::none)
      return fail(code::unsupported, "argument ", quoted(name), " is not supported");
  }
  return {};
}

}  // namespace tenon::inline v0::pt2
