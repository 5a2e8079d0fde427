#include "tenon/formats/image.hpp"

#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/cast.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "support/scratch_folder.hpp"
#include <doctest/doctest.h>

namespace {

using namespace tenon;

result<tensor> read(const std::string& content) {
  return read_image(std::as_bytes(std::span(content)), "photo");
}

tensor random_image(std::int64_t height, std::int64_t width, std::int64_t channels) {
  static std::mt19937 random(3);
  tensor out(dtype::u8, {height, width, channels});
  for (auto& v : out.elements<std::uint8_t>()) v = static_cast<std::uint8_t>(random());
  return out;
}

void check_fails(const std::string& content, code kind, std::string_view text) {
  const auto got = read(content);
  REQUIRE_FALSE(got);
  const std::string& message = got.failure().message;
  CHECK_MESSAGE(got.failure().kind == kind, message);
  CHECK_MESSAGE(message.find(text) != std::string::npos, message);
  CHECK_MESSAGE(message.starts_with("photo: image: "), message);
}

/// Replaces a little-endian number of `bytes` bytes.
std::string with(std::string content, std::size_t at, std::uint32_t value, std::size_t bytes = 4) {
  for (std::size_t i = 0; i < bytes; ++i) content[at + i] = static_cast<char>(value >> (8 * i));
  return content;
}

/// 2 x 1 pixels, (1, 2, 3) and (4, 5, 6), one row of 8 bytes.
std::string small_bmp(std::uint32_t height = 1) {
  std::string out("BM", 2);
  out.resize(54);
  out = with(with(with(out, 10, 54), 14, 40), 18, 2);
  out = with(with(out, 22, height), 26, 1 | 24U << 16);
  return out + std::string("\3\2\1\6\5\4\0\0", 8);
}

}  // namespace

