#include "tenon/formats/onnx/export.hpp"
#include "tenon/formats/onnx/import.hpp"
#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/cast.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/resize.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/runtime/compile.hpp"
#include "tenon/runtime/session.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "support/near.hpp"
#include <doctest/doctest.h>

// SRCNN (Dong et al., 2014) as PyTorch writes it: bicubic upsampling, then convolutions of 9x9, 1x1 and 5x5.

using namespace tenon;

namespace {

/// An image in double, [channels, height, width]: the reference of this file, written apart from the library.
struct picture {
  std::int64_t channels, height, width;
  std::vector<double> at;

  picture(std::int64_t c, std::int64_t h, std::int64_t w)
      : channels(c), height(h), width(w), at(static_cast<std::size_t>(c * h * w)) {}

  double& operator()(std::int64_t c, std::int64_t y, std::int64_t x) {
    return at[static_cast<std::size_t>((c * height + y) * width + x)];
  }

  double clamped(std::int64_t c, std::int64_t y, std::int64_t x) const {
    y = std::min(std::max<std::int64_t>(y, 0), height - 1);
    x = std::min(std::max<std::int64_t>(x, 0), width - 1);
    return at[static_cast<std::size_t>((c * height + y) * width + x)];
  }
};

/// Weights of the four samples around a point that lies `t` behind the second, for a = -0.75.
void cubic_weights(double t, double (&w)[4]) {
  const double a = -0.75;
  const auto near = [a](double d) { return (a + 2) * d * d * d - (a + 3) * d * d + 1; };
  const auto far = [a](double d) { return a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a; };
  w[0] = far(t + 1);
  w[1] = near(t);
  w[2] = near(1 - t);
  w[3] = far(2 - t);
}

picture upsampled(const picture& in, double scale) {
  picture out(in.channels, static_cast<std::int64_t>(std::floor(double(in.height) * scale)),
              static_cast<std::int64_t>(std::floor(double(in.width) * scale)));
  for (std::int64_t c = 0; c < out.channels; ++c)
    for (std::int64_t y = 0; y < out.height; ++y)
      for (std::int64_t x = 0; x < out.width; ++x) {
        const double v = (double(y) + 0.5) / scale - 0.5, u = (double(x) + 0.5) / scale - 0.5;
        double wy[4], wx[4], sum = 0;
        cubic_weights(v - std::floor(v), wy);
        cubic_weights(u - std::floor(u), wx);
        for (int i = 0; i < 4; ++i)
          for (int k = 0; k < 4; ++k)
            sum += wy[i] * wx[k] *
                   in.clamped(c, static_cast<std::int64_t>(std::floor(v)) + i - 1,
                              static_cast<std::int64_t>(std::floor(u)) + k - 1);
        out(c, y, x) = sum;
      }
  return out;
}

struct layer {
  std::int64_t in, out, kernel;
  tensor weights, bias;

  layer(std::int64_t from, std::int64_t to, std::int64_t size, std::mt19937& random)
      : in(from),
        out(to),
        kernel(size),
        weights(dtype::f32, {to, from, size, size}),
        bias(dtype::f32, {to}) {
    const auto reach = 2 / std::sqrt(float(from * size * size));
    std::uniform_real_distribution<float> spread(-reach, reach), offset(-8, 40);
    for (float& w : weights.elements<float>()) w = spread(random);
    for (float& b : bias.elements<float>()) b = offset(random);
  }

  picture operator()(const picture& x, bool has_relu) const {
    picture y(out, x.height, x.width);
    const std::int64_t pad = kernel / 2;
    const float* w = weights.data<float>();
    for (std::int64_t o = 0; o < out; ++o)
      for (std::int64_t r = 0; r < x.height; ++r)
        for (std::int64_t c = 0; c < x.width; ++c) {
          double sum = double(bias.data<float>()[o]);
          for (std::int64_t i = 0; i < in; ++i)
            for (std::int64_t kr = 0; kr < kernel; ++kr)
              for (std::int64_t kc = 0; kc < kernel; ++kc) {
                const std::int64_t row = r + kr - pad, column = c + kc - pad;
                if (row < 0 || row >= x.height || column < 0 || column >= x.width) continue;
                sum += double(w[((o * in + i) * kernel + kr) * kernel + kc]) *
                       x.clamped(i, row, column);
              }
          y(o, r, c) = has_relu && sum < 0 ? 0 : sum;
        }
    return y;
  }
};

struct network {
  std::mt19937 random{7};
  layer first{3, 64, 9, random}, second{64, 32, 1, random}, third{32, 3, 5, random};

  picture reference(const picture& image, double scale) const {
    return third(second(first(upsampled(image, scale), true), true), false);
  }

  value_id convolve(builder& b, value_id x, const layer& l, const char* name) const {
    const std::int64_t pad = l.kernel / 2;
    const ops::conv op{.kernel_shape = {l.kernel, l.kernel}, .pads = {pad, pad, pad, pad}};
    const std::string stem = name;
    return b.add(
        op, {x, b.constant(stem + ".weight", l.weights), b.constant(stem + ".bias", l.bias)}, name);
  }

