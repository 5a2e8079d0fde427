#pragma once

#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/convolution.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/pooling.hpp"
#include "tenon/tools/demo_resnet.hpp"
#include "tenon/tools/model_inputs.hpp"

#include <cmath>

namespace tenon::inline v0::tools {

namespace demo_detail {

class resnet {
 public:
  explicit resnet(const resnet_options& options) : options_(&options), b_("resnet50") {}

  result<ir::graph> build() {
    if (options_->classes < 1 || options_->classes > 1'000'000)
      return fail(code::option, "demo: classes is ", options_->classes, ", expected 1 to 1000000");
    value_id x = b_.input("input", dtype::f32, {options_->batch.c_str(), 3, 224, 224});
    x = convolution(x, {"stem", 3, 64, 7, 2, 1, true});
    x = b_.add(ops::max_pool{.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}, .strides = {2, 2}}, {x},
               "stem/pool");
    constexpr int depths[] = {3, 4, 6, 3};
    std::int64_t channels = 64;
    for (int stage = 0; stage < 4; ++stage)
      for (int i = 0; i < depths[stage]; ++i) {
        const std::int64_t width = std::int64_t{64} << stage;
        x = bottleneck(x, cat("layer", stage + 1, "/", i), channels, width,
                       stage > 0 && i == 0 ? 2 : 1);
        channels = width * 4;
      }
    x = b_.add(ops::global_average_pool{}, {x}, "pool");
    x = b_.add(ops::flatten{}, {x}, "flat");
    const value_id w = weights("fc/weight", {options_->classes, channels}, 1.0);
    const value_id bias = weights("fc/bias", {options_->classes}, 0.1);
    b_.output("output", b_.add(ops::gemm{.transB = true}, {x, w, bias}, "fc"));
    return b_.finish();
  }

 private:
  struct spec {
    std::string name;
    std::int64_t in, out, kernel, stride;
    double gain;
    bool is_activated;
  };

  // Uniform with the deviation gain * sqrt(2 / fan in); vectors with the deviation gain.
  value_id weights(const std::string& name, extents dims, double gain) {
    std::int64_t fan_in = 1;
    for (std::size_t k = 1; k < dims.size(); ++k) fan_in *= dims[k];
    const double deviation =
        dims.size() == 1 ? gain : gain * std::sqrt(2.0 / static_cast<double>(fan_in));
    auto made = random_tensor(dtype::f32, dims, options_->seed * 4096 + ++made_);
    if (!made) raise(std::move(made).failure());
    const auto factor = static_cast<float>(deviation * std::sqrt(3.0));
    for (float& v : made->elements<float>()) v *= factor;
    return b_.constant(name, *std::move(made));
  }

  value_id filled(const std::string& name, std::int64_t count, float value) {
    tensor t(dtype::f32, {count});
    for (float& v : t.elements<float>()) v = value;
    return b_.constant(name, std::move(t));
  }

  value_id convolution(value_id x, const spec& s) {
    ops::conv op;
    op.kernel_shape = {s.kernel, s.kernel};
    op.pads.assign(4, s.kernel / 2);
    op.strides = {s.stride, s.stride};
    const value_id w = weights(s.name + "/weight", {s.out, s.in, s.kernel, s.kernel}, s.gain);
    if (options_->keeps_normalization) {
      x = b_.add(op, {x, w}, s.name + "/conv");
      x = b_.add(ops::batch_normalization{},
                 {x, filled(s.name + "/scale", s.out, 1), weights(s.name + "/shift", {s.out}, 0.1),
                  weights(s.name + "/mean", {s.out}, 0.1), filled(s.name + "/var", s.out, 1)},
                 s.name + "/norm");
    } else {
      x = b_.add(op, {x, w, weights(s.name + "/bias", {s.out}, 0.1)}, s.name + "/conv");
    }
    return s.is_activated ? b_.add(ops::relu{}, {x}, s.name + "/relu") : x;
  }

  value_id bottleneck(value_id x,
                      const std::string& name,
                      std::int64_t in,
                      std::int64_t width,
                      std::int64_t stride) {
    constexpr double branch_gain = 0.25;  // the sum of a residual and a branch grows slowly
    value_id y = convolution(x, {name + "/a", in, width, 1, 1, 1, true});
    y = convolution(y, {name + "/b", width, width, 3, stride, 1, true});
    y = convolution(y, {name + "/c", width, width * 4, 1, 1, branch_gain, false});
    if (in != width * 4)
      x = convolution(x, {name + "/shortcut", in, width * 4, 1, stride, 0.7, false});
    return b_.add(ops::relu{}, {b_.add(ops::add{}, {y, x}, name + "/add")}, name + "/relu");
  }

  const resnet_options* options_;
  builder b_;
  std::uint64_t made_ = 0;
};

}  // namespace demo_detail

TENON_INLINE result<ir::graph> make_resnet50(const resnet_options& options) {
  return demo_detail::resnet(options).build();
}

}  // namespace tenon::inline v0::tools
