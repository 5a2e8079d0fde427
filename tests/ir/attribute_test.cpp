#include "tenon/ir/attribute.hpp"

#include "tenon/ir/graph.hpp"

#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;
using ir::attribute_value;

namespace {

enum class mode : unsigned char { linear, cubic };

constexpr std::array<std::string_view, 2> enum_names(mode) {
  return {"linear", "cubic"};
}

/// An op-like struct with an attribute of every kind of member.
struct all_kinds {
  std::int64_t wide = 1;
  std::int32_t narrow = 2;
  bool flag = false;
  float real = 0.5F;
  float zero = 0;
  double real64 = 0.25;
  std::string text = "t";
  mode how = mode::cubic;
  dtype type = dtype::f32;
  std::optional<std::int64_t> maybe;
  std::optional<std::int16_t> small = 7;
  std::vector<std::int64_t> numbers;
  std::vector<float> reals;
  std::vector<std::string> texts;
  tensor content;
  std::vector<tensor> contents;
  ir::subgraph body;
  static constexpr auto attributes =
      ir::attributes_of(ir::attribute{"wide", &all_kinds::wide},
                        ir::attribute{"narrow", &all_kinds::narrow, true},
                        ir::attribute{"flag", &all_kinds::flag},
                        ir::attribute{"real", &all_kinds::real},
                        ir::attribute{"zero", &all_kinds::zero},
                        ir::attribute{"real64", &all_kinds::real64},
                        ir::attribute{"text", &all_kinds::text},
                        ir::attribute{"how", &all_kinds::how},
                        ir::attribute{"type", &all_kinds::type},
                        ir::attribute{"maybe", &all_kinds::maybe},
                        ir::attribute{"small", &all_kinds::small},
                        ir::attribute{"numbers", &all_kinds::numbers},
                        ir::attribute{"reals", &all_kinds::reals},
                        ir::attribute{"texts", &all_kinds::texts},
                        ir::attribute{"content", &all_kinds::content},
                        ir::attribute{"contents", &all_kinds::contents},
                        ir::attribute{"body", &all_kinds::body});
};

class recorder final : public ir::attribute_visitor {
 public:
  void operator()(std::string_view name, const attribute_value& value, bool is_default) override {
    text += cat(name, "=", to_text(value), is_default ? "* " : " ");
  }

  std::string text;
};

std::string visited(const all_kinds& o) {
  recorder all;
  all_kinds::attributes.visit(o, all_kinds{}, all);
  return all.text;
}

std::string message(std::string_view name, const attribute_value& value) {
  all_kinds o;
  status out;
  if (!all_kinds::attributes.assign(o, name, value, out)) return "no such attribute";
  if (out) return "assigned";
  CHECK(out.failure().kind == code::attribute);
  CHECK(visited(o) == visited(all_kinds{}));
  return out.failure().message;
}

const attribute_value whole = std::int64_t{3};

}  // namespace

TEST_CASE("values are assigned to members of their kind") {
  CHECK(message("wide", std::numeric_limits<std::int64_t>::min()) == "assigned");
  CHECK(message("narrow", std::int64_t{std::numeric_limits<std::int32_t>::max()}) == "assigned");
  CHECK(message("flag", whole) == "assigned");
  CHECK(message("real", 1.5F) == "assigned");
  CHECK(message("real64", 1.5F) == "assigned");
  CHECK(message("text", std::string()) == "assigned");
  CHECK(message("how", std::string("linear")) == "assigned");
  CHECK(message("type", std::int64_t{0}) == "assigned");
  CHECK(message("maybe", attribute_value()) == "assigned");
  CHECK(message("maybe", whole) == "assigned");
  CHECK(message("numbers", std::vector<std::int64_t>{}) == "assigned");
  CHECK(message("content", tensor::scalar<float>(1)) == "assigned");
  CHECK(message("body", ir::subgraph(ir::graph())) == "assigned");
  CHECK(message("bodies", whole) == "no such attribute");
  CHECK(message("", whole) == "no such attribute");
}

