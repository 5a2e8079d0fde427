#pragma once

#include "tenon/core/text.hpp"
#include "tenon/core/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

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
  const std::size_t length = utf8_length(text);
  const auto lead = static_cast<unsigned char>(text[0]);
  const bool is_c0 = lead < 0x20 || lead == 0x7F;
  const bool is_c1 = lead == 0xC2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xA0;
  return is_c0 || is_c1 ? 0 : length;
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

TENON_INLINE std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > 64 || b.size() > 64) return SIZE_MAX;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; };
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t kept = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, kept}));
    }
  }
  return row[b.size()];
}

}  // namespace tenon::inline v0
