#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/ir/graph.hpp"
#include "tenon/tensor/convert.hpp"

#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tenon::inline v0::ir::parse_detail {

/// How text refers to a value: a name, a number that tells equal names apart, or `_` for none.
struct reference {
  std::string name;
  std::string number;
  bool is_absent = false;

  std::string key() const { return number.empty() ? name : cat(name, "%", number); }
};

/// Tokens of the text form; errors name line and column.
class text_reader {
 public:
  explicit text_reader(std::string_view text) : text_(text) {}

  bool at_end() {
    skip();
    return at_ == text_.size();
  }

  bool at(char c) {
    skip();
    return at_ < text_.size() && text_[at_] == c;
  }

  bool take(char c) {
    if (!at(c)) return false;
    ++at_;
    return true;
  }

  status expect(char c) { return take(c) ? status() : error_here(cat("expected '", c, "'")); }

  bool at_word(std::string_view word) {
    skip();
    const std::string_view rest = text_.substr(at_);
    return rest.starts_with(word) && (rest.size() == word.size() || !is_name(rest[word.size()]));
  }

  bool take_word(std::string_view word) {
    if (!at_word(word)) return false;
    at_ += word.size();
    return true;
  }

  bool at_number() {
    skip();
    const std::string_view rest = text_.substr(at_);
    return !rest.empty() && (rest[0] == '-' || (rest[0] >= '0' && rest[0] <= '9'));
  }

  /// True before `f32[`: a constant follows, not an op.
  bool at_type() {
    skip();
    std::size_t end = at_;
    while (end < text_.size() && is_name(text_[end])) ++end;
    return end < text_.size() && text_[end] == '[' &&
           dtype_named(text_.substr(at_, end - at_)).has_value();
  }

  result<std::string> word() {
    skip();
    const std::size_t first = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    if (first == at_) return error_here("expected a name");
    return std::string(text_.substr(first, at_ - first));
  }

  result<std::string> quoted() {
    TENON_TRY(expect('"'));
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        out += text_[at_++];
        continue;
      }
      if (++at_ < text_.size() && text_[at_] == 'x') {
        ++at_;
        TENON_TRY(const unsigned byte, hex_byte());
        out += static_cast<char>(byte);
      } else if (at_ < text_.size()) {
        out += text_[at_++];
      }
    }
    if (at_ == text_.size()) return error_here("a string has no end");
    ++at_;
    return out;
  }

  result<parse_detail::reference> reference() {
    parse_detail::reference out;
    if (take_word("_")) {
      out.is_absent = true;
      return out;
    }
    if (at('"')) {
      TENON_TRY(out.name, quoted());
    } else if (!at('%')) {
      TENON_TRY(out.name, word());
    }
    if (at_ < text_.size() && text_[at_] == '%') {
      ++at_;
      TENON_TRY(out.number, word());
    }
    return out;
  }

  result<std::int64_t> integer() { return number<std::int64_t>("an integer"); }

  result<double> real() {
    const bool is_negative = at('-');
    for (const std::string_view name : {"inf", "-inf", "nan"})
      if (take_word(name))
        return name == "nan" ? std::numeric_limits<double>::quiet_NaN()
                             : (is_negative ? -1 : 1) * std::numeric_limits<double>::infinity();
    return number<double>("a number");
  }

  result<ir::fact> fact(const symbol_context& symbols);
  result<tensor> tensor_value();
  result<ir::attribute_value> attribute_value();

  std::string rest_of_line() {
    const std::size_t first = at_;
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != ';') ++at_;
    return std::string(text_.substr(first, at_ - first));
  }

  error error_here(std::string_view what) const {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n';
    }
    return fail(code::format, "graph text, line ", line, ", column ", column, ": ", what);
  }

 private:
  static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  }

  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' ||
                                  text_[at_] == '\r' || text_[at_] == ';'))
      ++at_;
  }

  template <class T> result<T> number(std::string_view what) {
    skip();
    T out{};
    const auto [end, bad] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
    if (bad != std::errc()) return error_here(cat("expected ", what));
    at_ = static_cast<std::size_t>(end - text_.data());
    return out;
  }

  result<unsigned> hex_byte() {
    unsigned out = 0;
    if (at_ + 2 > text_.size()) return error_here("expected two hexadecimal digits");
    const auto [end, bad] = std::from_chars(text_.data() + at_, text_.data() + at_ + 2, out, 16);
    if (bad != std::errc() || end != text_.data() + at_ + 2)
      return error_here("expected two hexadecimal digits");
    at_ += 2;
    return out;
  }

  result<dtype> type() {
    TENON_TRY(const std::string name, word());
    const auto found = dtype_named(name);
    if (!found) return error_here(cat("element type ", tenon::quoted(name), " is unknown"));
    return *found;
  }

  // The text of one size, up to a comma or bracket outside of parentheses.
  std::string_view size_text() {
    skip();
    const std::size_t first = at_;
    int depth = 0;
    while (at_ < text_.size() && (depth > 0 || (text_[at_] != ',' && text_[at_] != ']'))) {
      depth += text_[at_] == '(' ? 1 : text_[at_] == ')' ? -1 : 0;
      if (text_[at_] == '\n') break;
      ++at_;
    }
    return text_.substr(first, at_ - first);
  }

  template <class T> status read_numbers(const tensor& t);
  status read_strings(const tensor& t);
  status read_bytes(const tensor& t);

  std::string_view text_;
  std::size_t at_ = 0;
};

