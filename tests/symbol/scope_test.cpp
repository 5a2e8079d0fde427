#include "tenon/symbol/scope.hpp"

#include <optional>
#include <string>

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("scope: symbols by name and by number") {
  const scope_ref scope = scope_ref::make();
  const dim b = scope->symbol("B");
  CHECK(scope->symbol("B") == b);
  CHECK(scope->find("B") == b);
  CHECK(scope->find("C") == std::nullopt);
  CHECK(b.is_symbol());
  CHECK_FALSE((b + 1).is_symbol());
  CHECK(b.symbol_id() == 0);
  CHECK(b.scope() == &*scope);
  CHECK(scope->name_of(0) == "B");
  CHECK_FALSE(scope->is_unbacked(0));
}

TEST_CASE("scope: fresh symbols are unbacked and avoid taken names") {
  const scope_ref scope = scope_ref::make();
  (void)scope->symbol("u0");
  const dim u = scope->fresh();
  CHECK(u.str() == "u1");
  CHECK(scope->is_unbacked(u.symbol_id()));
  CHECK(scope->fresh("count").str() == "count2");
}

TEST_CASE("scope: dims live as long as one owner") {
  scope_ref second;
  dim e;
  {
    const scope_ref first = scope_ref::make();
    second = first;
    e = first->symbol("B") * 2;
    CHECK(first == second);
  }
  CHECK(e.str() == "2*B");
  CHECK(second->size() == 2);
}

TEST_CASE("scope: operators and functions of the text form") {
  const scope_ref scope = scope_ref::make();
  const auto text = [&](std::string_view t) { return scope->parse(t).value().str(); };
  CHECK(text("a + 2*b - a") == "2*b");
  CHECK(text("(a + 1) // 2") == "floordiv(a + 1, 2)");
  CHECK(text("ceildiv(a, 4)") == "floordiv(a + 3, 4)");
  CHECK(text("a % 8") == "mod(a, 8)");
  CHECK(text("--3") == "3");
  CHECK(text("-a*-2") == "2*a");
  CHECK(text("max(1, a, min(b, 3))") == "max(a, min(b, 3), 1)");
  CHECK(text("broadcast(a, b)") == "broadcast(a, b)");
  CHECK(text(" \"past len+1\" * 2 ") == "2*\"past len+1\"");
  CHECK(text("overflow()") == "overflow()");
  CHECK(text("7 - 10") == "-3");
}

TEST_CASE("scope: mistakes in the text form") {
  const scope_ref scope = scope_ref::make();
  const auto mistake = [&](std::string_view t) { return scope->parse(t).failure().message; };
  CHECK(mistake("B + * 3") ==
        "expression 'B + * 3': column 5: expected a number, a name or '(' vs '* 3'");
  CHECK(mistake("(B") == "expression '(B': column 3: expected ')' vs the end");
  CHECK(mistake("B C") ==
        "expression 'B C': column 3: expected an operator or the end of the text vs 'C'");
  CHECK(mistake("") == "expression '': column 1: expected a number, a name or '(' vs the end");
  CHECK(mistake("\"B") == "expression '\"B': column 3: expected '\"' vs the end");
  CHECK(mistake("9223372036854775808") ==
        "expression '9223372036854775808': column 20: expected a number within 64 bits vs the end");
  CHECK(
      mistake("sqrt(B)") ==
      "expression 'sqrt(B)': expected floordiv, ceildiv or mod of 2 or min, max or broadcast of at "
      "least 1 argument vs 'sqrt' of 1");
  CHECK(scope->parse(std::string(100000, '(')).failure().kind == code::option);
  CHECK(scope->parse(std::string(100000, '-') + "B").value().str() == "B");
}

TEST_CASE("scope: import keeps names and unbacked marks") {
  const scope_ref from = scope_ref::make();
  const scope_ref into = scope_ref::make();
  (void)into->symbol("X");
  const dim e = floordiv(from->symbol("B") * from->fresh() + 1, 2);
  const dim moved = into->import(e);
  CHECK(moved.scope() == &*into);
  CHECK(moved.str() == e.str());
  CHECK(into->is_unbacked(into->find("u0")->symbol_id()));
  CHECK(into->import(7) == 7);
}
