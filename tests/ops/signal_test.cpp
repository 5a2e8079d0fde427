#include "tenon/ops/signal.hpp"

#include <cmath>

#include "support/op_checks.hpp"

using namespace tenon;
using namespace tenon_tests;
using list = std::vector<double>;

TEST_CASE("windows take their size from an input") {
  const auto hann = reals(ops::hann_window{}, {tensor::scalar<std::int64_t>(4)});
  REQUIRE(hann.size() == 4);
  CHECK(hann[1] == doctest::Approx(0.5));
  CHECK(hann[2] == doctest::Approx(1));
  CHECK(reals(ops::hann_window{.periodic = false}, {tensor::scalar<std::int32_t>(3)})[1] ==
        doctest::Approx(1));
  CHECK(reals(ops::hamming_window{}, {tensor::scalar<std::int64_t>(1)})[0] ==
        doctest::Approx(4.0 / 46));
  CHECK(reals(ops::blackman_window{}, {tensor::scalar<std::int64_t>(0)}).empty());
  CHECK(error_of(ops::hann_window{}, {tensor::scalar<std::int64_t>(-1)}) ==
        "size is -1, expected 0 or more");
}

TEST_CASE("the Fourier transform inverts, pads and halves") {
  const tensor x = tensor::of<double>({1, 4, 1}, {1, 2, 3, 4});
  const auto y = run_op(ops::dft{}, {x});
  REQUIRE(y);
  const auto spectrum = (*y)[0].as_tensor().elements<double>();
  CHECK(spectrum[0] == doctest::Approx(10));
  CHECK(spectrum[2] == doctest::Approx(-2));
  CHECK(spectrum[3] == doctest::Approx(2));
  const auto back = reals(ops::dft{.inverse = true}, {(*y)[0]});
  CHECK(back[6] == doctest::Approx(4));
  const auto half = run_op(ops::dft{.onesided = true}, {x});
  REQUIRE(half);
  CHECK((*half)[0].as_tensor().str() == "f64[1, 3, 2]");
  const auto real = reals(ops::dft{.inverse = true, .onesided = true}, {(*half)[0]});
  REQUIRE(real.size() == 4);
  CHECK(real[3] == doctest::Approx(4));
  const ir::symbol_context symbols;
  CHECK(inferred(ops::dft{.onesided = true}, {fact_of(symbols, dtype::f32, {"B", "L", "1"})},
                 symbols) == "f32[B, floordiv(L, 2) + 1, 2]");
  CHECK(error_of(ops::dft{}, {x, tensor::scalar<std::int64_t>(0)}) ==
        "length is 0, expected 1 or more");
}

TEST_CASE("short-time transforms and mel bands") {
  const tensor x = tensor::of<float>({1, 4, 1}, {1, 1, 2, 2}),
               two = tensor::scalar<std::int64_t>(2);
  const auto frames = reals(ops::stft{}, {x, two, datum(), two});
  const list expected{2, 0, 0, 0, 4, 0, 0, 0};
  REQUIRE(frames.size() == expected.size());
  for (std::size_t i = 0; i < frames.size(); ++i) CHECK(std::fabs(frames[i] - expected[i]) < 1e-6);
  CHECK(error_of(ops::stft{}, {x, two, datum(), tensor::scalar<std::int64_t>(5)}) ==
        "frame_length is 5, expected 1 to 4");
  CHECK(error_of(ops::stft{}, {x, tensor::scalar<std::int64_t>(0), datum(), two}) ==
        "step is 0, expected 1 or more");
  const tensor bands = tensor::scalar<std::int64_t>(4), length = tensor::scalar<std::int64_t>(16),
               rate = tensor::scalar<std::int64_t>(8192);
  const auto mel = reals(ops::mel_weight_matrix{}, {bands, length, rate, tensor::scalar<float>(0),
                                                    tensor::scalar<float>(4096)});
  REQUIRE(mel.size() == 36);
  for (std::size_t band = 0; band < 4; ++band) {
    double top = 0;
    for (std::size_t k = 0; k < 9; ++k) top = std::fmax(top, mel[k * 4 + band]);
    CHECK(top == 1);
  }
  CHECK(error_of(ops::mel_weight_matrix{},
                 {bands, length, rate, tensor::scalar<float>(0), tensor::scalar<float>(1e30F)})
            .starts_with("mel band edge"));
}
