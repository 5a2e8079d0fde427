#pragma once

#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/random_stream.hpp"
#include "tenon/ops/type_list.hpp"

#include <cmath>
#include <optional>
#include <vector>

namespace tenon::inline v0::ops {

/// y = x, or in training mode x / (1 - ratio) where a random mask is true and 0 elsewhere
struct dropout {
  static constexpr op_info info{"dropout", ports{"x", maybe("ratio"), maybe("training_mode")},
                                ports{"y", maybe("mask")}, no_traits};
  std::optional<std::int64_t> seed{};
  static constexpr auto attributes = attributes_of(attribute{"seed", &dropout::seed});
  static constexpr onnx_import onnx{"Dropout", 12};
  friend bool operator==(const dropout&, const dropout&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_like_input(ctx, floats | byte_floats));
    if (ctx.has(1)) {
      TENON_TRY(require_in(ctx, 1, floats | byte_floats, "ratio"));
      TENON_TRY(require_scalar(ctx, 1, "ratio"));
    }
    if (ctx.has(2)) {
      TENON_TRY(require_in(ctx, 2, booleans, "training_mode"));
      TENON_TRY(require_scalar(ctx, 2, "training_mode"));
    }
    ctx.output(1, ctx[0].is_ranked ? fact::of(dtype::boolean, ctx[0].shape)
                                   : fact::unranked(dtype::boolean));
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const bool is_training = ctx.has(2) && *ctx[2].data<bool>();
    const double ratio = ctx.has(1) ? elements_as<double>(ctx[1])[0] : 0.5;
    if (is_training && !(ratio >= 0 && ratio < 1))
      return fail(code::input, "ratio is ", ratio,
                  ", expected a number from 0 up to 1, 1 excluded");
    random_stream random(seed_of(seed));
    const elements_as<double> x(ctx[0]);
    elements_into<double> out(y);
    std::vector<std::int64_t> mask(x.size(), 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (is_training) mask[i] = random.uniform() >= ratio;
      out[i] = !mask[i] ? 0.0 : is_training ? x[i] / (1 - ratio) : x[i];
    }
    out.commit();
    if (ctx.output_count() < 2) return {};
    TENON_TRY(tensor kept, ctx.output(1));
    store_elements<std::int64_t>(mask, kept);
    return {};
  }
};

/// The shape rule of a random tensor like input 0, of element type `type` or that of the input.
inline status infer_random_like(infer_context& ctx, dtype type, type_set from, type_set to) {
  TENON_TRY(infer_like_input(ctx, from));
  const dtype made = type == dtype::undefined ? ctx[0].type : type;
  if (!to.has(made))
    return fail(code::attribute, "dtype is ", name_of(made), ", expected one of ", to.str());
  if (!ctx.outputs().empty()) ctx.outputs()[0].type = made;
  return {};
}

/// The shape rule of a random tensor of a given shape.
inline status infer_random(infer_context& ctx, dtype type, const std::vector<std::int64_t>& shape) {
  if (!floats.has(type))
    return fail(code::attribute, "dtype is ", name_of(type), ", expected one of ", floats.str());
  dims sizes;
  for (const std::int64_t d : shape) {
    if (d < 0)
      return fail(code::attribute, "shape is ", bracketed(shape), ", expected no negative size");
    sizes.push_back(dim(d));
  }
  ctx.output(0, type, std::move(sizes));
  return {};
}

/// Fills output 0 with numbers from a stream.
inline status fill_random(eval_context& ctx,
                          const std::optional<float>& seed,
                          function_ref<double(random_stream&)> draw) {
  TENON_TRY(tensor y, ctx.output(0));
  random_stream random(seed_of(seed));
  elements_into<double> out(y);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = draw(random);
  out.commit();
  return {};
}

/// y = normally distributed numbers
struct random_normal {
  static constexpr op_info info{"random_normal", ports<0>{}, ports{"y"}, no_traits};
  std::vector<std::int64_t> shape{};  ///< required
  tenon::dtype dtype = tenon::dtype::f32;
  float mean = 0;
  float scale = 1;  ///< standard deviation
  std::optional<float> seed{};
  static constexpr auto attributes = attributes_of(attribute{"shape", &random_normal::shape, true},
                                                   attribute{"dtype", &random_normal::dtype},
                                                   attribute{"mean", &random_normal::mean},
                                                   attribute{"scale", &random_normal::scale},
                                                   attribute{"seed", &random_normal::seed});
  static constexpr onnx_import onnx{"RandomNormal", 1};
  friend bool operator==(const random_normal&, const random_normal&) = default;

  status infer(infer_context& ctx) const { return infer_random(ctx, dtype, shape); }

  status reference(eval_context& ctx) const {
    return fill_random(ctx, seed, [this](random_stream& r) { return mean + scale * r.normal(); });
  }
};

/// y = normally distributed numbers in the shape of x
struct random_normal_like {
  static constexpr op_info info{"random_normal_like", ports{"x"}, ports{"y"}, no_traits};
  tenon::dtype dtype = tenon::dtype::undefined;  ///< that of x
  float mean = 0;
  float scale = 1;  ///< standard deviation
  std::optional<float> seed{};
  static constexpr auto attributes = attributes_of(attribute{"dtype", &random_normal_like::dtype},
                                                   attribute{"mean", &random_normal_like::mean},
                                                   attribute{"scale", &random_normal_like::scale},
                                                   attribute{"seed", &random_normal_like::seed});
  static constexpr onnx_import onnx{"RandomNormalLike", 1};
  friend bool operator==(const random_normal_like&, const random_normal_like&) = default;

  status infer(infer_context& ctx) const { return infer_random_like(ctx, dtype, any_type, floats); }

