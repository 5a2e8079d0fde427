#include "tenon/tools/range_file.hpp"

#include <doctest/doctest.h>

using namespace tenon;

namespace {

std::string mistake(std::string_view text) {
  const auto out = tools::read_range_config(text);
  return out ? "no error" : out.failure().message;
}

}  // namespace

TEST_CASE("a range is one minimum, one maximum and any number of optima") {
  const auto config = tools::read_range_config(R"({
    "min": [[1, 3, 224, 224]],
    "max": [[10, 3, 224, 224]],
    "opts": [[[5, 3, 224, 224]], [[8, 3, 224, 224]]]
  })");
  REQUIRE(config);
  REQUIRE(config->ranges.size() == 1);
  const shape_range& r = config->ranges[0];
  CHECK(r.min == std::vector<extents>{{1, 3, 224, 224}});
  CHECK(r.max == std::vector<extents>{{10, 3, 224, 224}});
  CHECK(r.opts == std::vector<std::vector<extents>>{{{5, 3, 224, 224}}, {{8, 3, 224, 224}}});
  CHECK_FALSE(config->gpu.disable_fp16_accuracy_check);
}

TEST_CASE("a list of ranges has the options of the device beside it") {
  const auto config = tools::read_range_config(R"({
    "dynamic_tuning_shapes": [
      {"min": [[1, 3, 224, 224]], "max": [[5, 3, 224, 224]], "opts": [[[5, 3, 224, 224]]]},
      {"min": [[5, 3, 224, 224]], "max": [[10, 3, 224, 224]], "opts": [[[8, 3, 224, 224]]]}
    ],
    "gpu_config": {"disable_fp16_accuracy_check": true}
  })");
  REQUIRE(config);
  REQUIRE(config->ranges.size() == 2);
  CHECK(config->ranges[0].max == config->ranges[1].min);
  const optimize_options options = config->options();
  CHECK(options.ranges.size() == 2);
  CHECK(options.gpu.disable_fp16_accuracy_check);
}

TEST_CASE("one input may leave out the list of inputs") {
  const auto config =
      tools::read_range_config(R"({"min": [1, 8], "max": [4, 8], "opts": [[2, 8]]})");
  REQUIRE(config);
  CHECK(config->ranges[0].opts == std::vector<std::vector<extents>>{{{2, 8}}});
}

TEST_CASE("unknown fields and malformed values are named") {
  CHECK(mistake(R"({"min": [1], "max": [2], "opt": [[1]]})") ==
        "range file: range: field 'opt' is unknown: expected one of min, max, opts");
  CHECK(mistake(R"({"dynamic_tuning_shapes": [], "cpu_config": {}})") ==
        "range file: file: field 'cpu_config' is unknown: expected one of dynamic_tuning_shapes, "
        "gpu_config");
  CHECK(mistake(R"({"gpu_config": {"fp16": true}})") ==
        "range file: gpu_config: field 'fp16' is unknown: expected one of "
        "disable_fp16_accuracy_check");
  CHECK(mistake(R"({"gpu_config": {"disable_fp16_accuracy_check": 1}})") ==
        "range file: gpu_config.disable_fp16_accuracy_check: expected true or false vs 1");
  CHECK(mistake(R"({"min": [1]})") == "range file: range: field 'max' is missing");
  CHECK(mistake(R"([{"min": [1], "max": ["a"]}])") ==
        "range file: range[0].max: expected a size vs \"a\"");
  CHECK(mistake(R"({"min": [1], "max": [18446744073709551615]})") ==
        "range file: range.max: expected a size vs 18446744073709551615");
  CHECK(mistake(R"({"min": [1], "max": [1.5]})") ==
        "range file: range.max: expected a size vs 1.5");
  CHECK(mistake("{") == "range file: this is no JSON");
  CHECK(mistake("") == "range file: this is no JSON");
  CHECK(mistake("3") == "range file: range: expected an object vs 3");
  CHECK(mistake(std::string(100000, '[')) == "range file: this is no JSON");
  CHECK(tools::load_range_config("no/such/file.json").failure().kind == code::io);
}