inline result<ir::fact> text_reader::fact(const symbol_context& symbols) {
  for (const bool is_sequence : {true, false}) {
    if (!take_word(is_sequence ? "sequence" : "optional")) continue;
    TENON_TRY(expect('('));
    const bool holds_sequence = !is_sequence && take_word("sequence");
    if (holds_sequence) TENON_TRY(expect('('));
    TENON_TRY(auto element, fact(symbols));
    if (holds_sequence) TENON_TRY(expect(')'));
    TENON_TRY(expect(')'));
    element.what = is_sequence ? fact::kind::sequence : fact::kind::optional;
    element.holds_sequence = holds_sequence;
    return element;
  }
  TENON_TRY(const dtype element_type, type());
  TENON_TRY(expect('['));
  if (at_word("...")) {
    at_ += 3;
    TENON_TRY(expect(']'));
    return ir::fact::unranked(element_type);
  }
  dims shape;
  while (!at(']')) {
    if (!shape.empty()) TENON_TRY(expect(','));
    auto size = symbols.scope().parse(size_text());
    if (!size) return error_here(size.failure().message);
    if (size->is_constant() && size->constant() < 0) return error_here("a size is negative");
    shape.push_back(*size);
  }
  TENON_TRY(expect(']'));
  return ir::fact::of(element_type, std::move(shape));
}

template <class T> status text_reader::read_numbers(const tensor& t) {
  for (std::int64_t i = 0; i < t.size(); ++i) {
    if (i) TENON_TRY(expect(','));
    if constexpr (std::is_floating_point_v<T>) {
      TENON_TRY(const double v, real());
      t.data<T>()[i] = static_cast<T>(v);
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      TENON_TRY(t.data<T>()[i], number<T>("an integer of the element type"));
    }
  }
  return {};
}

inline status text_reader::read_strings(const tensor& t) {
  for (std::int64_t i = 0; i < t.size(); ++i) {
    if (i) TENON_TRY(expect(','));
    TENON_TRY(t.data<std::string>()[i], quoted());
  }
  return {};
}

inline status text_reader::read_bytes(const tensor& t) {
  for (std::size_t i = 0; i < t.size_bytes(); ++i) {
    TENON_TRY(const unsigned byte, hex_byte());
    t.bytes()[i] = static_cast<std::byte>(byte);
  }
  return {};
}