  status reference(eval_context& ctx) const {
    return fill_random(ctx, seed, [this](random_stream& r) { return mean + scale * r.normal(); });
  }
};

/// y = uniformly distributed numbers in [low, high)
struct random_uniform {
  static constexpr op_info info{"random_uniform", ports<0>{}, ports{"y"}, no_traits};
  std::vector<std::int64_t> shape{};  ///< required
  tenon::dtype dtype = tenon::dtype::f32;
  float low = 0;
  float high = 1;
  std::optional<float> seed{};
  static constexpr auto attributes = attributes_of(attribute{"shape", &random_uniform::shape, true},
                                                   attribute{"dtype", &random_uniform::dtype},
                                                   attribute{"low", &random_uniform::low},
                                                   attribute{"high", &random_uniform::high},
                                                   attribute{"seed", &random_uniform::seed});
  static constexpr onnx_import onnx{"RandomUniform", 1};
  friend bool operator==(const random_uniform&, const random_uniform&) = default;

  status infer(infer_context& ctx) const { return infer_random(ctx, dtype, shape); }

  status reference(eval_context& ctx) const {
    return fill_random(ctx, seed, [this](random_stream& r) {
      return low + (static_cast<double>(high) - low) * r.uniform();
    });
  }
};

/// y = uniformly distributed numbers in [low, high) in the shape of x
struct random_uniform_like {
  static constexpr op_info info{"random_uniform_like", ports{"x"}, ports{"y"}, no_traits};
  tenon::dtype dtype = tenon::dtype::undefined;  ///< that of x
  float low = 0;
  float high = 1;
  std::optional<float> seed{};
  static constexpr auto attributes = attributes_of(attribute{"dtype", &random_uniform_like::dtype},
                                                   attribute{"low", &random_uniform_like::low},
                                                   attribute{"high", &random_uniform_like::high},
                                                   attribute{"seed", &random_uniform_like::seed});
  static constexpr onnx_import onnx{"RandomUniformLike", 1};
  friend bool operator==(const random_uniform_like&, const random_uniform_like&) = default;

  status infer(infer_context& ctx) const { return infer_random_like(ctx, dtype, any_type, floats); }

  status reference(eval_context& ctx) const {
    return fill_random(ctx, seed, [this](random_stream& r) {
      return low + (static_cast<double>(high) - low) * r.uniform();
    });
  }
};

/// y[i] = 1 with probability x[i], else 0
struct bernoulli {
  static constexpr op_info info{"bernoulli", ports{"x"}, ports{"y"}, no_traits};
  tenon::dtype dtype = tenon::dtype::undefined;  ///< that of x
  std::optional<float> seed{};
  static constexpr auto attributes =
      attributes_of(attribute{"dtype", &bernoulli::dtype}, attribute{"seed", &bernoulli::seed});
  static constexpr onnx_import onnx{"Bernoulli", 15};
  friend bool operator==(const bernoulli&, const bernoulli&) = default;

  status infer(infer_context& ctx) const {
    return infer_random_like(ctx, dtype, floats, numbers | booleans);
  }

  status reference(eval_context& ctx) const {
    const elements_as<double> x(ctx[0]);
    std::size_t i = 0;
    return fill_random(ctx, seed,
                       [&](random_stream& r) { return r.uniform() < x[i++] ? 1.0 : 0.0; });
  }
};

/// y[b, k] = a class drawn with the unnormalised log-probabilities x[b, :]
struct multinomial {
  static constexpr op_info info{"multinomial", ports{"x"}, ports{"y"}, no_traits};
  tenon::dtype dtype = tenon::dtype::i32;
  std::int64_t sample_size = 1;
  std::optional<float> seed{};
  static constexpr auto attributes =
      attributes_of(attribute{"dtype", &multinomial::dtype},
                    attribute{"sample_size", &multinomial::sample_size},
                    attribute{"seed", &multinomial::seed});
  static constexpr onnx_import onnx{"Multinomial", 7};
  friend bool operator==(const multinomial&, const multinomial&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_in(ctx, 0, floats, "x"));
    TENON_TRY(require_rank(ctx, 0, 2, "x"));
    if (sample_size < 0)
      return fail(code::attribute, "sample_size is ", sample_size, ", expected 0 or more");
    if (!index_types.has(dtype))
      return fail(code::attribute, "dtype is ", name_of(dtype), ", expected one of ",
                  index_types.str());
    if (ctx[0].is_ranked && ctx[0].shape[1] == dim(0))
      return fail(code::shape, "x has shape ", bracketed(ctx[0].shape), ", expected classes");
    ctx.output(0, ctx[0].is_ranked ? fact::of(dtype, {ctx[0].shape[0], dim(sample_size)})
                                   : fact::unranked(dtype));
    return {};
  }

  status reference(eval_context& ctx) const {
    const elements_as<double> x(ctx[0]);
    const auto classes = static_cast<std::size_t>(ctx[0].dim(1));
    std::size_t drawn = 0;
    return fill_random(ctx, seed, [&](random_stream& r) {
      const double* row = x.data() + drawn++ / static_cast<std::size_t>(sample_size) * classes;
      double top = row[0], total = 0;
      for (std::size_t c = 1; c < classes; ++c) top = std::fmax(top, row[c]);
      for (std::size_t c = 0; c < classes; ++c) total += std::exp(row[c] - top);
      double rest = r.uniform() * total;
      for (std::size_t c = 0; c + 1 < classes; ++c) {
        rest -= std::exp(row[c] - top);
        if (rest < 0) return static_cast<double>(c);
      }
      return static_cast<double>(classes - 1);
    });
  }
};

using random_ops = type_list<bernoulli,
                             dropout,
                             multinomial,
                             random_normal,
                             random_normal_like,
                             random_uniform,
                             random_uniform_like>;

}  // namespace tenon::inline v0::ops
