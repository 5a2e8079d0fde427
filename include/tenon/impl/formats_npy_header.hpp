#pragma once

#include "tenon/core/result.hpp"
#include "tenon/core/safe_math.hpp"
#include "tenon/tensor/tensor.hpp"

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace tenon::inline v0 {

namespace npy_detail {

inline constexpr char native_order = std::endian::native == std::endian::little ? '<' : '>';

/// What the dictionary of a header says.
struct header {
  std::string element;  // `<f4`; empty when the elements are records
  bool fortran_order = false;
  extents shape;
};

/// Reads the Python dictionary of a header; the first mistake wins.
class header_parser {
 public:
  explicit header_parser(std::string_view text) : rest_(text) {}

  result<header> parse() {
    header out;
    unsigned seen = 0;
    TENON_TRY(expect('{'));
    while (!accept('}')) {
      TENON_TRY(const std::string_view key, string());
      TENON_TRY(expect(':'));
      const unsigned bit = key == "descr" ? 1 : key == "fortran_order" ? 2 : key == "shape" ? 4 : 0;
      if (bit == 0 || (seen & bit) != 0)
        return fail(code::format, "header has ", bit == 0 ? "an unknown" : "a repeated", " key ",
                    quoted(key));
      seen |= bit;
      TENON_TRY(bit == 1 ? element(out) : bit == 2 ? order(out) : shape(out));
      if (!accept(',')) {
        TENON_TRY(expect('}'));
        break;
      }
    }
    skip_blanks();
    if (!rest_.empty()) return unexpected("the end of the header");
    if (seen != 7)
      return fail(code::format, "header lacks a key: expected descr, fortran_order and shape");
    return out;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t' ||
                              rest_[0] == '\r' || rest_[0] == '\f'))
      rest_.remove_prefix(1);
  }

  bool accept(char c) {
    skip_blanks();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool accept_word(std::string_view word) {
    skip_blanks();
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  error unexpected(std::string_view expected) const {
    return fail(code::format, "header is malformed: expected ", expected, " vs ",
                rest_.empty() ? "its end" : quoted(rest_.substr(0, 12)));
  }

  status expect(char c) {
    if (accept(c)) return {};
    const char text[] = {'\'', c, '\''};
    return unexpected(std::string_view(text, 3));
  }

  result<std::string_view> string() {
    const char quote = accept('\'') ? '\'' : accept('"') ? '"' : '\0';
    const std::size_t end = quote == '\0' ? rest_.npos : rest_.find(quote);
    if (end == rest_.npos) return unexpected("a string");
    const std::string_view out = rest_.substr(0, end);
    if (out.find('\\') != out.npos) return unexpected("a string without escapes");
    rest_.remove_prefix(end + 1);
    return out;
  }

  status element(header& out) {
    skip_blanks();
    if (!rest_.empty() && rest_[0] == '[')
      return fail(
          code::unsupported,
          "the elements are records (a structured dtype); save each field as its own array");
    TENON_TRY(out.element, string());
    return {};
  }

  status order(header& out) {
    out.fortran_order = accept_word("True");
    return out.fortran_order || accept_word("False") ? status() : unexpected("True or False");
  }

  status shape(header& out) {
    TENON_TRY(expect('('));
    bool closed = accept(')');
    while (!closed) {
      skip_blanks();
      std::int64_t extent = 0;
      const char* end = rest_.data() + rest_.size();
      const auto [after, failure] = std::from_chars(rest_.data(), end, extent);
      if (failure == std::errc::result_out_of_range)
        return fail(code::format, "shape has an extent that outgrows 64 bits");
      if (failure != std::errc()) return unexpected("an extent");
      if (extent < 0) return fail(code::format, "shape has the negative extent ", extent);
      rest_.remove_prefix(static_cast<std::size_t>(after - rest_.data()));
      if (!rest_.empty() && rest_[0] == 'L') rest_.remove_prefix(1);  // written by Python 2
      out.shape.push_back(extent);
      if (out.shape.size() > max_rank)
        return fail(code::format, "shape has more than ", max_rank, " axes");
      const bool comma = accept(',');
      closed = accept(')');
      if (!comma && (!closed || out.shape.size() == 1)) return unexpected("','");
    }
    return {};
  }

  std::string_view rest_;
};

/// How elements lie in a file.
struct element_format {
  dtype type = dtype::undefined;  // undefined: raw bits, the type has to be told
  std::size_t bytes = 0;          // of one element in the file
  std::size_t swapped = 1;        // bytes of a number whose order has to be turned round; 1: none
  char kind = 0;                  // of numpy
};

inline dtype natural_type(char kind, std::size_t bytes) {
  struct row {
    char kind;
    std::size_t bytes;
    dtype type;
  };

  constexpr row rows[] = {{'b', 1, dtype::boolean}, {'i', 1, dtype::i8},   {'i', 2, dtype::i16},
                          {'i', 4, dtype::i32},     {'i', 8, dtype::i64},  {'u', 1, dtype::u8},
                          {'u', 2, dtype::u16},     {'u', 4, dtype::u32},  {'u', 8, dtype::u64},
                          {'f', 2, dtype::f16},     {'f', 4, dtype::f32},  {'f', 8, dtype::f64},
                          {'c', 8, dtype::c64},     {'c', 16, dtype::c128}};
  for (const row& r : rows)
    if (r.kind == kind && r.bytes == bytes) return r.type;
  return dtype::undefined;
}

/// Reads `<f4`.
inline result<element_format> format_of(std::string_view text) {
  const error unknown =
      fail(code::unsupported, "elements of the numpy type ", quoted(text), " are not supported");
  std::string_view rest = text;
  char order = native_order;
  if (!rest.empty() && (rest[0] == '<' || rest[0] == '>' || rest[0] == '|' || rest[0] == '=')) {
    if (rest[0] == '<' || rest[0] == '>') order = rest[0];
    rest.remove_prefix(1);
  }
  if (rest.empty()) return unknown;
  element_format out;
  out.kind = rest[0];
  if (out.kind == 'O')
    return fail(
        code::unsupported,
        "the elements are Python objects (a pickle), which are never read; save an array of "
        "numbers or of dtype str");
  rest.remove_prefix(1);
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (failure != std::errc() || end != rest.data() + rest.size() || number > (1U << 28))
    return unknown;
  out.bytes = out.kind == 'U' ? std::size_t{number} * 4 : number;
  out.type = out.kind == 'U' || out.kind == 'S' ? dtype::string : natural_type(out.kind, number);
  const bool raw = out.kind == 'V' && (number == 1 || number == 2);
  if (out.type == dtype::undefined && !raw) return unknown;
  if (order != native_order && out.kind != 'S')
    out.swapped = out.kind == 'U' ? 4 : out.kind == 'c' ? out.bytes / 2 : out.bytes;
  return out;
}

/// The type of the tensor to be made from elements of a file.
inline result<dtype> type_for(const element_format& found, std::optional<dtype> expected) {
  if (found.type == dtype::undefined && !expected)
    return fail(code::unsupported, "the elements are ", found.bytes,
                found.bytes == 1 ? " raw byte" : " raw bytes",
                " without a type; expected the caller to tell it, or an array of numbers");
  if (!expected || found.type == *expected) return found.type;
  const bool bits = found.type == dtype::u16 || found.kind == 'V' || found.type == dtype::u8 ||
                    found.type == dtype::i8;
  const dtype plain = natural_type('u', size_of(*expected));
  const bool has_no_numpy_type = *expected == dtype::bf16 ||
                                 (size_of(*expected) == 1 && is_float(*expected)) ||
                                 is_packed(*expected);
  if (bits && size_of(*expected) == found.bytes && (has_no_numpy_type || found.kind == 'V'))
    return *expected;
  return fail(code::input, "elements have the type ",
              found.type == dtype::undefined ? "raw" : name_of(found.type), ": expected ",
              name_of(*expected),
              has_no_numpy_type ? cat(" (as its bits in ", name_of(plain), ")") : std::string());
}

/// The dictionary of a file and where its data begins.
inline result<header> header_of(std::span<const std::byte> bytes, std::size_t& data_at) {
  const auto* raw = reinterpret_cast<const unsigned char*>(bytes.data());
  if (bytes.size() < 10) return fail(code::format, "is cut short: ", bytes.size(), " bytes");
  if (std::memcmp(raw, "\x93NUMPY", 6) != 0)
    return fail(code::format, "is no .npy file: expected the magic bytes \\x93NUMPY");
  const bool short_length = raw[6] == 1;
  if (raw[6] < 1 || raw[6] > 3)
    return fail(code::format, "has format version ", int{raw[6]}, ".", int{raw[7]},
                ": expected 1 to 3");
  if (!short_length && bytes.size() < 12)
    return fail(code::format, "is cut short: ", bytes.size(), " bytes");
  std::uint64_t length = raw[8] | std::uint64_t{raw[9]} << 8;
  if (!short_length) length |= std::uint64_t{raw[10]} << 16 | std::uint64_t{raw[11]} << 24;
  const std::size_t begin = short_length ? 10 : 12;
  if (length > bytes.size() - begin)
    return fail(code::format, "header claims ", length, " bytes: the file has ",
                bytes.size() - begin, " after it begins");
  data_at = begin + static_cast<std::size_t>(length);
  return header_parser(
             {reinterpret_cast<const char*>(raw) + begin, static_cast<std::size_t>(length)})
      .parse();
}

/// The number of elements, once the file is known to hold exactly that many.
inline status check_size(const header& head, const element_format& format, std::size_t bytes) {
  const auto count = checked_product(std::span(head.shape.data(), head.shape.size()));
  const auto needed =
      count ? checked_mul(*count, static_cast<std::int64_t>(format.bytes)) : std::nullopt;
  if (!needed) return fail(code::format, "shape ", bracketed(head.shape), " outgrows 64 bits");
  if (format.bytes == 0 && *count != 0)
    return fail(code::unsupported, "the elements have no bytes");
  if (static_cast<std::uint64_t>(*needed) != bytes)
    return fail(code::format, "shape ", bracketed(head.shape), " of '", head.element, "' needs ",
                *needed, " bytes: the file has ", bytes);
  return {};
}

inline std::string element_text(const tensor& value, std::size_t text_width) {
  const dtype type = value.type();
  if (type == dtype::string) return cat(native_order, 'U', text_width);
  const std::size_t bytes = size_of(type);
  const bool is_plain = type != dtype::bf16 && !(bytes == 1 && is_float(type)) && !is_packed(type);
  const char kind = !is_plain                 ? 'u'
                    : type == dtype::boolean  ? 'b'
                    : is_complex(type)        ? 'c'
                    : is_float(type)          ? 'f'
                    : is_signed_integer(type) ? 'i'
                                              : 'u';
  return cat(bytes == 1 ? '|' : native_order, kind, bytes);
}

/// Everything before the data; its length is a multiple of 64.
inline std::string header_text(const tensor& value, std::size_t text_width) {
  std::string dictionary =
      cat("{'descr': '", element_text(value, text_width), "', 'fortran_order': False, 'shape': (",
          join(value.dims()), value.rank() == 1 ? ",), }" : "), }");
  const bool is_long = dictionary.size() + 64 > 0xFFFF;
  const std::size_t before = is_long ? 12 : 10;
  dictionary.append(63 - (before + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  std::string out = "\x93NUMPY";
  out += is_long ? '\2' : '\1';
  out += '\0';
  for (std::size_t i = 0; i < before - 8; ++i)
    out += static_cast<char>(dictionary.size() >> (8 * i) & 0xFF);
  return out + dictionary;
}

}  // namespace npy_detail

}  // namespace tenon::inline v0
