#include "tenon/symbol/range.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

namespace {

struct network {
  scope_ref scope = scope_ref::make();
  dim batch = scope->symbol("N");
  std::vector<input_shape> inputs{{"image", {batch, 3, 224, 224}}};
};

shape_range images(std::int64_t lo, std::int64_t hi, std::vector<std::int64_t> opts) {
  shape_range out{{{lo, 3, 224, 224}}, {{hi, 3, 224, 224}}, {}};
  for (const std::int64_t n : opts) out.opts.push_back({{n, 3, 224, 224}});
  return out;
}

std::vector<extents> image(std::int64_t n) {
  return {{n, 3, 224, 224}};
}

}  // namespace

TEST_CASE_FIXTURE(network, "box: the example of one range with two opts") {
  const box made = box::make(images(1, 10, {5, 8}), inputs).value();
  CHECK(made.opts.size() == 2);
  CHECK_FALSE(made.is_static());
  for (const std::int64_t n : {1, 5, 10}) CHECK(made.contains(image(n)));
  CHECK(made.contains(image(0)).failure().message ==
        "input 'image' dim 0: out of range: expected [1, 10] vs 0");
  CHECK(made.contains(image(11)).failure().message ==
        "input 'image' dim 0: out of range: expected [1, 10] vs 11");
  CHECK(made.contains(image(std::int64_t{1} << 31)).failure().message ==
        "input 'image' dim 0: out of range: expected [1, 10] vs 2147483648");
  CHECK(made.contains(std::vector<extents>{{1, 3, 225, 224}}).failure().message ==
        "input 'image' dim 2: out of range: expected [224, 224] vs 225");
  CHECK(made.contains(std::vector<extents>{{1, 3, 224}}).failure().message ==
        "input 'image': wrong rank: expected 4 vs 3 in [1, 3, 224]");
  CHECK(made.contains(std::vector<extents>{}).failure().message ==
        "inputs: wrong number of shapes: expected 1 vs 0");
}

TEST_CASE_FIXTURE(network, "box: wrong counts, ranks and orders") {
  const auto mistake = [&](const shape_range& r) { return box::make(r, inputs).failure().message; };
  shape_range r = images(1, 10, {5});
  r.min.push_back({1});
  CHECK(mistake(r) ==
        "range: 'min' has a wrong number of groups: expected 1, one per network input, vs 2");
  r = images(1, 10, {5, 8});
  r.opts[1].clear();
  CHECK(mistake(r) ==
        "range: 'opts[1]' has a wrong number of groups: expected 1, one per network input, vs 0");
  r = images(1, 10, {5});
  r.max[0] = {10, 3, 224};
  CHECK(mistake(r) ==
        "range: input 'image': 'max' has a wrong rank: expected 4 vs 3 in [10, 3, 224]");
  CHECK(mistake(images(6, 10, {5})) ==
        "range: input 'image' dim 0: expected min <= opt <= max vs min 6, opt 5, max 10");
  CHECK(mistake(images(1, 4, {5})) ==
        "range: input 'image' dim 0: expected min <= opt <= max vs min 1, opt 5, max 4");
  CHECK(mistake(images(5, 4, {})) ==
        "range: input 'image' dim 0: expected min <= max vs min 5, max 4");
  CHECK(mistake(images(-1, 4, {})) ==
        "range: input 'image' dim 0: 'min' is negative: expected at least 0 vs -1");
  r = images(1, 10, {});
  r.max[0][1] = 4;
  CHECK(mistake(r) ==
        "range: input 'image' dim 1: the network fixes this dim: expected min and max 3 vs min 3, "
        "max 4");
  CHECK(box::make(r, inputs).failure().kind == code::range);
}

TEST_CASE_FIXTURE(network, "box: without opts the maximum is the point to tune for") {
  const box made = box::make(images(2, 2, {}), inputs).value();
  CHECK(made.is_static());
  CHECK(made.opts == std::vector<std::vector<extents>>{image(2)});
}

TEST_CASE_FIXTURE(network,
                  "box: of two that share an edge the nearest opt wins, then the first box") {
  const box boxes[] = {box::make(images(1, 5, {5}), inputs).value(),
                       box::make(images(5, 10, {8}), inputs).value()};
  CHECK(choose_box(boxes, image(5)).value() == box_choice{0, 0});
  CHECK(choose_box(boxes, image(1)).value() == box_choice{0, 0});
  CHECK(choose_box(boxes, image(6)).value() == box_choice{1, 0});
  CHECK(choose_box(boxes, image(11)).failure().message ==
        "input 'image' dim 0: out of range: expected [5, 10] vs 11");
  CHECK(choose_box(boxes, image(0)).failure().message ==
        "input 'image' dim 0: out of range: expected [1, 5] vs 0");
  CHECK(choose_box({}, image(1)).failure().message ==
        "ranges: expected at least one range vs none");
  const box one[] = {box::make(images(1, 10, {2, 8}), inputs).value()};
  CHECK(choose_box(one, image(4)).value() == box_choice{0, 0});
  CHECK(choose_box(one, image(5)).value() == box_choice{0, 1});
}

TEST_CASE_FIXTURE(network, "box: ranges of inputs become ranges of symbols") {
  facts_table facts(scope);
  const box made = box::make(images(2, 10, {5}), inputs).value();
  CHECK(made.apply(inputs, facts));
  CHECK(facts.bounds(2 * batch) == interval{4, 20});
  CHECK(facts.is_less_equal(2, batch) == truth::yes);
}

TEST_CASE_FIXTURE(network, "box: two inputs that share a symbol need ranges that overlap") {
  const std::vector<input_shape> two{{"ids", {batch}}, {"mask", {batch}}};
  facts_table facts(scope);
  const box made = box::make({{{1}, {5}}, {{4}, {8}}, {}}, two).value();
  CHECK(made.apply(two, facts).failure().message ==
        "range of input 'mask' dim 0: N is out of range: expected [5, 8] vs N is in [1, 4] (range "
        "of input "
        "'ids' dim 0)");
}
