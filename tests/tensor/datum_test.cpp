#include "tenon/tensor/datum.hpp"

#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("a datum is nothing, a tensor or a sequence") {
  const datum none, one(tensor::of<float>({2}, {1, 2})),
      list(std::vector<datum>{tensor::scalar<float>(1), tensor::of<float>({2}, {1, 2})});
  CHECK_FALSE(none);
  CHECK(none.what() == datum::kind::none);
  CHECK(none.str() == "none");
  CHECK(none.element_type() == dtype::undefined);
  CHECK(one);
  CHECK(one.is_tensor());
  CHECK_FALSE(one.is_sequence());
  CHECK(one.str() == "f32[2]");
  CHECK(one.element_type() == dtype::f32);
  CHECK(list);
  CHECK(list.is_sequence());
  CHECK(list.items().size() == 2);
  CHECK(list.str() == "sequence of 2");
  CHECK(list.element_type() == dtype::f32);
}

TEST_CASE("an empty sequence reports the type that was declared, a full one that of its elements") {
  datum list(std::vector<datum>{});
  CHECK(list);
  CHECK(list.element_type() == dtype::undefined);
  list.declare_element_type(dtype::i8);
  CHECK(list.element_type() == dtype::i8);
  CHECK(datum(list).element_type() == dtype::i8);
  list.items().push_back(tensor::scalar<double>(1));
  CHECK(list.element_type() == dtype::f64);
}

TEST_CASE("the type of a nested sequence is that of its tensors") {
  datum inner(std::vector<datum>{});
  inner.declare_element_type(dtype::string);
  const datum outer(std::vector<datum>{inner});
  CHECK(outer.element_type() == dtype::string);
}

TEST_CASE("copies share the bytes of tensors") {
  datum a(tensor::of<float>({2}, {1, 2}));
  const datum b = a;
  CHECK(a.as_tensor().bytes() == b.as_tensor().bytes());
  a.as_tensor() = tensor::scalar<std::int64_t>(3);
  CHECK(b.as_tensor().type() == dtype::f32);
  CHECK(a.element_type() == dtype::i64);
}
