#pragma once

#include "tenon/core/utf8.hpp"
#include "tenon/formats/json.hpp"

#include <charconv>
#include <utility>

namespace tenon::inline v0 {

TENON_INLINE json_value::kind json_value::what() const {
  return document_->rows_[at_].what;
}

TENON_INLINE std::string_view json_value::key() const {
  return document_->rows_[at_].key;
}

TENON_INLINE std::string_view json_value::text() const {
  return document_->rows_[at_].text;
}

TENON_INLINE std::optional<std::int64_t> json_value::integer() const {
  std::int64_t out = 0;
  const std::string_view digits = text();
  if (!is(kind::number)) return std::nullopt;
  const auto [end, mistake] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (mistake != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

TENON_INLINE std::optional<double> json_value::number() const {
  double out = 0;
  const std::string_view digits = text();
  if (!is(kind::number)) return std::nullopt;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), out).ec != std::errc{})
    return std::nullopt;
  return out;
}

TENON_INLINE std::optional<bool> json_value::boolean() const {
  if (!is(kind::boolean)) return std::nullopt;
  return document_->rows_[at_].is_true;
}

TENON_INLINE std::optional<json_value> json_value::first() const {
  const std::uint32_t child = document_->rows_[at_].child;
  return child == 0 ? std::nullopt : std::optional(json_value(*document_, child));
}

TENON_INLINE std::optional<json_value> json_value::next() const {
  const std::uint32_t next = document_->rows_[at_].next;
  return next == 0 ? std::nullopt : std::optional(json_value(*document_, next));
}

TENON_INLINE std::optional<json_value> json_value::find(std::string_view name) const {
  if (!is(kind::object)) return std::nullopt;
  for (auto member = first(); member; member = member->next())
    if (member->key() == name) return member;
  return std::nullopt;
}

TENON_INLINE std::string_view describe(json_value::kind k) {
  constexpr std::string_view names[] = {"null",   "a boolean", "a number",
                                        "a text", "an array",  "an object"};
  return names[static_cast<std::size_t>(k)];
}

/// Reads a text into the rows of a document; without recursion, so that depth costs no stack.
class json_reader {
 public:
  json_reader(json_document& out, std::string_view text, const json_limits& limits)
      : out_(out), text_(text), limits_(limits) {}

  status run() {
    if (text_.size() > limits_.max_bytes)
      return fail(code::resource, "json: has ", text_.size(), " bytes: expected at most ",
                  limits_.max_bytes);
    TENON_TRY(value({}));
    while (!open_.empty()) TENON_TRY(step());
    skip_spaces();
    return at_ == text_.size() ? status() : wrong("the end");
  }

 private:
  using kind = json_value::kind;

  /// An array or object that has not ended.
  struct frame {
    std::uint32_t row = 0;
    std::uint32_t last = 0;  ///< its newest child
  };

  error wrong(std::string_view expected) const {
    return fail(code::format, "json: byte ", at_, ": expected ", expected, " vs ",
                at_ < text_.size() ? quoted(text_.substr(at_, 1)) : std::string("the end"));
  }

