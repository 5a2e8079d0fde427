#include "tenon/tools/command_inspect.hpp"

#include "support/onnx_model.hpp"
#include "support/scratch_folder.hpp"
#include <doctest/doctest.h>

using namespace tenon;
using namespace tenon_tests;

TEST_CASE("a model with unknown ops is still described") {
  onnx_model body;
  body.node("Abs", {"x"}, {"a"}).output("a");
  const auto branch = [&](const char* name) {
    return written_attribute::message(name, 5, 6, body.graph());
  };
  onnx_model m;
  m.input("x", {"N", 4, -1}).input("c", {}, 9).output("z", {}, 1).opset("far", 3);
  m.initializer(tensor_bytes("w", 1, {2, 3}, std::string(24, '\0')));
  m.node("Nope", {"x", "w"}, {"y"});
  m.node("If", {"c"}, {"z"}, {branch("then_branch"), branch("else_branch")});
  const scratch_folder folder;
  const auto out = tools::inspect_command{folder.put("unknown.onnx", m.bytes())}();
  REQUIRE_FALSE(out);
  CHECK(out.failure().kind == code::unsupported);
  const std::string& text = out.failure().message;
  CAPTURE(text);
  CHECK(text.starts_with("unsupported onnx: "));
  for (const char* part : {"1 op is not supported: 'Nope'", "\nopset 21\nopset 3 of far\n",
                           "\ninput x: f32[N, 4, ?]\n", "\ninput c: bool[]\n",
                           "\noutput z: f32[]\n", "\nnodes 4, in 2 bodies\n",
                           "\nweights 1, parameters 6\n", "\nop Abs 2\nop If 1\nop Nope 1\n"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
}