inline result<tensor> text_reader::tensor_value() {
  TENON_TRY(const dtype element_type, type());
  TENON_TRY(expect('['));
  extents dims;
  while (!at(']')) {
    if (!dims.empty()) TENON_TRY(expect(','));
    TENON_TRY(const std::int64_t size, integer());
    dims.push_back(size);
  }
  TENON_TRY(expect(']'));
  const auto count = checked_product(std::span(dims.data(), dims.size()));
  // Every element takes at least one character, so text bounds memory.
  if (!count || *count > static_cast<std::int64_t>(text_.size() - at_))
    return error_here("a tensor has more elements than the text gives");
  TENON_TRY(tensor t, tensor::make(element_type, std::move(dims)));
  if (!at('{')) {
    if (!text_.substr(at_).starts_with("0x") || element_type == dtype::string)
      return error_here("expected '{' or 0x");
    at_ += 2;
    TENON_TRY(read_bytes(t));
    return t;
  }
  TENON_TRY(expect('{'));
  if (element_type == dtype::string) {
    TENON_TRY(read_strings(t));
  } else if (is_packed(element_type) || !(is_integer(element_type) || element_type == dtype::f32 ||
                                          element_type == dtype::f64)) {
    return error_here(cat("elements of ", name_of(element_type), " are written as 0x and bytes"));
  } else {
    status read;
    with_element_type(element_type, [&]<class T>(T) { read = read_numbers<T>(t); });
    TENON_TRY(std::move(read));
  }
  TENON_TRY(expect('}'));
  return t;
}

inline result<ir::attribute_value> text_reader::attribute_value() {
  if (at('"')) {
    TENON_TRY(auto text, quoted());
    return ir::attribute_value(std::move(text));
  }
  if (take_word("tensors")) {
    std::vector<tensor> all;
    TENON_TRY(expect('['));
    while (!at(']')) {
      if (!all.empty()) TENON_TRY(expect(','));
      TENON_TRY(auto t, tensor_value());
      all.push_back(std::move(t));
    }
    TENON_TRY(expect(']'));
    return ir::attribute_value(std::move(all));
  }
  if (at_type()) {
    TENON_TRY(auto t, tensor_value());
    return ir::attribute_value(std::move(t));
  }
  const bool is_floats = take_word("floats"), is_strings = !is_floats && take_word("strings");
  if (!take('[')) {
    const std::size_t first = at_;
    TENON_TRY(const double v, real());
    const std::string_view written = text_.substr(first, at_ - first);
    if (written.find_first_of(".enf") != std::string_view::npos)
      return ir::attribute_value(static_cast<float>(v));
    at_ = first;
    TENON_TRY(const std::int64_t i, integer());
    return ir::attribute_value(i);
  }
  std::vector<std::int64_t> ints;
  std::vector<float> floats;
  std::vector<std::string> strings;
  bool is_first = true;
  while (!at(']')) {
    if (!is_first) TENON_TRY(expect(','));
    is_first = false;
    TENON_TRY(auto item, attribute_value());
    if (const auto* i = std::get_if<std::int64_t>(&item))
      ints.push_back(*i);
    else if (const auto* f = std::get_if<float>(&item))
      floats.push_back(*f);
    else if (auto* s = std::get_if<std::string>(&item))
      strings.push_back(std::move(*s));
    else
      return error_here("lists hold numbers or strings");
  }
  TENON_TRY(expect(']'));
  if (!ints.empty() + !floats.empty() + !strings.empty() > 1)
    return error_here("a list mixes integers, floats and strings");
  if (is_floats || !floats.empty()) return ir::attribute_value(std::move(floats));
  if (is_strings || !strings.empty()) return ir::attribute_value(std::move(strings));
  return ir::attribute_value(std::move(ints));
}

}  // namespace tenon::inline v0::ir::parse_detail
