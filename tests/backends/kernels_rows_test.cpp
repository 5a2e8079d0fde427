#include "tenon/ops/fused.hpp"
#include "tenon/ops/normalization.hpp"
#include "tenon/ops/reduction.hpp"
#include "tenon/ops/softmax.hpp"

#include <limits>

#include "backends/kernel_checks.hpp"
#include <doctest/doctest.h>

namespace ops = tenon::ops;

namespace kernel_checks {

namespace {

template <class Op> void add_softmax(cases& out) {
  for (const std::int64_t axis : {-1, 0, 1})
    for (const extents& s : {extents{1, 1}, extents{0, 5}, extents{5, 0}, extents{7, 17},
                             extents{2, 3, 37}, extents{2, 130, 3}})
      out.push_back({Op{axis}, {reals(s, 1, -9, 9)}});
  const float inf = std::numeric_limits<float>::infinity();
  out.push_back({Op{}, {tensor::of<float>({2, 3}, {-inf, 0, 1, -inf, -inf, 2})}});
}

template <class Op> void add_reduction(cases& out) {
  const auto axes_of = [](std::size_t mask) {
    std::vector<std::int64_t> axes;
    for (std::int64_t i = 0; i < 4; ++i)
      if (mask >> i & 1U) axes.push_back(i == 3 ? -1 : i);
    return tensor::of<std::int64_t>({static_cast<std::int64_t>(axes.size())},
                                    std::span<const std::int64_t>(axes));
  };
  for (std::size_t mask = 1; mask < 16; ++mask) {
    Op op;
    op.keepdims = mask % 3 != 0;
    out.push_back({op, {reals({3, 4, 5, 6}, 1), axes_of(mask)}, 2});
    out.push_back({op, {reals({2, 33, 1, 19}, 1), axes_of(mask)}, 2});
    out.push_back({op, {reals({2, 0, 3, 2}, 1), axes_of(mask)}, 2});
  }
  for (const extents& s : {extents{1}, extents{5}, extents{0}, extents{3, 700}})
    out.push_back({Op{}, {reals(s, 2)}});
  out.push_back({Op{}, {reals({9, 65, 130}, 2), list({std::int64_t{1}})}, 2});
}

void add_embeddings(cases& out) {
  for (const std::int64_t width : {1, 37, 256})
    for (const dtype ids : {dtype::i64, dtype::i32}) {
      const tensor word = reals({9, width}, 1), type = reals({2, width}, 2),
                   position = reals({7, width}, 3), scale = reals({width}, 4, 0.5, 2),
                   bias = reals({width}, 5);
      const tensor some = wholes(ids, {3, 7}, 6, -9, 8), kinds = wholes(ids, {3, 1}, 7, 0, 1),
                   places = wholes(ids, {7}, 8, 0, 6), none = wholes(ids, {0, 7}, 9, 0, 1);
      const double loose = width == 1 ? 1e-3 : 2e-5;
      out.push_back({ops::embed_layer_norm{1e-3F},
                     {word, some, type, kinds, position, places, scale, bias},
                     0,
                     1,
                     loose});
      out.push_back({ops::embed_layer_norm{1e-3F},
                     {word, some, type, kinds, position, places, scale},
                     0,
                     1,
                     loose});
      out.push_back({ops::embed_layer_norm{},
                     {word, none, type, wholes(ids, {1, 1}, 7, 0, 1), position, places, scale}});
    }
}

void add_norms(cases& out) {
  for (const extents& s :
       {extents{5}, extents{0, 5}, extents{3, 1}, extents{2, 3, 37}, extents{40, 256}}) {
    const std::int64_t n = s[s.size() - 1];
    const tensor scale = reals({n}, 2, 0.5, 2), bias = reals({n}, 3);
    out.push_back({ops::layer_normalization{}, {reals(s, 1), scale, bias}});
    out.push_back({ops::layer_normalization{}, {reals(s, 1), scale}});
    out.push_back({ops::layer_normalization{}, {reals(s, 1), scale, bias}, 0, 3, 1e-4});
    out.push_back({ops::add_layer_norm{1e-3F}, {reals(s, 1), reals(s, 4), scale, bias}, 0, 2});
    out.push_back({ops::add_layer_norm{1e-3F}, {reals(s, 1), reals(s, 4), scale}});
    out.push_back({ops::rms_normalization{}, {reals(s, 1), scale}});
  }
  ops::layer_normalization wide;
  wide.axis = 1;
  out.push_back({wide, {reals({3, 4, 5}, 1), reals({4, 5}, 2), reals({4, 5}, 3)}, 0, 3, 1e-4});
  ops::rms_normalization flat;
  flat.axis = 1;
  out.push_back({flat, {reals({3, 4, 5}, 1), reals({4, 5}, 2)}});
  for (const extents& s :
       {extents{4, 3}, extents{0, 3}, extents{2, 3, 7}, extents{2, 3, 5, 6}, extents{1, 64, 17}}) {
    const std::int64_t c = s[1];
    const std::vector<datum> in{reals(s, 1), reals({c}, 2, 0.5, 2), reals({c}, 3), reals({c}, 4),
                                reals({c}, 5, 0.5, 2)};
    out.push_back({ops::batch_normalization{}, in});
    out.push_back({ops::batch_normalization{}, in, 30});
  }
}

}  // namespace

cases row_cases() {
  cases out;
  add_softmax<ops::softmax>(out);
  add_softmax<ops::log_softmax>(out);
  add_reduction<ops::reduce_mean>(out);
  add_reduction<ops::reduce_sum>(out);
  add_reduction<ops::reduce_max>(out);
  add_reduction<ops::reduce_min>(out);
  add_reduction<ops::reduce_prod>(out);
  add_reduction<ops::reduce_sum_square>(out);
  add_norms(out);
  add_embeddings(out);
  for (const bool last : {false, true})
    for (const std::int64_t axis : {0, 1, -1})
      for (const extents& s :
           {extents{1, 1, 1}, extents{3, 17, 5}, extents{2, 5, 64}, extents{1, 3, 1}}) {
        out.push_back({ops::arg_max{axis, !last, last}, {reals(s, 1)}});
        out.push_back({ops::arg_min{axis, last, last}, {reals(s, 1)}});
        const tensor few = wholes(dtype::i64, s, 1, 0, 2);
        tensor ties(dtype::f32, s);
        for (std::int64_t i = 0; i < few.size(); ++i)
          ties.data<float>()[i] = static_cast<float>(few.data<std::int64_t>()[i]);
        ties.data<float>()[ties.size() / 2] = std::nanf("");
        out.push_back({ops::arg_max{axis, true, last}, {ties}});
        out.push_back({ops::arg_min{axis, true, last}, {ties}});
      }
  return out;
}

}  // namespace kernel_checks

TEST_CASE("row kernels agree with the reference") {
  kernel_checks::check_all(kernel_checks::row_cases());
}
