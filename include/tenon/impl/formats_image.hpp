#pragma once

#include "tenon/core/file.hpp"
#include "tenon/core/safe_math.hpp"
#include "tenon/formats/image.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace tenon::inline v0 {

namespace image_detail {

inline constexpr std::int64_t most_size = 0x7FFFFFFF;  // a size that both formats can name

/// How the pixels of a file lie in it.
struct raster {
  std::int64_t height = 0, width = 0, channels = 0;
  std::size_t begin = 0;  ///< of the pixels, in bytes
  std::int64_t pixel_bytes = 0;
  std::int64_t row_bytes = 0;  ///< from row to row
  bool is_bottom_up = false, is_bgr = false;
};

/// The header of a PGM or PPM file: numbers apart by blanks and comments.
class pnm_header {
 public:
  explicit pnm_header(std::span<const std::byte> bytes)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}

  result<raster> read() {
    raster out;
    out.channels = out.pixel_bytes = text_[1] == '5' ? 1 : 3;
    TENON_TRY(out.width, number("width"));
    TENON_TRY(out.height, number("height"));
    TENON_TRY(const std::int64_t most, number("maxval"));
    if (most != 255)
      return fail(code::unsupported, "PNM: maxval ", most, ": expected 255; convert it to 8 bits");
    if (at_ == text_.size() || !is_blank(text_[at_]))
      return fail(code::format, "PNM: no blank behind maxval");
    out.begin = at_ + 1;
    out.row_bytes = out.width * out.channels;
    return out;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  void skip_blanks() {
    while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '#'))
      at_ = text_[at_] == '#' ? std::min(text_.find('\n', at_), text_.size()) : at_ + 1;
  }

  result<std::int64_t> number(std::string_view what) {
    const std::size_t before = at_;
    skip_blanks();
    std::int64_t out = 0;
    const std::size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && out <= most_size; ++at_)
      out = out * 10 + (text_[at_] - '0');
    if (begin == before || begin == at_ || out < 1 || out > most_size)
      return fail(code::format, "PNM: ", what, " is missing or no number: expected 1 to ",
                  most_size);
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 2;
};

/// A little-endian number of 4 bytes.
inline std::uint32_t number_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 4; i-- > 0;) out = out << 8 | static_cast<std::uint32_t>(bytes[at + i]);
  return out;
}

inline constexpr std::uint32_t no_compression = 0, by_masks = 3;
inline constexpr std::array<std::uint32_t, 4> bgra_masks{0xFF0000, 0xFF00, 0xFF, 0xFF000000};
inline constexpr std::size_t file_header_bytes = 14, plain_header_bytes = 40,
                             alpha_header_bytes = 108;

/// Whether a BMP file of 32 bits a pixel has alpha; an error when its masks are others than those of bytes.
inline result<bool> has_alpha(std::span<const std::byte> bytes, std::size_t header_bytes) {
  constexpr std::size_t masks_at = file_header_bytes + plain_header_bytes;
  const bool names_alpha = header_bytes >= plain_header_bytes + 16;
  if (bytes.size() < masks_at + (names_alpha ? 16 : 12))
    return fail(code::format, "BMP: the file ends within its header");
  for (std::size_t i = 0; i < 3; ++i)
    if (number_at(bytes, masks_at + 4 * i) != bgra_masks[i])
      return fail(code::unsupported, "BMP: mask ", i, " is ", number_at(bytes, masks_at + 4 * i),
                  ": expected ", bgra_masks[i], ", a byte for each channel");
  const std::uint32_t alpha = names_alpha ? number_at(bytes, masks_at + 12) : 0;
  if (alpha != 0 && alpha != bgra_masks[3])
    return fail(code::unsupported, "BMP: the mask of alpha is ", alpha, ": expected ",
                bgra_masks[3], " or none");
  return alpha != 0;
}