TEST_CASE("the bytes of PGM, PPM and BMP files stand where their specifications put them") {
  const auto rgb = tensor::of<std::uint8_t>({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(image_bytes(rgb, image_format::ppm).value() == "P6\n2 1\n255\n\1\2\3\4\5\6");
  CHECK(identical(read("P6 2\t1\r\n# a comment\n  #another\n255 \1\2\3\4\5\6").value(), rgb));
  const auto gray = tensor::of<std::uint8_t>({2, 1, 1}, {7, 8});
  CHECK(image_bytes(gray, image_format::pgm).value() == "P5\n1 2\n255\n\7\10");
  CHECK(identical(read("P5 1 2 255\n\7\10").value(), gray));

  CHECK(identical(read(small_bmp()).value(), rgb));
  const std::string written = image_bytes(rgb, image_format::bmp).value();
  CHECK(with(with(written, 2, 0), 34, 0) == small_bmp());
  CHECK(written.substr(2, 4) == std::string("\76\0\0\0", 4));
}

TEST_CASE("rows of a BMP file run upwards, or downwards when the height is negative") {
  const auto rows = tensor::of<std::uint8_t>({2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const auto turned = tensor::of<std::uint8_t>({2, 2, 3}, {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
  const std::string more("\11\10\7\14\13\12\0\0", 8);
  CHECK(identical(read(small_bmp(static_cast<std::uint32_t>(-2)) + more).value(), rows));
  CHECK(identical(read(small_bmp(2) + more).value(), turned));
}

TEST_CASE("the fourth byte of a BMP pixel is alpha only where the header has a mask for it") {
  const tensor rgba = random_image(3, 5, 4);
  const std::string content = image_bytes(rgba, image_format::bmp).value();
  CHECK(content.size() == 122 + 3 * 5 * 4);
  CHECK(identical(read(content).value(), rgba));
  for (const std::string& plain : {with(content, 30, 0), with(content, 66, 0)}) {
    const tensor rgb = read(plain).value();
    REQUIRE(rgb.dims() == extents{3, 5, 3});
    for (std::int64_t i = 0; i < 15; ++i)
      CHECK(std::memcmp(rgb.bytes() + 3 * i, rgba.bytes() + 4 * i, 3) == 0);
  }
  check_fails(with(content, 54, 0xFF), code::unsupported, "mask 0 is 255");
  check_fails(with(content, 66, 0xF000000), code::unsupported, "the mask of alpha");
}

TEST_CASE("images of all sizes and formats are saved and loaded") {
  const tenon_tests::scratch_folder folder;
  for (std::int64_t width = 1; width <= 5; ++width)
    for (const char* name : {"a.pgm", "a.ppm", "a.bmp", "A.PPM", "alpha.BMP"}) {
      const bool is_gray = std::string_view(name) == "a.pgm", has_alpha = name[1] == 'l';
      const tensor image = random_image(4, width, is_gray ? 1 : has_alpha ? 4 : 3);
      REQUIRE(save_image(folder / name, image));
      CHECK(identical(load_image(folder / name).value(), image));
    }
  CHECK(folder.names().size() == 5);
}

TEST_CASE("what no format can hold is refused and leaves no file") {
  const tenon_tests::scratch_folder folder;
  const auto refused = [&](const char* name, const tensor& image, code kind) {
    const status got = save_image(folder / name, image);
    REQUIRE_FALSE(got);
    CHECK(got.failure().kind == kind);
  };
  refused("a.png", random_image(1, 1, 3), code::option);
  refused("ppm", random_image(1, 1, 3), code::option);
  refused("a.pgm", random_image(1, 1, 3), code::input);
  refused("a.ppm", random_image(1, 1, 4), code::input);
  refused("a.bmp", random_image(1, 1, 1), code::input);
  refused("a.ppm", tensor(dtype::u8, {0, 4, 3}), code::input);
  refused("a.ppm", tensor(dtype::u8, {4, 3}), code::input);
  refused("a.ppm", tensor(dtype::f32, {1, 1, 3}), code::input);
  refused("a.ppm", tensor(), code::input);
  refused("no/such/a.ppm", random_image(1, 1, 3), code::io);
  CHECK(folder.names().empty());
  CHECK(load_image(folder / "a.ppm").failure().kind == code::io);
}

TEST_CASE("damaged and odd headers are errors that say what was expected") {
  check_fails("", code::format, "is no PGM (P5), PPM (P6) or BMP file");
  check_fails("P", code::format, "is no PGM");
  check_fails("P3 1 1 255\n1 2 3", code::format, "is no PGM");
  check_fails("\x89PNG\r\n\x1a\n", code::format, "is no PGM");
  check_fails("P6", code::format, "width is missing");
  check_fails("P62 1 255\n", code::format, "width is missing");
  check_fails("P6 2", code::format, "height is missing");
  check_fails("P6 2 # no end", code::format, "height is missing");
  check_fails("P6 0 1 255\n", code::format, "width is missing or no number: expected 1 to");
  check_fails("P6 -1 1 255\n", code::format, "width");
  check_fails("P6 1 1 65535\n\1\2\3\4\5\6", code::unsupported, "maxval 65535: expected 255");
  check_fails("P6 1 1 255", code::format, "no blank behind maxval");
  check_fails("P6 1 1 255\n\1\2", code::format, "do not fit into the 2 bytes");
  check_fails("P6 1 1 255\n\1\2\3\4", code::format, "1 bytes behind the pixels");
  check_fails("P5 2147483647 2147483647 255\n", code::format, "do not fit into the 0 bytes");
  check_fails("P6 99999999999999999999999999 1 255\n", code::format, "width");

  const std::string bmp = small_bmp();
  for (std::size_t length = 2; length < 54; ++length)
    check_fails(bmp.substr(0, length), code::format, "ends within its header");
  check_fails(bmp.substr(0, 61), code::format, "do not fit into the 7 bytes");
  check_fails(with(bmp, 10, 53), code::format, "the pixels begin at byte 53");
  check_fails(with(bmp, 10, 0xFFFFFFFF), code::format, "do not fit into the 0 bytes");
  check_fails(with(bmp, 14, 12), code::unsupported, "a header of 12 bytes");
  check_fails(with(bmp, 18, 0), code::format, "the size 0 x 1");
  check_fails(with(bmp, 18, 0x80000000), code::format, "the size -2147483648 x 1");
  check_fails(with(bmp, 22, 0x80000000), code::format, "2147483648 x 2 pixels");
  check_fails(with(with(bmp, 18, 0x7FFFFFFF), 22, 0x7FFFFFFF), code::format, "do not fit");
  check_fails(with(bmp, 26, 2, 2), code::format, "2 planes");
  check_fails(with(bmp, 28, 8, 2), code::unsupported, "8 bits a pixel");
  check_fails(with(bmp, 30, 1), code::unsupported, "compression 1");
  check_fails(with(bmp, 30, 3), code::unsupported, "compression 3");
  check_fails(with(with(bmp, 28, 32, 2), 30, 3), code::format, "ends within its header");
  check_fails(with(with(bmp, 28, 32, 2), 30, 3) + "more", code::unsupported, "mask 0");
}

TEST_CASE("random damage to an image is an image or an error, never more") {
  std::mt19937 random(11);
  std::size_t errors = 0, images = 0;
  const std::string files[] = {image_bytes(random_image(5, 3, 1), image_format::pgm).value(),
                               image_bytes(random_image(5, 3, 3), image_format::ppm).value(),
                               image_bytes(random_image(5, 3, 3), image_format::bmp).value(),
                               image_bytes(random_image(5, 3, 4), image_format::bmp).value()};
  for (int turn = 0; turn < 20000; ++turn) {
    std::string content = files[turn % 4];
    for (unsigned n = 1 + random() % 3; n > 0; --n)
      content[random() % std::min<std::size_t>(content.size(), 80)] = static_cast<char>(random());
    if (random() % 4 == 0) content.resize(random() % content.size());
    const auto got = read(content);
    if (!got) {
      ++errors;
      continue;
    }
    ++images;
    REQUIRE(got->type() == dtype::u8);
    REQUIRE(got->rank() == 3);
    CHECK(got->size_bytes() <= content.size());
  }
  CHECK(errors > 2000);
  CHECK(images > 2000);
}

namespace {

/// Pixels in, pixels out: layout, batch, dtype, two convolutions, and back to bytes.
ir::graph sharpening() {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> spread(-0.2F, 0.25F);
  const auto weights = [&](extents dims) {
    tensor out(dtype::f32, std::move(dims));
    for (float& w : out.elements<float>()) w = spread(random);
    return out;
  };
  builder b("sharpening");
  auto x = b.input("image", dtype::u8, {"height", "width", 3});
  const auto axis = b.constant("axis", tensor::of<std::int64_t>({1}, {0}));
  x = b.add(ops::unsqueeze{}, {b.add(ops::transpose{{2, 0, 1}}, {x}), axis});
  x = b.add(ops::cast{.to = dtype::f32}, {x});
  const ops::conv wide{.kernel_shape = {5, 5}, .pads = {2, 2, 2, 2}};
  const ops::conv narrow{.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}};
  x = b.add(wide, {x, b.constant("w1", weights({8, 3, 5, 5})), b.constant("b1", weights({8}))});
  x = b.add(ops::relu{}, {x});
  x = b.add(narrow, {x, b.constant("w2", weights({3, 8, 3, 3})), b.constant("b2", weights({3}))});
  x = b.add(ops::clip{},
            {b.add(ops::squeeze{}, {x, axis}), b.constant("low", tensor::of<float>({}, {0})),
             b.constant("high", tensor::of<float>({}, {255}))});
  b.output("out", b.add(ops::cast{.to = dtype::u8}, {b.add(ops::transpose{{1, 2, 0}}, {x})}));
  return b.finish().value();
}

tensor output_of(const compile_options& how, const tensor& image) {
  session s(compile(sharpening(), how).value().model);
  return s.run({{"image", image}}).value()["out"].clone();
}

}  // namespace

TEST_CASE("an image file through a graph of pixels agrees with the reference to one step") {
  const tenon_tests::scratch_folder folder;
  for (const char* name : {"in.ppm", "in.bmp"}) {
    REQUIRE(save_image(folder / name, random_image(19, 23, 3)));
    const tensor image = load_image(folder / name).value();
    const tensor wanted = output_of({.level = level::none, .reference_only = true}, image);
    const std::string result_file = folder / (std::string("out-") + name);
    REQUIRE(save_image(result_file, output_of({}, image)));
    const tensor found = load_image(result_file).value();
    REQUIRE(found.dims() == extents{19, 23, 3});
    REQUIRE(wanted.dims() == found.dims());
    std::size_t between = 0;
    for (std::int64_t i = 0; i < found.size(); ++i) {
      const int a = found.data<std::uint8_t>()[i], b = wanted.data<std::uint8_t>()[i];
      CHECK(std::abs(a - b) <= 1);
      between += b > 0 && b < 255;
    }
    CHECK(between > 200);  // the comparison is not only about clipped pixels
  }
}
