#include <set>
#include <string_view>

#include "backends/kernel_checks.hpp"
#include <doctest/doctest.h>

TEST_CASE("every CPU kernel has a case that it takes") {
  std::set<std::string_view> taken;
  for (const auto group :
       {kernel_checks::pointwise_cases, kernel_checks::linear_cases, kernel_checks::row_cases,
        kernel_checks::spatial_cases, kernel_checks::movement_cases, kernel_checks::quantized_cases,
        kernel_checks::forest_cases, kernel_checks::recurrent_cases})
    for (const auto& c : group())
      for (const auto* e : kernel_checks::takers(c)) taken.insert(e->name);
  for (const tenon::kernel::catalog family : tenon::cpu::catalogs())
    for (const tenon::kernel::entry& e : family) {
      CAPTURE(e.name);
      CHECK(taken.count(e.name) == 1);
    }
}

TEST_CASE("kernels have distinct names and can run") {
  std::set<std::string_view> names;
  for (const tenon::kernel::catalog family : tenon::cpu::catalogs())
    for (const tenon::kernel::entry& e : family) {
      CAPTURE(e.name);
      CHECK(names.insert(e.name).second);
      const bool can_refuse = e.refuse != nullptr, can_run = e.run != nullptr;
      CHECK(can_refuse);
      CHECK(can_run);
    }
}