  void skip_spaces() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }

  bool take(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// The next child of the innermost array or object, or its end.
  status step() {
    frame& top = open_.back();
    const bool is_object = out_.rows_[top.row].what == kind::object;
    if (take(is_object ? '}' : ']')) {
      open_.pop_back();
      return {};
    }
    if (top.last != 0 && !take(',')) return wrong(is_object ? "',' or '}'" : "',' or ']'");
    std::string_view key;
    if (is_object) {
      skip_spaces();
      TENON_TRY(key, string());
      if (!take(':')) return wrong("':'");
    }
    return value(key);
  }

  status value(std::string_view key) {
    skip_spaces();
    if (at_ >= text_.size()) return wrong("a value");
    if (out_.rows_.size() >= limits_.max_values)
      return fail(code::resource, "json: has more than ", limits_.max_values, " values");
    const auto row = static_cast<std::uint32_t>(out_.rows_.size());
    out_.rows_.emplace_back();
    out_.rows_[row].key = key;
    if (!open_.empty()) {
      frame& parent = open_.back();
      (parent.last != 0 ? out_.rows_[parent.last].next : out_.rows_[parent.row].child) = row;
      parent.last = row;
    }
    const char c = text_[at_];
    if (c == '{' || c == '[') return open(row, c == '{' ? kind::object : kind::array);
    if (c == '"') {
      TENON_TRY(const std::string_view characters, string());
      out_.rows_[row].what = kind::text;
      out_.rows_[row].text = characters;
      return {};
    }
    return c == '-' || (c >= '0' && c <= '9') ? number(row) : word(row);
  }

  status open(std::uint32_t row, kind what) {
    if (open_.size() >= static_cast<std::size_t>(limits_.max_depth))
      return fail(code::resource, "json: byte ", at_, ": is nested deeper than ",
                  limits_.max_depth);
    out_.rows_[row].what = what;
    open_.push_back({row, 0});
    ++at_;
    return {};
  }

  status word(std::uint32_t row) {
    for (const std::string_view name : {"null", "true", "false"}) {
      if (!text_.substr(at_).starts_with(name)) continue;
      at_ += name.size();
      if (name == "null") return {};
      out_.rows_[row].what = kind::boolean;
      out_.rows_[row].is_true = name == "true";
      return {};
    }
    return wrong("a value");
  }

  status number(std::uint32_t row) {
    const std::size_t begin = at_;
    const auto digits = [&] {
      const std::size_t first = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      return at_ != first;
    };
    const auto has = [&](std::string_view any) {
      return at_ < text_.size() && any.find(text_[at_]) != any.npos;
    };
    if (has("-")) ++at_;
    const bool is_zero = has("0");
    const std::size_t first = at_;
    if (!digits()) return wrong("a digit");
    if (is_zero && at_ != first + 1) return wrong("a number without leading zeros");
    if (has(".")) {
      ++at_;
      if (!digits()) return wrong("a digit");
    }
    if (has("eE")) {
      ++at_;
      if (has("+-")) ++at_;
      if (!digits()) return wrong("a digit");
    }
    out_.rows_[row].what = kind::number;
    out_.rows_[row].text = text_.substr(begin, at_ - begin);
    return {};
  }

  /// The characters between quotes; in the text itself unless there are escapes.
  result<std::string_view> string() {
    if (at_ >= text_.size() || text_[at_] != '"') return wrong("a text");
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return wrong("no control character");
      ++at_;
    }
    if (at_ >= text_.size()) return wrong("'\"'");
    if (text_[at_] == '"') return text_.substr(begin, at_++ - begin);
    std::string decoded(text_.substr(begin, at_ - begin));
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return wrong("no control character");
      if (text_[at_] != '\\')
        decoded += text_[at_++];
      else
        TENON_TRY(escape(decoded));
    }
    if (at_ >= text_.size()) return wrong("'\"'");
    ++at_;
    return out_.decoded_.emplace_back(std::move(decoded));
  }

  status escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    ++at_;
    if (at_ >= text_.size()) return wrong("an escape");
    if (text_[at_] == 'u') {
      TENON_TRY(std::uint32_t point, code_unit());
      if (point >= 0xD800 && point < 0xE000) {
        const bool is_pair = point < 0xDC00 && text_.substr(at_).starts_with("\\u");
        if (!is_pair) return wrong("the second half of a surrogate pair");
        ++at_;
        TENON_TRY(const std::uint32_t low, code_unit());
        if (low < 0xDC00 || low > 0xDFFF) return wrong("the second half of a surrogate pair");
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
      }
      append_utf8(out, point);
      return {};
    }
    const std::size_t which = letters.find(text_[at_]);
    if (which == letters.npos) return wrong("an escape");
    out += meant[which];
    ++at_;
    return {};
  }

  /// Four hexadecimal digits after `u`.
  result<std::uint32_t> code_unit() {
    std::uint32_t out = 0;
    ++at_;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, mistake] =
        std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
    if (digits.size() != 4 || mistake != std::errc{} || end != digits.data() + 4)
      return wrong("four hexadecimal digits");
    at_ += 4;
    return out;
  }

  json_document& out_;
  std::string_view text_;
  json_limits limits_;
  std::size_t at_ = 0;
  std::vector<frame> open_;
};

TENON_INLINE result<json_document> json_document::parse(std::string_view text,
                                                        const json_limits& limits) {
  json_document out;
  TENON_TRY(json_reader(out, text, limits).run());
  return out;
}

}  // namespace tenon::inline v0
