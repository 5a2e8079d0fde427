#pragma once

#include "tenon/core/config.hpp"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tenon::inline v0 {

/// A value that prints itself: `std::string str() const`.
template <class T>
concept printable = requires(const T& v) {
  { v.str() } -> std::convertible_to<std::string>;
};

namespace text_detail {

inline void append(std::string& out, std::string_view v) {
  out += v;
}

inline void append(std::string& out, const char* v) {
  out += v;
}

inline void append(std::string& out, char v) {
  out += v;
}

inline void append(std::string& out, bool v) {
  out += v ? "true" : "false";
}

template <class T>

requires(std::integral<T> || std::floating_point<T>) void append(std::string& out, T v) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
  out.append(digits, end);
}

template <printable T> void append(std::string& out, const T& v) {
  out += v.str();
}

}  // namespace text_detail

/// Concatenates strings, numbers and printable values.
template <class... T> std::string cat(const T&... parts) {
  std::string out;
  (text_detail::append(out, parts), ...);
  return out;
}

/// `a, b, c` of any range of printable things.
template <class Range> std::string join(const Range& range, std::string_view separator = ", ") {
  std::string out;
  bool first = true;
  for (const auto& item : range) {
    if (!first) out += separator;
    first = false;
    text_detail::append(out, item);
  }
  return out;
}

/// `[2, 3]`
template <class Range> std::string bracketed(const Range& range) {
  return cat("[", join(range), "]");
}

/// A name from a file, safe for a terminal: control bytes and invalid UTF-8 escaped, at most 120 bytes.
inline std::string printable_name(std::string_view name) {
  constexpr std::size_t max_bytes = 120;
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < name.size() && out.size() < max_bytes; ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const std::size_t extra = c >= 0xF0 && c < 0xF5 ? 3 : c >= 0xE0 ? 2 : c >= 0xC2 ? 1 : 0;
    bool valid = c >= 0x20 && c < 0x7F;
    if (c >= 0xC2 && c < 0xF5 && i + extra < name.size()) {
      valid = true;
      for (std::size_t k = 1; k <= extra; ++k)
        valid = valid && (static_cast<unsigned char>(name[i + k]) & 0xC0) == 0x80;
      valid = valid && !(c == 0xC2 && static_cast<unsigned char>(name[i + 1]) < 0xA0);
      if (valid) {
        out.append(name.substr(i, extra + 1));
        i += extra;
        continue;
      }
    }
    if (valid)
      out += static_cast<char>(c);
    else
      (out += "\\x") += {hex[c >> 4], hex[c & 15]};
  }
  if (out.size() >= max_bytes) out += "...";
  return out;
}

/// `'name'`, escaped and shortened for messages.
inline std::string quoted(std::string_view name) {
  return cat("'", printable_name(name), "'");
}

// Exact matches, so that std::quoted, found through the arguments, is no better choice.
inline std::string quoted(const std::string& name) {
  return quoted(std::string_view(name));
}

inline std::string quoted(std::string& name) {
  return quoted(std::string_view(name));
}

}  // namespace tenon::inline v0
