#include "tenon/backends/cpu/kernels/table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "simd_support.hpp"
#include <doctest/doctest.h>

#define TENON_ISA wide
#define TENON_ISA_LEVEL sse2
#define TENON_ISA_LANES 16
#define TENON_ISA_DOT4
#include "tenon/backends/cpu/simd/vec_generic-inl.hpp"
//
#include "tenon/backends/cpu/kernels/all-inl.hpp"

namespace {

template <std::size_t Group> const tenon::cpu::kernel_table& wide_of() {
  using namespace tenon::cpu;
  static const kernel_table all{
      wide::kernels<matrix_kernels, Group>,    wide::kernels<convolution_kernels, Group>,
      wide::kernels<pointwise_kernels, Group>, wide::kernels<row_kernels, Group>,
      wide::kernels<spatial_kernels, Group>,   wide::kernels<quantized_kernels, Group>};
  return all;
}

}  // namespace

const tenon::cpu::kernel_table& cpu_test::wide_table(bool quads) {
  return quads ? wide_of<4>() : wide_of<2>();
}

TEST_CASE("cpu tables state the panel and tile of their vectors") {
  for (const tenon::cpu::kernel_table* t : cpu_test::tables()) {
    CHECK(t->panel % t->lanes == 0);
    CHECK(t->tile_rows == 6);
    CHECK(t->packed_floats(3, t->panel + 1) == 3 * 2 * t->panel);
  }
  CHECK(cpu_test::wide_table(true).panel == 64);
}
