#include "tenon/core/result.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

using tenon::code;
using tenon::error;
using tenon::fail;
using tenon::result;
using tenon::status;

namespace {

/// Counts how many of its kind are alive.
struct counted {
  static inline int alive = 0;

  explicit counted(std::string t) : text(std::move(t)) { ++alive; }

  counted(const counted& other) : text(other.text) { ++alive; }

  counted(counted&& other) noexcept : text(std::move(other.text)) { ++alive; }

  counted& operator=(const counted&) = default;

  ~counted() { --alive; }

  std::string text;
};

const std::string long_text = "longer than what a string keeps inside of itself";

result<counted> good(const std::string& text = long_text) {
  return counted(text);
}

result<counted> bad(const std::string& text = long_text) {
  return fail(code::shape, text);
}

/// Fails at the first or the second attempt, or never.
status attempt(int which) {
  TENON_TRY(const counted made, which == 1 ? bad("first") : good());
  CHECK(made.text == long_text);
  TENON_TRY(which == 2 ? status(fail(code::io, "second")) : status());
  return {};
}

static_assert(std::is_copy_constructible_v<result<counted>>);
static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
static_assert(std::is_nothrow_move_constructible_v<result<std::unique_ptr<int>>>);
static_assert(!std::is_convertible_v<std::string, result<int>>);

}  // namespace

TEST_CASE("a result copies and moves its value or its error") {
  {
    const result<counted> value = good(), failure = bad();
    result<counted> value_copy = value, failure_copy = failure;
    CHECK(value_copy->text == value->text);
    CHECK(failure_copy.failure().message == failure.failure().message);
    CHECK(failure_copy.failure().kind == code::shape);
    const result<counted> value_taken = std::move(value_copy);
    const result<counted> failure_taken = std::move(failure_copy);
    CHECK(value_taken->text == long_text);
    CHECK(failure_taken.failure().message == long_text);
    CHECK(counted::alive == 3);
  }
  CHECK(counted::alive == 0);
}

TEST_CASE("a result is assigned from each state to each state") {
  for (const bool was_good : {false, true})
    for (const bool is_good : {false, true}) {
      CAPTURE(was_good);
      CAPTURE(is_good);
      {
        result<counted> r = was_good ? good("before") : bad("before");
        const result<counted> next = is_good ? good("after") : bad("after");
        r = next;
        CHECK(r.has_value() == is_good);
        CHECK((is_good ? r->text : r.failure().message) == "after");
        result<counted>& same = r;
        r = same;
        CHECK((is_good ? r->text : r.failure().message) == "after");
        CHECK(counted::alive == (is_good ? 2 : 0));
      }
      CHECK(counted::alive == 0);
    }
}

TEST_CASE("a result holds what can only be moved") {
  result<std::unique_ptr<int>> r = std::make_unique<int>(7);
  result<std::unique_ptr<int>> taken = std::move(r);
  REQUIRE(taken.has_value());
  CHECK(**taken == 7);
  const std::unique_ptr<int> out = *std::move(taken);
  CHECK(*out == 7);
  taken = error{code::io, "gone"};
  CHECK_FALSE(taken.has_value());
  CHECK(taken.failure().message == "gone");
}

TEST_CASE("value() throws the typed error") {
  CHECK(good().value().text == long_text);
  try {
    static_cast<void>(bad().value());
    FAIL("nothing was thrown");
  } catch (const tenon::exception& caught) {
    CHECK(caught.kind() == code::shape);
    CHECK(std::string(caught.what()) == long_text);
  }
  CHECK_NOTHROW(status().value());
  CHECK_THROWS_AS(status(fail(code::io, "x")).value(), tenon::exception);
}

TEST_CASE("TENON_TRY returns the first error and leaves nothing behind") {
  CHECK(attempt(0).has_value());
  const status first = attempt(1), second = attempt(2);
  REQUIRE_FALSE(first.has_value());
  CHECK(first.failure().message == "first");
  REQUIRE_FALSE(second.has_value());
  CHECK(second.failure().kind == code::io);
  CHECK(counted::alive == 0);
}

TEST_CASE("an error is seen from further out") {
  const error inner = fail(code::attribute, "axis ", 3);
  CHECK(inner.in("node 'x'").message == "node 'x': axis 3");
  CHECK(inner.message == "axis 3");
  CHECK(error(inner).in("a").in("b").message == "b: a: axis 3");
  CHECK(name_of(inner.kind) == "attribute");
}
