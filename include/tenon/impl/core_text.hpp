#pragma once

#include "tenon/core/text.hpp"

#include <charconv>

namespace tenon::inline v0 {

TENON_INLINE void text_piece::append_to(std::string& out) const {
  char digits[64];
  std::to_chars_result end{digits, {}};
  switch (kind_) {
    case text:
      out.append(characters_, size_);
      return;
    case letter:
      out += static_cast<char>(natural_);
      return;
    case integer:
      end = std::to_chars(digits, digits + sizeof digits, integer_);
      break;
    case natural:
      end = std::to_chars(digits, digits + sizeof digits, natural_);
      break;
    case single:
      end = std::to_chars(digits, digits + sizeof digits, single_);
      break;
    default:
      end = std::to_chars(digits, digits + sizeof digits, real_);
  }
  out.append(digits, end.ptr);
}

TENON_INLINE std::string text_detail::concatenated(std::initializer_list<text_piece> pieces) {
  std::string out;
  for (const text_piece& piece : pieces) piece.append_to(out);
  return out;
}

namespace text_detail {

/// Bytes of the character that a text begins with; 0 when it is a control character or no UTF-8.
inline std::size_t printable_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F;
  const std::size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < count) return 0;
  for (std::size_t i = 1; i < count; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // C1 control characters, forms longer than needed, surrogates, and numbers above U+10FFFF.
  const unsigned char second = byte(1);
  const bool is_bad = (first == 0xC2 && second < 0xA0) || (first == 0xE0 && second < 0xA0) ||
                      (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
                      (first == 0xF4 && second > 0x8F);
  return is_bad ? 0 : count;
}

}  // namespace text_detail

TENON_INLINE std::string printable_name(std::string_view name, std::size_t max_bytes) {
  constexpr std::string_view cut = "...";
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  std::size_t fits = 0;
  while (!name.empty()) {
    const std::size_t bytes = text_detail::printable_bytes(name);
    const auto c = static_cast<unsigned char>(name[0]);
    if (bytes != 0)
      out += name.substr(0, bytes);
    else
      (out += "\\x") += {hex[c >> 4], hex[c & 15]};
    if (out.size() > max_bytes) return out.replace(fits, out.npos, cut);
    if (out.size() <= max_bytes - cut.size()) fits = out.size();
    name.remove_prefix(bytes != 0 ? bytes : 1);
  }
  return out;
}

TENON_INLINE std::string quoted(std::string_view name) {
  return cat("'", printable_name(name), "'");
}

}  // namespace tenon::inline v0