inline result<raster> bmp_header(std::span<const std::byte> bytes) {
  if (bytes.size() < file_header_bytes + plain_header_bytes)
    return fail(code::format, "BMP: the file ends within its header");
  raster out;
  out.is_bgr = true;
  out.begin = number_at(bytes, 10);
  const std::size_t header_bytes = number_at(bytes, 14);
  if (header_bytes < plain_header_bytes)
    return fail(code::unsupported, "BMP: a header of ", header_bytes,
                " bytes: expected 40 or more");
  out.width = static_cast<std::int32_t>(number_at(bytes, 18));
  out.height = static_cast<std::int32_t>(number_at(bytes, 22));
  out.is_bottom_up = out.height > 0;
  if (!out.is_bottom_up) out.height = -out.height;
  if (out.width < 1 || out.height < 1)
    return fail(code::format, "BMP: the size ", out.width, " x ", out.height,
                ": expected 1 or more");
  const std::uint32_t planes = number_at(bytes, 26) & 0xFFFF, bits = number_at(bytes, 26) >> 16;
  if (planes != 1) return fail(code::format, "BMP: ", planes, " planes: expected 1");
  if (bits != 24 && bits != 32)
    return fail(code::unsupported, "BMP: ", bits, " bits a pixel: expected 24 or 32");
  const std::uint32_t compression = number_at(bytes, 30);
  if (compression != no_compression && !(compression == by_masks && bits == 32))
    return fail(code::unsupported, "BMP: compression ", compression, ": expected none");
  out.channels = 3;
  if (compression == by_masks) {
    TENON_TRY(const bool is_four, has_alpha(bytes, header_bytes));
    out.channels += is_four;
  }
  if (out.begin < file_header_bytes + header_bytes)
    return fail(code::format, "BMP: the pixels begin at byte ", out.begin, ", within the header");
  out.pixel_bytes = bits / 8;
  out.row_bytes = (out.width * out.pixel_bytes + 3) / 4 * 4;
  return out;
}

/// The bytes of the pixels; an error when the file has fewer.
inline result<std::span<const std::byte>> pixels_of(const raster& r,
                                                    std::span<const std::byte> bytes) {
  const auto needed = checked_mul(r.row_bytes, r.height);
  const std::size_t left = bytes.size() - std::min(r.begin, bytes.size());
  if (!needed || static_cast<std::uint64_t>(*needed) > left)
    return fail(code::format, r.height, " x ", r.width, " pixels with rows of ", r.row_bytes,
                " bytes do not fit into the ", left, " bytes behind the header");
  return bytes.subspan(r.begin, static_cast<std::size_t>(*needed));
}

/// Copies pixels with red and blue exchanged, and alpha where both sides have it.
inline void swap_colors(std::int64_t count,
                        const std::byte* from,
                        std::int64_t from_bytes,
                        std::byte* to,
                        std::int64_t to_bytes) {
  for (; count > 0; --count, from += from_bytes, to += to_bytes) {
    std::reverse_copy(from, from + 3, to);
    if (to_bytes == 4) to[3] = from[3];
  }
}

inline result<tensor> read_checked(std::span<const std::byte> bytes) {
  const auto begins = [&](char a, char b) {
    return bytes.size() >= 2 && bytes[0] == std::byte(a) && bytes[1] == std::byte(b);
  };
  const bool is_bmp = begins('B', 'M');
  if (!is_bmp && !begins('P', '5') && !begins('P', '6'))
    return fail(code::format, "is no PGM (P5), PPM (P6) or BMP file");
  TENON_TRY(const raster r, is_bmp ? bmp_header(bytes) : pnm_header(bytes).read());
  TENON_TRY(const auto pixels, pixels_of(r, bytes));
  if (!is_bmp && r.begin + pixels.size() != bytes.size())
    return fail(code::format, "PNM: ", bytes.size() - r.begin - pixels.size(),
                " bytes behind the pixels: expected one image");
  TENON_TRY(tensor out, tensor::make(dtype::u8, {r.height, r.width, r.channels}));
  std::byte* to = out.bytes();
  for (std::int64_t y = 0; y < r.height; ++y) {
    const std::int64_t row = r.is_bottom_up ? r.height - 1 - y : y;
    const std::byte* from = pixels.data() + row * r.row_bytes;
    if (!r.is_bgr) {
      to = std::copy_n(from, r.row_bytes, to);
      continue;
    }
    swap_colors(r.width, from, r.pixel_bytes, to, r.channels);
    to += r.width * r.channels;
  }
  return out;
}