TEST_CASE("a value of a wrong kind is refused with what it is and what is expected") {
  const attribute_value text = std::string("a\x1b");
  CHECK(message("wide", text) == "attribute 'wide' is \"a\\x1b\", expected an integer");
  CHECK(message("flag", 1.0F) == "attribute 'flag' is 1, expected an integer");
  CHECK(message("real", whole) == "attribute 'real' is 3, expected a float");
  CHECK(message("text", whole) == "attribute 'text' is 3, expected a string");
  CHECK(message("how", text) == "attribute 'how' is \"a\\x1b\", expected one of linear, cubic");
  CHECK(message("how", whole) == "attribute 'how' is 3, expected one of linear, cubic");
  CHECK(message("type", std::int64_t{dtype_count}) ==
        cat("attribute 'type' is ", dtype_count, ", expected an element type number"));
  CHECK(message("type", std::int64_t{-1}).find("is -1, expected") != std::string::npos);
  CHECK(message("maybe", text).ends_with("expected an integer"));
  CHECK(message("small", std::int64_t{1} << 40).ends_with("expected an integer"));
  CHECK(message("wide", attribute_value()) == "attribute 'wide' is none, expected an integer");
  CHECK(message("numbers", std::vector<float>{1, 2.5F}) ==
        "attribute 'numbers' is [1, 2.5], expected a list of integers");
  CHECK(message("reals", std::vector<std::string>{"a", "\n"}) ==
        "attribute 'reals' is [\"a\", \"\\x0a\"], expected a list of floats");
  CHECK(message("texts", std::vector<std::int64_t>{}) ==
        "attribute 'texts' is [], expected a list of strings");
  CHECK(message("content", std::vector<tensor>{tensor(dtype::f32, {2})}) ==
        "attribute 'content' is [f32[2]], expected a tensor");
  CHECK(message("contents", tensor(dtype::u8, {0})) ==
        "attribute 'contents' is u8[0], expected a list of tensors");
  CHECK(message("body", whole) == "attribute 'body' is 3, expected a graph");
  CHECK(message("wide", ir::subgraph(ir::graph())) ==
        "attribute 'wide' is graph, expected an integer");
}

TEST_CASE("numbers that a member cannot hold are refused") {
  CHECK(message("narrow", std::int64_t{1} << 31) ==
        "attribute 'narrow' is 2147483648, expected an integer");
  CHECK(message("narrow", std::numeric_limits<std::int64_t>::min()).ends_with("an integer"));
}

TEST_CASE("long lists are cut in messages") {
  const std::string text = to_text(attribute_value(std::vector<std::int64_t>(100000, 7)));
  CHECK(text.size() < 80);
  CHECK(text.ends_with("7, 7, ... 100000 in all]"));
  CHECK(to_text(attribute_value(std::vector<std::int64_t>(16, 7))).find("...") ==
        std::string::npos);
}

TEST_CASE("attributes are visited in order, and told when they are as usual") {
  all_kinds o;
  CHECK(
      visited(o) ==
      "wide=1* narrow=2* flag=0* real=0.5* zero=0* real64=0.25* text=\"t\"* how=\"cubic\"* type=1* "
      "maybe=none* small=7* numbers=[]* reals=[]* texts=[]* content=undefined[]* contents=[]* "
      "body=graph* ");
  o.flag = true;
  o.how = mode::linear;
  o.maybe = 0;
  o.content = tensor::scalar<float>(1);
  const std::string text = visited(o);
  CHECK(text.find("flag=1 ") != std::string::npos);
  CHECK(text.find("how=\"linear\" ") != std::string::npos);
  CHECK(text.find("maybe=0 ") != std::string::npos);
  CHECK(visited(o).find("zero=0* ") != std::string::npos);
  o.zero = -0.0F;
  CHECK(visited(o).find("zero=-0 ") != std::string::npos);
  CHECK(text.find("content=f32[] ") != std::string::npos);
}

TEST_CASE("names and which of them a file must give") {
  static constexpr auto names = all_kinds::attributes.names();
  static constexpr auto required = all_kinds::attributes.required();
  CHECK(names.size() == 17);
  CHECK(names[1] == "narrow");
  CHECK(required[1]);
  CHECK_FALSE(required[0]);
}
