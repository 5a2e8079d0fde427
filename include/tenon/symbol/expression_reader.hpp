#pragma once

#include "tenon/core/result.hpp"
#include "tenon/symbol/expression.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tenon::inline v0::symbol_detail {

constexpr bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

constexpr bool is_name_part(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == ':';
}

/// Reads expressions and relations left to right; the first mistake is kept and ends the reading.
class expression_reader {
 public:
  expression_reader(symbol_scope& scope, std::string_view text) : scope_(scope), text_(text) {}

  /// product {("+" | "-") product}
  dim sum();

  /// One of `== = <= >= < >`, consumed; empty when there is none.
  std::string_view relation();

  bool is_at_end() {
    skip_spaces();
    return at_ >= text_.size();
  }

  void complain(std::string_view expected);

  std::optional<error> failure() const { return failure_; }

 private:
  dim product();
  dim primary();
  dim number(bool is_negative);
  dim call(std::string_view name);
  std::optional<std::string> name();
  bool take(std::string_view token);

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  symbol_scope& scope_;
  std::string_view text_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  std::optional<error> failure_;
};

inline void expression_reader::complain(std::string_view expected) {
  if (failure_) return;
  skip_spaces();
  const std::string found =
      at_ < text_.size() ? quoted(text_.substr(at_, 16)) : std::string("the end");
  failure_ = fail(code::option, "expression ", quoted(text_), ": column ", at_ + 1, ": expected ",
                  expected, " vs ", found);
  at_ = text_.size();
}

inline bool expression_reader::take(std::string_view token) {
  skip_spaces();
  if (text_.substr(at_, token.size()) != token) return false;
  at_ += token.size();
  return true;
}

inline std::string_view expression_reader::relation() {
  for (const std::string_view token : {"==", "<=", ">=", "<", ">", "="})
    if (take(token)) return token;
  return {};
}

inline dim expression_reader::sum() {
  dim out = product();
  while (!failure_) {
    if (take("+"))
      out += product();
    else if (take("-"))
      out -= product();
    else
      break;
  }
  return out;
}

inline dim expression_reader::product() {
  dim out = primary();
  while (!failure_) {
    if (take("*"))
      out *= primary();
    else if (take("//") || take("/"))
      out = floordiv(out, primary());
    else if (take("%"))
      out = mod(out, primary());
    else
      break;
  }
  return out;
}

inline dim expression_reader::primary() {
  if (nesting_ >= 256) {
    complain("at most 256 nested parentheses");
    return 0;
  }
  ++nesting_;
  dim out;
  bool is_negative = false;
  while (take("-")) is_negative = !is_negative;
  skip_spaces();
  if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
    out = number(is_negative);
    is_negative = false;
  } else if (take("(")) {
    out = sum();
    if (!take(")")) complain("')'");
  } else if (const bool is_quoted = at_ < text_.size() && text_[at_] == '"';
             const auto word = name()) {
    out = !is_quoted && take("(") ? call(*word) : symbol_named(scope_, *word);
  } else {
    complain("a number, a name or '('");
  }
  --nesting_;
  return is_negative ? -out : out;
}

inline dim expression_reader::number(bool is_negative) {
  std::int64_t value = 0;
  bool overflow = false;
  for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
    overflow |= __builtin_mul_overflow(value, 10, &value);
    overflow |= __builtin_sub_overflow(value, text_[at_] - '0', &value);
  }
  if (!is_negative) overflow |= __builtin_sub_overflow(0, value, &value);
  if (overflow) complain("a number within 64 bits");
  return value;
}

inline std::optional<std::string> expression_reader::name() {
  skip_spaces();
  if (at_ >= text_.size()) return std::nullopt;
  std::string out;
  if (text_[at_] != '"') {
    if (!is_name_start(text_[at_])) return std::nullopt;
    while (at_ < text_.size() && is_name_part(text_[at_])) out += text_[at_++];
    return out;
  }
  for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
    out += text_[at_];
  }
  if (at_ >= text_.size()) {
    complain("'\"'");
    return std::nullopt;
  }
  ++at_;
  return out;
}

inline dim expression_reader::call(std::string_view name) {
  inline_vector<dim, 6> arguments;
  if (!take(")")) {
    do arguments.push_back(sum());
    while (!failure_ && take(","));
    if (!take(")")) complain("',' or ')'");
  }
  if (failure_) return 0;
  const bool is_pair = arguments.size() == 2;
  if (name == "overflow" && arguments.empty()) return dim::overflow();
  if (is_pair && name == "floordiv") return floordiv(arguments[0], arguments[1]);
  if (is_pair && name == "ceildiv") return ceildiv(arguments[0], arguments[1]);
  if (is_pair && name == "mod") return mod(arguments[0], arguments[1]);
  if (arguments.empty() || (name != "min" && name != "max" && name != "broadcast")) {
    failure_ =
        fail(code::option, "expression ", quoted(text_), ": expected floordiv, ceildiv or mod of 2",
             " or min, max or broadcast of at least 1 argument vs ", quoted(name), " of ",
             arguments.size());
    return 0;
  }
  dim out = arguments[0];
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const dim next = arguments[i];
    out = name == "min" ? min(out, next) : name == "max" ? max(out, next) : broadcast(out, next);
  }
  return out;
}

}  // namespace tenon::inline v0::symbol_detail