inline void append_number(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

/// A BMP file with rows from the bottom up; with alpha its header is that of version 4.
inline result<std::string> bmp_bytes(const tensor& pixels) {
  const std::int64_t height = pixels.dim(0), width = pixels.dim(1), channels = pixels.dim(2);
  const std::size_t header_bytes = channels == 4 ? alpha_header_bytes : plain_header_bytes;
  const std::size_t begin = file_header_bytes + header_bytes;
  const std::int64_t row_bytes = (width * channels + 3) / 4 * 4;
  const auto all = checked_mul(row_bytes, height);
  if (!all || *all > std::int64_t{0xFFFFFFFF} - static_cast<std::int64_t>(begin))
    return fail(code::unsupported, "BMP: ", pixels, " does not fit into a file of 4 GiB");
  std::string out = "BM";
  for (const std::size_t n :
       {begin + static_cast<std::size_t>(*all), std::size_t{0}, begin, header_bytes,
        static_cast<std::size_t>(width), static_cast<std::size_t>(height)})
    append_number(out, static_cast<std::uint32_t>(n));
  append_number(out, 1 | static_cast<std::uint32_t>(8 * channels) << 16);
  append_number(out, channels == 4 ? by_masks : no_compression);
  append_number(out, static_cast<std::uint32_t>(*all));
  if (channels == 4) {
    for (int i = 0; i < 4; ++i) append_number(out, 0);  // pixels a metre, palette
    for (const std::uint32_t mask : bgra_masks) append_number(out, mask);
    append_number(out, 0x73524742);  // sRGB
  }
  out.resize(begin + static_cast<std::size_t>(*all));
  for (std::int64_t y = 0; y < height; ++y) {
    const std::byte* from = pixels.bytes() + y * width * channels;
    auto* to = reinterpret_cast<std::byte*>(out.data() + begin) + (height - 1 - y) * row_bytes;
    swap_colors(width, from, channels, to, channels);
  }
  return out;
}

}  // namespace image_detail

TENON_INLINE std::optional<image_format> image_format_of(std::string_view path) {
  constexpr std::string_view endings[] = {".pgm", ".ppm", ".bmp"};
  std::string ending(path.substr(path.size() - std::min<std::size_t>(path.size(), 4)));
  for (char& c : ending)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (std::size_t i = 0; i < std::size(endings); ++i)
    if (ending == endings[i]) return static_cast<image_format>(i);
  return std::nullopt;
}

TENON_INLINE result<tensor> read_image(std::span<const std::byte> bytes, std::string_view name) {
  auto out = image_detail::read_checked(bytes);
  if (!out) return std::move(out).failure().in(cat(printable_name(name), ": image"));
  return out;
}

TENON_INLINE result<tensor> load_image(std::string_view path, std::string_view name) {
  const std::string_view shown = name.empty() ? path : name;
  auto content = read_file(path);
  if (!content) return std::move(content).failure().in(cat(printable_name(shown), ": image"));
  return read_image(std::as_bytes(std::span(*content)), shown);
}

TENON_INLINE result<std::string> image_bytes(const tensor& pixels, image_format format) {
  constexpr std::string_view expected[] = {"1", "3", "3 or 4"};
  if (pixels.type() != dtype::u8 || pixels.rank() != 3 || pixels.empty())
    return fail(code::input, "image: is ", pixels,
                ": expected u8[height, width, channels], not empty");
  const std::int64_t channels = pixels.dim(2);
  const bool fits = format == image_format::pgm
                        ? channels == 1
                        : channels == 3 || (channels == 4 && format == image_format::bmp);
  if (!fits)
    return fail(code::input, "image: ", pixels, " has ", channels, " channels: expected ",
                expected[static_cast<unsigned char>(format)]);
  if (std::max(pixels.dim(0), pixels.dim(1)) > image_detail::most_size)
    return fail(code::unsupported, "image: ", pixels, " is larger than the format can name");
  if (format == image_format::bmp) return image_detail::bmp_bytes(pixels);
  std::string out = cat(format == image_format::pgm ? "P5\n" : "P6\n", pixels.dim(1), " ",
                        pixels.dim(0), "\n255\n");
  out.append(reinterpret_cast<const char*>(pixels.bytes()), pixels.size_bytes());
  return out;
}

TENON_INLINE status save_image(std::string_view path, const tensor& pixels) {
  const auto format = image_format_of(path);
  if (!format)
    return fail(code::option, "image ", quoted(path),
                ": the ending names no format: expected .pgm, .ppm or .bmp");
  TENON_TRY(const std::string content, image_bytes(pixels, *format));
  return write_file(path, content);
}

}  // namespace tenon::inline v0
