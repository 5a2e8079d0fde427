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

TENON_INLINE std::string printable_name(std::string_view name) {
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

TENON_INLINE std::string quoted(std::string_view name) {
  return cat("'", printable_name(name), "'");
}

}  // namespace tenon::inline v0
