#pragma once

#include "tenon/core/text.hpp"
#include "tenon/core/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

namespace tenon::inline v0::tools {

/// Writes JSON text: commas, indents and escapes are its business.
class json_writer {
 public:
  json_writer& begin_object() { return open('{'); }

  json_writer& end_object() { return close('}'); }

  json_writer& begin_array() { return open('['); }

  json_writer& end_array() { return close(']'); }

  json_writer& key(std::string_view name) {
    separate();
    quote(name);
    text_ += ": ";
    has_key_ = true;
    return *this;
  }

  json_writer& value(std::string_view text) {
    separate();
    quote(text);
    return *this;
  }

  json_writer& value(const char* text) { return value(std::string_view(text)); }

  json_writer& value(const std::string& text) { return value(std::string_view(text)); }

  /// Numbers that JSON cannot express become null.
  json_writer& value(double number) {
    return raw(std::isfinite(number) ? cat(number) : std::string("null"));
  }

  json_writer& value(std::integral auto number) { return raw(cat(number)); }

  json_writer& null() { return raw("null"); }

  template <class T> json_writer& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }

  /// The document with a newline at its end.
  std::string str() const { return text_ + "\n"; }

 private:
  json_writer& raw(std::string_view text) {
    separate();
    text_ += text;
    return *this;
  }

  json_writer& open(char bracket) {
    separate();
    text_ += bracket;
    ++depth_;
    is_empty_ = true;
    return *this;
  }

  json_writer& close(char bracket) {
    --depth_;
    if (!is_empty_) new_line();
    text_ += bracket;
    is_empty_ = false;
    return *this;
  }

  void separate() {
    if (has_key_) {
      has_key_ = false;
      return;
    }
    if (depth_ == 0) return;
    if (!is_empty_) text_ += ',';
    is_empty_ = false;
    new_line();
  }

  void new_line() { text_.append("\n").append(static_cast<std::size_t>(depth_) * 2, ' '); }

  /// Bytes that are no UTF-8 become U+FFFD.
  void quote(std::string_view text) {
    constexpr char hex[] = "0123456789abcdef";
    text_ += '"';
    for (std::size_t i = 0; i < text.size();) {
      const char c = text[i];
      const auto byte = static_cast<unsigned char>(c);
      const std::size_t length = utf8_length(text.substr(i));
      if (c == '"' || c == '\\')
        (text_ += '\\') += c;
      else if (byte < 0x20)
        (text_ += "\\u00") += {hex[byte >> 4], hex[byte & 15]};
      else if (length == 0)
        text_ += "\\ufffd";
      else
        text_ += text.substr(i, length);
      i += std::max<std::size_t>(length, 1);
    }
    text_ += '"';
  }

  std::string text_;
  int depth_ = 0;
  bool is_empty_ = true;
  bool has_key_ = false;
};

}  // namespace tenon::inline v0::tools
