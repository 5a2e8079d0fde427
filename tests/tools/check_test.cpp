#include "tenon/ir/builder.hpp"
#include "tenon/ops/activation.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/resize.hpp"
#include "tenon/tools/command_check.hpp"

#include <doctest/doctest.h>

using namespace tenon;

namespace {

value_id integers(builder& b, const char* name, std::initializer_list<std::int64_t> v) {
  return b.constant(name, tensor::of<std::int64_t>({static_cast<std::int64_t>(v.size())}, v));
}

std::vector<std::string> resized(std::initializer_list<declared_dim> shape, bool by_sizes) {
  builder b("traced");
  const auto x = b.input("image", dtype::f32, shape);
  const value_id scales = b.constant("scales", tensor::of<float>({4}, {1, 1, 3, 3}));
  const value_id none;
  if (by_sizes)
    b.output("y", b.add(ops::resize{}, {x, none, none, integers(b, "to", {1, 3, 256, 512})}, "up"));
  else
    b.output("y", b.add(ops::resize{}, {x, none, scales}, "up"));
  return tools::frozen_sizes(b.finish().value());
}

}  // namespace

TEST_CASE("constant sizes of the traced example are warned about") {
  CHECK(resized({1, 3, 128, 512}, true).empty());
  CHECK(resized({1, 3, 512, 256}, true) ==
        std::vector<std::string>{"resize 'up': sizes is the constant [1, 3, 256, 512]: 256 is dim "
                                 "3 of input 'image', perhaps only of the traced example"});
  CHECK(resized({1, 3, "H", "W"}, true) ==
        std::vector<std::string>{"resize 'up': sizes is the constant [1, 3, 256, 512]: 256 stands "
                                 "where the size H is free"});
  CHECK(resized({1, 3, "H", "W"}, false) ==
        std::vector<std::string>{"resize 'up': scales is the constant [1, 1, 3, 3]: a factor "
                                 "chosen at run time needs an input"});
}

TEST_CASE("a reshape to the batch of the example is warned about, a free one is not") {
  for (const std::int64_t first : {8, -1, 0}) {
    builder b("flat");
    const auto x = b.input("x", dtype::f32, {"N", 6, 10});
    b.output("y", b.add(ops::reshape{}, {b.add(ops::relu{}, {x}), integers(b, "to", {first, 60})},
                        "flatten"));
    const auto found = tools::frozen_sizes(b.finish().value());
    CHECK(found.size() == (first == 8 ? 1 : 0));
    if (first == 8)
      CHECK(found[0] ==
            "reshape 'flatten': shape is the constant [8, 60]: 8 stands where the size N is free");
  }
}
