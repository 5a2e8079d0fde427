#pragma once

#include "tenon/core/file.hpp"
#include "tenon/core/safe_math.hpp"
#include "tenon/core/utf8.hpp"
#include "tenon/formats/npy.hpp"
#include "tenon/impl/formats_npy_header.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace tenon::inline v0 {

namespace npy_detail {

inline void turn_round(std::byte* data, std::size_t bytes, std::size_t each) {
  for (std::size_t at = 0; each > 1 && at + each <= bytes; at += each)
    std::reverse(data + at, data + at + each);
}

/// Calls `visit(from, to)` with the numbers of an element in axis-reversed and in row-major order.
template <class Visit> void for_each_transposed(const extents& shape, Visit visit) {
  const std::size_t rank = shape.size();
  const std::int64_t count = element_count(shape);
  extents index(rank);
  extents stride(rank);
  std::int64_t step = 1;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    stride[axis] = step;
    step *= shape[axis];
  }
  std::int64_t from = 0;
  for (std::int64_t to = 0; to < count; ++to) {
    visit(static_cast<std::size_t>(from), static_cast<std::size_t>(to));
    for (std::size_t axis = rank; axis-- > 0;) {
      from += stride[axis];
      if (++index[axis] < shape[axis]) break;
      from -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/// A text element without the zeros that fill it up.
inline result<std::string> text_element(const std::byte* from, const element_format& format) {
  std::string out;
  if (format.kind == 'S') {
    const char* text = reinterpret_cast<const char*>(from);
    std::size_t length = format.bytes;
    while (length > 0 && text[length - 1] == '\0') --length;
    return out.assign(text, length);
  }
  std::size_t zeros = 0;
  for (std::size_t at = 0; at < format.bytes; at += 4) {
    std::uint32_t c = 0;
    std::memcpy(&c, from + at, 4);
    if (format.swapped == 4) c = __builtin_bswap32(c);
    if (!append_utf8(out, c))
      return fail(code::format, "a text element holds the invalid code point ", c);
    zeros = c == 0 ? zeros + 1 : 0;
  }
  out.resize(out.size() - zeros);
  return out;
}

/// Brings bits that stand for narrow types into the form they have in memory.
inline status normalize(tensor& value, dtype found) {
  const dtype type = value.type();
  auto* bytes = value.data<unsigned char>();
  const auto count = static_cast<std::size_t>(value.size());
  if (type == dtype::boolean)
    for (std::size_t i = 0; i < count; ++i) bytes[i] = bytes[i] != 0;
  if (!is_packed(type) || type == found) return {};
  const unsigned limit = 1U << bits_of(type);
  const bool is_signed = is_signed_integer(type);
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned bits = bytes[i];
    const bool is_negative = is_signed && bits >= 256 - limit / 2;
    if (!is_negative && bits >= (is_signed && found == dtype::i8 ? limit / 2 : limit))
      return fail(code::tensor_data, "element ", i, " has the bits ", bits,
                  ": expected a value of ", name_of(type));
    if (is_signed && bits >= limit / 2) bytes[i] = static_cast<unsigned char>(bits | (256 - limit));
  }
  return {};
}

/// The text elements of a file, in row-major order.
inline status read_text(std::span<const std::byte> data,
                        const header& head,
                        const element_format& format,
                        std::string* out) {
  std::optional<error> bad;
  const auto put = [&](std::size_t from, std::size_t to) {
    if (bad) return;
    auto text = text_element(data.data() + from * format.bytes, format);
    if (text)
      out[to] = *std::move(text);
    else
      bad = std::move(text).failure();
  };
  if (head.fortran_order)
    for_each_transposed(head.shape, put);
  else
    for (std::size_t i = 0; i * format.bytes < data.size(); ++i) put(i, i);
  if (bad) return *std::move(bad);
  return {};
}

inline result<tensor> read_checked(std::span<const std::byte> bytes,
                                   std::optional<dtype> expected) {
  std::size_t data_at = 0;
  TENON_TRY(const header head, header_of(bytes, data_at));
  TENON_TRY(const element_format format, format_of(head.element));
  const std::span<const std::byte> data = bytes.subspan(data_at);
  TENON_TRY(check_size(head, format, data.size()));
  TENON_TRY(const dtype type, type_for(format, expected));
  TENON_TRY(tensor out, tensor::make(type, head.shape));
  if (data.empty()) return out;
  if (type == dtype::string) {
    TENON_TRY(read_text(data, head, format, out.data<std::string>()));
    return out;
  }
  if (head.fortran_order && head.shape.size() > 1)
    for_each_transposed(head.shape, [&, each = format.bytes](std::size_t from, std::size_t to) {
      std::memcpy(out.bytes() + to * each, data.data() + from * each, each);
    });
  else
    std::memcpy(out.bytes(), data.data(), data.size());
  turn_round(out.bytes(), data.size(), format.swapped);
  TENON_TRY(normalize(out, format.type));
  return out;
}

/// Strings as code points of equal width.
inline result<std::string> text_data(const tensor& value, std::size_t& width) {
  width = 1;
  for (const std::string& text : value.elements<std::string>()) {
    std::size_t points = 0;
    for (std::string_view rest = text; !rest.empty(); ++points)
      if (!take_utf8(rest))
        return fail(code::tensor_data, "npy: string ", quoted(text), " is not valid UTF-8");
    width = std::max(width, points);
  }
  const auto row = checked_mul(value.size(), static_cast<std::int64_t>(width * 4));
  std::string out;
  if (!row || static_cast<std::uint64_t>(*row) > out.max_size() / 2)
    return fail(code::resource, "npy: ", value.size(), " strings of up to ", width,
                " code points outgrow the memory");
  out.resize(static_cast<std::size_t>(*row));
  char* at = out.data();
  for (const std::string& text : value.elements<std::string>()) {
    char* next = at;
    for (std::string_view rest = text; !rest.empty(); next += 4) {
      const std::uint32_t c = *take_utf8(rest);
      std::memcpy(next, &c, 4);
    }
    at += width * 4;
  }
  return out;
}

/// The bits of an element that a file holds, for signed types below 8 bits; 0 when it holds all.
inline unsigned raw_mask(dtype type) {
  return type == dtype::i4 ? 0x0F : type == dtype::i2 ? 0x03 : 0;
}

}  // namespace npy_detail

TENON_INLINE result<tensor> read_npy(std::span<const std::byte> bytes,
                                     std::string_view name,
                                     std::optional<dtype> expected) {
  auto out = npy_detail::read_checked(bytes, expected);
  if (!out) return std::move(out).failure().in(cat(printable_name(name), ": npy"));
  return out;
}

TENON_INLINE result<tensor> load_npy(std::string_view path,
                                     std::string_view name,
                                     std::optional<dtype> expected) {
  const std::string_view shown = name.empty() ? path : name;
  auto content = read_file(path);
  if (!content) return std::move(content).failure().in(cat(printable_name(shown), ": npy"));
  return read_npy(std::as_bytes(std::span(*content)), shown, expected);
}

TENON_INLINE result<std::string> npy_bytes(const tensor& value) {
  if (!value) return fail(code::input, "npy: the tensor has no type");
  if (value.type() == dtype::string) {
    std::size_t width = 0;
    TENON_TRY(const std::string text, npy_detail::text_data(value, width));
    return npy_detail::header_text(value, width) + text;
  }
  std::string out = npy_detail::header_text(value, 0);
  const std::size_t begin = out.size();
  if (!value.empty()) out.append(reinterpret_cast<const char*>(value.bytes()), value.size_bytes());
  if (const unsigned mask = npy_detail::raw_mask(value.type()))
    for (std::size_t i = begin; i < out.size(); ++i)
      out[i] = static_cast<char>(static_cast<unsigned char>(out[i]) & mask);
  return out;
}

TENON_INLINE status write_npy(atomic_file& out, const tensor& value) {
  if (!value) return fail(code::input, "npy: the tensor has no type");
  if (value.type() == dtype::string || npy_detail::raw_mask(value.type()) != 0) {
    TENON_TRY(const std::string content, npy_bytes(value));
    return out.write(content);
  }
  TENON_TRY(out.write(npy_detail::header_text(value, 0)));
  return out.write(std::span<const std::byte>(value.bytes(), value.size_bytes()));
}

TENON_INLINE status save_npy(std::string_view path, const tensor& value) {
  TENON_TRY(atomic_file out, atomic_file::create(path));
  TENON_TRY(write_npy(out, value));
  return out.commit();
}

}  // namespace tenon::inline v0