  value_id body(builder& b, value_id image, value_id scales) const {
    const ops::resize up{
        .coordinate_transformation_mode = ops::resize_coordinates::pytorch_half_pixel,
        .cubic_coeff_a = -0.75F,
        .mode = ops::resize_mode::cubic,
        .nearest_mode = ops::resize_rounding::floor};
    value_id x = b.add(up, {image, b.constant("roi", tensor(dtype::f32, {0})), scales}, "upsample");
    x = b.add(ops::relu{}, {convolve(b, x, first, "conv1")});
    x = b.add(ops::relu{}, {convolve(b, x, second, "conv2")});
    return convolve(b, x, third, "conv3");
  }
};

picture some_image(std::int64_t height, std::int64_t width) {
  picture out(3, height, width);
  for (std::int64_t c = 0; c < 3; ++c)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x)
        out(c, y, x) = double((c * 91 + y * y * 13 + x * 29) % 256);
  return out;
}

tensor scales_of(float s) {
  return tensor::of<float>({4}, {1, 1, s, s});
}

tensor tensor_of(const picture& p) {
  tensor out(dtype::f32, {1, p.channels, p.height, p.width});
  for (std::size_t i = 0; i < p.at.size(); ++i) out.data<float>()[i] = static_cast<float>(p.at[i]);
  return out;
}

double largest_difference(const tensor& y, const picture& expected) {
  REQUIRE(y.dims() == extents{1, expected.channels, expected.height, expected.width});
  double worst = 0, top = 0;
  for (std::size_t i = 0; i < expected.at.size(); ++i) {
    worst = tenon_tests::worse(worst, std::abs(double(y.data<float>()[i]) - expected.at[i]));
    top = std::max(top, std::abs(expected.at[i]));
  }
  CHECK(top > 50);  // the comparison is about numbers on the scale of an image
  CHECK(top < 600);
  return worst;
}

ir::graph written_and_read(const ir::graph& g) {
  const std::string bytes = to_onnx(g).value();
  return load_onnx(std::as_bytes(std::span(bytes))).value();
}

}  // namespace

TEST_CASE("SRCNN x3 within 1e-3 of a reference in double, on images of 0 to 255") {
  const network net;
  builder b("srcnn");
  const auto x = b.input("input", dtype::f32, {1, 3, "height", "width"});
  b.output("output", net.body(b, x, b.constant("scales", scales_of(3))));
  const ir::graph g = b.finish().value();
  const dims& shape = g.fact(g.outputs()[0]).shape;
  CHECK(shape[2].str() == "3*height");
  for (const level l : {level::none, level::o1}) {
    session s(compile(g, {.level = l}).value().model);
    const picture image = some_image(14, 11);
    const auto out = s.run({{"input", tensor_of(image)}}).value();
    CHECK(largest_difference(out["output"], net.reference(image, 3)) <= 1e-3);
  }
}

TEST_CASE("one model serves the factors 2, 3, 4 and 1.5: the scales are its second input") {
  const network net;
  builder b("srcnn");
  const auto x = b.input("input", dtype::f32, {1, 3, "height", "width"});
  const auto by = b.input("scales", dtype::f32, {4});
  b.output("output", net.body(b, x, by));
  const ir::graph g = b.finish().value();
  const model m = compile(g).value().model;
  REQUIRE(m.input_count() == 2);
  CHECK(m.input_name(0) == "input");
  CHECK(m.input_name(1) == "scales");
  for (const plan::step& step : m.program().steps)
    CHECK_MESSAGE(step.kernel != nullptr, (step.label + " has no kernel but the reference"));
  session s(m);
  const picture image = some_image(9, 7);
  for (const float factor : {2.0F, 3.0F, 4.0F, 1.5F, 2.0F}) {
    const auto out = s.run({{"input", tensor_of(image)}, {"scales", scales_of(factor)}}).value();
    CHECK(largest_difference(out["output"], net.reference(image, double(factor))) <= 1e-3);
  }
}

TEST_CASE("image in, image out: layout, batch and dtype are ops of the graph") {
  const network net;
  builder b("srcnn");
  auto x = b.input("image", dtype::u8, {"height", "width", 3});
  const auto axis = b.constant("axis", tensor::of<std::int64_t>({1}, {0}));
  x = b.add(ops::unsqueeze{}, {b.add(ops::transpose{{2, 0, 1}}, {x}), axis});
  x = b.add(ops::cast{.to = dtype::f32}, {x});
  x = b.add(ops::squeeze{}, {net.body(b, x, b.constant("scales", scales_of(2))), axis});
  x = b.add(ops::clip{}, {x, b.constant("low", tensor::of<float>({}, {0})),
                          b.constant("high", tensor::of<float>({}, {255}))});
  b.output("out", b.add(ops::cast{.to = dtype::u8}, {b.add(ops::transpose{{1, 2, 0}}, {x})}));
  const ir::graph g = b.finish().value();

  const picture image = some_image(10, 13);
  const picture expected = net.reference(image, 2);
  tensor in(dtype::u8, {10, 13, 3});
  for (std::int64_t i = 0; i < in.size(); ++i)
    in.data<std::uint8_t>()[i] =
        static_cast<std::uint8_t>(image.clamped(i % 3, i / 3 / 13, i / 3 % 13));
  session s(compile(g).value().model);
  const tensor y = s.run({{"image", in}}).value()["out"].clone();
  REQUIRE(y.type() == dtype::u8);
  REQUIRE(y.dims() == extents{20, 26, 3});
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const double clipped =
        std::min(255.0, std::max(0.0, expected.clamped(i % 3, i / 3 / 26, i / 3 % 26)));
    CHECK(std::abs(double(y.data<std::uint8_t>()[i]) - std::floor(clipped)) <= 1);
  }

  session again(compile(written_and_read(g)).value().model);
  CHECK(identical(again.run({{"image", in}}).value()["out"], y));
}
