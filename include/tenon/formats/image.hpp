#pragma once

#include "tenon/core/result.hpp"
#include "tenon/tensor/tensor.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon::inline v0 {

/// Files of plain pixels, 8 bits a channel.
enum class image_format : unsigned char {
  pgm,  ///< binary PGM (P5): one channel
  ppm,  ///< binary PPM (P6): red, green, blue
  bmp,  ///< uncompressed BMP: red, green, blue, and alpha with 32 bits a pixel
};

/// The format that the ending of a path names, `.pgm`, `.ppm` or `.bmp`, in lower or upper case.
std::optional<image_format> image_format_of(std::string_view path);

/// The pixels as u8[height, width, channels], first row on top; the content tells the format.
///
/// PGM and PPM with maxval 255 and one image; BMP with 24 or 32 bits a pixel, rows in either order, and 4 channels
/// where its header has a mask for alpha. Errors begin `name: image: `.
result<tensor> read_image(std::span<const std::byte> bytes, std::string_view name);

/// The pixels of a file; `name` (by default the path) begins the errors.
result<tensor> load_image(std::string_view path, std::string_view name = {});

/// The content of an image file for u8[height, width, channels].
result<std::string> image_bytes(const tensor& pixels, image_format format);

/// Writes an image file in one step, in the format of its ending.
status save_image(std::string_view path, const tensor& pixels);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/formats_image.hpp"
#endif
