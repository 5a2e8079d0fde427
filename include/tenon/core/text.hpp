#pragma once

#include "tenon/core/config.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace tenon::inline v0 {

/// One part of a text: characters, which it only points to, or a number.
class text_piece {
 public:
  text_piece(std::string_view v) : characters_(v.data()), kind_(text), size_(v.size()) {}

  text_piece(const void*) = delete;  // would be a bool

  text_piece(char v) : natural_(static_cast<unsigned char>(v)), kind_(letter), size_(0) {}

  text_piece(bool v) : text_piece(std::string_view(v ? "true" : "false")) {}

  text_piece(float v) : single_(v), kind_(single), size_(0) {}

  text_piece(double v) : real_(v), kind_(real), size_(0) {}

  text_piece(std::signed_integral auto v) : integer_(v), kind_(integer), size_(0) {}

  text_piece(std::unsigned_integral auto v) : natural_(v), kind_(natural), size_(0) {}

  void append_to(std::string& out) const;

 private:
  enum kind : std::size_t { text, letter, integer, natural, single, real };

  union {
    const char* characters_;
    std::int64_t integer_;
    std::uint64_t natural_;
    float single_;
    double real_;
  };

  std::size_t kind_ : 3;
  std::size_t size_ : 61;
};

namespace text_detail {

/// What a piece points to or holds: the characters of v, a number, or the text that v prints.
template <class T> auto held(const T& v) {
  if constexpr (std::is_arithmetic_v<T>)
    return v;
  else if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return std::string_view(v);
  else
    return v.str();
}

// One function for all: a template of the parts' types would be as many bodies as there are texts.
std::string concatenated(std::initializer_list<text_piece> pieces);

}  // namespace text_detail

/// Concatenates strings, numbers and printable values.
template <class... T> std::string cat(const T&... parts) {
  return text_detail::concatenated({text_piece(text_detail::held(parts))...});
}

/// `a, b, c` of any range of printable things.
template <class Range> std::string join(const Range& range, std::string_view separator = ", ") {
  std::string out;
  bool first = true;
  for (const auto& item : range) {
    if (!first) out += separator;
    first = false;
    text_piece(text_detail::held(item)).append_to(out);
  }
  return out;
}

/// `[2, 3]`
template <class Range> std::string bracketed(const Range& range) {
  return cat("[", join(range), "]");
}

/// A name from a file, safe for a terminal: control bytes and invalid UTF-8 escaped, cut to `max_bytes`.
std::string printable_name(std::string_view name, std::size_t max_bytes = 120);

/// `'name'`, escaped and shortened for messages.
std::string quoted(std::string_view name);

// Exact matches, so that std::quoted, found through the arguments, is no better choice.
inline std::string quoted(const std::string& name) {
  return quoted(std::string_view(name));
}

inline std::string quoted(std::string& name) {
  return quoted(std::string_view(name));
}

/// Letters to insert, drop or replace to come from a to b, whatever their case (V. Levenshtein, 1966); SIZE_MAX where one
/// has more than 64.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/core_text.hpp"
#endif
